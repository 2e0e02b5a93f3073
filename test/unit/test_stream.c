// Probability streams in each form: recognising, reading, keeping step with a text, and bad input.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/memory.h"
#include "score/stream.h"
#include "score/streams.h"
#include "scratch.h"

static const char numbers[] = "2.5E-01\n0.5\n\n 1\r\n0";

// Two sentences, with an unknown word, one without probability, and lines that only look like some.
static const char srilm[] = "reading 12 1-grams\n"
                            "5 |\n"
                            "\tp( 5 | <s> ) \t= [1gram] 0.25 [ -0.60206 ]\n"
                            "\tp( | | 5 ...) \t= [2gram] 0.5 [ -0.30103 ]\n"
                            "\tp( </s> | | ...) \t= [2gram] 1 [ 0 ]\n"
                            "1 sentences, 2 words, 0 OOVs\n"
                            "0 zeroprobs, logprob= -0.90309 ppl= 2 ppl1= 2.828427\n"
                            "\n"
                            "p( a | b) = )\n"
                            "\tp( <unk> | <s> ) \t= [OOV] 0 [ -inf ]\n"
                            "\tp( = | <unk> ...) \t= [1gram][2gram] 0.125 [ -0.90309 ]\n"
                            "\tp( ) | = ...) \t= [0gram] 0 [ -inf ]\n"
                            "\tp( </s> | ) ...) \t= [2gram] 0.1 [ -1 ] / 0.999\n"
                            "1 sentences, 3 words, 1 OOVs\n"
                            "1 zeroprobs, logprob= -1.90309 ppl= 2 ppl1= 2.828427\n"
                            "\n"
                            "file text: 2 sentences, 5 words, 1 OOVs\n"
                            "1 zeroprobs, logprob= -2.80618 ppl= 2.5 ppl1= 2.8\n";

static const char table[] = "debug mode: 2\n"
                            "test file: text\n"
                            "Index   P(NET)          Word\n"
                            "----------------------------------\n"
                            "7\t0.2500000000\t5\n"
                            "9\t0.5000000000\t|\n"
                            "0\t1.0000000000\t</s>\n"
                            "-1\t0\t\tOOV\n"
                            "8\t0.1250000000\t=\n"
                            "5\t0.0000000000\t)\n"
                            "0\t0.1000000000\t</s>\n"
                            "\n"
                            "test log probability: -2.8\n"
                            "\n"
                            "PPL net: 2.5\n";

static const char table2[] = "Index   P(NET)          P(LM)           Word\n"
                             "--------------------------------------------------\n"
                             "7\t0.2500000000\t0.7500000000\t5\n"
                             "-1\t0\t\t0\t\tOOV\n"
                             "0\t1.0000000000\t0.1000000000\t</s>\n"
                             "\n";

static const char text[] = "5 |\nunheard = )\n"; // what srilm[] and table[] are about

static const double text_prob[] = {0.25, 0.5, 1, 0, 0.125, 0, 0.1};

static void put(const char *name, const char *content)
{
    write_file(name, content, strlen(content));
}

static struct stream *open_text(const char *content)
{
    struct error error;
    put("stream", content);
    struct stream *stream = stream_open("stream", STREAM_NET, &error);
    if (stream == NULL)
        fail_msg("%s", error.text);
    return stream;
}

static void assert_probs(struct stream *stream, const double *prob, size_t count)
{
    struct stream_item item;
    struct error error;
    for (size_t i = 0; i < count; i++) {
        if (!stream_next(stream, &item))
            fail_msg("ends after %zu of %zu: %s", i, count,
                     stream_ok(stream, &error) ? "" : error.text);
        assert_true(item.prob == prob[i]);
    }
    assert_false(stream_next(stream, &item));
    assert_true(stream_ok(stream, NULL));
    stream_close(stream);
}

// ---- forms ------------------------------------------------------------------------------------

