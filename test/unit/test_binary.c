// Binary n-gram models: scores, words, draws and ARPA files are those of the model that they were made
// from, bit by bit; what is damaged or forged is refused, or stays inside of the file.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "arpa_lists.h"
#include "base/memory.h"
#include "base/sections.h"
#include "ngram/arpa.h"
#include "ngram/binary.h"
#include "ngram/binary_format.h"
#include "ngram/codebook.h"
#include "ngram/draw.h"

// ---- models -----------------------------------------------------------------------------------

static struct ngram_model *with(struct ngram_model *open(const char *, struct error *),
                                const char *path)
{
    struct error error;
    struct ngram_model *model = open(path, &error);
    if (model == NULL)
        fail_msg("%s", error.text);
    return model;
}

static void build(const char *arpa, const char *path, unsigned bits)
{
    struct error error;
    struct ngram_model *model = with(ngram_load, arpa);
    unlink(path);
    if (!binary_write(model, path, bits, &error))
        fail_msg("%s", error.text);
    ngram_close(model);
}

static void copy_gzip(const char *from, const char *to)
{
    size_t size;
    char *data = read_whole(from, false, &size);
    unlink(to);
    write_gzip(to, data, size);
    free(data);
}

// ---- scores -----------------------------------------------------------------------------------

static int32_t id_of(const struct ngram_model *model, int word)
{
    return vocabulary_find(&model->words, name_of(word), strlen(name_of(word)));
}

// The same texts by both models, one word after the other and many at once: the same bits.
static void assert_same_scores(const struct list *list, const struct ngram_model *a,
                               const struct ngram_model *b)
{
    enum { SIDES = 20, LENGTH = 30 };
    struct ngram_state one[SIDES], other[SIDES], alone[SIDES];
    struct ngram_query query[SIDES];
    for (int i = 0; i < SIDES; i++) {
        bool start = below(2) == 0;
        ngram_start(a, &one[i], start);
        ngram_start(b, &other[i], start);
        alone[i] = other[i];
    }
    const struct gram *gram[SIDES] = {NULL};
    int at[SIDES] = {0};
    for (int t = 0; t < LENGTH; t++) {
        int word[SIDES];
        for (int i = 0; i < SIDES; i++) {
            if (gram[i] == NULL || at[i] == gram[i]->length) {
                gram[i] = &list->gram[below(list->count)];
                at[i] = 0;
            }
            word[i] = below(12) == 0 ? below(MOST_WORDS) : gram[i]->word[at[i]];
            at[i]++;
            query[i] =
                (struct ngram_query){.in = &other[i], .out = &other[i], .word = id_of(b, word[i])};
        }
        ngram_score_all(b, query, SIDES);
        for (int i = 0; i < SIDES; i++) {
            int matched, again;
            double wanted = ngram_score(a, &one[i], id_of(a, word[i]), &one[i], &matched);
            double found = ngram_score(b, &alone[i], id_of(b, word[i]), &alone[i], &again);
            assert_memory_equal(&query[i].log10_prob, &wanted, sizeof wanted);
            assert_memory_equal(&found, &wanted, sizeof wanted);
            assert_int_equal(query[i].matched, matched);
            assert_int_equal(again, matched);
            assert_memory_equal(&alone[i], &other[i], sizeof alone[i]);
            assert_int_equal(one[i].length, other[i].length);
        }
    }
}

static void assert_same_words(const struct ngram_model *a, const struct ngram_model *b)
{
    assert_int_equal(a->words.size, b->words.size);
    assert_int_equal(a->order, b->order);
    assert_int_equal(a->has_end, b->has_end);
    assert_int_equal(a->start == WORD_OOV, b->start == WORD_OOV);
    assert_int_equal(a->unknown == WORD_OOV, b->unknown == WORD_OOV);
    for (int k = 0; k <= NGRAM_LONGEST; k++)
        assert_int_equal(ngram_count(a, k), ngram_count(b, k));
    for (int i = 0; i < MOST_WORDS; i++) {
        const char *name = name_of(i);
        assert_int_equal(id_of(a, i) == WORD_OOV, id_of(b, i) == WORD_OOV);
        int32_t x = ngram_word(a, name, strlen(name)), y = ngram_word(b, name, strlen(name));
        assert_int_equal(x == WORD_OOV, y == WORD_OOV);
        if (x != WORD_OOV)
            assert_string_equal(vocabulary_word(&a->words, x), vocabulary_word(&b->words, y));
    }
}

