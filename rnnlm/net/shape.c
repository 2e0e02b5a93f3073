// Shapes of networks: checks, and their text.
#include "net/shape.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/layers/kinds.h"
#include "net/outputs/kinds.h"

bool shape_can_be_tied(const struct network_shape *shape, struct error *error)
{
    const struct layer_shape *bottom = &shape->layer[0], *top = &shape->layer[shape->layers - 1];
    if (!shape->output->tied)
        return error_set(error,
                         "the output %s has no row as wide as the topmost layer for every word: "
                         "-output class or -output full is wanted",
                         shape->output->name);
    size_t row = layer_word_row(bottom->type, bottom->units);
    return row == top->units ||
           error_set(error,
                     "found %zu numbers in a word's row of the bottom layer, wanted %zu, the "
                     "units of the topmost layer: -embedding %zu gives them",
                     row, top->units, top->units);
}

static bool clusters_ok(const struct network_shape *shape, struct error *error)
{
    size_t last = 0;
    if (shape->clusters > 0 && !shape->output->clusters)
        return error_set(error, "clusters: found %zu, wanted 0: the output %s has none",
                         shape->clusters, shape->output->name);
    for (size_t k = 0; k < shape->clusters; k++) {
        size_t first = shape->cluster[k].first;
        size_t end = k + 1 < shape->clusters ? shape->cluster[k + 1].first : shape->words;
        if (first <= last)
            return error_set(error, "clusters: found %zu behind %zu, wanted rising numbers above 0",
                             first, last);
        if (first >= shape->words)
            return error_set(error,
                             "clusters: found one from word %zu on, wanted less than the "
                             "vocabulary's %zu words",
                             first, shape->words);
        if (end > first && shape->cluster[k].class_words > end - first)
            return error_set(error,
                             "clusters: found classes of %zu words, wanted at most the %zu "
                             "words of the cluster from %zu on",
                             shape->cluster[k].class_words, end - first, first);
        size_t n = shape->cluster[k].class_words, groups = shape->cluster[k].group_classes;
        size_t classes = n > 0 ? (end - first + n - 1) / n : 0;
        if (groups > classes)
            return error_set(error,
                             "clusters: found groups of %zu classes, wanted at most the %zu "
                             "classes of the cluster from %zu on",
                             groups, classes, first);
        last = first;
    }
    return true;
}

static bool output_ok(const struct network_shape *shape, struct error *error)
{
    if (!shape->output->classes && shape->output->divided_ok == NULL && shape->classes != 1)
        return error_set(error, "class size: found %zu, wanted 1: the output %s has no classes",
                         shape->classes, shape->output->name);
    if (!shape->output->direct && shape->maxent > 0)
        return error_set(error,
                         "direct connections: found %zu, wanted 0: the output %s has none, -output "
                         "class can have them",
                         shape->maxent, shape->output->name);
    if (!clusters_ok(shape, error))
        return false;
    return !shape->tied || shape_can_be_tied(shape, error) || error_prefix(error, "tied: ");
}

bool shape_ok(const struct network_shape *shape, struct error *error)
{
    if (shape->words < 1 || shape->words > INT32_MAX)
        return error_set(error, "vocabulary size: found %zu, wanted 1 to %d", shape->words,
                         INT32_MAX);
    if (shape->layers < 1 || shape->layers > SHAPE_MOST_LAYERS)
        return error_set(error, "layers: found %zu, wanted 1 to %d", shape->layers,
                         SHAPE_MOST_LAYERS);
    for (size_t i = 0; i < shape->layers; i++)
        if (shape->layer[i].units < 1 || shape->layer[i].units > SHAPE_MOST_UNITS)
            return error_set(error, "%s layer size: found %zu, wanted 1 to %d",
                             shape->layer[i].type == &layer_elman ? "hidden"
                                                                  : shape->layer[i].type->name,
                             shape->layer[i].units, SHAPE_MOST_UNITS);
    if (shape->classes < 1 || shape->classes > shape->words)
        return error_set(error, "class size: found %zu, wanted 1 to the vocabulary's %zu",
                         shape->classes, shape->words);
    if (shape->maxent == 1 || shape->maxent > (size_t)1 << 40)
        return error_set(error, "direct connections: found %zu, wanted 0 or 2 to 2^40",
                         shape->maxent);
    if (shape->maxent > 0 && (shape->maxent_order < 0 || shape->maxent_order > SHAPE_MOST_ORDER))
        return error_set(error, "direct order: found %d, wanted 0 to %d", shape->maxent_order,
                         SHAPE_MOST_ORDER);
    return output_ok(shape, error);
}

