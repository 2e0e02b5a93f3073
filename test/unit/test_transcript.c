// Transcripts in their four forms, NIST's marks scored as sclite scores them, and bad files.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "scratch.h"
#include "wer/transcript.h"

static struct error error;
static struct vocabulary words;
static struct transcript transcript;

static bool read_text(const char *text, enum transcript_form form,
                      const struct transcript_rules *rules)
{
    write_file("file", text, strlen(text));
    assert_true(vocabulary_init(&words, &error));
    return transcript_read(&transcript, "file", form, TRANSCRIPT_ANY, rules, &words, &error);
}

static void done(void)
{
    transcript_free(&transcript);
    vocabulary_free(&words);
}

// An utterance that is a chain, as words with blanks between.
static void assert_words(const char *id, const char *wanted)
{
    char text[200] = "";
    const struct utterance *utterance = transcript_find(&transcript, id);
    assert_non_null(utterance);
    for (size_t i = 0; i < utterance->text.arcs; i++) {
        strcat(text, i > 0 ? " " : "");
        strcat(text, vocabulary_word(&words, utterance->text.arc[i].word));
    }
    assert_string_equal(text, wanted);
}

static void assert_reads(const char *text, enum transcript_form form, const char *id,
                         const char *wanted)
{
    static const struct transcript_rules rules = {0};
    if (!read_text(text, TRANSCRIPT_ANY, &rules))
        fail_msg("%s", error.text);
    assert_int_equal(transcript.form, form);
    assert_words(id, wanted);
    done();
}

static void assert_refuses(const char *text, enum transcript_form form, const char *message)
{
    static const struct transcript_rules rules = {0};
    assert_false(read_text(text, form, &rules));
    assert_string_equal(error.text, message);
    done();
}

static void reads_every_form(void **state)
{
    (void)state;
    assert_reads(";; remark\nShe had (cmh_sa01)\r\n(cmh_sa02)\n", TRANSCRIPT_TRN, "cmh_sa01",
                 "she had");
    assert_reads("she had(cmh_sa01)", TRANSCRIPT_TRN, "cmh_sa01", "she had");
    assert_reads("utt-1 she had\nutt-2\n", TRANSCRIPT_KALDI, "utt-1", "she had");
    assert_reads("utt-1 she had\nutt-2\n", TRANSCRIPT_KALDI, "utt-2", "");
    assert_reads("she had\n\nit\n", TRANSCRIPT_PLAIN, "3", "it");
    assert_reads("\xEF\xBB\xBFutt-1 { a / b }\n", TRANSCRIPT_KALDI, "utt-1", "{ a / b }");
    assert_reads(
        "#!MLF!#\n\"*/dir.x/u.1.lab\"\n0 100 She -3.5\nhad\n7\n.\n\"u2\"\n\"a b\"\n///\nc\n.\n",
        TRANSCRIPT_MLF, "u.1", "she had 7");
    assert_reads("#!MLF!#\n\"*/u2.rec\"\n5 \"\\303\\251t\\\"\" 1\n///\nc\n.\n", TRANSCRIPT_MLF,
                 "u2", "\303\251t\"");
}

// What stands in brackets at the end of a line need not be a name.
static void recognises_by_all_lines(void **state)
{
    (void)state;
    assert_reads("utt1 this is (%hesitation)\nutt2 good bye\n", TRANSCRIPT_KALDI, "utt1",
                 "this is (%hesitation)");
    assert_reads("utt1 this is (uh)\n", TRANSCRIPT_KALDI, "utt1", "this is (uh)");
    assert_reads("utt1 is (uh)\nutt2 was (uh)\n", TRANSCRIPT_KALDI, "utt2", "was (uh)");
    assert_reads("utt1 this\nutt2 is (um-hum)\n", TRANSCRIPT_KALDI, "utt2", "is (um-hum)");
    assert_reads("this is (uh)\ngood bye\n", TRANSCRIPT_PLAIN, "1", "this is (uh)");
    assert_reads("this is (uh)\n", TRANSCRIPT_PLAIN, "1", "this is (uh)");
    assert_reads("this is (a)\nit was (b)\n", TRANSCRIPT_TRN, "b", "it was");
    assert_reads("this is (utt1)\n", TRANSCRIPT_TRN, "utt1", "this is");
    assert_reads("2-fold (utt1)\n3-fold (utt2)\n", TRANSCRIPT_TRN, "utt2", "3-fold");
    assert_reads("2-fold (utt1)\nfold (utt2)\n(utt3)\n", TRANSCRIPT_TRN, "utt2", "fold");
}

