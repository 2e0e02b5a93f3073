// Native model files of version 1, which programs before version 2 wrote: read and mapped, and
// whatever is wrong with them found. The files are in test/golden/.
#include "native_models.h"

#include <libgen.h>

#include "base/checksum.h"
#include "model/native_v1.h"

enum { FORGERIES = 600 };

// Numbers of sections, as in the files.
enum {
    TRAIN_FILE,
    VALID_FILE,
    COUNTS,
    OFFSETS,
    LETTERS,
    SLOTS,
    CLASSES,
    HIDDEN,
    EMBEDDING,
    RECURRENT,
    COMPRESSION,
    OUTPUT,
    MAXENT
};

static char golden[4096]; // the folder

// ---- good files -------------------------------------------------------------------------------

static char *read_golden(const char *name, bool decompress, size_t *size)
{
    char path[sizeof golden + 64];
    snprintf(path, sizeof path, "%s/%s", golden, name);
    if (access(path, R_OK) != 0)
        fail_msg("%s is wanted: run the test in the folder it was built in", path);
    return read_whole(path, decompress, size);
}

// The file itself becomes FILE_NAME.
static void fetch(const char *name)
{
    char file[64];
    size_t size;
    snprintf(file, sizeof file, "%s.model.gz", name);
    char *data = read_golden(file, true, &size);
    write_file(FILE_NAME, data, size);
    free(data);
}

static double wanted_perplexity(const char *name)
{
    size_t size;
    char *text = read_golden("native-v1.ppl", false, &size), *save_at, found[64];
    double ppl = 0, number;
    for (char *line = strtok_r(text, "\n", &save_at); line != NULL;
         line = strtok_r(NULL, "\n", &save_at))
        if (sscanf(line, "%63s %lf", found, &number) == 2 && strcmp(found, name) == 0)
            ppl = number;
    free(text);
    assert_true(ppl > 1);
    return ppl;
}

struct scorer {
    const struct model *model;
    struct forward forward;
    struct state *now, *next;
    double log10_prob;
    int words;
};

static void score_word(struct scorer *scorer, const char *word)
{
    const struct state *before = scorer->now;
    const size_t first = 0;
    int32_t id = vocabulary_find(&scorer->model->vocabulary, word, strlen(word));
    double prob;
    forward_load(&scorer->forward, 1, &before);
    assert_true(forward_predict(&scorer->forward, 1, &first, &id, &prob, NULL));
    forward_advance(&scorer->forward, 1, &before, &id, &scorer->next);
    if (id >= 0) {
        scorer->log10_prob += log10(prob);
        scorer->words++;
    }
    scorer->now = scorer->next;
    scorer->next = (struct state *)before;
}

static double perplexity(const struct model *model)
{
    const struct network *network = &model->network;
    struct forward_weights weights;
    struct scorer scorer = {.model = model};
    size_t size;
    char *text = read_golden("native-v1.text", false, &size), *save_at, *save_word;
    scorer.now = state_at_start(network, STATE_STORED, model->state, NULL);
    scorer.next = state_new(network, NULL);
    assert_true(scorer.now != NULL && scorer.next != NULL &&
                forward_weights_init(&weights, network, model->record.independent, NULL) &&
                forward_init(&scorer.forward, &weights, 1, NULL));
    for (char *line = strtok_r(text, "\n", &save_at); line != NULL;
         line = strtok_r(NULL, "\n", &save_at)) {
        for (char *word = strtok_r(line, " ", &save_word); word != NULL;
             word = strtok_r(NULL, " ", &save_word))
            score_word(&scorer, word);
        score_word(&scorer, "</s>");
    }
    forward_free(&scorer.forward);
    forward_weights_free(&weights);
    free(scorer.now);
    free(scorer.next);
    free(text);
    return pow(10, -scorer.log10_prob / scorer.words);
}

static void check_perplexity(const char *name, reader_of_models *reader, const char *path,
                             double tolerance)
{
    struct model model;
    read_with(reader, &model, path);
    assert_near(perplexity(&model), wanted_perplexity(name), tolerance);
    model_free(&model);
}

static void perplexities(void **state)
{
    (void)state;
    const char *const names[] = {"native-v1", "native-v1-bf16"};
    for (int i = 0; i < 2; i++) {
        double tolerance = i == 0 ? 1e-6 : 1e-3; // products in bfloat16 are rounded
        size_t size;
        fetch(names[i]);
        check_perplexity(names[i], model_load, FILE_NAME, tolerance);
        check_perplexity(names[i], model_open, FILE_NAME, tolerance);
        char *data = read_whole(FILE_NAME, false, &size);
        write_gzip("model.gz", data, size);
        free(data);
        check_perplexity(names[i], model_load, "model.gz", tolerance);
        check_perplexity(names[i], model_open, "model.gz", tolerance);
    }
}

