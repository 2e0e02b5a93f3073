// Shapes of networks: what makes sense, and their text.
#include "testing.h"

#include "net/layers/kinds.h"

// ---- checks -----------------------------------------------------------------------------------

static void shapes_that_make_no_sense(void **state)
{
    (void)state;
    const struct network_shape good = new_shape(10, "elman:5", 3, 100, 3);
    struct {
        size_t offset;
        uint64_t value;
        const char *named, *found;
    } bad[] = {
        {offsetof(struct network_shape, words), 0, "vocabulary size", "found 0"},
        {offsetof(struct network_shape, words), (uint64_t)INT32_MAX + 1, "vocabulary size",
         "2147483648"},
        {offsetof(struct network_shape, layers), 0, "layers", "found 0"},
        {offsetof(struct network_shape, layers), 65, "layers", "found 65"},
        {offsetof(struct network_shape, layer[0].units), 0, "hidden layer size", "found 0"},
        {offsetof(struct network_shape, layer[0].units), 1 << 21, "hidden layer size", "2097152"},
        {offsetof(struct network_shape, classes), 0, "class size", "found 0"},
        {offsetof(struct network_shape, classes), 11, "class size",
         "wanted 1 to the vocabulary's 10"},
        {offsetof(struct network_shape, maxent), 1, "direct connections", "found 1"},
        {offsetof(struct network_shape, maxent), UINT64_MAX, "direct connections",
         "18446744073709551615"},
    };
    struct error error;
    assert_true(shape_ok(&good, &error));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct network_shape shape = good;
        memcpy((char *)&shape + bad[i].offset, &bad[i].value, sizeof(size_t));
        assert_false(shape_ok(&shape, &error));
        assert_contains(error.text, bad[i].named);
        assert_contains(error.text, bad[i].found);
    }
    struct network_shape full = new_shape(10, "elman:5 full", 3, 100, 3);
    assert_true(shape_ok(&full, &error));
    full.classes = 2;
    assert_false(shape_ok(&full, &error));
    assert_contains(error.text, "class size: found 2, wanted 1: the output full has no classes");
    full.classes = 1;
    full.tied = true; // its one layer has rows of words as long as it is wide
    assert_true(shape_ok(&full, &error));
    full.maxent = 100;
    assert_false(shape_ok(&full, &error));
    assert_contains(error.text,
                    "direct connections: found 100, wanted 0: the output full has none");
    struct network_shape compressed = new_shape(10, "elman:5,compression:3", 3, 0, 0);
    compressed.layer[1].units = SIZE_MAX;
    assert_false(shape_ok(&compressed, &error));
    assert_contains(error.text, "compression layer size: found 18446744073709551615");
    for (int order = -1; order <= 21; order += 22) {
        struct network_shape shape = good;
        shape.maxent_order = order;
        assert_false(shape_ok(&shape, &error));
        assert_contains(error.text, "direct order");
        shape.maxent = 0; // then the order says nothing
        assert_true(shape_ok(&shape, &error));
    }
}

static void shapes_of_the_reference(void **state)
{
    (void)state;
    static const char *const its[] = {"elman:5", "elman:5:logistic", "elman:5,compression:3"};
    static const char *const others[] = {
        "elman:5:tanh",
        "elman:5:relu,compression:3",
        "compression:5",
        "elman:5,elman:5",
        "elman:5,compression:3,compression:3",
        "compression:3,elman:5",
        "lstm:5",
        "elman:5,lstm:3",
        "elman:5 full",
        "elman:5 adaptive:3",
        "elman:5 tree",
        "elman:5 class tied",
    };
    for (size_t i = 0; i < sizeof its / sizeof its[0]; i++) {
        struct network_shape shape = new_shape(9, its[i], 3, 100, 3);
        assert_true(shape_is_reference(&shape));
    }
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        struct network_shape shape = new_shape(9, others[i], 3, 0, 0);
        assert_false(shape_is_reference(&shape));
    }
    struct network_shape empty = {.words = 9, .output = &output_class, .classes = 1};
    assert_false(shape_is_reference(&empty));
}

// ---- layers as text ---------------------------------------------------------------------------

