// Words as vectors: files in all forms give back what was written, damaged ones are refused, neighbours are
// those of a plain search.
#include "testing.h"

#include "model/vectors.h"
#include "scratch.h"
#include "vectors/neighbours.h"

enum { WORDS = 40, WIDTH = 7 };

struct case_ {
    struct model model;
};

static void start(struct case_ *one, const char *layers)
{
    struct error error = {""};
    struct classes classes;
    struct network_shape shape = new_shape(WORDS, layers, 4, 0, 0);
    memset(one, 0, sizeof *one);
    make_classes(&shape, &classes);
    if (!network_init(&one->model.network, &shape, &classes, &error))
        fail_msg("%s", error.text);
    randomise_network(&one->model.network, 3, 0.4);
    assert_true(vocabulary_init(&one->model.vocabulary, &error));
    for (int i = 1; i < WORDS; i++) {
        char name[16];
        snprintf(name, sizeof name, "%s%d", i % 3 == 0 ? "\xe3\x81\x82" : "w", i);
        assert_int_equal(vocabulary_add(&one->model.vocabulary, name, strlen(name), &error), i);
    }
}

static void finish(struct case_ *one)
{
    vocabulary_free(&one->model.vocabulary);
    network_free(&one->model.network);
}

// ---- files ------------------------------------------------------------------------------------

struct taken {
    size_t count, width;
    char word[WORDS + 2][16];
    float row[WORDS + 2][WIDTH];
};

static bool take(void *context, const char *word, size_t length, const float *row, size_t width,
                 struct error *error)
{
    struct taken *taken = context;
    if (taken->count == WORDS + 1)
        return error_set(error, "enough");
    assert_true(length < 16 && width <= WIDTH);
    memcpy(taken->word[taken->count], word, length);
    taken->word[taken->count][length] = '\0';
    memcpy(taken->row[taken->count++], row, width * sizeof *row);
    return true;
}

static void write_vectors(const struct vectors *vectors, enum vectors_format format)
{
    struct error error;
    unlink("vectors");
    struct output *output = output_open("vectors", &error);
    vectors_write(vectors, format, output);
    assert_true(output_commit(output, &error));
}

static void test_files(void **unused)
{
    (void)unused;
    const char *const name[] = {"word2vec", "text", "binary"};
    struct case_ one;
    struct vectors vectors;
    struct error error;
    start(&one, "projection:7,elman:5 full");
    assert_true(vectors_in(&vectors, &one.model, &error));
    assert_int_equal(vectors.width, WIDTH);
    for (size_t f = 0; f < 3; f++) {
        enum vectors_format format;
        struct taken taken = {0};
        assert_true(vectors_format_named(name[f], &format, &error));
        write_vectors(&vectors, format);
        if (!vectors_read("vectors", &taken.width, take, &taken, &error))
            fail_msg("%s: %s", name[f], error.text);
        assert_int_equal(taken.width, WIDTH);
        assert_int_equal(taken.count, WORDS);
        for (size_t i = 0; i < WORDS; i++) {
            assert_string_equal(taken.word[i], vocabulary_word(&one.model.vocabulary, (int32_t)i));
            assert_memory_equal(taken.row[i], vectors.row + i * vectors.stride,
                                WIDTH * sizeof(float));
        }
    }
    enum vectors_format format;
    assert_false(vectors_format_named("glove", &format, &error));
    assert_contains(error.text, "wanted word2vec, text or binary");
    finish(&one);
}

static void refused(const char *data, size_t size, const char *message)
{
    struct taken taken = {0};
    struct error error = {""};
    write_file("bad", data, size);
    assert_false(vectors_read("bad", &taken.width, take, &taken, &error));
    assert_contains(error.text, "bad: ");
    assert_contains(error.text, message);
}

static void test_bad_files(void **unused)
{
    (void)unused;
    const char *const text[][2] = {
        {"", "the file is empty"},
        {"a 1 2\nb 1\n", "line 2: found 1 numbers behind the word, wanted 2"},
        {"a 1 2\nb 1 2 3\n", "line 2: found 3 numbers"},
        {"a 1 x\n", "line 1: found \"x\", wanted a number"},
        {"a 1 2\n\nb 1 2\n", "line 2: found an empty line"},
        {"a\n", "line 1: found 0 numbers"},
        {"a 1 nan\n", "found \"nan\""},
        {"a 1 1e39\n", "found \"1e39\", wanted a number"},
        {"2 2\na 1 2\nb 1\n", "line 3: found 1 numbers"},
        {"2 2\n", "found no word, wanted number 1 of 2"},
    };
    for (size_t i = 0; i < sizeof text / sizeof text[0]; i++)
        refused(text[i][0], strlen(text[i][0]), text[i][1]);
    refused("2 2\na \0\0\x80\x3f\0\0\0\x40\nb \0\0", 19, "file ends");
    refused("1 1\na \0\0\x80\x7f\n", 11, "no finite number");
    struct taken taken = {0};
    struct error error;
    assert_false(vectors_read("missing", &taken.width, take, &taken, &error));
    // What `take` says, with its place.
    FILE *file = fopen("many", "w");
    for (int i = 0; i < WORDS + 5; i++)
        fprintf(file, "w 1 2\n");
    fclose(file);
    assert_false(vectors_read("many", &taken.width, take, &taken, &error));
    assert_string_equal(error.text, "many: line 42: enough");
}

