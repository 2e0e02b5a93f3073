// Native model files: what is written is read again, in memory of our own or in place.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/bfloat16.h"
#include "base/checksum.h"
#include "model/model_file.h"
#include "native_models.h"
#include "net/learner.h"

// ---- reading and writing ----------------------------------------------------------------------

static void assert_same_file(const char *found, const char *wanted)
{
    size_t found_size, wanted_size;
    char *a = read_whole(found, false, &found_size), *b = read_whole(wanted, false, &wanted_size);
    assert_int_equal(found_size, wanted_size);
    assert_memory_equal(a, b, wanted_size);
    free(a);
    free(b);
}

// Takes the mean of the rows of each softmax away, which changes no probability.
static void centre_rows(struct network *network, size_t first, size_t n)
{
    for (size_t j = 0; j < network->output_width; j++) {
        double mean = 0;
        for (size_t i = first; i < first + n; i++)
            mean += (double)network->output[i * network->output_row + j] / (double)n;
        for (size_t i = first; i < first + n; i++)
            network->output[i * network->output_row + j] -= (float)mean;
    }
}

static void centre_output(struct network *network)
{
    const int32_t *begin = network->classes.begin;
    for (size_t k = 0; k < network->shape.classes; k++)
        centre_rows(network, (size_t)begin[k], (size_t)(begin[k + 1] - begin[k]));
    centre_rows(network, network->shape.words, network->shape.classes);
}

static void check_round_trip(const struct network_shape *shape, enum model_format format,
                             reader_of_models *reader)
{
    struct model wanted, found;
    struct error error;
    make_model(&wanted, shape, format);
    assert_true(model_save(&wanted, FILE_NAME, &error));
    assert_true(reader(&found, FILE_NAME, &error));
    assert_near(score_all(&found), score_all(&wanted), format == MODEL_NATIVE ? 1e-6 : 0.02);
    if (format == MODEL_NATIVE_BFLOAT16)
        centre_output(&wanted.network);
    assert_same_model(&found, &wanted, format == MODEL_NATIVE_BFLOAT16 ? 1.0 / 256 : 0);
    if (found.network.half_output == NULL) {
        assert_true(model_save(&found, "again", &error));
        assert_same_file("again", FILE_NAME);
        unlink("again");
    }
    model_free(&wanted);
    model_free(&found);
}

static void round_trip(void **state)
{
    (void)state;
    const struct network_shape *shape[] = {&plain, &compressed, &least};
    for (int i = 0; i < 3; i++) {
        check_round_trip(shape[i], MODEL_NATIVE, model_load);
        check_round_trip(shape[i], MODEL_NATIVE, model_open);
        check_round_trip(shape[i], MODEL_NATIVE_BFLOAT16, model_load);
        check_round_trip(shape[i], MODEL_NATIVE_BFLOAT16, model_open);
    }
}

static void file_names_round_trip(void **state)
{
    (void)state;
    struct model model, found;
    struct error error;
    make_model(&model, &plain, MODEL_NATIVE);
    free(model.record.train_file);
    model.record.train_file = NULL;
    model.record.valid_file = memory_text("v", 1, &error);
    assert_true(model_save(&model, FILE_NAME, &error) && model_open(&found, FILE_NAME, &error));
    assert_same_record(&found.record, &model.record);
    model_free(&found);
    assert_true(model_load(&found, FILE_NAME, &error));
    assert_same_record(&found.record, &model.record);
    model_free(&found);
    model_free(&model);
}

static void through_other_formats(void **state)
{
    (void)state;
    struct model model, found;
    struct error error;
    make_model(&model, &compressed, MODEL_BINARY);
    assert_true(model_save(&model, "binary", &error) && model_open(&found, "binary", &error));
    assert_null(found.map.data);
    found.format = MODEL_NATIVE;
    assert_true(model_save(&found, FILE_NAME, &error));
    model_free(&found);
    assert_true(model_open(&found, FILE_NAME, &error));
    found.format = MODEL_BINARY;
    assert_true(model_save(&found, "again", &error));
    assert_same_file("again", "binary");
    model_free(&found);
    model_free(&model);
}

// ---- in place ---------------------------------------------------------------------------------

