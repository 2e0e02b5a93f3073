// The reference's model files: header and vocabulary. The arrays of weights are in
// mikolov_weights.c.
#include "model/mikolov.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/number.h"
#include "model/mikolov_weights.h"
#include "net/layers/kinds.h"
#include "net/outputs/kinds.h"

enum { VERSION = 10, OLD_VERSION = 6 };

// ---- header -----------------------------------------------------------------------------------

// What the header's lines say, before it is known whether they make sense together.
struct header {
    int64_t version, binary, epochs, position, save_every, train_words;
    int64_t inputs, hidden, compression, outputs, maxent, maxent_order, bptt, bptt_block, words,
        classes;
    int64_t old_classes, independent, halving;
    double valid_log10_prob, train_log10_prob, starting_alpha, alpha;
    char *train_file, *valid_file;
};

enum field_type { FIELD_COUNT, FIELD_NUMBER, FIELD_RATE, FIELD_TEXT };

struct field {
    const char *name;
    enum field_type type;
    size_t offset;
    bool since_10;   // not in version 6
    bool blank_line; // follows it
};

#define FIELD(name, type, member, since_10, blank)                                                 \
    {                                                                                              \
        name, type, offsetof(struct header, member), since_10, blank                               \
    }

// In the order of the file; readers go by the order and the colons, not by the names.
static const struct field fields[] = {
    FIELD("version", FIELD_COUNT, version, false, false),
    FIELD("file format", FIELD_COUNT, binary, true, true),
    FIELD("training data file", FIELD_TEXT, train_file, false, false),
    FIELD("validation data file", FIELD_TEXT, valid_file, false, true),
    FIELD("last probability of validation data", FIELD_NUMBER, valid_log10_prob, false, false),
    FIELD("number of finished iterations", FIELD_COUNT, epochs, false, false),
    FIELD("current position in training data", FIELD_COUNT, position, false, false),
    FIELD("current probability of training data", FIELD_NUMBER, train_log10_prob, false, false),
    FIELD("save after processing # words", FIELD_COUNT, save_every, false, false),
    FIELD("# of training words", FIELD_COUNT, train_words, false, false),
    FIELD("input layer size", FIELD_COUNT, inputs, false, false),
    FIELD("hidden layer size", FIELD_COUNT, hidden, false, false),
    FIELD("compression layer size", FIELD_COUNT, compression, true, false),
    FIELD("output layer size", FIELD_COUNT, outputs, false, false),
    FIELD("direct connections", FIELD_COUNT, maxent, false, false),
    FIELD("direct order", FIELD_COUNT, maxent_order, true, false),
    FIELD("bptt", FIELD_COUNT, bptt, false, false),
    FIELD("bptt block", FIELD_COUNT, bptt_block, false, false),
    FIELD("vocabulary size", FIELD_COUNT, words, false, false),
    FIELD("class size", FIELD_COUNT, classes, false, false),
    FIELD("old classes", FIELD_COUNT, old_classes, true, false),
    FIELD("independent sentences mode", FIELD_COUNT, independent, true, false),
    FIELD("starting learning rate", FIELD_RATE, starting_alpha, false, false),
    FIELD("current learning rate", FIELD_RATE, alpha, false, false),
    FIELD("learning rate decrease", FIELD_COUNT, halving, false, true),
};

enum { FIELDS = sizeof fields / sizeof fields[0] };

static void *member_of(struct header *header, const struct field *field)
{
    return (char *)header + field->offset;
}

// Fails with "FILE: line N: " in front of what is wrong.
static bool wrong(const struct input *input, struct error *error)
{
    return error_prefix(error, "%s: line %" PRIu64 ": ", input_name(input),
                        input_line_number(input));
}

// The value of the next header line: what is behind its first colon, without blanks at the ends.
static char *next_value(struct input *input, const struct field *field, size_t *length,
                        struct error *error)
{
    char *line, *colon;
    do {
        line = input_line(input, length);
        if (line == NULL) {
            if (input_ok(input, error)) {
                error_set(error, "file ends, \"%s: ...\" wanted", field->name);
                wrong(input, error);
            }
            return NULL;
        }
    } while (line[strspn(line, " \t\r")] == '\0' && strlen(line) == *length);
    colon = memchr(line, ':', *length);
    if (colon == NULL) {
        error_set(error, "found \"%.60s\", wanted \"%s: ...\"", line, field->name);
        wrong(input, error);
        return NULL;
    }
    char *value = colon + 1 + strspn(colon + 1, " \t");
    *length = strlen(value);
    while (*length > 0 && strchr(" \t\r", value[*length - 1]) != NULL)
        --*length;
    return value;
}