// As other programs write them: blanks at the ends of lines, a newline or none behind the floats.
static void test_forms_of_others(void **unused)
{
    (void)unused;
    const struct {
        const char *data;
        size_t size;
    } form[] = {{"2 2\na 1 2 \nb -0.5 4e1 \n", 23},
                {"a 1 2\r\nb -0.5 40\r\n", 18},
                {"2 2\na \0\0\x80\x3f\0\0\0\x40\nb \0\0\0\xbf\0\0\x20\x42\n", 26},
                {"2 2\na \0\0\x80\x3f\0\0\0\x40"
                 "b \0\0\0\xbf\0\0\x20\x42",
                 24}};
    for (size_t i = 0; i < 4; i++) {
        struct taken taken = {0};
        struct error error;
        write_file("form", form[i].data, form[i].size);
        if (!vectors_read("form", &taken.width, take, &taken, &error))
            fail_msg("%zu: %s", i, error.text);
        assert_int_equal(taken.count, 2);
        assert_string_equal(taken.word[1], "b");
        assert_true(taken.row[0][0] == 1 && taken.row[0][1] == 2);
        assert_true(taken.row[1][0] == -0.5f && taken.row[1][1] == 40);
    }
}

// ---- neighbours -------------------------------------------------------------------------------

static void test_neighbours(void **unused)
{
    (void)unused;
    struct case_ one;
    struct vectors vectors;
    struct error error;
    double place[WIDTH];
    start(&one, "projection:7,elman:5 full");
    assert_true(vectors_in(&vectors, &one.model, &error));
    memset((float *)vectors.row + 5 * vectors.stride, 0, WIDTH * sizeof(float));
    for (int32_t word = 0; word < WORDS; word++) {
        const int32_t left_out[2] = {word, (word + 3) % WORDS};
        struct neighbour found[WORDS];
        double cosine[WORDS];
        vectors_analogy(&vectors, word, (word + 1) % WORDS, (word + 2) % WORDS, place);
        if (word % 2)
            vectors_place(&vectors, word, place);
        size_t count = vectors_nearest(&vectors, place, left_out, 2, found, 10);
        assert_int_equal(count, word % 2 && word == 5 ? 0 : 10);
        for (int32_t i = 0; i < WORDS; i++) {
            double ab = 0, aa = 0, bb = 0;
            for (size_t j = 0; j < WIDTH; j++) {
                double x = (double)vectors.row[(size_t)i * vectors.stride + j];
                ab += x * place[j];
                aa += x * x;
                bb += place[j] * place[j];
            }
            cosine[i] = aa > 0 ? ab / sqrt(aa * bb) : -2;
        }
        for (size_t k = 0; k < count; k++) {
            size_t better = 0;
            assert_near(found[k].cosine, cosine[found[k].word], 1e-12);
            assert_true(found[k].word != left_out[0] && found[k].word != left_out[1]);
            for (int32_t i = 0; i < WORDS; i++)
                better +=
                    cosine[i] > found[k].cosine + 1e-12 && i != left_out[0] && i != left_out[1];
            assert_int_equal(better, k);
        }
    }
    finish(&one);
}

// b - a + c, each of length 1.
static void test_analogy(void **unused)
{
    (void)unused;
    struct case_ one;
    struct vectors vectors;
    struct error error;
    double place[WIDTH];
    start(&one, "projection:7,elman:5 full");
    assert_true(vectors_in(&vectors, &one.model, &error));
    for (size_t i = 0; i < 3; i++)
        for (size_t j = 0; j < WIDTH; j++)
            ((float *)vectors.row)[i * vectors.stride + j] = j == i ? (float)(2 + i) : 0;
    vectors_analogy(&vectors, 0, 1, 2, place);
    assert_true(place[0] == -1 && place[1] == 1 && place[2] == 1 && place[3] == 0);
    finish(&one);
}

static void test_tables(void **unused)
{
    (void)unused;
    struct case_ one;
    struct vectors in, out;
    struct error error;
    start(&one, "projection:5,elman:5 class tied");
    assert_true(vectors_in(&in, &one.model, &error) && vectors_out(&out, &one.model, &error));
    assert_ptr_equal(in.row, out.row);
    finish(&one);
    start(&one, "projection:5,elman:6 class");
    assert_true(vectors_in(&in, &one.model, &error) && vectors_out(&out, &one.model, &error));
    assert_int_equal(in.width, 5);
    assert_int_equal(out.width, 6);
    finish(&one);
    start(&one, "elman:6 tree");
    assert_true(vectors_in(&in, &one.model, &error));
    assert_false(vectors_out(&out, &one.model, &error));
    assert_contains(error.text, "output tree has no vector for each word");
    finish(&one);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_files),           cmocka_unit_test(test_bad_files),
        cmocka_unit_test(test_forms_of_others), cmocka_unit_test(test_neighbours),
        cmocka_unit_test(test_analogy),         cmocka_unit_test(test_tables),
    };
    return cmocka_run_group_tests(tests, scratch_enter, scratch_leave);
}
