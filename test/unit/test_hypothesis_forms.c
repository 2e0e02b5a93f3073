// Forms of n-best lists: recognition, what a line gives, what is refused; lists over files.
#include "testing.h"

#include "scratch.h"

#include "nbest/hypothesis.h"
#include "nbest/lists.h"

static void put(const char *name, const char *text)
{
    write_file(name, text, strlen(text));
}

// Reads the first hypothesis of a file.
static struct hypotheses *open_first(const char *text, struct hypothesis *hypothesis)
{
    struct error error = {""};
    put("list", text);
    struct hypotheses *hypotheses = hypotheses_open("list", &error);
    if (hypotheses == NULL)
        fail_msg("%s", error.text);
    if (!hypotheses_next(hypotheses, hypothesis)) {
        hypotheses_ok(hypotheses, &error);
        fail_msg("%s", error.text);
    }
    return hypotheses;
}

struct example {
    const char *text, *words;
    enum hypothesis_form form;
    double acoustic, language; // NAN: none
    const char *id;            // "": none
};

static const double bytelog = 1024 * 4.342727686266485e-05, ln = 0.4342944819032518;

static void forms_are_recognised(void **state)
{
    (void)state;
    const struct example example[] = {
        {"u1 a b\nu1 a\n", "a b", HYPOTHESIS_ID, 0, NAN, "u1"},
        {"u-2 a b\nu-3 a\n", "a b", HYPOTHESIS_ID, 0, NAN, "u-2"},
        {"u-1 a b\nu-1 a\n", "a b", HYPOTHESIS_ID, 0, NAN, "u-1"},
        {"u-1 <s> a b </s>\nu-2 a\n", "a b", HYPOTHESIS_KALDI, 0, NAN, "u"},
        {"sw-4-1 a b\nsw-5-1 a\n", "a b", HYPOTHESIS_KALDI, 0, NAN, "sw-4"},
        {"\n-10.5 -2.5 2 <s> a b </s>\n", "a b", HYPOTHESIS_SRILM, -10.5, -2.5, ""},
        {"-10.5\t-2.5\t2\ta b\n", "a b", HYPOTHESIS_SRILM, -10.5, -2.5, ""},
        {"NBestList1.0\n(-100) a b\n", "a b", HYPOTHESIS_NBEST1, -100 * bytelog, NAN, ""},
        {"NBestList2.0\n( -100 ) a ( st: 0 et: 1 g: -3 a: -7 ) x ( st: 0 et: 0.5 g: 0 a: -7 ) "
         "b ( st: 1.01 et: 2 g: -4 a: -1 )\n",
         "a b", HYPOTHESIS_NBEST2, -100 * bytelog, -7 * bytelog, ""},
        {"u\t-3.5\ta b\n", "a b", HYPOTHESIS_TABS, -3.5, NAN, "u"},
        {"7\t-3.5\t-2\t9\ta b\r\n", "a b", HYPOTHESIS_TABS, -3.5, -2, "7"},
        {"u\ta b\n", "a b", HYPOTHESIS_ID, 0, NAN, "u"},
        {"0 ||| a b ||| LM0= -10 d: 1 2 ||| -30\n", "a b", HYPOTHESIS_MOSES, -30 * ln, -10 * ln,
         "0"},
        {"0 ||| a b ||| LM0= -10 RNNLM= -20 ||| -30 ||| 0-0\n", "a b", HYPOTHESIS_MOSES, -30 * ln,
         -20 * ln, "0"},
        {"0 ||| ||| d= 1 ||| -30\n", "", HYPOTHESIS_MOSES, -30 * ln, NAN, "0"},
        {"u1 !SENT_START <s> a b !SENT_END </s>\n", "a b", HYPOTHESIS_ID, 0, NAN, "u1"},
        {"u1 a </s> <s> b </s> </s>\n", "a </s> <s> b", HYPOTHESIS_ID, 0, NAN, "u1"},
        {"-1 -2 2 !SENT_START a b !SENT_END\n", "a b", HYPOTHESIS_SRILM, -1, -2, ""},
        {"7 -10.5 -2.5 2 <s> a b </s>\n", "a b", HYPOTHESIS_ID_SRILM, -10.5, -2.5, "7"},
        {"7 -10.5 -2.5 2 a b\n", "-10.5 -2.5 2 a b", HYPOTHESIS_ID, 0, NAN, "7"},
        {"0 ||| a b\n", "a b", HYPOTHESIS_MOSES_WORDS, 0, NAN, "0"},
        {"0\t|||\ta b |||\n", "a b", HYPOTHESIS_MOSES_WORDS, 0, NAN, "0"},
        {"0 |||\n", "", HYPOTHESIS_MOSES_WORDS, 0, NAN, "0"},
        {"0 ||| a b ||| -1.25\n", "a b", HYPOTHESIS_MOSES_TOTAL, -1.25 * ln, NAN, "0"},
        {"0 ||| a b ||| -1.25 ||| -3\n", "a b", HYPOTHESIS_MOSES, -3 * ln, NAN, "0"},
        {"0 a ||| b\n", "a ||| b", HYPOTHESIS_ID, 0, NAN, "0"},
        {"u1 \xc3\xa4h \xe4h\n", "\xc3\xa4h \xe4h", HYPOTHESIS_ID, 0, NAN, "u1"},
    };
    for (size_t i = 0; i < sizeof example / sizeof *example; i++) {
        struct hypothesis found;
        struct hypotheses *hypotheses = open_first(example[i].text, &found);
        assert_int_equal(hypotheses_form(hypotheses), example[i].form);
        assert_string_equal(found.words, example[i].words);
        assert_int_equal(hypotheses_remark(hypotheses, NULL), example[i].form == HYPOTHESIS_KALDI);
        assert_near(found.acoustic, example[i].acoustic, 1e-12);
        assert_int_equal(isnan(found.language), isnan(example[i].language));
        if (!isnan(found.language))
            assert_near(found.language, example[i].language, 1e-12);
        assert_int_equal(found.id_length, strlen(example[i].id));
        assert_memory_equal(found.id != NULL ? found.id : "", example[i].id, found.id_length);
        hypotheses_close(hypotheses);
    }
}

