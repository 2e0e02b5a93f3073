// Model files: written and read back, in both formats; written by hand; and damaged in every way.
#include "native_models.h"

#include <ctype.h>

enum { MOST_FILE = 1 << 16 };

// ---- models -----------------------------------------------------------------------------------

static const char *const spelling[] = {"</s>", "the", "a", "Jürgen", "x:y", "0", "end"};

static void add_words(struct vocabulary *vocabulary, size_t words)
{
    assert_true(vocabulary_init(vocabulary, NULL));
    for (size_t i = 0; i < words; i++) {
        assert_int_equal(vocabulary_add(vocabulary, spelling[i], strlen(spelling[i]), NULL), i);
        vocabulary->count[i] = i == 1 ? 5000000000 : 100 - i;
    }
}

static struct model new_model(const struct network_shape *shape)
{
    struct model model;
    memset(&model, 0, sizeof model);
    add_words(&model.vocabulary, shape->words);
    make_network(&model.network, shape, 11, 2);
    assert_true(model_attach(&model, NULL));
    for (size_t i = 0; i < shape->layer[0].units; i++)
        model.state[i] = 0.1f + (float)i / 7;
    model.record = (struct training_record){
        .train_file = memory_text("data/my train.txt", 17, NULL),
        .valid_log10_prob = -1234.5,
        .train_log10_prob = -77.125,
        .epochs = 3,
        .position = 6000000000,
        .save_every = 10000,
        .train_words = 7000000000,
        .bptt = 5,
        .bptt_block = 10,
        .starting_alpha = 0.1,
        .alpha = 0.025,
        .halving = true,
    };
    return model;
}

static struct network_shape small_shape(size_t maxent, int maxent_order)
{
    return new_shape(3, "elman:2", 2, maxent, maxent_order);
}

// That the reference has.
enum { SHAPES = 5 };

static struct network_shape shape_number(size_t i)
{
    switch (i) {
    case 0:
        return new_shape(3, "elman:2", 2, 0, 3);
    case 1:
        return new_shape(7, "elman:18", 1, 0, 0);
    case 2:
        return new_shape(7, "elman:33,compression:5", 7, 0, 0);
    case 3:
        return new_shape(7, "elman:3", 3, 25, 4);
    default:
        return new_shape(7, "elman:16,compression:17", 3, 2, 0);
    }
}

static struct model model_number(size_t i)
{
    struct network_shape shape = shape_number(i);
    return new_model(&shape);
}

static struct model small_model(void)
{
    struct network_shape shape = small_shape(0, 0);
    return new_model(&shape);
}

// The model must be refused with a message that names the file and holds `part`; nothing is left
// in memory.
static void assert_refused(const char *path, const char *part)
{
    struct model model;
    struct error error = {""};
    if (model_load(&model, path, &error))
        fail_msg("%s was read, \"%s\" was wanted", path, part);
    assert_contains(error.text, path);
    assert_contains(error.text, part);
    assert_null(model.state);
}

// ---- round trips ------------------------------------------------------------------------------

static void round_trips(void **state)
{
    (void)state;
    const char *const paths[] = {"model", "model.gz"};
    for (size_t s = 0; s < SHAPES; s++)
        for (int round = 0; round < 4; round++) {
            struct model model = model_number(s), again;
            const char *path = paths[round % 2];
            model.format = round & 2 ? MODEL_BINARY : MODEL_TEXT;
            model.record.old_classes = (s + (size_t)round) % 2 == 0;
            model.record.independent = !model.record.old_classes;
            if (s % 2 == 0)
                model.record.valid_file = memory_text("valid", 5, NULL);
            save_model(&model, path);
            read_with(model_load, &again, path);
            assert_same_model(&again, &model, 0);
            model_free(&again);
            model_free(&model);
        }
}

static void extreme_weights_survive_text(void **state)
{
    (void)state;
    const float values[] = {0, 1e-45f, -3.4028235e38f, 0.1f, 16777215, 1e-9f};
    struct model model = model_number(4), again;
    for (size_t i = 0; i < 6; i++)
        *weight(&model, "layer0.recurrent", 0, i) = values[i];
    save_model(&model, "model");
    read_with(model_load, &again, "model");
    assert_same_model(&again, &model, 0);
    model_free(&again);
    model_free(&model);
}

