// Damaged and forged native model files: whatever is wrong is found, and leads nowhere outside of
// the model's arrays.
#include "forgery.h"

enum { FLIPS = 500, FORGERIES = 600 };

// ---- damage -----------------------------------------------------------------------------------

// Every length near a place where something begins or ends, and every 97th.
static void cut_files(void **state)
{
    (void)state;
    const enum model_format format[] = {MODEL_NATIVE, MODEL_NATIVE_BFLOAT16};
    for (int i = 0; i < 2; i++) {
        size_t size;
        save(&plain, format[i], FILE_NAME);
        char *data = read_whole(FILE_NAME, false, &size);
        free(data);
        for (size_t length = size; length-- > 0;) {
            size_t place = length % SECTIONS_ALIGNMENT;
            if (length >= 1500 && length + 3 < size && place % 97 > 0 && place > 2)
                continue;
            assert_int_equal(truncate(FILE_NAME, (off_t)length), 0);
            refused(model_load, "");
            refused(model_open, "");
        }
    }
}

static void longer_file(void **state)
{
    (void)state;
    struct error error;
    struct model model;
    size_t size;
    save(&plain, MODEL_NATIVE, FILE_NAME);
    char *data = read_whole(FILE_NAME, false, &size);
    write_file(FILE_NAME, data, size + 1);
    refused(model_load, "too long");
    refused(model_open, "too long");
    write_gzip("model.gz", data, size + 1);
    assert_false(model_open(&model, "model.gz", &error));
    assert_contains(error.text, "found more");
    free(data);
}

// The name of the section that a byte lies in; "table" for what is before them all, "" between.
static const char *section_at(const struct sections *sections, size_t at)
{
    if (at < sizeof(struct sections_header) + sections->count * sizeof(struct section))
        return "table";
    for (size_t i = 0; i < sections->count; i++) {
        const struct section *section = &sections->section[i];
        if (at >= section->offset && at < section->offset + section_bytes(section))
            return section->name;
    }
    return "";
}

static bool is_parameter(const char *section)
{
    return strncmp(section, "layer", 5) == 0 || strncmp(section, "output", 6) == 0;
}

// In place, what is in parameters is not looked at; else all but the gaps is.
static void check_flip(const struct sections *sections, char *data, size_t size, size_t at, int bit)
{
    struct model model;
    struct error error;
    const char *section = section_at(sections, at);
    bool gap = section[0] == '\0';
    data[at] ^= (char)(1 << bit);
    write_file(FILE_NAME, data, size);
    data[at] ^= (char)(1 << bit);
    bool ok = model_load(&model, FILE_NAME, &error);
    if (ok != gap)
        fail_msg("byte %zu, bit %d, %s: %s", at, bit, section, ok ? "read" : error.text);
    model_free(&model);
    ok = model_open(&model, FILE_NAME, &error);
    bool found_in_place = !gap && !is_parameter(section) && strcmp(section, "state") != 0;
    if (strcmp(section, "state") == 0 ? ok : ok == found_in_place)
        fail_msg("byte %zu, bit %d, %s in place: %s", at, bit, section, ok ? "read" : error.text);
    if (ok)
        score_all(&model);
    model_free(&model);
}

static void flipped_bits(void **state)
{
    (void)state;
    struct random random;
    size_t size;
    save(&plain, MODEL_NATIVE, FILE_NAME);
    char *data = read_whole(FILE_NAME, false, &size);
    struct sections sections = table_of(data, size);
    random_seed(&random, 1);
    for (size_t at = 0;
         at < sizeof(struct sections_header) + sections.count * sizeof(struct section); at++)
        check_flip(&sections, data, size, at, (int)(at % 8));
    for (int i = 0; i < FLIPS; i++) {
        const struct section *section = &sections.section[random_next(&random) % sections.count];
        uint64_t bytes = i % 10 == 0 ? SECTIONS_ALIGNMENT : section_bytes(section);
        uint64_t at = section->offset + random_next(&random) % bytes;
        if (at < size)
            check_flip(&sections, data, size, at, i % 8);
    }
    sections_free(&sections);
    free(data);
}

// ---- forged content: the checksums are right ---------------------------------------------------

static void forged_words(void **state)
{
    (void)state;
    struct forgery forgery;
    forgery_start(&forgery, &plain, MODEL_NATIVE);
    uint64_t end = forgery_plan(&forgery, "letters")->section.width, far = UINT64_MAX;
    free(forgery.data);
    forge("offsets", 16, &end, 8, "word offsets", "word offsets");
    forge("offsets", 16, &far, 8, "word offsets", "word offsets");
    forge("letters", end - 1, "x", 1, "no end", "no end");
    forge("letters", 0, "#", 1, "the first is \"#/s>\"", "the first is \"#/s>\"");
    forge("letters", 5, " ", 1, "without blanks", NULL);
    forge("letters", 5, "", 1, "without blanks", NULL);
    forge("letters", 6, "2", 1, "word hash table", NULL);
    forge("letters", 6, "4", 1, "\"w4\" has id 2, wanted 1", NULL); // twice the same
}