// Words that are drawn with the same numbers are the same.
static void assert_same_draws(const struct ngram_model *a, const struct ngram_model *b)
{
    const struct ngram_model *model[2] = {a, b};
    const char *drawn[2][50];
    for (int m = 0; m < 2; m++) {
        struct ngram_drawer drawer;
        struct ngram_state state;
        struct random random;
        bool ok = ngram_drawer_init(&drawer, model[m], NULL);
        random_seed(&random, 17);
        ngram_start(model[m], &state, true);
        for (int i = 0; i < 50; i++) {
            drawn[m][i] = "";
            if (!ok)
                continue;
            int32_t word = ngram_draw(&drawer, &state, &random);
            drawn[m][i] = vocabulary_word(&model[m]->words, word);
            ngram_score(model[m], &state, word, &state, NULL);
        }
        ngram_drawer_free(&drawer);
    }
    for (int i = 0; i < 50; i++)
        assert_string_equal(drawn[0][i], drawn[1][i]);
}

// The ARPA file that a model makes.
static char *arpa_of(const struct ngram_model *model)
{
    size_t size;
    struct error error;
    unlink("written.arpa");
    if (!arpa_write(model, "written.arpa", &error))
        fail_msg("%s", error.text);
    return read_whole("written.arpa", false, &size);
}

static void assert_same_arpa(const struct ngram_model *a, const struct ngram_model *b)
{
    char *one = arpa_of(a), *other = arpa_of(b);
    assert_string_equal(one, other);
    free(one);
    free(other);
}

static void assert_same_models(const struct list *list, const char *arpa, const char *binary)
{
    struct ngram_model *plain = with(ngram_load, arpa), *loaded = with(ngram_load, binary);
    copy_gzip(binary, "model.gz");
    struct ngram_model *other[] = {with(ngram_open, binary), with(ngram_open, "model.gz"), loaded};
    assert_non_null(other[0]->map.data);
    assert_null(other[1]->map.data);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(ngram_is_packed(other[i]), i < 2);
        assert_same_words(plain, other[i]);
        assert_same_scores(list, plain, other[i]);
        assert_same_draws(plain, other[i]);
        int limit = 1 + below(list->order);
        ngram_order_limit(plain, limit);
        ngram_order_limit(other[i], limit);
        assert_same_scores(list, plain, other[i]);
        ngram_order_limit(plain, NGRAM_LONGEST);
        ngram_order_limit(other[i], NGRAM_LONGEST);
    }
    assert_same_arpa(plain, loaded);
    struct ngram_walk walk;
    ngram_walk_start(&walk, other[0], 1);
    assert_false(ngram_walk_next(&walk));
    for (int i = 0; i < 3; i++)
        ngram_close(other[i]);
    ngram_close(plain);
}

static void test_same_scores(void **unused)
{
    (void)unused;
    static struct list list;
    for (int order = 1; order <= NGRAM_LONGEST; order++) {
        for (int words = 1; words <= 37; words += 9) {
            make_list(&list, order, words, 400 / order);
            write_list(&list, "model.arpa", 0);
            build("model.arpa", "model.bin", 0);
            assert_same_models(&list, "model.arpa", "model.bin");
        }
    }
}

// A list with the words 0, 1 and 2, <s>, </s> and <unk>, left out where bits of `without` say so.
static void test_without_some_words(void **unused)
{
    (void)unused;
    static struct list whole, list;
    for (int without = 0; without < 8; without++) {
        make_list(&whole, 3, 20, 200);
        list = (struct list){.order = 3, .words = 20};
        for (int i = 0; i < whole.count; i++) {
            const struct gram *gram = &whole.gram[i];
            bool there = true;
            for (int k = 0; k < gram->length; k++)
                there = there && (gram->word[k] > 2 || !(without >> gram->word[k] & 1) ||
                                  (gram->word[k] == 1 && gram->length > 1 && k > 0 &&
                                   k + 1 == gram->length)); // </s> may end longer n-grams
            if (there)
                list.gram[list.count++] = *gram;
        }
        write_list(&list, "model.arpa", 0);
        build("model.arpa", "model.bin", 0);
        struct ngram_model *model = with(ngram_open, "model.bin");
        assert_int_equal(model->has_end, !(without & 2));
        assert_int_equal(model->start == WORD_OOV, without & 1);
        assert_int_equal(model->unknown == WORD_OOV, without >> 2 & 1);
        struct error remark;
        assert_int_equal(ngram_remark(model, "model.bin", &remark), without >> 1 & 1);
        ngram_close(model);
        assert_same_models(&list, "model.arpa", "model.bin");
    }
}

