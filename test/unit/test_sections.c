// Files of sections: what is written is read, from files, pipes and memory; whatever is damaged, cut
// or forged is found.
#include "testing.h"

#include "base/sections.h"
#include "scratch.h"

#define FILE_NAME "sections"
#define KIND "test"

// ---- a file -----------------------------------------------------------------------------------

enum { HEADER = sizeof(struct sections_header), ENTRY = sizeof(struct section), LONG = 70000 };

static const unsigned char bytes[5] = {1, 2, 3, 255, 0};
static const uint64_t numbers[3] = {0, 5000000000, UINT64_MAX};
static const int32_t ids[4] = {-1, 0, INT32_MAX, INT32_MIN};
static const float floats[2][16] = {{0.5f, -1e-30f, 3e38f}, {1, 2, 3}};
static const uint16_t halves[2][32] = {{0x3f80, 0xbf80}, {0x4000, 1}};

static uint64_t long_word(uint64_t i)
{
    return i * 0x9e3779b97f4a7c15;
}

// Bytes that are put piece by piece, more than a reader takes at a time.
static void put_long(const struct section_plan *plan, struct section_sink *sink)
{
    enum { PIECE = 4 * CHECKSUM_BLOCK / 8 };
    uint64_t piece[PIECE], count = *(const uint64_t *)plan->context;
    for (uint64_t at = 0; at < count; at += PIECE) {
        uint64_t n = count - at < PIECE ? count - at : PIECE;
        for (uint64_t i = 0; i < n; i++)
            piece[i] = long_word(at + i);
        section_put(sink, piece, n * sizeof *piece);
    }
}

static const uint64_t long_count = LONG;

enum { SMALL, NUMBERS, IDS, NOTHING, FLOATS, HALVES, PUT, SECTIONS };

static const struct section_plan plans[SECTIONS] = {
    [SMALL] = {.section = {"bytes", SECTION_BYTE, 0, 1, 5, 5, 0, 0}, .data = bytes},
    [NUMBERS] = {.section = {"numbers", SECTION_UINT64, 0, 1, 3, 3, 0, 0}, .data = numbers},
    [IDS] = {.section = {"ids", SECTION_INT32, 0, 2, 2, 2, 0, 0}, .data = ids},
    [NOTHING] = {.section = {"nothing", SECTION_BYTE, 0, 0, 0, 0, 0, 0}, .data = ""},
    [FLOATS] = {.section = {"floats", SECTION_FLOAT, 0, 2, 3, 16, 0, 0}, .data = floats},
    [HALVES] = {.section = {"halves", SECTION_BFLOAT16, 0, 2, 2, 32, 0, 0}, .data = halves},
    [PUT] = {.section = {"the longest name there can be: 47 letters in it", SECTION_UINT64, 0, 1,
                         LONG, LONG, 0, 0},
             .put = put_long,
             .context = &long_count},
};

static bool write_sections(const char *path, const struct section_plan *plan, size_t count,
                           struct error *error)
{
    struct output *output = output_open(path, error);
    if (output == NULL)
        return false;
    if (sections_write(output, KIND, plan, count, error))
        return output_commit(output, error);
    output_discard(output);
    return false;
}

// All but the long one.
static char *small_file(size_t *size)
{
    assert_true(write_sections(FILE_NAME, plans, PUT, NULL));
    return read_whole(FILE_NAME, false, size);
}

// Memory of this very size, so that sanitizers see a step beyond.
static char *exact_copy(const char *data, size_t size)
{
    char *copy = malloc(size > 0 ? size : 1);
    assert_non_null(copy);
    memcpy(copy, data, size);
    return copy;
}

// ---- round trips ------------------------------------------------------------------------------

static void assert_content(size_t i, const void *found)
{
    if (plans[i].put == NULL) {
        assert_memory_equal(found, plans[i].data, section_bytes(&plans[i].section));
        return;
    }
    for (uint64_t j = 0; j < LONG; j++)
        if (((const uint64_t *)found)[j] != long_word(j))
            fail_msg("element %d differs", (int)j);
}

