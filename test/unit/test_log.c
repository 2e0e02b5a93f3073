// Logs of trainings, and pages made of them: what is written is read again, what is none is refused,
// and nothing of it becomes a page's own.
#include "testing.h"

#include "report/chart.h"
#include "report/learning_page.h"
#include "scratch.h"

static const char HEAD[] = "words\tseconds\tname\tvalue\n0\t0.000\tlog\t1\n";

static void refused(const char *text, const char *message)
{
    struct log log = {0};
    struct error error = {""};
    write_file("bad.log", text, strlen(text));
    assert_false(log_read(&log, "bad.log", &error));
    assert_contains(error.text, "bad.log: ");
    assert_contains(error.text, message);
    log_free(&log);
    assert_false(log_may_be("bad.log", &error));
}

static void test_bad_logs(void **unused)
{
    (void)unused;
    char text[200];
    refused("", "no log of a training");
    refused("Iter: 1\n", "no log of a training");
    refused("words\tseconds\tname\tvalue\n", "no rows");
    refused("words\tseconds\tname\tvalue\n0\t0\tlog\t2\n",
            "line 2: version of the log: found \"log 2\"");
    refused("words\tseconds\tname\tvalue\n0\t0\tgo\t1\n", "found \"go 1\", wanted \"log 1\"");
    const char *const rows[] = {"5\t1\ttrain.bits", "5\t1",         "5",          "",
                                "x\t1\ta\tb",       "-1\t1\ta\tb",  "1\tx\ta\tb", "1\t-1\ta\tb",
                                "1\tinf\ta\tb",     "1e30\t1\ta\tb"};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        snprintf(text, sizeof text, "%s%s\n", HEAD, rows[i]);
        refused(text, "line 3: found no row");
    }
    struct error error;
    struct log log = {0};
    assert_false(log_read(&log, "missing.log", &error));
    assert_contains(error.text, "cannot open missing.log");
    assert_true(log_may_be("missing.log", &error));
    assert_false(log_may_be(".", &error));
}

static void test_rows(void **unused)
{
    (void)unused;
    struct log log = {0}, again = {0};
    struct error error;
    double number[3];
    assert_true(log_add(&log, 0, 0, "log", "%d", LOG_VERSION));
    assert_true(log_add(&log, 7, 1.5, "a.b", "%g %g", 0.25, -3.0));
    assert_true(log_add(&log, UINT32_MAX + (uint64_t)9, 1e6, "sample", "x\ty\nz%s", " \xc3\xa9"));
    assert_true(log_add(&log, 8, 2, "a.b", "4 x 5"));
    assert_true(log_write(&log, "good.log", &error));
    assert_file_holds("good.log",
                      "words\tseconds\tname\tvalue\n0\t0.000\tlog\t1\n7\t1.500\ta.b\t0.25 -3\n"
                      "4294967304\t1000000.000\tsample\tx y z \xc3\xa9\n8\t2.000\ta.b\t4 x 5\n");
    assert_true(log_may_be("good.log", &error));
    assert_true(log_read(&again, "good.log", &error));
    assert_int_equal(again.count, 4);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(again.row[i].words, log.row[i].words);
        assert_true(again.row[i].seconds == log.row[i].seconds);
        assert_string_equal(again.row[i].name, log.row[i].name);
        assert_string_equal(again.row[i].value, log.row[i].value);
    }
    assert_int_equal(log_numbers(&again.row[1], number, 3), 2);
    assert_true(number[0] == 0.25 && number[1] == -3);
    assert_int_equal(log_numbers(&again.row[1], number, 1), 1);
    assert_int_equal(log_numbers(&again.row[3], number, 3), 1);
    assert_ptr_equal(log_last(&again, "a.b"), &again.row[3]);
    assert_null(log_last(&again, "a"));
    assert_string_equal(log_name_behind(&again.row[1], "a."), "b");
    assert_null(log_name_behind(&again.row[1], "b"));
    log_free(&log);
    log_free(&again);
}

static bool is_late(const void *words, const struct log_row *row)
{
    return row->words > *(const uint64_t *)words;
}

static void test_dropping(void **unused)
{
    (void)unused;
    struct log log = {0};
    const uint64_t words = 4;
    for (uint64_t i = 0; i < 10; i++)
        assert_true(log_add(&log, i * 3 % 10, 0, "n", "%d", (int)i));
    log_drop(&log, is_late, &words);
    assert_int_equal(log.count, 5);
    for (size_t i = 0; i < log.count; i++)
        assert_true(log.row[i].words <= words);
    assert_string_equal(log.row[1].value, "1");
    log_free(&log);
}