static void test_no_ngrams_of_the_highest_order(void **unused)
{
    (void)unused;
    static struct list list;
    static const char text[] = "\\data\\\nngram 1=3\nngram 2=1\nngram 3=0\n\\1-grams:\n"
                               "-1 <s> -0.5\n0 a -0\n-2 </s>\n\\2-grams:\n-0.25 <s> a 0.5\n"
                               "\\3-grams:\n\\end\\\n";
    make_list(&list, 1, 5, 0);
    write_file("model.arpa", text, strlen(text));
    build("model.arpa", "model.bin", 0);
    assert_same_models(&list, "model.arpa", "model.bin");
}

static void test_binary_from_binary(void **unused)
{
    (void)unused;
    static struct list list;
    size_t size, other_size;
    make_list(&list, 4, 30, 200);
    write_list(&list, "model.arpa", 0);
    build("model.arpa", "model.bin", 0);
    build("model.bin", "again.bin", 0);
    char *data = read_whole("model.bin", false, &size);
    char *other = read_whole("again.bin", false, &other_size);
    assert_int_equal(size, other_size);
    assert_memory_equal(data, other, size);
    free(data);
    free(other);
}

// ---- quantised --------------------------------------------------------------------------------

static void test_codebook(void **unused)
{
    (void)unused;
    enum { COUNT = 5000 };
    static float number[COUNT], sorted[COUNT];
    for (unsigned bits = CODEBOOK_LEAST_BITS; bits <= 12; bits += 2) {
        struct codebook book;
        double worst = 0, square = 0;
        for (int i = 0; i < COUNT; i++)
            number[i] = i % 50 == 0   ? -INFINITY
                        : i % 49 == 0 ? 0
                                      : (float)random_uniform(&generator, -4, 1);
        memcpy(sorted, number, sizeof number);
        assert_true(codebook_make(&book, sorted, COUNT, bits, NULL));
        assert_int_equal(book.size, (size_t)1 << bits);
        for (size_t i = 1; i < book.size; i++)
            assert_true(book.value[i - 1] <= book.value[i]);
        for (int i = 0; i < COUNT; i++) {
            float value = book.value[codebook_code(&book, number[i])];
            if (number[i] == 0 || number[i] == -INFINITY) {
                assert_true(value == number[i]);
                continue;
            }
            for (size_t j = 0; j < book.size; j++)
                assert_true(fabsf(value - number[i]) <= fabsf(book.value[j] - number[i]));
            double off = fabs((double)value - (double)number[i]);
            worst = off > worst ? off : worst;
            square += off * off / COUNT;
        }
        double step = 5 / (pow(2, bits) - 2); // of numbers that lie evenly
        assert_true(square < 1.3 * step * step / 12);
        assert_true(worst < 2 * step);
        codebook_free(&book);
    }
}

// More codes than values: nothing is lost.
static void test_all_values_in_a_codebook(void **unused)
{
    (void)unused;
    static struct list list;
    make_list(&list, 3, 30, 200);
    write_list(&list, "model.arpa", 0);
    build("model.arpa", "model.bin", 12);
    assert_same_models(&list, "model.arpa", "model.bin");
}

