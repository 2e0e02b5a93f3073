// Options of dynamic evaluation.
#include "dynamic_options.h"

#include <string.h>

#include "train/statistics.h"

bool dynamic_options_rms(const struct dynamic_options *options)
{
    return options->rule != NULL && strcmp(options->rule, "rms") == 0;
}

bool dynamic_options_check(const struct dynamic_options *options, size_t networks, bool on,
                           bool open, struct error *error)
{
    const bool rms = dynamic_options_rms(options);
    const char *name = options->rule != NULL           ? "rule"
                       : options->decay_given          ? "decay"
                       : options->words_given          ? "words"
                       : options->statistics.count > 0 ? "statistics"
                                                       : NULL;
    if (options->rule != NULL && !rms && strcmp(options->rule, "sgd") != 0)
        return error_usage(error, "option -dynamic-rule: found \"%.60s\", wanted sgd or rms",
                           options->rule);
    if (name != NULL && !on)
        return error_usage(error, "-dynamic-%s is for -dynamic RATE", name);
    if (name != NULL && options->rule == NULL && !open)
        return error_usage(error, "-dynamic-%s is for -dynamic-rule rms", name);
    return options->statistics.count == 0 || options->statistics.count == networks ||
           error_usage(error, "-dynamic-statistics: found %zu, wanted %zu, one for each network",
                       options->statistics.count, networks);
}

bool dynamic_options_start(const struct dynamic_options *options, struct dynamic *dynamic,
                           struct model *model, const char *path, size_t i, bool rms,
                           struct dynamic_rule rule, struct error *error)
{
    const char *named = options->statistics.count > 0 ? options->statistics.item[i] : NULL;
    struct gradient_roots roots = {.root = NULL};
    rule.rms = rms;
    rule.decay = options->decay;
    rule.words = (size_t)options->words;
    rule.bptt = model->record.bptt;
    rule.bptt_block = model->record.bptt_block;
    bool ok = (!rms || statistics_open(&roots, model, path, named, error)) &&
              dynamic_init(dynamic, &model->network, &rule, rms ? &roots : NULL, error);
    gradient_roots_free(&roots);
    return ok;
}
