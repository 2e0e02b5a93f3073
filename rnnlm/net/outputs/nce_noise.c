// Noise: words drawn from a power of their counts.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/random.h"
#include "net/outputs/nce.h"

enum { MOST_WORDS = 1 << 16 };

static const double WHOLE = 4294967296.0; // 2^32

void nce_noise_free(struct nce_noise *noise)
{
    free(noise->own);
    free(noise->other);
    free(noise->log_share);
    memset(noise, 0, sizeof *noise);
}

// Each word's share of the noise times V: 1 on average.
static void fill_shares(const struct output_noise *from, double *share, size_t words)
{
    double sum = 0;
    for (size_t w = 0; w < words; w++)
        sum += share[w] = pow((double)from->count[w] + 1, from->power);
    for (size_t w = 0; w < words; w++)
        share[w] *= (double)words / sum;
}

static void take_part(struct nce_noise *noise, int32_t word, double own, int32_t other)
{
    double of_part = own * WHOLE;
    noise->own[word] = of_part < WHOLE ? (uint32_t)of_part : UINT32_MAX;
    noise->other[word] = other;
}

// Words of less than a part, in `list` from its beginning, fill theirs up from those of more, at its
// end. What rounding leaves over has a part each.
static void divide(struct nce_noise *noise, double *share, int32_t *list)
{
    size_t small = 0, large = noise->vocabulary;
    for (size_t w = 0; w < noise->vocabulary; w++)
        list[share[w] < 1 ? small++ : --large] = (int32_t)w;
    while (small > 0 && large < noise->vocabulary) {
        int32_t less = list[--small], more = list[large];
        take_part(noise, less, share[less], more);
        share[more] -= 1 - share[less];
        if (share[more] < 1) {
            list[small++] = more;
            large++;
        }
    }
    while (small > 0) {
        int32_t word = list[--small];
        take_part(noise, word, 1, word);
    }
    for (; large < noise->vocabulary; large++)
        take_part(noise, list[large], 1, list[large]);
}

static bool check(const struct output_noise *from, struct error *error)
{
    if (from->words < 1 || from->words > MOST_WORDS)
        return error_set(error, "noise: found %zu words, wanted 1 to %d", from->words, MOST_WORDS);
    return (from->power >= 0 && from->power <= 1) ||
           error_set(error, "noise: found power %g of the counts, wanted 0 to 1", from->power);
}

bool nce_noise_init(struct nce_noise *noise, size_t vocabulary, const struct output_noise *from,
                    struct error *error)
{
    *noise = (struct nce_noise){.vocabulary = vocabulary, .words = from->words, .seed = from->seed};
    if (!check(from, error))
        return false;
    double *share = memory_new(vocabulary, sizeof *share, error);
    int32_t *list = memory_new(vocabulary, sizeof *list, error);
    noise->own = memory_new(vocabulary, sizeof *noise->own, error);
    noise->other = memory_new(vocabulary, sizeof *noise->other, error);
    noise->log_share = memory_new(vocabulary, sizeof *noise->log_share, error);
    bool ok = share != NULL && list != NULL && noise->own != NULL && noise->other != NULL &&
              noise->log_share != NULL;
    if (ok) {
        double each = (double)from->words / (double)vocabulary;
        fill_shares(from, share, vocabulary);
        for (size_t w = 0; w < vocabulary; w++)
            noise->log_share[w] = (float)log(each * share[w]);
        divide(noise, share, list);
    }
    free(share);
    free(list);
    return ok;
}

// Of each number the upper half tells the part, the lower one the place in it.
void nce_noise_draw(const struct nce_noise *noise, uint64_t block, int32_t *word)
{
    uint64_t key = random_mix(random_mix(noise->seed + RANDOM_STEP) + block);
    for (size_t i = 0; i < noise->words; i++) {
        uint64_t drawn = random_mix(key += RANDOM_STEP);
        size_t part = (size_t)((drawn >> 32) * noise->vocabulary >> 32);
        word[i] = (uint32_t)drawn < noise->own[part] ? (int32_t)part : noise->other[part];
    }
}
