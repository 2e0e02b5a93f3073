// Transcripts in their forms, NIST's marks scored as sclite scores them, and bad files.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "scratch.h"

#include "base/random.h"
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
    // "No word" is free, and an insertion is lighter than a substitution. (The report of detailed
    // alignments in sclite's manual has 4 3 0 1 for the second; the program finds this.)
    assert_scores(manual, "i've er as far as i'm concerned", false, false, "6 0 0 1");
    assert_scores(manual, "they pride about as far as i'm i", false, false, "4 2 0 2");
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
    assert_scores("the mole", "the mo-", false, true, "2 0 0 0");
    assert_scores("the mo- x", "the m- x", false, true, "2 1 0 0");
    assert_scores("the m- x", "the mo- x", false, true, "3 0 0 0");
    assert_scores("- x", "y x", false, true, "1 1 0 0");
    assert_scores("the (mo-) x", "the x", true, true, "3 0 0 0");
    assert_scores("the (mo-) x", "the mole x", true, true, "3 0 0 0");
}

// ---- characters -------------------------------------------------------------------------------

// Levenshtein's distance by its definition.
static int distance(const int *a, int m, const int *b, int n)
{
    if (m == 0 || n == 0)
        return m + n;
    int pair = distance(a, m - 1, b, n - 1) + (a[m - 1] != b[n - 1]);
    int less = distance(a, m - 1, b, n), more = distance(a, m, b, n - 1);
    less = 1 + (less < more ? less : more);
    return pair < less ? pair : less;
}

// Letters of one, two, three and four bytes, and one that is no UTF-8; a blank anywhere.
static int random_letters(struct random *random, char *text, int *letter)
{
    static const char *const letters[] = {
        "a", "b", "\303\251", "\346\227\245", "\360\237\230\200", "\351"};
    int count = 1 + (int)(random_next(random) % 5);
    *text = '\0';
    for (int i = 0; i < count; i++) {
        letter[i] = (int)(random_next(random) % 6);
        strcat(text, letters[letter[i]]);
        strcat(text, random_next(random) % 3 == 0 ? " " : "");
    }
    return count;
}

static void characters_agree_with_brute_force(void **state)
{
    (void)state;
    const struct transcript_rules rules = {.characters = true, .case_sensitive = true};
    struct random random;
    random_seed(&random, 1);
    for (int round = 0; round < 300; round++) {
        char reference[60], hypothesis[60], text[160];
        int a[8], b[8], m = random_letters(&random, reference, a),
                        n = random_letters(&random, hypothesis, b);
        struct alignment alignment = {0};
        snprintf(text, sizeof text, "%s(r-1)\n%s(h-1)\n", reference, hypothesis);
        assert_true(read_text(text, TRANSCRIPT_TRN, &rules));
        assert_true(alignment_find(&alignment, &transcript.utterance[0].text,
                                   &transcript.utterance[1].text, &alignment_unweighted, &words,
                                   &error));
        assert_int_equal(alignment.correct + alignment.substitutions + alignment.deletions, m);
        assert_int_equal(alignment.substitutions + alignment.deletions + alignment.insertions,
                         distance(a, m, b, n));
        alignment_free(&alignment);
        done();
    }
}

// ---- times ------------------------------------------------------------------------------------

static const char stm[] = ";; remark\na 1 ann 1.0 2.0 <o,f> one two\na 1 bob 4.0 6.00 three\n"
                          "a 1 ann 5.0 7.0\na 1 bob 8 9 IGNORE_TIME_SEGMENT_IN_SCORING\n"
                          "a 1 ann 10.0 11.0 five\nB A bob 0.0 3.0 { six / @ } seven\n";

static void reads_segments(void **state)
{
    (void)state;
    const struct transcript_rules rules = {.marks = TRANSCRIPT_MARKS_TRN};
    assert_true(read_text(stm, TRANSCRIPT_ANY, &rules));
    assert_int_equal(transcript.form, TRANSCRIPT_STM);
    assert_int_equal(transcript.count, 5);
    assert_words("ann-000", "one two");
    assert_words("bob-000", "three");
    assert_words("ann-001", "");
    assert_words("ann-002", "five");
    assert_string_equal(transcript_speaker(&transcript, transcript_find(&transcript, "bob-001")),
                        "bob");
    assert_int_equal(transcript.channel_count, 2);
    done();
    // Numbers without a point are words.
    assert_reads("u1 1 2 3 4 5\nu2 5 4 3 4 5\n", TRANSCRIPT_KALDI, "u2", "5 4 3 4 5");
}

// Reads a CTM, divided by the STM above, whose transcript goes to *reference.
static bool read_divided(const char *ctm, enum transcript_form form, struct transcript *reference)
{
    struct transcript_rules rules = {.marks = TRANSCRIPT_MARKS_TRN, .segments = reference};
    assert_true(read_text(stm, TRANSCRIPT_ANY, &rules));
    *reference = transcript;
    write_file("file", ctm, strlen(ctm));
    return transcript_read(&transcript, "file", form, TRANSCRIPT_STM, &rules, &words, &error);
}

// Compares the words of an utterance.
static void assert_divided(const char *ctm, const char *id, const char *wanted)
{
    struct transcript reference;
    if (!read_divided(ctm, TRANSCRIPT_ANY, &reference))
        fail_msg("%s", error.text);
    assert_int_equal(transcript.form, TRANSCRIPT_CTM);
    assert_words(id, wanted);
    transcript_free(&reference);
    done();
}

