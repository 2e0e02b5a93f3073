// The command line of rnnlm: what does not go together in it.
#include <string.h>

#include "main.h"

static bool check_sampling(struct error *error)
{
    if (set.words_to_generate > 0 && set.sentences_to_generate > 0)
        return error_set(error, "-gen and -gen-sentences exclude each other");
    if (given.longest && set.sentences_to_generate == 0)
        return error_set(error, "-gen-longest is for -gen-sentences");
    const char *name = set.prefix != NULL ? "-prefix" : given.temperature ? "-temperature" : NULL;
    return name == NULL || main_generates() ||
           error_set(error, "%s is for -gen and -gen-sentences", name);
}

static bool check_per_sentence(struct error *error)
{
    if (!set.per_sentence)
        return true;
    if (set.nbest)
        return error_set(error,
                         "-per-sentence is for texts: rnnlm-nbest takes the hypotheses of lists "
                         "from the start state");
    if (set.dynamic > 0)
        return error_set(error,
                         "-per-sentence and -dynamic exclude each other: lines are scored side "
                         "by side, by the same network");
    return set.test != NULL || main_generates() ||
           error_set(error, "-per-sentence is for -test and -gen");
}

static bool check_cache(struct error *error)
{
    bool found = given.cache_theta && given.cache_lambda;
    if (set.cache_window == 0)
        return (!given.cache_theta && !given.cache_lambda) ||
               error_set(error, "-cache-theta and -cache-lambda are for -cache-neural WINDOW");
    if (set.test == NULL && !main_generates())
        return error_set(error, "-cache-neural is for -test and -gen");
    const char *other = set.sentences_to_generate > 0 ? "-gen-sentences"
                        : set.per_sentence            ? "-per-sentence"
                        : set.nbest                   ? "-nbest"
                        : set.unnormalised            ? "-unnormalised"
                                                      : NULL;
    if (other != NULL)
        return error_set(error, "-cache-neural and %s exclude each other", other);
    return found || set.tune != NULL ||
           error_set(error, "-cache-neural wants a text to find its settings on, -tune FILE, or "
                            "-cache-theta X and -cache-lambda X");
}

enum text_unit main_unit(void)
{
    enum text_unit unit = UNIT_WORD;
    return set.unit == NULL || unit_named(set.unit, &unit, NULL) ? unit : UNIT_WORD;
}

static bool check_unit(struct error *error)
{
    enum text_unit unit;
    if (set.unit == NULL)
        return true;
    if (set.train.count == 0)
        return error_set(error, "-unit is for training; a model remembers its own");
    return unit_named(set.unit, &unit, error) &&
           (unit == UNIT_WORD || set.cache_ids == NULL ||
            error_set(error,
                      "-unit %s and -cache-ids exclude each other: ids that are kept are "
                      "those of words",
                      set.unit));
}

static bool check_dynamic(struct error *error)
{
    const bool rms = dynamic_options_rms(&set.dynamic_by);
    if (!dynamic_options_check(&set.dynamic_by, set.models.count, set.dynamic > 0, set.dynamic_auto,
                               error))
        return false;
    return (!rms && !set.dynamic_auto) || !set.nbest ||
           error_set(error, "-dynamic%s is for texts, not for -nbest", rms ? "-rule rms" : " auto");
}

bool main_is_log_linear(void)
{
    return set.mixing != NULL && strcmp(set.mixing, "log-linear") == 0;
}

static bool check_mixing(struct error *error)
{
    if (set.mixing != NULL && !main_is_log_linear() && strcmp(set.mixing, "linear") != 0)
        return error_set(error, "option -mixing: found \"%.60s\", wanted linear or log-linear",
                         set.mixing);
    if (set.tune_lm_probs.count > 0 && set.tune_lm_probs.count != set.lm_probs.count)
        return error_set(error, "-tune-lm-prob: found %zu, wanted %zu, one for each -lm-prob",
                         set.tune_lm_probs.count, set.lm_probs.count);
    if (!main_is_log_linear())
        return true;
    const char *other = set.lm_probs.count > 0                       ? "-lm-prob"
                        : set.dynamic > 0                            ? "-dynamic"
                        : set.unnormalised                           ? "-unnormalised"
                        : set.nbest                                  ? "-nbest"
                        : set.unk_probs != NULL                      ? "-unk-probs"
                        : set.unk_count > 0                          ? "-unk-count"
                        : set.report != NULL && set.cache_window > 0 ? "-report with -cache-neural"
                                                                     : NULL;
    return other == NULL ||
           error_set(error,
                     "-mixing log-linear and %s exclude each other: the probabilities of all words "
                     "are wanted%s",
                     other,
                     set.lm_probs.count > 0 ? ", which a file does not have (-ngram does)" : "");
}

