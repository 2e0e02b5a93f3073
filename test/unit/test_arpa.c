// ARPA files and back-off models: against the definition on a plain list of n-grams, and on damaged
// files.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>

#include "arpa_lists.h"
#include "base/memory.h"
#include "ngram/arpa.h"

// The definition: word[length - 1] after the words before it, n-grams up to `order` words.
static double by_definition(const struct list *list, const int *word, int length, int order,
                            int *matched)
{
    while (length > order) {
        word++;
        length--;
    }
    int there = position(list, word, length);
    if (there >= 0) {
        *matched = length;
        return value_of(list->gram[there].prob);
    }
    if (length == 1) {
        *matched = 0;
        return -INFINITY;
    }
    int context = position(list, word, length - 1);
    double backoff = context >= 0 ? value_of(list->gram[context].backoff) : 0;
    return backoff + by_definition(list, word + 1, length - 1, order, matched);
}

// ---- scoring ----------------------------------------------------------------------------------

static void assert_log10(double found, double wanted)
{
    if (found != wanted && !(fabs(found - wanted) <= 2e-6))
        fail_msg("found log10 %.9g, wanted %.9g", found, wanted);
}

static struct ngram_model *open_model(const char *path)
{
    struct error error;
    struct ngram_model *model = ngram_open(path, &error);
    if (model == NULL)
        fail_msg("%s", error.text);
    return model;
}

// Random text that often follows n-grams of the model.
static void compare_scores(const struct list *list, const struct ngram_model *model, int rounds)
{
    enum { LENGTH = 14 };
    int word[LENGTH + NGRAM_LONGEST];
    for (int round = 0; round < rounds; round++) {
        bool start = below(2) == 0;
        struct ngram_state state, before;
        int length = 0;
        if (start)
            word[length++] = 0;
        ngram_start(model, &state, start);
        while (length < LENGTH) {
            const struct gram *gram = &list->gram[below(list->count)];
            for (int k = 0; k < gram->length; k++) {
                int next = below(12) == 0 ? below(MOST_WORDS) : gram->word[k], wanted, found;
                word[length++] = next;
                const char *name = name_of(next);
                int32_t id = vocabulary_find(&model->words, name, strlen(name));
                double log10_prob = by_definition(list, word, length, ngram_order(model), &wanted);
                before = state;
                assert_log10(ngram_score(model, &state, id, &state, &found), log10_prob);
                assert_int_equal(found, wanted);
                struct ngram_state after;
                ngram_score(model, &before, id, &after, NULL);
                assert_memory_equal(&after, &state, sizeof state);
            }
        }
    }
}

static void test_scores(void **unused)
{
    (void)unused;
    static struct list list;
    for (int order = 1; order <= NGRAM_LONGEST; order++) {
        for (int words = 5; words <= 35; words += 15) {
            make_list(&list, order, words, 400 / order);
            write_list(&list, "model.arpa", 0);
            struct ngram_model *model = open_model("model.arpa");
            compare_scores(&list, model, 20);
            ngram_order_limit(model, 1 + below(order));
            compare_scores(&list, model, 10);
            ngram_close(model);
        }
    }
}

static void test_words_of_a_model(void **unused)
{
    (void)unused;
    static const char text[] = "\\data\\\nngram 1=3\n\\1-grams:\n-1 a\n-1 <unk>\n-1 <s>\n\\end\\\n";
    write_file("model.arpa", text, strlen(text));
    struct ngram_model *model = open_model("model.arpa");
    struct ngram_state state;
    int matched = -1;
    assert_int_equal(ngram_count(model, 1), 3);
    assert_int_equal(ngram_count(model, 2), 0);
    assert_int_equal(ngram_word(model, "<unk>", 5), model->unknown);
    assert_int_equal(ngram_word(model, "b", 1), model->unknown);
    assert_int_equal(ngram_word(model, "</s>", 4), WORD_END); // not <unk>, although it has none
    ngram_start(model, &state, true);
    assert_true(ngram_score(model, &state, WORD_END, &state, &matched) == -INFINITY);
    assert_int_equal(matched, 0);
    assert_true(ngram_score(model, &state, WORD_OOV, &state, &matched) == -INFINITY);
    assert_int_equal(matched, 0);
    assert_log10(ngram_score(model, &state, ngram_word(model, "a", 1), &state, &matched), -1);
    ngram_close(model);
}