// ---- numbers ----------------------------------------------------------------------------------

static void test_numbers(void **unused)
{
    (void)unused;
    char text[CHART_NUMBER];
    const struct {
        double value;
        const char *wanted;
    } numbers[] = {{0, "0"},
                   {1.5, "1.5"},
                   {123.456, "123.5"},
                   {1234, "1234"},
                   {12345.4, "12,345"},
                   {123456, "123,456"},
                   {1e6, "1,000,000"},
                   {-1234567, "-1,234,567"},
                   {-123456, "-123,456"},
                   {1e-5, "1e-05"},
                   {1e15, "1000000000000000"},
                   {NAN, "nan"}};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        assert_string_equal(chart_number(text, numbers[i].value), numbers[i].wanted);
    const struct {
        double value;
        const char *wanted;
    } times[] = {{0.25, "0.2 s"},        {9.5, "9.5 s"},       {42.3, "42 s"},
                 {59.4, "59 s"},         {59.6, "1 min 00 s"}, {125, "2 min 05 s"},
                 {3599.7, "1 h 00 min"}, {7260, "2 h 01 min"}};
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++)
        assert_string_equal(chart_time(text, times[i].value), times[i].wanted);
}

// ---- pages ------------------------------------------------------------------------------------

static char *page_of(const struct log *log, size_t logs, int reload)
{
    struct error error;
    size_t size;
    struct learning_log of[3];
    for (size_t i = 0; i < logs; i++)
        of[i] = (struct learning_log){i == 0   ? "one & <two>"
                                      : i == 1 ? "second"
                                               : "third",
                                      &log[i]};
    unlink("page.html");
    struct output *output = output_open("page.html", &error);
    assert_non_null(output);
    assert_true(learning_page_write(output, of, logs, reload, &error));
    assert_true(output_commit(output, &error));
    return read_whole("page.html", false, &size);
}

static size_t occurrences(const char *text, const char *part)
{
    size_t count = 0;
    for (; (text = strstr(text, part)) != NULL; text += strlen(part))
        count++;
    return count;
}

static void add_curves(struct log *log, double factor)
{
    assert_true(log_add(log, 0, 0, "setting.layers", "lstm:%g", factor));
    assert_true(log_add(log, 0, 0, "setting.same", "in all"));
    assert_true(log_add(log, 0, 0, "command", "rnnlm -train '<x>'"));
    for (int i = 1; i <= 4; i++) {
        assert_true(log_add(log, (uint64_t)i * 10000, i * 30, "train.bits", "%g", 9 - i * factor));
        assert_true(log_add(log, (uint64_t)i * 10000, i * 30, "alpha", "0.1"));
        assert_true(
            log_add(log, (uint64_t)i * 10000, i * 30, "epoch.valid.bits", "%g", 8 - i * factor));
        assert_true(log_add(log, (uint64_t)i * 10000, i * 30, "gradient.layer0.input", "%d", i));
        assert_true(
            log_add(log, (uint64_t)i * 10000, i * 30, "error.layer0.lstm", "1 0.5 %g 0", 0.25 * i));
    }
}

static void test_learning_page(void **unused)
{
    (void)unused;
    struct log log = {0};
    add_curves(&log, 1);
    assert_true(log_add(&log, 40000, 120, "map.<b>", "1 2"));
    assert_true(log_add(&log, 40000, 120, "map.\xff\xc3\xa9\xed\xa0\x80", "2 1"));
    assert_true(log_add(&log, 40000, 120, "sample", "a <i> \xe3\x81\x82 </s> b"));
    char *page = page_of(&log, 1, 5);
    assert_contains(page, "http-equiv=\"refresh\" content=\"5\"");
    assert_contains(page, "<h1>one &#38; &#60;two&#62;</h1>");
    assert_contains(page, ">16</div><p>validation perplexity<");
    assert_contains(page, ">40,000</div><p>words learnt, in 2 min 00 s<");
    assert_contains(page, "20,000 words of the training text|7 bits, perplexity 128");
    assert_contains(page, "1 min 30 s |5 bits, perplexity 32");
    assert_contains(page, "data-name=\"layer0.lstm, at first\"");
    assert_contains(page, "<td>layer0.input<td>");
    assert_contains(page, ">&#60;b&#62;</text>");
    assert_contains(page, ">\xef\xbf\xbd\xc3\xa9\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd</text>");
    assert_contains(page, "<blockquote>a &#60;i&#62; \xe3\x81\x82<br> b</blockquote>");
    assert_contains(page, "rnnlm -train '&#60;x&#62;'");
    assert_contains(page, "<tr><td>layers<td>lstm:1</tr>");
    assert_null(strstr(page, "<i> "));
    assert_null(strstr(page, "http://")); // nothing from elsewhere
    assert_null(strstr(page, "https://"));
    free(page);
    page = page_of(&log, 1, 0);
    assert_null(strstr(page, "refresh"));
    free(page);
    log_free(&log);
}

