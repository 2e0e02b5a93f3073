// The page of a text as models see it: words coloured by surprisal, what the models would rather have had
// under the pointer, and which words cost most.
#ifndef REPORT_TEXT_PAGE_H
#define REPORT_TEXT_PAGE_H

#include "base/file.h"

enum { TEXT_PAGE_ALTERNATIVES = 8 };

struct text_page_word {
    const char *text; // not 0-terminated
    size_t length;
    bool sentence_end, known;
    double prob;  // 0: none
    double plain; // of the networks as they are, 0: none
    size_t alternatives;
    const char *const *alternative; // [alternatives], 0-terminated
    const double *alternative_prob; // [alternatives]
};

struct text_page;

// `title` stays the caller's. With `compares` words have a `plain` probability too, and `helper` says what
// the other one has beside it ("the n-gram model"). Words behind the first `most` are counted and not
// shown. Error: no memory.
struct text_page *text_page_new(struct output *output, const char *title, bool compares,
                                const char *helper, bool spaced, uint64_t most,
                                struct error *error);
void text_page_add(struct text_page *page, const struct text_page_word *word);

// Writes what is left and frees the page (NULL: nothing). Error: there was no memory for all words.
bool text_page_end(struct text_page *page, struct error *error);

#endif