// </s> that only longer n-grams have.
static void test_end_without_unigram(void **unused)
{
    (void)unused;
    static const char text[] = "\\data\\\nngram 1=3\nngram 2=1\n\\1-grams:\n-1 a -0.5\n-2 <unk>\n"
                               "-1 <s>\n\\2-grams:\n-0.25 a </s>\n\\end\\\n";
    write_file("model.arpa", text, strlen(text));
    struct ngram_model *model = open_model("model.arpa");
    struct ngram_state state, next;
    struct error remark;
    int matched = -1;
    assert_int_equal(ngram_count(model, 1), 3);
    ngram_start(model, &state, true);
    ngram_score(model, &state, ngram_word(model, "a", 1), &state, NULL);
    assert_log10(ngram_score(model, &state, WORD_END, &next, &matched), -0.25);
    assert_int_equal(matched, 2);
    assert_log10(ngram_score(model, &next, ngram_word(model, "a", 1), &next, NULL), -1);
    ngram_score(model, &state, model->unknown, &state, NULL);
    assert_true(ngram_score(model, &state, WORD_END, &next, &matched) == -INFINITY);
    assert_int_equal(matched, 0);
    ngram_order_limit(model, 1);
    ngram_start(model, &state, true);
    assert_true(ngram_score(model, &state, WORD_END, &next, &matched) == -INFINITY);
    assert_true(ngram_remark(model, "model.arpa", &remark));
    assert_non_null(strstr(remark.text, "model.arpa: </s> is not among the 1-grams"));
    ngram_close(model);
}

// Contexts with thousands of successors.
static void test_wide_contexts(void **unused)
{
    (void)unused;
    enum { WORDS = 3000 };
    FILE *file = fopen("wide.arpa", "w");
    assert_non_null(file);
    fprintf(file, "\\data\\\nngram 1=%d\nngram 2=%d\n\n\\1-grams:\n", WORDS, 2 * WORDS / 3 * 2);
    for (int i = 0; i < WORDS; i++)
        fprintf(file, "-2 w%d -0.25\n", i);
    fprintf(file, "\\2-grams:\n");
    for (int i = 0; i < WORDS; i++)
        for (int h = 0; h < 2 && i % 3 != 0; h++)
            fprintf(file, "%.4f w%d w%d\n", -i / 1000.0, h, i);
    fprintf(file, "\\end\\\n");
    assert_int_equal(fclose(file), 0);
    struct ngram_model *model = open_model("wide.arpa");
    for (int i = 0; i < WORDS; i++) {
        char name[16];
        struct ngram_state state;
        ngram_start(model, &state, false);
        ngram_score(model, &state, ngram_word(model, i % 2 ? "w0" : "w1", 2), &state, NULL);
        snprintf(name, sizeof name, "w%d", i);
        int32_t id = ngram_word(model, name, strlen(name));
        assert_log10(ngram_score(model, &state, id, &state, NULL), i % 3 ? -i / 1000.0 : -2.25);
    }
    ngram_close(model);
}

// Keys that are anything but spread evenly.
static void test_search(void **unused)
{
    (void)unused;
    enum { NODES = 1000 };
    static struct trie_node node[NODES + 1];
    for (int shape = 0; shape < 3; shape++) {
        for (uint32_t i = 0; i < NODES; i++)
            node[i].key = shape == 0   ? i * 2
                          : shape == 1 ? UINT32_MAX - 2 * (NODES - i)
                                       : (i < NODES / 2 ? i : UINT32_MAX - NODES + i);
        for (uint32_t i = 0; i < NODES; i++) {
            assert_int_equal(trie_find(node, 0, NODES, node[i].key), i);
            assert_int_equal(trie_find(node, 0, i, node[i].key), TRIE_NONE);
            assert_int_equal(trie_find(node, i, i, node[i].key), TRIE_NONE);
            bool next = i + 1 < NODES && node[i + 1].key == node[i].key + 1;
            assert_int_equal(trie_find(node, 0, NODES, node[i].key + 1), next ? i + 1 : TRIE_NONE);
        }
    }
    for (int32_t word = 0; word < 100000; word++)
        assert_int_equal(trie_word(trie_key(word)), word);
}

