// Joining of probabilities and back-off weights, both in the same order.
#include "ngram/assemble.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "ngram/build.h"

bool assembly_start(struct assembly *assembly, struct interpolated *model, size_t order,
                    struct error *error)
{
    *assembly = (struct assembly){.order = &model->order[order], .highest = order == model->orders};
    if (!sequence_start(&assembly->order->ngrams, error))
        return false;
    return assembly->highest || (sorter_start(&assembly->order->backoffs, error) &&
                                 sorter_next(&assembly->order->backoffs, &assembly->weight, error));
}

// Every weight belongs to an n-gram, so the one read next is this n-gram's or a later one's.
static bool take_weight(struct assembly *assembly, const uint64_t *record, struct assembled *ngram,
                        struct error *error)
{
    const struct record_shape *shape = &assembly->order->shape;
    ngram->log10_backoff = 0;
    ngram->backoff = assembly->weight != NULL && record_same_ids(shape, assembly->weight, record);
    if (!ngram->backoff)
        return true;
    ngram->log10_backoff = record_to_float(record_payload(shape, assembly->weight));
    return sorter_next(&assembly->order->backoffs, &assembly->weight, error);
}

bool assembly_next(struct assembly *assembly, struct assembled *ngram, bool *ok,
                   struct error *error)
{
    const struct record_shape *shape = &assembly->order->shape;
    const void *record;
    for (;;) {
        *ok = sequence_next(&assembly->order->ngrams, &record, error);
        if (!*ok || record == NULL)
            return false;
        float cost = record_to_float(record_payload(shape, record));
        *ok = take_weight(assembly, record, ngram, error);
        if (!*ok)
            return false;
        if (signbit(cost) && !ngram->backoff)
            continue;
        record_decode(shape, record, ngram->ids);
        ngram->log10_prob = -fabsf(cost);
        return true;
    }
}

// An n-gram of the model needs the one without its last word, as a place for the back-off weight.
// That of one that has been kept is there; that of one that is only there as a context may not be.
static bool require_prefix(struct interpolated *model, size_t order, const uint32_t *ids,
                           struct error *error)
{
    if (order == 2) {
        model->context[ids[0]] = 1;
        return true;
    }
    struct sorter *to = &model->order[order - 1].backoffs;
    uint32_t prefix[RECORD_MOST_IDS] = {0};
    uint64_t record[RECORD_MOST_WORDS];
    memcpy(prefix, ids + 1, (order - 2) * sizeof *ids);
    prefix[order - 2] = ids[0];
    record_encode(&to->shape, prefix, record_from_float(0), record);
    return sorter_add(to, record, error);
}

static bool count_order(struct interpolated *model, size_t order, uint64_t *count,
                        struct error *error)
{
    struct assembly assembly;
    struct assembled ngram;
    bool ok = assembly_start(&assembly, model, order, error);
    *count = 0;
    while (ok && assembly_next(&assembly, &ngram, &ok, error)) {
        ++*count;
        if (ngram.backoff)
            ok = require_prefix(model, order, ngram.ids, error);
    }
    return ok;
}

bool assemble(struct interpolated *model, uint64_t *count, struct error *error)
{
    for (size_t k = model->orders; k >= 2; k--) {
        struct interpolated_order *order = &model->order[k];
        count[k] = order->kept;
        if (k == model->orders)
            continue;
        if (!sorter_finish(&order->backoffs, error))
            return false;
        if (order->kept < order->ngrams.count && !count_order(model, k, &count[k], error))
            return false;
    }
    return true;
}

// ---- in memory ---------------------------------------------------------------------------------

// id [words + 1]: of the counts' words in the model.
static bool gather_words(struct ngram_model *to, const struct interpolated *model,
                         const struct counts *counts, int32_t *id, struct error *error)
{
    for (uint32_t word = 1; word <= counts->words; word++) {
        float log10_prob = (float)log10(model->unigram[word].probability);
        id[word] = WORD_OOV;
        if ((word != counts->unknown || counts->unk) &&
            !ngram_add_word(to, word_text(&counts->store, word), log10_prob,
                            model->unigram_backoff[word], &id[word], error))
            return false;
    }
    return true;
}

static bool gather_order(struct ngram_model *to, struct interpolated *model, size_t order,
                         const int32_t *id, struct error *error)
{
    struct assembly assembly;
    struct assembled ngram;
    uint32_t context[RECORD_MOST_IDS] = {0}, node = TRIE_NONE;
    bool ok = assembly_start(&assembly, model, order, error);
    while (ok && assembly_next(&assembly, &ngram, &ok, error)) {
        if (node == TRIE_NONE || memcmp(ngram.ids, context, (order - 1) * sizeof *context) != 0) {
            int32_t word[RECORD_MOST_IDS];
            memcpy(context, ngram.ids, (order - 1) * sizeof *context);
            for (size_t i = 0; i + 1 < order; i++)
                word[i] = id[context[order - 2 - i]];
            node = ngram_find(to, word, (int)order - 1);
        }
        ok = ngram_add(to, (int)order, node, id[ngram.ids[order - 1]], ngram.log10_prob,
                       ngram.log10_backoff, error);
    }
    sequence_free(&model->order[order].ngrams);
    sorter_free(&model->order[order].backoffs);
    return ok && ngram_end_order(to, (int)order, error);
}

struct ngram_model *assemble_model(struct interpolated *model, const struct counts *counts,
                                   struct error *error)
{
    struct ngram_model *to = ngram_new((int)model->orders, error);
    int32_t *id = memory_new(counts->words + 1, sizeof *id, error);
    bool ok = to != NULL && id != NULL && gather_words(to, model, counts, id, error);
    for (size_t k = 2; ok && k <= model->orders; k++)
        ok = gather_order(to, model, k, id, error);
    free(id);
    if (ok) {
        ngram_ready(to);
        return to;
    }
    ngram_close(to);
    return NULL;
}
