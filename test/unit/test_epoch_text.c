// What epochs read: weights, shares of lines, blocks in random order; and places within epochs.
#include "testing.h"

#include "scratch.h"
#include "train/epoch_text.h"

enum { TEXTS = 2, MOST_LINES = 400, MOST_WORDS = 20000 };

static const char *const names[TEXTS] = {"a", "b"};
static const size_t lines_of[TEXTS] = {300, 97};

// Word i of line l of text t is called tLINE, so that each word tells where it is from.
static size_t line_words(size_t text, size_t line)
{
    return 1 + (line * 7 + text) % 11;
}

static int write_texts(void **state)
{
    int result = scratch_enter(state);
    for (size_t t = 0; t < TEXTS; t++) {
        FILE *file = fopen(names[t], "w");
        assert_non_null(file);
        for (size_t l = 0; l < lines_of[t]; l++) {
            for (size_t i = 0; i < line_words(t, l); i++)
                fprintf(file, "%s%zu ", names[t], l);
            fputs("\n", file);
        }
        assert_int_equal(fclose(file), 0);
    }
    return result;
}

// Both texts, and an epoch of them: its lines, and its ids.
struct reading {
    struct corpus *corpus;
    struct vocabulary vocabulary;
    struct epoch_text *text;
    uint64_t words;
    int32_t id[MOST_WORDS];
    size_t lines;
    struct {
        size_t text, line;
    } line[2 * MOST_LINES + MOST_LINES];
};

static void open_reading(struct reading *reading, double a, double b, const struct epoch_rule *rule)
{
    struct error error = {""};
    uint64_t tokens;
    reading->corpus = corpus_open("a", &error);
    corpus_set_weight(reading->corpus, a);
    assert_true(corpus_add(reading->corpus, "b", b, &error));
    assert_true(vocabulary_init(&reading->vocabulary, &error));
    assert_true(
        corpus_learn_vocabulary(reading->corpus, &reading->vocabulary, NULL, &tokens, &error));
    reading->text = epoch_text_new(reading->corpus, &reading->vocabulary, rule, &error);
    if (reading->text == NULL)
        fail_msg("%s", error.text);
}

static void close_reading(struct reading *reading)
{
    epoch_text_free(reading->text);
    corpus_close(reading->corpus);
    vocabulary_free(&reading->vocabulary);
}

// Reads an epoch; each of its lines is a whole one.
static void read_epoch(struct reading *reading, uint64_t epoch)
{
    struct epoch_place place;
    struct error error = {""};
    size_t in_line = 0;
    reading->lines = 0;
    assert_true(epoch_text_begin(reading->text, epoch, &reading->words, &error));
    assert_true(reading->words <= MOST_WORDS);
    epoch_text_seek(reading->text, 0, &place);
    for (uint64_t i = 0; i < reading->words; i++) {
        reading->id[i] = epoch_text_next(reading->text, &place);
        const char *word = vocabulary_word(&reading->vocabulary, reading->id[i]);
        if (reading->id[i] != WORD_END) {
            size_t text = (size_t)(*word - 'a'), line = (size_t)atol(word + 1);
            if (in_line++ == 0) {
                reading->line[reading->lines].text = text;
                reading->line[reading->lines].line = line;
            }
            assert_int_equal(reading->line[reading->lines].text, text);
            assert_int_equal(reading->line[reading->lines].line, line);
            continue;
        }
        assert_int_equal(in_line, line_words(reading->line[reading->lines].text,
                                             reading->line[reading->lines].line));
        reading->lines++;
        in_line = 0;
    }
    assert_int_equal(in_line, 0);
}

// How often the epoch has each line of a text.
static size_t count_lines(const struct reading *reading, size_t text, size_t *times)
{
    size_t all = 0;
    memset(times, 0, MOST_LINES * sizeof *times);
    for (size_t i = 0; i < reading->lines; i++)
        if (reading->line[i].text == text) {
            times[reading->line[i].line]++;
            all++;
        }
    return all;
}

// ---- weights ----------------------------------------------------------------------------------