static void keeps_case_and_leaves_words_out(void **state)
{
    (void)state;
    struct vocabulary ignored;
    assert_true(vocabulary_init(&ignored, &error));
    ignored.count[0] = 1; // </s>
    const struct transcript_rules rules = {.case_sensitive = true, .ignored = &ignored};
    assert_true(read_text("u1 She </s> (had)\n", TRANSCRIPT_KALDI, &rules));
    assert_words("u1", "She (had)");
    done();
    vocabulary_free(&ignored);
}

// ---- sclite's rules ---------------------------------------------------------------------------

// Scores "correct substitutions deletions insertions".
static void assert_scores(const char *reference, const char *hypothesis, bool optional,
                          bool fragments, const char *wanted)
{
    char text[400], found[80];
    const struct transcript_rules rules = {.optional = optional, .fragments = fragments};
    struct alignment alignment = {0};
    snprintf(text, sizeof text, "%s (r-1)\n%s (h-1)\n", reference, hypothesis);
    if (!read_text(text, TRANSCRIPT_TRN, &rules))
        fail_msg("%s", error.text);
    assert_true(alignment_find(&alignment, &transcript.utterance[0].text,
                               &transcript.utterance[1].text, &alignment_sclite, &words, &error));
    snprintf(found, sizeof found, "%d %d %d %d", (int)alignment.correct,
             (int)alignment.substitutions, (int)alignment.deletions, (int)alignment.insertions);
    if (strcmp(found, wanted) != 0)
        fail_msg("%s | %s: found %s, wanted %s", reference, hypothesis, found, wanted);
    alignment_free(&alignment);
    done();
}

static void alternatives(void **state)
{
    (void)state;
    const char *manual = "i've { um / uh / @ } as far as i'm concerned";
    assert_scores(manual, "i've um as far as i'm concerned", false, false, "7 0 0 0");
    assert_scores(manual, "I'VE UH AS FAR AS I'M CONCERNED", false, false, "7 0 0 0");
    assert_scores(manual, "i've as far as i'm concerned", false, false, "6 0 0 0");
    assert_scores(manual, "i've er as far as i'm concerned", false, false, "6 1 0 0");
    // As in the manual's report of detailed alignments: "no word" is not free.
    assert_scores(manual, "they pride about as far as i'm i", false, false, "4 3 0 1");
    assert_scores("{ what are / what're } you", "what are you", false, false, "3 0 0 0");
    assert_scores("{what are / what're} you", "what're you", false, false, "2 0 0 0");
    assert_scores("x { the / @ } y", "x y", false, false, "2 0 0 0");
    assert_scores("a { { b / c } d / { @ / e } } f", "a c d f", false, false, "4 0 0 0");
    assert_scores("a { { b / c } d / { @ / e } } f", "a f", false, false, "2 0 0 0");
    assert_scores("a { { b / c } d / { @ / e } } f", "a e f", false, false, "3 0 0 0");
    assert_scores("a b", "a { b c / d / @ }", false, false, "2 0 0 1");
    assert_scores("a @ b", "a b @", false, false, "2 0 0 0");
    assert_scores("and/or /", "and/or /", false, false, "2 0 0 0");
}

// Braces and brackets that belong together within a word are letters of it.
static void words_with_braces(void **state)
{
    (void)state;
    assert_scores("la m^{me} de", "la m^{me} de", false, false, "3 0 0 0");
    assert_scores("x_{a{b}} {y}z {{k}l}m", "x_{a{b}} {y}z {{k}l}m", false, false, "3 0 0 0");
    assert_scores("{ m^{me} / mme}", "m^{me}", false, false, "1 0 0 0");
    assert_scores("{m^{me} / {a / b^{c}}}", "b^{c}", false, false, "1 0 0 0");
    assert_scores("f(x) (a)(b)", "f(x) (a)(b)", true, false, "2 0 0 0");
}

static void optional_words(void **state)
{
    (void)state;
    assert_scores("so (uh) yes", "so yes", true, false, "3 0 0 0");
    assert_scores("so (uh) yes", "so yes", false, false, "2 0 1 0");
    assert_scores("so (uh) yes", "so uh yes", true, false, "3 0 0 0");
    assert_scores("so (uh) yes", "so er yes", true, false, "2 1 0 0");
    assert_scores("so yes", "so (uh) yes", true, false, "2 0 0 0");
    assert_scores("so yes", "so (uh) yes", false, false, "2 0 0 1");
    assert_scores("(uh)", "", true, false, "1 0 0 0");
}