static void forged_hash_table(void **state)
{
    (void)state;
    struct forgery forgery;
    size_t at = 0;
    int32_t there, high = 13, low = -2, none = -1;
    forgery_start(&forgery, &plain, MODEL_NATIVE);
    const char *slots = forgery_bytes(&forgery, "slots");
    while (memcmp(slots + at, "\xff\xff\xff\xff", 4) == 0)
        at += 4;
    memcpy(&there, slots + at, sizeof there);
    free(forgery.data);
    int32_t other = there == 1 ? 2 : 1;
    forge("slots", at, &high, 4, "ids from -1 to 13", "ids from -1 to 13");
    forge("slots", at, &low, 4, "ids from -2", "ids from -2");
    forge("slots", at, &none, 4, "found 12 words, wanted 13", "found 12 words, wanted 13");
    forge("slots", at, &other, 4, "word hash table", NULL); // wrong, but leads nowhere
}

static void forged_numbers(void **state)
{
    (void)state;
    int32_t low = -1, high = 3, falling = 2;
    float nan = NAN, infinite = INFINITY, one = 1;
    const char *const parameters[] = {"layer0.input", "layer0.recurrent", "output.words",
                                      "output.classes"};
    forge("classes", 0, &low, 4, "has class -1", "has class -1");
    forge("classes", 48, &high, 4, "has class 3", "has class 3");
    forge("classes", 4, &falling, 4, "has class", "has class");
    forge("state", 4, &nan, 4, "hidden layer activation", "hidden layer activation");
    forge("state", 4, &infinite, 4, "hidden layer activation", "hidden layer activation");
    for (size_t i = 0; i < sizeof parameters / sizeof parameters[0]; i++) {
        char says[80];
        snprintf(says, sizeof says, "%s: found nan", parameters[i]);
        forge(parameters[i], 4, &nan, 4, says, NULL);
        snprintf(says, sizeof says, "%s: found inf", parameters[i]);
        forge(parameters[i], MEMORY_ROW * 4, &infinite, 4, says, NULL);
        snprintf(says, sizeof says, "%s: found 1 in the padding of row 1", parameters[i]);
        forge(parameters[i], (MEMORY_ROW + 5) * 4, &one, 4, says, NULL);
    }
}

static void forged_halves(void **state)
{
    (void)state;
    const char *const parameters[] = {"layer0.input", "output.words", "output.classes",
                                      "output.hash"};
    const uint16_t wrong[] = {0x7fc0, 0xff80}; // NaN, -infinity
    for (size_t i = 0; i < 2 * sizeof parameters / sizeof parameters[0]; i++) {
        struct forgery forgery;
        const char *name = parameters[i / 2];
        char says[80];
        snprintf(says, sizeof says, "%s: found %s", name, i % 2 == 0 ? "nan" : "-inf");
        forgery_start(&forgery, &stacked, MODEL_NATIVE_BFLOAT16);
        memcpy(forgery_bytes(&forgery, name) + 2, &wrong[i % 2], 2);
        forgery_refused(&forgery, says, NULL);
    }
}

// ---- at random --------------------------------------------------------------------------------

static void read_and_use(void)
{
    struct model model;
    struct error error;
    if (model_open(&model, FILE_NAME, &error))
        score_all(&model);
    model_free(&model);
    if (model_load(&model, FILE_NAME, &error))
        score_all(&model);
    model_free(&model);
}

// Any bytes of what is not a parameter become others, and the file is signed.
static void forged_at_random(void **state)
{
    (void)state;
    static const char text[] = "0123456789=:,. e-\n";
    struct random random;
    random_seed(&random, 5);
    for (int i = 0; i < FORGERIES; i++) {
        struct forgery forgery;
        forgery_start(&forgery, i % 2 ? &stacked : &plain,
                      i % 3 ? MODEL_NATIVE : MODEL_NATIVE_BFLOAT16);
        for (int j = 0; j <= i % 3; j++) {
            const struct section_plan *plan = &forgery.plan[random_next(&random) % 8];
            size_t at = random_next(&random) % section_bytes(&plan->section);
            forgery_bytes(&forgery, plan->section.name)[at] =
                random_next(&random) % 2 ? text[random_next(&random) % (sizeof text - 1)]
                                         : (char)random_next(&random);
        }
        forgery_write(&forgery);
        read_and_use();
    }
}

// Any number of the table becomes some other; so the writer lays the file out, or it is too long.
static void sizes_at_random(void **state)
{
    (void)state;
    const uint64_t value[] = {0, 1, 2, 3, 12, 14, 16, 17, 26, 64, 80, 100};
    struct random random;
    random_seed(&random, 6);
    for (int i = 0; i < FORGERIES; i++) {
        struct forgery forgery;
        forgery_start(&forgery, i % 2 ? &stacked : &plain, MODEL_NATIVE);
        for (int j = 0; j <= i % 3; j++) {
            struct section *section = &forgery.plan[random_next(&random) % forgery.count].section;
            uint64_t new = value[random_next(&random) % (sizeof value / sizeof *value)];
            switch (random_next(&random) % 4) {
            case 0:
                section->rows = new % 18;
                break;
            case 1:
                section->width = new;
                break;
            case 2:
                section->stride = new;
                break;
            default:
                section->type = 1 + new % 5;
            }
        }
        forgery_write(&forgery);
        read_and_use();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cut_files),         cmocka_unit_test(longer_file),
        cmocka_unit_test(flipped_bits),      cmocka_unit_test(forged_words),
        cmocka_unit_test(forged_hash_table), cmocka_unit_test(forged_numbers),
        cmocka_unit_test(forged_halves),     cmocka_unit_test(forged_at_random),
        cmocka_unit_test(sizes_at_random),
    };
    return cmocka_run_group_tests_name("native damage", tests, scratch_enter, scratch_leave);
}