static bool parse_value(struct header *header, const struct field *field, const char *value,
                        size_t length, struct error *error)
{
    if (field->type == FIELD_TEXT) {
        char **text = member_of(header, field);
        if (length > 0)
            *text = memory_text(value, length, error);
        return length == 0 || *text != NULL;
    }
    double number;
    if (!number_parse(value, length, &number) || !isfinite(number))
        return error_set(error, "%s: found \"%.*s\", wanted a number", field->name,
                         (int)(length < 60 ? length : 60), value);
    if (field->type == FIELD_NUMBER || field->type == FIELD_RATE) {
        *(double *)member_of(header, field) = number;
        return true;
    }
    if (number < 0 || number > 9e18 || number != floor(number))
        return error_set(error, "%s: found %.*s, wanted a whole number, at least 0", field->name,
                         (int)length, value);
    *(int64_t *)member_of(header, field) = (int64_t)number;
    return true;
}

static bool check_version(const struct header *header, struct error *error)
{
    return header->version == VERSION || header->version == OLD_VERSION ||
           error_set(error, "model file version: found %" PRId64 ", wanted %d or %d",
                     header->version, VERSION, OLD_VERSION);
}

static bool read_header(struct header *header, struct input *input, struct error *error)
{
    for (size_t i = 0; i < FIELDS; i++) {
        size_t length;
        if (fields[i].since_10 && header->version == OLD_VERSION)
            continue;
        char *value = next_value(input, &fields[i], &length, error);
        if (value == NULL)
            return false;
        if (!parse_value(header, &fields[i], value, length, error) ||
            (i == 0 && !check_version(header, error)))
            return wrong(input, error);
    }
    return true;
}

static bool check_header(const struct header *header, struct network_shape *shape,
                         struct error *error)
{
    if (header->version == OLD_VERSION && header->maxent > 0)
        return error_set(error,
                         "version 6 with %" PRId64
                         " direct connections, which are another feature than today's: not "
                         "supported; wanted 0",
                         header->maxent);
    if (header->binary > 1)
        return error_set(error, "file format: found %" PRId64 ", wanted 0 (text) or 1 (binary)",
                         header->binary);
    *shape = (struct network_shape){
        .words = (size_t)header->words,
        .layer = {{&layer_elman, &activation_logistic, (size_t)header->hidden},
                  {&layer_compression, NULL, (size_t)header->compression}},
        .layers = header->compression > 0 ? 2 : 1,
        .output = &output_class,
        .classes = (size_t)header->classes,
        .maxent = (size_t)header->maxent,
        .maxent_order = header->maxent_order > INT32_MAX ? -1 : (int)header->maxent_order};
    if (!shape_ok(shape, error))
        return false;
    if (header->inputs != header->words + header->hidden)
        return error_set(error,
                         "input layer size: found %" PRId64
                         ", wanted vocabulary + hidden layer = %" PRId64,
                         header->inputs, header->words + header->hidden);
    if (header->outputs != header->words + header->classes)
        return error_set(
            error, "output layer size: found %" PRId64 ", wanted vocabulary + classes = %" PRId64,
            header->outputs, header->words + header->classes);
    if (header->bptt > 1 << 20 || header->bptt_block < 1 || header->bptt_block > 1 << 20)
        return error_set(error,
                         "bptt: found %" PRId64 " in blocks of %" PRId64 ", wanted at most %d",
                         header->bptt, header->bptt_block, 1 << 20);
    return true;
}

// The header's file names become the model's.
static void keep_record(struct model *model, struct header *header)
{
    model->record = (struct training_record){
        .train_file = header->train_file,
        .valid_file = header->valid_file,
        .valid_log10_prob = header->valid_log10_prob,
        .train_log10_prob = header->train_log10_prob,
        .epochs = header->epochs,
        .position = (uint64_t)header->position,
        .save_every = (uint64_t)header->save_every,
        .train_words = (uint64_t)header->train_words,
        .bptt = header->bptt > 1 ? header->bptt - 1 : 0,
        .bptt_block = header->bptt_block,
        .old_classes = header->old_classes != 0,
        .independent = header->independent != 0,
        .starting_alpha = header->starting_alpha,
        .alpha = header->alpha,
        .halving = header->halving != 0,
    };
    model->format = header->binary ? MODEL_BINARY : MODEL_TEXT;
    header->train_file = header->valid_file = NULL;
}

