// Speed of an n-gram model: milliseconds to open it, then queries/s on a text whose words are ids
// already, one after the other and with sentences side by side.
//
//   ngram MODEL TEXT
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/memory.h"
#include "ngram/backoff.h"
#include "text/reader.h"

enum { SIDES = 32, ROUNDS = 5 };

struct ids {
    int32_t *word;
    size_t count, capacity;
};

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static bool read_ids(const struct ngram_model *model, const char *path, struct ids *ids,
                     struct error *error)
{
    struct token token;
    struct reader *reader = reader_open(path, error);
    while (reader != NULL && reader_next(reader, &token)) {
        if (!memory_grow(&ids->word, &ids->capacity, ids->count + 1, sizeof *ids->word, error))
            return false;
        ids->word[ids->count++] =
            token.sentence_end ? WORD_END : ngram_word(model, token.text, token.length);
    }
    bool ok = reader != NULL && reader_ok(reader, error);
    reader_close(reader);
    return ok;
}

static double bounded(double log10_prob)
{
    return log10_prob > -1e30 ? log10_prob : 0;
}

static double one_by_one(const struct ngram_model *model, const struct ids *ids)
{
    struct ngram_state state;
    double sum = 0;
    ngram_start(model, &state, true);
    for (size_t i = 0; i < ids->count; i++) {
        sum += bounded(ngram_score(model, &state, ids->word[i], &state, NULL));
        if (ids->word[i] == WORD_END)
            ngram_start(model, &state, true);
    }
    return sum;
}

// The text in as many parts.
static double side_by_side(const struct ngram_model *model, const struct ids *ids)
{
    struct ngram_state state[SIDES];
    struct ngram_query query[SIDES];
    size_t part = ids->count / SIDES;
    double sum = 0;
    for (size_t s = 0; s < SIDES; s++)
        ngram_start(model, &state[s], true);
    for (size_t i = 0; i < part; i++) {
        for (size_t s = 0; s < SIDES; s++)
            query[s] = (struct ngram_query){
                .in = &state[s], .out = &state[s], .word = ids->word[s * part + i]};
        ngram_score_all(model, query, SIDES);
        for (size_t s = 0; s < SIDES; s++) {
            sum += bounded(query[s].log10_prob);
            if (query[s].word == WORD_END)
                ngram_start(model, &state[s], true);
        }
    }
    return sum;
}

int main(int argc, char **argv)
{
    struct error error;
    struct ids ids = {NULL};
    double best[2] = {0}, begin = seconds(), sum = 0;
    struct ngram_model *model = argc == 3 ? ngram_open(argv[1], &error) : NULL;
    double opening = seconds() - begin;
    if (model == NULL || !read_ids(model, argv[2], &ids, &error)) {
        fprintf(stderr, "ngram: %s\n", argc == 3 ? error.text : "wanted: MODEL TEXT");
        return 1;
    }
    for (int round = 0; round < 2 * ROUNDS; round++) {
        begin = seconds();
        sum += round % 2 ? side_by_side(model, &ids) : one_by_one(model, &ids);
        double rate = (double)ids.count / (seconds() - begin);
        best[round % 2] = rate > best[round % 2] ? rate : best[round % 2];
    }
    printf("%.3f %.0f %.0f %.6f\n", 1e3 * opening, best[0], best[1], sum);
    free(ids.word);
    ngram_close(model);
    return 0;
}