static bool inside(const struct map *map, const void *data, size_t bytes)
{
    uintptr_t begin = (uintptr_t)map->data, at = (uintptr_t)data;
    return at >= begin && at - begin <= map->size && map->size - (at - begin) >= bytes;
}

static void arrays_lie_in_the_map(void **state)
{
    (void)state;
    struct model model;
    struct error error;
    struct array list[6];
    save(&compressed, MODEL_NATIVE, FILE_NAME);
    assert_true(model_open(&model, FILE_NAME, &error));
    assert_non_null(model.map.data);
    list_arrays(&model, list);
    for (int i = 0; i < 5; i++) {
        assert_true(inside(&model.map, list[i].data, list[i].rows * list[i].stride * 4));
        assert_int_equal((uintptr_t)list[i].data % MEMORY_ALIGNMENT, 0);
    }
    assert_true(inside(&model.map, model.vocabulary.slot, model.vocabulary.slots * 4));
    assert_true(inside(&model.map, model.vocabulary.count, model.vocabulary.size * 8));
    assert_true(inside(&model.map, model.vocabulary.offset, model.vocabulary.size * 8));
    assert_true(inside(&model.map, model.vocabulary.letters, model.vocabulary.letters_used));
    model_free(&model);
    assert_true(model_load(&model, FILE_NAME, &error));
    assert_null(model.map.data);
    assert_false(model.network.borrowed || model.vocabulary.borrowed);
    model_free(&model);
}

// In place and expanded, halves are the same numbers; what is computed from them differs by the
// rounding of activations and of the small matrices.
static void halves_lie_in_the_map(void **state)
{
    (void)state;
    struct model in_place, expanded;
    struct error error;
    struct array list[6];
    save(&compressed, MODEL_NATIVE_BFLOAT16, FILE_NAME);
    assert_true(model_open(&in_place, FILE_NAME, &error));
    assert_true(model_load(&expanded, FILE_NAME, &error));
    assert_same_model(&in_place, &expanded, 0);
    list_arrays(&in_place, list);
    for (int i = 0; i < 3; i++) {
        assert_null(list[i].data);
        assert_true(inside(&in_place.map, list[i].half, list[i].rows * list[i].half_stride * 2));
        assert_int_equal((uintptr_t)list[i].half % MEMORY_ALIGNMENT, 0);
    }
    assert_non_null(expanded.network.output);
    assert_null(expanded.network.half_output);
    assert_near(score_all(&in_place), score_all(&expanded), 0.02);
    // What is used in place has no floats to write in any format.
    in_place.format = MODEL_BINARY;
    assert_false(model_save(&in_place, "again", &error));
    assert_contains(error.text, "bfloat16");
    model_free(&in_place);
    model_free(&expanded);
}

static void mapped_vocabulary_takes_no_words(void **state)
{
    (void)state;
    struct model model;
    struct error error;
    save(&plain, MODEL_NATIVE, FILE_NAME);
    assert_true(model_open(&model, FILE_NAME, &error));
    assert_int_equal(vocabulary_add(&model.vocabulary, "w4", 2, &error), 2);
    assert_int_equal(vocabulary_add(&model.vocabulary, "new", 3, &error), WORD_OOV);
    assert_contains(error.text, "takes no words");
    model_free(&model);
    assert_true(model_load(&model, FILE_NAME, &error));
    assert_int_equal(vocabulary_add(&model.vocabulary, "new", 3, &error), plain.words);
    model_free(&model);
}

static void replaced_file_stays_mapped(void **state)
{
    (void)state;
    struct model wanted, found;
    struct error error;
    make_model(&wanted, &compressed, MODEL_NATIVE);
    assert_true(model_save(&wanted, FILE_NAME, &error) && model_open(&found, FILE_NAME, &error));
    save(&least, MODEL_NATIVE, FILE_NAME);
    assert_same_model(&found, &wanted, 0);
    assert_int_equal(unlink(FILE_NAME), 0);
    assert_same_model(&found, &wanted, 0);
    model_free(&found);
    model_free(&wanted);
}

// ---- pipes and compressed files ---------------------------------------------------------------