// Fewer: scores are near, and the same however the model is opened.
static void test_few_values(void **unused)
{
    (void)unused;
    static struct list list;
    make_list(&list, 3, 30, 300);
    write_list(&list, "model.arpa", 0);
    double before = 1e300;
    for (unsigned bits = 2; bits <= 12; bits += 2) {
        build("model.arpa", "model.bin", bits);
        struct ngram_model *plain = with(ngram_open, "model.arpa");
        struct ngram_model *model = with(ngram_open, "model.bin");
        struct ngram_model *loaded = with(ngram_load, "model.bin");
        double off = 0;
        for (int i = 0; i < list.words * list.words; i++) {
            int pair[2] = {i / list.words, i % list.words};
            struct ngram_state state, other;
            double wanted = 0, found = 0;
            ngram_start(plain, &state, false);
            ngram_start(model, &other, false);
            for (int k = 0; k < 2; k++) {
                wanted = ngram_score(plain, &state, id_of(plain, pair[k]), &state, NULL);
                found = ngram_score(model, &other, id_of(model, pair[k]), &other, NULL);
                assert_true(k > 0 || found == wanted); // single words are exact
            }
            if (wanted == -INFINITY || found == -INFINITY)
                assert_true(found == wanted);
            else
                off += (found - wanted) * (found - wanted);
        }
        assert_true(off <= before);
        assert_true((off > 0) == (bits < 8)); // about 300 n-grams of two words
        before = off;
        assert_same_scores(&list, loaded, model);
        ngram_close(plain);
        ngram_close(model);
        ngram_close(loaded);
    }
}

// ---- drifts -----------------------------------------------------------------------------------

// Those that are read tell how many successors have keys below what node would have if they were even.
static void test_drifts(void **unused)
{
    (void)unused;
    static struct list list;
    size_t read = 0;
    make_list(&list, 3, MOST_WORDS, MOST_GRAMS);
    write_list(&list, "model.arpa", 0);
    build("model.arpa", "model.bin", 0);
    struct ngram_model *model = with(ngram_open, "model.bin");
    for (int k = 2; k <= 3; k++) {
        const struct packed_level *level = &model->packed[k];
        for (uint32_t context = 0; context < level[-1].count; context++) {
            uint32_t begin, end, at, below = 0;
            packed_successors(level - 1, context, &begin, &end);
            at = (begin / PACKED_STEP + 1) * PACKED_STEP;
            if (at >= end)
                continue;
            uint32_t key = (uint32_t)(((uint64_t)(at - begin) << 32) / (end - begin));
            for (uint32_t i = begin; i < end; i++)
                below += packed_key(level, (int32_t)packed_word(level, i)) < key;
            assert_int_equal(level->drift[at / PACKED_STEP], (int)below - (int)(at - begin));
            read++;
        }
    }
    assert_true(read > 20);
    ngram_close(model);
}

// ---- damage -----------------------------------------------------------------------------------

// A good file in memory.
static char *good_of(struct list *list, int words, int longest, size_t *size, unsigned bits)
{
    make_list(list, 3, words, longest);
    write_list(list, "model.arpa", 0);
    build("model.arpa", "model.bin", bits);
    return read_whole("model.bin", false, size);
}

static char *good(size_t *size, unsigned bits)
{
    static struct list list;
    return good_of(&list, 12, 60, size, bits);
}

// Whatever a level holds: successors are nodes of the next one, numbers are those of a model.
static void assert_bounded(const struct ngram_model *model)
{
    for (int k = 1; k <= model->order && ngram_is_packed(model); k++) {
        const struct packed_level *level = &model->packed[k];
        for (uint32_t i = 0; i < level->count; i++) {
            uint32_t begin, end;
            packed_successors(level, i, &begin, &end);
            assert_true(begin <= end && end <= level->below);
            assert_true(packed_prob(level, i) <= 0);
            assert_true(packed_backoff(level, i) < INFINITY);
        }
    }
}

// Uses a model as far as it can be.
static void use(const struct ngram_model *model)
{
    struct ngram_state state;
    struct ngram_drawer drawer;
    struct random random;
    assert_bounded(model);
    ngram_start(model, &state, true);
    for (size_t i = 0; i < 200; i++) {
        int32_t word = (int32_t)(i * 7 % (model->words.size + 1)) - 1;
        int matched;
        double log10_prob = ngram_score(model, &state, word, &state, &matched);
        assert_false(isnan(log10_prob));
        assert_in_range(matched, 0, model->order);
    }
    random_seed(&random, 1);
    if (ngram_drawer_init(&drawer, model, NULL))
        for (size_t i = 0; i < 20; i++) {
            int32_t word = ngram_draw(&drawer, &state, &random);
            assert_in_range(word, 0, model->words.size - 1);
            ngram_score(model, &state, word, &state, NULL);
        }
    ngram_drawer_free(&drawer);
}

