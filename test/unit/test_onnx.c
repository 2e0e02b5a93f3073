// ONNX files: computed as the standard has it (onnx_run.h), they give the probabilities of the
// network's plain definition, whatever its layers and output.
#include "plain_network.h"

#include <unistd.h>

#include "model/onnx.h"
#include "model/onnx_graph.h"
#include "onnx_run.h"
#include "scratch.h"
#include "stacks.h"

enum { WORDS = 13, CLASSES = 6, TEXTS = 3, LONGEST = 5 };

static const size_t LENGTH[TEXTS] = {3, 0, LONGEST};
static const int32_t TEXT[TEXTS][LONGEST] = {{4, 12, 1}, {0}, {2, 0, 7, 7, 11}};

// Of all sizes, the last one empty.
static const int32_t CLASS_OF[WORDS] = {0, 1, 1, 1, 1, 1, 2, 2, 3, 4, 4, 4, 4};

// Other numbers, some of which are of no word, and two of the same.
static const int32_t WORD_OF[] = {-1, 4, 0, 12, 3, 5, 7, 9, -1, 11, 2, 1, 7};
static const struct onnx_words TABLE = {
    .count = sizeof WORD_OF / sizeof *WORD_OF, .word = WORD_OF, .start = 2, .end = 2};

struct setting {
    struct model model;
    struct plain plain;
    const struct onnx_words *words; // NULL: numbers are the model's
    int32_t end;                    // the number of </s>
};

// With `turn` come different sorts of networks and of numbers.
static void start(struct setting *setting, const char *layers, size_t turn)
{
    struct error error = {""};
    struct classes classes;
    struct network_shape shape = new_shape(WORDS, layers, CLASSES, 0, 0);
    memset(setting, 0, sizeof *setting);
    if (shape.output->classes)
        assert_true(classes_from_words(&classes, CLASS_OF, WORDS, CLASSES, &error));
    else
        make_classes(&shape, &classes);
    if (!network_init(&setting->model.network, &shape, &classes, &error))
        fail_msg("%s: %s", layers, error.text);
    randomise_network(&setting->model.network, (uint32_t)turn + 1, stack_range(layers));
    setting->model.record.independent = turn % 4 < 2;
    setting->words = turn % 3 == 0 ? &TABLE : NULL;
    setting->end = turn % 3 == 0 ? (int32_t)TABLE.end : 0;
    setting->plain = plain_new(&setting->model.network);
}

static void finish(struct setting *setting)
{
    plain_free(&setting->plain);
    network_free(&setting->model.network);
}

static int32_t word_of(const struct setting *setting, int32_t number)
{
    return setting->words != NULL ? setting->words->word[number] : number;
}

static double log_prob(const struct setting *setting, const struct plain_state *state,
                       int32_t number)
{
    int32_t word = word_of(setting, number);
    return word >= 0 ? log(plain_prob(&setting->plain, state, word)) : -5 * log(10);
}

static bool can_be_written(const char *layers)
{
    return strstr(layers, "adaptive") == NULL && strstr(layers, "tree") == NULL;
}

// The state behind a word, where </s> may begin a sentence.
static void step(const struct setting *setting, struct plain_state *state, int32_t number)
{
    bool independent = setting->model.record.independent;
    int32_t word = word_of(setting, number);
    struct plain_state before = *state;
    if (word == 0 && independent)
        plain_begin(&setting->plain, true, &before);
    plain_step(&setting->plain, &before, word, state);
}

static void begin(const struct setting *setting, struct plain_state *state)
{
    plain_begin(&setting->plain, setting->model.record.independent, state);
}

// Through a pipe, which takes what small files have: nothing waits for a disk.
static struct onnx_file written(const struct setting *setting, enum onnx_form form)
{
    enum { MOST = 1 << 16 };
    struct error error = {""};
    int ends[2];
    char path[32];
    assert_int_equal(pipe(ends), 0);
    snprintf(path, sizeof path, "/dev/fd/%d", ends[1]);
    if (!onnx_save(&setting->model, form, setting->words, path, &error))
        fail_msg("%s", error.text);
    close(ends[1]);
    unsigned char *bytes = malloc(MOST);
    size_t size = 0;
    ssize_t got;
    assert_non_null(bytes);
    while ((got = read(ends[0], bytes + size, MOST - size)) > 0)
        size += (size_t)got;
    close(ends[0]);
    assert_true(size > 0 && size < MOST);
    return read_onnx(bytes, size);
}

// ---- sentences --------------------------------------------------------------------------------

static double plain_nll(const struct setting *setting, size_t text)
{
    struct plain_state state;
    double sum = 0;
    begin(setting, &state);
    step(setting, &state, setting->end);
    for (size_t i = 0; i <= LENGTH[text]; i++) {
        int32_t number = i < LENGTH[text] ? TEXT[text][i] : setting->end;
        sum -= log_prob(setting, &state, number);
        step(setting, &state, number);
    }
    return sum;
}

