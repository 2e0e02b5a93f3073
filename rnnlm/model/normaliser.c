// Normalisers of classes.
#include "model/normaliser.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/kernels.h"
#include "base/memory.h"
#include "model/least_squares.h"
#include "model/resize.h"

static const double RIDGE = 1e-3;

struct fit {
    const struct model *model;
    struct word_parameters own;
    size_t n, row;   // contexts; floats of a row
    float *input;    // [n][row]
    float *centred;  // [n][row] less their mean
    float *logit;    // [largest class]
    float *change;   // [row]
    double *log_sum; // [n]
};

static void fit_free(struct fit *fit)
{
    free(fit->input);
    free(fit->centred);
    free(fit->logit);
    free(fit->change);
    free(fit->log_sum);
}

static void centre(struct fit *fit)
{
    for (size_t i = 0; i < fit->row; i++) {
        double mean = 0;
        for (size_t r = 0; r < fit->n; r++)
            mean += (double)fit->input[r * fit->row + i] / (double)fit->n;
        for (size_t r = 0; r < fit->n; r++)
            fit->centred[r * fit->row + i] = fit->input[r * fit->row + i] - (float)mean;
    }
}

static bool fit_begin(struct fit *fit, const struct contexts *contexts, const struct model *model,
                      struct error *error)
{
    *fit = (struct fit){.model = model,
                        .own = word_parameters(&model->network),
                        .n = contexts->count,
                        .row = memory_row(model->network.width)};
    fit->input = contexts_inputs(contexts, model, error);
    fit->centred = fit->input != NULL ? memory_new(fit->n, fit->row * sizeof(float), error) : NULL;
    fit->logit = memory_new(model->network.classes.largest, sizeof(float), error);
    fit->change = memory_new(fit->row, sizeof(float), error);
    fit->log_sum = memory_new(fit->n, sizeof(double), error);
    if (fit->centred == NULL || fit->logit == NULL || fit->change == NULL || fit->log_sum == NULL)
        return false;
    centre(fit);
    return true;
}

// The mean row of a class: of words that nobody has counted, all alike.
static void find_mean(const struct fit *fit, size_t first, size_t words, float *mean)
{
    const uint64_t *count = fit->model->vocabulary.count + first;
    double all = 0;
    for (size_t i = 0; i < words; i++)
        all += (double)count[i];
    memset(mean, 0, fit->row * sizeof *mean);
    for (size_t i = 0; i < words; i++)
        kernels->scale_add(mean, parameter_row(fit->own.words, first + i), fit->own.words->width,
                           (float)(all > 0 ? (double)count[i] / all : 1 / (double)words), 1);
}

static double log_sum(const struct fit *fit, size_t first, size_t words, const float *input)
{
    double largest = -INFINITY, sum = 0;
    memset(fit->logit, 0, words * sizeof *fit->logit);
    if (fit->own.bias != NULL)
        memcpy(fit->logit, parameter_row(fit->own.bias, 0) + first, words * sizeof *fit->logit);
    linear_add_products(fit->own.words, first, words, input, fit->logit);
    for (size_t i = 0; i < words; i++)
        largest = fmax(largest, (double)fit->logit[i]);
    for (size_t i = 0; i < words; i++)
        sum += exp((double)fit->logit[i] - largest);
    return largest + log(sum);
}

// What the mean row leaves of log Z in each context, less its own mean.
static void find_rest(struct fit *fit, size_t first, size_t words, const float *row)
{
    double mean = 0;
    for (size_t r = 0; r < fit->n; r++) {
        const float *input = fit->input + r * fit->row;
        fit->log_sum[r] = log_sum(fit, first, words, input);
        for (size_t i = 0; i < fit->row; i++)
            fit->log_sum[r] -= (double)row[i] * (double)input[i];
        mean += fit->log_sum[r] / (double)fit->n;
    }
    for (size_t r = 0; r < fit->n; r++)
        fit->log_sum[r] -= mean;
}

bool normalisers_fit(const struct contexts *contexts, const struct model *model, float *row,
                     struct error *error)
{
    struct fit fit;
    const struct classes *classes = &model->network.classes;
    bool ok = fit_begin(&fit, contexts, model, error);
    for (size_t k = 0; ok && k < classes->count; k++, row += fit.row) {
        size_t first = (size_t)classes->begin[k], words = (size_t)classes->begin[k + 1] - first;
        find_mean(&fit, first, words, row);
        if (words < 2)
            continue; // it is the row of the only word
        find_rest(&fit, first, words, row);
        ok = least_squares(fit.centred, fit.n, fit.row, fit.log_sum, RIDGE, fit.change, error);
        if (ok)
            kernels->scale_add(row, fit.change, fit.row, 1, 1);
    }
    fit_free(&fit);
    return ok;
}
