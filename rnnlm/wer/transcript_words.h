// The words of an utterance as a network, with NIST's marks.
#ifndef WER_TRANSCRIPT_WORDS_H
#define WER_TRANSCRIPT_WORDS_H

#include "text/span.h"
#include "wer/transcript.h"

// Where words are put: zeros at first, transcript_words_free() at the end.
struct transcript_words {
    const struct transcript_rules *rules;
    struct vocabulary *words;
    bool marks;
    struct alignment_text *text;      // of the utterance that is being read
    size_t end;                       // its node that the next word comes from
    struct transcript_choice *choice; // open braces, the innermost last
    size_t choices, choice_capacity;
    size_t *branch; // nodes at which finished branches of open braces end
    size_t branches, branch_capacity;
    char *word; // the one in work
    size_t word_capacity;
};

// (WORD), with no other brackets in it.
bool transcript_word_is_optional(struct span word);

bool transcript_words_begin(struct transcript_words *words, struct alignment_text *text,
                            struct error *error);
// One word, or one mark.
bool transcript_words_add(struct transcript_words *words, struct span word, struct error *error);
// Fails if braces are open.
bool transcript_words_end(struct transcript_words *words, struct error *error);
void transcript_words_free(struct transcript_words *words);

#endif
