// Texts by a number.
#include "train/fingerprint.h"

bool fingerprint_text(struct corpus *text, const struct vocabulary *vocabulary,
                      uint64_t *fingerprint, struct error *error)
{
    int32_t word;
    *fingerprint = FINGERPRINT_EMPTY;
    if (!corpus_start(text, vocabulary, error))
        return false;
    while (corpus_next(text, &word))
        *fingerprint = fingerprint_add(*fingerprint, word);
    return corpus_ok(text, error);
}

uint64_t fingerprint_vocabulary(const struct vocabulary *vocabulary)
{
    uint64_t fingerprint = FINGERPRINT_EMPTY;
    for (size_t i = 0; i < vocabulary->size; i++) {
        const char *word = vocabulary_word(vocabulary, (int32_t)i);
        do
            fingerprint = fingerprint_add(fingerprint, *word);
        while (*word++ != '\0');
    }
    return fingerprint;
}
