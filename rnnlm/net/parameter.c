// Parameters: memory, and what can be asked of any of them.
#include "net/parameter.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

size_t parameter_stride(enum parameter_use use, enum parameter_type type, size_t width)
{
    if (use == PARAMETER_HASH)
        return width;
    return type == PARAMETER_BFLOAT16 ? memory_half_row(width) : memory_row(width);
}

static size_t element_size(const struct parameter *parameter)
{
    return parameter->type == PARAMETER_BFLOAT16 ? sizeof(uint16_t) : sizeof(float);
}

bool parameter_allocate(struct parameter *parameter, struct error *error)
{
    size_t count;
    if (__builtin_mul_overflow(parameter->rows, parameter->stride, &count))
        return error_set(error, "not enough memory: %zu rows of %zu numbers wanted for %s",
                         parameter->rows, parameter->stride, parameter->name);
    parameter->data = memory_new(count, element_size(parameter), error);
    return parameter->data != NULL || error_prefix(error, "%s: ", parameter->name);
}

void parameter_free(struct parameter *parameter)
{
    if (!parameter->borrowed)
        free(parameter->data);
    parameter->data = NULL;
}

size_t parameter_count(const struct parameter *parameter)
{
    return parameter->rows * parameter->stride;
}

size_t parameter_bytes(const struct parameter *parameter)
{
    return parameter_count(parameter) * element_size(parameter);
}

// Numbers whose exponent is all ones are not finite; in this form the loop takes many at a time.
static bool all_finite(const float *data, size_t count)
{
    uint32_t found = 0;
    for (size_t i = 0; i < count; i++) {
        uint32_t bits;
        memcpy(&bits, &data[i], sizeof bits);
        found |= (bits & 0x7f800000u) == 0x7f800000u;
    }
    return found == 0;
}

bool parameter_is_finite(const struct parameter *parameter, struct error *error)
{
    const float *data = parameter->data;
    if (parameter->type != PARAMETER_FLOAT || all_finite(data, parameter_count(parameter)))
        return true;
    size_t i = 0;
    while (isfinite(data[i]))
        i++;
    return error_set(error, "%s: found %g, wanted finite numbers", parameter->name,
                     (double)data[i]);
}