static void test_comparison(void **unused)
{
    (void)unused;
    struct log log[3] = {{0}};
    for (size_t i = 0; i < 3; i++)
        add_curves(&log[i], i == 1 ? 1.5 : 1);
    char *page = page_of(log, 3, 0);
    assert_int_equal(occurrences(page, "<tr class=\"best\">"), 1);
    assert_contains(page, "<tr class=\"best\"><td>second<td class=\"n\">2<td class=\"n\">4<");
    assert_contains(page, "<tr><td>layers<td>lstm:1<td>lstm:1.5<td>lstm:1</tr>");
    assert_null(strstr(page, "in all")); // a setting that does not differ
    assert_int_equal(occurrences(page, "data-name=\"second, validation\""), 2);
    assert_int_equal(occurrences(page, "data-name=\"third\""), 2); // rate, and error through time
    free(page);
    for (size_t i = 0; i < 3; i++)
        log_free(&log[i]);
}

// Whatever figures there are, the picture ends.
static void test_odd_figures(void **unused)
{
    (void)unused;
    const char *const value[] = {"1e300", "-1e300", "nan", "inf",  "",
                                 "x",     "1e-320", "0",   "1e17", "100000000000000016"};
    for (int round = 0; round < 60; round++) {
        struct log log = {0};
        for (int i = 0; i < 6; i++) {
            const char *const name[] = {"train.bits",       "alpha",   "speed",
                                        "epoch.valid.bits", "error.a", "gradient.a",
                                        "activation.a",     "map.a"};
            for (size_t n = 0; n < sizeof name / sizeof name[0]; n++)
                assert_true(log_add(&log, round % 3 ? (uint64_t)i : UINT32_MAX,
                                    round % 2 ? i : 1e17 + 16 * i, name[n], "%s %s",
                                    value[(round * 7 + i * 3 + (int)n) % 10],
                                    value[(round + i) % 10]));
        }
        char *page = page_of(&log, 1, 0);
        assert_contains(page, "</html>");
        const char *const none[] = {"\"nan", "\"inf", "\"-nan", "\"-inf", "inf,",
                                    ",inf",  "nan,",  ",nan",   ",-"};
        for (size_t i = 0; i < sizeof none / sizeof none[0]; i++)
            if (strstr(page, none[i]) != NULL)
                fail_msg("%.100s", strstr(page, none[i]));
        free(page);
        log_free(&log);
    }
    struct log empty = {0};
    char *page = page_of(&empty, 1, 0);
    assert_contains(page, "</html>");
    free(page);
}

static void test_no_memory(void **unused)
{
    (void)unused;
    struct log log[2] = {{0}}, again = {0};
    struct error error;
    bool done = false;
    add_curves(&log[0], 1);
    add_curves(&log[1], 2);
    struct log head = {0};
    assert_true(log_add(&head, 0, 0, "log", "1"));
    assert_true(log_add(&head, 0, 0, "a", "1"));
    assert_true(log_write(&head, "good.log", &error));
    log_free(&head);
    for (int failures = 0; !done; failures++) {
        const struct learning_log of[2] = {{"a", &log[0]}, {"b", &log[1]}};
        struct output *output = output_open("page.html", &error);
        error.text[0] = '\0';
        memory_fail_after(failures);
        done = learning_page_write(output, of, 1 + (size_t)failures % 2, 0, &error) &&
               learning_page_write(output, of, 2, 0, &error) &&
               log_read(&again, "good.log", &error);
        memory_fail_after(-1);
        output_discard(output);
        log_free(&again);
        if (!done)
            assert_contains(error.text, "not enough memory");
        assert_true(failures < 1000);
    }
    log_free(&log[0]);
    log_free(&log[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bad_logs),      cmocka_unit_test(test_rows),
        cmocka_unit_test(test_dropping),      cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_learning_page), cmocka_unit_test(test_comparison),
        cmocka_unit_test(test_odd_figures),   cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, scratch_enter, scratch_leave);
}
