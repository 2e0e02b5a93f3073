// N-best lists from files.
#include "nbest/lists.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "nbest/list_files.h"

static const double ln_to_log10 = 0.43429448190325182765;
static const double most_cost = 1e30;

struct list_reader {
    struct list_files files;
    size_t file; // the next to open
    enum hypothesis_form form;
    struct number_table acoustic, graph, language; // no path: none
    struct hypotheses *hypotheses;                 // of the file under way, NULL between files
    uint64_t lists;                                // of this file so far
    struct nbest_list ahead; // the first hypothesis of the next list, if it has been read
    bool bad;                // something after the list read last cannot be used:
    bool whole;              // the list that begins next (else nothing that has hypotheses),
    struct error why;        // for this reason
    bool guessed, told;      // a form that may be wrong; list_reader_remark() has said so
    struct error remark;
};

// ---- lists ------------------------------------------------------------------------------------

void nbest_list_free(struct nbest_list *list)
{
    free(list->hypothesis);
    free(list->other_prob);
    free(list->text);
    *list = (struct nbest_list){.path = NULL};
}

const char *nbest_list_text(const struct nbest_list *list, size_t offset)
{
    return list->text + offset;
}

static void clear(struct nbest_list *list)
{
    list->count = list->used = list->other_count = 0;
}

static bool add_text(struct nbest_list *list, const char *text, size_t length, size_t *offset,
                     struct error *error)
{
    if (!memory_grow(&list->text, &list->text_capacity, list->used + length + 1, 1, error))
        return false;
    *offset = list->used;
    if (length > 0)
        memcpy(list->text + list->used, text, length);
    list->text[list->used + length] = '\0';
    list->used += length + 1;
    return true;
}

// What SRILM's scripts take off the names of files.
static const char *const endings[] = {".gz", ".score"};

// The name of the list that `found` begins.
static bool set_name(struct list_reader *reader, struct nbest_list *list,
                     const struct hypothesis *found, struct error *error)
{
    if (found->id != NULL)
        return add_text(list, found->id, found->id_length, &list->name, error);
    const char *slash = strrchr(list->path, '/'), *base = slash != NULL ? slash + 1 : list->path;
    size_t length = strlen(base);
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        size_t ending = strlen(endings[i]);
        if (length > ending && memcmp(base + length - ending, endings[i], ending) == 0)
            length -= ending;
    }
    char number[32] = "";
    if (reader->lists > 1)
        snprintf(number, sizeof number, ".%" PRIu64, reader->lists);
    if (!add_text(list, base, length, &list->name, error))
        return false;
    list->used--;
    size_t end;
    return add_text(list, number, strlen(number), &end, error);
}

static bool add_hypothesis(struct list_reader *reader, struct nbest_list *list,
                           const struct hypothesis *found, struct error *error)
{
    struct list_hypothesis hypothesis = {.length = found->length,
                                         .count = found->count,
                                         .acoustic = found->acoustic,
                                         .language = found->language};
    if (list->count == 0) {
        reader->lists++;
        list->path = reader->files.path[reader->file - 1];
        list->line = hypotheses_line_number(reader->hypotheses);
        list->form = hypotheses_form(reader->hypotheses);
        if (!set_name(reader, list, found, error))
            return false;
    }
    if (!add_text(list, found->words, found->length, &hypothesis.words, error) ||
        !add_text(list, found->line, found->line_length, &hypothesis.line, error) ||
        !add_text(list, found->name, found->name_length, &hypothesis.name, error) ||
        !memory_grow(&list->hypothesis, &list->capacity, list->count + 1, sizeof *list->hypothesis,
                     error))
        return false;
    list->hypothesis[list->count++] = hypothesis;
    return true;
}

// ---- costs ------------------------------------------------------------------------------------

static bool find_cost(const struct number_table *table, const struct nbest_list *list,
                      const struct list_hypothesis *hypothesis, double *log10_score,
                      struct error *error)
{
    const char *name = nbest_list_text(list, hypothesis->name);
    double cost;
    if (table->path == NULL)
        return true;
    if (!number_table_find(table, name, strlen(name), &cost))
        return error_set(error, "%s: utterance %s: %s has no cost of %s", list->path,
                         nbest_list_text(list, list->name), table->path, name);
    *log10_score = -cost * ln_to_log10;
    return true;
}

static bool find_costs(const struct list_reader *reader, struct nbest_list *list,
                       struct error *error)
{
    for (size_t i = 0; i < list->count; i++) {
        struct list_hypothesis *hypothesis = &list->hypothesis[i];
        if (!find_cost(&reader->acoustic, list, hypothesis, &hypothesis->acoustic, error) ||
            !find_cost(&reader->graph, list, hypothesis, &hypothesis->graph, error) ||
            !find_cost(&reader->language, list, hypothesis, &hypothesis->language, error))
            return false;
    }
    return true;
}

static bool read_costs(struct number_table *table, const char *path, struct error *error)
{
    number_table_free(table);
    return path == NULL || number_table_read(table, path, -most_cost, most_cost, error);
}

// ---- files ------------------------------------------------------------------------------------