// x of all texts, with `fill` behind their ends, and x_lens.
static void texts_in(struct tensor in[2], int32_t fill)
{
    in[0] = new_tensor(2, (size_t[]){TEXTS, LONGEST});
    in[1] = new_tensor(1, (size_t[]){TEXTS});
    for (size_t n = 0; n < TEXTS; n++) {
        in[1].value[n] = (double)LENGTH[n];
        for (size_t i = 0; i < LONGEST; i++)
            in[0].value[n * LONGEST + i] = i < LENGTH[n] ? TEXT[n][i] : fill;
    }
}

static void check_sentences(const struct setting *setting)
{
    struct onnx_file file = written(setting, ONNX_SENTENCES);
    struct tensor in[2], nll;
    texts_in(in, -1);
    assert_true(run_onnx(&file, 2, in, 1, &nll));
    assert_true(nll.dimensions == 1 && nll.dim[0] == TEXTS);
    for (size_t n = 0; n < TEXTS; n++)
        assert_near(nll.value[n], plain_nll(setting, n), 1e-7); // constants are floats
    free(nll.value);
    free(file.bytes);
}

// ---- states -----------------------------------------------------------------------------------

// ln P of all words behind those that each row has taken in.
static void check_log_probs(const struct setting *setting, const struct tensor *found, size_t row,
                            const struct plain_state *state)
{
    size_t count = found->dim[2];
    assert_int_equal(count, setting->words != NULL ? setting->words->count : WORDS);
    for (size_t i = 0; i < count; i++)
        assert_near(found->value[row * count + i], log_prob(setting, state, (int32_t)i),
                    1e-6); // of states starts, too
}

static void metadata_of(const struct network *network, size_t *rows, size_t *width)
{
    *rows = *width = 0;
    for (size_t l = 0; l < network->shape.layers; l++) {
        const struct layer *layer = &network->layer[l];
        size_t own = strcmp(layer->type->name, "qrnn") == 0 ? 2 : layer->type->state > 0;
        *rows += own;
        *width = own > 0 && layer->units > *width ? layer->units : *width;
    }
    *rows += *rows == 0;
    *width += *width == 0;
}

// Two texts, a step of so many words after the other.
static void check_states(const struct setting *setting, size_t words)
{
    static const int32_t text[2][4] = {{0, 3, 2, 9}, {0, 12, 2, 0}};
    struct onnx_file file = written(setting, ONNX_STATES);
    struct plain_state state[2];
    size_t rows, width;
    char number[24];
    metadata_of(&setting->model.network, &rows, &width);
    snprintf(number, sizeof number, "%zu", rows);
    assert_metadata(&file, "num_layers", number);
    snprintf(number, sizeof number, "%zu", width);
    assert_metadata(&file, "hidden_size", number);
    struct tensor h = new_tensor(3, (size_t[]){rows, 2, width}), c = copy_tensor(&h), out[3];
    for (size_t n = 0; n < 2; n++)
        begin(setting, &state[n]);
    for (size_t from = 0; from < 4; from += words) {
        struct tensor in[3] = {new_tensor(2, (size_t[]){2, words}), h, c};
        for (size_t n = 0; n < 2; n++)
            for (size_t i = 0; i < words; i++)
                in[0].value[n * words + i] = text[n][from + i];
        assert_true(run_onnx(&file, 3, in, 3, out));
        assert_true(out[0].dimensions == 3 && out[0].dim[0] == 2 && out[0].dim[1] == words);
        for (size_t n = 0; n < 2; n++)
            for (size_t i = 0; i < words; i++) {
                step(setting, &state[n], text[n][from + i]);
                check_log_probs(setting, &out[0], n * words + i, &state[n]);
            }
        free(out[0].value);
        h = out[1];
        c = out[2];
    }
    free(h.value);
    free(c.value);
    free(file.bytes);
}

// ---- messages ---------------------------------------------------------------------------------

// As the description of the format has them.
static void fields_of_messages(void **unused)
{
    (void)unused;
    struct protobuf message = {0}, inner = {0};
    static const unsigned char wanted[] = {
        0x08, 0x96, 0x01,                                                 // 1: 150
        0x08, 0x7f, 0x08, 0x80, 0x01,                                     // 1: 127, 1: 128
        0x10, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01, // 2: -1
        0x12, 0x07, 't',  'e',  's',  't',  'i',  'n',  'g',              // 2: "testing"
        0x1a, 0x03, 0x08, 0x96, 0x01,                                     // 3: {1: 150}
        0xa5, 0x01, 0x00, 0x00, 0xc0, 0xbf,                               // 20: -1.5
        0x82, 0x01, 0x00,                                                 // 16: ""
    };
    protobuf_number(&message, 1, 150);
    protobuf_number(&message, 1, 127);
    protobuf_number(&message, 1, 128);
    protobuf_number(&message, 2, -1);
    protobuf_text(&message, 2, "testing");
    protobuf_number(&inner, 1, 150);
    protobuf_message(&message, 3, &inner);
    protobuf_float(&message, 20, -1.5f);
    protobuf_text(&message, 16, "");
    assert_true(protobuf_ok(&message, NULL));
    assert_int_equal(message.size, sizeof wanted);
    assert_memory_equal(message.bytes, wanted, sizeof wanted);
    protobuf_free(&message);
}

