// Vocabularies that are cut: lists as they are read, words as they are chosen, and what a text is then.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/memory.h"
#include "scratch.h"
#include "testing.h"
#include "text/corpus.h"

// Counts: a 4, b 2, c 2, d 1, e 1, </s> 3.
static const char TEXT[] = "a d b a\nc a b\nc e a\n";

static void count_words(struct vocabulary *words)
{
    static const char *const word[] = {"a", "d", "b", "c", "e"};
    static const uint64_t count[] = {4, 1, 2, 2, 1};
    assert_true(vocabulary_init(words, NULL));
    words->count[WORD_END] = 3;
    for (size_t i = 0; i < 5; i++)
        words->count[vocabulary_add(words, word[i], 1, NULL)] = count[i];
}

// What is kept of the five, in their order a d b c e, as bits.
static unsigned kept_of(struct word_cut *cut)
{
    struct vocabulary words;
    struct error error = {""};
    bool kept[6];
    unsigned bits = 0;
    count_words(&words);
    if (!word_cut_choose(cut, &words, kept, &error))
        fail_msg("%s", error.text);
    assert_true(kept[WORD_END]);
    for (size_t i = 1; i < 6; i++)
        bits = bits * 10 + kept[i];
    vocabulary_free(&words);
    return bits;
}

static void frequent_words_are_kept(void **state)
{
    (void)state;
    assert_int_equal(kept_of(&(struct word_cut){.least = 0}), 11111);
    struct word_cut twice = {.least = 2};
    assert_int_equal(kept_of(&twice), 10110);
    assert_int_equal(twice.words_left_out, 2);
    assert_int_equal(twice.tokens_left_out, 2);
    // Of b and c, which are as frequent, c is the later one.
    assert_int_equal(kept_of(&(struct word_cut){.most = 2}), 10010);
    assert_int_equal(kept_of(&(struct word_cut){.most = 4}), 10111);
    assert_int_equal(kept_of(&(struct word_cut){.most = 100}), 11111);
    assert_int_equal(kept_of(&(struct word_cut){.most = 4, .least = 2}), 10110);
    // The word for the others is none of them.
    assert_int_equal(kept_of(&(struct word_cut){.most = 2, .unknown = "a"}), 110);
}

static void lists_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *text, *words; // in their order
        uint64_t listed, missing;
        unsigned kept;
    } lists[] = {
        {"a\nb\nz\n", "a b z", 3, 1, 10100},
        {"a b z", "a b z", 3, 1, 10100},
        {"a 7\n\nb 12\n", "a b", 2, 0, 10100},
        {"a 7\nb\n", "a 7 b", 3, 1, 10100}, // not all lines have a count
        {"a 7x\nb 1\n", "a 7x b 1", 4, 2, 10100},
        {"a 7 1\n", "a 7 1", 3, 2, 10000},
        {"<s>\n</s>\n<unk>\ne\n", "<s> <unk> e", 1, 0, 1},
        {"\t5 5\r\na 3", "5 a", 2, 1, 10000}, // a number with its count
    };
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        struct vocabulary words;
        struct word_cut cut = {.list = "list"};
        char found[64] = "";
        write_file("list", lists[i].text, strlen(lists[i].text));
        assert_true(word_list_read(&words, "list", true, NULL));
        for (size_t id = 1; id < words.size; id++) {
            strcat(found, id > 1 ? " " : "");
            strcat(found, vocabulary_word(&words, (int32_t)id));
        }
        assert_string_equal(found, lists[i].words);
        vocabulary_free(&words);
        assert_int_equal(kept_of(&cut), lists[i].kept);
        assert_int_equal(cut.listed, lists[i].listed);
        assert_int_equal(cut.missing, lists[i].missing);
    }
}

static void bad_lists(void **state)
{
    (void)state;
    static const struct {
        const char *text, *wanted;
        bool once_only; // else it is an error in any case
    } lists[] = {{"a b\nb\n", "list: line 2: found \"b\" for the second time", true},
                 {"a 1\nb 1\na 1\n", "list: line 3: found \"a\" for the second time", true},
                 {"</s> a </s>", "list: line 1: found \"</s>\" for the second time", true},
                 {"", "list: the vocabulary holds no word", false},
                 {"\n</s>\n", "list: the vocabulary holds no word", false}};
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        struct vocabulary words;
        struct error error = {""};
        write_file("list", lists[i].text, strlen(lists[i].text));
        assert_false(word_list_read(&words, "list", true, &error));
        assert_string_equal(error.text, lists[i].wanted);
        vocabulary_free(&words);
        assert_true(word_list_read(&words, "list", false, &error) == lists[i].once_only);
        vocabulary_free(&words);
    }
}