bool mikolov_recognise(struct input *input)
{
    static const char first[] = "version:";
    size_t size;
    const char *text = input_ahead(input, sizeof first - 1, &size);
    return size >= sizeof first - 1 && memcmp(text, first, sizeof first - 1) == 0;
}

// ---- vocabulary -------------------------------------------------------------------------------

struct entry {
    int64_t id, count, k;
    const char *word;
    size_t length;
};

// The next part of a line between blanks; its length is 0 at the line's end.
static const char *next_part(const char **at, size_t *length)
{
    const char *part = *at + strspn(*at, " \t\r");
    *length = strcspn(part, " \t\r");
    *at = part + *length;
    return part;
}

static bool next_count(const char **at, int64_t *count)
{
    size_t length;
    double number;
    const char *part = next_part(at, &length);
    if (!number_parse(part, length, &number) ||
        !(number >= 0 && number <= 9e18 && number == floor(number)))
        return false;
    *count = (int64_t)number;
    return true;
}

static bool parse_entry(const char *line, size_t length, struct entry *entry, struct error *error)
{
    const char *at = line;
    size_t rest;
    bool ok =
        strlen(line) == length && next_count(&at, &entry->id) && next_count(&at, &entry->count);
    if (ok) {
        entry->word = next_part(&at, &entry->length);
        ok = entry->length > 0 && next_count(&at, &entry->k);
    }
    if (ok) {
        next_part(&at, &rest);
        ok = rest == 0;
    }
    return ok ||
           error_set(error, "found \"%.60s\", wanted a word's id, count, spelling and class", line);
}

static bool add_entry(struct vocabulary *vocabulary, const struct entry *entry, size_t wanted,
                      struct error *error)
{
    if ((uint64_t)entry->id != wanted)
        return error_set(error, "found word id %" PRId64 ", wanted %zu", entry->id, wanted);
    int32_t id = vocabulary_add(vocabulary, entry->word, entry->length, error);
    if (id < 0)
        return false;
    if ((size_t)id != wanted)
        return wanted == 0 ? error_set(error, "the first word is \"%.*s\", wanted </s>",
                                       (int)entry->length, entry->word)
                           : error_set(error, "the word \"%.*s\" stands there twice",
                                       (int)entry->length, entry->word);
    vocabulary->count[id] = (uint64_t)entry->count;
    return true;
}

static bool read_entry(struct model *model, struct input *input, size_t id, int64_t *k,
                       struct error *error)
{
    size_t length;
    char *line = input_line(input, &length);
    if (line == NULL)
        return input_ok(input, error) && error_set(error, "file ends, word %zu wanted", id);
    struct entry entry = {.id = 0};
    if (!parse_entry(line, length, &entry, error) ||
        !add_entry(&model->vocabulary, &entry, id, error))
        return false;
    *k = entry.k;
    return true;
}

// Reads up to the heading that ends with `heading` and a colon; blank lines may stand before it.
static bool read_heading(struct input *input, const char *heading, struct error *error)
{
    size_t length;
    char *line;
    do {
        line = input_line(input, &length);
        if (line == NULL)
            return input_ok(input, error) &&
                   (error_set(error, "file ends, \"%s:\" wanted", heading), wrong(input, error));
    } while (line[strspn(line, " \t\r")] == '\0');
    if (memchr(line, ':', length) != NULL)
        return true;
    error_set(error, "found \"%.60s\", wanted \"%s:\"", line, heading);
    return wrong(input, error);
}

static bool read_vocabulary(struct model *model, struct input *input, const struct header *header,
                            struct classes *classes, struct error *error)
{
    if (!read_heading(input, "Vocabulary", error) || !vocabulary_init(&model->vocabulary, error))
        return false;
    // Grown as lines arrive: a header that promises more words than the file holds costs no memory.
    int32_t *of_word = NULL;
    size_t capacity = 0, words = (size_t)header->words;
    bool ok = true;
    for (size_t id = 0; id < words && ok; id++) {
        int64_t k = 0;
        ok = memory_grow(&of_word, &capacity, id + 1, sizeof *of_word, error) &&
             read_entry(model, input, id, &k, error);
        if (ok && (k >= header->classes || (id > 0 && k < of_word[id - 1])))
            ok = error_set(error,
                           "found class %" PRId64 ", wanted %d to %" PRId64
                           " (classes are runs of words)",
                           k, id > 0 ? of_word[id - 1] : 0, header->classes - 1);
        if (ok)
            of_word[id] = (int32_t)k;
        else
            wrong(input, error);
    }
    ok = ok && classes_from_words(classes, of_word, words, (size_t)header->classes, error);
    free(of_word);
    return ok;
}

