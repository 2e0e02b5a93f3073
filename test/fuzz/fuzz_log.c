// Fuzzing of trainings' logs (report/log.c), and of the pages that are made of them.
#include "fuzz.h"

#include <string.h>

#include "report/learning_page.h"

static void write_page(const struct learning_log *of, size_t logs)
{
    struct error error = {""};
    struct output *output = output_open("/dev/null", &error);
    fuzz_check(output != NULL, "/dev/null can be written");
    fuzz_check(learning_page_write(output, of, logs, 0, &error), "there is memory for a page");
    fuzz_check(output_commit(output, &error), "and it is written");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct fuzz_file file;
    struct error error = {""};
    struct log log = {.row = NULL};
    fuzz_write(&file, data, size);
    if (log_read(&log, file.path, &error)) {
        const struct learning_log of[2] = {{"one", &log}, {"<other>", &log}};
        write_page(of, 1);
        write_page(of, 2);
    } else {
        fuzz_check_error(&error);
    }
    log_free(&log);
    return 0;
}
