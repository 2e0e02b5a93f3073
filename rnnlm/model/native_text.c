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
#include "text/unit.h"

#define MOST_COUNT ((uint64_t)9000000000000000000)

enum { MOST_BPTT = 1 << 20 }; // as in the reference's formats

// Digits alone, with the value exact.
static bool parse_whole(const char *text, size_t length, uint64_t *value)
{
    *value = 0;
    for (size_t i = 0; i < length; i++)
        if (text[i] < '0' || text[i] > '9' || __builtin_mul_overflow(*value, 10, value) ||
            __builtin_add_overflow(*value, (uint64_t)(text[i] - '0'), value))
            return false;
    return length > 0 && *value <= MOST_COUNT;
}

// ---- architecture -----------------------------------------------------------------------------

void native_print_architecture(const struct network_shape *shape, char text[NATIVE_ARCHITECTURE])
{
    char layers[SHAPE_TEXT], output[SHAPE_OUTPUT_TEXT];
    shape_print_layers(shape, layers);
    shape_print_output(shape, output);
    snprintf(text, NATIVE_ARCHITECTURE,
             "words=%zu layers=%s output=%s classes=%zu direct=%zu direct-order=%d%s%s",
             shape->words, layers, output, shape->classes, shape->maxent, shape->maxent_order,
             shape->biases ? " biases=1" : "", shape->tied ? " tied=1" : "");
}

// The first three are wanted of every network; where others are missing, they are 0.
enum {
    WORDS,
    LAYERS,
    OUTPUT,
    CLASSES,
    DIRECT,
    DIRECT_ORDER,
    BIASES,
    TIED,
    KEYS,
    WANTED = OUTPUT + 1
};

static const char *const keys[KEYS] = {"words",  "layers",       "output", "classes",
                                       "direct", "direct-order", "biases", "tied"};

static bool parse_size(const char *value, size_t *size, struct error *error)
{
    uint64_t number;
    if (!parse_whole(value, strlen(value), &number))
        return error_set(error, "found \"%.60s\", wanted a whole number", value);
    *size = number;
    return true;
}

static bool parse_order(const char *value, int *order, struct error *error)
{
    size_t size = 0;
    if (!parse_size(value, &size, error))
        return false;
    *order = size > INT32_MAX ? INT32_MAX : (int)size;
    return true;
}

static bool parse_flag(const char *value, bool *flag, struct error *error)
{
    *flag = strcmp(value, "1") == 0;
    return *flag || strcmp(value, "0") == 0 ||
           error_set(error, "found \"%.60s\", wanted 0 or 1", value);
}

static bool parse_output(const char *value, struct network_shape *shape, struct error *error)
{
    return shape_parse_output(shape, value, error) ||
           error_prefix(error, "this version does not know \"%.60s\": ", value);
}

static bool parse_layers(const char *value, struct network_shape *shape, struct error *error)
{
    return shape_parse_layers(shape, value, NULL, error) ||
           error_prefix(error, "this version does not know \"%.60s\": ", value);
}

static bool parse_value(struct network_shape *shape, size_t key, const char *value,
                        struct error *error)
{
    switch (key) {
    case WORDS:
        return parse_size(value, &shape->words, error);
    case LAYERS:
        return parse_layers(value, shape, error);
    case OUTPUT:
        return parse_output(value, shape, error);
    case CLASSES:
        return parse_size(value, &shape->classes, error);
    case DIRECT:
        return parse_size(value, &shape->maxent, error);
    case BIASES:
        return parse_flag(value, &shape->biases, error);
    case TIED:
        return parse_flag(value, &shape->tied, error);
    default:
        return parse_order(value, &shape->maxent_order, error);
    }
}

// NAME=VALUE; `seen` has the keys that are there already.
static bool parse_setting(struct network_shape *shape, char *setting, bool seen[KEYS],
                          struct error *error)
{
    char *equals = strchr(setting, '=');
    if (equals == NULL)
        return error_set(error, "found \"%.60s\", wanted NAME=VALUE", setting);
    *equals = '\0';
    for (size_t key = 0; key < KEYS; key++) {
        if (strcmp(keys[key], setting) != 0)
            continue;
        if (seen[key])
            return error_set(error, "%s: found twice", setting);
        seen[key] = true;
        return parse_value(shape, key, equals + 1, error) || error_prefix(error, "%s: ", setting);
    }
    return error_set(error, "found \"%.60s\", which this version does not know", setting);
}

