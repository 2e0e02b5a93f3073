// A training text in parts: every word once, in order, with what comes before it.
#include "testing.h"

#include "scratch.h"

#include "train/text_streams.h"

enum { TEXT_WORDS = 10000, MOST_STREAMS = 64, MOST_STEPS = 700 };

static const struct epoch_rule plain = {.block = 1000};

// A text of numbered words, ten to a line, and its ids.
struct text {
    struct corpus *corpus;
    struct vocabulary vocabulary;
    int32_t id[TEXT_WORDS];
    size_t words;
};

static const char *text_path(size_t words)
{
    const char *path = "text";
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    for (size_t i = 0; i < words; i++) // every tenth token is the newline
        fprintf(file, i % 10 == 9 ? "\n" : "w%zu ", i * i % 97);
    fclose(file);
    return path;
}

static void text_open(struct text *text, size_t words)
{
    struct error error;
    uint64_t tokens;
    text->words = 0;
    text->corpus = corpus_open(text_path(words), &error);
    assert_non_null(text->corpus);
    assert_true(vocabulary_init(&text->vocabulary, &error));
    assert_true(corpus_learn_vocabulary(text->corpus, &text->vocabulary, NULL, &tokens, &error));
    assert_true(corpus_start(text->corpus, &text->vocabulary, &error));
    while (corpus_next(text->corpus, &text->id[text->words]))
        text->words++;
    assert_int_equal(text->words, tokens);
}

static void text_close(struct text *text)
{
    corpus_close(text->corpus);
    vocabulary_free(&text->vocabulary);
}

static int32_t word_before(const struct text *text, uint64_t position)
{
    return position > 0 ? text->id[position - 1] : WORD_END;
}

// Reads on to the end, in blocks of `steps`; seen[i] counts how often word i of the text is a
// target.
static void read_all(const struct text *text, struct text_streams *streams, size_t count,
                     size_t steps, uint64_t first_step, int *seen)
{
    static int32_t word[MOST_STREAMS * MOST_STEPS], target[MOST_STREAMS * MOST_STEPS];
    size_t read, length = text->words / count, longer = text->words % count;
    for (uint64_t step = first_step;; step += read) {
        read = text_streams_read(streams, steps, word, target);
        assert_true(read <= steps);
        if (read == 0)
            return;
        for (size_t t = 0; t < read; t++) {
            size_t begin = 0;
            for (size_t b = 0; b < count; b++) {
                size_t end = begin + length + (b >= count - longer), r = t * count + b;
                size_t position = begin + (size_t)step + t;
                if (position < end) {
                    assert_int_equal(target[r], text->id[position]);
                    assert_int_equal(word[r], word_before(text, position));
                    seen[position]++;
                } else {
                    assert_int_equal(target[r], WORD_OOV);
                    assert_int_equal(word[r], WORD_OOV);
                }
                begin = end;
            }
        }
    }
}

static void check_coverage(const struct text *text, size_t count, size_t steps)
{
    static int seen[TEXT_WORDS];
    struct error error;
    struct text_streams *streams =
        text_streams_open(text->corpus, &text->vocabulary, &plain, count, &error);
    assert_non_null(streams);
    assert_false(text_streams_draw(streams));
    for (int epoch = 0; epoch < 2; epoch++) {
        memset(seen, 0, sizeof seen);
        assert_true(text_streams_start(streams, (uint64_t)epoch, 0, &error));
        assert_int_equal(text_streams_words(streams), text->words);
        assert_int_equal(text_streams_done(streams), 0);
        read_all(text, streams, count, steps, 0, seen);
        assert_int_equal(text_streams_done(streams), text->words);
        for (size_t i = 0; i < text->words; i++)
            assert_int_equal(seen[i], 1);
    }
    text_streams_close(streams);
}

static void every_word_once(void **state)
{
    (void)state;
    const size_t words[] = {1, 2, 63, 640, 9999}, counts[] = {1, 2, 3, 7, 64};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        struct text text;
        text_open(&text, words[i]);
        for (size_t k = 0; k < sizeof counts / sizeof counts[0]; k++) {
            check_coverage(&text, counts[k], 1);
            check_coverage(&text, counts[k], 14);
            check_coverage(&text, counts[k], MOST_STEPS);
        }
        text_close(&text);
    }
}