static void weights_are_kept(void **state)
{
    (void)state;
    static struct reading reading;
    static const double weights[][TEXTS] = {{1, 1}, {2, 0.5}, {0.1, 3.75}, {1.5, 1}, {0.999, 0.02}};
    for (size_t i = 0; i < sizeof weights / sizeof *weights; i++)
        for (int shuffle = 0; shuffle < 2; shuffle++) {
            const struct epoch_rule rule = {.shuffle = shuffle, .block = 50, .seed = 3};
            size_t times[MOST_LINES];
            open_reading(&reading, weights[i][0], weights[i][1], &rule);
            for (uint64_t epoch = 0; epoch < 3; epoch++) {
                read_epoch(&reading, epoch);
                for (size_t t = 0; t < TEXTS; t++) {
                    double weight = weights[i][t];
                    size_t copies = (size_t)weight, all = count_lines(&reading, t, times);
                    size_t share = (size_t)lround((weight - (double)copies) * (double)lines_of[t]);
                    assert_int_equal(all, copies * lines_of[t] + share);
                    for (size_t l = 0; l < lines_of[t]; l++)
                        assert_true(times[l] == copies || times[l] == copies + 1);
                }
            }
            close_reading(&reading);
        }
}

// Every line is as likely as any other to be in the share, wherever it stands: of E epochs, each has a
// binomial number; 5 standard deviations are allowed.
static void shares_are_fair(void **state)
{
    (void)state;
    static struct reading reading;
    enum { EPOCHS = 1200 };
    const double share = 30.0 / 300;
    size_t sum[MOST_LINES] = {0}, times[MOST_LINES], pairs = 0;
    const struct epoch_rule rule = {.block = 40, .seed = 1};
    open_reading(&reading, share, 1, &rule);
    for (uint64_t epoch = 0; epoch < EPOCHS; epoch++) {
        read_epoch(&reading, epoch);
        assert_int_equal(count_lines(&reading, 0, times), 30);
        for (size_t l = 0; l < lines_of[0]; l++) {
            sum[l] += times[l];
            pairs += l > 0 && times[l] > 0 && times[l - 1] > 0;
        }
    }
    for (size_t l = 0; l < lines_of[0]; l++)
        assert_true(fabs((double)sum[l] - EPOCHS * share) < 5 * sqrt(EPOCHS * share * (1 - share)));
    // Neighbours are drawn together now and then, less often than apart from each other.
    assert_true(pairs > EPOCHS / 10 && pairs < EPOCHS * 30 / 5);
    close_reading(&reading);
}

static void weights_too_small(void **state)
{
    (void)state;
    struct error error = {""};
    struct vocabulary vocabulary;
    const struct epoch_rule rule = {.block = 1000};
    assert_true(vocabulary_init(&vocabulary, &error));
    struct corpus *corpus = corpus_open("b", &error);
    for (int small = 0; small < 2; small++) {
        corpus_set_weight(corpus, small ? 0.005 : 0.0053); // of 97 lines: 0.485 and 0.514
        struct epoch_text *text = epoch_text_new(corpus, &vocabulary, &rule, &error);
        assert_int_equal(text == NULL, small);
        epoch_text_free(text);
    }
    assert_contains(error.text, "b: with weight 0.005 none of its 97 lines is left");
    corpus_close(corpus);
    vocabulary_free(&vocabulary);
}

// ---- order ------------------------------------------------------------------------------------

// One text after the other, each as often as it is read.
static void without_shuffling(void **state)
{
    (void)state;
    static struct reading reading;
    const struct epoch_rule rule = {.block = 100, .seed = 1};
    open_reading(&reading, 2.5, 1, &rule);
    assert_true(epoch_text_draws(reading.text));
    read_epoch(&reading, 4);
    size_t l = 0;
    for (size_t copy = 0; copy < 2; copy++)
        for (size_t i = 0; i < lines_of[0]; i++, l++)
            assert_true(reading.line[l].text == 0 && reading.line[l].line == i);
    for (size_t i = 0; i < lines_of[0] / 2; i++, l++)
        assert_true(reading.line[l].text == 0 &&
                    (i == 0 || reading.line[l].line > reading.line[l - 1].line));
    for (size_t i = 0; i < lines_of[1]; i++, l++)
        assert_true(reading.line[l].text == 1 && reading.line[l].line == i);
    assert_int_equal(l, reading.lines);
    close_reading(&reading);
    open_reading(&reading, 2, 1, &rule);
    assert_false(epoch_text_draws(reading.text));
    close_reading(&reading);
}