// The header as other readers expect it, line by line, and the arrays in their places.
static void text_form(void **state)
{
    (void)state;
    struct model model = small_model();
    model.record.valid_file = memory_text("valid.txt", 9, NULL);
    for (size_t i = 0; i < 2; i++) {
        model.state[i] = 0.5f + (float)i;
        for (size_t word = 0; word < 3; word++) // unit i: 10 i + 1, 2, 3 for words, 4, 5 for units
            *weight(&model, "layer0.input", word, i) = (float)(10 * i + word + 1);
        for (size_t j = 0; j < 2; j++)
            *weight(&model, "layer0.recurrent", i, j) = (float)(10 * i + j + 4);
    }
    for (size_t row = 0; row < 5; row++) // three words, two classes
        for (size_t j = 0; j < 2; j++)
            *(row < 3 ? weight(&model, "output.words", row, j)
                      : weight(&model, "output.classes", row - 3, j)) =
                -0.25f - (float)(2 * row + j);
    save_model(&model, "model");
    assert_file_holds("model", "version: 10\n"
                               "file format: 0\n"
                               "\n"
                               "training data file: data/my train.txt\n"
                               "validation data file: valid.txt\n"
                               "\n"
                               "last probability of validation data: -1234.500000\n"
                               "number of finished iterations: 3\n"
                               "current position in training data: 6000000000\n"
                               "current probability of training data: -77.125000\n"
                               "save after processing # words: 10000\n"
                               "# of training words: 7000000000\n"
                               "input layer size: 5\n"
                               "hidden layer size: 2\n"
                               "compression layer size: 0\n"
                               "output layer size: 5\n"
                               "direct connections: 0\n"
                               "direct order: 0\n"
                               "bptt: 6\n" // one more than there are
                               "bptt block: 10\n"
                               "vocabulary size: 3\n"
                               "class size: 2\n"
                               "old classes: 0\n"
                               "independent sentences mode: 0\n"
                               "starting learning rate: 0.100000\n"
                               "current learning rate: 0.025000\n"
                               "learning rate decrease: 1\n"
                               "\n"
                               "\n"
                               "Vocabulary:\n"
                               "     0\t       100\t</s>\t0\n"
                               "     1\t5000000000\tthe\t0\n"
                               "     2\t        98\ta\t1\n"
                               "\n"
                               "Hidden layer activation:\n0.5\n1.5\n"
                               "\n"
                               "Weights 0->1:\n1\n2\n3\n4\n5\n11\n12\n13\n14\n15\n"
                               "\n\n"
                               "Weights 1->2:\n-0.25\n-1.25\n-2.25\n-3.25\n-4.25\n-5.25\n-6.25\n"
                               "-7.25\n-8.25\n-9.25\n"
                               "\n"
                               "Direct connections:\n");
    model_free(&model);
}

static void edit_file(const char *path, const char *from, const char *to)
{
    size_t size;
    char *data = read_whole(path, false, &size), *text = malloc(size + strlen(to) + 1);
    char *at = strstr(data, from);
    assert_non_null(text);
    if (at == NULL)
        fail_msg("no \"%s\" in %s", from, path);
    size_t before = (size_t)(at - data), behind = size - before - strlen(from);
    memcpy(text, data, before);
    memcpy(text + before, to, strlen(to));
    memcpy(text + before + strlen(to), at + strlen(from), behind);
    write_file(path, text, before + strlen(to) + behind);
    free(text);
    free(data);
}

// The files' number is one more than the steps there are, but for none, which is 0; the reference
// also knows 1.
static void steps_back_through_time(void **state)
{
    (void)state;
    const struct {
        int64_t bptt;
        const char *line;
    } wanted[] = {{0, "bptt: 0\n"}, {1, "bptt: 2\n"}, {5, "bptt: 6\n"}};
    struct model model = small_model(), again;
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        size_t size;
        model.record.bptt = wanted[i].bptt;
        save_model(&model, "model");
        char *text = read_whole("model", false, &size);
        assert_contains(text, wanted[i].line);
        free(text);
        read_with(model_load, &again, "model");
        assert_same_model(&again, &model, 0);
        model_free(&again);
    }
    edit_file("model", "bptt: 6\n", "bptt: 1\n");
    read_with(model_load, &again, "model");
    assert_int_equal(again.record.bptt, 0);
    model_free(&again);
    model_free(&model);
}