static void test_numbers(void **state)
{
    (void)state;
    static const double wanted[] = {0.25, 0.5, 1, 0};
    struct stream *stream = open_text(numbers);
    assert_int_equal(stream_form(stream), STREAM_NUMBERS);
    assert_probs(stream, wanted, 4);
    assert_probs(open_text("\n0.5"), &wanted[1], 1);
    assert_probs(open_text("1.0000009\n"), &wanted[2], 1);
    write_gzip("stream", "0.25\n0.5\n", 9);
    assert_probs(stream_open("stream", STREAM_NET, NULL), wanted, 2);
}

static void test_srilm(void **state)
{
    (void)state;
    struct stream *stream = open_text(srilm);
    struct stream_item item;
    assert_int_equal(stream_form(stream), STREAM_SRILM);
    assert_true(stream_next(stream, &item));
    assert_int_equal(stream_line_number(stream), 3);
    assert_true(item.length == 1 && *item.word == '5' && !item.unknown);
    assert_probs(stream, text_prob + 1, 6);
    stream = open_text(srilm);
    for (int i = 0; i < 4; i++)
        assert_true(stream_next(stream, &item));
    assert_true(item.unknown);
    assert_int_equal(stream_line_number(stream), 10);
    stream_close(stream);
}

// A first sentence that is a number does not make a file of numbers.
static void test_srilm_first_line_is_a_number(void **state)
{
    (void)state;
    static const double wanted[] = {0.5, 0.25};
    struct stream *stream = open_text("0.3\n\tp( 0.3 | <s> ) \t= [1gram] 0.5 [ -0.30103 ]\n"
                                      "\tp( </s> | 0.3 ...) \t= [1gram] 0.25 [ -0.60206 ]\n");
    assert_int_equal(stream_form(stream), STREAM_SRILM);
    assert_probs(stream, wanted, 2);
}

static void test_srilm_of_an_empty_text(void **state)
{
    (void)state;
    assert_probs(open_text("file empty: 0 sentences, 0 words, 0 OOVs\n"
                           "0 zeroprobs, logprob= 0 ppl= undefined ppl1= undefined\n"),
                 NULL, 0);
}

static double prob_of(const char *numbers_of_line)
{
    char line[200];
    snprintf(line, sizeof line, "a\n\tp( a | <s> ) \t= [1gram] %s\n", numbers_of_line);
    struct stream *stream = open_text(line);
    struct stream_item item;
    struct error error;
    if (!stream_next(stream, &item))
        fail_msg("%s", stream_ok(stream, &error) ? "nothing" : error.text);
    stream_close(stream);
    return item.prob;
}

// Number and logarithm: the number, unless it is plainly the coarser one.
static void test_srilm_precision(void **state)
{
    (void)state;
    assert_true(prob_of("0.2292096 [ -0.6397673 ]") == 0.2292096);
    assert_true(prob_of("0.15744 [ -0.8028851 ]") == 0.15744);
    assert_true(prob_of("0.00213966 [ -2.66965 ]") == 0.00213966);
    assert_true(prob_of("0.01 [ -2 ]") == 0.01);
    assert_true(prob_of("1 [ -1.2e-08 ]") == 1);
    assert_true(prob_of("0 [ -400.25 ]") == 0);
    assert_true(fabs(prob_of("0.0021 [ -2.669655 ]") - 0.002139661) < 1e-8);
    assert_true(fabs(prob_of("0.000000 [ -8.5 ]") - 3.1622777e-9) < 1e-15);
}

static void test_table(void **state)
{
    (void)state;
    struct stream *stream = open_text(table);
    assert_int_equal(stream_form(stream), STREAM_TABLE);
    assert_probs(stream, text_prob, 7);
}

static void test_table_of_two_columns(void **state)
{
    (void)state;
    static const double net[] = {0.25, 0, 1}, other[] = {0.75, 0, 0.1};
    struct error error;
    assert_probs(open_text(table2), net, 3);
    assert_probs(stream_open("stream", STREAM_OTHER, NULL), other, 3);
    put("stream", table);
    assert_null(stream_open("stream", STREAM_OTHER, &error));
    assert_string_equal(error.text,
                        "stream: line 3: the table has one column of probabilities, the "
                        "second is wanted: -column net takes the first");
}