// Lines that follow their neighbours of the text: all but those that begin blocks.
static size_t count_neighbours(const struct reading *reading)
{
    size_t neighbours = 0;
    for (size_t i = 1; i < reading->lines; i++)
        neighbours += reading->line[i].text == reading->line[i - 1].text &&
                      reading->line[i].line == reading->line[i - 1].line + 1;
    return neighbours;
}

static size_t count_blocks(size_t text, size_t words)
{
    size_t blocks = 1, in_block = 0;
    for (size_t l = 0; l < lines_of[text]; l++) {
        in_block += line_words(text, l) + 1;
        if (in_block >= words && l + 1 < lines_of[text]) {
            blocks++;
            in_block = 0;
        }
    }
    return blocks;
}

static void shuffled_blocks(void **state)
{
    (void)state;
    static struct reading reading, again;
    const size_t words[] = {1, 2, 30, 200, 100000}; // there are lines of 2
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        const struct epoch_rule rule = {.shuffle = true, .block = words[i], .seed = 7};
        size_t blocks = count_blocks(0, words[i]) + count_blocks(1, words[i]);
        open_reading(&reading, 1, 1, &rule);
        open_reading(&again, 1, 1, &rule);
        assert_true(epoch_text_draws(reading.text));
        read_epoch(&reading, 5);
        size_t apart = reading.lines - count_neighbours(&reading);
        assert_true(apart <= blocks &&
                    apart + 6 >= blocks); // neighbours by chance: one, on average
        read_epoch(&again, 6);
        bool differ = memcmp(reading.id, again.id, reading.words * sizeof *again.id) != 0;
        assert_true(differ || blocks == 2);
        read_epoch(&again, 5); // the same, whatever was read before
        assert_int_equal(reading.words, again.words);
        assert_memory_equal(reading.id, again.id, reading.words * sizeof *again.id);
        close_reading(&again);
        const struct epoch_rule other = {.shuffle = true, .block = words[i], .seed = 8};
        open_reading(&again, 1, 1, &other);
        read_epoch(&again, 5);
        assert_int_equal(reading.words, again.words);
        differ = memcmp(reading.id, again.id, reading.words * sizeof *again.id) != 0;
        assert_true(differ || blocks == 2);
        close_reading(&again);
        close_reading(&reading);
    }
}

// Each quarter of an epoch has its share of both texts.
static void texts_are_interleaved(void **state)
{
    (void)state;
    static struct reading reading;
    const struct epoch_rule rule = {.shuffle = true, .block = 20, .seed = 1};
    open_reading(&reading, 1, 3, &rule);
    read_epoch(&reading, 0);
    for (size_t quarter = 0; quarter < 4; quarter++) {
        size_t first = 0, lines = reading.lines / 4;
        for (size_t i = quarter * lines; i < (quarter + 1) * lines; i++)
            first += reading.line[i].text == 0;
        assert_true(first > lines / 4 && first < 3 * lines / 4);
    }
    close_reading(&reading);
}

// Every order of three blocks comes equally often.
static void orders_are_fair(void **state)
{
    (void)state;
    static struct reading reading;
    enum { EPOCHS = 3000 };
    const struct epoch_rule rule = {.shuffle = true, .block = 1100, .seed = 2};
    size_t times[27] = {0};
    open_reading(&reading, 1, 1, &rule);
    assert_int_equal(count_blocks(0, 1100) + count_blocks(1, 1100), 3);
    for (uint64_t epoch = 0; epoch < EPOCHS; epoch++) {
        size_t code = 0;
        read_epoch(&reading, epoch);
        for (size_t i = 0; i < reading.lines; i++)
            if (i == 0 || reading.line[i].text != reading.line[i - 1].text ||
                reading.line[i].line != reading.line[i - 1].line + 1)
                code = code * 3 + (reading.line[i].text == 1   ? 0
                                   : reading.line[i].line == 0 ? 1
                                                               : 2);
        times[code % 27]++;
    }
    // In base 3: 012 and 120, of which the 2 does not show behind 1, 021, 102, 201, 210.
    const size_t codes[] = {1, 3, 7, 11, 19, 21};
    for (size_t i = 0; i < 6; i++)
        assert_true(fabs((double)times[codes[i]] - EPOCHS / 6.0) < 5 * sqrt(EPOCHS / 6.0));
    close_reading(&reading);
}

// ---- places -----------------------------------------------------------------------------------