// ---- version 6 --------------------------------------------------------------------------------

// A model as toolkit 0.2 wrote it, with the number of direct connections given.
static void write_version_6(const char *path, const char *connections)
{
    char text[MOST_FILE];
    int length = snprintf(text, sizeof text,
                          "version: 6\n\ntraining data file: train\nvalidation data file: valid\n\n"
                          "last probability of validation data: -20.5\n"
                          "number of finished iterations: 2\n"
                          "current position in training data: 0\n"
                          "current probability of training data: 0\n"
                          "save after processing # words: 0\n# of training words: 9\n"
                          "input layer size: 3\nhidden layer size: 1\noutput layer size: 4\n"
                          "direct connections: %s\nbptt: 0\nbptt block: 10\n"
                          "vocabulary size: 2\nclass size: 2\n"
                          "starting learning rate: 0.1\ncurrent learning rate: 0.05\n"
                          "learning rate decrease: 1\n\n\n"
                          "Vocabulary:\n     0\t3\t</s>\t0\n     1\t6\tword\t1\n\n"
                          "Hidden layer activation:\n0.1250\n\n"
                          "Weights 0->1:\n0.2500\n-0.5000\n0.7500\n\n\n"
                          "Weights 1->2:\n1.0000\n2.0000\n3.0000\n4.0000\n\n",
                          connections);
    write_file(path, text, (size_t)length);
}

