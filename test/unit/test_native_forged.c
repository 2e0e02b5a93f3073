// Forged native model files, whose checksums are right: texts that say what is wrong, sections that
// do not fit them.
#include "forgery.h"

#include <sys/resource.h>

// ---- texts ------------------------------------------------------------------------------------

struct wrong_text {
    const char *text, *says;
};

static void wrong_texts(const char *section, const struct wrong_text *wrong, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct forgery forgery;
        forgery_start(&forgery, &plain, MODEL_NATIVE);
        forgery_text(&forgery, section, wrong[i].text);
        forgery_refused(&forgery, wrong[i].says, wrong[i].says);
    }
}

#define LAYERS(layers) "words=13 layers=" layers " output=class classes=3 direct=0 direct-order=0"
#define FIELDS(words, classes, direct)                                                             \
    "words=" words " layers=elman:5 output=class classes=" classes " direct=" direct

#define OUTPUT(output) "words=13 layers=elman:5 classes=1 output=" output

static void forged_architectures(void **state)
{
    (void)state;
    static const struct wrong_text wrong[] = {
        {LAYERS("elmann:5"),
         "architecture: layers: this version does not know \"elmann:5\": found layer \"elmann\" "},
        {LAYERS("zebra:5"), "found layer \"zebra\""},
        {LAYERS("elman:5:sinus"), "found activation \"sinus\""},
        {LAYERS("elman:5:"), "found activation \"\""},
        {LAYERS("compression:5:tanh"), "no choice of activation"},
        {LAYERS("elman:0"), "wanted elman:N"},
        {LAYERS("elman:-5"), "wanted elman:N"},
        {LAYERS("elman"), "wanted elman:N"},
        {LAYERS("elman:"), "wanted elman:N"},
        {LAYERS("elman:5x"), "wanted elman:N"},
        {LAYERS("elman:99999999999999999999"), "wanted elman:N"},
        {LAYERS("elman:5,"), "found layer \"\""},
        {LAYERS(",elman:5"), "found layer \"\""},
        {LAYERS(""), "found layer \"\""},
        {LAYERS("elman:6"), "layer0.input: found 13 rows of 5 elements"},
        {LAYERS("elman:1048576"), "layer0.input: found 13 rows of 5 elements"},
        {LAYERS("compression:5"), "layer0.recurrent\", which this version does not know"},
        {LAYERS("elman:5,elman:5"), "layer1.input: found no such section"},
        {LAYERS("elman:5,compression:5"), "layer1.input: found no such section"},
        {FIELDS("0", "3", "0"), "vocabulary size: found 0"},
        {FIELDS("2147483648", "3", "0"), "vocabulary size: found 2147483648"},
        {FIELDS("12", "3", "0"), "counts: found 1 rows of 13 elements"},
        {FIELDS("14", "3", "0"), "counts: found 1 rows of 13 elements"},
        {FIELDS("2147483647", "3", "0"), "counts: found 1 rows of 13 elements"},
        {FIELDS("-1", "3", "0"), "words: found \"-1\", wanted a whole number"},
        {FIELDS("1.5", "3", "0"), "words: found \"1.5\", wanted a whole number"},
        {FIELDS("1e300", "3", "0"), "wanted a whole number"},
        {FIELDS("nan", "3", "0"), "wanted a whole number"},
        {FIELDS("", "3", "0"), "wanted a whole number"},
        {FIELDS("13", "0", "0"), "class size: found 0"},
        {FIELDS("13", "14", "0"), "class size: found 14"},
        {FIELDS("13", "2", "0"), "has class 2"},
        {FIELDS("13", "4", "0"), "class"},
        {FIELDS("13", "3", "1"), "direct connections: found 1"},
        {FIELDS("13", "3", "9000000000000000"), "direct connections: found"},
        {FIELDS("13", "3", "8"), "output.hash: found no such section"},
        {FIELDS("13", "3", "1000000000000"), "output.hash: found no such section"},
        {FIELDS("13", "3", "1e12"), "direct: found \"1e12\", wanted a whole number"},
        {FIELDS("13", "3", "8 direct-order=21"), "direct order: found 21"},
        {FIELDS("13", "3", "8 direct-order=9000000000000000"), "direct order: found 2147483647"},
        {FIELDS("13", "3", "0 biases=1"), "layer0.bias: found no such section"},
        {FIELDS("13", "3", "0 biases=2"), "biases: found \"2\", wanted 0 or 1"},
        {FIELDS("13", "3", "0 tied=1"), "output.words\", which this version does not know"},
        {LAYERS("elman:5,elman:4") " tied=1",
         "tied: found 5 numbers in a word's row of the bottom layer, wanted 4, the units of the "
         "topmost layer: -embedding 4"},
        {LAYERS("lstm:5") " tied=1", "tied: found 20 numbers"},
        {FIELDS("13", "3", "0 colour=blue"), "found \"colour\", which this version does not know"},
        {FIELDS("13", "3", "0 colour"), "found \"colour\", wanted NAME=VALUE"},
        {FIELDS("13", "3", "0 output=classes"), "architecture: output: found twice"},
        {"words=13 layers=elman:5 output=classes",
         "found output \"classes\" (did you mean class?)"},
        {"words=13 layers=elman:5 output=full classes=3", "class size: found 3, wanted 1"},
        {"words=13 layers=elman:5 output=full", "class size: found 0"},
        {"words=13 layers=elman:5 output=full classes=1 direct=100", "wanted 0: the output full"},
        {OUTPUT("full:3"), "found \"full:3\": the output full has no clusters"},
        {OUTPUT("adaptive:"), "wanted adaptive:FIRST,FIRST"},
        {OUTPUT("adaptive:0"), "wanted adaptive:FIRST,FIRST"},
        {OUTPUT("adaptive:3,"), "wanted adaptive:FIRST,FIRST"},
        {OUTPUT("adaptive:3/"), "wanted adaptive:FIRST,FIRST"},
        {OUTPUT("adaptive:3/0"), "wanted adaptive:FIRST,FIRST"},
        {OUTPUT("adaptive:3x"), "wanted adaptive:FIRST,FIRST"},
        {OUTPUT("adaptive:99999999999999999999"), "wanted adaptive:FIRST,FIRST"},
        {OUTPUT("adaptive:5,3"), "clusters begin at 5 and then 3"},
        {OUTPUT("adaptive:3,3"), "clusters begin at 3 and then 3"},
        {OUTPUT("adaptive:1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,"
                "28,29,30,31,32,33"),
         "wanted at most 32 clusters"},
        {OUTPUT("adaptive:3,13"),
         "found one from word 13 on, wanted less than the vocabulary's 13"},
        {OUTPUT("adaptive:3/"),
         "and perhaps /N for classes of N words, /N/M for groups of M of these"},
        {OUTPUT("adaptive:3/2/"), "wanted adaptive:FIRST,FIRST"},
        {OUTPUT("adaptive:3/2/0"), "wanted adaptive:FIRST,FIRST"},
        {OUTPUT("adaptive:3/2/2/2"), "wanted adaptive:FIRST,FIRST"},
        {OUTPUT("adaptive:3/2/4,8"), "found groups of 4 classes, wanted at most the 3 classes of"},
        {OUTPUT("adaptive:3/6,8"), "found classes of 6 words, wanted at most the 5"},
        {OUTPUT("adaptive:3 tied=1"), "no row as wide as the topmost layer for every word"},
        {OUTPUT("adaptive:3 direct=100"), "wanted 0: the output adaptive"},
        {OUTPUT("adaptive:3"), "has class 1, wanted 0 to 0"},
        {"words=13 layers=elman:5 classes=3 output=tree",
         "tree: found 5 words at depth 0, wanted at most 1"},
        {"words=13 layers=elman:5 classes=3", "architecture: found no output=VALUE"},
        {"words=13 output=class classes=3", "found no layers=VALUE"},
        {"", "found no words=VALUE"},
    };
    wrong_texts("architecture", wrong, sizeof wrong / sizeof wrong[0]);
}

