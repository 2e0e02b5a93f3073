// Tokens, vocabulary and corpora, each against its definition.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/memory.h"
#include "base/random.h"
#include "scratch.h"
#include "text/corpus.h"

enum { BUFFER = 1 << 18, MANY_WORDS = 200000, MOST = 1500 }; // BUFFER: that of the file reader

static struct random generator;

static uint64_t random_below(uint64_t most)
{
    return (uint64_t)random_next(&generator) % most;
}

// ---- tokens -----------------------------------------------------------------------------------

// The text's tokens joined by spaces, each end of a sentence as "$"; free() it.
static char *tokens_of(const char *name)
{
    struct error error = {""};
    struct token token;
    struct reader *reader = reader_open(name, &error);
    assert_non_null(reader);
    char *joined = NULL;
    size_t size = 0, capacity = 0;
    while (reader_next(reader, &token)) {
        assert_true(memory_grow(&joined, &capacity, size + token.length + 2, 1, &error));
        if (token.sentence_end) {
            assert_int_equal(token.length, 4);
            assert_memory_equal(token.text, "</s>", 4);
            joined[size++] = '$';
        } else {
            assert_true(token.length > 0);
            memcpy(joined + size, token.text, token.length);
            size += token.length;
        }
        joined[size++] = ' ';
    }
    assert_true(memory_grow(&joined, &capacity, size + 1, 1, &error));
    joined[size > 0 ? size - 1 : 0] = '\0';
    assert_true(reader_ok(reader, &error));
    assert_false(reader_next(reader, &token));
    reader_close(reader);
    return joined;
}

static void tokens_by_example(void **state)
{
    (void)state;
    const struct {
        const char *text, *tokens;
    } rows[] = {{"", ""},
                {"\n", "$"},
                {"\n\n\n", "$ $ $"},
                {"a b\n", "a b $"},
                {"a b", "a b $"},
                {"a\nb", "a $ b $"},
                {"a\n\nb\n", "a $ $ b $"},
                {"  a\t\tb \t\n", "a b $"},
                {"a b\r\nc\r\n", "a b $ c $"},
                {"\r\n\r\n", "$ $"},
                {"a\rb \r c\r", "a b c $"},
                {"\ra\n", "a $"},
                {" \t ", ""},
                {"a\n \t", "a $"},
                {"a ", "a $"},
                {"a </s> b\n", "a </s> b $"},
                {"\xc3\xa4 \xff\xfe \x01\n", "\xc3\xa4 \xff\xfe \x01 $"},
                {"a\vb\fc\n", "a\vb\fc $"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        write_file("text", rows[i].text, strlen(rows[i].text));
        char *found = tokens_of("text");
        assert_string_equal(found, rows[i].tokens);
        free(found);
    }
}

// A word of any length that begins at any place before the buffer's end stays whole.
static void words_across_the_buffer(void **state)
{
    (void)state;
    const size_t lengths[] = {1, 3, 1000, BUFFER - 1, BUFFER, 2 * BUFFER + 5};
    char *text = memory_new(4 * BUFFER, 1, NULL), *wanted = memory_new(4 * BUFFER, 1, NULL);
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        for (size_t start = BUFFER - 3; start < BUFFER + 2; start++) {
            memset(text, ' ', start);
            text[0] = 'x';
            memset(text + start, 'w', lengths[i]);
            memcpy(text + start + lengths[i], "\r\r\ny", 4);
            memcpy(wanted, "x ", 2);
            memset(wanted + 2, 'w', lengths[i]);
            if (lengths[i] > 2) {
                text[start + 1] = '\r'; // a blank, here and at the end
                wanted[3] = ' ';
            }
            memcpy(wanted + 2 + lengths[i], " $ y $", 7);
            write_file("text", text, start + lengths[i] + 4);
            char *found = tokens_of("text");
            assert_true(strcmp(found, wanted) == 0);
            free(found);
        }
    }
    free(text);
    free(wanted);
}