static bool parse_settings(struct network_shape *shape, const char *text, struct error *error)
{
    char setting[NATIVE_ARCHITECTURE];
    bool seen[KEYS] = {false};
    for (const char *at = text + strspn(text, " "); *at != '\0'; at += strspn(at, " ")) {
        size_t length = strcspn(at, " ");
        if (length >= sizeof setting)
            return error_set(error, "found \"%.60s...\", wanted less than %zu bytes", at,
                             sizeof setting);
        memcpy(setting, at, length);
        setting[length] = '\0';
        at += length;
        if (!parse_setting(shape, setting, seen, error))
            return false;
    }
    for (size_t key = 0; key < WANTED; key++)
        if (!seen[key])
            return error_set(error, "found no %s=VALUE in \"%.60s\"", keys[key], text);
    return true;
}

bool native_parse_architecture(struct network_shape *shape, const char *text, struct error *error)
{
    *shape = (struct network_shape){.output = NULL};
    return (parse_settings(shape, text, error) && shape_ok(shape, error)) ||
           error_prefix(error, "architecture: ");
}

// ---- record -----------------------------------------------------------------------------------

enum field_type {
    FIELD_TEXT,
    FIELD_REAL,
    FIELD_SIGNED,
    FIELD_UNSIGNED,
    FIELD_FLAG,
    FIELD_UNIT, // not written, as the next one, of values that older versions take for granted
    FIELD_WEIGHT
};

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
    FIELD("unit", FIELD_UNIT, unit),
    FIELD("self-normalise", FIELD_WEIGHT, self_normalise),
};

enum { FIELDS = sizeof fields / sizeof fields[0], LINE = 80 };

static void *member_of(const struct training_record *record, const struct field *field)
{
    return (char *)(uintptr_t)record + field->offset;
}

// File names may hold anything but a 0 byte; a newline is written \\n, a backslash twice.
static int print_name(const char *field, const char *name, char *text)
{
    char *at = text + strlen(field);
    memcpy(text, field, strlen(field));
    *at++ = ' ';
    for (; *name != '\0'; name++) {
        if (*name == '\n' || *name == '\\')
            *at++ = '\\';
        *at++ = *name == '\n' ? 'n' : *name;
    }
    *at++ = '\n';
    *at = '\0';
    return (int)(at - text);
}

static bool parse_name(char **name, const char *value, size_t length, struct error *error)
{
    char *to = *name = memory_new(length + 1, 1, error);
    for (size_t i = 0; to != NULL && i < length; i++) {
        bool escape = value[i] == '\\' && i + 1 < length;
        i += escape;
        *to++ = escape && value[i] == 'n' ? '\n' : value[i];
    }
    return *name != NULL;
}

// Returns the length of what it writes, at most LINE and twice a name.
static int print_field(const struct training_record *record, const struct field *field, char *text)
{
    void *member = member_of(record, field);
    switch (field->type) {
    case FIELD_TEXT:
        return *(char **)member != NULL ? print_name(field->name, *(char **)member, text) : 0;
    case FIELD_REAL:
        return snprintf(text, LINE, "%s %.17g\n", field->name, *(double *)member);
    case FIELD_SIGNED:
        return snprintf(text, LINE, "%s %" PRId64 "\n", field->name, *(int64_t *)member);
    case FIELD_WEIGHT:
        return *(double *)member > 0
                   ? snprintf(text, LINE, "%s %.17g\n", field->name, *(double *)member)
                   : 0;
    case FIELD_UNIT:
        return *(uint64_t *)member != UNIT_WORD
                   ? snprintf(text, LINE, "%s %s\n", field->name,
                              unit_name((enum text_unit) * (uint64_t *)member))
                   : 0;
    case FIELD_UNSIGNED:
        return snprintf(text, LINE, "%s %" PRIu64 "\n", field->name, *(uint64_t *)member);
    default:
        return snprintf(text, LINE, "%s %d\n", field->name, *(bool *)member);
    }
}

