// Native model files: what is written is read again, in memory of our own or in place.
#include "native_models.h"

#include "base/checksum.h"
#include "base/sections.h"
#include "learn/learner.h"
#include "model/native_text.h"

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
static void centre_output(struct network *network)
{
    struct output_softmax softmax;
    for (size_t i = 0; network->shape.output->softmax(network, i, &softmax); i++) {
        const struct parameter *rows = &network->parameter[softmax.parameter];
        for (size_t j = 0; j < rows->width; j++) {
            double mean = 0;
            for (size_t k = 0; k < softmax.count; k++)
                mean += (double)parameter_row(rows, softmax.first + k)[j] / (double)softmax.count;
            for (size_t k = 0; k < softmax.count; k++)
                parameter_row(rows, softmax.first + k)[j] -= (float)mean;
        }
    }
}

static void check_round_trip(const struct recipe *recipe, enum model_format format,
                             reader_of_models *reader)
{
    struct model wanted, found;
    make_model(&wanted, recipe, format);
    save_model(&wanted, FILE_NAME);
    read_with(reader, &found, FILE_NAME);
    assert_near(score_all(&found), score_all(&wanted), format == MODEL_NATIVE ? 1e-6 : 0.02);
    if (format == MODEL_NATIVE_BFLOAT16)
        centre_output(&wanted.network);
    assert_same_model(&found, &wanted, format == MODEL_NATIVE_BFLOAT16 ? 1.0 / 256 : 0);
    if (!found.network.halves) {
        save_model(&found, "again");
        assert_same_file("again", FILE_NAME);
        unlink("again");
    }
    model_free(&wanted);
    model_free(&found);
}

static void round_trip(void **state)
{
    (void)state;
    const struct recipe *const recipe[] = {&plain, &compressed, &least,     &stacked,
                                           &deep,  &unfactored, &clustered, &branched};
    for (size_t i = 0; i < sizeof recipe / sizeof recipe[0]; i++) {
        check_round_trip(recipe[i], MODEL_NATIVE, model_load);
        check_round_trip(recipe[i], MODEL_NATIVE, model_open);
        check_round_trip(recipe[i], MODEL_NATIVE_BFLOAT16, model_load);
        check_round_trip(recipe[i], MODEL_NATIVE_BFLOAT16, model_open);
    }
}

// The table of the file FILE_NAME.
static void table_of_file(struct sections *sections)
{
    struct error error = {""};
    size_t size;
    char *data = read_whole(FILE_NAME, false, &size);
    if (!sections_in(sections, data, size, "model", &error))
        fail_msg("%s", error.text);
    free(data);
}

// What other readers find in a file, and where.
static void sections_of_a_model(void **state)
{
    (void)state;
    const char *const names[] = {"architecture",     "record",
                                 "counts",           "offsets",
                                 "letters",          "slots",
                                 "classes",          "state",
                                 "layer0.input",     "layer0.recurrent",
                                 "layer0.bias",      "layer1.input",
                                 "layer1.recurrent", "layer1.bias",
                                 "layer2.input",     "layer2.bias",
                                 "output.words",     "output.classes",
                                 "output.bias",      "output.class_bias",
                                 "output.hash"};
    for (int half = 0; half < 2; half++) {
        struct sections sections;
        save(&stacked, half ? MODEL_NATIVE_BFLOAT16 : MODEL_NATIVE, FILE_NAME);
        table_of_file(&sections);
        assert_int_equal(sections.count, sizeof names / sizeof names[0]);
        for (size_t i = 0; i < sections.count; i++) {
            const struct section *section = &sections.section[i];
            bool halved = half && (i == 8 || i == 16 || i == 17 || i == 20);
            assert_string_equal(section->name, names[i]);
            if (i < 8)
                continue;
            assert_int_equal(section->type, halved ? SECTION_BFLOAT16 : SECTION_FLOAT);
            if (i < 20)
                assert_int_equal(section->stride, halved ? MEMORY_HALF_ROW : MEMORY_ROW);
        }
        assert_int_equal(sections.section[8].rows, stacked.words);
        assert_int_equal(sections.section[20].stride, stacked.maxent);
        sections_free(&sections);
    }
}