static void check_record(const struct model *model)
{
    const struct training_record *record = &model->record;
    assert_string_equal(record->train_file, "train");
    assert_string_equal(record->valid_file, "valid");
    assert_int_equal(record->train_words, 59);
    assert_int_equal(record->bptt_block, 10);
    assert_int_equal(model->vocabulary.size, 14);
    assert_int_equal(model->network.shape.classes, 3);
}

static void what_they_hold(void **state)
{
    (void)state;
    reader_of_models *const readers[] = {model_load, model_open};
    for (int i = 0; i < 2; i++) {
        struct model model;
        char layers[SHAPE_TEXT];
        fetch("native-v1");
        read_with(readers[i], &model, FILE_NAME);
        check_record(&model);
        shape_print_layers(&model.network.shape, layers);
        assert_string_equal(layers, "elman:5:logistic");
        assert_int_equal(model.format, MODEL_NATIVE);
        assert_int_equal(model.map.data != NULL, i);
        assert_int_equal(model.record.bptt, 2);
        assert_int_equal(model.record.epochs, 8);
        assert_false(model.record.independent);
        model_free(&model);
        fetch("native-v1-bf16");
        read_with(readers[i], &model, FILE_NAME);
        check_record(&model);
        shape_print_layers(&model.network.shape, layers);
        assert_string_equal(layers, "elman:6:logistic,compression:4");
        assert_int_equal(model.format, MODEL_NATIVE_BFLOAT16);
        assert_int_equal(model.network.halves, i);
        assert_int_equal(model.record.bptt, 0);
        assert_true(model.record.independent && model.record.halving);
        model_free(&model);
    }
}

// Written again they are of version 2, and the same models.
static void become_version_2(void **state)
{
    (void)state;
    const char *const names[] = {"native-v1", "native-v1-bf16"};
    for (int i = 0; i < 2; i++) {
        struct model old, new;
        size_t size;
        fetch(names[i]);
        read_with(model_load, &old, FILE_NAME);
        save_model(&old, "new");
        char *data = read_whole("new", false, &size);
        uint32_t version;
        memcpy(&version, data + offsetof(struct sections_header, version), sizeof version);
        assert_int_equal(version, SECTIONS_VERSION);
        free(data);
        read_with(model_load, &new, "new");
        assert_same_model(&new, &old, 0);
        model_free(&new);
        read_with(model_open, &new, "new");
        assert_same_model(&new, &old, 0);
        model_free(&new);
        model_free(&old);
    }
}

static void failed_allocations(void **state)
{
    (void)state;
    reader_of_models *const readers[] = {model_load, model_open};
    fetch("native-v1-bf16");
    for (int i = 0; i < 2; i++) {
        bool ok = false;
        int64_t count = 0;
        for (; !ok; count++) {
            struct model model;
            struct error error = {""};
            memory_fail_after(count);
            ok = readers[i](&model, FILE_NAME, &error);
            memory_fail_after(-1);
            if (!ok)
                assert_contains(error.text, "not enough memory");
            model_free(&model);
            assert_true(count < 100);
        }
        assert_true(count > 6);
    }
}

// ---- damage -----------------------------------------------------------------------------------

static void refused(reader_of_models *reader, const char *text)
{
    struct model model;
    struct error error = {""};
    if (reader(&model, FILE_NAME, &error))
        fail_msg("a file was read that was to be refused with \"%s\"", text);
    assert_contains(error.text, FILE_NAME);
    assert_contains(error.text, text);
    assert_null(model.map.data);
    assert_null(model.network.parameter);
    assert_null(model.vocabulary.letters);
    assert_null(model.record.train_file);
}

static void cut_files(void **state)
{
    (void)state;
    size_t size;
    fetch("native-v1");
    char *data = read_whole(FILE_NAME, false, &size);
    free(data);
    for (size_t length = size; length-- > 0;) {
        size_t place = length % SECTIONS_ALIGNMENT;
        if (length >= 1200 && length + 3 < size && place % 97 > 0 && place > 2)
            continue;
        assert_int_equal(truncate(FILE_NAME, (off_t)length), 0);
        refused(model_load, "");
        refused(model_open, "");
    }
}

static void longer_file(void **state)
{
    (void)state;
    size_t size;
    fetch("native-v1");
    char *data = read_whole(FILE_NAME, false, &size);
    write_file(FILE_NAME, data, size + 1);
    refused(model_load, "too long");
    refused(model_open, "too long");
    write_gzip(FILE_NAME, data, size + 1);
    refused(model_load, "found more");
    free(data);
}