static void fragments(void **state)
{
    (void)state;
    assert_scores("the mo- mold", "the mole mold", false, true, "3 0 0 0");
    assert_scores("the mo- mold", "the mole mold", false, false, "2 1 0 0");
    assert_scores("the mo- mold", "the MO mold", false, true, "3 0 0 0");
    assert_scores("-old x", "mold x", false, true, "2 0 0 0");
    assert_scores("-old x", "bolt x", false, true, "1 1 0 0");
    assert_scores("the mole", "the mo-", false, true, "1 1 0 0");
    assert_scores("- x", "y x", false, true, "1 1 0 0");
    assert_scores("the (mo-) x", "the x", true, true, "3 0 0 0");
    assert_scores("the (mo-) x", "the mole x", true, true, "3 0 0 0");
}

// ---- bad files --------------------------------------------------------------------------------

static void refuses_bad_files(void **state)
{
    (void)state;
    assert_refuses("", TRANSCRIPT_ANY, "file: there are no utterances");
    assert_refuses(
        "a (u-1)\nb\n", TRANSCRIPT_ANY,
        "file: line 2: found \"b\", wanted words and (UTTERANCE-ID), as the lines before "
        "have them");
    assert_refuses("a (u-1)\nb (u-1)\n", TRANSCRIPT_ANY,
                   "file: line 2: utterance u-1 is here again, after line 1");
    assert_refuses("u-1 a\nu-2 b\nc (u-3)\n", TRANSCRIPT_ANY,
                   "file: line 3: found \"c (u-3)\", wanted a line without (UTTERANCE-ID), as the "
                   "lines before: forms are mixed, -ref-form or -hyp-form tells which it is");
    assert_refuses("u-1 a\n#!MLF!#\n", TRANSCRIPT_ANY,
                   "file: line 2: found \"#!MLF!#\", wanted a line of words: forms are mixed");
    assert_refuses("</s> a\n", TRANSCRIPT_KALDI,
                   "file: line 1: found \"</s>\", wanted an utterance's name");
#define HINT ": -marks none takes marks for words"
    assert_refuses("a { b (u-1)\n", TRANSCRIPT_TRN, "file: line 1: found { without }" HINT);
    assert_refuses("a } b (u-1)\n", TRANSCRIPT_TRN, "file: line 1: found } without {" HINT);
    assert_refuses("a b} (u-1)\n", TRANSCRIPT_TRN, "file: line 1: found } without {" HINT);
    assert_refuses("a {b (u-1)\n", TRANSCRIPT_TRN, "file: line 1: found { without }" HINT);
    assert_refuses(
        "{ a } b (u-1)\n", TRANSCRIPT_TRN,
        "file: line 1: found { } with one alternative, wanted two or more with / between" HINT);
    assert_refuses(
        "{a/c} b (u-1)\n", TRANSCRIPT_TRN,
        "file: line 1: found { } with one alternative, wanted two or more with / between" HINT);
    assert_refuses("{ a / } b (u-1)\n", TRANSCRIPT_TRN,
                   "file: line 1: found \"}\" after an empty alternative, wanted words or @" HINT);
    assert_refuses("a\n", TRANSCRIPT_MLF, "file: line 1: found \"a\", wanted #!MLF!#");
    assert_refuses("#!MLF!#\na\n", TRANSCRIPT_MLF,
                   "file: line 2: found \"a\", wanted \"PATTERN/UTTERANCE-ID.EXT\"");
    assert_refuses("#!MLF!#\n\"*/u.lab\"\na\n", TRANSCRIPT_MLF,
                   "file: line 3: the file ends within utterance u, wanted a full stop");
    assert_refuses("#!MLF!#\n\"*/u.lab\"\n\"a\n.\n", TRANSCRIPT_MLF,
                   "file: line 3: found \"\"a\", wanted a word that begins and ends with the same "
                   "quote");
}

static bool count_problem(void *context, const struct error *problem)
{
    (void)problem;
    ++*(int *)context;
    return true;
}

static void skips_bad_utterances(void **state)
{
    (void)state;
    int problems = 0;
    const struct transcript_rules rules = {.skip = count_problem, .context = &problems};
    assert_true(read_text("a (u-1)\nb\n{ c (u-3)\nd (u-1)\ne (u-5)\n", TRANSCRIPT_TRN, &rules));
    assert_int_equal(problems, 3);
    assert_int_equal(transcript.count, 3);
    assert_words("u-1", "a");
    assert_int_equal(transcript_find(&transcript, "u-3")->text.nodes, 0);
    assert_words("u-5", "e");
    done();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_every_form),
        cmocka_unit_test(recognises_by_all_lines),
        cmocka_unit_test(keeps_case_and_leaves_words_out),
        cmocka_unit_test(alternatives),
        cmocka_unit_test(words_with_braces),
        cmocka_unit_test(optional_words),
        cmocka_unit_test(fragments),
        cmocka_unit_test(refuses_bad_files),
        cmocka_unit_test(skips_bad_utterances),
    };
    return cmocka_run_group_tests(tests, scratch_enter, scratch_leave);
}