struct reader {
    const struct ngram_model *model;
    double sum;
};

static void *add_scores(void *data)
{
    struct reader *reader = data;
    struct ngram_state state;
    ngram_start(reader->model, &state, true);
    for (int32_t i = 0; i < 20000; i++) {
        int32_t word = (int32_t)((uint32_t)i * 7919 % reader->model->words.size);
        double log10_prob = ngram_score(reader->model, &state, word, &state, NULL);
        reader->sum += log10_prob > -INFINITY ? log10_prob : 0;
    }
    return NULL;
}

static void test_threads(void **unused)
{
    (void)unused;
    enum { THREADS = 4 };
    static struct list list;
    make_list(&list, 4, 20, 200);
    write_list(&list, "model.arpa", 0);
    struct ngram_model *model = open_model("model.arpa");
    pthread_t thread[THREADS];
    struct reader reader[THREADS];
    for (int i = 0; i < THREADS; i++) {
        reader[i] = (struct reader){model, 0};
        assert_int_equal(pthread_create(&thread[i], NULL, add_scores, &reader[i]), 0);
    }
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(thread[i], NULL), 0);
    for (int i = 1; i < THREADS; i++)
        assert_true(reader[i].sum == reader[0].sum);
    ngram_close(model);
}

// ---- reading and writing ----------------------------------------------------------------------

// Lines that lie across the ends of the blocks in which files are read.
static void test_block_ends(void **unused)
{
    (void)unused;
    static struct list list;
    make_list(&list, 3, 12, 60);
    for (int i = 0; i < 60; i++) {
        write_list(&list, "model.arpa", (1 << 18) - 1500 + 53 * i);
        struct ngram_model *model = open_model("model.arpa");
        compare_scores(&list, model, 1);
        ngram_close(model);
    }
}

static void test_huge_word(void **unused)
{
    (void)unused;
    enum { LENGTH = 600000 };
    char *word = malloc(LENGTH + 1);
    FILE *file = fopen("huge.arpa", "w");
    assert_true(word != NULL && file != NULL);
    memset(word, 'w', LENGTH);
    word[LENGTH] = '\0';
    fprintf(file,
            "\\data\\\nngram 1=2\nngram 2=1\n\\1-grams:\n-1 %s -1\n-2 b\n\\2-grams:\n-3 b %s\n",
            word, word);
    fprintf(file, "\\end\\");
    assert_int_equal(fclose(file), 0);
    struct ngram_model *model = open_model("huge.arpa");
    struct ngram_state state;
    ngram_start(model, &state, false);
    ngram_score(model, &state, ngram_word(model, "b", 1), &state, NULL);
    assert_log10(ngram_score(model, &state, ngram_word(model, word, LENGTH), &state, NULL), -3);
    ngram_close(model);
    free(word);
}

static void test_round_trip(void **unused)
{
    (void)unused;
    static struct list list;
    struct error error;
    static const char *const copy[] = {"copy.arpa", "copy.arpa.gz"};
    for (int order = 1; order <= 5; order++) {
        make_list(&list, order, 15, 100);
        write_list(&list, "model.arpa", 0);
        struct ngram_model *model = open_model("model.arpa");
        unlink(copy[order % 2]); // a result is written once
        assert_true(arpa_write(model, copy[order % 2], &error));
        struct ngram_model *again = open_model(copy[order % 2]);
        for (int k = 1; k <= order; k++)
            assert_int_equal(ngram_count(model, k), ngram_count(again, k));
        compare_scores(&list, again, 20);
        ngram_close(again);
        ngram_close(model);
    }
    struct ngram_model *model = open_model("model.arpa");
    assert_false(arpa_write(model, "no/such/folder", &error));
    ngram_close(model);
}