static void bad_lines_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text, *message;
    } bad[] = {
        {"u1 a\n-1 -2 1 a\n", "list: line 2: found \"-1 -2 1 a\", wanted ID WORD WORD"},
        {"u1 a\nNBestList1.0\n(-3) a\n", "list: line 2: found \"NBestList1.0\""},
        {"u1 a\n0 ||| a ||| f= 1 ||| 2\n", "list: line 2"},
        {"u-1 a\nu-2 b\nv a\n", "list: line 3: found \"v a\", wanted UTTERANCE-N"},
        {"-1 -2 1 a\nnan -2 1 a\n", "list: line 2: found \"nan -2 1 a\", wanted ACOUSTIC"},
        {"-1 -2 1 a\n-1 -2\n", "list: line 2: found \"-1 -2\""},
        {"NBestList1.0\n(nan) a\n", "list: line 2"},
        {"NBestList1.0\n(-1) a\nNBestList1.0\nNBestList1.0\n(-1) a\n",
         "list: line 3: found the header of a list without hypotheses"},
        {"NBestList1.0\n", "list: line 1: found the header of a list without hypotheses"},
        {"NBestList2.0\n(-1) a ( st: 0 et: 1 g: nan )\n", "list: line 2"},
        {"u\t-1\ta\nu\tnan\ta\n", "list: line 2: found \"u?nan?a\", wanted ID TAB SCORE"},
        {"u\t-1\ta\nu\t\ta\n", "list: line 2"},
        {"u\t-1\ta\nu a\n", "list: line 2"},
        {"0 ||| a ||| f= 1 ||| 2\n0 ||| a ||| f= 1\n", "list: line 2"},
        {"0 ||| a\n0 ||| a ||| 1\n", "list: line 2: found \"0 ||| a ||| 1\", wanted ID ||| WORD"},
        {"0 ||| a ||| 1\n0 ||| a\n", "list: line 2"},
        {"0 ||| a ||| 1\n0 ||| a ||| f= 1 ||| 2\n", "list: line 2"},
        {"0 ||| a ||| 1\n0 a b\n", "list: line 2"},
        {"0 ||| a ||| f= 1 ||| 2\n0 ||| a ||| f= nan ||| 2\n", "list: line 2"},
        {"0 ||| a ||| f= 1 ||| 2\n0 ||| a ||| f= 1 ||| inf\n", "list: line 2"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct hypothesis hypothesis;
        struct error error = {""};
        put("list", bad[i].text);
        struct hypotheses *hypotheses = hypotheses_open("list", &error);
        assert_non_null(hypotheses);
        while (hypotheses_next(hypotheses, &hypothesis))
            ;
        assert_false(hypotheses_ok(hypotheses, &error));
        assert_contains(error.text, bad[i].message);
        hypotheses_close(hypotheses);
    }
}

// Names and sizes of all lists, "!" for one that is bad.
static char *describe(const char *path)
{
    static char text[512];
    struct nbest_list list = {0};
    struct error error = {""};
    const char *const paths[] = {path};
    struct list_reader *reader = list_reader_open(paths, 1, HYPOTHESIS_FORMS, NULL, &error);
    if (reader == NULL)
        fail_msg("%s", error.text);
    *text = '\0';
    for (enum list_result result; (result = list_reader_next(reader, &list, &error)) != LIST_END;) {
        assert_int_not_equal(result, LIST_FAILED);
        if (result == LIST_BAD)
            strcat(text, "! ");
        else
            sprintf(text + strlen(text), "%s:%zu ", nbest_list_text(&list, list.name), list.count);
    }
    nbest_list_free(&list);
    list_reader_close(reader);
    return text;
}