// Refused by both with `text`, and the file's name.
static void refused(const char *data, size_t size, const char *text)
{
    struct ngram_model *(*const open[])(const char *, struct error *) = {ngram_open, ngram_load};
    write_file("bad.bin", data, size);
    for (int i = 0; i < 2; i++) {
        struct error error = {""};
        assert_null(open[i]("bad.bin", &error));
        if (strstr(error.text, text) == NULL || strstr(error.text, "bad.bin: ") == NULL)
            fail_msg("found \"%s\", wanted \"%s\"", error.text, text);
    }
}

static void test_cut_files(void **unused)
{
    (void)unused;
    size_t size;
    char *data = good(&size, 0);
    for (size_t cut = 8; cut < size; cut += cut < 2000 ? 1 : 509)
        refused(data, cut, cut < 64 ? "" : "bytes");
    refused(data, size / 2, "the file is cut short");
    refused(data, size + 1, "the file is too long");
    // Compressed, where sizes are not known before.
    for (size_t cut = 64; cut < size; cut += 997) {
        struct error error = {""};
        unlink("bad.gz");
        write_gzip("bad.gz", data, cut);
        assert_null(ngram_open("bad.gz", &error));
        assert_non_null(strstr(error.text, "more bytes wanted"));
    }
    char *longer = calloc(1, size + 1);
    memcpy(longer, data, size);
    unlink("bad.gz");
    write_gzip("bad.gz", longer, size + 1);
    struct error error = {""};
    assert_null(ngram_open("bad.gz", &error));
    assert_non_null(strstr(error.text, "found more than"));
    free(longer);
    free(data);
}

static void test_other_versions(void **unused)
{
    (void)unused;
    size_t size;
    char *data = good(&size, 0);
    struct sections_header *header = (void *)data, before = *header;
    header->version = 77;
    refused(data, size, "version: found 77");
    *header = before;
    header->byte_order = SECTIONS_OTHER_ORDER;
    refused(data, size, "the other byte order");
    *header = before;
    strcpy(header->kind, "model");
    refused(data, size, "found a model, wanted a ngram");
    free(data);
}

// Whatever byte is wrong, ngram_load() finds it, unless it lies in a gap between sections, and
// ngram_open() finds it or gives scores.
static void test_damaged_bytes(void **unused)
{
    (void)unused;
    size_t size;
    for (unsigned bits = 0; bits <= 8; bits += 8) {
        char *data = good(&size, bits);
        struct sections sections;
        assert_true(sections_in(&sections, data, size, BINARY_KIND, NULL));
        size_t head = sizeof(struct sections_header) + sections.count * sizeof(struct section);
        for (size_t at = 0; at < size; at += at < head ? 7 : 1 + (size_t)below(90)) {
            char before = data[at];
            bool in_section = at < head;
            for (size_t i = 0; i < sections.count; i++)
                in_section |= at - sections.section[i].offset < section_bytes(&sections.section[i]);
            data[at] = (char)(before ^ 1 << below(8));
            write_file("bad.bin", data, size);
            data[at] = before;
            struct ngram_model *model = ngram_open("bad.bin", NULL);
            if (model != NULL)
                use(model);
            ngram_close(model);
            model = ngram_load("bad.bin", NULL);
            assert_int_equal(model == NULL, in_section);
            ngram_close(model);
        }
        sections_free(&sections);
        free(data);
    }
}

// ---- forgeries: with the right checksums --------------------------------------------------------

struct forgery {
    char *data;
    struct section_plan plan[BINARY_MOST_SECTIONS];
    size_t count;
};

// Of a good file.
static void forgery_start_with(struct forgery *forgery, char *data, size_t size)
{
    struct sections sections;
    forgery->data = data;
    assert_true(sections_in(&sections, forgery->data, size, BINARY_KIND, NULL));
    forgery->count = sections.count;
    for (size_t i = 0; i < sections.count; i++)
        forgery->plan[i] = (struct section_plan){
            .section = sections.section[i], .data = forgery->data + sections.section[i].offset};
    sections_free(&sections);
}

static void forgery_start(struct forgery *forgery, unsigned bits)
{
    size_t size;
    char *data = good(&size, bits);
    forgery_start_with(forgery, data, size);
}

static struct section_plan *forgery_plan(struct forgery *forgery, const char *name)
{
    for (size_t i = 0; i < forgery->count; i++)
        if (strcmp(forgery->plan[i].section.name, name) == 0)
            return &forgery->plan[i];
    fail_msg("no section %s", name);
    return NULL;
}

