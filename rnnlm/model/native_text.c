// The texts in native models.
#include "model/native_text.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/number.h"
#include "net/output.h"

enum { MOST_BPTT = 1 << 20 }; // as in the reference's formats

// ---- architecture -----------------------------------------------------------------------------

void native_print_architecture(const struct network_shape *shape, char text[NATIVE_ARCHITECTURE])
{
    char layers[SHAPE_TEXT];
    shape_print_layers(shape, layers);
    snprintf(text, NATIVE_ARCHITECTURE,
             "words=%zu layers=%s output=%s classes=%zu direct=%zu direct-order=%d", shape->words,
             layers, shape->output->name, shape->classes, shape->maxent, shape->maxent_order);
}

static bool parse_size(const char *name, const char *value, size_t *size, struct error *error)
{
    double number;
    if (!number_parse(value, strlen(value), &number) ||
        !(number >= 0 && number <= 9e15 && number == floor(number)))
        return error_set(error, "%s: found \"%.60s\", wanted a whole number", name, value);
    *size = (size_t)number;
    return true;
}

static bool parse_setting(struct network_shape *shape, const char *name, const char *value,
                          struct error *error)
{
    size_t order = 0;
    if (strcmp(name, "words") == 0)
        return parse_size(name, value, &shape->words, error);
    if (strcmp(name, "layers") == 0)
        return shape_parse_layers(shape, value, NULL, error);
    if (strcmp(name, "classes") == 0)
        return parse_size(name, value, &shape->classes, error);
    if (strcmp(name, "direct") == 0)
        return parse_size(name, value, &shape->maxent, error);
    if (strcmp(name, "direct-order") == 0) {
        if (!parse_size(name, value, &order, error))
            return false;
        shape->maxent_order = order > INT32_MAX ? -1 : (int)order;
        return true;
    }
    if (strcmp(name, "output") == 0) {
        shape->output = output_type_named(value);
        return shape->output != NULL ||
               error_set(error, "found output \"%.60s\", which this version does not know", value);
    }
    return error_set(error, "found \"%.60s\", which this version does not know", name);
}

bool native_parse_architecture(struct network_shape *shape, const char *text, struct error *error)
{
    char setting[NATIVE_ARCHITECTURE];
    *shape = (struct network_shape){.output = NULL};
    for (const char *at = text + strspn(text, " "); *at != '\0'; at += strspn(at, " ")) {
        size_t length = strcspn(at, " ");
        if (length >= sizeof setting)
            return error_set(error, "architecture: found \"%.60s...\"", at);
        memcpy(setting, at, length);
        setting[length] = '\0';
        at += length;
        char *equals = strchr(setting, '=');
        if (equals == NULL)
            return error_set(error, "architecture: found \"%.60s\", wanted NAME=VALUE", setting);
        *equals = '\0';
        if (!parse_setting(shape, setting, equals + 1, error))
            return error_prefix(error, "architecture: ");
    }
    if (shape->output == NULL || shape->layers == 0)
        return error_set(error, "architecture: found \"%.60s\", wanted layers and an output", text);
    return shape_ok(shape, error);
}

// ---- record -----------------------------------------------------------------------------------

enum field_type { FIELD_TEXT, FIELD_REAL, FIELD_SIGNED, FIELD_UNSIGNED, FIELD_FLAG };

struct field {
    const char *name;
    enum field_type type;
    size_t offset;
};

#define FIELD(name, type, member)                                                                  \
    {                                                                                              \
        name, type, offsetof(struct training_record, member)                                       \
    }

static const struct field fields[] = {
    FIELD("train-file", FIELD_TEXT, train_file),
    FIELD("valid-file", FIELD_TEXT, valid_file),
    FIELD("valid-log10-prob", FIELD_REAL, valid_log10_prob),
    FIELD("train-log10-prob", FIELD_REAL, train_log10_prob),
    FIELD("epochs", FIELD_SIGNED, epochs),
    FIELD("position", FIELD_UNSIGNED, position),
    FIELD("save-every", FIELD_UNSIGNED, save_every),
    FIELD("train-words", FIELD_UNSIGNED, train_words),
    FIELD("bptt", FIELD_SIGNED, bptt),
    FIELD("bptt-block", FIELD_SIGNED, bptt_block),
    FIELD("old-classes", FIELD_FLAG, old_classes),
    FIELD("independent", FIELD_FLAG, independent),
    FIELD("starting-alpha", FIELD_REAL, starting_alpha),
    FIELD("alpha", FIELD_REAL, alpha),
    FIELD("halving", FIELD_FLAG, halving),
};