static void test_walk(void **unused)
{
    (void)unused;
    static struct list list;
    make_list(&list, 4, 15, 150);
    write_list(&list, "model.arpa", 0);
    struct ngram_model *model = open_model("model.arpa");
    int seen = 0;
    for (int order = 0; order <= 5; order++) {
        struct ngram_walk walk;
        ngram_walk_start(&walk, model, order);
        while (ngram_walk_next(&walk)) {
            int word[NGRAM_LONGEST];
            for (int k = 0; k < order; k++)
                for (word[k] = 0;
                     strcmp(name_of(word[k]), vocabulary_word(&model->words, walk.word[k])) != 0;)
                    word[k]++;
            int there = position(&list, word, order);
            assert_true(there >= 0);
            const struct trie_node *node = &model->level[order].node[walk.index];
            assert_log10(node->log10_prob, value_of(list.gram[there].prob));
            assert_log10(node->log10_backoff, value_of(list.gram[there].backoff));
            seen++;
        }
        assert_false(ngram_walk_next(&walk));
    }
    assert_int_equal(seen, list.count);
    ngram_close(model);
}

// ---- bad input --------------------------------------------------------------------------------

static const char good[] =
    "before\n\n\\data\\\nngram 1=5\nngram 2=3\nngram 3=1\n\n\\1-grams:\n"
    "-99\t<s>\t-0.5\n-1 </s>\n-0.7\ta -0.25\n-1.2\tlongerword\t-0.1\n-2 b\n\n"
    "\\2-grams:\n-0.3\t<s> a\t-0.2\n-0.4 a longerword\n-0.5 a a\n\n"
    "\\3-grams:\n-0.05\t<s> a a\n\n\\end\\\n";

// The message for a file with these bytes; "" if it is read.
static const char *message_for(const char *data, size_t size)
{
    static struct error error;
    error.text[0] = '\0';
    write_file("bad.arpa", data, size);
    struct ngram_model *model = ngram_open("bad.arpa", &error);
    assert_true((model == NULL) == (error.text[0] != '\0'));
    ngram_close(model);
    return error.text;
}

// The good file with the first `old` in it made `new`.
static const char *message_with(const char *old, const char *new)
{
    char text[sizeof good + 400];
    const char *at = strstr(good, old);
    assert_non_null(at);
    snprintf(text, sizeof text, "%.*s%s%s", (int)(at - good), good, new, at + strlen(old));
    return message_for(text, strlen(text));
}