static void *forgery_bytes(struct forgery *forgery, const char *name)
{
    return forgery->data + ((const char *)forgery_plan(forgery, name)->data - forgery->data);
}

static void forgery_write(struct forgery *forgery)
{
    struct output *output = output_open("forged.bin", NULL);
    assert_non_null(output);
    assert_true(sections_write(output, BINARY_KIND, forgery->plan, forgery->count, NULL));
    assert_true(output_commit(output, NULL));
    free(forgery->data);
}

static void forgery_refused(struct forgery *forgery, const char *text)
{
    size_t size;
    forgery_write(forgery);
    char *data = read_whole("forged.bin", false, &size);
    refused(data, size, text);
    free(data);
}

// Levels of any bytes: scores stay inside, and ngram_load() finds them.
static void test_forged_levels(void **unused)
{
    (void)unused;
    for (int round = 0; round < 200; round++) {
        struct forgery forgery;
        struct error error = {""};
        forgery_start(&forgery, round % 2 ? 4 : 0);
        for (int k = 1; k <= 3; k++) {
            char name[SECTION_NAME];
            snprintf(name, sizeof name, "ngrams%d", k);
            unsigned char *byte = forgery_bytes(&forgery, name);
            size_t bytes = section_bytes(&forgery_plan(&forgery, name)->section);
            for (size_t i = 0; round > 0 && i < bytes; i++)
                if (round < 20 || below(10) == 0)
                    byte[i] = round == 1 ? 0xff : round == 2 ? 0 : (unsigned char)below(256);
        }
        forgery_write(&forgery);
        struct ngram_model *model = with(ngram_open, "forged.bin");
        use(model);
        ngram_close(model);
        model = ngram_load("forged.bin", &error);
        assert_int_equal(model != NULL, round == 0);
        if (model == NULL)
            assert_non_null(strstr(error.text, "forged.bin: ngrams"));
        ngram_close(model);
    }
}

static void forge_number(const char *section, size_t at, uint64_t value, const char *text)
{
    struct forgery forgery;
    forgery_start(&forgery, 0);
    ((uint64_t *)forgery_bytes(&forgery, section))[at] = value;
    forgery_refused(&forgery, text);
}

static void forge_float(const char *section, size_t at, float value, const char *text)
{
    struct forgery forgery;
    forgery_start(&forgery, 4);
    ((float *)forgery_bytes(&forgery, section))[at] = value;
    forgery_refused(&forgery, text);
}

static void forge_size(const char *section, int64_t more, const char *text)
{
    struct forgery forgery;
    forgery_start(&forgery, 0);
    struct section *forged = &forgery_plan(&forgery, section)->section;
    forged->width = forged->stride = forged->width + (uint64_t)more;
    forgery_refused(&forgery, text);
}

// Without drifts, as files of before there were any, and with those of no such n-grams: the same scores.
static void test_other_drifts(void **unused)
{
    (void)unused;
    static struct list list;
    for (int round = 0; round < 20; round++) {
        struct forgery forgery;
        size_t size;
        char *data = good_of(&list, 30, 1000, &size, 0);
        forgery_start_with(&forgery, data, size);
        for (int k = 2; k <= 3; k++) {
            char name[SECTION_NAME];
            snprintf(name, sizeof name, "drifts%d", k);
            struct section *section = &forgery_plan(&forgery, name)->section;
            int16_t *drift = forgery_bytes(&forgery, name);
            for (size_t i = 0; i < section->width; i++)
                drift[i] = (int16_t)(below(1 << 16) - (1 << 15));
            if (round % 2 == 0)
                strcpy(section->name, k == 2 ? "other" : "another");
        }
        forgery_write(&forgery);
        struct ngram_model *plain = with(ngram_load, "model.arpa"),
                           *forged = with(ngram_open, "forged.bin");
        assert_int_equal(forged->packed[2].drift == NULL, round % 2 == 0);
        assert_same_scores(&list, plain, forged);
        ngram_close(plain);
        ngram_close(forged);
    }
}