// A word of a megabyte, and a number of one.
static void test_long_lines(void **state)
{
    (void)state;
    enum { LONG = 1 << 20 };
    static const double half = 0.5;
    char *line = malloc(LONG + 200), *end;
    assert_non_null(line);
    end = line + sprintf(line, "\tp( ");
    memset(end, 'a', LONG);
    sprintf(end + LONG, " | <s> ) \t= [1gram] 0.5 [ -0.30103 ]\n");
    assert_probs(open_text(line), &half, 1);
    memset(line, '0', LONG);
    sprintf(line + LONG, ".5\n");
    assert_probs(open_text(line), &half, 1);
    free(line);
}

// ---- bad files --------------------------------------------------------------------------------

static void assert_not_opened(const char *content, const char *message)
{
    struct error error;
    put("stream", content);
    assert_null(stream_open("stream", STREAM_NET, &error));
    assert_string_equal(error.text, message);
}

static void test_no_stream(void **state)
{
    (void)state;
    struct error error;
    assert_not_opened("", "stream: the file is empty, probabilities are wanted");
    assert_not_opened(" \n\t\n", "stream: the file is empty, probabilities are wanted");
    assert_not_opened("\nabc\n0.5\n",
                      "stream: line 2: found \"abc\", wanted one probability a line, the output "
                      "of ngram -ppl TEXT -debug 2, or that of rnnlm -test TEXT -debug 2");
    assert_not_opened(
        "a b\n1 sentences, 2 words, 0 OOVs\n0 zeroprobs, logprob= -5 ppl= 9 ppl1= 9\n",
        "stream: only statistics found, probabilities of words are wanted: ngram -ppl TEXT -debug "
        "2");
    assert_null(stream_open("absent", STREAM_NET, &error));
    assert_string_equal(error.text, "cannot open absent: No such file or directory");
}

// The stream ends with this message after `good` items.
static void assert_fails(const char *content, size_t good, const char *message)
{
    struct stream *stream = open_text(content);
    struct stream_item item;
    struct error error = {""};
    for (size_t i = 0; i < good; i++)
        assert_true(stream_next(stream, &item));
    assert_false(stream_next(stream, &item));
    assert_false(stream_next(stream, &item));
    assert_false(stream_ok(stream, &error));
    assert_string_equal(error.text, message);
    stream_close(stream);
}

static void test_bad_numbers(void **state)
{
    (void)state;
    assert_fails("nan\n", 0, "stream: line 1: found \"nan\", wanted a probability from 0 to 1");
    assert_fails("0.5\n-0.1\n", 1,
                 "stream: line 2: found \"-0.1\", wanted a probability from 0 to 1");
    assert_fails("0.5\n\n1.1\n", 1,
                 "stream: line 3: found \"1.1\", wanted a probability from 0 to 1");
    assert_fails("1e999\n0\n", 0,
                 "stream: line 1: found \"1e999\", wanted a probability from 0 to 1");
    assert_fails("0.5\n0.5x\n", 1, "stream: line 2: found \"0.5x\", wanted a probability");
    assert_fails("0.5\n0.5 0.5\n", 1, "stream: line 2: found \"0.5 0.5\", wanted a probability");
    assert_fails("0.5\n0x1p-1\n", 1, "stream: line 2: found \"0x1p-1\", wanted a probability");
}

static void assert_srilm_fails(const char *line, const char *message)
{
    char content[400], wanted[400];
    snprintf(content, sizeof content, "a\n\tp( a | <s> ) \t= [1gram] 0.5 [ -0.30103 ]\n%s", line);
    snprintf(wanted, sizeof wanted, "stream: line 3: %s", message);
    assert_fails(content, 1, wanted);
}