// More layers than there may be, and words beyond all bounds.
static void long_architectures(void **state)
{
    (void)state;
    char text[MOST_TEXT] = "words=13 output=class classes=3 layers=elman:5";
    for (int i = 0; i < SHAPE_MOST_LAYERS; i++)
        strcat(text, ",elman:5");
    const struct wrong_text layers = {text, "found more than 64 layers"};
    wrong_texts("architecture", &layers, 1);
    memset(text, 'x', sizeof text - 1);
    const struct wrong_text word = {text, "architecture: found \"xxx"};
    wrong_texts("architecture", &word, 1);
    memset(text, '=', sizeof text - 1);
    wrong_texts("architecture", &(struct wrong_text){text, "architecture: found \"==="}, 1);
}

#define RECORD(line) "bptt 5\nbptt-block 10\n" line "\n"

static void forged_records(void **state)
{
    (void)state;
    static const struct wrong_text wrong[] = {
        {"", "bptt: found 0 in blocks of 0"},
        {"bptt 5\n", "bptt: found 5 in blocks of 0"},
        {"bptt 1048577\nbptt-block 10\n", "bptt: found 1048577"},
        {"bptt 5\nbptt-block 0\n", "in blocks of 0"},
        {RECORD("bptt 5"), "record: bptt: found twice"},
        {"bptt-block 1000000000000000000\n", "in blocks of 1000000000000000000"},
        {RECORD("bptt-block 1e1"), "record: bptt-block: found twice"},
        {"bptt -1\n", "record: bptt: found \"-1\", wanted a whole number"},
        {RECORD("epochs -1"), "record: epochs: found \"-1\""},
        {RECORD("epochs 1.5"), "record: epochs: found \"1.5\""},
        {RECORD("epochs 1e19"), "record: epochs: found \"1e19\""},
        {RECORD("epochs many"), "record: epochs: found \"many\""},
        {RECORD("epochs "), "record: epochs: found \"\""},
        {RECORD("epochs"), "record: found \"epochs\""},
        {RECORD("epochs  4"), "record: epochs: found \" 4\""},
        {RECORD("position -0.5"), "record: position"},
        {RECORD("save-every inf"), "record: save-every"},
        {RECORD("train-words nan"), "record: train-words"},
        {RECORD("halving 2"), "record: halving: found \"2\""},
        {RECORD("independent yes"), "record: independent"},
        {RECORD("unit syllables"), "record: unit: found \"syllables\", wanted char or pieces"},
        {RECORD("self-normalise -1"),
         "record: self-normalise: found \"-1\", wanted a finite number that is not below 0"},
        {RECORD("self-normalise inf"), "record: self-normalise: found \"inf\""},
        {RECORD("self-normalise 0.5\nself-normalise 0.5"), "self-normalise: found twice"},
        {RECORD("unit word"), "record: unit: found \"word\""},
        {RECORD("old-classes 0.5"), "record: old-classes"},
        {RECORD("alpha nan"), "record: alpha: found \"nan\""},
        {RECORD("starting-alpha inf"), "record: starting-alpha"},
        {RECORD("valid-log10-prob -inf"), "record: valid-log10-prob"},
        {RECORD("train-log10-prob 1e999"), "record: train-log10-prob"},
        {RECORD("colour blue"), "found \"colour blue\", which this version does not know"},
        {RECORD("train-file a\nb"), "found \"b\", which this version does not know"},
    };
    wrong_texts("record", wrong, sizeof wrong / sizeof wrong[0]);
}