static void layers_to_text_and_back(void **state)
{
    (void)state;
    static const struct {
        const char *given, *activation, *printed;
    } text[] = {
        {"elman:5", NULL, "elman:5:logistic"},
        {"elman:5", "relu", "elman:5:relu"},
        {"elman:1048576:tanh", NULL, "elman:1048576:tanh"},
        {"elman:007", NULL, "elman:7:logistic"},
        {"compression:3", "tanh", "compression:3"},
        {"lstm:12", "tanh", "lstm:12"},
        {"lstm:12,elman:5:logistic,elman:6,compression:3", "elu",
         "lstm:12,elman:5:logistic,elman:6:elu,compression:3"},
    };
    for (size_t i = 0; i < sizeof text / sizeof text[0]; i++) {
        struct network_shape shape = {.layers = 3}, again = {.layers = 0};
        const struct activation *activation =
            text[i].activation != NULL
                ? activation_named(text[i].activation, strlen(text[i].activation))
                : NULL;
        char printed[SHAPE_TEXT], twice[SHAPE_TEXT];
        struct error error = {""};
        if (!shape_parse_layers(&shape, text[i].given, activation, &error))
            fail_msg("%s", error.text);
        shape_print_layers(&shape, printed);
        assert_string_equal(printed, text[i].printed);
        assert_true(shape_parse_layers(&again, printed, NULL, &error));
        shape_print_layers(&again, twice);
        assert_string_equal(twice, printed);
        assert_int_equal(again.layers, shape.layers);
        for (size_t l = 0; l < shape.layers; l++) {
            assert_ptr_equal(again.layer[l].type, shape.layer[l].type);
            assert_ptr_equal(again.layer[l].activation, shape.layer[l].activation);
            assert_int_equal(again.layer[l].units, shape.layer[l].units);
        }
    }
}

static void every_kind_and_activation_by_name(void **state)
{
    (void)state;
    struct error error = {""};
    for (size_t i = 0; layer_table[i] != NULL; i++) {
        const char *name = layer_table[i]->name;
        assert_ptr_equal(layer_type_named(name, strlen(name)), layer_table[i]);
        assert_null(layer_type_named(name, strlen(name) - 1));
        assert_true(layer_table[i]->about[0] != '\0');
    }
    for (size_t i = 0; activation_table[i] != NULL; i++) {
        const char *name = activation_table[i]->name;
        assert_ptr_equal(shape_activation(name, strlen(name), &error), activation_table[i]);
    }
    assert_null(layer_type_named("elmanx", 6));
    assert_null(activation_named("", 0));
    for (size_t i = 0; output_table[i] != NULL; i++) {
        assert_ptr_equal(output_named(output_table[i]->name, &error), output_table[i]);
        assert_true(output_table[i]->about[0] != '\0');
    }
    assert_null(output_named("ful", &error));
    assert_contains(error.text, "output \"ful\" (did you mean full?), wanted one of: class, full");
}

static void many_layers(char *text, size_t layers, const char *layer)
{
    text[0] = '\0';
    for (size_t i = 0; i < layers; i++) {
        strcat(text, i > 0 ? "," : "");
        strcat(text, layer);
    }
}

static void bad_layers(void **state)
{
    (void)state;
    static const struct {
        const char *text, *wanted[3];
    } bad[] = {
        {"", {"found layer \"\"", "wanted one of: elman, ", "compression"}},
        {"elman", {"found \"elman\"", "wanted elman:N with N from 1 to 1048576", ""}},
        {"elman:", {"found \"elman:\"", "wanted elman:N", ""}},
        {"elman:0", {"found \"elman:0\"", "wanted elman:N", ""}},
        {"elman:-3", {"found \"elman:-3\"", "wanted elman:N", ""}},
        {"elman: 3", {"found \"elman: 3\"", "wanted elman:N", ""}},
        {"elman:3x", {"found \"elman:3x\"", "wanted elman:N", ""}},
        {"elman::tanh", {"found \"elman::tanh\"", "wanted elman:N", ""}},
        {"elman:1048577", {"found \"elman:1048577\"", "wanted elman:N", ""}},
        {"elman:9999999", {"found \"elman:9999999\"", "wanted elman:N", ""}},
        {"elman:99999999999999999999999999", {"found \"elman:9999999", "wanted elman:N", ""}},
        {"elmna:10", {"found layer \"elmna\"", "did you mean elman?", "wanted one of: elman, "}},
        {"compresion:10", {"found layer \"compresion\"", "did you mean compression?", ""}},
        {"Elman:10", {"found layer \"Elman\"", "did you mean elman?", ""}},
        {"lst:10", {"found layer \"lst\"", "did you mean lstm?", ""}},
        {"lstms:10", {"found layer \"lstms\"", "did you mean lstm?", ""}},
        {"elman:5:rel", {"found activation \"rel\"", "did you mean relu?", ""}},
        {"elman:5:thanh", {"found activation \"thanh\"", "did you mean tanh?", "logistic, "}},
        {"elman:5:", {"found activation \"\"", "wanted one of: logistic, tanh, relu, elu", ""}},
        {"elman:5:tanh:tanh", {"found activation \"tanh:tanh\"", "did you mean", ""}},
        {"compression:5:tanh",
         {"found \"compression:5:tanh\"", "compression layers have no choice of activation", ""}},
        {"elman:5,", {"found layer \"\"", "", ""}},
        {",elman:5", {"found layer \"\"", "", ""}},
        {"elman:5,,elman:5", {"found layer \"\"", "", ""}},
        {"elman:5,compression:0", {"found \"compression:0\"", "wanted compression:N", ""}},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct network_shape shape = {.layers = 0};
        struct error error = {""};
        if (shape_parse_layers(&shape, bad[i].text, NULL, &error))
            fail_msg("\"%s\" has been taken", bad[i].text);
        for (int j = 0; j < 3; j++)
            assert_contains(error.text, bad[i].wanted[j]);
    }
}