static void test_bad_srilm(void **state)
{
    (void)state;
    assert_srilm_fails("\tp( b | a ...) \t= [1gram] nan [ nan ]\n",
                       "found \"nan\", wanted a probability from 0 to 1");
    assert_srilm_fails("\tp( b | a ...) \t= [1gram] -0.5 [ -0.30103 ]\n",
                       "found \"-0.5\", wanted a probability from 0 to 1");
    assert_srilm_fails("\tp( b | a ...) \t= [1gram] x [ -0.30103 ]\n",
                       "found \"x\", wanted a probability");
    assert_srilm_fails("\tp( b | a ...) \t= [1gram] 0.5 [ ? ]\n",
                       "found \"?\", wanted the logarithm of a probability");
    assert_srilm_fails("\tp( b | a ...) \t= [1gram] 0.5 [ 2 ]\n",
                       "found \"2\", wanted the logarithm of a probability");
    assert_srilm_fails("\tp( b | a ...) \t= [1gram] 0.54321 [ -2.669655 ]\n",
                       "found 0.54321 with the logarithm -2.669655, which is that of 0.00213966");
    assert_srilm_fails("\tp( b | a ...) \t= [1gram]\n", "found \"\", wanted a probability");
    assert_srilm_fails(
        "\tp( b |",
        "found \"?p( b |\", wanted \"p( WORD | ...) = [Ngram] PROBABILITY [ LOGARITHM ]\"");
    assert_srilm_fails(
        "\tp(  | a ...) \t= [1gram] 0.5 [ -0.30103 ]\n",
        "found \"?p(  | a ...) ?= [1gram] 0.5 [ -0.30103 ]\", wanted \"p( WORD | ...) = [Ngram] "
        "PROBABILITY [ LOGARITHM ]\"");
}

static void assert_table_fails(const char *row, const char *message)
{
    char content[400], wanted[400];
    snprintf(content, sizeof content, "Index   P(NET)          Word\n---\n7\t0.25\ta\n%s", row);
    snprintf(wanted, sizeof wanted, "stream: line 4: %s", message);
    assert_fails(content, 1, wanted);
}

static void test_bad_table(void **state)
{
    (void)state;
    assert_table_fails("8\t1.5\tb\n", "found \"1.5\", wanted a probability from 0 to 1");
    assert_table_fails("8\tx\tb\n", "found \"x\", wanted a probability");
    assert_table_fails("8\t0.5\n", "found \"8?0.5\", wanted ID, P(NET), WORD with tabs between");
    assert_table_fails("8\t0.5\t\n", "found \"8?0.5?\", wanted ID, P(NET), WORD with tabs between");
    assert_table_fails("8\t0.5\t0.5\tb\n",
                       "found \"8?0.5?0.5?b\", wanted ID, P(NET), WORD with tabs between");
    assert_table_fails("b\t0.5\tb\n",
                       "found \"b?0.5?b\", wanted ID, P(NET), WORD with tabs between");
    assert_table_fails("-1\t0\tOOV\n",
                       "found \"-1?0?OOV\", wanted ID, P(NET), WORD with tabs between");
}

static void test_cut_gzip(void **state)
{
    (void)state;
    enum { LINES = 3000 };
    char *content = malloc(LINES * 12), *at = content;
    assert_non_null(content);
    for (int i = 0; i < LINES; i++)
        at += sprintf(at, "0.%08d\n", (int)((unsigned)i * 7919u * 7919u % 100000000u));
    write_gzip("whole.gz", content, (size_t)(at - content));
    free(content);
    size_t size;
    char *packed = read_whole("whole.gz", false, &size);
    write_file("stream", packed, size / 2);
    free(packed);
    struct error error = {""};
    struct stream *stream = stream_open("stream", STREAM_NET, &error);
    struct stream_item item;
    while (stream != NULL && stream_next(stream, &item))
        ;
    assert_true(stream == NULL || !stream_ok(stream, &error));
    assert_non_null(strstr(error.text, "stream: cannot read on"));
    stream_close(stream);
}

