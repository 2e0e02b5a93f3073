// rnnlm -dynamic: networks that go on learning from the text that they are tested on.
#include <math.h>

#include "main_scoring.h"
#include "train/statistics.h"

// Network i by this rule, at a rate that may be found yet.
static bool start_network(struct evaluation *evaluation, size_t i, bool rms, struct error *error)
{
    struct model *model = &evaluation->model[i];
    const struct dynamic_rule rule = {.rate = set.dynamic,
                                      .beta = set.beta,
                                      .gradient_cutoff = set.gradient_cutoff,
                                      .independent = set.independent || model->record.independent,
                                      .restores = set.dynamic_auto || set.report != NULL ||
                                                  set.tune != NULL};
    return dynamic_options_start(&set.dynamic_by, &evaluation->dynamic[i], model,
                                 set.models.item[i], i, rms, rule, error);
}

bool main_start_dynamic(struct evaluation *evaluation, struct error *error)
{
    for (size_t i = 0; i < evaluation->loaded && !evaluation->ready; i++)
        if (!start_network(evaluation, i, dynamic_options_rms(&set.dynamic_by), error))
            return false;
    evaluation->ready = true;
    return true;
}

void main_restore_dynamic(struct evaluation *evaluation)
{
    for (size_t i = 0; i < evaluation->loaded; i++)
        dynamic_restore(&evaluation->dynamic[i]);
}

// ---- tuning -----------------------------------------------------------------------------------

// What is found for a network.
struct found {
    bool rms;
    double rate, decay;
    double log10_prob; // of the -tune text with these
};

// log10 P of the -tune text, of the words that network i knows. A network that blows up has minus infinity.
static bool score_tune(struct evaluation *evaluation, size_t i, double rate, double decay,
                       double *log10_prob, struct error *error)
{
    struct network_use use = main_use_of(evaluation, i);
    struct token token;
    struct source_word word;
    use.dynamic = &evaluation->dynamic[i];
    *log10_prob = 0;
    dynamic_restore(use.dynamic);
    dynamic_set_rate(use.dynamic, rate, decay);
    struct reader *text = main_open_text(evaluation, set.tune, error);
    struct source *network =
        text != NULL ? source_network(&evaluation->model[i], &use, error) : NULL;
    bool ok = network != NULL;
    while (ok && *log10_prob > -INFINITY && reader_next(text, &token)) {
        if (source_next(network, &token, &word, error))
            *log10_prob += word.prob > 0 ? log10(word.prob) : word.id >= 0 ? -INFINITY : 0;
        else if (error_is_of_memory(error))
            ok = false;
        else
            *log10_prob = -INFINITY;
    }
    ok = ok && (*log10_prob <= -INFINITY || reader_ok(text, error));
    source_free(network);
    reader_close(text);
    return ok;
}

// From *value, which is one of the two found, on, by a factor, as long as the text becomes more probable; then
// the other way, if the first step has not made it so.
static bool climb(struct evaluation *evaluation, size_t i, struct found *found, double *value,
                  double factor, double most, struct error *error)
{
    double at = *value, start = *value, log10_prob;
    for (int way = 0; way < 2; way++, factor = 1 / factor) {
        if (way == 1 && at != start)
            return true;
        for (*value = at * factor; *value <= most && *value > 1e-12; *value *= factor) {
            if (!score_tune(evaluation, i, found->rate, found->decay, &log10_prob, error))
                return false;
            if (!(log10_prob > found->log10_prob))
                break;
            found->log10_prob = log10_prob;
            at = *value;
        }
        *value = at;
    }
    return true;
}

// By one rule.
static bool tune_rule(struct evaluation *evaluation, size_t i, bool rms, struct found *found,
                      struct error *error)
{
    static const double SGD = 0.1,
                        RMS = 2e-5; // rates to begin with; of RMS for each word of a block
    dynamic_free(&evaluation->dynamic[i]);
    *found = (struct found){.rms = rms,
                            .rate = rms ? RMS * (double)set.dynamic_by.words : SGD,
                            .decay = set.dynamic_by.decay};
    bool ok = start_network(evaluation, i, rms, error) &&
              score_tune(evaluation, i, found->rate, found->decay, &found->log10_prob, error) &&
              climb(evaluation, i, found, &found->rate, 2, 1e6, error) &&
              (!rms || set.dynamic_by.decay_given ||
               climb(evaluation, i, found, &found->decay, 4, 1, error));
    if (evaluation->dynamic[i].network != NULL)
        dynamic_restore(&evaluation->dynamic[i]);
    return ok;
}

// Whether network i has statistics, or is to have them.
static bool has_statistics(size_t i)
{
    return set.dynamic_by.statistics.count > 0 || set.dynamic_by.decay_given ||
           set.dynamic_by.words_given || statistics_exist(set.models.item[i]);
}

static bool tune_network(struct evaluation *evaluation, size_t i, bool *chosen, struct found *best,
                         struct error *error)
{
    struct found other;
    *chosen = set.dynamic_by.rule == NULL && has_statistics(i);
    if (!tune_rule(evaluation, i, *chosen || dynamic_options_rms(&set.dynamic_by), best, error))
        return false;
    if (*chosen) {
        if (!tune_rule(evaluation, i, false, &other, error))
            return false;
        if (other.log10_prob > best->log10_prob) {
            *best = other;
        } else {
            dynamic_free(&evaluation->dynamic[i]);
            if (!start_network(evaluation, i, true, error))
                return false;
        }
    }
    dynamic_set_rate(&evaluation->dynamic[i], best->rate, best->decay);
    return true;
}

bool main_tune_dynamic(struct evaluation *evaluation, struct output *output, struct error *error)
{
    if (set.tune == NULL)
        return error_usage(error, "-dynamic auto wants a text to find the rate on: -tune FILE");
    for (size_t i = 0; i < evaluation->loaded; i++) {
        struct found found;
        bool chosen;
        if (!tune_network(evaluation, i, &chosen, &found, error))
            return false;
        if (set.debug == 0 || main_form != TEST_TOTALS)
            continue;
        output_format(output, "dynamic evaluation of %s: -dynamic %g", set.models.item[i],
                      found.rate);
        if (found.rms)
            output_format(output, " -dynamic-decay %g", found.decay);
        if (chosen)
            output_format(output, " -dynamic-rule %s", found.rms ? "rms" : "sgd");
        output_text(output, "\n");
    }
    evaluation->ready = true;
    return true;
}