static void lines_are_numbered(void **state)
{
    (void)state;
    const char text[] = "a b\n\n\r\nc\n \nd";
    const uint64_t lines[] = {1, 1, 1, 2, 3, 4, 4, 5, 6, 6};
    struct token token;
    write_file("text", text, sizeof text - 1);
    struct reader *reader = reader_open("text", NULL);
    assert_non_null(reader);
    assert_string_equal(reader_name(reader), "text");
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        assert_true(reader_next(reader, &token));
        assert_int_equal(reader_line_number(reader), lines[i]);
    }
    assert_false(reader_next(reader, &token));
    reader_close(reader);
}

// ---- vocabulary -------------------------------------------------------------------------------

static int32_t find(const struct vocabulary *vocabulary, const char *word)
{
    return vocabulary_find(vocabulary, word, strlen(word));
}

static int32_t add(struct vocabulary *vocabulary, const char *word)
{
    return vocabulary_add(vocabulary, word, strlen(word), NULL);
}

static void words_are_added_and_found(void **state)
{
    (void)state;
    struct vocabulary vocabulary;
    struct error error = {""};
    assert_true(vocabulary_init(&vocabulary, &error));
    assert_int_equal(vocabulary.size, 1);
    assert_string_equal(vocabulary_word(&vocabulary, WORD_END), "</s>");
    assert_int_equal(vocabulary.count[WORD_END], 0);
    assert_int_equal(add(&vocabulary, "</s>"), WORD_END);
    assert_int_equal(add(&vocabulary, "cat"), 1);
    assert_int_equal(add(&vocabulary, "ca"), 2);
    assert_int_equal(vocabulary_add(&vocabulary, "cats and dogs", 4, &error), 3);
    assert_int_equal(add(&vocabulary, "cat"), 1);
    assert_int_equal(add(&vocabulary, "\xff\x80"), 4);
    assert_int_equal(vocabulary.size, 5);
    assert_int_equal(find(&vocabulary, "cats"), 3);
    assert_int_equal(find(&vocabulary, "c"), WORD_OOV);
    assert_int_equal(find(&vocabulary, ""), WORD_OOV);
    assert_int_equal(find(&vocabulary, "Cat"), WORD_OOV);
    assert_int_equal(vocabulary_find(&vocabulary, "cat\0x", 5), WORD_OOV);
    assert_int_equal(vocabulary_find(&vocabulary, "cat\0", 4), WORD_OOV);
    vocabulary_free(&vocabulary);
    vocabulary_free(&vocabulary);
}

static void zero_bytes_are_refused(void **state)
{
    (void)state;
    struct vocabulary vocabulary;
    struct error error = {""};
    assert_true(vocabulary_init(&vocabulary, &error));
    assert_int_equal(add(&vocabulary, "cat"), 1);
    assert_int_equal(vocabulary_add(&vocabulary, "cat\0x", 5, &error), WORD_OOV);
    assert_non_null(strstr(error.text, "zero byte"));
    assert_int_equal(vocabulary_add(&vocabulary, "\0", 1, &error), WORD_OOV);
    assert_int_equal(vocabulary.size, 2);
    vocabulary_free(&vocabulary);
}

static void many_words(void **state)
{
    (void)state;
    struct vocabulary vocabulary;
    char word[32];
    assert_true(vocabulary_init(&vocabulary, NULL));
    for (int round = 0; round < 2; round++) {
        for (int i = 1; i <= MANY_WORDS; i++) {
            snprintf(word, sizeof word, "%x", (unsigned)i * 7919u);
            assert_int_equal(find(&vocabulary, word), round == 0 ? WORD_OOV : i);
            assert_int_equal(add(&vocabulary, word), i);
        }
    }
    assert_int_equal(vocabulary.size, MANY_WORDS + 1);
    assert_true(vocabulary.slots >= 2 * MANY_WORDS);
    for (int i = 1; i <= MANY_WORDS; i++)
        vocabulary.count[i] = (uint64_t)(i * 31 % 1009);
    assert_true(vocabulary_sort(&vocabulary, NULL, NULL));
    for (int32_t id = 1; id <= MANY_WORDS; id++) {
        assert_int_equal(find(&vocabulary, vocabulary_word(&vocabulary, id)), id);
        assert_true(id == 1 || vocabulary.count[id - 1] >= vocabulary.count[id]);
    }
    vocabulary_free(&vocabulary);
}