static void assert_table(const struct sections *sections, size_t count)
{
    assert_int_equal(sections->count, count);
    for (size_t i = 0; i < count; i++) {
        const struct section *found = &sections->section[i], *wanted = &plans[i].section;
        assert_string_equal(found->name, wanted->name);
        assert_true(found->type == wanted->type && found->joined == 0 &&
                    found->rows == wanted->rows && found->width == wanted->width &&
                    found->stride == wanted->stride);
        assert_int_equal(found->offset % SECTIONS_ALIGNMENT, 0);
        assert_ptr_equal(sections_find(sections, wanted->name), found);
    }
    assert_null(sections_find(sections, "no such"));
    assert_null(sections_find(sections, ""));
}

// Reads the sections whose bit is set.
static void read_some(const char *path, unsigned wanted)
{
    struct error error = {""};
    struct sections sections;
    struct input *input = input_open(path, &error);
    assert_non_null(input);
    assert_true(sections_recognise(input));
    if (!sections_read(&sections, input, KIND, &error))
        fail_msg("%s", error.text);
    assert_table(&sections, SECTIONS);
    struct section_reader reader = {.input = input, .error = &error};
    for (size_t i = 0; i < SECTIONS; i++) {
        if ((wanted >> i & 1) == 0)
            continue;
        void *data = malloc(section_bytes(&sections.section[i]) + 1);
        assert_non_null(data);
        if (!section_into(&reader, &sections.section[i], data))
            fail_msg("%s", error.text);
        assert_content(i, data);
        free(data);
    }
    if (wanted >> PUT & 1)
        assert_int_equal(input_peek(input), -1);
    sections_free(&sections);
    assert_true(sections.section == NULL && sections.count == 0);
    input_close(input);
}

static void round_trips(void **state)
{
    (void)state;
    const char *const paths[] = {FILE_NAME, "sections.gz"};
    for (size_t p = 0; p < 2; p++) {
        assert_true(write_sections(paths[p], plans, SECTIONS, NULL));
        for (unsigned wanted = 0; wanted < 1 << SECTIONS; wanted += p == 0 ? 1 : 7)
            read_some(paths[p], wanted);
        read_some(paths[p], (1 << SECTIONS) - 1);
    }
}

static void round_trip_in_memory(void **state)
{
    (void)state;
    struct error error = {""};
    struct sections sections;
    size_t size;
    assert_true(write_sections(FILE_NAME, plans, SECTIONS, &error));
    char *data = read_whole(FILE_NAME, false, &size);
    if (!sections_in(&sections, data, size, KIND, &error))
        fail_msg("%s", error.text);
    assert_table(&sections, SECTIONS);
    assert_int_equal(sections.file_bytes, size);
    for (size_t i = 0; i < SECTIONS; i++) {
        const struct section *section = &sections.section[i];
        uint64_t found = checksum_of(data + section->offset, section_bytes(section));
        assert_content(i, data + section->offset);
        assert_true(section_checksum_ok(section, found, &error));
        assert_false(section_checksum_ok(section, found + 1, &error));
        assert_contains(error.text, section->name);
    }
    sections_free(&sections);
    free(data);
}

static void pieces_of_a_section(void **state)
{
    (void)state;
    struct error error = {""};
    struct sections sections;
    uint64_t found[3 * CHECKSUM_BLOCK / 8];
    assert_true(write_sections(FILE_NAME, plans, SECTIONS, &error));
    struct input *input = input_open(FILE_NAME, &error);
    assert_true(input != NULL && sections_read(&sections, input, KIND, &error));
    struct section_reader reader = {.input = input, .error = &error};
    const struct section *section = &sections.section[PUT];
    assert_true(section_begin(&reader, section));
    for (uint64_t at = 0; at < LONG;) {
        uint64_t n = LONG - at < 24 ? LONG - at : 24;
        assert_true(section_read(&reader, found, n * sizeof *found));
        for (uint64_t i = 0; i < n; i++)
            assert_true(found[i] == long_word(at + i));
        at += n;
    }
    assert_true(section_end(&reader, section));
    sections_free(&sections);
    input_close(input);
}

