// Damaged and forged native model files: whatever is wrong is found, and leads nowhere outside of
// the model's arrays.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/checksum.h"
#include "model/model_file.h"
#include "model/native_format.h"
#include "native_models.h"

enum { FLIPS = 500, FORGERIES = 600 };

// ---- damage -----------------------------------------------------------------------------------

static void refused(reader_of_models *reader, const char *text)
{
    struct model model;
    struct error error;
    if (reader(&model, FILE_NAME, &error))
        fail_msg("a file was read that was to be refused with \"%s\"", text);
    assert_contains(error.text, FILE_NAME);
    assert_contains(error.text, text);
    assert_null(model.map.data);
    assert_null(model.network.embedding);
    assert_null(model.vocabulary.letters);
}

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
            size_t place = length % NATIVE_ALIGNMENT;
            if (length >= 1000 && length + 3 < size && place % 97 > 0 && place > 2)
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

static const struct native_header *header_of(const char *data)
{
    return (const struct native_header *)(const void *)data;
}

// The section that a byte lies in, NATIVE_SECTIONS between them, -1 in the header.
static int section_of(const char *data, size_t at)
{
    if (at < sizeof(struct native_header))
        return -1;
    for (int id = 0; id < NATIVE_SECTIONS; id++) {
        const struct native_section *section = &header_of(data)->section[id];
        if (at >= section->offset && at < section->offset + native_section_bytes(section))
            return id;
    }
    return NATIVE_SECTIONS;
}

static void check_flip(char *data, size_t size, size_t at, int bit)
{
    struct model model;
    struct error error;
    int section = section_of(data, at);
    bool gap = section == NATIVE_SECTIONS;
    data[at] ^= (char)(1 << bit);
    write_file(FILE_NAME, data, size);
    data[at] ^= (char)(1 << bit);
    bool ok = model_load(&model, FILE_NAME, &error);
    if (ok != gap)
        fail_msg("byte %zu, bit %d, section %d: %s", at, bit, section, ok ? "read" : error.text);
    model_free(&model);
    ok = model_open(&model, FILE_NAME, &error);
    if (ok != (gap || section > NATIVE_HIDDEN))
        fail_msg("byte %zu, bit %d, section %d in place: %s", at, bit, section,
                 ok ? "read" : error.text);
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
    random_seed(&random, 1);
    for (size_t at = 0; at < sizeof(struct native_header); at++)
        check_flip(data, size, at, (int)(at % 8));
    for (int i = 0; i < FLIPS; i++) {
        const struct native_section *section =
            &header_of(data)->section[(int)random_uniform(&random, 0, NATIVE_SECTIONS - 0.001)];
        size_t bytes = i % 10 == 0 ? 4096 : native_section_bytes(section);
        size_t at = section->offset + (size_t)random_uniform(&random, 0, (double)bytes);
        if (section->rows > 0 && at < size)
            check_flip(data, size, at, i % 8);
    }
    free(data);
}

// ---- forged files: the checksums are right ----------------------------------------------------

static void sign(char *data, size_t size)
{
    struct native_header header;
    memcpy(&header, data, sizeof header);
    for (size_t id = 0; id < NATIVE_SECTIONS; id++) {
        struct native_section *section = &header.section[id];
        uint64_t bytes = native_section_bytes(section);
        if (section->rows > 0 && section->offset < size && bytes <= size - section->offset)
            section->checksum = checksum_of(data + section->offset, bytes);
    }
    header.checksum = native_header_checksum(&header);
    memcpy(data, &header, sizeof header);
}

// Puts 8 bytes (or fewer) into a good file, signs it, and sees what reading says.
static void forge(size_t at, const void *bytes, size_t count, const char *load_says,
                  const char *open_says)
{
    size_t size;
    struct model model;
    struct error error;
    save(&plain, MODEL_NATIVE, FILE_NAME);
    char *data = read_whole(FILE_NAME, false, &size);
    assert_true(at + count <= size);
    memcpy(data + at, bytes, count);
    sign(data, size);
    write_file(FILE_NAME, data, size);
    free(data);
    refused(model_load, load_says);
    if (open_says != NULL) {
        refused(model_open, open_says);
        return;
    }
    assert_true(model_open(&model, FILE_NAME, &error));
    score_all(&model);
    model_free(&model);
}