// Known words, unknown ones, beginnings of others and none at all, of any number; what is behind them stays.
static void words_are_found_together(void **state)
{
    (void)state;
    enum { WORDS = 3000, ASKED = 100 };
    static char word[ASKED][32];
    struct vocabulary vocabulary;
    struct token token[ASKED];
    int32_t id[ASKED + 1];
    assert_true(vocabulary_init(&vocabulary, NULL));
    for (unsigned i = 1; i <= WORDS; i++) {
        snprintf(word[0], sizeof word[0], "%x", i * 7919u);
        add(&vocabulary, word[0]);
    }
    size_t known = 0, asked = 0;
    for (size_t n = 0; n <= ASKED; n++) {
        for (size_t i = 0; i < n; i++) {
            int length =
                snprintf(word[i], sizeof word[i], "%x", (unsigned)random_below(2 * WORDS) * 7919u);
            token[i] = (struct token){
                word[i], random_below(8) > 0 ? (size_t)length : random_below(3), false};
        }
        id[n] = -77;
        vocabulary_find_all(&vocabulary, token, n, id);
        assert_int_equal(id[n], -77);
        for (size_t i = 0; i < n; i++) {
            assert_int_equal(id[i], vocabulary_find(&vocabulary, token[i].text, token[i].length));
            known += id[i] >= 0;
        }
        asked += n;
    }
    assert_true(known > asked / 3 && known < asked * 2 / 3);
    vocabulary_free(&vocabulary);
}

// The reference's method, literally: old_id[a] is the word that comes to place a.
static void selection_sort(const uint64_t *count, int32_t *old_id, size_t size)
{
    for (size_t a = 0; a < size; a++)
        old_id[a] = (int32_t)a;
    for (size_t a = 1; a < size; a++) {
        size_t largest = a;
        for (size_t b = a + 1; b < size; b++)
            if (count[old_id[b]] > count[old_id[largest]])
                largest = b;
        int32_t id = old_id[a];
        old_id[a] = old_id[largest];
        old_id[largest] = id;
    }
}

static void check_sort(size_t size, uint64_t range)
{
    struct vocabulary vocabulary;
    char word[32];
    int32_t *new_id, *old_id = memory_new(size, sizeof *old_id, NULL);
    uint64_t *count = memory_new(size, sizeof *count, NULL);
    assert_true(vocabulary_init(&vocabulary, NULL));
    for (size_t i = 0; i < size; i++) {
        snprintf(word, sizeof word, "w%zu", i);
        assert_int_equal(i == 0 ? 0 : add(&vocabulary, word), i);
        vocabulary.count[i] = count[i] = random_below(range);
    }
    selection_sort(count, old_id, size);
    assert_true(vocabulary_sort(&vocabulary, &new_id, NULL));
    for (size_t i = 0; i < size; i++) {
        snprintf(word, sizeof word, "w%d", old_id[i]);
        const char *wanted = i == 0 ? "</s>" : word;
        assert_string_equal(vocabulary_word(&vocabulary, (int32_t)i), wanted);
        assert_int_equal(find(&vocabulary, wanted), i);
        assert_int_equal(vocabulary.count[i], count[old_id[i]]);
        assert_int_equal(new_id[old_id[i]], i);
    }
    assert_int_equal(add(&vocabulary, "later"), size);
    vocabulary_free(&vocabulary);
    free(new_id);
    free(old_id);
    free(count);
}