// ---- in step with a text ----------------------------------------------------------------------

// Matches the whole text; true if both end together. Probabilities go to prob[].
static bool match(const char *content, const char *stream_content, double *prob,
                  struct error *error)
{
    put("text", content);
    put("stream", stream_content);
    struct reader *reader = reader_open("text", error);
    struct stream *stream = stream_open("stream", STREAM_NET, error);
    bool ok = reader != NULL && stream != NULL;
    struct token token;
    while (ok && reader_next(reader, &token))
        ok = stream_match(stream, &token, prob++, error);
    ok = ok && stream_end(stream, error);
    reader_close(reader);
    stream_close(stream);
    return ok;
}

static void assert_match(const char *content, const char *stream, const double *wanted,
                         size_t count)
{
    double prob[32];
    struct error error;
    if (!match(content, stream, prob, &error))
        fail_msg("%s", error.text);
    for (size_t i = 0; i < count; i++)
        assert_true(prob[i] == wanted[i]);
}

static void assert_no_match(const char *content, const char *stream, const char *message)
{
    double prob[32];
    struct error error;
    assert_false(match(content, stream, prob, &error));
    assert_string_equal(error.text, message);
}

static void test_match(void **state)
{
    (void)state;
    assert_match(text, srilm, text_prob, 7);
    assert_match(text, table, text_prob, 7);
    assert_match("any three words", "0.25\n0.5\n1\n0\n", text_prob, 4);
}

// A model may have another word for unknown ones than <unk>.
static void test_match_unknown_names(void **state)
{
    (void)state;
    static const double probs[] = {0.25, 0.5};
    assert_match("word\n",
                 "\tp( <UNK> | <s> ) \t= [1gram] 0.25 [ -0.60206 ]\n"
                 "\tp( </s> | <UNK> ...) \t= [1gram] 0.5 [ -0.30103 ]\n",
                 probs, 2);
}

// SRILM leaves out empty lines; a table does not.
static void test_match_empty_lines(void **state)
{
    (void)state;
    static const double wanted[] = {0, 0, 0.25, 0.5, 1, 0, 0, 0.125, 0, 0.1, 0};
    assert_match("\n \n5 |\n\nx = )\n\n", srilm, wanted, 11);
    static const double rows[] = {0.5, 0.25};
    assert_match("\n\n", "Index   P(NET)          Word\n---\n0\t0.5\t</s>\n0\t0.25\t</s>\n\n", rows,
                 2);
    assert_no_match("\n5 |\nx = )\n", table,
                    "stream: line 5: found the probability of \"5\", wanted that of \"</s>\" "
                    "(sentence 1, word 1)");
}

static void test_mismatch(void **state)
{
    (void)state;
    assert_no_match("5 |\nx y )\n", srilm,
                    "stream: line 11: found the probability of \"=\", wanted that of \"y\" "
                    "(sentence 2, word 2)");
    assert_no_match("5 | |\n", srilm,
                    "stream: line 5: found the probability of \"</s>\", wanted that of \"|\" "
                    "(sentence 1, word 3)");
    assert_no_match("5 |\n\n\n", table,
                    "stream: line 8: found the probability of an unknown word, wanted that of "
                    "\"</s>\" (sentence 2, word 1)");
    assert_no_match("<unk> |\n", srilm,
                    "stream: line 3: found the probability of \"5\", wanted that of \"<unk>\" "
                    "(sentence 1, word 1)");
    assert_no_match(
        "5 |\n", srilm,
        "stream: line 10: found one more probability, but the text has ended, after 1 sentences");
    assert_no_match(
        "5 |\nx = )\nmore\n", srilm,
        "stream: ends after line 18; the text goes on with sentence 3, word 1: \"more\"");
    assert_no_match(
        "a b\n", "0.5\n0.25\n",
        "stream: ends after line 2; the text goes on with sentence 1, word 3: \"</s>\"");
    assert_no_match(
        "a\n", "0.5\n0.25\n1\n",
        "stream: line 3: found one more probability, but the text has ended, after 1 sentences");
    assert_no_match("a b\n", "0.5\nx\n", "stream: line 2: found \"x\", wanted a probability");
}

