// Units: code points of UTF-8, and texts that are read as characters, wherever blocks of a file end.
#include "testing.h"

#include "base/file.h"
#include "scratch.h"
#include "text/corpus.h"
#include "text/utf8.h"

static void test_names(void **unused)
{
    (void)unused;
    struct error error;
    enum text_unit unit = UNIT_WORD;
    assert_true(unit_named("char", &unit, &error) && unit == UNIT_CHAR);
    assert_true(unit_named("word", &unit, &error) && unit == UNIT_WORD);
    assert_false(unit_named("chars", &unit, &error));
    assert_contains(error.text, "found \"chars\", wanted word, char or pieces");
    assert_true(error.usage);
    assert_string_equal(unit_name(UNIT_CHAR), "char");
    assert_true(unit_is_space(UNIT_SPACE "x", 3));
    assert_false(unit_is_space(UNIT_SPACE "x", 4));
    assert_false(unit_is_space("\xe2\x96\x82", 3));
}

static size_t encode(uint32_t code, char text[4])
{
    if (code < 0x80) {
        text[0] = (char)code;
        return 1;
    }
    size_t bytes = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    for (size_t i = bytes; i-- > 1; code >>= 6)
        text[i] = (char)(0x80 | (code & 0x3f));
    text[0] = (char)((0xf00u >> bytes) | code);
    return bytes;
}

// Every code point, whole and cut; and every sequence of three bytes against what the standard's table of
// well-formed ones says.
static void test_code_points(void **unused)
{
    (void)unused;
    for (uint32_t code = 1; code < 0x110000; code += code < 0x3000 ? 1 : 37) {
        char text[4] = {0};
        size_t bytes = encode(code, text);
        bool surrogate = code >= 0xd800 && code <= 0xdfff;
        assert_int_equal(utf8_length(text, bytes), surrogate ? 0 : bytes);
        assert_int_equal(utf8_length(text, 4), surrogate ? 0 : bytes);
        for (size_t cut = 1; cut < bytes; cut++)
            assert_int_equal(utf8_length(text, cut), 0);
    }
    for (unsigned first = 0xe0; first < 0x100; first++)
        for (unsigned second = 0x70; second < 0xd0; second++) {
            const char text[4] = {(char)first, (char)second, (char)0x80, (char)0x80};
            unsigned least = first == 0xe0 || first == 0xf0 ? (first == 0xe0 ? 0xa0 : 0x90) : 0x80;
            unsigned most = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
            bool good = first <= 0xf4 && second >= least && second <= most;
            size_t wanted = good ? (first < 0xf0 ? 3 : 4) : 0;
            assert_int_equal(utf8_length(text, 4), wanted);
        }
    const char overlong[2] = {(char)0xc1, (char)0x80}, lone[2] = {(char)0x80, 'a'};
    assert_int_equal(utf8_length(overlong, 2), 0);
    assert_int_equal(utf8_length(lone, 2), 0);
}

// Lines of words of random characters: as many tokens as were written, spaces between words.
static void test_reading(void **unused)
{
    (void)unused;
    enum { MOST = 3 * FILE_BUFFER };
    static const char *const blank[] = {" ", "  ", "\t", " \r "};
    struct random random;
    struct token token;
    struct error error = {""};
    char *text = malloc(MOST + 64), *wanted = malloc(4 * MOST), *to = text, *at = wanted;
    random_seed(&random, 5);
    while (to < text + MOST) {
        int words = random_next(&random) % 5;
        for (int w = 0; w < words; w++) {
            to = stpcpy(to, w > 0 || random_next(&random) % 4 == 0 ? blank[random_next(&random) % 4]
                                                                   : "");
            at = stpcpy(at, w > 0 ? UNIT_SPACE "|" : "");
            for (int c = random_next(&random) % 6; c >= 0; c--) {
                uint32_t code = 0x21 + (uint32_t)random_next(&random) % (c % 2 ? 0x5e : 0x20000);
                code = code >= 0xd800 && code <= 0xdfff ? 'x'
                       : code == 0x7f || code == 0x2581 ? 'y'
                                                        : code;
                char letters[5] = {0};
                encode(code, letters);
                to = stpcpy(to, letters);
                at = stpcpy(stpcpy(at, letters), "|");
            }
        }
        *to++ = '\n';
        at = stpcpy(at, "</s>|");
    }
    write_file("text", text, (size_t)(to - text));
    struct reader *reader = reader_open("text", &error);
    reader_set_unit(reader, UNIT_CHAR);
    at = wanted;
    while (reader_next(reader, &token)) {
        assert_memory_equal(at, token.text, token.length);
        assert_int_equal(at[token.length], '|');
        at += token.length + 1;
    }
    assert_true(reader_ok(reader, &error));
    assert_int_equal(*at, '\0');
    reader_close(reader);
    free(text);
    free(wanted);
}

static void test_no_characters(void **unused)
{
    (void)unused;
    const struct {
        const char *text, *message;
        int before; // tokens
    } cases[] = {{"ab\xff", "text: line 1: byte 3: found 0xff, wanted UTF-8", 2},
                 {"a b\n\xe3\x81\x82 \xe3\x81\n", "text: line 2: byte 9: found 0xe3", 6},
                 {"\xc3\xa9\xc3 x\n", "text: line 1: byte 3: found 0xc3", 1}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct error error = {""};
        struct token token;
        int tokens = 0;
        write_file("text", cases[i].text, strlen(cases[i].text));
        struct reader *reader = reader_open("text", &error);
        reader_set_unit(reader, UNIT_CHAR);
        while (reader_next(reader, &token))
            tokens++;
        assert_int_equal(tokens, cases[i].before);
        assert_false(reader_ok(reader, &error));
        assert_contains(error.text, cases[i].message);
        assert_false(reader_next(reader, &token));
        reader_close(reader);
    }
}

static void test_corpus(void **unused)
{
    (void)unused;
    struct error error;
    struct vocabulary words;
    uint64_t tokens;
    write_file("text", "ab ba\na\n", 8);
    struct corpus *corpus = corpus_open("text", &error);
    corpus_set_unit(corpus, UNIT_CHAR);
    assert_true(vocabulary_init(&words, &error));
    assert_true(corpus_learn_vocabulary(corpus, &words, NULL, &tokens, &error));
    assert_int_equal(tokens, 8);
    assert_int_equal(words.size, 4);
    int32_t a = vocabulary_find(&words, "a", 1);
    assert_true(a > 0 && vocabulary_find(&words, UNIT_SPACE, 3) > 0);
    assert_int_equal(words.count[a], 3);
    corpus_close(corpus);
    vocabulary_free(&words);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),   cmocka_unit_test(test_code_points),
        cmocka_unit_test(test_reading), cmocka_unit_test(test_no_characters),
        cmocka_unit_test(test_corpus),
    };
    return cmocka_run_group_tests(tests, scratch_enter, scratch_leave);
}