static void test_bad_input(void **unused)
{
    (void)unused;
    static const struct {
        const char *old, *new, *message;
    } table[] = {
        {"before", "", ""},
        {"ngram 1=5", "ngram 1=4", "line 13: found another 1-gram, wanted the 4 of \\data\\"},
        {"ngram 1=5", "ngram 1=6", "line 15: found 5 1-grams, wanted the 6 of \\data\\"},
        {"ngram 2=3", "ngram 2=4", "line 20: found 3 2-grams, wanted the 4 of \\data\\"},
        {"ngram 3=1", "ngram 3=2", "line 23: found 1 3-grams, wanted the 2 of \\data\\"},
        {"ngram 3=1", "ngram 3=99999999999999999999999", "line 6: found 9"},
        {"ngram 3=1", "ngram 3=4294967290", "line 23: found 1 3-grams, wanted the 4294967290"},
        {"ngram 3=1", "ngram 0=1", "line 6: found order 0, wanted one from 1 to 9"},
        {"ngram 3=1", "ngram 12=1", "line 6: found order 12, wanted one from 1 to 9"},
        {"ngram 3=1", "ngram 4=1", "line 8: found a count of 4-grams but none of 3-grams"},
        {"ngram 3=1", "ngram 2=1", "line 6: found a second count of 2-grams"},
        {"ngram 3=1", "ngram 3", "line 6: found \"ngram 3\", wanted \"ngram ORDER=COUNT\""},
        {"ngram 3=1", "ngram 3=1 x", "line 6: found \"ngram 3=1 x\""},
        {"ngram 3=1", "ngram3=1", "line 6: found \"ngram3=1\""},
        {"\\data\\", "\\DATA\\", "wanted the line \"\\data\\\" of an ARPA file"},
        {"ngram 1=5\nngram 2=3\nngram 3=1", "", "line 6: found no counts in \\data\\"},
        {"\\2-grams:", "\\4-grams:", "line 15: found the 4-grams behind the 1-grams"},
        {"\\2-grams:", "\\1-grams:", "line 15: found the 1-grams behind the 1-grams"},
        {"\\2-grams:", "\\0-grams:", "line 15: found the 0-grams"},
        {"\\2-grams:", "\\2-gram:", "line 15: found \"\\2-gram:\""},
        {"\\2-grams:", "\\3-grams:", "line 15: found 0 2-grams, wanted the 3 of \\data\\"},
        {"\\end\\", "\\en", "line 23: found \"\\en\""},
        {"\\end\\", "", "the file ends, wanted \"\\end\\\""},
        {"-0.5 a a", "0.5 a a", "line 18: found \"0.5\", wanted a log10 probability"},
        {"-0.5 a a", "1e-9 a a", "line 18: found \"1e-9\", wanted a log10 probability"},
        {"-0.5 a a", "nan a a", "line 18: found \"nan\", wanted a log10 probability"},
        {"-0.5 a a", "x a a", "line 18: found \"x\", wanted a log10 probability"},
        {"-0.5 a a", "-inf a a", ""},
        {"-0.5 a a", "0 a a", ""},
        {"-0.5 a a", "-5E-1 a a", ""},
        {"-0.5 a a", "-0.5 a", "line 18: found 1 words, wanted the 2 of a 2-gram"},
        {"-0.5 a a", "-0.5", "line 18: found 0 words, wanted the 2 of a 2-gram"},
        {"-0.5 a a", "-0.5 a a nan", "line 18: found \"nan\", wanted the log10 of a back-off"},
        {"-0.5 a a", "-0.5 a a inf", "line 18: found \"inf\", wanted the log10 of a back-off"},
        {"-0.5 a a", "-0.5 a a 1e39", "line 18: found \"1e39\", wanted the log10 of a back-off"},
        {"-0.5 a a", "-0.5 a a b", "line 18: found \"b\", wanted the log10 of a back-off"},
        {"-0.5 a a", "-0.5 a a 1 2", "line 18: found something behind the weight 1"},
        {"-0.5 a a", "-0.5 a a 1.5", ""},
        {"-0.5 a a", "-0.5 a q", "line 18: the word \"q\" is not among the 1-grams"},
        {"-0.5 a a", "-0.5 a longerwore", "line 18: the word \"longerwore\" is not among"},
        {"-0.5 a a", "-0.5 a longerwor", "line 18: the word \"longerwor\" is not among"},
        {"-0.4 a longerword", "-0.4 a q\n1 a", "line 17: the word \"q\" is not among"},
        {"-0.5 a a", "-0.5 a longerword",
         "line 18: \"a longerword\" stands twice among the 2-grams that begin at line 15"},
        {"-0.05\t<s> a a", "-0.05\t<s> b a",
         "line 21: \"<s> b a\": its prefix \"<s> b\" is not among the 2-grams"},
        {"-2 b", "-2 a", "line 13: the word \"a\" stands among the 1-grams twice"},
        {"-2 b", "-2 </s>", "line 13: the word \"</s>\" stands among the 1-grams twice"},
        {"-2 b", "-2 longerword",
         "line 13: the word \"longerword\" stands among the 1-grams twice"},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        const char *found = message_with(table[i].old, table[i].new);
        bool fits = table[i].message[0] == '\0' ? found[0] == '\0'
                                                : strncmp(found, "bad.arpa: line ", 15) == 0 &&
                                                      strstr(found, table[i].message) != NULL;
        if (!fits)
            fail_msg("%s for %s: found \"%s\", wanted \"%s\"", table[i].new, table[i].old, found,
                     table[i].message);
    }
    const char zero[] = "\\data\\\nngram 1=1\n\\1-grams:\n-1 a\0b\n\\end\\\n";
    assert_non_null(strstr(message_for(zero, sizeof zero - 1), "line 4: found a zero byte"));
    struct error error;
    assert_null(ngram_open("not-there.arpa", &error));
    assert_non_null(strstr(error.text, "cannot open not-there.arpa"));
}