char *native_print_record(const struct training_record *record, struct error *error)
{
    size_t size = FIELDS * LINE + 1, length = 0;
    size += record->train_file != NULL ? 2 * strlen(record->train_file) : 0;
    size += record->valid_file != NULL ? 2 * strlen(record->valid_file) : 0;
    char *text = memory_new(size, 1, error);
    for (size_t i = 0; text != NULL && i < FIELDS; i++)
        length += (size_t)print_field(record, &fields[i], text + length);
    return text;
}

static bool parse_number(const struct field *field, void *member, const char *value, size_t length)
{
    double real;
    uint64_t whole;
    if (field->type == FIELD_REAL || field->type == FIELD_WEIGHT) {
        bool ok = number_parse(value, length, &real) && isfinite(real) &&
                  (field->type == FIELD_REAL || real >= 0);
        if (ok)
            *(double *)member = real;
        return ok;
    }
    if (!parse_whole(value, length, &whole) || (field->type == FIELD_FLAG && whole > 1))
        return false;
    if (field->type == FIELD_FLAG)
        *(bool *)member = whole == 1;
    else if (field->type == FIELD_SIGNED)
        *(int64_t *)member = (int64_t)whole;
    else
        *(uint64_t *)member = whole;
    return true;
}

static bool parse_unit(uint64_t *member, const char *value, size_t length, struct error *error)
{
    for (enum text_unit unit = UNIT_CHAR; unit <= UNIT_PIECES; unit++)
        if (strlen(unit_name(unit)) == length && memcmp(value, unit_name(unit), length) == 0) {
            *member = unit;
            return true;
        }
    return error_set(error, "unit: found \"%.*s\", wanted %s or %s",
                     (int)(length < 60 ? length : 60), value, unit_name(UNIT_CHAR),
                     unit_name(UNIT_PIECES));
}

static bool parse_field(const struct field *field, void *member, const char *value, size_t length,
                        struct error *error)
{
    if (field->type == FIELD_TEXT)
        return parse_name(member, value, length, error);
    if (field->type == FIELD_UNIT)
        return parse_unit(member, value, length, error);
    static const char *const wanted[] = {"",
                                         "a finite number",
                                         "a whole number",
                                         "a whole number",
                                         "0 or 1",
                                         "",
                                         "a finite number that is not below 0"};
    return parse_number(field, member, value, length) ||
           error_set(error, "%s: found \"%.*s\", wanted %s", field->name,
                     (int)(length < 60 ? length : 60), value, wanted[field->type]);
}

static bool parse_line(struct training_record *record, const char *line, size_t length,
                       bool seen[FIELDS], struct error *error)
{
    const char *blank = memchr(line, ' ', length);
    size_t name = blank != NULL ? (size_t)(blank - line) : length;
    for (size_t i = 0; i < FIELDS && blank != NULL; i++) {
        const struct field *field = &fields[i];
        if (strlen(field->name) != name || memcmp(field->name, line, name) != 0)
            continue;
        if (seen[i])
            return error_set(error, "%s: found twice", field->name);
        seen[i] = true;
        return parse_field(field, member_of(record, field), blank + 1, length - name - 1, error);
    }
    return error_set(error, "found \"%.*s\", which this version does not know",
                     (int)(length < 60 ? length : 60), line);
}

bool native_parse_record(struct training_record *record, const char *text, struct error *error)
{
    bool seen[FIELDS] = {false};
    for (const char *at = text; *at != '\0';) {
        size_t length = strcspn(at, "\n");
        if (!parse_line(record, at, length, seen, error))
            return error_prefix(error, "record: ");
        at += length + (at[length] == '\n');
    }
    return native_record_ok(record, error) || error_prefix(error, "record: ");
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
           error_set(error, "found a number that is not finite, wanted finite numbers");
}