static void flipped_bits(void **state)
{
    (void)state;
    size_t size;
    fetch("native-v1");
    char *data = read_whole(FILE_NAME, false, &size);
    for (size_t at = 0; at < sizeof(struct native_v1_header); at++) {
        data[at] ^= (char)(1 << at % 8);
        write_file(FILE_NAME, data, size);
        data[at] ^= (char)(1 << at % 8);
        refused(model_load, "");
        refused(model_open, "");
    }
    struct native_v1_header header;
    memcpy(&header, data, sizeof header);
    for (int id = 0; id < NATIVE_V1_SECTIONS; id++) {
        const struct native_v1_section *section = &header.section[id];
        if (section->rows == 0)
            continue;
        data[section->offset + 1] ^= 4;
        write_file(FILE_NAME, data, size);
        data[section->offset + 1] ^= 4;
        refused(model_load, "the file is damaged");
        if (id < EMBEDDING)
            refused(model_open, "");
    }
    free(data);
}

// ---- forged files: the checksums are right ----------------------------------------------------

static void sign(char *data, size_t size)
{
    struct native_v1_header header;
    memcpy(&header, data, sizeof header);
    for (size_t id = 0; id < NATIVE_V1_SECTIONS; id++) {
        struct native_v1_section *section = &header.section[id];
        uint64_t bytes, element = section_element(section->type);
        if (!__builtin_mul_overflow(section->rows, section->stride, &bytes) &&
            !__builtin_mul_overflow(bytes, element, &bytes) && bytes > 0 &&
            section->offset < size && bytes <= size - section->offset)
            section->checksum = checksum_of(data + section->offset, bytes);
    }
    header.checksum = checksum_of(&header, offsetof(struct native_v1_header, checksum));
    memcpy(data, &header, sizeof header);
}

static void score_if_read(reader_of_models *reader)
{
    struct model model;
    struct error error;
    if (reader(&model, FILE_NAME, &error))
        score_all(&model);
    model_free(&model);
}

// Puts bytes into a good file, signs it, and sees what reading says; in place NULL if it is used.
static void forge(size_t at, const void *bytes, size_t count, const char *load_says,
                  const char *open_says)
{
    size_t size;
    struct model model;
    fetch("native-v1");
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
    read_with(model_open, &model, FILE_NAME);
    score_all(&model);
    model_free(&model);
}

#define FORGE_HEADER(field, type, value, says)                                                     \
    do {                                                                                           \
        type forged = (value);                                                                     \
        forge(offsetof(struct native_v1_header, field), &forged, sizeof forged, says, says);       \
    } while (0)

static void forged_header(void **state)
{
    (void)state;
    FORGE_HEADER(byte_order, uint32_t, SECTIONS_OTHER_ORDER, "other byte order");
    FORGE_HEADER(byte_order, uint32_t, 7, "byte order");
    FORGE_HEADER(version, uint32_t, 0, "native format version: found 0");
    FORGE_HEADER(version, uint32_t, 3, "native format version: found 3, wanted at most 2");
    FORGE_HEADER(version, uint32_t, 2, "wanted a model"); // whose header is another
    FORGE_HEADER(file_bytes, uint64_t, 1, "file size");
    FORGE_HEADER(words, uint64_t, 0, "vocabulary size");
    FORGE_HEADER(words, uint64_t, 12, "counts: found");
    FORGE_HEADER(words, uint64_t, UINT64_MAX, "vocabulary size");
    FORGE_HEADER(words, uint64_t, INT32_MAX, "found");
    FORGE_HEADER(hidden, uint64_t, 6, "found");
    FORGE_HEADER(hidden, uint64_t, UINT64_MAX, "hidden layer size");
    FORGE_HEADER(classes, uint64_t, 15, "class size");
    FORGE_HEADER(compression, uint64_t, (uint64_t)1 << 63, "compression layer size");
    FORGE_HEADER(compression, uint64_t, 1, "layer1.input: found");
    FORGE_HEADER(maxent, uint64_t, (uint64_t)1 << 40, "output.hash: found");
    FORGE_HEADER(maxent, uint64_t, UINT64_MAX, "direct connections: found");
    FORGE_HEADER(letters, uint64_t, UINT64_MAX, "words: found");
    FORGE_HEADER(slots, uint64_t, 0, "slots");
    FORGE_HEADER(slots, uint64_t, 1000, "slots: found");
    FORGE_HEADER(slots, uint64_t, (uint64_t)1 << 33, "slots: found");
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
    FORGE_HEADER(section[0].id, uint32_t, 1, "train-file: found section 1");
    FORGE_HEADER(section[0].stride, uint64_t, UINT64_MAX, "train-file: found");
    FORGE_HEADER(section[OUTPUT].offset, uint64_t, (uint64_t)1 << 60, "output.words");
    FORGE_HEADER(section[OUTPUT].offset, uint64_t, UINT64_MAX - 63, "output.words");
    FORGE_HEADER(section[OUTPUT].offset, uint64_t, 4096, "output.words");
    FORGE_HEADER(section[OUTPUT].rows, uint64_t, (uint64_t)1 << 58, "output.words");
    FORGE_HEADER(section[EMBEDDING].stride, uint64_t, 5, "layer0.input");
    FORGE_HEADER(section[EMBEDDING].type, uint32_t, SECTION_BFLOAT16, "layer0.input");
    FORGE_HEADER(section[RECURRENT].type, uint32_t, SECTION_BFLOAT16, "of element type 5");
    FORGE_HEADER(section[HIDDEN].type, uint32_t, SECTION_BFLOAT16, "state: found section");
    FORGE_HEADER(section[SLOTS].type, uint32_t, 99, "of element type 99");
    FORGE_HEADER(section[MAXENT].offset, uint64_t, 1, "output.hash");
    FORGE_HEADER(section[COMPRESSION].rows, uint64_t, 1, "layer1.input");
}