static void test_cut_files(void **unused)
{
    (void)unused;
    size_t needed = strlen(good) - 1; // the last newline may lack
    for (size_t size = 0; size < needed; size++) {
        const char *message = message_for(good, size);
        if (strncmp(message, "bad.arpa: line ", 15) != 0)
            fail_msg("cut after %zu bytes: \"%s\"", size, message);
    }
    assert_string_equal(message_for(good, needed), "");
}

static void test_cut_gzip(void **unused)
{
    (void)unused;
    size_t size;
    write_gzip("good.gz", good, strlen(good));
    char *data = read_whole("good.gz", false, &size);
    for (size_t cut = 10; cut < size; cut++)
        assert_true(message_for(data, cut)[0] != '\0');
    assert_string_equal(message_for(data, size), "");
    free(data);
}

// Whatever a file holds, it is read or refused.
static void test_damaged_files(void **unused)
{
    (void)unused;
    static const char bytes[] = "\n\n\t  -.0123456789\\=<>as\r\xff";
    for (int round = 0; round < 4000; round++) {
        char text[sizeof good];
        memcpy(text, good, sizeof good);
        for (int i = below(6); i >= 0; i--)
            text[below((int)sizeof good - 1)] =
                below(3) ? bytes[below(sizeof bytes)] : (char)below(256);
        write_file("bad.arpa", text, sizeof good - 1);
        struct ngram_model *model = ngram_open("bad.arpa", NULL);
        if (model == NULL)
            continue;
        struct reader reader = {model, 0};
        add_scores(&reader);
        assert_false(isnan(reader.sum));
        unlink("again.arpa");
        assert_true(arpa_write(model, "again.arpa", NULL));
        ngram_close(model);
    }
}

static void test_no_memory(void **unused)
{
    (void)unused;
    static struct list list;
    struct error error;
    make_list(&list, 3, 30, 300);
    write_list(&list, "model.arpa", 0);
    struct ngram_model *model = NULL;
    int failures = 0;
    for (; model == NULL; failures++) {
        memory_fail_after(failures);
        error.text[0] = '\0';
        model = ngram_open("model.arpa", &error);
        memory_fail_after(-1);
        assert_true((model == NULL) == (strstr(error.text, "not enough memory") != NULL));
    }
    assert_true(failures > 10);
    bool written = false;
    unlink("copy.arpa");
    for (int i = 0; !written; i++) {
        memory_fail_after(i);
        written = arpa_write(model, "copy.arpa", &error);
        memory_fail_after(-1);
    }
    ngram_close(model);
}

int main(void)
{
    random_seed(&generator, 5);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scores),
        cmocka_unit_test(test_words_of_a_model),
        cmocka_unit_test(test_end_without_unigram),
        cmocka_unit_test(test_end_without_unigram),
        cmocka_unit_test(test_wide_contexts),
        cmocka_unit_test(test_search),
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_block_ends),
        cmocka_unit_test(test_huge_word),
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_walk),
        cmocka_unit_test(test_bad_input),
        cmocka_unit_test(test_cut_files),
        cmocka_unit_test(test_cut_gzip),
        cmocka_unit_test(test_damaged_files),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, scratch_enter, scratch_leave);
}
