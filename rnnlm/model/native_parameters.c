// The parameters of a network in native models: found, read, used in place.
#include "model/native_parameters.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/bfloat16.h"

enum { HALVES = 1 << 12 }; // elements at a time, a multiple of CHECKSUM_BLOCK

bool native_parameter_may_be_half(const struct network *network, size_t i)
{
    enum parameter_use use = network->parameter[i].use;
    return use == PARAMETER_BY_INPUT || use == PARAMETER_BY_BOTH ||
           (i >= network->output_at && use != PARAMETER_BIAS);
}

// ---- sizes ------------------------------------------------------------------------------------

static bool fits(const struct native_source *source, const struct parameter *parameter)
{
    const struct section *section = native_section(source, parameter->name);
    if (section == NULL)
        return false;
    bool half = section->type == SECTION_BFLOAT16;
    size_t stride = parameter_stride(parameter->use, half ? PARAMETER_BFLOAT16 : PARAMETER_FLOAT,
                                     parameter->width);
    if ((half || section->type == SECTION_FLOAT) && section->rows == parameter->rows &&
        section->width == parameter->width && section->stride == stride)
        return true;
    return error_set(source->error,
                     "%s: %s: found %" PRIu64 " rows of %" PRIu64 " elements, %" PRIu64
                     " apart, of type %" PRIu32 "; wanted %zu rows of %zu, %zu apart, of type %d "
                     "or %d",
                     source->name, parameter->name, section->rows, section->width, section->stride,
                     section->type, parameter->rows, parameter->width, stride, SECTION_FLOAT,
                     SECTION_BFLOAT16);
}

bool native_parameters_fit(const struct native_source *source, const struct network *network)
{
    for (size_t i = 0; i < network->parameters; i++)
        if (!fits(source, &network->parameter[i]))
            return false;
    return true;
}

// ---- into memory of our own -------------------------------------------------------------------

// The columns from `first` on of row i, `count` of them with the padding.
static bool read_halves(struct native_source *source, struct room *room,
                        const struct parameter *parameter, size_t i, size_t first, size_t count)
{
    uint16_t half[HALVES];
    size_t at = i * parameter->stride + first;
    size_t kept = first >= parameter->width          ? 0
                  : parameter->width - first < count ? parameter->width - first
                                                     : count;
    if (!section_read(&source->reader, half, count * sizeof *half))
        return false;
    for (size_t j = kept; j < count; j++)
        if (half[j] != 0)
            return error_set(source->error, "%s: %s: found %g in the padding of row %zu, wanted 0",
                             source->name, parameter->name, (double)bfloat16_to(half[j]), i);
    if (!section_reserve(&source->reader, room, (at + kept) * sizeof(float)))
        return false;
    for (size_t j = 0; j < kept; j++)
        ((float *)room->data)[at + j] = bfloat16_to(half[j]);
    return true;
}

static float *read_expanded(struct native_source *source, const struct section *section,
                            const struct parameter *parameter)
{
    struct room room = {.total = parameter_bytes(parameter)};
    bool ok = section_begin(&source->reader, section);
    for (size_t i = 0; i < parameter->rows; i++)
        for (size_t at = 0; ok && at < section->stride; at += HALVES)
            ok = read_halves(source, &room, parameter, i, at,
                             section->stride - at < HALVES ? section->stride - at : HALVES);
    if (ok && section_reserve(&source->reader, &room, room.total) &&
        section_end(&source->reader, section))
        return room.data;
    free(room.data);
    return NULL;
}

// The padding of rows takes part in no sum as long as it is zero.
static bool padding_ok(const struct native_source *source, const struct parameter *parameter)
{
    for (size_t i = 0; i < parameter->rows; i++)
        for (size_t j = parameter->width; j < parameter->stride; j++)
            if (parameter_row(parameter, i)[j] != 0)
                return error_set(
                    source->error, "%s: %s: found %g in the padding of row %zu, wanted 0",
                    source->name, parameter->name, (double)parameter_row(parameter, i)[j], i);
    return true;
}

bool native_parameters_read(struct native_source *source, struct network *network)
{
    for (size_t i = 0; i < network->parameters; i++) {
        struct parameter *parameter = &network->parameter[i];
        const struct section *section = native_section(source, parameter->name);
        parameter->data = section->type == SECTION_BFLOAT16
                              ? (void *)read_expanded(source, section, parameter)
                              : section_new(&source->reader, section, 0);
        parameter->borrowed = false;
        if (parameter->data == NULL || !padding_ok(source, parameter))
            return false;
    }
    return true;
}

// ---- in place ---------------------------------------------------------------------------------

static bool usable(const struct native_source *source, const struct network *network)
{
    size_t halves = 0, floats = 0;
    for (size_t i = 0; i < network->parameters; i++) {
        bool half = native_section(source, network->parameter[i].name)->type == SECTION_BFLOAT16;
        if (native_parameter_may_be_half(network, i))
            *(half ? &halves : &floats) += 1;
        else if (half)
            return false;
    }
    return halves == 0 || floats == 0;
}

bool native_parameters_use(const struct native_source *source, struct network *network)
{
    if (!usable(source, network))
        return false;
    for (size_t i = 0; i < network->parameters; i++) {
        struct parameter *parameter = &network->parameter[i];
        const struct section *section = native_section(source, parameter->name);
        parameter->type = section->type == SECTION_BFLOAT16 ? PARAMETER_BFLOAT16 : PARAMETER_FLOAT;
        parameter->stride = section->stride;
        parameter->data = native_place(source, section);
    }
    network_borrowed(network);
    return true;
}