// Converting to bfloat16 again loses no more.
static void halves_stay_as_they_are(void **state)
{
    (void)state;
    const struct recipe *const recipe[] = {&plain,     &compressed, &stacked,  &unfactored,
                                           &clustered, &tied,       &tied_full};
    for (size_t i = 0; i < 6; i++) {
        struct model model;
        save(recipe[i], MODEL_NATIVE_BFLOAT16, FILE_NAME);
        read_with(model_load, &model, FILE_NAME);
        assert_int_equal(model.format, MODEL_NATIVE_BFLOAT16);
        save_model(&model, "again");
        assert_same_file("again", FILE_NAME);
        model_free(&model);
    }
}

static void check_record(struct model *model)
{
    struct model found;
    save_model(model, FILE_NAME);
    read_with(model_open, &found, FILE_NAME);
    assert_same_record(&found.record, &model->record);
    model_free(&found);
    read_with(model_load, &found, FILE_NAME);
    assert_same_record(&found.record, &model->record);
    model_free(&found);
}

static void records_round_trip(void **state)
{
    (void)state;
    struct model model;
    make_model(&model, &plain, MODEL_NATIVE);
    free(model.record.train_file);
    model.record.train_file = NULL;
    model.record.valid_file = memory_text("v", 1, NULL);
    check_record(&model);
    free(model.record.valid_file);
    model.record.valid_file = memory_text("two words = one file", 20, NULL);
    model.record.valid_log10_prob = -0.1;
    model.record.train_log10_prob = -1e300;
    model.record.alpha = 1e-300;
    model.record.bptt = 0;
    model.record.position = ((uint64_t)1 << 53) + 1; // no double
    model.record.train_words = 8999999999999999999;
    model.record.old_classes = true;
    model.record.independent = model.record.halving = false;
    check_record(&model);
    // Names of files may hold anything.
    static const char *const names[] = {"", " a file\n", "back\\slash\\n", "\n\n", "\\", "a\nb"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        free(model.record.train_file);
        model.record.train_file = memory_text(names[i], strlen(names[i]), NULL);
        check_record(&model);
    }
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

static void assert_in_the_map(const struct model *model)
{
    const struct network *network = &model->network;
    const struct vocabulary *vocabulary = &model->vocabulary;
    assert_non_null(model->map.data);
    for (size_t i = 0; i < network->parameters; i++) {
        const struct parameter *parameter = &network->parameter[i];
        bool half = parameter->type == PARAMETER_BFLOAT16;
        assert_true(parameter->borrowed);
        assert_true(inside(&model->map, parameter->data,
                           parameter->rows * parameter->stride * (half ? 2 : 4)));
        assert_int_equal((uintptr_t)parameter->data % MEMORY_ALIGNMENT, 0);
        assert_int_equal(half, network->halves && may_be_half(network, i));
    }
    assert_true(inside(&model->map, vocabulary->slot, vocabulary->slots * 4));
    assert_true(inside(&model->map, vocabulary->count, vocabulary->size * 8));
    assert_true(inside(&model->map, vocabulary->offset, vocabulary->size * 8));
    assert_true(inside(&model->map, vocabulary->letters, vocabulary->letters_used));
}

static void assert_own_memory(const struct model *model)
{
    assert_null(model->map.data);
    assert_false(model->network.halves || model->vocabulary.borrowed);
    for (size_t i = 0; i < model->network.parameters; i++)
        assert_false(model->network.parameter[i].borrowed ||
                     model->network.parameter[i].type != PARAMETER_FLOAT);
}

static void arrays_lie_in_the_map(void **state)
{
    (void)state;
    const struct recipe *const recipe[] = {&compressed, &stacked, &unfactored,
                                           &clustered,  &tied,    &tied_full};
    for (size_t i = 0; i < 5; i++) {
        struct model model;
        save(recipe[i], MODEL_NATIVE, FILE_NAME);
        read_with(model_open, &model, FILE_NAME);
        assert_false(model.network.halves);
        assert_in_the_map(&model);
        model_free(&model);
        read_with(model_load, &model, FILE_NAME);
        assert_own_memory(&model);
        model_free(&model);
    }
}

// In place and expanded, halves are the same numbers; what is computed from them differs by the
// rounding of activations and of the small matrices.
static void halves_lie_in_the_map(void **state)
{
    (void)state;
    const struct recipe *const recipe[] = {&compressed, &stacked, &unfactored,
                                           &clustered,  &tied,    &tied_full};
    for (size_t i = 0; i < 5; i++) {
        struct model in_place, expanded;
        struct error error = {""};
        save(recipe[i], MODEL_NATIVE_BFLOAT16, FILE_NAME);
        read_with(model_open, &in_place, FILE_NAME);
        read_with(model_load, &expanded, FILE_NAME);
        assert_same_model(&in_place, &expanded, 0);
        assert_true(in_place.network.halves);
        assert_in_the_map(&in_place);
        assert_own_memory(&expanded);
        assert_near(score_all(&in_place), score_all(&expanded), 0.02);
        // What is used in place has no floats to write in any format.
        for (int format = MODEL_TEXT; format <= MODEL_NATIVE_BFLOAT16; format++) {
            in_place.format = (enum model_format)format;
            assert_false(model_save(&in_place, "again", &error));
            assert_contains(error.text, "again: ");
            assert_contains(error.text, "bfloat16");
        }
        model_free(&in_place);
        model_free(&expanded);
    }
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
    int32_t words = (int32_t)model->vocabulary.size;
    struct learning_rule rule = {
        .alpha = 0.1f, .beta = 1e-7f, .gradient_cutoff = 15, .bptt = 5, .bptt_block = 10};
    assert_true(learner_init(&learner, &model->network, &rule, &error));
    learner_start(&learner, STATE_STORED, model->state);
    for (int32_t i = 0; i < 50; i++) {
        learner.counter++;
        prob[i] = learner_step(&learner, i * 7 % words, (i * i + 1) % words);
    }
    learner_free(&learner);
}

static void training_goes_on(void **state)
{
    (void)state;
    const struct recipe *const recipe[] = {&compressed, &stacked, &unfactored,
                                           &clustered,  &tied,    &tied_full};
    for (size_t i = 0; i < 5; i++) {
        struct model wanted, found;
        double wanted_prob[50], found_prob[50];
        make_model(&wanted, recipe[i], MODEL_NATIVE);
        save_model(&wanted, FILE_NAME);
        read_with(model_load, &found, FILE_NAME);
        learn(&wanted, wanted_prob);
        learn(&found, found_prob);
        assert_memory_equal(found_prob, wanted_prob, sizeof found_prob);
        assert_same_model(&found, &wanted, 0);
        model_free(&wanted);
        model_free(&found);
    }
}

// Larger than the memory that is taken at first where the size of a file is not known.
static void large_compressed_files(void **state)
{
    (void)state;
    static const struct recipe large = {13, "elman:5", 3, 1500001, 3, 0};
    for (int format = MODEL_NATIVE; format <= MODEL_NATIVE_BFLOAT16; format++) {
        struct model wanted, found;
        save(&large, (enum model_format)format, FILE_NAME);
        read_with(model_load, &wanted, FILE_NAME);
        save(&large, (enum model_format)format, "model.gz");
        read_with(model_load, &found, "model.gz");
        assert_same_model(&found, &wanted, 0);
        model_free(&found);
        model_free(&wanted);
    }
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
    save(&stacked, MODEL_NATIVE_BFLOAT16, FILE_NAME);
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

// ---- texts ------------------------------------------------------------------------------------

static void architectures_round_trip(void **state)
{
    (void)state;
    const struct {
        struct recipe recipe;
        const char *text;
    } known[] = {
        {{13, "elman:5", 3, 0, 0, 0},
         "words=13 layers=elman:5:logistic output=class classes=3 direct=0 direct-order=0"},
        {{40, "elman:17,compression:33", 4, 5003, 3, 0},
         "words=40 layers=elman:17:logistic,compression:33 output=class classes=4 direct=5003 "
         "direct-order=3"},
        {{2147483647, "elman:1048576:tanh,elman:1", 2147483647, (size_t)1 << 40, 20, 0},
         "words=2147483647 layers=elman:1048576:tanh,elman:1:logistic output=class "
         "classes=2147483647 direct=1099511627776 direct-order=20 biases=1"},
        {{40, "lstm:17 full", 4, 0, 0, 0},
         "words=40 layers=lstm:17 output=full classes=1 direct=0 direct-order=0 biases=1"},
        {{40, "lstm:17 adaptive:3,9/4", 4, 0, 0, 0},
         "words=40 layers=lstm:17 output=adaptive:3,9/4 classes=1 direct=0 direct-order=0 "
         "biases=1"},
        {{40, "lstm:17 adaptive:3/2/3,9/4,30/1/10", 4, 0, 0, 0},
         "words=40 layers=lstm:17 output=adaptive:3/2/3,9/4,30/1/10 classes=1 direct=0 "
         "direct-order=0 biases=1"},
        {{40, "elman:17 class tied", 4, 0, 0, 0},
         "words=40 layers=elman:17:logistic output=class classes=4 direct=0 direct-order=0 "
         "biases=1 tied=1"},
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        const struct recipe *recipe = &known[i].recipe;
        char text[NATIVE_ARCHITECTURE];
        struct error error = {""};
        struct network_shape shape = new_shape(recipe->words, recipe->layers, recipe->classes,
                                               recipe->maxent, recipe->maxent_order),
                             found;
        native_print_architecture(&shape, text);
        assert_string_equal(text, known[i].text);
        if (!native_parse_architecture(&found, text, &error))
            fail_msg("%s", error.text);
        assert_same_shape(&found, &shape);
    }
}

// As many layers as there may be, each with a long name.
static void longest_architecture(void **state)
{
    (void)state;
    char text[NATIVE_ARCHITECTURE];
    struct error error = {""};
    struct network_shape shape = new_shape(2147483647, "elman:1", 2147483647, (size_t)1 << 40, 20),
                         found;
    while (shape.layers < SHAPE_MOST_LAYERS) {
        shape.layer[shape.layers] = shape.layer[0];
        shape.layer[shape.layers++].units = SHAPE_MOST_UNITS;
    }
    native_print_architecture(&shape, text);
    if (!native_parse_architecture(&found, text, &error))
        fail_msg("%s", error.text);
    assert_same_shape(&found, &shape);
    assert_int_equal(found.layers, SHAPE_MOST_LAYERS);
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

// What a handler of SIGBUS asks.
static void maps_are_known_by_address(void **state)
{
    (void)state;
    static const char *const names[] = {"one", "two", "three"};
    struct map map[3];
    struct error error = {""};
    for (size_t i = 0; i < 3; i++) {
        write_file(names[i], "some text", 9 - i);
        assert_true(map_open(&map[i], names[i], &error));
    }
    for (size_t gone = 0; gone < 3; gone++) {
        for (size_t i = 0; i < 3; i++) {
            const char *data = map[i].data;
            if (data == NULL)
                continue;
            assert_string_equal(map_name_at(data), names[i]);
            assert_string_equal(map_name_at(data + map[i].size - 1), names[i]);
            assert_null(map_name_at(data + map[i].size));
        }
        const void *data = map[(gone + 1) % 3].data; // the one in the middle first
        map_close(&map[(gone + 1) % 3]);
        assert_null(map_name_at(data));
    }
    assert_null(map_name_at(&map));
    for (int allowed = 0; allowed < 2; allowed++) {
        memory_fail_after(allowed);
        assert_false(map_open(&map[0], "one", &error));
        memory_fail_after(-1);
        assert_contains(error.text, "not enough memory");
        assert_null(map[0].data);
    }
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
        cmocka_unit_test(sections_of_a_model),
        cmocka_unit_test(halves_stay_as_they_are),
        cmocka_unit_test(records_round_trip),
        cmocka_unit_test(through_other_formats),
        cmocka_unit_test(arrays_lie_in_the_map),
        cmocka_unit_test(halves_lie_in_the_map),
        cmocka_unit_test(mapped_vocabulary_takes_no_words),
        cmocka_unit_test(replaced_file_stays_mapped),
        cmocka_unit_test(compressed_and_standard_input),
        cmocka_unit_test(training_goes_on),
        cmocka_unit_test(large_compressed_files),
        cmocka_unit_test(failed_allocations),
        cmocka_unit_test(architectures_round_trip),
        cmocka_unit_test(longest_architecture),
        cmocka_unit_test(bfloat16_rounds),
        cmocka_unit_test(checksum_finds_changes),
        cmocka_unit_test(format_names),
        cmocka_unit_test(maps_are_known_by_address),
        cmocka_unit_test(maps_of_other_things),
    };
    return cmocka_run_group_tests(tests, scratch_enter, scratch_leave);
}