// Six decimals are the reference's, and are not enough for every rate.
static void rates_come_back(void **state)
{
    (void)state;
    static const struct {
        double rate;
        const char *text;
    } rows[] = {{0.1, "0.100000"}, {0.0125, "0.012500"},           {0.1 / 64, "0.0015625"},
                {3e-7, "3e-07"},   {1. / 3, "0.3333333333333333"}, {1e6, "1000000.000000"},
                {0, "0.000000"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct model model = small_model(), back;
        char line[80];
        size_t size;
        model.record.alpha = rows[i].rate;
        save_model(&model, "model");
        char *text = read_whole("model", false, &size);
        snprintf(line, sizeof line, "current learning rate: %s\n", rows[i].text);
        assert_non_null(strstr(text, line));
        free(text);
        read_with(model_load, &back, "model");
        assert_true(back.record.alpha == rows[i].rate);
        model_free(&back);
        model_free(&model);
    }
}

static void version_6(void **state)
{
    (void)state;
    struct model model;
    write_version_6("old", "0");
    read_with(model_load, &model, "old");
    assert_int_equal(model.network.shape.words, 2);
    assert_int_equal(model.network.shape.layers, 1);
    assert_int_equal(model.record.epochs, 2);
    assert_string_equal(model.record.valid_file, "valid");
    assert_string_equal(vocabulary_word(&model.vocabulary, 1), "word");
    assert_true(model.state[0] == 0.125f && *weight(&model, "layer0.input", 0, 0) == 0.25f &&
                *weight(&model, "layer0.input", 1, 0) == -0.5f &&
                *weight(&model, "layer0.recurrent", 0, 0) == 0.75f &&
                *weight(&model, "output.words", 0, 0) == 1 &&
                *weight(&model, "output.classes", 1, 0) == 4);
    save_model(&model, "new"); // as version 10
    struct model again;
    read_with(model_load, &again, "new");
    assert_same_model(&again, &model, 0);
    model_free(&again);
    model_free(&model);
    write_version_6("old", "1000000");
    assert_refused("old", "version 6 with 1000000 direct connections");
}

// ---- damage -----------------------------------------------------------------------------------

// Where the last number and its newline end: of a text, what is behind holds nothing.
static size_t end_of_numbers(const char *data, size_t size)
{
    while (size > 0 && !isdigit((unsigned char)data[size - 1]))
        size--;
    return size + 1;
}

// Every length short of the last number's newline is refused. Behind it a text without direct
// connections only has an empty section's heading, and may end anywhere but within that word.
static void cut_at_every_byte(void **state)
{
    (void)state;
    const int rounds[] = {0, 1, 3, 5, 6}; // bits: direct connections, binary, compressed
    for (size_t r = 0; r < sizeof rounds / sizeof rounds[0]; r++) {
        int round = rounds[r];
        const char *path = round & 4 ? "cut.gz" : "cut";
        struct network_shape shape = small_shape(round & 1 ? 3 : 0, 2);
        struct model model = new_model(&shape);
        model.format = round & 2 ? MODEL_BINARY : MODEL_TEXT;
        save_model(&model, path);
        size_t size;
        char *data = read_whole(path, false, &size);
        bool plain_text = (round & 6) == 0;
        size_t whole = plain_text ? end_of_numbers(data, size) : size;
        assert_true(whole > 500 || (round & 4));
        for (size_t length = 0; length < whole; length++) {
            write_file(path, data, length);
            assert_refused(path, "");
        }
        for (size_t length = whole; length <= size; length++) {
            struct model again;
            struct error error = {""};
            bool in_heading = isalpha((unsigned char)data[length - 1]) || data[length - 1] == ' ';
            write_file(path, data, length);
            assert_int_equal(model_load(&again, path, &error), !in_heading);
            if (!in_heading) {
                assert_same_model(&again, &model, 0);
                model_free(&again);
            }
        }
        free(data);
        model_free(&model);
    }
}

// Whatever byte is changed, a model is either refused or sound; a compressed one is refused or the
// same. Address and undefined-behaviour sanitizers watch.
static void changed_bytes(void **state)
{
    (void)state;
    struct random random;
    random_seed(&random, 3);
    int refused = 0, read = 0;
    for (int round = 0; round < 4; round++) {
        const char *path = round & 2 ? "changed.gz" : "changed";
        struct network_shape shape = small_shape(3, 2);
        struct model model = new_model(&shape), again;
        model.format = round & 1 ? MODEL_BINARY : MODEL_TEXT;
        save_model(&model, path);
        size_t size;
        char *data = read_whole(path, false, &size);
        for (size_t i = 0; i < size; i++) {
            struct error error = {""};
            char old = data[i];
            data[i] = random_next(&random) % 2 ? (char)(old ^ (1 << random_next(&random) % 8))
                                               : "0:\n-9e\377"[random_next(&random) % 8];
            write_file(path, data, size);
            if (model_load(&again, path, &error)) {
                read++;
                assert_true(network_is_finite(&again.network, &error));
                if (round & 2)
                    assert_same_model(&again, &model, 0);
                model_free(&again);
            } else {
                refused++;
                assert_contains(error.text, path);
            }
            data[i] = old;
        }
        free(data);
        model_free(&model);
    }
    assert_true(refused > 300 && read > 300);
}

// A text model with one part of it replaced.
static void write_edited(const char *path, const struct model *model, const char *from,
                         const char *to)
{
    save_model(model, path);
    edit_file(path, from, to);
}

static void wrong_parts_of_a_text_model(void **state)
{
    (void)state;
    static const struct {
        const char *from, *to, *message;
    } edit[] = {
        {"version: 10", "version: 7", "line 1: model file version: found 7, wanted 10 or 6"},
        {"version: 10", "version 10", "line 1: found \"version 10\""},
        {"version: 10", "version: ten", "version: found \"ten\", wanted a number"},
        {"file format: 0", "file format: 2", "file format: found 2"},
        {"input layer size: 5", "input layer size: 6", "input layer size: found 6"},
        {"output layer size: 5", "output layer size: 4", "output layer size: found 4"},
        {"hidden layer size: 2", "hidden layer size: 0", "hidden layer size: found 0"},
        {"hidden layer size: 2", "hidden layer size: 1.5", "found 1.5, wanted a whole number"},
        {"hidden layer size: 2", "hidden layer size: -2", "found -2, wanted a whole number"},
        {"hidden layer size: 2", "hidden layer size: nan", "wanted a number"},
        {"hidden layer size: 2", "hidden layer size: 3", "input layer size"},
        {"vocabulary size: 3", "vocabulary size: 4", "input layer size"},
        {"compression layer size: 0", "compression layer size: 1", "eights"},
        {"direct connections: 0", "direct connections: 1", "direct connections: found 1"},
        {"direct connections: 0", "direct connections: 9000000000", "bytes of weights found"},
        {"direct connections: 0", "direct connections: 2", "direct connections"},
        {"bptt: 6", "bptt: 99999999", "bptt: found 99999999"},
        {"bptt block: 10", "bptt block: 0", "in blocks of 0"},
        {"class size: 2", "class size: 4", "class size: found 4"},
        {"class size: 2", "class size: 1", "output layer size"},
        {"Vocabulary:", "Words", "line 30: found \"Words\", wanted \"Vocabulary:\""},
        {"\t</s>\t", "\t<s>\t", "line 31: the first word is \"<s>\", wanted </s>"},
        {"\ta\t1", "\tthe\t1", "line 33: the word \"the\" stands there twice"},
        {"\ta\t1", "\ta\t2", "line 33: found class 2, wanted 0 to 1"},
        {"\tthe\t0", "\tthe\t1", NULL},
        {"</s>\t0", "</s>\t1", "line 32: found class 0, wanted 1 to 1"},
        {"\ta\t1", "\ta", "line 33: found"},
        {"\ta\t1", "\ta\t1\t1", "line 33: found"},
        {"     2\t", "     1\t", "found word id 1, wanted 2"},
        {"\t        98\t", "\t-1\t", "line 33: found"},
        {"Hidden layer activation:", "0.5", "wanted the heading of the hidden layer activation"},
        {"Weights 0->1:\n", "Weights 0->1:\nnan\n", "line 40: found \"nan\" among input"},
        {"Weights 0->1:\n", "Weights 0->1:\ninf\n", "wanted a finite number"},
        {"Weights 0->1:\n", "Weights 0->1:\n1e39\n", "wanted a finite number"},
        {"Weights 0->1:\n", "Weights 0->1:\n0.1 0.2\n", "wanted a finite number"},
        {"Weights 0->1:\n", "Weights 0->1:\n0.1\n", "wanted the heading of the output weights"},
        {"Weights 1->2:\n", "Weights 1->2:\n0.1\n", "wanted the file's end"},
        {"Direct connections:\n", "Direct connections:\n0.1\n", "found \"0.1\", wanted the file's"},
        {"Direct connections:\n", "Direct:\nagain:\n", "found \"again:\", wanted the file's end"},
    };
    struct model model = small_model(), again;
    for (size_t i = 0; i < sizeof edit / sizeof edit[0]; i++) {
        write_edited("edited", &model, edit[i].from, edit[i].to);
        if (edit[i].message != NULL) {
            assert_refused("edited", edit[i].message);
        } else {
            read_with(model_load, &again, "edited");
            model_free(&again);
        }
    }
    model_free(&model);
}

static void wrong_binary_weights(void **state)
{
    (void)state;
    struct model model = small_model();
    model.format = MODEL_BINARY;
    for (int round = 0; round < 2; round++) {
        const char *path = round == 0 ? "wrong" : "wrong.gz";
        *weight(&model, "output.words", 0, 1) = NAN;
        save_model(&model, path);
        assert_refused(path, "output.words: found nan");
        *weight(&model, "output.words", 0, 1) = 1;
        model.state[1] = INFINITY;
        save_model(&model, path);
        assert_refused(path, "hidden layer activation: found inf");
        model.state[1] = 1;
    }
    // one byte too many; compressed, the length is not known before
    save_model(&model, "wrong");
    size_t size;
    char *data = read_whole("wrong", false, &size);
    write_file("wrong", data, size + 1);
    assert_refused("wrong", "bytes of weights found after the vocabulary");
    write_gzip("wrong.gz", data, size + 1);
    assert_refused("wrong.gz", "wanted the file's end");
    free(data);
    model_free(&model);
}

static void files_that_are_no_models(void **state)
{
    (void)state;
    write_file("none", "", 0);
    assert_refused("none", "file ends");
    write_file("none", "\0\0\0\0\n\0", 6);
    assert_refused("none", "wanted \"version");
    assert_refused("missing", "cannot open");
    char *line = malloc(1000001); // a line far beyond any buffer
    memset(line, 'x', 1000000);
    line[1000000] = ':';
    write_file("none", line, 1000001);
    free(line);
    assert_refused("none", "version");
}

static void unwritable_path_keeps_the_old_file(void **state)
{
    (void)state;
    struct model model = small_model();
    struct error error = {""};
    assert_false(model_save(&model, "no/such/directory/model", &error));
    assert_contains(error.text, "no/such/directory/model");
    model_free(&model);
}

// A network that the reference does not have: what to type instead, and no file.
static void networks_the_reference_cannot_hold(void **state)
{
    (void)state;
    const char *const layers[] = {"elman:2:tanh", "elman:2:logistic,elman:2:logistic",
                                  "compression:2", "elman:2:logistic,compression:2,compression:2"};
    for (size_t i = 0; i < 2 * sizeof layers / sizeof layers[0]; i++) {
        struct network_shape shape = new_shape(3, layers[i / 2], 2, 0, 0);
        struct model model = new_model(&shape), again;
        struct error error = {""};
        model.format = i % 2 == 0 ? MODEL_TEXT : MODEL_BINARY;
        assert_false(model_save(&model, "other", &error));
        assert_contains(error.text, "other: format");
        assert_contains(error.text, model_format_name(model.format));
        assert_contains(error.text, layers[i / 2]);
        assert_contains(error.text, "-format native");
        assert_int_not_equal(access("other", F_OK), 0);
        model.format = MODEL_NATIVE;
        save_model(&model, "other");
        read_with(model_load, &again, "other");
        assert_same_model(&again, &model, 0);
        assert_int_equal(unlink("other"), 0);
        model_free(&again);
        model_free(&model);
    }
}

// ---- no memory --------------------------------------------------------------------------------

static void failed_allocations(void **state)
{
    (void)state;
    struct model model = model_number(4), again;
    for (int round = 0; round < 2; round++) {
        bool ok = false;
        int64_t count = 0;
        model.format = round == 0 ? MODEL_TEXT : MODEL_BINARY;
        save_model(&model, "model");
        for (; !ok; count++) {
            struct error error = {""};
            memory_fail_after(count);
            ok = model_load(&again, "model", &error);
            memory_fail_after(-1);
            if (!ok)
                assert_contains(error.text, "not enough memory");
        }
        assert_true(count > 15);
        assert_same_model(&again, &model, 0);
        model_free(&again);
        for (count = 0, ok = false; !ok; count++) {
            struct error error = {""};
            memory_fail_after(count);
            ok = model_save(&model, "written", &error);
            memory_fail_after(-1);
            if (!ok)
                assert_contains(error.text, "not enough memory");
        }
        read_with(model_load, &again,
                  "written"); // complete even if the writer had less memory than it would like
        assert_same_model(&again, &model, 0);
        model_free(&again);
        assert_int_equal(unlink("written"), 0);
    }
    model_free(&model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_trips),
        cmocka_unit_test(extreme_weights_survive_text),
        cmocka_unit_test(text_form),
        cmocka_unit_test(steps_back_through_time),
        cmocka_unit_test(rates_come_back),
        cmocka_unit_test(version_6),
        cmocka_unit_test(cut_at_every_byte),
        cmocka_unit_test(changed_bytes),
        cmocka_unit_test(wrong_parts_of_a_text_model),
        cmocka_unit_test(wrong_binary_weights),
        cmocka_unit_test(files_that_are_no_models),
        cmocka_unit_test(unwritable_path_keeps_the_old_file),
        cmocka_unit_test(networks_the_reference_cannot_hold),
        cmocka_unit_test(failed_allocations),
    };
    return cmocka_run_group_tests_name("model", tests, scratch_enter, scratch_leave);
}
