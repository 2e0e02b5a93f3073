// Vocabularies and weights by a number.
#include "train/fingerprint.h"

#include "base/checksum.h"

static uint64_t add(uint64_t fingerprint, char letter)
{
    uint64_t mixed = (fingerprint ^ (uint32_t)letter) * 0xff51afd7ed558ccd; // odd: a bijection
    return mixed ^ mixed >> 32;
}

uint64_t fingerprint_vocabulary(const struct vocabulary *vocabulary)
{
    uint64_t fingerprint = 0x9e3779b97f4a7c15;
    for (size_t i = 0; i < vocabulary->size; i++) {
        const char *word = vocabulary_word(vocabulary, (int32_t)i);
        do
            fingerprint = add(fingerprint, *word);
        while (*word++ != '\0');
    }
    return fingerprint;
}

uint64_t fingerprint_weights(const struct network *network)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < network->parameters; i++) {
        uint64_t own =
            checksum_of(network->parameter[i].data, parameter_bytes(&network->parameter[i]));
        sum = (sum ^ own) * 0x9e3779b97f4a7c15; // odd: no parameter is lost
    }
    return sum;
}