static bool check_report(struct error *error)
{
    if (set.report == NULL || set.train.count > 0)
        return true;
    if (set.test == NULL || set.nbest)
        return error_set(error, "-report is for -train and for texts of -test");
    if (strcmp(set.test, "-") == 0)
        return error_set(error, "-report reads the text a second time: a file is wanted, not "
                                "standard input");
    return !set.unnormalised ||
           error_set(error, "-unnormalised gives no probabilities, of which -report tells");
}

static bool check_hidden_states(struct error *error)
{
    if (set.hidden_states == NULL)
        return true;
    if (set.test == NULL || set.nbest)
        return error_set(error, "-hidden-states is for texts of -test");
    if (strcmp(set.test, "-") == 0)
        return error_set(error, "-hidden-states reads the text again: a file is wanted, not "
                                "standard input");
    if (set.models.count > 1)
        return error_set(error, "-hidden-states is for one network: found %zu of -rnnlm",
                         set.models.count);
    return !(set.dynamic > 0 || set.dynamic_auto) ||
           error_set(error, "-hidden-states and -dynamic exclude each other: a network that learns "
                            "has no states of its own");
}

static bool check_unnormalised(struct error *error)
{
    if (!set.unnormalised)
        return true;
    if (set.test == NULL || main_generates())
        return error_set(error, "-unnormalised is for -test: words are drawn from probabilities");
    if (set.dynamic > 0)
        return error_set(error, "-unnormalised and -dynamic exclude each other: learning from the "
                                "text wants probabilities");
    return main_form == TEST_TOTALS || main_form == TEST_SCORES ||
           error_set(error, "-unnormalised gives no probabilities, of which -write %s tells",
                     set.write);
}

// What is wrong here is the command line.
bool main_check(struct error *error)
{
    if (set.train.count == 0 && set.test == NULL && !main_generates())
        return error_set(error, "nothing to do: -train, -test or -gen is wanted");
    double lambda;
    if (!main_is_auto(set.lambda) &&
        !main_weight("lambda", set.lambda, strlen(set.lambda), &lambda, error))
        return false;
    if (set.models.count == 0)
        return error_set(error, "no model named: -rnnlm FILE is wanted");
    if (set.train.count > 0 && set.models.count > 1)
        return error_set(error, "training wants a single -rnnlm FILE, found %zu", set.models.count);
    if (set.epochs > 0 && set.decay > 0)
        return error_set(error, "-epochs and -decay exclude each other: the one or the other tells "
                                "how the learning rate falls");
    if (set.format != NULL) {
        if (!model_format_named(set.format, &model_format, error))
            return error_option(error, "format");
        if (set.train.count == 0)
            return error_set(error, "-format %s is for training; rnnlm-model converts models",
                             set.format);
    }
    if (set.train.count == 0 && set.snapshot > 0)
        return error_set(error, "-snapshot is for training");
    if (set.train.count == 0 && set.embedding_from != NULL)
        return error_set(error, "-embedding-from is for training");
    if (set.unk_probs != NULL && set.unk_count > 0)
        return error_set(error, "-unk-probs and -unk-count exclude each other");
    if (set.write != NULL && main_form == TEST_TOTALS)
        return error_set(error, "option -write: found \"%s\", wanted srilm, scores or surprisal",
                         set.write);
    if (set.write != NULL && set.nbest)
        return error_set(error, "-write %s is for texts, not for -nbest", set.write);
    if (main_form == TEST_SURPRISAL && set.dynamic > 0)
        return error_set(error, "-write surprisal and -dynamic exclude each other: a network that "
                                "learns tells no entropies");
    return main_texts_check(error) && main_teachers_check(error) && main_words_check(error) &&
           check_sampling(error) && check_per_sentence(error) && check_cache(error) &&
           check_unnormalised(error) && check_report(error) && check_hidden_states(error) &&
           check_unit(error) && check_dynamic(error) && check_mixing(error);
}
