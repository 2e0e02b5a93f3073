// Statistics of gradients.
#include "train/statistics.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/map.h"
#include "base/memory.h"
#include "base/sections.h"
#include "model/model_file.h"
#include "train/fingerprint.h"
#include "train/text_streams.h"

enum { STREAMS = 32, STEPS = 20, LEAST_WORDS = 10 * STEPS, PARAMETERS = 256 };

static const char KIND[] = "statistics";

// ---- collecting -------------------------------------------------------------------------------

static bool collect(struct gradient_collector *collector, struct text_streams *text,
                    struct error *error)
{
    struct tape *tape = &collector->batch.tape;
    while (text_streams_read(text, tape->steps, tape->word, tape->target) == tape->steps)
        if (!gradient_collector_take(collector, error))
            return false;
    return collector->blocks > 0 || error_set(error, "the text has too few words for statistics");
}

bool statistics_collect(struct gradient_roots *roots, struct model *model, struct corpus *text,
                        struct error *error)
{
    const struct epoch_rule order = {.block = 1};
    struct gradient_collector collector = {.blocks = 0};
    struct pool *pool = pool_new(threads_available(), error);
    if (pool == NULL || !corpus_start(text, &model->vocabulary, error)) {
        pool_free(pool);
        return false;
    }
    uint64_t tokens = corpus_text(text, 0)->ids.tokens / LEAST_WORDS + 1;
    size_t streams = tokens < STREAMS ? (size_t)tokens : STREAMS;
    struct text_streams *parts =
        text_streams_open(text, &model->vocabulary, &order, streams, error);
    bool ok = parts != NULL && text_streams_start(parts, 0, 0, error) &&
              gradient_collector_init(&collector, &model->network, roots, streams, STEPS,
                                      model->record.independent, pool, error) &&
              collect(&collector, parts, error);
    if (ok)
        gradient_collector_finish(&collector);
    gradient_collector_free(&collector);
    text_streams_close(parts);
    pool_free(pool);
    return ok;
}

// ---- files ------------------------------------------------------------------------------------

struct stamp {
    uint64_t vocabulary, weights;
};

static struct stamp stamp_of(const struct model *model)
{
    struct stamp stamp = {.vocabulary = fingerprint_vocabulary(&model->vocabulary)};
    for (size_t p = 0; p < model->network.parameters; p++) {
        const struct parameter *parameter = &model->network.parameter[p];
        uint64_t one = checksum_of(parameter->data, parameter_bytes(parameter));
        stamp.weights = stamp.weights * 0x9e3779b97f4a7c15u + one;
    }
    return stamp;
}

bool statistics_write(const struct gradient_roots *roots, const struct model *model,
                      const char *path, struct error *error)
{
    struct section_plan plan[PARAMETERS];
    const struct stamp stamp = stamp_of(model);
    const struct network *network = &model->network;
    size_t count = 0;
    plan[count++] =
        section_plan_array("model", SECTION_UINT64, sizeof stamp / sizeof(uint64_t), &stamp);
    for (size_t p = 0; p < network->parameters && count < PARAMETERS; p++)
        plan[count++] = section_plan_array(network->parameter[p].name, SECTION_FLOAT,
                                           parameter_count(&network->parameter[p]), roots->root[p]);
    struct output *output = output_create(path, error);
    bool ok = output != NULL && sections_write(output, KIND, plan, count, error);
    return output_end(output, ok, error);
}

// The array of a section, whose checksum is right.
static const void *array(const struct map *map, const struct sections *sections, const char *name,
                         enum section_type type, uint64_t count, struct error *error)
{
    const struct section *section = sections_array(sections, name, type, count, error);
    const char *data = section != NULL ? (const char *)map->data + section->offset : NULL;
    return data != NULL &&
                   section_checksum_ok(section, checksum_of(data, section_bytes(section)), error)
               ? data
               : NULL;
}

static bool take_roots(struct gradient_roots *roots, const struct model *model,
                       const struct map *map, const struct sections *sections, struct error *error)
{
    const struct network *network = &model->network;
    const struct stamp stamp = stamp_of(model);
    const void *found =
        array(map, sections, "model", SECTION_UINT64, sizeof stamp / sizeof(uint64_t), error);
    if (found == NULL)
        return false;
    if (memcmp(found, &stamp, sizeof stamp) != 0)
        return error_set(error,
                         "found statistics of another model, or of this one before it learnt more; "
                         "rnnlm-model -statistics TEXT makes them anew");
    for (size_t p = 0; p < network->parameters; p++) {
        const size_t numbers = parameter_count(&network->parameter[p]);
        const float *root =
            array(map, sections, network->parameter[p].name, SECTION_FLOAT, numbers, error);
        if (root == NULL)
            return false;
        for (size_t i = 0; i < numbers; i++)
            if (!(root[i] >= 0 && root[i] < INFINITY))
                return error_set(error, "%s: found %g, wanted a root of a mean square",
                                 network->parameter[p].name, (double)root[i]);
        memcpy(roots->root[p], root, numbers * sizeof *root);
    }
    gradient_roots_finish(roots, network);
    return true;
}

bool statistics_read(struct gradient_roots *roots, const struct model *model, const char *path,
                     struct error *error)
{
    struct sections sections = {.count = 0};
    struct map map;
    if (!gradient_roots_init(roots, &model->network, error) || !map_open(&map, path, error))
        return false;
    bool ok = (sections_in(&sections, map.data, map.size, KIND, error) &&
               take_roots(roots, model, &map, &sections, error)) ||
              error_prefix(error, "%s: ", path);
    sections_free(&sections);
    map_close(&map);
    return ok;
}

bool statistics_open(struct gradient_roots *roots, const struct model *model,
                     const char *model_path, const char *path, struct error *error)
{
    *roots = (struct gradient_roots){.root = NULL};
    if (path != NULL)
        return statistics_read(roots, model, path, error);
    char *beside = model_file_beside(model_path, STATISTICS_SUFFIX, error);
    bool ok = beside != NULL && statistics_read(roots, model, beside, error);
    if (!ok && beside != NULL && access(beside, F_OK) != 0)
        error_add(error, ": rnnlm-model -statistics TEXT makes it of the training text");
    free(beside);
    return ok;
}

bool statistics_exist(const char *model_path)
{
    char *beside = model_file_beside(model_path, STATISTICS_SUFFIX, NULL);
    bool there = beside != NULL && access(beside, F_OK) == 0;
    free(beside);
    return there;
}