static struct native_v1_header good_header(void)
{
    size_t size;
    struct native_v1_header header;
    fetch("native-v1");
    char *data = read_whole(FILE_NAME, false, &size);
    memcpy(&header, data, sizeof header);
    free(data);
    return header;
}

static void forged_content(void **state)
{
    (void)state;
    struct native_v1_header header = good_header();
    uint64_t end = header.letters;
    int32_t low = -1, high = 14;
    float nan = NAN, one = 1;
    forge(header.section[OFFSETS].offset + 16, &end, 8, "word offsets", "word offsets");
    forge(header.section[LETTERS].offset + end - 1, "x", 1, "no end", "no end");
    forge(header.section[SLOTS].offset, &high, 4, "ids from -1 to 14", "ids from -1 to 14");
    forge(header.section[CLASSES].offset, &low, 4, "has class -1", "has class -1");
    forge(header.section[HIDDEN].offset, &nan, 4, "activation", "activation");
    forge(header.section[EMBEDDING].offset + 4, &nan, 4, "layer0.input: found nan", NULL);
    forge(header.section[OUTPUT].offset + 4, &nan, 4, "output.words: found nan", NULL);
    forge(header.section[OUTPUT].offset + (14 * 16 + 1) * 4, &nan, 4, "output.classes: found nan",
          NULL);
    forge(header.section[EMBEDDING].offset + 5 * 4, &one, 4, "padding of row 0", NULL);
}

// Any field of the header becomes some other number, and the file is signed.
static void forged_at_random(void **state)
{
    (void)state;
    const uint64_t value[] = {0,
                              1,
                              2,
                              3,
                              13,
                              14,
                              15,
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
    size_t size, fields = sizeof(struct native_v1_header) / 8 - 3;
    random_seed(&random, 5);
    for (int i = 0; i < FORGERIES; i++) {
        if (i % (FORGERIES / 2) == 0)
            fetch(i == 0 ? "native-v1" : "native-v1-bf16");
        char *good = read_whole(FILE_NAME, false, &size), *data = malloc(size);
        assert_non_null(data);
        memcpy(data, good, size);
        for (int j = 0; j <= i % 3; j++)
            memcpy(data + 8 * (2 + random_next(&random) % fields),
                   &value[random_next(&random) % (sizeof value / sizeof *value)], 8);
        sign(data, size);
        write_file(FILE_NAME, data, size);
        score_if_read(model_open);
        score_if_read(model_load);
        write_file(FILE_NAME, good, size);
        free(good);
        free(data);
    }
}

int main(void)
{
    char here[] = __FILE__, path[sizeof here + 16];
    snprintf(path, sizeof path, "%s/../golden", dirname(here));
    if (realpath(path, golden) == NULL)
        snprintf(golden, sizeof golden, "%s", path);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(perplexities),     cmocka_unit_test(what_they_hold),
        cmocka_unit_test(become_version_2), cmocka_unit_test(failed_allocations),
        cmocka_unit_test(cut_files),        cmocka_unit_test(longer_file),
        cmocka_unit_test(flipped_bits),     cmocka_unit_test(forged_header),
        cmocka_unit_test(forged_sections),  cmocka_unit_test(forged_content),
        cmocka_unit_test(forged_at_random),
    };
    return cmocka_run_group_tests_name("native v1", tests, scratch_enter, scratch_leave);
}