static void long_texts(void **state)
{
    (void)state;
    struct network_shape shape = {.layers = 0};
    struct error error = {""};
    char text[4096], printed[SHAPE_TEXT];
    many_layers(text, 64, "elman:1048576:logistic");
    assert_true(shape_parse_layers(&shape, text, NULL, &error));
    shape_print_layers(&shape, printed);
    assert_string_equal(printed, text);
    many_layers(text, 65, "elman:3");
    assert_false(shape_parse_layers(&shape, text, NULL, &error));
    assert_contains(error.text, "more than 64 layers");
    memset(text, 'x', 3000);
    text[3000] = '\0';
    assert_false(shape_parse_layers(&shape, text, NULL, &error));
    assert_contains(error.text, "found layer \"xxxx");
}

static void layers_added_one_by_one(void **state)
{
    (void)state;
    struct network_shape shape = {.layers = 0};
    struct error error = {""};
    const struct activation *tanh_units = activation_named("tanh", 4);
    assert_true(shape_add_layer(&shape, &layer_elman, 7, tanh_units, &error));
    assert_true(shape_add_layer(&shape, &layer_compression, 3, tanh_units, &error));
    assert_ptr_equal(shape.layer[0].activation, tanh_units);
    assert_null(shape.layer[1].activation);
    assert_false(shape_add_layer(&shape, &layer_elman, 0, tanh_units, &error));
    assert_contains(error.text, "elman layer size: found 0, wanted 1 to 1048576");
    assert_false(shape_add_layer(&shape, &layer_elman, SIZE_MAX, tanh_units, &error));
    assert_int_equal(shape.layers, 2);
    while (shape.layers < SHAPE_MOST_LAYERS)
        assert_true(shape_add_layer(&shape, &layer_compression, 3, NULL, &error));
    assert_false(shape_add_layer(&shape, &layer_compression, 3, NULL, &error));
    assert_contains(error.text, "more than 64 layers");
}

// ---- networks of a shape ------------------------------------------------------------------------

// Where states lie: parts of the layers that carry something on, and of the topmost one that is
// advanced.
static void parts_of_a_state(void **state)
{
    (void)state;
    static const struct {
        const char *layers;
        size_t advanced, state, top, width;
    } wanted[] = {
        {"elman:5", 1, 16, 0, 5},
        {"elman:17", 1, 32, 0, 17},
        {"elman:17,compression:3", 1, 32, 0, 3},
        {"compression:17", 1, 32, 0, 17},
        {"compression:17,compression:4", 1, 32, 0, 4},
        {"compression:17,elman:4", 2, 16, 0, 4},
        {"elman:17,elman:4", 2, 48, 32, 4},
        {"lstm:17,elman:4,compression:2", 2, 80, 64, 2},
        {"elman:4,compression:3,lstm:17", 3, 80, 16, 17},
        {"gru:17,jordan:4", 2, 64, 32, 4},
        {"qrnn:17", 1, 160, 0, 17},
        {"projection:17,sru:4,projection:3", 2, 32, 0, 3},
        {"projection:17", 1, 32, 0, 17},
    };
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        struct network_shape shape = new_shape(9, wanted[i].layers, 3, 0, 0);
        struct network network;
        make_network(&network, &shape, 1, 1);
        assert_int_equal(network.advanced, wanted[i].advanced);
        assert_int_equal(network.state, wanted[i].state);
        assert_int_equal(network.top, wanted[i].top);
        assert_int_equal(network.width, wanted[i].width);
        network_free(&network);
    }
}