static void sorting_is_the_selection_sort(void **state)
{
    (void)state;
    const uint64_t ranges[] = {1, 2, 3, 10, 100, RANDOM_MAX};
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
        for (size_t size = 1; size < 20; size++)
            check_sort(size, ranges[i]);
        for (int round = 0; round < 4; round++)
            check_sort(1 + random_below(MOST), ranges[i]);
    }
}

// The word for unknown words, by any of its names.
static void words_for_unknown_words(void **state)
{
    (void)state;
    static const char *const names[] = {"RNN_UNK", "<OOV>", "[unk]", "<UNK>", "<unk>"};
    struct vocabulary vocabulary;
    assert_true(vocabulary_init(&vocabulary, NULL));
    assert_true(add(&vocabulary, "a") > 0 && add(&vocabulary, "unk") > 0);
    assert_int_equal(vocabulary_unknown(&vocabulary, NULL), WORD_OOV);
    assert_int_equal(vocabulary_unknown(&vocabulary, "b"), WORD_OOV);
    assert_int_equal(vocabulary_unknown(&vocabulary, "unk"), find(&vocabulary, "unk"));
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) { // each goes before those so far
        int32_t id = add(&vocabulary, names[i]);
        assert_int_equal(vocabulary_unknown(&vocabulary, NULL), id);
        assert_int_equal(vocabulary_unknown(&vocabulary, "b"), id);
        assert_int_equal(vocabulary_unknown(&vocabulary, "a"), find(&vocabulary, "a"));
        assert_true(vocabulary_is_unknown_name(names[i], strlen(names[i])));
        assert_false(vocabulary_is_unknown_name(names[i], strlen(names[i]) - 1));
    }
    assert_true(vocabulary_has(&vocabulary, "a"));
    assert_false(vocabulary_has(&vocabulary, "b") || vocabulary_has(&vocabulary, NULL));
    vocabulary_free(&vocabulary);
}

// ---- corpora ----------------------------------------------------------------------------------

// c makes way for b, behind zz with its equal count.
static const char small_text[] = "c zz b\n\nb\nb";
static const char small_words[] = "</s> b zz c";
static const int32_t small_ids[] = {3, 2, 1, 0, 0, 1, 0, 1, 0};

enum { SMALL_TOKENS = sizeof small_ids / sizeof *small_ids };

enum origin { FROM_FILE, FROM_STDIN, FROM_PIPE, ORIGINS };

struct opened {
    struct corpus *corpus;
    int saved, pipe; // -1: none
};

static struct opened open_corpus(enum origin origin, const char *text, struct error *error)
{
    struct opened opened = {.saved = -1, .pipe = -1};
    char path[32] = "text";
    write_file("text", text, strlen(text));
    if (origin == FROM_STDIN) {
        opened.saved = redirect(STDIN_FILENO, "text", O_RDONLY);
        strcpy(path, "-");
    } else if (origin == FROM_PIPE) {
        int ends[2];
        assert_true(pipe(ends) == 0 && strlen(text) < 4096);
        assert_int_equal(write(ends[1], text, strlen(text)), strlen(text));
        close(ends[1]);
        opened.pipe = ends[0];
        snprintf(path, sizeof path, "/dev/fd/%d", ends[0]);
    }
    opened.corpus = corpus_open(path, error);
    return opened;
}

static void close_corpus(struct opened *opened)
{
    corpus_close(opened->corpus);
    if (opened->saved >= 0)
        restore(STDIN_FILENO, opened->saved);
    if (opened->pipe >= 0)
        close(opened->pipe);
}

static void assert_ids(struct corpus *corpus, const struct vocabulary *vocabulary,
                       const int32_t *ids, size_t count)
{
    struct error error = {""};
    int32_t id;
    assert_true(corpus_start(corpus, vocabulary, &error));
    for (size_t i = 0; i < count; i++) {
        assert_true(corpus_next(corpus, &id));
        assert_int_equal(id, ids[i]);
    }
    assert_false(corpus_next(corpus, &id));
    assert_false(corpus_next(corpus, &id));
    assert_string_equal(error.text, "");
}