static void every_place_is_found(void **state)
{
    (void)state;
    static struct reading reading;
    static const double weights[][TEXTS] = {{1, 1}, {0.3, 1.5}, {0.01, 0.05}};
    for (size_t i = 0; i < 3; i++)
        for (int shuffle = 0; shuffle < 2; shuffle++) {
            const struct epoch_rule rule = {.shuffle = shuffle, .block = 30, .seed = 4};
            struct epoch_place place;
            size_t line = 0;
            open_reading(&reading, weights[i][0], weights[i][1], &rule);
            read_epoch(&reading, 9);
            for (uint64_t word = 0; word < reading.words; word++) {
                const char *name;
                uint64_t number;
                epoch_text_seek(reading.text, word, &place);
                for (uint64_t j = word; j < reading.words && j < word + 40; j++)
                    assert_int_equal(epoch_text_next(reading.text, &place), reading.id[j]);
                epoch_text_where(reading.text, word, &name, &number);
                assert_string_equal(name, names[reading.line[line].text]);
                assert_int_equal(number, reading.line[line].line + 1);
                line += reading.id[word] == WORD_END;
            }
            epoch_text_seek(reading.text, reading.words, &place);
            close_reading(&reading);
        }
}

// Words of each of many texts, by the texts' names.
static void texts_are_told_apart(void **state)
{
    (void)state;
    enum { MANY = 7 };
    static const struct epoch_rule rule = {.block = 100};
    struct vocabulary vocabulary;
    struct error error = {""};
    uint64_t words, begin = 0, line;
    const char *name;
    assert_true(vocabulary_init(&vocabulary, &error));
    struct corpus *corpus = corpus_open(names[0], &error);
    for (size_t i = 1; i < MANY; i++)
        assert_true(corpus_add(corpus, names[i % 2], i == 3 ? 0.5 : 1, &error));
    struct epoch_text *text = epoch_text_new(corpus, &vocabulary, &rule, &error);
    assert_non_null(text);
    assert_true(epoch_text_begin(text, 0, &words, &error));
    for (size_t i = 0; i < 3; i++) {
        uint64_t end = begin + corpus_text(corpus, i)->ids.tokens;
        epoch_text_where(text, begin, &name, &line);
        assert_true(strcmp(name, names[i % 2]) == 0 && line == 1);
        epoch_text_where(text, end - 1, &name, &line);
        assert_true(strcmp(name, names[i % 2]) == 0 && line == lines_of[i % 2]);
        begin = end;
    }
    uint64_t end = words;
    for (size_t i = MANY - 1; i > 3; i--) {
        epoch_text_where(text, end - 1, &name, &line);
        assert_true(strcmp(name, names[i % 2]) == 0 && line == lines_of[i % 2]);
        end -= corpus_text(corpus, i)->ids.tokens;
        epoch_text_where(text, end, &name, &line);
        assert_true(strcmp(name, names[i % 2]) == 0 && line == 1);
    }
    epoch_text_where(text, end - 1, &name, &line);
    assert_string_equal(name, names[1]);
    epoch_text_free(text);
    corpus_close(corpus);
    vocabulary_free(&vocabulary);
}

static void memory_for_epochs(void **state)
{
    (void)state;
    static struct reading reading;
    const struct epoch_rule rule = {.shuffle = true, .block = 30, .seed = 4};
    struct error error = {""};
    uint64_t words;
    open_reading(&reading, 0.5, 1, &rule);
    int64_t allowed = 0;
    for (bool ok = false; !ok; allowed++) {
        memory_fail_after(allowed);
        struct epoch_text *text =
            epoch_text_new(reading.corpus, &reading.vocabulary, &rule, &error);
        ok = text != NULL && epoch_text_begin(text, 0, &words, &error);
        memory_fail_after(-1);
        epoch_text_free(text);
        if (!ok)
            assert_contains(error.text, "not enough memory");
    }
    assert_true(allowed > 5);
    close_reading(&reading);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(weights_are_kept),     cmocka_unit_test(shares_are_fair),
        cmocka_unit_test(weights_too_small),    cmocka_unit_test(without_shuffling),
        cmocka_unit_test(shuffled_blocks),      cmocka_unit_test(texts_are_interleaved),
        cmocka_unit_test(orders_are_fair),      cmocka_unit_test(every_place_is_found),
        cmocka_unit_test(texts_are_told_apart), cmocka_unit_test(memory_for_epochs),
    };
    return cmocka_run_group_tests_name("epoch_text", tests, write_texts, scratch_leave);
}