static void check_standard_input(const char *path, const struct model *wanted)
{
    struct model found;
    struct error error;
    int saved = dup(STDIN_FILENO), file = open(path, O_RDONLY);
    assert_true(saved >= 0 && file >= 0 && dup2(file, STDIN_FILENO) == STDIN_FILENO);
    close(file);
    bool ok = model_open(&found, "-", &error);
    assert_int_equal(dup2(saved, STDIN_FILENO), STDIN_FILENO);
    close(saved);
    assert_true(ok);
    assert_same_model(&found, wanted, 0);
    assert_null(found.map.data);
    model_free(&found);
}

static void compressed_and_standard_input(void **state)
{
    (void)state;
    struct model wanted, found;
    struct error error;
    make_model(&wanted, &compressed, MODEL_NATIVE);
    assert_true(model_save(&wanted, "model.gz", &error) && model_save(&wanted, FILE_NAME, &error));
    assert_true(model_open(&found, "model.gz", &error));
    assert_same_model(&found, &wanted, 0);
    assert_null(found.map.data);
    model_free(&found);
    check_standard_input(FILE_NAME, &wanted);
    check_standard_input("model.gz", &wanted);
    model_free(&wanted);
    assert_int_equal(truncate("model.gz", 900), 0);
    assert_false(model_open(&found, "model.gz", &error));
    assert_contains(error.text, "model.gz");
    assert_null(found.map.data);
}

// ---- training goes on -------------------------------------------------------------------------

static void learn(struct model *model, double prob[50])
{
    struct learner learner;
    struct error error;
    struct learning_rule rule = {
        .alpha = 0.1f, .beta = 1e-7f, .gradient_cutoff = 15, .bptt = 5, .bptt_block = 10};
    assert_true(learner_init(&learner, &model->network, &rule, &error));
    learner_start(&learner, 0.1f, model->hidden);
    for (int32_t i = 0; i < 50; i++) {
        learner.counter++;
        prob[i] = learner_step(&learner, i * 7 % 13, (i * i + 1) % 13);
    }
    learner_free(&learner);
}

static void training_goes_on(void **state)
{
    (void)state;
    struct model wanted, found;
    struct error error;
    double wanted_prob[50], found_prob[50];
    make_model(&wanted, &compressed, MODEL_NATIVE);
    assert_true(model_save(&wanted, FILE_NAME, &error) && model_load(&found, FILE_NAME, &error));
    learn(&wanted, wanted_prob);
    learn(&found, found_prob);
    assert_memory_equal(found_prob, wanted_prob, sizeof found_prob);
    assert_same_model(&found, &wanted, 0);
    model_free(&wanted);
    model_free(&found);
}

// ---- no memory --------------------------------------------------------------------------------

static void check_allocations(reader_of_models *reader, int64_t at_least)
{
    struct model model;
    struct error error;
    int64_t count = 0;
    for (bool ok = false; !ok; count++) {
        memory_fail_after(count);
        ok = reader(&model, FILE_NAME, &error);
        memory_fail_after(-1);
        if (!ok)
            assert_contains(error.text, "not enough memory");
        model_free(&model);
        assert_true(count < 100);
    }
    assert_true(count > at_least);
}

static void failed_allocations(void **state)
{
    (void)state;
    struct model model;
    struct error error;
    save(&compressed, MODEL_NATIVE, FILE_NAME);
    check_allocations(model_load, 14);
    check_allocations(model_open, 6);
    save(&compressed, MODEL_NATIVE_BFLOAT16, FILE_NAME);
    check_allocations(model_load, 14);
    check_allocations(model_open, 6);
    save(&plain, MODEL_NATIVE, "old");
    save(&plain, MODEL_NATIVE, FILE_NAME);
    make_model(&model, &compressed, MODEL_NATIVE);
    bool ok = false;
    for (int64_t count = 0; !ok; count++) {
        assert_same_file(FILE_NAME, "old");
        memory_fail_after(count);
        ok = model_save(&model, FILE_NAME, &error);
        memory_fail_after(-1);
        assert_true(count < 100);
    }
    model_free(&model);
}

// ---- parts ------------------------------------------------------------------------------------

