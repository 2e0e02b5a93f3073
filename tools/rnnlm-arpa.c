// rnnlm-arpa: a network's probabilities in an ARPA file.
#include "ngram/arpa.h"
#include "score/network_arpa.h"
#include "tool.h"

#define PROGRAM "rnnlm-arpa"

static struct {
    const char *model, *ngrams, *text, *output;
    double lambda;
    int64_t start;
} set = {.lambda = 1};

static const struct option table[] = {
    {.type = OPTION_GROUP, .help = "Files (plain or gzip-compressed; - is standard input)"},
    {OPTION_TEXT, "rnnlm", "FILE", &set.model, NULL, 0, 0, "Network, in any model format."},
    {OPTION_TEXT, "ngrams", "FILE", &set.ngrams, NULL, 0, 0,
     "Back-off model whose n-grams are kept, an ARPA file."},
    {OPTION_TEXT, "text", "FILE", &set.text, NULL, 0, 0,
     "Text"},
    {OPTION_COUNT, "start", "N", &set.start, NULL, 0, 9,
     "Text"},
    {OPTION_NUMBER, "lambda", "X", &set.lambda, NULL, 0, 1,
     "Weight of the network."},
    {OPTION_TEXT, "o", "FILE", &set.output, NULL, 0, 0, "Write the result here."}};

static const struct options options = {
    .program = PROGRAM,
    .usage = "-rnnlm MODEL -ngrams BASE.arpa[.gz] -o OUT.arpa[.gz] [-text FILE] [-lambda X]",
    .about = "x",
    .table = table,
    .count = sizeof table / sizeof *table,
};

static bool convert(const struct option_list *operands, struct output *output, struct error *error)
{
    (void)operands;
    (void)output;
    struct model model;
    const struct network_arpa_options how = {set.lambda, set.text, (int)set.start};
    if (!model_load(&model, set.model, error))
        return false;
    struct ngram_model *base = ngram_open(set.ngrams, error);
    bool ok = base != NULL && network_arpa(base, &model, &how, error) &&
              arpa_write(base, set.output, error);
    ngram_close(base);
    model_free(&model);
    return ok;
}

int main(int argc, char **argv)
{
    enum options_result result = options_parse(&options, argc, argv, NULL);
    if (result != OPTIONS_RUN)
        return options_status(result);
    if (set.model == NULL || set.ngrams == NULL || set.output == NULL) {
        options_fail(PROGRAM, "wanted: -rnnlm MODEL, -ngrams BASE.arpa and -o OUT.arpa");
        return options_status(OPTIONS_BAD_USAGE);
    }
    return tool_run(PROGRAM, convert, NULL);
}