static void texts_without_an_end(void **state)
{
    (void)state;
    const char *const names[] = {"architecture", "record"};
    for (int i = 0; i < 2; i++) {
        struct forgery forgery;
        struct model model;
        forgery_start(&forgery, &plain, MODEL_NATIVE);
        struct section *section = &forgery_plan(&forgery, names[i])->section;
        section->width = --section->stride; // the 0 byte is not needed
        forgery_write(&forgery);
        read_with(model_load, &model, FILE_NAME);
        model_free(&model);
        read_with(model_open, &model, FILE_NAME);
        model_free(&model);
        // longer than any such text
        forgery_start(&forgery, &plain, MODEL_NATIVE);
        char *text = calloc((1 << 20) + 1, 1);
        assert_non_null(text);
        struct section_plan *plan = forgery_plan(&forgery, names[i]);
        plan->data = text;
        plan->section.width = plan->section.stride = (1 << 20) + 1;
        forgery_refused(&forgery, "bytes, wanted at most 1048576", "bytes, wanted at most 1048576");
        free(text);
    }
}

// ---- sections ---------------------------------------------------------------------------------

static void missing_sections(void **state)
{
    (void)state;
    struct forgery forgery;
    forgery_start(&forgery, &stacked, MODEL_NATIVE);
    size_t count = forgery.count;
    free(forgery.data);
    for (size_t i = 0; i < count; i++) {
        char says[SECTION_NAME + 32];
        forgery_start(&forgery, &stacked, MODEL_NATIVE);
        snprintf(says, sizeof says, "%s: found no such section", forgery.plan[i].section.name);
        memmove(&forgery.plan[i], &forgery.plan[i + 1], (count - i - 1) * sizeof forgery.plan[0]);
        forgery.count--;
        forgery_refused(&forgery, says, says);
    }
}