// What has gone by cannot be read any more.
static void sections_out_of_order(void **state)
{
    (void)state;
    struct error error = {""};
    struct sections sections;
    char data[256];
    assert_true(write_sections(FILE_NAME, plans, SECTIONS, &error));
    struct input *input = input_open(FILE_NAME, &error);
    assert_true(input != NULL && sections_read(&sections, input, KIND, &error));
    struct section_reader reader = {.input = input, .error = &error};
    assert_true(section_into(&reader, &sections.section[NUMBERS], data));
    assert_false(section_into(&reader, &sections.section[SMALL], data));
    assert_contains(error.text, "sections: bytes: found");
    assert_contains(error.text, "order");
    sections_free(&sections);
    input_close(input);
}

// ---- damage -----------------------------------------------------------------------------------

static void refused_in_memory(const char *data, size_t size, const char *text)
{
    struct sections sections;
    struct error error = {""};
    char *copy = exact_copy(data, size);
    if (sections_in(&sections, copy, size, KIND, &error))
        fail_msg("%zu bytes were read that were to be refused with \"%s\"", size, text);
    assert_contains(error.text, text);
    assert_true(strlen(error.text) > 0 && sections.section == NULL && sections.count == 0);
    free(copy);
}

static void refused_from_file(const char *path, const char *text)
{
    struct sections sections;
    struct error error = {""};
    struct input *input = input_open(path, &error);
    assert_non_null(input);
    if (sections_read(&sections, input, KIND, &error))
        fail_msg("%s was read that was to be refused with \"%s\"", path, text);
    assert_contains(error.text, path);
    assert_contains(error.text, text);
    assert_true(sections.section == NULL && sections.count == 0);
    input_close(input);
}

static void flipped_bits_of_header_and_table(void **state)
{
    (void)state;
    size_t size;
    char *data = small_file(&size);
    for (size_t bit = 0; bit < 8 * (HEADER + PUT * ENTRY); bit++) {
        data[bit / 8] ^= (char)(1 << bit % 8);
        refused_in_memory(data, size, "");
        if (bit % 8 == bit / 8 % 8) {
            write_file(FILE_NAME, data, size);
            refused_from_file(FILE_NAME, "");
        }
        data[bit / 8] ^= (char)(1 << bit % 8);
    }
    free(data);
}

static bool all_sections_read(const char *path, struct error *error)
{
    struct sections sections = {.section = NULL};
    char data[256];
    struct input *input = input_open(path, error);
    assert_non_null(input);
    bool ok = sections_read(&sections, input, KIND, error);
    struct section_reader reader = {.input = input, .error = error};
    for (size_t i = 0; ok && i < sections.count; i++) {
        assert_true(section_bytes(&sections.section[i]) <= sizeof data);
        ok = section_into(&reader, &sections.section[i], data);
    }
    sections_free(&sections);
    input_close(input);
    return ok;
}

static void flipped_bytes_of_sections(void **state)
{
    (void)state;
    size_t size;
    char *data = small_file(&size);
    for (size_t i = 0; i < PUT; i++) {
        struct section section;
        memcpy(&section, data + HEADER + i * ENTRY, sizeof section);
        for (size_t at = 0; at < section_bytes(&section); at++) {
            struct error error = {""};
            data[section.offset + at] ^= (char)(1 << at % 8);
            write_file(FILE_NAME, data, size);
            data[section.offset + at] ^= (char)(1 << at % 8);
            assert_false(all_sections_read(FILE_NAME, &error));
            assert_contains(error.text, FILE_NAME);
            assert_contains(error.text, section.name);
            assert_contains(error.text, "the file is damaged");
        }
    }
    free(data);
}