static void begins_anywhere(void **state)
{
    (void)state;
    static int seen[TEXT_WORDS];
    struct text text;
    struct error error;
    text_open(&text, 5000);
    struct text_streams *streams =
        text_streams_open(text.corpus, &text.vocabulary, &plain, 3, &error);
    for (uint64_t step = 0; step < 1700; step += 500) {
        memset(seen, 0, sizeof seen);
        assert_true(text_streams_start(streams, 0, step, &error));
        uint64_t done = text_streams_done(streams);
        assert_int_equal(done, step < 1666 ? 3 * step : text.words);
        read_all(&text, streams, 3, 20, step, seen);
        size_t sum = 0;
        for (size_t i = 0; i < text.words; i++)
            sum += (size_t)seen[i];
        assert_int_equal(sum, text.words - done);
    }
    text_streams_close(streams);
    text_close(&text);
}

static void history_goes_back_over_the_cut(void **state)
{
    (void)state;
    struct text text;
    struct error error;
    int32_t history[8];
    text_open(&text, 500);
    struct text_streams *streams =
        text_streams_open(text.corpus, &text.vocabulary, &plain, 5, &error);
    for (uint64_t step = 0; step < 30; step += 3) {
        assert_true(text_streams_start(streams, 0, step, &error));
        for (size_t b = 0; b < 5; b++) {
            text_streams_history(streams, b, history, 8);
            for (uint64_t i = 0; i < 8; i++) {
                uint64_t position = b * text.words / 5 + step;
                assert_int_equal(history[i], i < position ? text.id[position - 1 - i] : WORD_END);
            }
        }
    }
    text_streams_close(streams);
    text_close(&text);
}

// Shuffled, as many parts as wanted read the same epoch, from any step on, whatever was read before.
static void parts_of_a_shuffled_epoch(void **state)
{
    (void)state;
    enum { WORDS = 3000, EPOCH = 2 };
    const struct epoch_rule shuffled = {.shuffle = true, .block = 70, .seed = 3};
    static struct text text;
    static int32_t id[WORDS], word[WORDS], target[WORDS];
    struct error error;
    text_open(&text, WORDS);
    struct text_streams *one =
        text_streams_open(text.corpus, &text.vocabulary, &shuffled, 1, &error);
    assert_true(text_streams_start(one, EPOCH, 0, &error));
    assert_int_equal(text_streams_read(one, 2 * WORDS, word, id), text_streams_words(one));
    assert_true(memcmp(id, text.id, sizeof id) != 0);
    for (size_t count = 2; count < 9; count += 3) { // all of them divide WORDS
        struct text_streams *streams =
            text_streams_open(text.corpus, &text.vocabulary, &shuffled, count, &error);
        assert_true(text_streams_draw(streams));
        assert_true(text_streams_start(streams, EPOCH - 1, 7, &error));
        for (uint64_t step = 0; step < WORDS / count; step += 101) {
            assert_true(text_streams_start(streams, EPOCH, step, &error));
            assert_int_equal(text_streams_words(streams), WORDS);
            for (size_t b = 0; b < count; b++) {
                size_t begin = b * WORDS / count;
                int32_t history[5];
                text_streams_history(streams, b, history, 5);
                for (size_t i = 0; i < 5; i++)
                    assert_int_equal(history[i],
                                     i < begin + step ? id[begin + step - 1 - i] : WORD_END);
            }
            const char *name;
            uint64_t line;
            size_t read = text_streams_read(streams, 1, word, target);
            assert_int_equal(read, 1);
            assert_int_equal(target[0], id[step]);
            text_streams_where(streams, 0, &name, &line);
            assert_string_equal(name, "text");
            assert_true(line >= 1 && line <= WORDS / 10);
        }
        text_streams_close(streams);
    }
    text_streams_close(one);
    text_close(&text);
}

static void no_memory(void **state)
{
    (void)state;
    struct text text;
    struct error error;
    struct text_streams *streams = NULL;
    text_open(&text, 100);
    int64_t count = 0;
    for (; streams == NULL && count < 100; count++) {
        memory_fail_after(count);
        streams = text_streams_open(text.corpus, &text.vocabulary, &plain, 2, &error);
        memory_fail_after(-1);
        if (streams == NULL)
            assert_contains(error.text, "not enough memory");
    }
    assert_true(streams != NULL && count >= 4);
    text_streams_close(streams);
    text_close(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_word_once),
        cmocka_unit_test(begins_anywhere),
        cmocka_unit_test(history_goes_back_over_the_cut),
        cmocka_unit_test(parts_of_a_shuffled_epoch),
        cmocka_unit_test(no_memory),
    };
    return cmocka_run_group_tests_name("text_streams", tests, scratch_enter, scratch_leave);
}