static void vocabulary_is_learnt(void **state)
{
    (void)state;
    for (enum origin origin = FROM_FILE; origin < ORIGINS; origin++) {
        struct vocabulary vocabulary;
        uint64_t tokens = 0;
        char words[64] = "";
        struct opened opened = open_corpus(origin, small_text, NULL);
        assert_true(vocabulary_init(&vocabulary, NULL));
        assert_true(corpus_learn_vocabulary(opened.corpus, &vocabulary, NULL, &tokens, NULL));
        assert_int_equal(tokens, SMALL_TOKENS);
        for (size_t id = 0; id < vocabulary.size; id++)
            sprintf(words + strlen(words), "%s%s", id > 0 ? " " : "",
                    vocabulary_word(&vocabulary, (int32_t)id));
        assert_string_equal(words, small_words);
        assert_int_equal(vocabulary.count[WORD_END], 4);
        assert_int_equal(vocabulary.count[1], 3);
        for (int pass = 0; pass < 3; pass++)
            assert_ids(opened.corpus, &vocabulary, small_ids, SMALL_TOKENS);
        assert_int_equal(corpus_line_number(opened.corpus), 4);
        close_corpus(&opened);
        vocabulary_free(&vocabulary);
    }
}

// Later text against a vocabulary that is there already; a pass that stops half-way loses nothing.
static void text_is_read_again(void **state)
{
    (void)state;
    const int32_t ids[] = {-1, 2, -1, 0, 0, -1, 0, -1, 0};
    struct vocabulary vocabulary;
    assert_true(vocabulary_init(&vocabulary, NULL));
    assert_true(add(&vocabulary, "a") == 1 && add(&vocabulary, "zz") == 2);
    for (enum origin origin = FROM_FILE; origin < ORIGINS; origin++) {
        for (int stop = 0; stop <= SMALL_TOKENS + 1; stop++) {
            struct opened opened = open_corpus(origin, small_text, NULL);
            int32_t id;
            assert_true(corpus_start(opened.corpus, &vocabulary, NULL));
            for (int i = 0; i < stop; i++)
                assert_int_equal(corpus_next(opened.corpus, &id), i < SMALL_TOKENS);
            assert_ids(opened.corpus, &vocabulary, ids, SMALL_TOKENS);
            assert_ids(opened.corpus, &vocabulary, ids, SMALL_TOKENS);
            close_corpus(&opened);
        }
    }
    vocabulary_free(&vocabulary);
}

static void bad_texts(void **state)
{
    (void)state;
    char zero[] = "a b\nc d\0e\n", *wrong[] = {"", " \t \r"};
    struct error error = {""};
    uint64_t tokens;
    assert_null(corpus_open("missing", &error));
    assert_non_null(strstr(error.text, "missing"));
    for (int i = 0; i < 2 * ORIGINS; i++) {
        struct vocabulary vocabulary;
        struct opened opened = open_corpus((enum origin)(i / 2), wrong[i % 2], &error);
        assert_true(vocabulary_init(&vocabulary, NULL));
        assert_false(corpus_learn_vocabulary(opened.corpus, &vocabulary, NULL, &tokens, &error));
        assert_non_null(strstr(error.text, "empty"));
        close_corpus(&opened);
        vocabulary_free(&vocabulary);
    }
    write_file("zero", zero, sizeof zero - 1);
    assert_null(corpus_open("zero", &error));
    assert_non_null(strstr(error.text, "zero: line 2: "));
}