static void tied_shapes(void **state)
{
    (void)state;
    static const struct {
        const char *layers;
        size_t row, units; // of a word at the bottom, and of the topmost layer
    } stack[] = {{"elman:5 tied", 5, 5},
                 {"elman:5,lstm:5 tied", 5, 5},
                 {"lstm:3,elman:12 full tied", 12, 12},
                 {"elman:5,lstm:6 tied", 5, 6},
                 {"lstm:5 full tied", 20, 5},
                 {"lstm:1048576,elman:5 tied", 4194304, 5}};
    for (size_t i = 0; i < sizeof stack / sizeof stack[0]; i++) {
        struct network_shape shape = new_shape(9, stack[i].layers, 2, 0, 0);
        struct error error = {""};
        char wanted[128];
        bool ok = stack[i].row == stack[i].units;
        assert_true(shape.biases);
        assert_int_equal(shape_can_be_tied(&shape, &error), ok);
        assert_int_equal(shape_ok(&shape, &error), ok);
        snprintf(wanted, sizeof wanted, "tied: found %zu numbers in a word's row of the bottom",
                 stack[i].row);
        assert_true(ok || strstr(error.text, wanted) != NULL);
        snprintf(wanted, sizeof wanted,
                 "wanted %zu, the units of the topmost layer: -embedding %zu", stack[i].units,
                 stack[i].units);
        assert_true(ok || strstr(error.text, wanted) != NULL);
    }
}

// One table in the list, under two names; the output's own parameters behind it.
static void tied_parameters(void **state)
{
    (void)state;
    for (int full = 0; full < 2; full++) {
        struct network_shape shape =
            new_shape(9, full ? "elman:4,lstm:4 full tied" : "elman:4,lstm:4 tied", 2, 0, 0);
        struct network network;
        make_network(&network, &shape, 1, 1);
        const struct parameter *table = &network.parameter[0];
        assert_string_equal(table->name, "layer0.input");
        assert_ptr_equal(network_parameter(&network, "layer0.input"), table);
        assert_ptr_equal(network_parameter(&network, "output.words"), table);
        assert_ptr_equal(network_output_parameter(&network, "words"), table);
        assert_ptr_equal(network.tied, table);
        assert_int_equal(table->use, PARAMETER_BY_BOTH);
        assert_int_equal(table->rows, 9);
        assert_int_equal(table->width, 4);
        assert_int_equal(network.output_at, 6);
        assert_int_equal(network.parameters, full ? 7 : 9);
        assert_non_null(network_parameter(&network, "output.bias"));
        for (size_t p = 1; p < network.parameters; p++)
            assert_true(network.parameter[p].use != PARAMETER_BY_INPUT &&
                        network.parameter[p].use != PARAMETER_BY_OUTPUT);
        network_free(&network);
    }
}

static void names_and_sizes_of_parameters(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        enum parameter_use use;
        size_t rows, width, stride;
    } wanted[] = {
        {"layer0.input", PARAMETER_BY_INPUT, 9, 20, 32},
        {"layer0.recurrent", PARAMETER_EACH_WORD, 20, 5, 16},
        {"layer0.bias", PARAMETER_BIAS, 1, 20, 32},
        {"layer1.input", PARAMETER_EACH_WORD, 4, 5, 16},
        {"layer1.recurrent", PARAMETER_EACH_WORD, 4, 4, 16},
        {"layer1.bias", PARAMETER_BIAS, 1, 4, 16},
        {"layer2.input", PARAMETER_EACH_WORD, 3, 4, 16},
        {"layer2.bias", PARAMETER_BIAS, 1, 3, 16},
        {"output.words", PARAMETER_BY_OUTPUT, 9, 3, 16},
        {"output.classes", PARAMETER_EACH_WORD, 2, 3, 16},
        {"output.bias", PARAMETER_BIAS, 1, 9, 16},
        {"output.class_bias", PARAMETER_BIAS, 1, 2, 16},
        {"output.hash", PARAMETER_HASH, 1, 101, 101},
    };
    enum { PARAMETERS = sizeof wanted / sizeof wanted[0] };
    struct network_shape shape = new_shape(9, "lstm:5,elman:4,compression:3", 2, 101, 3);
    struct network network;
    size_t bytes = 0;
    make_network(&network, &shape, 1, 1);
    assert_int_equal(network.parameters, PARAMETERS);
    assert_int_equal(network.output_at, 8);
    for (size_t p = 0; p < PARAMETERS; p++) {
        const struct parameter *parameter = &network.parameter[p];
        assert_string_equal(parameter->name, wanted[p].name);
        assert_ptr_equal(network_parameter(&network, wanted[p].name), parameter);
        assert_int_equal(parameter->use, wanted[p].use);
        assert_int_equal(parameter->rows, wanted[p].rows);
        assert_int_equal(parameter->width, wanted[p].width);
        assert_int_equal(parameter->stride, wanted[p].stride);
        bytes += wanted[p].rows * wanted[p].stride * sizeof(float);
    }
    assert_int_equal(network_bytes(&network), bytes);
    assert_int_equal(network_history(&network), 2);
    assert_ptr_equal(network_output_parameter(&network, "words"), &network.parameter[8]);
    assert_null(network_output_parameter(&network, "biases"));
    assert_null(network_parameter(&network, "layer3.input"));
    network_free(&network);
}