bool shape_is_reference(const struct network_shape *shape)
{
    const struct layer_shape *layer = shape->layer;
    return !shape->biases && !shape->tied && shape->output == &output_class && shape->layers >= 1 &&
           shape->layers <= 2 && layer[0].type == &layer_elman &&
           layer[0].activation == &activation_logistic &&
           (shape->layers == 1 || layer[1].type == &layer_compression);
}

// ---- names ------------------------------------------------------------------------------------

// Levenshtein's distance of short names.
static size_t distance(const char *a, size_t length, const char *b)
{
    enum { MOST = 24 };
    size_t row[MOST + 1], other = strlen(b);
    if (length > MOST || other > MOST)
        return MOST;
    for (size_t j = 0; j <= other; j++)
        row[j] = j;
    for (size_t i = 1; i <= length; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= other; j++) {
            size_t least = diagonal + (a[i - 1] != b[j - 1]);
            diagonal = row[j];
            least = row[j] + 1 < least ? row[j] + 1 : least;
            row[j] = row[j - 1] + 1 < least ? row[j - 1] + 1 : least;
        }
    }
    return row[other];
}

static const char *nearest_name(const char *found, size_t length, const char *const *names)
{
    const char *nearest = names[0];
    for (; *names != NULL; names++)
        if (distance(found, length, *names) < distance(found, length, nearest))
            nearest = *names;
    return nearest;
}

bool shape_unknown_name(const char *what, const char *found, size_t length,
                        const char *const *names, struct error *error)
{
    char all[512] = "";
    for (size_t i = 0; names[i] != NULL; i++) {
        strncat(all, i > 0 ? ", " : "", sizeof all - strlen(all) - 1);
        strncat(all, names[i], sizeof all - strlen(all) - 1);
    }
    return error_set(error, "found %s \"%.*s\" (did you mean %s?), wanted one of: %s", what,
                     (int)(length < 60 ? length : 60), found, nearest_name(found, length, names),
                     all);
}

enum { MOST_NAMES = 64 };

static bool unknown_layer(const char *found, size_t length, struct error *error)
{
    const char *names[MOST_NAMES + 1] = {NULL};
    for (size_t i = 0; i < MOST_NAMES && layer_table[i] != NULL; i++)
        names[i] = layer_table[i]->name;
    return shape_unknown_name("layer", found, length, names, error);
}

const struct activation *shape_activation(const char *text, size_t length, struct error *error)
{
    const struct activation *activation = activation_named(text, length);
    const char *names[MOST_NAMES + 1] = {NULL};
    if (activation != NULL)
        return activation;
    for (size_t i = 0; i < MOST_NAMES && activation_table[i] != NULL; i++)
        names[i] = activation_table[i]->name;
    shape_unknown_name("activation", text, length, names, error);
    return NULL;
}

// ---- outputs as text --------------------------------------------------------------------------

// A whole number, at most that of words there can be; moves *at behind it.
static bool parse_words(const char **at, size_t *number)
{
    const char *from = *at;
    *number = 0;
    for (; **at >= '0' && **at <= '9' && *number <= INT32_MAX; (*at)++)
        *number = *number * 10 + (size_t)(**at - '0');
    return *at > from && *number >= 1 && *number <= INT32_MAX;
}

// /N, if it is there.
static bool parse_share(const char **at, size_t *number)
{
    if (**at != '/')
        return true;
    (*at)++;
    return parse_words(at, number);
}

// FIRST,FIRST/N,FIRST/N/M,...
static bool parse_clusters(struct network_shape *shape, const char *text, struct error *error)
{
    for (const char *at = text;; at++) {
        struct cluster_shape cluster = {.first = 0};
        bool ok = parse_words(&at, &cluster.first) && parse_share(&at, &cluster.class_words) &&
                  parse_share(&at, &cluster.group_classes);
        if (!ok || (*at != ',' && *at != '\0'))
            return error_set(error,
                             "found \"%.60s\", wanted %s:FIRST,FIRST,... with the number of the "
                             "first word of each cluster, and perhaps /N for classes of N words, "
                             "/N/M for groups of M of these",
                             text, shape->output->name);
        if (shape->clusters == SHAPE_MOST_CLUSTERS)
            return error_set(error, "found \"%.60s\", wanted at most %d clusters", text,
                             SHAPE_MOST_CLUSTERS);
        if (shape->clusters > 0 && cluster.first <= shape->cluster[shape->clusters - 1].first)
            return error_set(error,
                             "found \"%.60s\": clusters begin at %zu and then %zu, wanted "
                             "rising numbers",
                             text, shape->cluster[shape->clusters - 1].first, cluster.first);
        shape->cluster[shape->clusters++] = cluster;
        if (*at == '\0')
            return true;
    }
}