static void unknown_section(void **state)
{
    (void)state;
    const char *says = "found a section \"layer0.colour\", which this version does not know";
    struct forgery forgery;
    forgery_start(&forgery, &plain, MODEL_NATIVE);
    forgery.plan[forgery.count++] = (struct section_plan){
        .section = {"layer0.colour", SECTION_BYTE, 0, 1, 4, 4, 0, 0}, .data = "blue"};
    forgery_refused(&forgery, says, says);
}

// Sections in another order can be used in place, but not be read one after the other.
static void other_order(void **state)
{
    (void)state;
    struct forgery forgery;
    forgery_start(&forgery, &plain, MODEL_NATIVE);
    struct section_plan first = forgery.plan[0];
    forgery.plan[0] = forgery.plan[1];
    forgery.plan[1] = first;
    forgery_refused(&forgery, "record: found before a section that it has to follow", NULL);
}

static void wrong_sections(void **state)
{
    (void)state;
    static const struct {
        struct section section; // what it becomes, of zeros
        const char *says;
    } wrong[] = {
        {{"counts", SECTION_INT32, 0, 1, 13, 13, 0, 0}, "counts: found 1 rows of 13"},
        {{"counts", SECTION_UINT64, 0, 13, 1, 1, 0, 0}, "counts: found 13 rows of 1"},
        {{"counts", SECTION_UINT64, 0, 1, 13, 16, 0, 0}, "counts: found"},
        {{"counts", SECTION_UINT64, 0, 0, 13, 13, 0, 0}, "counts: found 0 rows"},
        {{"offsets", SECTION_UINT64, 0, 1, 12, 12, 0, 0}, "offsets: found 1 rows of 12"},
        {{"letters", SECTION_BYTE, 0, 1, 12, 12, 0, 0}, "words: found 12 bytes, wanted 13"},
        {{"letters", SECTION_BYTE, 0, 1, 0, 0, 0, 0}, "words: found 0 bytes"},
        {{"letters", SECTION_BYTE, 0, 1, 13, 13, 0, 0}, "word offsets: found"},
        {{"slots", SECTION_INT32, 0, 1, 0, 0, 0, 0}, "word hash table: found 0 slots"},
        {{"slots", SECTION_INT32, 0, 1, 16, 16, 0, 0}, "word hash table: found 16 slots"},
        {{"slots", SECTION_INT32, 0, 1, 33, 33, 0, 0}, "wanted a power of two"},
        {{"slots", SECTION_INT32, 0, 1, 64, 64, 0, 0}, "word hash table: found 64 words"},
        {{"slots", SECTION_FLOAT, 0, 1, 64, 64, 0, 0}, "slots: found"},
        {{"classes", SECTION_INT32, 0, 1, 14, 14, 0, 0}, "classes: found 1 rows of 14"},
        {{"state", SECTION_FLOAT, 0, 1, 5, 5, 0, 0}, "state: found 1 rows of 5"},
        {{"state", SECTION_BFLOAT16, 0, 1, 16, 16, 0, 0}, "state: found"},
        {{"layer0.input", SECTION_FLOAT, 0, 12, 5, 16, 0, 0}, "layer0.input: found 12 rows"},
        {{"layer0.input", SECTION_FLOAT, 0, 13, 6, 16, 0, 0}, "layer0.input: found 13 rows of 6"},
        {{"layer0.input", SECTION_FLOAT, 0, 13, 5, 5, 0, 0}, "of 5 elements, 5 apart"},
        {{"layer0.input", SECTION_FLOAT, 0, 13, 5, 32, 0, 0}, "of 5 elements, 32 apart"},
        {{"layer0.input", SECTION_BFLOAT16, 0, 13, 5, 16, 0, 0}, "16 apart"},
        {{"layer0.input", SECTION_INT32, 0, 13, 5, 16, 0, 0}, "of type 3"},
        {{"layer0.recurrent", SECTION_FLOAT, 0, 4, 5, 16, 0, 0}, "layer0.recurrent: found 4 rows"},
        {{"output.words", SECTION_FLOAT, 0, 14, 5, 16, 0, 0}, "output.words: found 14 rows"},
        {{"output.classes", SECTION_FLOAT, 0, 2, 5, 16, 0, 0}, "output.classes: found 2 rows"},
    };
    static const char zeros[2048];
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct forgery forgery;
        forgery_start(&forgery, &plain, MODEL_NATIVE);
        struct section_plan *plan = forgery_plan(&forgery, wrong[i].section.name);
        plan->section = wrong[i].section;
        plan->data = zeros;
        assert_true(section_bytes(&plan->section) <= sizeof zeros);
        forgery_refused(&forgery, wrong[i].says, wrong[i].says);
    }
}