static void cut_at_every_byte(void **state)
{
    (void)state;
    struct error error = {""};
    size_t size;
    char *data = small_file(&size);
    for (size_t length = 0; length < size; length++) {
        bool header_there = length >= HEADER + PUT * ENTRY;
        refused_in_memory(data, length, "the file is cut short");
        if (!header_there || length % SECTIONS_ALIGNMENT < 260 || length % 97 == 0) {
            write_file(FILE_NAME, data, length);
            refused_from_file(FILE_NAME, header_there ? "the file is cut short" : "file ends");
            write_gzip("sections.gz", data, length); // whose length nobody knows before
            assert_false(all_sections_read("sections.gz", &error));
            assert_contains(error.text, "sections.gz");
            assert_contains(error.text, "file ends");
        }
    }
    data = realloc(data, size + 1);
    assert_non_null(data);
    data[size] = 0;
    refused_in_memory(data, size + 1, "the file is too long");
    write_file(FILE_NAME, data, size + 1);
    refused_from_file(FILE_NAME, "the file is too long");
    free(data);
}

// ---- forged files: the checksums are right ----------------------------------------------------

static void sign(char *data, size_t size)
{
    struct sections_header header;
    struct checksum checksum;
    memcpy(&header, data, sizeof header);
    header.checksum = 0;
    checksum_start(&checksum);
    checksum_add(&checksum, &header, sizeof header);
    if (header.sections <= (size - HEADER) / ENTRY)
        checksum_add(&checksum, data + HEADER, header.sections * ENTRY);
    header.checksum = checksum_end(&checksum);
    memcpy(data, &header, sizeof header);
}

// Puts bytes into header or table of a good file, signs it, and sees what reading says.
static void forge(size_t at, const void *value, size_t count, const char *says)
{
    size_t size;
    char *data = small_file(&size);
    assert_true(at + count <= size);
    memcpy(data + at, value, count);
    sign(data, size);
    refused_in_memory(data, size, says);
    write_file(FILE_NAME, data, size);
    refused_from_file(FILE_NAME, says);
    free(data);
}

#define FORGE_HEADER(field, type, value, says)                                                     \
    do {                                                                                           \
        type forged = (value);                                                                     \
        forge(offsetof(struct sections_header, field), &forged, sizeof forged, says);              \
    } while (0)

#define FORGE_SECTION(i, field, type, value, says)                                                 \
    do {                                                                                           \
        type forged = (value);                                                                     \
        forge(HEADER + (i)*ENTRY + offsetof(struct section, field), &forged, sizeof forged, says); \
    } while (0)

static void forged_headers(void **state)
{
    (void)state;
    forge(0, "\x89RNNLN\n", 8, "this is no native test");
    FORGE_HEADER(byte_order, uint32_t, SECTIONS_OTHER_ORDER, "other byte order");
    FORGE_HEADER(byte_order, uint32_t, 7, "found mark 00000007, wanted 01020304");
    FORGE_HEADER(version, uint32_t, 3, "native format version: found 3, wanted at most 2");
    FORGE_HEADER(version, uint32_t, 0, "native format version: found 0, wanted");
    FORGE_HEADER(version, uint32_t, UINT32_MAX, "native format version: found 4294967295");
    forge(offsetof(struct sections_header, kind), "checkpoint", 11,
          "found a checkpoint, wanted a test");
    forge(offsetof(struct sections_header, kind), "sixteen letters!", 16, "header: ");
    FORGE_HEADER(file_bytes, uint64_t, 1, "file size: found 1");
    FORGE_HEADER(file_bytes, uint64_t, UINT64_MAX, "file size");
    FORGE_HEADER(sections, uint64_t, 0, "found 0 sections, wanted 1 to 4096");
    FORGE_HEADER(sections, uint64_t, SECTIONS_MOST + 1, "found 4097 sections, wanted 1 to 4096");
    FORGE_HEADER(sections, uint64_t, UINT64_MAX, "sections, wanted 1 to 4096");
    FORGE_HEADER(sections, uint64_t, PUT - 1, "file size");
    FORGE_HEADER(sections, uint64_t, PUT + 1, "found a name without an end");
    FORGE_HEADER(spare, uint64_t, 1, "found 1 in a spare field");
}

// As many as there may be are named, but not there.
static void more_sections_than_bytes(void **state)
{
    (void)state;
    size_t size;
    uint64_t most = SECTIONS_MOST;
    char *data = small_file(&size);
    memcpy(data + offsetof(struct sections_header, sections), &most, sizeof most);
    refused_in_memory(data, size, "the file is cut short");
    write_file(FILE_NAME, data, size);
    refused_from_file(FILE_NAME, "file ends");
    free(data);
}

