// NIST's global mapping rules.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "scratch.h"

#include "base/memory.h"
#include "wer/glm.h"

static struct error error;

static struct glm *open_rules(const char *rules)
{
    write_file("rules", rules, strlen(rules));
    return glm_open("rules", &error);
}

static void assert_maps_as(const char *rules, const char *text, bool optional, bool hyphens,
                           const char *wanted)
{
    struct glm *glm = rules != NULL ? open_rules(rules) : NULL;
    char *out = NULL;
    size_t room = 0, length;
    if (rules != NULL && glm == NULL)
        fail_msg("%s", error.text);
    assert_true(glm_apply(glm, (struct span){text, strlen(text)}, optional, hyphens, &out, &room,
                          &length, &error));
    assert_string_equal(out, wanted);
    assert_int_equal(length, strlen(wanted));
    free(out);
    glm_close(glm);
}

static void assert_maps(const char *rules, const char *text, const char *wanted)
{
    assert_maps_as(rules, text, true, false, wanted);
}

#define WORD " / [ ] __ [ ]\n"

static void first_rule_that_fits(void **state)
{
    (void)state;
    assert_maps("[a] => [y]" WORD "[a b] => [x]" WORD, "a b a c a", "y b y c y");
    assert_maps("[a b] => [x]" WORD "[a] => [y]" WORD, "a b a c a", "x y c y");
    assert_maps("[aa] => [1]\n[aaa] => [2]\n", "aaa aaaa", "1a 11");
    assert_maps("[aaa] => [2]\n[aa] => [1]\n", "aaa aaaa", "2 2a");
    assert_maps("[a] => [b]" WORD "[b] => [c]" WORD, "a b a", "b c b"); // not looked at again
    assert_maps(";; nothing\n\n", " a  b\t", "a b");
    assert_maps("a => b\n", "", "");
}

static void contexts(void **state)
{
    (void)state;
    assert_maps("[a] => [b]" WORD, "a a ba ab {a a", "b b ba ab {a b");
    assert_maps("[a] => [b] / [x ] __ [ ]\n", "x a y a xa a", "x b y a xa a");
    assert_maps("a => b / [ ] __\n", "a ba ab", "b ba bb");
    assert_maps("a => b / __ c\n", "a ac ba ab", "a bc ba ab");
    assert_maps("a => b / c __ \n", "a ca ac", "a cb ac");
    assert_maps("[ing] => [in'] / __ [ ]\n", "going ing singing song", "goin' in' singin' song");
}

static void forms_of_rules(void **state)
{
    (void)state;
    assert_maps("a b => c\n", "a b  a  b", "c c");
    assert_maps("[a] => {b / c d}" WORD, "a ba", "{b / c d} ba");
    assert_maps("[a] => [{ b / c d }]" WORD, "a ba a", "{ b / c d } ba { b / c d }");
    assert_maps("[a] => { b / c d }\n", "a", "{ b / c d }");
    assert_maps("[a] => []" WORD, "a b a", "b");
    assert_maps("[-] => [ ]\n", "well-known - x", "well known x");
    assert_maps("[a] => [b] ;; why\n[x] => [y]" WORD, "a x", "b y");
    assert_maps("%x => y;;\n", "%x x%x", "y;; xy;;");
    assert_maps("[a]=>[c]\n", "a", "c");
}

static void upper_and_lower_case(void **state)
{
    (void)state;
    assert_maps(";;\n* name = \"t\"\n* case_sensitive = 'F'\n[Ab] => [cD]\n", "ab AB x", "cD cD x");
    assert_maps("* case_sensitive = 'T'\n[Ab] => [cD]\n", "ab AB Ab", "ab AB cD");
    assert_maps("[Ab] => [cD]\n", "aB", "cD");
    assert_maps("[x] => [y] / [Z ] __\n", "z x", "z y");
}

static void optional_words(void **state)
{
    (void)state;
    const char *rules =
        "[ab] => [a b]" WORD "[uh] => [um]" WORD "[no] => {x / y z}" WORD "[gone] => []" WORD;
    assert_maps(rules, "ab {ab / c} { ab / c } (ab) ab- -ab",
                "a b {ab / c} { a b / c } (a) (b) ab- -ab");
    assert_maps(rules, "(uh) (x) uh (gone) end", "(um) (x) um end");
    assert_maps_as(rules, "(uh) uh", false, false, "(uh) um");
    assert_maps("[a b] => [c]" WORD, "a (x) b a b", "a (x) b c");
    assert_maps("[a] => [b]" WORD, "(a)(a) (a)", "(a)(a) (b)"); // the first is just a word
}

static void hyphens(void **state)
{
    (void)state;
    assert_maps_as(NULL, "well-known um- -x a--b - a-b-c", true, true,
                   "well known um- -x a -b - a b c");
    assert_maps_as("[well-known] => [x]" WORD "[known] => [y]" WORD, "well-known (well-known)",
                   true, true, "x (x)"); // behind the rules
    assert_maps_as(NULL, "(uh-huh)", true, true, "(uh) (huh)");
    assert_maps_as(NULL, "a-b", true, false, "a-b");
}

static void assert_refuses(const char *rules, const char *message)
{
    assert_null(open_rules(rules));
    assert_string_equal(error.text, message);
}

static void bad_rules(void **state)
{
    (void)state;
    const char *wanted = "wanted [INPUT] => [OUTPUT] / [LEFT] __ [RIGHT]";
    static const char *const bad[] = {"nonsense",
                                      "[a => b",
                                      "[] => b",
                                      " => b",
                                      "[a] b => c",
                                      "[a] => [b",
                                      "[a] => [b] c",
                                      "[a] => {b / c",
                                      "[a] => [b] / [c]",
                                      "[a] => b / c _ d",
                                      "[a] => [b] / [c] x __",
                                      "[a] => b / [ ] __ [ ] x"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char rules[80], message[200];
        snprintf(rules, sizeof rules, ";; x\n%s\n", bad[i]);
        const char *shown = bad[i] + (*bad[i] == ' ');
        snprintf(message, sizeof message, "rules: line 2: found \"%s\", %s", shown, wanted);
        assert_refuses(rules, message);
    }
    assert_null(glm_open("nowhere", &error));
    glm_close(NULL);
}

static void memory_may_run_out(void **state)
{
    (void)state;
    const char *rules = "[a] => [b]\n[c] => {d / e}" WORD, *text = "a (c) c";
    write_file("rules", rules, strlen(rules));
    bool ok = false;
    for (int64_t count = 0; !ok; count++) {
        char *out = NULL;
        size_t room = 0, length;
        assert_true(count < 100);
        memory_fail_after(count);
        struct glm *glm = glm_open("rules", &error);
        ok = glm != NULL && glm_apply(glm, (struct span){text, strlen(text)}, true, true, &out,
                                      &room, &length, &error);
        memory_fail_after(-1);
        glm_close(glm);
        free(out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_rule_that_fits),
        cmocka_unit_test(contexts),
        cmocka_unit_test(forms_of_rules),
        cmocka_unit_test(upper_and_lower_case),
        cmocka_unit_test(optional_words),
        cmocka_unit_test(hyphens),
        cmocka_unit_test(bad_rules),
        cmocka_unit_test(memory_may_run_out),
    };
    return cmocka_run_group_tests_name("glm", tests, scratch_enter, scratch_leave);
}