// ---- tests ------------------------------------------------------------------------------------

static void all_networks(void **unused)
{
    (void)unused;
    struct stacks stacks = all_stacks();
    for (size_t i = 0; i < stacks.count; i++) {
        struct setting setting;
        size_t turn = stacks.turn[i];
        if (!can_be_written(stacks.layers[i]))
            continue;
        start(&setting, stacks.layers[i], turn);
        if (turn % 2 == 0)
            check_sentences(&setting);
        else
            check_states(&setting, turn % 5 == 0 ? 1 : turn % 5 == 1 ? 2 : 4);
        finish(&setting);
    }
}

static void what_files_say(void **unused)
{
    (void)unused;
    struct setting setting;
    start(&setting, "projection:5,lstm:4,gru:6 full", 1);
    for (int form = 0; form < 2; form++) {
        struct onnx_file file = written(&setting, (enum onnx_form)form);
        assert_metadata(&file, "sos_id", "0");
        assert_metadata(&file, "eos_id", "0");
        assert_metadata(&file, "vocab_size", "13");
        assert_metadata(&file, "num_layers", "2");
        assert_metadata(&file, "hidden_size", "6");
        assert_metadata(&file, "layers", "projection:5,lstm:4,gru:6");
        assert_metadata(&file, "independent", "yes");
        free(file.bytes);
    }
    setting.words = &TABLE;
    struct onnx_file file = written(&setting, ONNX_STATES);
    assert_metadata(&file, "sos_id", "2");
    assert_metadata(&file, "eos_id", "2");
    assert_metadata(&file, "vocab_size", "13");
    free(file.bytes);
    finish(&setting);
}

// Numbers that no word has are found out, below 0 too, where Gather would count from the end.
static void numbers_out_of_range(void **unused)
{
    (void)unused;
    static const double wrong[] = {-1, -13, WORDS, 1e6};
    for (size_t turn = 3; turn < 5; turn++) {
        struct setting setting;
        start(&setting, "gru:4 class", turn);
        struct onnx_file file = written(&setting, ONNX_SENTENCES);
        for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
            struct tensor in[2], nll;
            texts_in(in, 0);
            in[0].value[1] = wrong[i];
            assert_false(run_onnx(&file, 2, in, 1, &nll));
            free(nll.value);
        }
        free(file.bytes);
        finish(&setting);
    }
}

static void refused(const char *layers, size_t direct, const char *message)
{
    struct error error = {""};
    struct model model = {.format = MODEL_NATIVE};
    struct network_shape shape = new_shape(WORDS, layers, 4, direct, 2);
    make_network(&model.network, &shape, 1, 0.1);
    assert_false(onnx_save(&model, ONNX_SENTENCES, NULL, "model.onnx", &error));
    assert_contains(error.text, message);
    assert_int_equal(access("model.onnx", F_OK), -1);
    network_free(&model.network);
}

static void what_cannot_be_written(void **unused)
{
    (void)unused;
    refused("elman:4 class", 100, "model.onnx: format onnx: found direct connections");
    refused("elman:4 tree", 0, "found output tree, wanted");
    refused("lstm:4 adaptive:3", 0, "found output adaptive, wanted");
}

// Nothing is written of a file that its readers would refuse. The rows are all the same one.
static void more_than_2_gb(void **unused)
{
    (void)unused;
    enum { ROWS = 1 << 15, WIDTH = 1 << 14 };
    static const char *const metadata[] = {"name", "value", NULL};
    struct error error = {""};
    struct onnx_graph graph = {.prefix = ""};
    float *row = calloc(WIDTH, sizeof *row);
    assert_non_null(row);
    write_file("model.onnx", "old", 3);
    struct output *output = output_open("model.onnx", &error);
    onnx_rows(&graph, "rows", row, ROWS, WIDTH, 0);
    assert_false(onnx_graph_write(&graph, "about", metadata, output, &error));
    assert_string_equal(error.text,
                        "an ONNX file holds 2 GB at most, the model takes 2.1 GB: fewer "
                        "words or units are wanted, or -format native");
    output_discard(output);
    assert_file_holds("model.onnx", "old");
    onnx_graph_free(&graph);
    free(row);
}

static void no_memory(void **unused)
{
    (void)unused;
    struct setting setting;
    struct error error = {""};
    bool done = false;
    start(&setting, "lstm:4,gru:3 class", 3);
    for (int64_t i = 0; !done; i += slow_build() ? 7 : 1) {
        memory_fail_after(i);
        done = onnx_save(&setting.model, ONNX_STATES, setting.words, "/dev/null", &error);
        memory_fail_after(-1);
        if (!done)
            assert_contains(error.text, "not enough memory");
    }
    finish(&setting);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_networks),
        cmocka_unit_test(what_files_say),
        cmocka_unit_test(numbers_out_of_range),
        cmocka_unit_test(what_cannot_be_written),
        cmocka_unit_test(no_memory),
        cmocka_unit_test(fields_of_messages),
        cmocka_unit_test(more_than_2_gb),
    };
    return cmocka_run_group_tests_name("onnx", tests, scratch_enter, scratch_leave);
}
