// Noise: words drawn from a power of their counts.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/random.h"
#include "net/outputs/nce.h"

enum { MOST_WORDS = 1 << 16 };

void nce_noise_free(struct nce_noise *noise)
{
    alias_free(&noise->alias);
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
    *noise = (struct nce_noise){.words = from->words, .seed = from->seed};
    if (!check(from, error))
        return false;
    double *share = memory_new(vocabulary, sizeof *share, error);
    noise->log_share = memory_new(vocabulary, sizeof *noise->log_share, error);
    bool ok = share != NULL && noise->log_share != NULL;
    if (ok) {
        double each = (double)from->words / (double)vocabulary;
        fill_shares(from, share, vocabulary);
        for (size_t w = 0; w < vocabulary; w++)
            noise->log_share[w] = (float)log(each * share[w]);
        ok = alias_init(&noise->alias, share, vocabulary, error);
    }
    free(share);
    return ok;
}

void nce_noise_draw(const struct nce_noise *noise, uint64_t block, int32_t *word)
{
    uint64_t key = random_mix(random_mix(noise->seed + RANDOM_STEP) + block);
    for (size_t i = 0; i < noise->words; i++)
        word[i] = alias_draw(&noise->alias, random_mix(key += RANDOM_STEP));
}