static void forged_names(void **state)
{
    (void)state;
    char endless[SECTION_NAME];
    memset(endless, 'x', sizeof endless);
    forge(HEADER, endless, sizeof endless, "a name without an end");
    forge(HEADER + 2 * ENTRY, endless, sizeof endless, "a name without an end");
    forge(HEADER, "", 1, "a name without an end");
    forge(HEADER + FLOATS * ENTRY, "numbers", 8, "numbers: found twice");
    forge(HEADER, "halves", 7, "halves: found twice");
}

static void forged_sizes(void **state)
{
    (void)state;
    const uint64_t page = SECTIONS_ALIGNMENT, half = (uint64_t)1 << 63;
    FORGE_SECTION(IDS, type, uint32_t, 0, "ids: found element type 0");
    FORGE_SECTION(IDS, type, uint32_t, SECTION_INT16 + 1, "element type 8");
    FORGE_SECTION(IDS, type, uint32_t, UINT32_MAX, "element type 4294967295");
    FORGE_SECTION(IDS, joined, uint32_t, 1, "spare field");
    FORGE_SECTION(IDS, width, uint64_t, 3, "ids: found 2 rows of 3 elements, 2 apart");
    FORGE_SECTION(IDS, width, uint64_t, UINT64_MAX, "ids: found 2 rows");
    FORGE_SECTION(IDS, rows, uint64_t, UINT64_MAX, "ids: found");
    FORGE_SECTION(IDS, rows, uint64_t, half, "ids: found");
    FORGE_SECTION(IDS, rows, uint64_t, half / 4, "ids: found");
    FORGE_SECTION(IDS, stride, uint64_t, half, "ids: found");
    FORGE_SECTION(IDS, stride, uint64_t, half / 2, "ids: found");
    FORGE_SECTION(IDS, stride, uint64_t, UINT64_MAX / 4, "ids: found");
    FORGE_SECTION(IDS, rows, uint64_t, page, "nothing: found at byte");
    FORGE_SECTION(HALVES, rows, uint64_t, 3, "file size");
    FORGE_SECTION(HALVES, rows, uint64_t, (uint64_t)1 << 56, "file size");
    FORGE_SECTION(HALVES, rows, uint64_t, 0, "file size");
    FORGE_SECTION(HALVES, rows, uint64_t, 1, "file size");
}

static void forged_offsets(void **state)
{
    (void)state;
    const uint64_t page = SECTIONS_ALIGNMENT;
    FORGE_SECTION(SMALL, offset, uint64_t, 0, "bytes: found at byte 0, wanted byte 4096");
    FORGE_SECTION(SMALL, offset, uint64_t, 2 * page, "bytes: found at byte 8192, wanted byte 4096");
    FORGE_SECTION(NUMBERS, offset, uint64_t, page, "numbers: found at byte 4096");
    FORGE_SECTION(NUMBERS, offset, uint64_t, page + 8, "numbers: found at byte 4104");
    FORGE_SECTION(NUMBERS, offset, uint64_t, 2 * page + 8, "numbers: found at byte 8200");
    FORGE_SECTION(NUMBERS, offset, uint64_t, 0, "numbers: found at byte 0");
    FORGE_SECTION(NUMBERS, offset, uint64_t, 4 * page, "numbers: found at byte");
    FORGE_SECTION(HALVES, offset, uint64_t, page, "halves: found at byte 4096");
    FORGE_SECTION(HALVES, offset, uint64_t, (uint64_t)1 << 62, "halves: found at byte");
    FORGE_SECTION(HALVES, offset, uint64_t, (uint64_t)1 << 63, "halves: found at byte");
    FORGE_SECTION(HALVES, offset, uint64_t, UINT64_MAX - page + 1, "halves: found at byte");
    FORGE_SECTION(HALVES, offset, uint64_t, UINT64_MAX, "halves: found at byte");
}