#define FORGE_HEADER(field, type, value, says)                                                     \
    do {                                                                                           \
        type forged = (value);                                                                     \
        forge(offsetof(struct native_header, field), &forged, sizeof forged, says, says);          \
    } while (0)

static void forged_header(void **state)
{
    (void)state;
    FORGE_HEADER(byte_order, uint32_t, NATIVE_OTHER_ORDER, "other byte order");
    FORGE_HEADER(byte_order, uint32_t, 7, "byte order");
    FORGE_HEADER(version, uint32_t, 2, "native format version: found 2, wanted 1");
    FORGE_HEADER(file_bytes, uint64_t, 1, "file size");
    FORGE_HEADER(words, uint64_t, 0, "vocabulary size");
    FORGE_HEADER(words, uint64_t, 12, "word");
    FORGE_HEADER(words, uint64_t, UINT64_MAX, "vocabulary size");
    FORGE_HEADER(words, uint64_t, INT32_MAX, "found");
    FORGE_HEADER(hidden, uint64_t, 6, "found");
    FORGE_HEADER(hidden, uint64_t, UINT64_MAX, "hidden layer size");
    FORGE_HEADER(classes, uint64_t, 14, "class size");
    FORGE_HEADER(compression, uint64_t, (uint64_t)1 << 63, "compression layer size");
    FORGE_HEADER(compression, uint64_t, 1, "weights: found");
    FORGE_HEADER(maxent, uint64_t, (uint64_t)1 << 40, "direct connections: found");
    FORGE_HEADER(letters, uint64_t, UINT64_MAX, "words: found");
    FORGE_HEADER(slots, uint64_t, 0, "slots");
    FORGE_HEADER(slots, uint64_t, 1000, "power of two");
    FORGE_HEADER(slots, uint64_t, (uint64_t)1 << 33, "hash table: found");
    FORGE_HEADER(epochs, uint64_t, UINT64_MAX, "training record");
    FORGE_HEADER(bptt, uint64_t, UINT64_MAX, "bptt");
    FORGE_HEADER(bptt_block, uint64_t, 0, "bptt");
    FORGE_HEADER(alpha, double, NAN, "not finite");
    FORGE_HEADER(halving, uint64_t, 2, "wanted 0 or 1");
    FORGE_HEADER(spare[3], uint64_t, 1, "spare");
}

static void forged_sections(void **state)
{
    (void)state;
    FORGE_HEADER(section[0].id, uint32_t, 1, "section 0: found number 1");
    FORGE_HEADER(section[0].stride, uint64_t, UINT64_MAX, "name of the training file");
    FORGE_HEADER(section[NATIVE_OUTPUT].offset, uint64_t, (uint64_t)1 << 60, "output weights");
    FORGE_HEADER(section[NATIVE_OUTPUT].offset, uint64_t, UINT64_MAX - 63, "output weights");
    FORGE_HEADER(section[NATIVE_OUTPUT].offset, uint64_t, 4096, "output weights");
    FORGE_HEADER(section[NATIVE_OUTPUT].rows, uint64_t, (uint64_t)1 << 58, "output weights");
    FORGE_HEADER(section[NATIVE_EMBEDDING].stride, uint64_t, 5, "input weights");
    FORGE_HEADER(section[NATIVE_EMBEDDING].type, uint32_t, NATIVE_BFLOAT16, "input weights");
    FORGE_HEADER(section[NATIVE_RECURRENT].type, uint32_t, NATIVE_BFLOAT16, "element type");
    FORGE_HEADER(section[NATIVE_SLOTS].type, uint32_t, 99, "element type");
    FORGE_HEADER(section[NATIVE_MAXENT].offset, uint64_t, 1, "direct connections");
}

static size_t offset_of(size_t id)
{
    size_t size;
    save(&plain, MODEL_NATIVE, FILE_NAME);
    char *data = read_whole(FILE_NAME, false, &size);
    size_t offset = header_of(data)->section[id].offset;
    free(data);
    return offset;
}

static void forged_words(void **state)
{
    (void)state;
    size_t offsets = offset_of(NATIVE_OFFSETS), letters = offset_of(NATIVE_LETTERS);
    size_t size;
    char *data = read_whole(FILE_NAME, false, &size);
    uint64_t end = header_of(data)->letters, far = UINT64_MAX;
    free(data);
    forge(offsets + 16, &end, 8, "word offsets", "word offsets");
    forge(offsets + 16, &far, 8, "word offsets", "word offsets");
    forge(letters + end - 1, "x", 1, "no end", "no end");
}