// Halves where products are of floats: read, and expanded, instead of being used in place.
static void halves_in_other_places(void **state)
{
    (void)state;
    static const uint16_t halves[5 * MEMORY_HALF_ROW];
    const char *const names[] = {"layer0.recurrent", "output.classes"};
    for (int i = 0; i < 2; i++) {
        struct forgery forgery;
        struct model read, opened;
        forgery_start(&forgery, &plain, MODEL_NATIVE);
        struct section_plan *plan = forgery_plan(&forgery, names[i]);
        plan->section.type = SECTION_BFLOAT16;
        plan->section.stride = MEMORY_HALF_ROW;
        plan->data = halves;
        forgery_write(&forgery);
        read_with(model_load, &read, FILE_NAME);
        read_with(model_open, &opened, FILE_NAME);
        assert_true(opened.map.data == NULL && !opened.network.halves);
        assert_same_model(&opened, &read, 0);
        assert_true(score_all(&opened) == score_all(&read));
        model_free(&read);
        model_free(&opened);
    }
}

// ---- promises ---------------------------------------------------------------------------------

static long peak_kilobytes(void)
{
    struct rusage usage;
    assert_int_equal(getrusage(RUSAGE_SELF, &usage), 0);
    return usage.ru_maxrss;
}

static void sign(char *data)
{
    struct sections_header *header = (void *)data, plain_header;
    struct checksum checksum;
    header->checksum = 0;
    plain_header = *header;
    checksum_start(&checksum);
    checksum_add(&checksum, &plain_header, sizeof plain_header);
    checksum_add(&checksum, header + 1, header->sections * sizeof(struct section));
    header->checksum = checksum_end(&checksum);
}