static void bfloat16_rounds(void **state)
{
    (void)state;
    const struct {
        float number, rounded;
    } exact[] = {{0, 0},
                 {1, 1},
                 {1 + 0x1p-8f, 1},
                 {1 + 0x1p-8f + 0x1p-20f, 1 + 0x1p-7f},
                 {1 + 3 * 0x1p-8f, 1 + 0x1p-6f},
                 {-1.99999f, -2},
                 {3.4e38f, 0x1.fep127f},
                 {-3.4028235e38f, -0x1.fep127f},
                 {INFINITY, INFINITY},
                 {-INFINITY, -INFINITY},
                 {0x1p-140f, 0}};
    for (size_t i = 0; i < sizeof exact / sizeof exact[0]; i++)
        assert_true(bfloat16_to(bfloat16_from(exact[i].number)) == exact[i].rounded);
    uint32_t bits = 0xff800001u; // a NaN whose upper half is an infinity
    float nan;
    memcpy(&nan, &bits, sizeof nan);
    assert_true(isnan(bfloat16_to(bfloat16_from(nan))));
    for (uint32_t half = 0; half <= UINT16_MAX; half++)
        if (!isnan(bfloat16_to((uint16_t)half)))
            assert_int_equal(bfloat16_from(bfloat16_to((uint16_t)half)), half);
    struct random random;
    random_seed(&random, 2);
    for (int i = 0; i < 100000; i++) {
        float number = (float)random_uniform(&random, -3, 3);
        assert_true(fabsf(bfloat16_to(bfloat16_from(number)) - number) <= fabsf(number) / 256);
    }
}

static void checksum_finds_changes(void **state)
{
    (void)state;
    unsigned char data[200] = {0};
    uint64_t seen[201];
    for (size_t size = 0; size <= 200; size++) { // zeros count too
        seen[size] = checksum_of(data, size);
        for (size_t i = 0; i < size; i++)
            assert_true(seen[i] != seen[size]);
    }
    for (size_t i = 0; i < 200; i++)
        data[i] = (unsigned char)(i * 37);
    uint64_t sum = checksum_of(data, 200);
    for (size_t bit = 0; bit < 8 * 200; bit++) {
        data[bit / 8] ^= (unsigned char)(1 << bit % 8);
        assert_true(checksum_of(data, 200) != sum);
        data[bit / 8] ^= (unsigned char)(1 << bit % 8);
    }
    data[7] ^= 0x80, data[71] ^= 0x80; // the signs of two words of one lane
    assert_true(checksum_of(data, 200) != sum);
    data[7] ^= 0x80, data[71] ^= 0x80;
    for (size_t first = 0; first <= 192; first += CHECKSUM_BLOCK) {
        struct checksum checksum;
        checksum_start(&checksum);
        checksum_add(&checksum, data, first);
        checksum_add(&checksum, data + first, 200 - first);
        assert_true(checksum_end(&checksum) == sum);
    }
}

static void format_names(void **state)
{
    (void)state;
    struct error error;
    enum model_format format;
    for (int i = MODEL_TEXT; i <= MODEL_NATIVE_BFLOAT16; i++) {
        assert_true(model_format_named(model_format_name((enum model_format)i), &format, &error));
        assert_int_equal(format, i);
    }
    assert_false(model_format_named("naive", &format, &error));
    assert_string_equal(error.text, "found \"naive\", wanted text, binary, native or native-bf16");
}

static void maps_of_other_things(void **state)
{
    (void)state;
    struct map map;
    struct error error;
    assert_false(map_open(&map, "absent", &error));
    assert_contains(error.text, "cannot open absent");
    assert_false(map_open(&map, ".", &error));
    assert_contains(error.text, "regular file");
    write_file("empty", "", 0);
    assert_false(map_open(&map, "empty", &error));
    assert_contains(error.text, "empty");
    map_close(&map);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_trip),
        cmocka_unit_test(file_names_round_trip),
        cmocka_unit_test(through_other_formats),
        cmocka_unit_test(arrays_lie_in_the_map),
        cmocka_unit_test(halves_lie_in_the_map),
        cmocka_unit_test(mapped_vocabulary_takes_no_words),
        cmocka_unit_test(replaced_file_stays_mapped),
        cmocka_unit_test(compressed_and_standard_input),
        cmocka_unit_test(training_goes_on),
        cmocka_unit_test(failed_allocations),
        cmocka_unit_test(bfloat16_rounds),
        cmocka_unit_test(checksum_finds_changes),
        cmocka_unit_test(format_names),
        cmocka_unit_test(maps_of_other_things),
    };
    return cmocka_run_group_tests(tests, scratch_enter, scratch_leave);
}
