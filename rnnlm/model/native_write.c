// Writing native model files.
#include <stdlib.h>
#include <string.h>

#include "base/bfloat16.h"
#include "base/memory.h"
#include "base/sections.h"
#include "model/native.h"
#include "model/native_parameters.h"
#include "model/native_text.h"
#include "net/output.h"

enum {
    HALVES = 1 << 12,
    OTHERS = 8
}; // elements at a time, a multiple of CHECKSUM_BLOCK; sections
    // that are no parameters

// ---- bfloat16 ---------------------------------------------------------------------------------

// What the parameter of a section is put from.
struct rounding {
    const struct network *network;
    size_t parameter;
    float *mean;     // [width] scratch
    bool has_scores; // which what is added to all rows would change
};

// A row, less `mean` unless that is NULL.
static void put_row(struct section_sink *sink, const float *row, const float *mean, size_t width,
                    size_t stride)
{
    uint16_t half[HALVES];
    for (size_t at = 0; at < stride; at += HALVES) {
        size_t count = stride - at < HALVES ? stride - at : HALVES;
        for (size_t i = 0; i < count; i++)
            half[i] = at + i >= width ? 0
                      : mean != NULL  ? bfloat16_from(row[at + i] - mean[at + i])
                                      : bfloat16_from(row[at + i]);
        section_put(sink, half, count * sizeof *half);
    }
}

// The mean of rows that take part in one softmax: less that, no probability changes, but what is
// left is small (measured: a twentieth), and so is what rounding loses. A mean that is small already
// is left alone (NULL), so that what has been rounded stays as it is.
static const float *mean_of(const struct parameter *parameter, size_t first, size_t count,
                            float *mean)
{
    const double small = 1e-4;
    double power = 0, of_mean = 0;
    memset(mean, 0, parameter->width * sizeof *mean);
    for (size_t i = 0; i < count; i++) {
        const float *row = parameter_row(parameter, first + i);
        for (size_t j = 0; j < parameter->width; j++) {
            mean[j] += (row[j] - mean[j]) / (float)(i + 1);
            power += (double)row[j] * (double)row[j] / (double)count;
        }
    }
    for (size_t j = 0; j < parameter->width; j++)
        of_mean += (double)mean[j] * (double)mean[j];
    return of_mean > small * power ? mean : NULL;
}

// Softmaxes are asked for in the order of their rows. Where scores stand for probabilities, they stay.
static void put_parameter(const struct section_plan *plan, struct section_sink *sink)
{
    const struct rounding *rounding = plan->context;
    const struct network *network = rounding->network;
    const struct parameter *parameter = &network->parameter[rounding->parameter];
    struct output_softmax softmax;
    size_t next = 0;
    for (size_t i = 0;
         !rounding->has_scores && network->shape.output->softmax(network, i, &softmax); i++) {
        if (softmax.parameter != rounding->parameter)
            continue;
        const float *mean = mean_of(parameter, softmax.first, softmax.count, rounding->mean);
        for (size_t j = 0; j < softmax.count; j++)
            put_row(sink, parameter_row(parameter, softmax.first + j), mean, parameter->width,
                    plan->section.stride);
        next = softmax.first + softmax.count;
    }
    for (; next < parameter->rows; next++)
        put_row(sink, parameter_row(parameter, next), NULL, parameter->width, plan->section.stride);
}

// ---- sections ---------------------------------------------------------------------------------

static size_t plan_others(struct section_plan *plan, const struct model *model,
                          const char *architecture, const char *record)
{
    const struct vocabulary *vocabulary = &model->vocabulary;
    size_t count = 0;
    plan[count++] =
        section_plan_array("architecture", SECTION_BYTE, strlen(architecture) + 1, architecture);
    plan[count++] = section_plan_array("record", SECTION_BYTE, strlen(record) + 1, record);
    plan[count++] =
        section_plan_array("counts", SECTION_UINT64, vocabulary->size, vocabulary->count);
    plan[count++] =
        section_plan_array("offsets", SECTION_UINT64, vocabulary->size, vocabulary->offset);
    plan[count++] =
        section_plan_array("letters", SECTION_BYTE, vocabulary->letters_used, vocabulary->letters);
    plan[count++] = section_plan_array("slots", SECTION_INT32, vocabulary->slots, vocabulary->slot);
    plan[count++] = section_plan_array("classes", SECTION_INT32, vocabulary->size,
                                       model->network.classes.of_word);
    plan[count++] = section_plan_array("state", SECTION_FLOAT, model->network.state, model->state);
    return count;
}

static void plan_parameter(struct section_plan *plan, const struct model *model,
                           const struct rounding *rounding)
{
    const struct parameter *parameter = &model->network.parameter[rounding->parameter];
    bool half = model->format == MODEL_NATIVE_BFLOAT16 &&
                native_parameter_may_be_half(&model->network, rounding->parameter);
    *plan = (struct section_plan){
        .section = {.type = half ? SECTION_BFLOAT16 : SECTION_FLOAT,
                    .rows = parameter->rows,
                    .width = parameter->width,
                    .stride = parameter_stride(parameter->use,
                                               half ? PARAMETER_BFLOAT16 : PARAMETER_FLOAT,
                                               parameter->width)},
        .data = parameter->data,
        .put = half ? put_parameter : NULL,
        .context = rounding};
    memcpy(plan->section.name, parameter->name, strlen(parameter->name));
}

static bool write(const struct model *model, struct output *output, const char *architecture,
                  const char *record, struct section_plan *plan, struct rounding *rounding,
                  struct error *error)
{
    const struct network *network = &model->network;
    size_t count = plan_others(plan, model, architecture, record), widest = 0;
    for (size_t i = 0; i < network->parameters; i++)
        if (network->parameter[i].width > widest && network->parameter[i].use != PARAMETER_HASH)
            widest = network->parameter[i].width;
    float *mean = memory_new(widest, sizeof *mean, error);
    for (size_t i = 0; mean != NULL && i < network->parameters; i++) {
        rounding[i] = (struct rounding){network, i, mean, model_has_scores(model, NULL)};
        plan_parameter(&plan[count++], model, &rounding[i]);
    }
    bool ok = mean != NULL && sections_write(output, "model", plan, count, error);
    free(mean);
    return ok;
}

bool native_write(const struct model *model, struct output *output, struct error *error)
{
    char *architecture = memory_new(NATIVE_ARCHITECTURE, 1, error);
    char *record = native_print_record(&model->record, error);
    struct section_plan *plan = memory_new(OTHERS + model->network.parameters, sizeof *plan, error);
    struct rounding *rounding = memory_new(model->network.parameters, sizeof *rounding, error);
    bool ok = architecture != NULL && record != NULL && plan != NULL && rounding != NULL;
    if (ok) {
        native_print_architecture(&model->network.shape, architecture);
        ok = write(model, output, architecture, record, plan, rounding, error);
    }
    free(architecture);
    free(record);
    free(plan);
    free(rounding);
    return ok;
}