static void cut_text_is_reported(void **state)
{
    (void)state;
    size_t size;
    struct error error = {""};
    write_gzip("whole.gz", small_text, sizeof small_text - 1);
    char *compressed = read_whole("whole.gz", false, &size);
    write_file("cut.gz", compressed, size - 6);
    free(compressed);
    struct vocabulary vocabulary;
    uint64_t tokens;
    struct corpus *corpus = corpus_open("cut.gz", NULL);
    assert_true(vocabulary_init(&vocabulary, NULL));
    assert_false(corpus_learn_vocabulary(corpus, &vocabulary, NULL, &tokens, &error));
    assert_non_null(strstr(error.text, "cut.gz"));
    error.text[0] = '\0';
    assert_false(corpus_start(corpus, &vocabulary, &error));
    assert_non_null(strstr(error.text, "cut.gz"));
    corpus_close(corpus);
    vocabulary_free(&vocabulary);
}

// ---- memory -----------------------------------------------------------------------------------

// Opens, learns and reads again.
static bool learn(enum origin origin, const char *text, int64_t allowed, struct error *error)
{
    struct vocabulary vocabulary;
    uint64_t tokens;
    int32_t id;
    memory_fail_after(allowed);
    struct opened opened = open_corpus(origin, text, error);
    bool ok = vocabulary_init(&vocabulary, error) && opened.corpus != NULL &&
              corpus_learn_vocabulary(opened.corpus, &vocabulary, NULL, &tokens, error) &&
              corpus_start(opened.corpus, &vocabulary, error);
    while (ok && corpus_next(opened.corpus, &id))
        tokens--;
    memory_fail_after(-1);
    assert_true(!ok || tokens == 0);
    close_corpus(&opened);
    vocabulary_free(&vocabulary);
    return ok;
}

// Reads with a vocabulary that is there.
static bool read_known(enum origin origin, const char *text, int64_t allowed, struct error *error)
{
    struct vocabulary vocabulary;
    int32_t id;
    assert_true(vocabulary_init(&vocabulary, error));
    memory_fail_after(allowed);
    struct opened opened = open_corpus(origin, text, error);
    bool ok = opened.corpus != NULL && corpus_start(opened.corpus, &vocabulary, error);
    while (ok && corpus_next(opened.corpus, &id))
        ;
    memory_fail_after(-1);
    close_corpus(&opened);
    vocabulary_free(&vocabulary);
    return ok;
}

static void every_allocation_fails_once(void **state)
{
    (void)state;
    bool (*const tasks[])(enum origin, const char *, int64_t, struct error *) = {learn, read_known};
    char text[4096] = "";
    for (int i = 0; i < 700; i++) // more words than the first hash table takes
        sprintf(text + strlen(text), "%x%c", i, i % 10 == 9 ? '\n' : ' ');
    strcat(text, "a-word-that-is-longer-than-all-the-others-and-needs-more-room");
    for (int i = 0; i < 2 * ORIGINS; i++) {
        struct error error;
        int64_t allowed = 0;
        while (error.text[0] = '\0', !tasks[i % 2]((enum origin)(i / 2), text, allowed, &error)) {
            assert_non_null(strstr(error.text, "not enough memory"));
            allowed++;
        }
        assert_string_equal(error.text, "");
        assert_true(allowed > (i % 2 == 0 ? 15 : 5));
    }
}

int main(void)
{
    random_seed(&generator, 1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tokens_by_example),
        cmocka_unit_test(words_across_the_buffer),
        cmocka_unit_test(words_for_unknown_words),
        cmocka_unit_test(lines_are_numbered),
        cmocka_unit_test(words_are_added_and_found),
        cmocka_unit_test(zero_bytes_are_refused),
        cmocka_unit_test(many_words),
        cmocka_unit_test(words_are_found_together),
        cmocka_unit_test(sorting_is_the_selection_sort),
        cmocka_unit_test(vocabulary_is_learnt),
        cmocka_unit_test(text_is_read_again),
        cmocka_unit_test(bad_texts),
        cmocka_unit_test(cut_text_is_reported),
        cmocka_unit_test(every_allocation_fails_once),
    };
    return cmocka_run_group_tests_name("text", tests, scratch_enter, scratch_leave);
}