static bool open_file(struct list_reader *reader, struct error *error)
{
    const struct list_costs *costs = reader->files.costs[reader->file];
    const char *path = reader->files.path[reader->file++];
    bool has_costs = costs->acoustic != NULL || costs->graph != NULL || costs->language != NULL;
    reader->lists = 0;
    reader->bad = false;
    if (reader->file == 1 || reader->files.costs[reader->file - 2] != costs)
        if (!read_costs(&reader->acoustic, costs->acoustic, error) ||
            !read_costs(&reader->graph, costs->graph, error) ||
            !read_costs(&reader->language, costs->language, error))
            return false;
    reader->hypotheses = hypotheses_open(path, error);
    if (reader->hypotheses == NULL)
        return false;
    if (has_costs)
        hypotheses_set_form(reader->hypotheses, HYPOTHESIS_KALDI);
    else if (reader->form != HYPOTHESIS_FORMS)
        hypotheses_set_form(reader->hypotheses, reader->form);
    if (!reader->guessed)
        reader->guessed = hypotheses_remark(reader->hypotheses, &reader->remark);
    return true;
}

bool list_reader_remark(struct list_reader *reader, struct error *remark)
{
    bool fresh = reader->guessed && !reader->told;
    if (fresh)
        *remark = reader->remark;
    reader->told = reader->told || fresh;
    return fresh;
}

static void close_file(struct list_reader *reader)
{
    hypotheses_close(reader->hypotheses);
    reader->hypotheses = NULL;
}

struct list_reader *list_reader_open(const char *const *path, size_t paths,
                                     enum hypothesis_form form, const struct list_costs *costs,
                                     struct error *error)
{
    struct list_reader *reader = memory_new(1, sizeof *reader, error);
    if (reader == NULL)
        return NULL;
    reader->form = form;
    // A line of these two forms may be a name alone, which may be that of a file.
    bool lists_of_files = form != HYPOTHESIS_ID && form != HYPOTHESIS_KALDI;
    if (list_files_find(&reader->files, path, paths, lists_of_files, costs, error))
        return reader;
    list_reader_close(reader);
    return NULL;
}

void list_reader_close(struct list_reader *reader)
{
    if (reader == NULL)
        return;
    close_file(reader);
    list_files_free(&reader->files);
    number_table_free(&reader->acoustic);
    number_table_free(&reader->graph);
    number_table_free(&reader->language);
    nbest_list_free(&reader->ahead);
    free(reader);
}

// ---- reading ----------------------------------------------------------------------------------

// After a line that is not of its file's form. Where it stands within a list, that list is bad;
// where it begins one, the list before it is good and the next one is not. A header without
// hypotheses spoils nothing but itself.
static enum list_result spoil(struct list_reader *reader, struct nbest_list *list)
{
    enum hypotheses_failure failure = hypotheses_failure(reader->hypotheses);
    (void)hypotheses_ok(reader->hypotheses, &reader->why);
    if (!hypotheses_resume(reader->hypotheses)) {
        close_file(reader);
        return LIST_BAD;
    }
    if (failure == HYPOTHESES_BAD_LINE)
        return LIST_BAD;
    reader->bad = true;
    reader->whole = failure == HYPOTHESES_BAD_FIRST;
    return list->count > 0 ? LIST_READ : LIST_BAD;
}

// Passes over the rest of a bad list: up to the first hypothesis of another, which goes ahead. If
// the list has not `begun`, its own first hypothesis is passed over too.
static bool pass_over(struct list_reader *reader, bool begun, struct error *error)
{
    struct hypothesis found;
    while (reader->hypotheses != NULL) {
        while (hypotheses_next(reader->hypotheses, &found)) {
            if (found.begins_list && begun)
                return add_hypothesis(reader, &reader->ahead, &found, error);
            begun = true;
        }
        if (hypotheses_ok(reader->hypotheses, NULL) || !hypotheses_resume(reader->hypotheses))
            close_file(reader);
        else if (hypotheses_failure(reader->hypotheses) == HYPOTHESES_BAD_FIRST)
            begun = false;
    }
    return true;
}

// Reads up to the first hypothesis of the next list, which goes ahead.
static enum list_result read_list(struct list_reader *reader, struct nbest_list *list,
                                  struct error *error)
{
    struct hypothesis found;
    while (hypotheses_next(reader->hypotheses, &found)) {
        bool next = found.begins_list && list->count > 0;
        if (!add_hypothesis(reader, next ? &reader->ahead : list, &found, error))
            return LIST_FAILED;
        if (next)
            return LIST_READ;
    }
    if (!hypotheses_ok(reader->hypotheses, NULL))
        return spoil(reader, list);
    close_file(reader);
    return list->count > 0 ? LIST_READ : LIST_END;
}

// Tells of what spoil() found, and passes over what is left of it.
static enum list_result tell_bad(struct list_reader *reader, const struct nbest_list *list,
                                 struct error *error)
{
    bool nothing = reader->bad && !reader->whole, begun = !reader->bad && list->count > 0;
    *error = reader->why;
    reader->bad = false;
    return nothing || pass_over(reader, begun, error) ? LIST_BAD : LIST_FAILED;
}

enum list_result list_reader_next(struct list_reader *reader, struct nbest_list *list,
                                  struct error *error)
{
    enum list_result result = LIST_END;
    clear(list);
    struct nbest_list ahead = reader->ahead;
    reader->ahead = *list;
    *list = ahead;
    while (result == LIST_END) {
        if (reader->bad)
            return tell_bad(reader, list, error);
        if (reader->hypotheses == NULL && list->count > 0)
            break; // the last of its file
        if (reader->hypotheses == NULL && reader->file == reader->files.count)
            return LIST_END;
        if (reader->hypotheses == NULL && !open_file(reader, error))
            return LIST_BAD;
        result = read_list(reader, list, error);
    }
    if (result == LIST_FAILED)
        return result;
    if (result == LIST_BAD)
        return tell_bad(reader, list, error);
    return find_costs(reader, list, error) ? LIST_READ : LIST_BAD;
}