// ---- several at once --------------------------------------------------------------------------

static bool read_two(const char *a, const char *b, struct streams *streams, struct error *error)
{
    static const char *const path[] = {"a", "b"};
    put("a", a);
    put("b", b);
    return streams_read(streams, path, NULL, 2, error);
}

static void assert_two_fail(const char *a, const char *b, const char *message)
{
    struct streams streams;
    struct error error;
    assert_false(read_two(a, b, &streams, &error));
    streams_free(&streams);
    assert_string_equal(error.text, message);
}

static void test_streams(void **state)
{
    (void)state;
    struct streams streams;
    assert_true(read_two(srilm, table, &streams, NULL));
    assert_int_equal(streams.words, 7);
    for (size_t t = 0; t < 7; t++)
        assert_true(streams.prob[0][t] == text_prob[t] && streams.prob[1][t] == text_prob[t]);
    streams_free(&streams);
    assert_true(read_two("0.5\n", "0.25\n", &streams, NULL));
    streams_free(&streams);
}

static void test_bad_streams(void **state)
{
    (void)state;
    assert_two_fail("0.5\n0.5\n", "0.5\n", "b: ends after line 1, 1 words; a: line 2: goes on");
    assert_two_fail("0.5\n", "0.5\n0.5\n", "a: ends after line 1, 1 words; b: line 2: goes on");
    assert_two_fail(
        "0.5\n", "x\n",
        "b: line 1: found \"x\", wanted one probability a line, the output of ngram -ppl "
        "TEXT -debug 2, or that of rnnlm -test TEXT -debug 2");
    assert_two_fail("x\n\tp( x | <s> ) \t= [1gram] 0.5 [ -0.30103 ]\n",
                    "Index   P(NET)          Word\n---\n1\t0.5\ty\n\n",
                    "b: line 3: found the probability of y, but a: line 2: has that of x (word 1)");
    assert_two_fail("file empty: 0 sentences, 0 words, 0 OOVs\n",
                    "file empty: 0 sentences, 0 words, 0 OOVs\n",
                    "a: no probability found, at least one is wanted");
}

// Every allocation fails once: no crash, no leak, a message.
static void test_no_memory(void **state)
{
    (void)state;
    struct streams streams;
    for (int64_t count = 0; count < 40; count++) {
        struct error error = {""};
        memory_fail_after(count);
        bool ok = read_two(srilm, "0.5\n0.5\n0.5\n0.5\n0.5\n0.5\n0.5\n", &streams, &error);
        memory_fail_after(-1);
        streams_free(&streams);
        if (ok) {
            assert_true(count > 5);
            return;
        }
        assert_true(error.text[0] != '\0');
    }
    fail_msg("still fails after 40 allocations");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_srilm),
        cmocka_unit_test(test_srilm_first_line_is_a_number),
        cmocka_unit_test(test_srilm_of_an_empty_text),
        cmocka_unit_test(test_srilm_precision),
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_table_of_two_columns),
        cmocka_unit_test(test_long_lines),
        cmocka_unit_test(test_no_stream),
        cmocka_unit_test(test_bad_numbers),
        cmocka_unit_test(test_bad_srilm),
        cmocka_unit_test(test_bad_table),
        cmocka_unit_test(test_cut_gzip),
        cmocka_unit_test(test_match),
        cmocka_unit_test(test_match_unknown_names),
        cmocka_unit_test(test_match_empty_lines),
        cmocka_unit_test(test_mismatch),
        cmocka_unit_test(test_streams),
        cmocka_unit_test(test_bad_streams),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, scratch_enter, scratch_leave);
}
