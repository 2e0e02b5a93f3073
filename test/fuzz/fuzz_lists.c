// Fuzzing of n-best lists in all forms (nbest/hypothesis*.c, nbest/lists.c).
#include "fuzz.h"

#include <string.h>

#include "nbest/hypothesis.h"
#include "nbest/lists.h"

static void read_lines(const char *path, unsigned form)
{
    struct error error = {""};
    struct hypothesis hypothesis;
    struct hypotheses *hypotheses = hypotheses_open(path, &error);
    if (hypotheses == NULL) {
        fuzz_check_error(&error);
        return;
    }
    if (form < HYPOTHESIS_FORMS)
        hypotheses_set_form(hypotheses, (enum hypothesis_form)form);
    for (;;) {
        while (hypotheses_next(hypotheses, &hypothesis)) {
            fuzz_check(strlen(hypothesis.words) == hypothesis.length, "words are a text");
            fuzz_check(hypothesis.count <= hypothesis.length, "each word has letters");
        }
        if (hypotheses_ok(hypotheses, &error))
            break;
        fuzz_check_error(&error);
        hypotheses_failure(hypotheses);
        if (!hypotheses_resume(hypotheses))
            break;
    }
    hypotheses_remark(hypotheses, &error);
    hypotheses_close(hypotheses);
}

static void read_lists(const char *path, unsigned form, const struct list_costs *costs)
{
    struct error error = {""};
    struct nbest_list list = {0};
    enum list_result result;
    struct list_reader *reader = list_reader_open(
        &path, 1, form < HYPOTHESIS_FORMS ? form : HYPOTHESIS_FORMS, costs, &error);
    if (reader == NULL) {
        fuzz_check_error(&error);
        return;
    }
    while ((result = list_reader_next(reader, &list, &error)) == LIST_READ || result == LIST_BAD) {
        if (result == LIST_BAD)
            fuzz_check_error(&error);
        else
            fuzz_check(list.count > 0 && nbest_list_text(&list, list.name) != NULL,
                       "a list has a name and hypotheses");
    }
    list_reader_remark(reader, &error);
    nbest_list_free(&list);
    list_reader_close(reader);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct fuzz_file file;
    unsigned way = fuzz_choice(&data, &size), form = way & 15;
    fuzz_write(&file, data, size);
    const struct list_costs costs = {way & 16 ? file.path : NULL, NULL,
                                     way & 16 ? file.path : NULL};
    read_lines(file.path, form);
    read_lists(file.path, form, way & 16 ? &costs : NULL);
    return 0;
}
