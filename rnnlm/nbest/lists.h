// N-best lists, one utterance at a time, from files, folders and lists of files, whatever their
// form. A list that cannot be used is told apart from a failure, so that a program may go on
// without it.
#ifndef NBEST_LISTS_H
#define NBEST_LISTS_H

#include "nbest/hypothesis.h"
#include "score/number_table.h"

struct list_hypothesis {
    size_t words, length; // where its words stand in the list's `text`, and how many bytes
    size_t line;          // likewise its line as it was read
    size_t name;          // likewise its own ID (HYPOTHESIS_KALDI, else empty)
    uint64_t count;       // words
    double acoustic;      // log10, 0 if there is none
    double graph;         // log10 of Kaldi's graph without the language model, 0 if there is none
    double language;      // log10, the language model's score in the list; NAN if there is none
    double networks;      // log10, </s> included, filled by nbest/list_score.h: the networks'
                          // (0 without any),
    double other;         // the other model's (0 without one),
    double mixed;         // and that of their mixture
};

struct nbest_list {
    const char *path; // of its file
    uint64_t line;    // of its first hypothesis
    enum hypothesis_form form;
    size_t name; // of the utterance, in `text`
    struct list_hypothesis *hypothesis;
    size_t count, capacity;
    double *other_prob; // of each word and </s> of all hypotheses, if they come from a file
    size_t other_count, other_capacity;
    char *text; // all strings
    size_t used, text_capacity;
};

// A list starts as {0}.
void nbest_list_free(struct nbest_list *list);
const char *nbest_list_text(const struct nbest_list *list, size_t offset);

// Kaldi's archives of costs (negative natural logs), NULL where there is none; lists are then of
// the form HYPOTHESIS_KALDI.
struct list_costs {
    const char *acoustic, *graph, *language;
};

struct list_reader;

// Paths are files, plain or gzip-compressed, "-" for standard input; folders, whose files are read
// in order of their names; and files that hold a path a line. A folder with a file words_text is
// one of steps/rnnlmrescore.sh: its costs lie beside, in acwt or ac_cost, lmwt.nolm or graph_cost,
// lmwt.lmonly or lm_cost. `form` HYPOTHESIS_FORMS: recognised by content; HYPOTHESIS_ID and
// HYPOTHESIS_KALDI: files are lists, not paths.
//
// An utterance is named by its ID, or by its file without folder, .gz and .score, with ".2", ".3", ... for
// the second and further lists of a file. Error: a path that does not exist, a bad archive.
struct list_reader *list_reader_open(const char *const *path, size_t paths,
                                     enum hypothesis_form form, const struct list_costs *costs,
                                     struct error *error);
void list_reader_close(struct list_reader *reader);

enum list_result {
    LIST_READ,
    LIST_END,   // there are no more
    LIST_BAD,   // an utterance, or what is left of a file, cannot be used; the next call goes on
    LIST_FAILED // no memory
};

// True once, where the form of a file read so far is a guess that may be wrong
// (nbest/hypothesis.h).
bool list_reader_remark(struct list_reader *reader, struct error *remark);

// The next list, in place of what `list` held; paths in it are valid until list_reader_close().
enum list_result list_reader_next(struct list_reader *reader, struct nbest_list *list,
                                  struct error *error);

#endif
