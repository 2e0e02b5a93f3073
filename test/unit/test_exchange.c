// Classes by exchange: against their definition, on texts with planted classes, and what is left out.
#include "testing.h"

#include <math.h>

#include "scratch.h"
#include "text/exchange.h"

enum { MOST_WORDS = 40, MOST_CLASSES = 8, MOST_TOKENS = 280000 };

static struct random generator;

static int random_below(int most)
{
    return (int)(random_next(&generator) % most);
}

// A text of ids, as it lies on disk; word 0 ends lines.
struct text {
    size_t count;
    int token[MOST_TOKENS];
};

static void add(struct text *text, int word)
{
    assert_true(text->count < MOST_TOKENS);
    text->token[text->count++] = word;
}

static void write_text(const struct text *text)
{
    FILE *file = fopen("text", "w");
    assert_non_null(file);
    for (size_t i = 0; i < text->count; i++)
        if (text->token[i] == 0)
            fputs("\n", file);
        else
            fprintf(file, "w%d ", text->token[i]);
    assert_int_equal(fclose(file), 0);
}

// The vocabulary has words 0..words-1 in this order, but those of the text that are not among them.
static struct corpus *open_text(const struct text *text, size_t words,
                                struct vocabulary *vocabulary)
{
    char word[16];
    write_text(text);
    assert_true(vocabulary_init(vocabulary, NULL));
    for (size_t i = 1; i < words; i++) {
        int length = snprintf(word, sizeof word, "w%d", (int)i);
        assert_int_equal(vocabulary_add(vocabulary, word, (size_t)length, NULL), i);
    }
    struct corpus *corpus = corpus_open("text", NULL);
    assert_non_null(corpus);
    return corpus;
}

// Sum of log P(class of w | v) P(w | class of w) over the first tokens, words v from `rows` - 1 on
// taken as one.
static double log_prob(const struct text *text, size_t tokens, size_t rows, size_t words,
                       const int32_t *of_word)
{
    static double pair[MOST_WORDS][MOST_CLASSES];
    double class[MOST_CLASSES] = {0}, before[MOST_WORDS] = {0}, word[MOST_WORDS] = {0}, sum = 0;
    memset(pair, 0, sizeof pair);
    for (int pass = 0; pass < 2; pass++)
        for (size_t i = 0, v = 0; i < tokens && i < text->count; i++) {
            size_t w = (size_t)text->token[i], row = v < rows ? v : rows - 1;
            v = w < words ? w : 0;
            if (w >= words)
                continue;
            size_t k = (size_t)of_word[w];
            if (pass == 1)
                sum += log(pair[row][k] / before[row] * word[w] / class[k]);
            else
                pair[row][k]++, before[row]++, word[w]++, class[k]++;
        }
    return sum;
}

static void check(const struct text *text, size_t words, size_t classes,
                  const struct exchange_limits *limits, size_t rows)
{
    int32_t of_word[MOST_WORDS], moved[MOST_WORDS];
    size_t members[MOST_CLASSES] = {0};
    struct vocabulary vocabulary;
    struct corpus *corpus = open_text(text, words, &vocabulary);
    for (size_t w = 0; w < words; w++)
        of_word[w] = moved[w] = (int32_t)(w % classes);
    double before = log_prob(text, limits->tokens, rows, words, of_word);
    assert_true(exchange_classes(corpus, &vocabulary, classes, limits, of_word, NULL));
    double best = log_prob(text, limits->tokens, rows, words, of_word);
    assert_true(best >= before - 1e-6);
    for (size_t w = 0; w < words; w++)
        members[of_word[w]]++;
    for (size_t k = 0; k < classes; k++)
        assert_true(members[k] > 0);
    for (size_t w = 0; w < words; w++) {
        if (members[of_word[w]] == 1)
            continue;
        memcpy(moved, of_word, sizeof moved);
        for (moved[w] = 0; moved[w] < (int32_t)classes; moved[w]++)
            assert_true(log_prob(text, limits->tokens, rows, words, moved) <= best + 1e-4);
    }
    corpus_close(corpus);
    vocabulary_free(&vocabulary);
}

// Words often follow the word one below them or some others, and some are unknown.
static const struct text *random_text(size_t words, size_t tokens)
{
    static struct text text;
    text.count = 0;
    for (int word = 0; text.count < tokens;) {
        word = random_below(3) > 0 ? word / 3 + random_below(3) : random_below((int)words + 2);
        add(&text, word);
    }
    return &text;
}

