// Functions that units apply to their sums.
#include "net/activation.h"

#include <string.h>

#include "base/kernels.h"

static void apply_logistic(float *x, size_t n)
{
    kernels->sigmoid(x, n);
}

static void logistic_error(float *e, const float *y, size_t n)
{
    kernels->sigmoid_error(e, y, n);
}

static void apply_tanh(float *x, size_t n)
{
    kernels->tanh(x, n);
}

static void tanh_error(float *e, const float *y, size_t n)
{
    for (size_t i = 0; i < n; i++)
        e[i] *= 1 - y[i] * y[i];
}

static void apply_relu(float *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        x[i] = x[i] > 0 || x[i] != x[i] ? x[i] : 0; // NaN stays, so that it is noticed
}

static void relu_error(float *e, const float *y, size_t n)
{
    for (size_t i = 0; i < n; i++)
        e[i] = y[i] > 0 ? e[i] : 0;
}

static void apply_elu(float *x, size_t n)
{
    kernels->elu(x, n);
}

// exp(x) = y + 1 below 0.
static void elu_error(float *e, const float *y, size_t n)
{
    for (size_t i = 0; i < n; i++)
        e[i] *= y[i] > 0 ? 1 : y[i] + 1;
}

const struct activation activation_logistic = {"logistic", apply_logistic, logistic_error};
static const struct activation hyperbolic = {"tanh", apply_tanh, tanh_error};
static const struct activation relu = {"relu", apply_relu, relu_error};
static const struct activation elu = {"elu", apply_elu, elu_error};

const struct activation *const activation_table[] = {&activation_logistic, &hyperbolic, &relu, &elu,
                                                     NULL};

const struct activation *activation_named(const char *name, size_t length)
{
    for (const struct activation *const *at = activation_table; *at != NULL; at++)
        if (strlen((*at)->name) == length && memcmp((*at)->name, name, length) == 0)
            return *at;
    return NULL;
}
