// Learning of word vectors, block by block.
#include "vectors/training.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/kernels.h"
#include "base/memory.h"
#include "base/random.h"
#include "base/threads.h"
#include "vectors/gradients.h"

enum { PASSAGES = 16, BLOCK = PASSAGES * PASSAGE_TOKENS };

struct learner {
    const struct vectors_training *training;
    const struct id_text *whole;
    struct passage_text text;
    struct vector_rows rows;
    struct gradient_rules rules;
    struct passage_gradients gradients[PASSAGES];
    struct gradient_scratch *scratch; // [threads]
    struct pool *pool;
    uint64_t at;  // first token of the block
    uint64_t key; // of the epoch
    size_t passages;
    float alpha;
};

static void learn_passage(void *context, size_t worker, size_t item)
{
    struct learner *learner = context;
    uint64_t from = learner->at + item * PASSAGE_TOKENS, to = from + PASSAGE_TOKENS;
    if (to > learner->text.tokens)
        to = learner->text.tokens;
    passage_gradients_find(&learner->gradients[item], &learner->rules, &learner->rows,
                           &learner->scratch[worker], &learner->text, from, to, learner->key);
}

// Vectors of one owner, each in the order of passages.
static void move_rows(void *context, size_t worker, size_t owner)
{
    (void)worker;
    struct learner *learner = context;
    struct vector_rows *rows = &learner->rows;
    for (size_t p = 0; p < learner->passages; p++)
        passage_gradients_sum(&learner->gradients[p], owner, rows->curvature);
    for (size_t p = 0; p < learner->passages; p++)
        passage_gradients_move(&learner->gradients[p], owner, rows, learner->alpha);
    for (size_t p = 0; p < learner->passages; p++)
        passage_gradients_forget(&learner->gradients[p], owner, rows->curvature);
}

static void learn_block(struct learner *learner)
{
    uint64_t left = learner->text.tokens - learner->at;
    learner->passages =
        left < BLOCK ? (size_t)((left + PASSAGE_TOKENS - 1) / PASSAGE_TOKENS) : PASSAGES;
    pool_run(learner->pool, learn_passage, learner, learner->passages);
    pool_run(learner->pool, move_rows, learner, GRADIENT_OWNERS);
    learner->at += learner->passages * PASSAGE_TOKENS;
}

static void learn(struct learner *learner)
{
    const struct vectors_training *training = learner->training;
    uint64_t tokens = learner->text.tokens, total = tokens * training->epochs, blocks = 0;
    for (size_t epoch = 0; epoch < training->epochs; epoch++) {
        learner->key = random_mix(random_mix(training->seed + RANDOM_STEP) + epoch);
        for (learner->at = 0; learner->at < tokens; blocks++) {
            uint64_t done = epoch * tokens + learner->at;
            double left = 1 - (double)done / (double)(total + 1);
            learner->alpha = (float)(training->alpha * (left > 1e-4 ? left : 1e-4));
            if (training->progress != NULL && blocks % 64 == 0)
                training->progress(training->context, (double)learner->alpha, done, total);
            learn_block(learner);
            if (blocks % (ID_TEXT_TOUCHED / BLOCK) == 0)
                id_text_let_go(learner->whole);
        }
    }
}

static bool start(struct learner *learner, const struct vocabulary *words, struct error *error)
{
    const struct vectors_training *training = learner->training;
    size_t threads = training->threads;
    uint32_t *keep = memory_new(words->size, sizeof *keep, error);
    learner->text.keep = keep;
    if (keep == NULL)
        return false;
    passage_keep(keep, words->count, words->size, training->sample);
    if (threads > 1 && (learner->pool = pool_new(threads, error)) == NULL)
        return false;
    learner->scratch = memory_new(threads, sizeof *learner->scratch, error);
    bool ok =
        learner->scratch != NULL && gradient_rules_init(&learner->rules, training, words, error);
    for (size_t i = 0; ok && i < threads; i++)
        ok = gradient_scratch_init(&learner->scratch[i], &learner->rules, error);
    for (size_t i = 0; ok && i < PASSAGES; i++)
        ok = passage_gradients_init(&learner->gradients[i], &learner->rules, error);
    return ok;
}

static void finish(struct learner *learner)
{
    for (size_t i = 0; i < PASSAGES; i++)
        passage_gradients_free(&learner->gradients[i]);
    for (size_t i = 0; learner->scratch != NULL && i < learner->training->threads; i++)
        gradient_scratch_free(&learner->scratch[i]);
    free(learner->scratch);
    gradient_rules_free(&learner->rules);
    pool_free(learner->pool);
    free((void *)learner->text.keep);
    free(learner->rows.curvature);
    free(learner->rows.output);
}

// Uniform in [-1/2, 1/2) / width.
static void randomise(struct vector_table *table, uint32_t seed)
{
    uint64_t key = random_mix(seed + 2 * RANDOM_STEP);
    for (size_t w = 0; w < table->words.size; w++)
        for (size_t j = 0; j < table->width; j++) {
            double drawn = (double)(random_mix(key += RANDOM_STEP) >> 11) / 9007199254740992.0;
            table->row[w * table->stride + j] = (float)((drawn - 0.5) / (double)table->width);
        }
}

static bool are_finite(const struct vector_table *table)
{
    for (size_t i = 0; i < table->words.size * table->stride; i++)
        if (!isfinite(table->row[i]))
            return false;
    return true;
}

bool vectors_train(struct vector_table *table, const struct vectors_training *training,
                   const struct id_text *text, const int32_t *word, struct error *error)
{
    struct learner learner = {
        .training = training,
        .whole = text,
        .text = {.id = text->id, .word = word, .tokens = text->tokens, .window = training->window}};
    table->width = training->width;
    table->stride = memory_row(training->width);
    table->row = memory_new(table->words.size * table->stride, sizeof *table->row, error);
    bool ok = table->row != NULL && start(&learner, &table->words, error) &&
              vector_rows_init(&learner.rows, &learner.rules, table->row, error);
    if (ok) {
        randomise(table, training->seed);
        learn(&learner);
        ok = are_finite(table) || error_set(error,
                                            "vectors are not finite any more: a learning rate "
                                            "(-alpha) below %g is wanted",
                                            training->alpha);
    }
    finish(&learner);
    return ok;
}