static void forged_hash_table(void **state)
{
    (void)state;
    size_t slots = offset_of(NATIVE_SLOTS), at = slots, size;
    char *data = read_whole(FILE_NAME, false, &size);
    while (memcmp(data + at, "\xff\xff\xff\xff", 4) == 0)
        at += 4;
    int32_t there, high = 13, low = -2, none = -1;
    memcpy(&there, data + at, sizeof there);
    int32_t other = there == 1 ? 2 : 1;
    free(data);
    forge(at, &high, 4, "ids from -1 to 13", "ids from -1 to 13");
    forge(at, &low, 4, "ids from -2", "ids from -2");
    forge(at, &none, 4, "found 12 words, wanted 13", "found 12 words, wanted 13");
    forge(at, &other, 4, "word hash table", NULL); // wrong, but leads nowhere
}

static void forged_content(void **state)
{
    (void)state;
    size_t classes = offset_of(NATIVE_CLASSES), letters = offset_of(NATIVE_LETTERS);
    size_t embedding = offset_of(NATIVE_EMBEDDING), hidden = offset_of(NATIVE_HIDDEN);
    int32_t low = -1, high = 3, falling = 2;
    float nan = NAN, one = 1;
    forge(classes, &low, 4, "has class -1", "has class -1");
    forge(classes + 48, &high, 4, "has class 3", "has class 3");
    forge(classes + 4, &falling, 4, "has class", "has class");
    forge(letters, "#", 1, "the first is \"#/s>\"", "the first is \"#/s>\"");
    forge(letters + 5, " ", 1, "without blanks", NULL);
    forge(letters + 6, "2", 1, "word hash table", NULL);
    forge(letters + 6, "4", 1, "\"w4\" has id 2, wanted 1", NULL); // twice the same
    forge(hidden + 4, &nan, 4, "hidden layer activation", "hidden layer activation");
    forge(embedding + 4, &nan, 4, "input weights: found nan", NULL);
    forge(embedding + 5 * 4, &one, 4, "padding of row 0", NULL);
}

// Any field of the header becomes some other number, and the file is signed.
static void forged_at_random(void **state)
{
    (void)state;
    const uint64_t value[] = {0,
                              1,
                              2,
                              3,
                              12,
                              13,
                              14,
                              16,
                              17,
                              64,
                              1024,
                              4096,
                              (uint64_t)1 << 31,
                              INT32_MAX,
                              UINT32_MAX,
                              (uint64_t)1 << 32,
                              (uint64_t)1 << 58,
                              (uint64_t)1 << 62,
                              (uint64_t)1 << 63,
                              UINT64_MAX};
    struct random random;
    struct model model;
    struct error error;
    size_t size, fields = sizeof(struct native_header) / 8;
    save(&plain, MODEL_NATIVE, FILE_NAME);
    char *good = read_whole(FILE_NAME, false, &size), *data = malloc(size);
    assert_non_null(data);
    random_seed(&random, 5);
    for (int i = 0; i < FORGERIES; i++) {
        memcpy(data, good, size);
        for (int j = 0; j <= i % 3; j++) {
            size_t field = 2 + (size_t)random_uniform(&random, 0, (double)fields - 2.001);
            size_t v = (size_t)random_uniform(&random, 0, sizeof value / sizeof *value - 0.001);
            memcpy(data + 8 * field, &value[v], 8);
        }
        sign(data, size);
        write_file(FILE_NAME, data, size);
        if (model_open(&model, FILE_NAME, &error))
            score_all(&model);
        model_free(&model);
        if (model_load(&model, FILE_NAME, &error))
            score_all(&model);
        model_free(&model);
    }
    free(good);
    free(data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cut_files),         cmocka_unit_test(longer_file),
        cmocka_unit_test(flipped_bits),      cmocka_unit_test(forged_header),
        cmocka_unit_test(forged_sections),   cmocka_unit_test(forged_words),
        cmocka_unit_test(forged_hash_table), cmocka_unit_test(forged_content),
        cmocka_unit_test(forged_at_random),
    };
    return cmocka_run_group_tests(tests, scratch_enter, scratch_leave);
}