// As many sections as there may be, all of them empty but the first.
static void as_many_as_there_may_be(void **state)
{
    (void)state;
    struct error error = {""};
    struct sections sections;
    struct section_plan *plan = calloc(SECTIONS_MOST, sizeof *plan);
    assert_non_null(plan);
    for (int i = 0; i < SECTIONS_MOST; i++) {
        plan[i] = plans[i == 0 ? SMALL : NOTHING];
        snprintf(plan[i].section.name, SECTION_NAME, "section %d", i);
    }
    assert_true(write_sections(FILE_NAME, plan, SECTIONS_MOST, &error));
    struct input *input = input_open(FILE_NAME, &error);
    assert_true(input != NULL && sections_read(&sections, input, KIND, &error));
    assert_int_equal(sections.count, SECTIONS_MOST);
    assert_ptr_equal(sections_find(&sections, "section 4095"), &sections.section[4095]);
    sections_free(&sections);
    input_close(input);
    free(plan);
}

static void files_of_other_sorts(void **state)
{
    (void)state;
    const char *const others[] = {"version: 10\n", "\x89PNG\r\n\x1a\n", "R", ""};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        write_file(FILE_NAME, others[i], strlen(others[i]));
        struct input *input = input_open(FILE_NAME, NULL);
        assert_true(input != NULL && !sections_recognise(input));
        assert_int_equal(input_offset(input), 0);
        input_close(input);
        refused_in_memory(others[i], strlen(others[i]), "the file is cut short");
    }
    write_file(FILE_NAME, SECTIONS_MAGIC, 3); // one that is cut is recognised, and then refused
    struct input *input = input_open(FILE_NAME, NULL);
    assert_true(input != NULL && sections_recognise(input));
    input_close(input);
    refused_from_file(FILE_NAME, "file ends");
}

// ---- no memory --------------------------------------------------------------------------------

static void failed_allocations(void **state)
{
    (void)state;
    const char *const paths[] = {FILE_NAME, "sections.gz"};
    for (size_t p = 0; p < 2; p++) {
        bool ok = false;
        int64_t count = 0;
        for (unlink(paths[p]); !ok; count++) {
            struct error error = {""};
            assert_int_not_equal(access(paths[p], F_OK), 0);
            memory_fail_after(count);
            ok = write_sections(paths[p], plans, PUT, &error);
            memory_fail_after(-1);
            if (!ok)
                assert_contains(error.text, "not enough memory");
            assert_true(count < 50);
        }
        assert_true(count > 1);
        for (count = 0, ok = false; !ok; count++) {
            struct error error = {""};
            struct sections sections;
            memory_fail_after(count);
            struct input *input = input_open(paths[p], &error);
            ok = input != NULL && sections_read(&sections, input, KIND, &error);
            memory_fail_after(-1);
            if (ok)
                sections_free(&sections);
            else
                assert_contains(error.text, "not enough memory");
            input_close(input);
            assert_true(count < 50);
        }
        assert_true(count > 1);
    }
    size_t size;
    struct error error = {""};
    struct sections sections;
    char *data = small_file(&size);
    memory_fail_after(0);
    assert_false(sections_in(&sections, data, size, KIND, &error));
    memory_fail_after(-1);
    assert_contains(error.text, "not enough memory");
    assert_null(sections.section);
    free(data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_trips),
        cmocka_unit_test(round_trip_in_memory),
        cmocka_unit_test(pieces_of_a_section),
        cmocka_unit_test(sections_out_of_order),
        cmocka_unit_test(flipped_bits_of_header_and_table),
        cmocka_unit_test(flipped_bytes_of_sections),
        cmocka_unit_test(cut_at_every_byte),
        cmocka_unit_test(forged_headers),
        cmocka_unit_test(more_sections_than_bytes),
        cmocka_unit_test(forged_names),
        cmocka_unit_test(forged_sizes),
        cmocka_unit_test(forged_offsets),
        cmocka_unit_test(as_many_as_there_may_be),
        cmocka_unit_test(files_of_other_sorts),
        cmocka_unit_test(failed_allocations),
    };
    return cmocka_run_group_tests_name("sections", tests, scratch_enter, scratch_leave);
}