static void lists_go_on_behind_bad_ones(void **state)
{
    (void)state;
    static const struct {
        const char *text, *lists;
    } example[] = {
        {"u a\nu b\nv a\n", "u:2 v:1 "},
        {"u a\nu b\n-1 -2 1 x\nu c\nv a\nw a\n", "! v:1 w:1 "},
        {"u-1 a\nu-2 b\nv-1 c\nv d\nv-3 a\nw-1 a\n", "u:2 ! w:1 "},
        {"-1 -1 1 a\n-1 -1 1 b\n\n-1 -1 1 c\n", "list:2 list.2:1 "},
        {"-1 -1 1 a\nx\n-1 -1 1 b\n\n-1 -1 1 c\n", "! list.2:1 "},
        {"-1 -1 1 a\n\nx\n-1 -1 1 b\n\n-1 -1 1 c\n", "list:1 ! list.2:1 "},
        {"NBestList1.0\n(-1) a\nNBestList1.0\nNBestList1.0\n(-1) a\n", "list:1 ! list.2:1 "},
        {"NBestList1.0\nNBestList1.0\n(-1) a\n", "! list:1 "},
        {"NBestList1.0\nx\n(-1) a\n", "! "},
        {"u\t-1\ta\nu\tnan\tb\nv\t-1\ta\n", "! v:1 "},
        {"", "! "},
    };
    for (size_t i = 0; i < sizeof example / sizeof *example; i++) {
        put("list", example[i].text);
        assert_string_equal(describe("list"), example[i].lists);
    }
}

static void folders_and_lists_of_files(void **state)
{
    (void)state;
    assert_int_equal(mkdir("nbest", 0700), 0);
    put("nbest/b", "-1 -1 1 a\n");
    put("nbest/a", "-1 -1 1 a\n-1 -1 1 b\n");
    put("files", "nbest/b\n nbest/a \n");
    assert_string_equal(describe("nbest"), "a:2 b:1 ");
    assert_string_equal(describe("nbest/"), "a:2 b:1 ");
    assert_string_equal(describe("files"), "b:1 a:2 ");
    struct error error = {""};
    const char *path = "files";
    put("files", "nbest/b\nnbest/c\n");
    assert_null(list_reader_open(&path, 1, HYPOTHESIS_FORMS, NULL, &error));
    assert_contains(error.text, "files: line 2: found \"nbest/c\"");
    path = "missing";
    assert_null(list_reader_open(&path, 1, HYPOTHESIS_FORMS, NULL, &error));
    assert_contains(error.text, "cannot open missing");
}

static void costs_of_kaldi(void **state)
{
    (void)state;
    assert_int_equal(mkdir("archives", 0700), 0);
    put("archives/words_text", "u-1 a\nu-2 b\nv-1\n");
    put("archives/acwt", "u-1 10\nu-2 20\nv-1 30\n");
    put("archives/lmwt.lmonly", "u-1 1\nu-2 2\nv-1 3\n");
    struct nbest_list list = {0};
    struct error error = {""};
    const char *path = "archives";
    struct list_reader *reader = list_reader_open(&path, 1, HYPOTHESIS_FORMS, NULL, &error);
    assert_non_null(reader);
    assert_int_equal(list_reader_next(reader, &list, &error), LIST_READ);
    assert_int_equal(list.count, 2);
    assert_near(list.hypothesis[1].acoustic, -20 * ln, 1e-12);
    assert_near(list.hypothesis[1].language, -2 * ln, 1e-12);
    assert_near(list.hypothesis[1].graph, 0, 0);
    assert_int_equal(list_reader_next(reader, &list, &error), LIST_READ);
    assert_int_equal(list.hypothesis[0].count, 0);
    assert_int_equal(list_reader_next(reader, &list, &error), LIST_END);
    list_reader_close(reader);
    static const char *const bad[] = {"u-1 10\nu-2 20\n", "u-1 10\nu-2 nan\n", "u-1\n",
                                      "u-1 1\nu-1 2\n", "u-1 1 2\n"};
    static const char *const message[] = {"utterance v: archives/acwt has no cost of v-1",
                                          "archives/acwt: line 2", "archives/acwt: line 1",
                                          "archives/acwt: line 2: found \"u-1\" for the second",
                                          "archives/acwt: line 1"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        put("archives/acwt", bad[i]);
        reader = list_reader_open(&path, 1, HYPOTHESIS_FORMS, NULL, &error);
        assert_non_null(reader);
        enum list_result result;
        while ((result = list_reader_next(reader, &list, &error)) == LIST_READ)
            ;
        assert_int_equal(result, LIST_BAD);
        assert_contains(error.text, message[i]);
        list_reader_close(reader);
    }
    nbest_list_free(&list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forms_are_recognised),
        cmocka_unit_test(bad_lines_are_refused),
        cmocka_unit_test(lists_go_on_behind_bad_ones),
        cmocka_unit_test(folders_and_lists_of_files),
        cmocka_unit_test(costs_of_kaldi),
    };
    return cmocka_run_group_tests(tests, scratch_enter, scratch_leave);
}