static void choices_that_cannot_be(void **state)
{
    (void)state;
    static const char *const names[] = {"</s>", "<s>", "", "a b", "a\n"};
    struct vocabulary words;
    bool kept[6];
    count_words(&words);
    for (size_t i = 0; i < 5; i++) {
        struct error error = {""};
        struct word_cut cut = {.unknown = names[i]};
        assert_false(word_cut_choose(&cut, &words, kept, &error));
        assert_contains(error.text, "cannot be the word for unknown words");
    }
    struct error error = {""};
    assert_false(word_cut_choose(&(struct word_cut){.least = 5}, &words, kept, &error));
    assert_contains(error.text, "no word is left of the 5");
    vocabulary_free(&words);
}

// A text that is cut is the text with <unk> in it: the same words, counts and ids, in both passes.
static void a_cut_text_is_the_mapped_text(void **state)
{
    (void)state;
    static const char *const mapped[] = {"a <unk> b a\nc a b\nc <unk> a\n",
                                         "a <unk> <unk> a\nc a <unk>\nc <unk> a\n"};
    struct word_cut cut[] = {{.least = 2}, {.most = 2}};
    for (size_t i = 0; i < 2; i++) {
        struct vocabulary by_cut, by_hand;
        uint64_t tokens[2];
        int32_t id[2];
        write_file("text", TEXT, strlen(TEXT));
        write_file("mapped", mapped[i], strlen(mapped[i]));
        struct corpus *cut_text = corpus_open("text", NULL), *text = corpus_open("mapped", NULL);
        assert_true(vocabulary_init(&by_cut, NULL) && vocabulary_init(&by_hand, NULL));
        corpus_take_unknown(cut_text, "<unk>");
        assert_true(corpus_learn_vocabulary(cut_text, &by_cut, &cut[i], &tokens[0], NULL));
        assert_true(corpus_learn_vocabulary(text, &by_hand, NULL, &tokens[1], NULL));
        assert_int_equal(tokens[0], tokens[1]);
        assert_int_equal(by_cut.size, by_hand.size);
        for (size_t k = 0; k < by_cut.size; k++) {
            assert_string_equal(vocabulary_word(&by_cut, (int32_t)k),
                                vocabulary_word(&by_hand, (int32_t)k));
            assert_int_equal(by_cut.count[k], by_hand.count[k]);
        }
        assert_true(corpus_start(cut_text, &by_cut, NULL) && corpus_start(text, &by_hand, NULL));
        while (corpus_next(text, &id[1])) {
            assert_true(corpus_next(cut_text, &id[0]));
            assert_int_equal(id[0], id[1]);
        }
        assert_false(corpus_next(cut_text, &id[0]));
        corpus_close(cut_text);
        corpus_close(text);
        vocabulary_free(&by_cut);
        vocabulary_free(&by_hand);
    }
}

static void failed_allocations(void **state)
{
    (void)state;
    write_file("text", TEXT, strlen(TEXT));
    write_file("list", "a 1\nb 1\n", 8);
    for (int64_t count = 0, ok = 0; !ok; count++) {
        struct error error = {""};
        struct vocabulary words = {.size = 0};
        struct word_cut cut = {.list = "list", .most = 1};
        uint64_t tokens;
        memory_fail_after(count);
        struct corpus *text = corpus_open("text", &error);
        ok = text != NULL && vocabulary_init(&words, &error) &&
             corpus_learn_vocabulary(text, &words, &cut, &tokens, &error);
        memory_fail_after(-1);
        if (!ok)
            assert_contains(error.text, "not enough memory");
        else
            assert_int_equal(words.size, 3);
        corpus_close(text);
        vocabulary_free(&words);
        assert_true(count < 1000);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frequent_words_are_kept),
        cmocka_unit_test(lists_are_read),
        cmocka_unit_test(bad_lists),
        cmocka_unit_test(choices_that_cannot_be),
        cmocka_unit_test(a_cut_text_is_the_mapped_text),
        cmocka_unit_test(failed_allocations),
    };
    return cmocka_run_group_tests_name("word_cut", tests, scratch_enter, scratch_leave);
}