// Maps that add to some of the gates alone are smaller, and rows of sums leave room for the padding
// behind them.
static void maps_of_some_gates(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        enum parameter_use use;
        size_t rows, width;
    } wanted[] = {
        {"layer0.input", PARAMETER_BY_INPUT, 9, 51},
        {"layer0.recurrent", PARAMETER_EACH_WORD, 51, 17},
        {"layer0.bias", PARAMETER_BIAS, 1, 68},
        {"layer1.input", PARAMETER_EACH_WORD, 20, 17},
        {"layer1.cell", PARAMETER_DIAGONAL, 1, 10},
        {"layer1.bias", PARAMETER_BIAS, 1, 10},
    };
    enum { PARAMETERS = sizeof wanted / sizeof wanted[0] };
    struct network_shape shape = new_shape(9, "gru:17,sru:5", 2, 0, 0);
    struct network network;
    make_network(&network, &shape, 1, 1);
    assert_int_equal(network.output_at, PARAMETERS);
    for (size_t p = 0; p < PARAMETERS; p++) {
        const struct parameter *parameter = &network.parameter[p];
        assert_string_equal(parameter->name, wanted[p].name);
        assert_int_equal(parameter->use, wanted[p].use);
        assert_int_equal(parameter->rows, wanted[p].rows);
        assert_int_equal(parameter->width, wanted[p].width);
    }
    assert_int_equal(network.layer[0].sums, 68);
    assert_int_equal(network.layer[0].sums_at[MAP_STATE], 17);
    assert_int_equal(network.layer[0].sums_row, 96); // 17 + 51, the latter padded to 64
    assert_int_equal(network.layer[1].vector_at[MAP_DIAGONAL], 16);
    assert_int_equal(network.layer[1].sums_row, 32);
    network_free(&network);
}

// Only so can a map be asked for by its source; and biases that a network may lack are last.
static void at_most_one_map_from_each_source(void **state)
{
    (void)state;
    for (size_t i = 0; layer_table[i] != NULL; i++) {
        size_t count[MAP_SOURCES] = {0}, maps = 0;
        bool optional = false;
        for (const struct linear_map *map = layer_table[i]->map; map->name != NULL; map++, maps++) {
            assert_int_equal(count[map->from]++, 0);
            assert_true(!optional || map->optional);
            optional = map->optional;
            assert_true(map->first + map->count <= layer_table[i]->gates);
            assert_true(map->vector <= layer_table[i]->state);
        }
        assert_true(maps <= LAYER_MOST_MAPS);
        assert_true(!layer_table[i]->in_place || layer_table[i]->gates == 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shapes_that_make_no_sense),
        cmocka_unit_test(shapes_of_the_reference),
        cmocka_unit_test(layers_to_text_and_back),
        cmocka_unit_test(every_kind_and_activation_by_name),
        cmocka_unit_test(bad_layers),
        cmocka_unit_test(long_texts),
        cmocka_unit_test(layers_added_one_by_one),
        cmocka_unit_test(parts_of_a_state),
        cmocka_unit_test(names_and_sizes_of_parameters),
        cmocka_unit_test(maps_of_some_gates),
        cmocka_unit_test(at_most_one_map_from_each_source),
        cmocka_unit_test(tied_shapes),
        cmocka_unit_test(tied_parameters),
    };
    return cmocka_run_group_tests_name("shape", tests, NULL, NULL);
}
