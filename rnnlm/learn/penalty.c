// Penalties on activations.
#include "learn/penalty.h"

#include "base/kernels.h"

bool penalty_wanted(const struct penalty_rule *rule)
{
    return rule->activation > 0 || rule->change > 0;
}

static struct tape_layer *topmost(const struct tape *tape)
{
    return &tape->layer[tape->network->shape.layers - 1];
}

void penalty_out(const struct penalty_rule *rule, struct tape *tape, struct tape_rows rows)
{
    struct tape_layer *own = topmost(tape);
    size_t units = own->layer->units;
    if (!(rule->activation > 0))
        return;
    for (size_t r = rows.begin; r < rows.begin + rows.count; r++) {
        float *error = own->error + r * own->width;
        kernels->scale_add(error, own->out + r * own->width, units,
                           -2 * rule->activation / (float)units, 1);
        kernels->clamp(error, units, tape->cutoff);
    }
}

// error += step (h of row `to` - h of row `from`)
static void add_change(const struct tape *tape, float *error, size_t from, size_t to, float step)
{
    const struct tape_layer *own = topmost(tape);
    const float *h = own->after + tape->streams * own->width;
    kernels->scale_add(error, h + to * own->width, own->layer->units, step, 1);
    kernels->scale_add(error, h + from * own->width, own->layer->units, -step, 1);
}

void penalty_change(const struct penalty_rule *rule, struct tape *tape, struct tape_rows rows,
                    size_t all)
{
    struct tape_layer *own = topmost(tape);
    size_t units = own->layer->units, streams = tape->streams;
    float step = 2 * rule->change / (float)units;
    if (!(step > 0))
        return;
    for (size_t r = rows.begin; r < rows.begin + rows.count; r++) {
        float *error = own->error + r * own->width;
        if (r >= streams && !tape_ends_sentence(tape, r - streams))
            add_change(tape, error, r - streams, r, -step);
        if (r + streams < all && !tape_ends_sentence(tape, r))
            add_change(tape, error, r, r + streams, step);
        kernels->clamp(error, units, tape->cutoff);
    }
}