static void test_forged_sections(void **unused)
{
    (void)unused;
    struct forgery forgery;
    forge_number("shape", BINARY_VERSION, 2, "version of binary n-gram models: found 2, wanted 1");
    forge_number("shape", BINARY_ORDER, 0, "shape: found 7 numbers");
    forge_number("shape", BINARY_ORDER, 10, "shape: found 7 numbers");
    forge_number("shape", BINARY_ORDER, 4, "shape: found 7 numbers");
    forge_number("shape", BINARY_HAS_END, 2, "shape: found 2");
    forge_number("shape", BINARY_BITS, 1, "and 1, wanted");
    forge_number("shape", BINARY_BITS, 17, "and 17, wanted");
    forge_number("shape", BINARY_BITS, 8, "probs2: found no such section");
    forge_number("shape", BINARY_COUNTS, 0, "shape: found 0 words");
    forge_number("shape", BINARY_COUNTS, UINT64_MAX, "words, wanted 1 to");
    forge_number("shape", BINARY_COUNTS, 4, "offsets: found");
    forge_number("shape", BINARY_COUNTS + 1, UINT64_MAX, "2-grams, at most");
    forge_number("shape", BINARY_COUNTS + 1, 1 << 20, "ngrams1: found");
    forge_number("shape", BINARY_COUNTS + 2, 1 << 20, "ngrams2: found");
    forge_number("offsets", 3, UINT64_MAX, "word offsets: found");
    forge_number("offsets", 0, 5, "words: the first is");
    forge_size("letters", -1, "words: the last one has no end");
    forge_size("slots", -1, "word hash table: found 1023 slots");
    forge_size("ngrams2", -1, "ngrams2: found");
    forge_size("ngrams3", -9, "ngrams3: found");
    forge_size("shape", -7, "shape: found 0 numbers");
    forge_size("drifts2", 1, "drifts2: found");
    forge_size("drifts3", -1, "drifts3: found");
    forge_float("probs2", 0, NAN, "probs2: found nan");
    forge_float("probs3", 15, 0.5f, "probs3: found 0.5");
    forge_float("backoffs2", 15, INFINITY, "backoffs2: found inf");
    for (const char *const *name = (const char *const[]){"shape", "offsets", "letters", "slots",
                                                         "ngrams1", "ngrams2", "ngrams3", NULL};
         *name != NULL; name++) {
        char text[100];
        forgery_start(&forgery, 0);
        snprintf(text, sizeof text, "%s: found no such section", *name);
        strcpy(forgery_plan(&forgery, *name)->section.name, "other");
        forgery_refused(&forgery, text);
    }
}

static void test_no_memory(void **unused)
{
    (void)unused;
    static struct list list;
    struct error error;
    make_list(&list, 3, 30, 300);
    write_list(&list, "model.arpa", 0);
    build("model.arpa", "model.bin", 0);
    copy_gzip("model.bin", "model.gz");
    struct ngram_model *plain = with(ngram_load, "model.arpa");
    for (int way = 0; way < 4; way++) {
        bool done = false;
        int failures = 0;
        for (; !done; failures++) {
            struct ngram_model *model = NULL;
            unlink("copy.bin");
            error.text[0] = '\0';
            memory_fail_after(failures);
            if (way == 0)
                done = binary_write(plain, "copy.bin", failures % 2 ? 0 : 3, &error) &&
                       failures % 2 == 0;
            else
                model = way == 1   ? ngram_open("model.bin", &error)
                        : way == 2 ? ngram_open("model.gz", &error)
                                   : ngram_load("model.bin", &error);
            memory_fail_after(-1);
            done |= model != NULL;
            ngram_close(model);
            assert_true(done || error.text[0] == '\0' ||
                        strstr(error.text, "not enough memory") != NULL);
        }
        assert_true(failures > 4);
    }
    ngram_close(plain);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_scores),
        cmocka_unit_test(test_without_some_words),
        cmocka_unit_test(test_no_ngrams_of_the_highest_order),
        cmocka_unit_test(test_binary_from_binary),
        cmocka_unit_test(test_codebook),
        cmocka_unit_test(test_all_values_in_a_codebook),
        cmocka_unit_test(test_few_values),
        cmocka_unit_test(test_drifts),
        cmocka_unit_test(test_cut_files),
        cmocka_unit_test(test_other_versions),
        cmocka_unit_test(test_damaged_bytes),
        cmocka_unit_test(test_forged_levels),
        cmocka_unit_test(test_other_drifts),
        cmocka_unit_test(test_forged_sections),
        cmocka_unit_test(test_no_memory),
    };
    random_seed(&generator, 1);
    return cmocka_run_group_tests(tests, scratch_enter, scratch_leave);
}