// A section says that it is far larger, with all behind it moved
// on. A compressed file does not tell that it is not: memory is taken as its bytes arrive.
static void promise(struct forgery *forgery, const char *name, enum section_type type,
                    uint64_t count)
{
    size_t size;
    forgery_write(forgery);
    char *data = read_whole(FILE_NAME, false, &size);
    struct sections_header *header = (void *)data;
    struct section *section = (void *)(header + 1), *end = section + header->sections;
    while (strcmp(section->name, name) != 0)
        section++;
    section->type = (uint32_t)type;
    section->width = section->stride = count;
    header->file_bytes = section->offset + section_bytes(section);
    while (++section < end) {
        section->offset =
            (header->file_bytes + SECTIONS_ALIGNMENT - 1) / SECTIONS_ALIGNMENT * SECTIONS_ALIGNMENT;
        header->file_bytes = section->offset + section_bytes(section);
    }
    sign(data);
    write_file(FILE_NAME, data, size);
    refused(model_load, "the file is cut short");
    refused(model_open, "the file is cut short");
    write_gzip(FILE_NAME, data, size);
    refused(model_load, name);
    refused(model_open, ": file ends at byte");
    free(data);
}

static void promises(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        enum section_type type;
        uint64_t count;
    } list[] = {{"letters", SECTION_BYTE, (uint64_t)1 << 40},
                {"slots", SECTION_INT32, (uint64_t)1 << 33},
                {"output.hash", SECTION_FLOAT, (uint64_t)1 << 40},
                {"output.hash", SECTION_BFLOAT16, (uint64_t)1 << 40}};
    long before = peak_kilobytes();
    for (size_t i = 0; i < sizeof list / sizeof list[0]; i++) {
        struct forgery forgery;
        forgery_start(&forgery, &plain, MODEL_NATIVE);
        if (strcmp(list[i].name, "output.hash") == 0) {
            forgery.plan[forgery.count++] = (struct section_plan){
                .section = {"output.hash", SECTION_BYTE, 0, 1, 4, 4, 0, 0}, .data = "hash"};
            forgery_text(&forgery, "architecture",
                         FIELDS("13", "3", "1099511627776 direct-order=3"));
        }
        promise(&forgery, list[i].name, list[i].type, list[i].count);
    }
    assert_true(peak_kilobytes() - before < 100000);
}

// A state has padding, which may be compared with that of others.
static void padding_of_states(void **state)
{
    (void)state;
    float one = 1;
    forge("state", 5 * sizeof one, &one, sizeof one, "state: found 1 in the padding of layer 0",
          "state: found 1 in the padding of layer 0");
}

static void texts_that_end_early(void **state)
{
    (void)state;
    forge("architecture", 8, "", 1, "architecture: found a text that ends at byte 8 of",
          "architecture: found a text that ends at byte 8 of");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forged_architectures),
        cmocka_unit_test(long_architectures),
        cmocka_unit_test(forged_records),
        cmocka_unit_test(texts_without_an_end),
        cmocka_unit_test(missing_sections),
        cmocka_unit_test(unknown_section),
        cmocka_unit_test(other_order),
        cmocka_unit_test(wrong_sections),
        cmocka_unit_test(halves_in_other_places),
        cmocka_unit_test(promises),
        cmocka_unit_test(padding_of_states),
        cmocka_unit_test(texts_that_end_early),
    };
    return cmocka_run_group_tests_name("native forged", tests, scratch_enter, scratch_leave);
}
