// Joining of probabilities and back-off weights, both in the same order.
#include "ngram/assemble.h"

#include <math.h>
#include <string.h>

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
