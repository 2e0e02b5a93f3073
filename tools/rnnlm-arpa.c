// rnnlm-arpa: a network's probabilities in an ARPA file.
#include "model/model_file.h"
#include "ngram/arpa.h"
#include "score/network_arpa.h"
#include "tool.h"

#define PROGRAM "rnnlm-arpa"

static struct {
    const char *model, *ngrams, *text, *unknown, *output;
    double lambda;
} set = {.lambda = 1};

static const struct option table[] = {
    {.type = OPTION_GROUP, .help = "Files (- is standard input or output)"},
    {OPTION_TEXT, "rnnlm", "FILE", &set.model, NULL, 0, 0, "Network, in any model format."},
    {OPTION_TEXT, "ngrams", "FILE", &set.ngrams, NULL, 0, 0,
     "Back-off model whose words and n-grams are kept, an ARPA file, plain or gzip-compressed, or "
     "a binary model of rnnlm-ngram build; -lm "
     "and -ngram are the same."},
    {OPTION_TEXT, "o", "FILE", &set.output, NULL, 0, 0,
     "Write the result here, an ARPA file; compressed if the name ends in .gz."},
    {.type = OPTION_GROUP, .help = "Probabilities"},
    {OPTION_TEXT, "text", "FILE", &set.text, NULL, 0, 0,
     "Text, such as the training text, on which the network's states are averaged: contexts that "
     "do not begin with <s> then begin with the mean state behind their first word. Without it "
     "they begin with the state before a text, and the result is much worse."},
    {OPTION_NUMBER, "lambda", "X", &set.lambda, NULL, 0, 1,
     "Weight of the network in each probability; the rest is the given model's. Around 0.3 to 0.5, "
     "with -text, the result is better than the model that it was made from."},
    {OPTION_TEXT, "unk-word", "WORD", &set.unknown, NULL, 0, 0,
     "The models' word for unknown words, where one of them calls it neither <unk> nor <UNK>, "
     "[unk] "
     "and the like."}};

static const struct options options = {
    .program = PROGRAM,
    .summary = "write a recurrent network as an ARPA file",
    .usage = "-rnnlm MODEL -ngrams BASE.arpa[.gz] -o OUT.arpa[.gz] [-text FILE] [-lambda X]",
    .about = "Writes a network as an ARPA file, for decoders that read nothing else: the n-grams\n"
             "of a back-off model with the network's probabilities. Unigrams are scaled to sum to\n"
             "one, and back-off weights are computed anew, so that every context's probabilities\n"
             "sum to one. Words that the network does not know keep their probabilities. The\n"
             "other way, by sampling, is scripts/sample-to-arpa.",
    .table = table,
    .count = sizeof table / sizeof *table,
};

static bool choose_unknown(struct ngram_model *base, const struct model *model, struct error *error)
{
    if (set.unknown == NULL)
        return true;
    base->unknown = vocabulary_unknown(&base->words, set.unknown);
    return vocabulary_has(&base->words, set.unknown) ||
           vocabulary_has(&model->vocabulary, set.unknown) ||
           error_set(error, "option -unk-word: no model has the word \"%.60s\"", set.unknown);
}

static bool convert(const struct option_list *operands, struct output *output, struct error *error)
{
    (void)operands;
    (void)output;
    struct model model;
    const struct network_arpa_options how = {set.lambda, set.text, set.unknown};
    if (!output_try(set.output, error) || !model_load(&model, set.model, error))
        return false;
    struct ngram_model *base = tool_load_ngram(PROGRAM, set.ngrams, error);
    bool ok = base != NULL && choose_unknown(base, &model, error) &&
              network_arpa(base, &model, &how, error) && arpa_write(base, set.output, error);
    ngram_close(base);
    model_free(&model);
    return ok;
}

int main(int argc, char **argv)
{
    program_begin(PROGRAM);
    enum options_result result = options_parse(&options, argc, argv, NULL);
    if (result != OPTIONS_RUN)
        return options_status(result);
    if (set.model == NULL || set.ngrams == NULL || set.output == NULL) {
        options_fail(PROGRAM, "wanted: -rnnlm MODEL, -ngrams BASE.arpa and -o OUT.arpa");
        return options_status(OPTIONS_BAD_USAGE);
    }
    return tool_run(PROGRAM, convert, NULL);
}