enum { FIELDS = sizeof fields / sizeof fields[0], LINE = 80 };

static void *member_of(const struct training_record *record, const struct field *field)
{
    return (char *)(uintptr_t)record + field->offset;
}

// A name that has newlines gets blanks: a line is a line.
static int print_name(const char *field, const char *name, char *text, size_t size)
{
    int length = snprintf(text, size, "%s %s\n", field, name);
    for (int i = 0; i + 1 < length; i++)
        if (text[i] == '\n')
            text[i] = ' ';
    return length;
}

static int print_field(const struct training_record *record, const struct field *field, char *text,
                       size_t size)
{
    void *member = member_of(record, field);
    switch (field->type) {
    case FIELD_TEXT:
        if (*(char **)member == NULL)
            return 0;
        return print_name(field->name, *(char **)member, text, size);
    case FIELD_REAL:
        return snprintf(text, size, "%s %.17g\n", field->name, *(double *)member);
    case FIELD_SIGNED:
        return snprintf(text, size, "%s %" PRId64 "\n", field->name, *(int64_t *)member);
    case FIELD_UNSIGNED:
        return snprintf(text, size, "%s %" PRIu64 "\n", field->name, *(uint64_t *)member);
    default:
        return snprintf(text, size, "%s %d\n", field->name, *(bool *)member);
    }
}

char *native_print_record(const struct training_record *record, struct error *error)
{
    size_t size = FIELDS * LINE + 1, length = 0;
    size += record->train_file != NULL ? strlen(record->train_file) : 0;
    size += record->valid_file != NULL ? strlen(record->valid_file) : 0;
    char *text = memory_new(size, 1, error);
    for (size_t i = 0; text != NULL && i < FIELDS; i++)
        length += (size_t)print_field(record, &fields[i], text + length, size - length);
    return text;
}

static bool parse_number(const struct field *field, void *member, const char *value, size_t length,
                         struct error *error)
{
    double number;
    bool whole = field->type != FIELD_REAL;
    if (!number_parse(value, length, &number) || !isfinite(number) ||
        (whole && !(number >= 0 && number <= 9e18 && number == floor(number))) ||
        (field->type == FIELD_FLAG && number > 1))
        return error_set(error, "record: %s: found \"%.*s\", wanted a number that makes sense",
                         field->name, (int)(length < 60 ? length : 60), value);
    if (field->type == FIELD_REAL)
        *(double *)member = number;
    else if (field->type == FIELD_FLAG)
        *(bool *)member = number > 0;
    else
        *(uint64_t *)member = (uint64_t)number;
    return true;
}

static bool parse_line(struct training_record *record, const char *line, size_t length,
                       struct error *error)
{
    const char *blank = memchr(line, ' ', length);
    size_t name = blank != NULL ? (size_t)(blank - line) : length;
    for (size_t i = 0; i < FIELDS && blank != NULL; i++) {
        const struct field *field = &fields[i];
        void *member = member_of(record, field);
        if (strlen(field->name) != name || memcmp(field->name, line, name) != 0)
            continue;
        if (field->type != FIELD_TEXT)
            return parse_number(field, member, blank + 1, length - name - 1, error);
        if (*(char **)member == NULL)
            *(char **)member = memory_text(blank + 1, length - name - 1, error);
        return *(char **)member != NULL;
    }
    return error_set(error, "record: found \"%.*s\", which this version does not know",
                     (int)(length < 60 ? length : 60), line);
}

bool native_parse_record(struct training_record *record, const char *text, struct error *error)
{
    for (const char *at = text; *at != '\0';) {
        size_t length = strcspn(at, "\n");
        if (!parse_line(record, at, length, error))
            return false;
        at += length + (at[length] == '\n');
    }
    return native_record_ok(record, error);
}

bool native_record_ok(const struct training_record *record, struct error *error)
{
    if (record->bptt < 0 || record->bptt > MOST_BPTT || record->bptt_block < 1 ||
        record->bptt_block > MOST_BPTT)
        return error_set(error,
                         "bptt: found %" PRId64 " in blocks of %" PRId64 ", wanted at most %d",
                         record->bptt, record->bptt_block, MOST_BPTT);
    return (isfinite(record->valid_log10_prob) && isfinite(record->train_log10_prob) &&
            isfinite(record->starting_alpha) && isfinite(record->alpha)) ||
           error_set(error, "training record: found a number that is not finite");
}