static void divides_words_by_segments(void **state)
{
    (void)state;
    const char *ctm = "a 1 0.1 0.2 early\na 1 1.1 0.2 one 0.9\na 1 2.1 0.2 gap\n"
                      "a 1 5.5 0.2 both\na 1 5.9 0.2 edge\na 1 6.5 0.1 over\n"
                      "a 1 7.5 0.2 lost\na 1 8.2 0.2 ignored\na 1 9.3 0.2 gap\n"
                      "a 1 20 0.2 late\n";
    assert_divided(ctm, "ann-000", "early one");
    assert_divided(ctm, "bob-000", "gap both");
    assert_divided(ctm, "ann-001", "edge over");
    assert_divided(ctm, "ann-002", "gap late");
    // A word does not go back behind the one before it.
    assert_divided("a 1 1.5 1.2 long\na 1 1.6 0.1 short\n", "ann-000", "");
    assert_divided("a 1 1.5 1.2 long\na 1 1.6 0.1 short\n", "bob-000", "long short");
    // Nor do floats move what lies on an end: 6.00 - 5.9 / 2 as sclite has it.
    assert_divided("a 1 5.98 0.02 in\na 1 5.99 0.02 out\n", "bob-000", "in");
    // Other letters of the channel; one of which there is nothing has no utterances.
    assert_divided("b a 0.5 0.1 x\n", "bob-001", "x");
}

static void alternatives_stay_together(void **state)
{
    (void)state;
    // Where their last word is, and before nothing that stands behind them.
    assert_divided("a 1 * * <ALT_BEGIN>\na 1 1.9 0.1 do\na 1 2.0 0.2 not\na 1 * * <ALT>\n"
                   "a 1 1.8 0.2 don't\na 1 * * <ALT_END>\na 1 1.9 0.1 x\n",
                   "ann-000", "");
    struct alignment alignment = {0};
    struct transcript reference;
    assert_true(read_divided("a 1 * * <ALT_BEGIN>\na 1 1.1 0.1 won\na 1 * * <ALT>\n"
                             "a 1 1.1 0.2 one\na 1 * * <ALT_END>\na 1 1.4 0.1 two\n",
                             TRANSCRIPT_CTM, &reference));
    assert_true(alignment_find(&alignment, &reference.utterance[0].text,
                               &transcript.utterance[0].text, &alignment_sclite, &words, &error));
    assert_int_equal(alignment.correct, 2);
    assert_int_equal(alignment.weight, 0);
    alignment_free(&alignment);
    transcript_free(&reference);
    done();
}

static void assert_refuses_words(const char *ctm, const char *message)
{
    struct transcript reference;
    assert_false(read_divided(ctm, TRANSCRIPT_CTM, &reference));
    assert_string_equal(error.text, message);
    transcript_free(&reference);
    done();
}

static void refuses_bad_times(void **state)
{
    (void)state;
    assert_refuses("a 1 s 2.0 3.0 x\na 1 s 1.5 2 y\n", TRANSCRIPT_ANY,
                   "file: line 2: found a segment that begins at 1.5 after one at 2, wanted those "
                   "of a channel sorted: sort -k1,1 -k2,2 -k4,4n");
    assert_refuses("a 1 s 2.0 1.0 x\n", TRANSCRIPT_STM,
                   "file: line 1: found \"a 1 s 2.0 1.0 x\", wanted FILE CHANNEL SPEAKER BEGIN END "
                   "WORD ...");
    assert_refuses("a 1 </s> 1.0 2.0 x\n", TRANSCRIPT_STM,
                   "file: line 1: found the speaker \"</s>\", wanted another name");
    assert_refuses("a 1 1.0 2.0 x\n", TRANSCRIPT_ANY,
                   "file: found words with times (ctm), wanted a reference: stm");
    assert_refuses_words(
        "a 1 2.0 0.1 x\na 1 1.5 0.1 y\n",
        "file: line 2: found a word that begins at 1.5 after one at 2, wanted those "
        "of a channel sorted: sort -k1,1 -k2,2 -k3,3n");
    assert_refuses_words("a 2 2.0 0.1 x\n",
                         "file: line 1: found file and channel \"a 2\", which file has not");
    assert_refuses_words("a 1 2.0 -0.1 x\n",
                         "file: line 1: found \"a 1 2.0 -0.1 x\", wanted FILE CHANNEL BEGIN "
                         "DURATION WORD [CONFIDENCE]");
    assert_refuses_words("a 1 * * <ALT>\n",
                         "file: line 1: found \"a 1 * * <ALT>\", wanted <ALT_BEGIN> before");
    assert_refuses_words("a 1 * * <ALT_BEGIN>\na 1 * * <ALT_BEGIN>\n",
                         "file: line 2: found \"a 1 * * <ALT_BEGIN>\", wanted <ALT_END> before");
    assert_refuses_words("a 1 * * <ALT_BEGIN>\na 1 1.0 0.1 x\n",
                         "file: line 2: found the end of the file, wanted <ALT_END>");
    assert_refuses_words("a 1 * * <ALT_BEGIN>\na 1 1.0 0.1 x\na 1 * * <ALT_END>\n",
                         "file: line 3: found { } with one alternative, wanted two or more with / "
                         "between: -marks none takes marks for words");
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
        cmocka_unit_test(characters_agree_with_brute_force),
        cmocka_unit_test(reads_segments),
        cmocka_unit_test(divides_words_by_segments),
        cmocka_unit_test(alternatives_stay_together),
        cmocka_unit_test(refuses_bad_times),
        cmocka_unit_test(refuses_bad_files),
        cmocka_unit_test(skips_bad_utterances),
    };
    return cmocka_run_group_tests(tests, scratch_enter, scratch_leave);
}