// ---- the whole file ---------------------------------------------------------------------------

static bool read_with_header(struct model *model, struct input *input, struct header *header,
                             struct error *error)
{
    struct network_shape shape;
    struct classes classes = {0};
    if (!read_header(header, input, error))
        return false;
    if (!check_header(header, &shape, error))
        return error_prefix(error, "%s: ", input_name(input));
    if (!read_vocabulary(model, input, header, &classes, error))
        return false;
    if (!mikolov_weights_fit(input, &shape, header->binary != 0, error) ||
        !network_outline(&model->network, &shape, &classes, error) || !model_attach(model, error)) {
        classes_free(&classes);
        return error_prefix(error, "%s: ", input_name(input));
    }
    return mikolov_read_weights(model, input, header->binary != 0, error);
}

bool mikolov_read(struct model *model, struct input *input, struct error *error)
{
    struct header header = {.binary = 0, .maxent_order = 3};
    bool ok = read_with_header(model, input, &header, error);
    if (ok)
        keep_record(model, &header);
    free(header.train_file);
    free(header.valid_file);
    return ok;
}

// A rate in the reference's form, six decimals, where that is the whole of it; others would come back
// as another rate, or as 0. The reference reads all forms that scanf() does.
static void write_rate(struct output *output, double rate)
{
    char text[64];
    double back;
    snprintf(text, sizeof text, "%f", rate);
    for (int digits = 6; digits <= 17; digits++) {
        if (number_parse(text, strlen(text), &back) && back == rate)
            break;
        snprintf(text, sizeof text, "%.*g", digits, rate);
    }
    output_format(output, "%s\n", text);
}

static void write_field(struct output *output, const struct field *field, struct header *header)
{
    void *member = member_of(header, field);
    output_format(output, "%s: ", field->name);
    if (field->type == FIELD_COUNT)
        output_format(output, "%" PRId64 "\n", *(int64_t *)member);
    else if (field->type == FIELD_NUMBER)
        output_format(output, "%f\n", *(double *)member);
    else if (field->type == FIELD_RATE)
        write_rate(output, *(double *)member);
    else
        output_format(output, "%s\n", *(char **)member != NULL ? *(char **)member : "");
    if (field->blank_line)
        output_text(output, "\n");
}

static struct header make_header(const struct model *model)
{
    const struct network_shape *shape = &model->network.shape;
    const struct training_record *record = &model->record;
    return (struct header){
        .version = VERSION,
        .binary = model->format == MODEL_BINARY,
        .epochs = record->epochs,
        .position = (int64_t)record->position,
        .save_every = (int64_t)record->save_every,
        .train_words = (int64_t)record->train_words,
        .inputs = (int64_t)(shape->words + shape->layer[0].units),
        .hidden = (int64_t)shape->layer[0].units,
        .compression = shape->layers > 1 ? (int64_t)shape->layer[1].units : 0,
        .outputs = (int64_t)(shape->words + shape->classes),
        .maxent = (int64_t)shape->maxent,
        .maxent_order = shape->maxent_order,
        .bptt = record->bptt > 0 ? record->bptt + 1 : 0,
        .bptt_block = record->bptt_block,
        .words = (int64_t)shape->words,
        .classes = (int64_t)shape->classes,
        .old_classes = record->old_classes,
        .independent = record->independent,
        .halving = record->halving,
        .valid_log10_prob = record->valid_log10_prob,
        .train_log10_prob = record->train_log10_prob,
        .starting_alpha = record->starting_alpha,
        .alpha = record->alpha,
        .train_file = record->train_file,
        .valid_file = record->valid_file,
    };
}

void mikolov_write(const struct model *model, struct output *output)
{
    struct header header = make_header(model);
    for (size_t i = 0; i < FIELDS; i++)
        write_field(output, &fields[i], &header);
    output_text(output, "\nVocabulary:\n");
    for (size_t id = 0; id < model->vocabulary.size; id++)
        output_format(output, "%6zu\t%10" PRIu64 "\t%s\t%d\n", id, model->vocabulary.count[id],
                      vocabulary_word(&model->vocabulary, (int32_t)id),
                      model->network.classes.of_word[id]);
    mikolov_write_weights(model, output);
}