bool shape_parse_output(struct network_shape *shape, const char *text, struct error *error)
{
    char name[64];
    size_t length = strcspn(text, ":");
    shape->clusters = 0;
    snprintf(name, sizeof name, "%.*s", (int)(length < 60 ? length : 60), text);
    shape->output = output_named(name, error);
    if (shape->output == NULL)
        return false;
    if (text[length] == '\0')
        return true;
    return shape->output->clusters
               ? parse_clusters(shape, text + length + 1, error)
               : error_set(error, "found \"%.60s\": the output %s has no clusters", text, name);
}

void shape_print_output(const struct network_shape *shape, char text[SHAPE_OUTPUT_TEXT])
{
    size_t length = (size_t)snprintf(text, SHAPE_OUTPUT_TEXT, "%.30s", shape->output->name);
    for (size_t k = 0; k < shape->clusters; k++) {
        const struct cluster_shape *cluster = &shape->cluster[k];
        length += (size_t)snprintf(text + length, SHAPE_OUTPUT_TEXT - length, "%c%zu",
                                   k == 0 ? ':' : ',', cluster->first);
        if (cluster->class_words > 0)
            length += (size_t)snprintf(text + length, SHAPE_OUTPUT_TEXT - length, "/%zu",
                                       cluster->class_words);
        if (cluster->group_classes > 0)
            length += (size_t)snprintf(text + length, SHAPE_OUTPUT_TEXT - length, "/%zu",
                                       cluster->group_classes);
    }
}

// ---- layers as text ---------------------------------------------------------------------------

bool shape_add_layer(struct network_shape *shape, const struct layer_type *type, size_t units,
                     const struct activation *activation, struct error *error)
{
    if (shape->layers == SHAPE_MOST_LAYERS)
        return error_set(error, "found more than %d layers", SHAPE_MOST_LAYERS);
    if (units < 1 || units > SHAPE_MOST_UNITS)
        return error_set(error, "%s layer size: found %zu, wanted 1 to %d", type->name, units,
                         SHAPE_MOST_UNITS);
    shape->layer[shape->layers++] = (struct layer_shape){
        .type = type, .activation = type->activation ? activation : NULL, .units = units};
    return true;
}

// KIND:N or KIND:N:ACTIVATION
static bool parse_layer(struct network_shape *shape, const char *text, size_t length,
                        const struct activation *activation, struct error *error)
{
    const char *end = text + length, *colon = memchr(text, ':', length);
    size_t name = colon != NULL ? (size_t)(colon - text) : length;
    const struct layer_type *type = layer_type_named(text, name);
    if (type == NULL)
        return unknown_layer(text, name, error);
    const char *number = colon != NULL ? colon + 1 : end, *at = number;
    size_t units = 0;
    for (; at < end && *at >= '0' && *at <= '9' && units <= SHAPE_MOST_UNITS; at++)
        units = units * 10 + (size_t)(*at - '0');
    if (at == number || units < 1 || units > SHAPE_MOST_UNITS || (at < end && *at != ':'))
        return error_set(error, "found \"%.*s\", wanted %s:N with N from 1 to %d",
                         (int)(length < 60 ? length : 60), text, type->name, SHAPE_MOST_UNITS);
    if (at < end) {
        if (!type->activation)
            return error_set(error, "found \"%.*s\": %s layers have no choice of activation",
                             (int)(length < 60 ? length : 60), text, type->name);
        activation = shape_activation(at + 1, (size_t)(end - at - 1), error);
        if (activation == NULL)
            return false;
    }
    return shape_add_layer(shape, type, units, activation, error);
}

bool shape_parse_layers(struct network_shape *shape, const char *text,
                        const struct activation *activation, struct error *error)
{
    if (activation == NULL)
        activation = &activation_logistic;
    shape->layers = 0;
    for (const char *at = text;; at++) {
        size_t length = strcspn(at, ",");
        if (!parse_layer(shape, at, length, activation, error))
            return false;
        at += length;
        if (*at == '\0')
            return true;
    }
}

void shape_print_layers(const struct network_shape *shape, char text[SHAPE_TEXT])
{
    size_t length = 0;
    text[0] = '\0';
    for (size_t i = 0; i < shape->layers; i++) {
        const struct layer_shape *layer = &shape->layer[i];
        int more = snprintf(text + length, SHAPE_TEXT - length, "%s%s:%zu%s%s", i > 0 ? "," : "",
                            layer->type->name, layer->units, layer->activation != NULL ? ":" : "",
                            layer->activation != NULL ? layer->activation->name : "");
        length += more > 0 ? (size_t)more : 0;
        if (length >= SHAPE_TEXT)
            return;
    }
}