static void no_move_is_better(void **state)
{
    (void)state;
    for (int round = 0; round < 40; round++) {
        size_t words = 12 + (size_t)random_below(28), classes = 2 + (size_t)random_below(6);
        const struct text *text = random_text(words, 300 + (size_t)random_below(3000));
        check(text, words, classes, &exchange_limits, MOST_WORDS);
    }
    check(random_text(12, MOST_TOKENS), 12, 3, &exchange_limits, MOST_WORDS); // counts beyond tables
}

static void limits_are_kept(void **state)
{
    (void)state;
    for (int round = 0; round < 20; round++) {
        size_t words = 20, classes = 3, rows = 1 + (size_t)random_below(10);
        const struct text *text = random_text(words, 2000);
        struct exchange_limits limits = {(size_t)random_below(2100), rows * classes + 2};
        check(text, words, classes, &limits, rows);
        limits.counts = 2; // less than one row
        check(text, words, classes, &limits, 1);
    }
}

// Words of three kinds, each kind after its own: found from any beginning.
static void planted_classes_are_found(void **state)
{
    (void)state;
    static struct text text;
    int32_t of_word[31];
    struct vocabulary vocabulary;
    for (int i = 0; i < 1000; i++) {
        for (int kind = 0; kind < 3; kind++)
            add(&text, 1 + 3 * random_below(10) + kind);
        if (i % 10 == 9) // as if it was of kind 0
            add(&text, 0);
    }
    struct corpus *corpus = open_text(&text, 31, &vocabulary);
    for (int w = 0; w < 31; w++)
        of_word[w] = w < 11 ? 0 : w < 21 ? 1 : 2;
    assert_true(exchange_classes(corpus, &vocabulary, 3, &exchange_limits, of_word, NULL));
    assert_int_equal(of_word[0], of_word[1]);
    for (int w = 4; w < 31; w++)
        assert_int_equal(of_word[w], of_word[w - 3]);
    assert_true(of_word[1] != of_word[2] && of_word[2] != of_word[3] && of_word[1] != of_word[3]);
    corpus_close(corpus);
    vocabulary_free(&vocabulary);
}

static void order_is_by_class_and_count(void **state)
{
    (void)state;
    for (int round = 0; round < 200; round++) {
        uint64_t count[MOST_WORDS], class_count[MOST_CLASSES] = {0};
        int32_t of_word[MOST_WORDS], now[MOST_WORDS], order[MOST_WORDS];
        bool seen[MOST_WORDS] = {false};
        size_t words = 1 + (size_t)random_below(MOST_WORDS), last = 0;
        for (size_t w = 0; w < words; w++) {
            count[w] = (uint64_t)random_below(6);
            now[w] = of_word[w] = (int32_t)random_below(MOST_CLASSES);
            class_count[of_word[w]] += count[w];
        }
        assert_true(exchange_order(count, words, MOST_CLASSES, now, order, NULL));
        assert_int_equal(order[0], 0);
        for (size_t i = 0; i < words; i++) {
            size_t w = (size_t)order[i];
            assert_false(seen[w]);
            seen[w] = true;
            if (i == 0) {
                assert_int_equal(now[0], 0);
            } else if (of_word[w] == of_word[last]) { // the same class
                assert_int_equal(now[i], now[i - 1]);
                assert_true(last == 0 || count[w] < count[last] ||
                            (count[w] == count[last] && w > last));
            } else {
                assert_int_equal(now[i], now[i - 1] + 1);
                assert_true(now[i] == 1 || class_count[of_word[w]] < class_count[of_word[last]] ||
                            (class_count[of_word[w]] == class_count[of_word[last]] &&
                             of_word[w] > of_word[last]));
            }
            last = w;
        }
    }
}

static void no_memory(void **state)
{
    (void)state;
    const struct text *text = random_text(20, 300);
    int32_t of_word[20] = {0}, order[20];
    uint64_t count[20] = {0};
    struct vocabulary vocabulary;
    struct corpus *corpus = open_text(text, 20, &vocabulary);
    struct error error;
    bool ok = false;
    int64_t n = 0;
    for (; !ok && n < 100; n++) {
        error.text[0] = '\0';
        memory_fail_after(n);
        ok = exchange_classes(corpus, &vocabulary, 4, &exchange_limits, of_word, &error) &&
             exchange_order(count, 20, 4, of_word, order, &error);
        memory_fail_after(-1);
        if (!ok)
            assert_contains(error.text, "not enough memory");
    }
    assert_true(ok && n > 11);
    corpus_close(corpus);
    vocabulary_free(&vocabulary);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_move_is_better),
        cmocka_unit_test(limits_are_kept),
        cmocka_unit_test(planted_classes_are_found),
        cmocka_unit_test(order_is_by_class_and_count),
        cmocka_unit_test(no_memory),
    };
    random_seed(&generator, 5);
    return cmocka_run_group_tests_name("exchange", tests, scratch_enter, scratch_leave);
}
