// The order of the hypotheses of a list.
#include "nbest/rerank.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/number.h"

// A part with weight 0 counts nothing, even if it is -inf.
static double weighted(double weight, double score)
{
    return weight != 0 ? weight * score : 0;
}

double rerank_total(const struct rerank_weights *weights, const struct list_hypothesis *hypothesis)
{
    return weighted(weights->ac_scale, hypothesis->acoustic) +
           weighted(weights->lm_scale, hypothesis->mixed + hypothesis->graph) +
           weights->word_penalty * (double)hypothesis->count;
}

size_t rerank_best(const struct rerank_weights *weights, const struct nbest_list *list)
{
    size_t best = 0;
    double most = -INFINITY;
    for (size_t i = 0; i < list->count; i++) {
        double total = rerank_total(weights, &list->hypothesis[i]);
        if (total > most) {
            most = total;
            best = i;
        }
    }
    return best;
}

struct place {
    double total;
    size_t index;
};

static int compare(const void *left, const void *right)
{
    const struct place *a = left, *b = right;
    if (a->total != b->total)
        return a->total > b->total ? -1 : 1;
    return a->index < b->index ? -1 : a->index > b->index;
}

bool rerank_order(const struct rerank_weights *weights, const struct nbest_list *list,
                  size_t *order, struct error *error)
{
    struct place *place = memory_new(list->count, sizeof *place, error);
    if (place == NULL)
        return false;
    for (size_t i = 0; i < list->count; i++) {
        double total = rerank_total(weights, &list->hypothesis[i]);
        place[i] = (struct place){isnan(total) ? -INFINITY : total, i};
    }
    qsort(place, list->count, sizeof *place, compare);
    for (size_t i = 0; i < list->count; i++)
        order[i] = place[i].index;
    free(place);
    return true;
}

// ---- files ------------------------------------------------------------------------------------

static const char *const names[] = {"ac-scale", "lm-scale", "word-penalty", "lambda"};
enum { NAMES = sizeof names / sizeof *names };

static double *value_of(struct rerank_weights *weights, size_t name)
{
    double *const value[NAMES] = {&weights->ac_scale, &weights->lm_scale, &weights->word_penalty,
                                  &weights->lambda};
    return value[name];
}

static bool read_line(struct rerank_weights *weights, char *line)
{
    static const char blanks[] = " \t\r";
    line += strspn(line, blanks);
    line[strcspn(line, "#")] = '\0';
    size_t length = strcspn(line, blanks), name = 0;
    if (length == 0)
        return true;
    while (name < NAMES &&
           (strlen(names[name]) != length || memcmp(names[name], line, length) != 0))
        name++;
    line += length + strspn(line + length, blanks);
    size_t digits = strcspn(line, blanks);
    double value;
    if (name == NAMES || line[digits + strspn(line + digits, blanks)] != '\0' ||
        !number_parse(line, digits, &value) || !isfinite(value))
        return false;
    if (name == 3 && !(value >= 0 && value <= 1))
        return false;
    *value_of(weights, name) = value;
    weights->has_lambda = weights->has_lambda || name == 3;
    return true;
}

bool rerank_weights_read(struct rerank_weights *weights, const char *path, struct error *error)
{
    struct input *input = input_open_text(path, error);
    bool ok = input != NULL;
    char *line;
    while (ok && (line = input_line(input, NULL)) != NULL) {
        char shown[61] = "";
        memcpy(shown, line, strnlen(line, sizeof shown - 1));
        ok =
            read_line(weights, line) ||
            error_set(error,
                      "%s: line %" PRIu64 ": found \"%s\", wanted ac-scale, lm-scale, word-penalty "
                      "or lambda (0 to 1) and a number",
                      path, input_line_number(input), shown);
    }
    ok = ok && input_ok(input, error);
    input_close(input);
    return ok;
}

void rerank_weights_write(const struct rerank_weights *weights, struct output *output)
{
    struct rerank_weights copy = *weights;
    for (size_t i = 0; i < NAMES; i++)
        if (i < 3 || weights->has_lambda)
            output_format(output, "%s %.9g\n", names[i], *value_of(&copy, i));
}
