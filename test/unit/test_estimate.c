// Estimation of n-gram models: discounts, normalisation, cut-offs, pruning, the same from disk as
// from memory; failing allocations and bad input.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/random.h"
#include "ngram/counts_write.h"
#include "ngram/estimate.h"
#include "text/word_cut.h"

static char folder[] = "/tmp/test_estimate_XXXXXX";
static char text_path[64], model_path[64], other_path[64];
static struct random generator;

static int make_folder(void **state)
{
    (void)state;
    if (mkdtemp(folder) == NULL)
        return -1;
    snprintf(text_path, sizeof text_path, "%s/text", folder);
    snprintf(model_path, sizeof model_path, "%s/model.arpa", folder);
    snprintf(other_path, sizeof other_path, "%s/other.arpa", folder);
    random_seed(&generator, 7);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    unlink(text_path);
    unlink(model_path);
    unlink(other_path);
    return rmdir(folder);
}

static void assert_near(double value, double wanted)
{
    assert_true(fabs(value - wanted) < 1e-12);
}

static void write_file(const char *path, const char *content, size_t size)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(content, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

static void write_text(const char *content)
{
    write_file(text_path, content, strlen(content));
}

static char *read_file(const char *path, size_t *size)
{
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    fseek(file, 0, SEEK_END);
    *size = (size_t)ftell(file);
    rewind(file);
    char *content = malloc(*size + 1);
    assert_non_null(content);
    assert_int_equal(fread(content, 1, *size, file), *size);
    content[*size] = '\0';
    fclose(file);
    return content;
}

// Words whose frequencies fall, each more likely after certain others.
static void write_random_text(size_t sentences, size_t words)
{
    FILE *file = fopen(text_path, "w");
    assert_non_null(file);
    for (size_t i = 0; i < sentences; i++) {
        size_t length = 1 + (size_t)random_next(&generator) % 9, word = 0;
        for (size_t j = 0; j < length; j++) {
            double u = random_uniform(&generator, 0, 1);
            size_t next = (size_t)((double)words * u * u * u);
            word = random_next(&generator) % 3 == 0 ? (word * 5 + 1) % words : next;
            fprintf(file, j > 0 ? " w%zu" : "w%zu", word);
        }
        fputc('\n', file);
    }
    assert_int_equal(fclose(file), 0);
}

static struct estimate_options options_for(size_t order)
{
    static const char *texts[] = {text_path};
    struct estimate_options options;
    estimate_defaults(&options);
    options.order = order;
    options.text = texts;
    options.texts = 1;
    options.output = model_path;
    options.temporary = folder;
    options.discount_fallback = true;
    return options;
}

static void estimate_well(const struct estimate_options *options, struct estimate_report *report)
{
    struct error error = {""};
    unlink(options->output); // a result is written once
    if (!estimate(options, report, &error))
        fail_msg("%s", error.text);
}

// ---- discounts ---------------------------------------------------------------------------------

static void test_discounts(void **state)
{
    (void)state;
    struct error error = {""};
    // Y = 10 / (10 + 2 * 5) = 0.5
    struct discount discount = {.occurring = {10, 5, 3, 2}};
    assert_true(discount_compute(&discount, 2, false, &error));
    assert_near(discount.value[0], 1 - 2 * 0.5 * 5 / 10);
    assert_near(discount.value[1], 2 - 3 * 0.5 * 3 / 5);
    assert_near(discount.value[2], 3 - 4 * 0.5 * 2 / 3);
    assert_near(discount_of(&discount, 17), discount.value[2]);
    assert_near(discount_of(&discount, 0), 0);

    discount = (struct discount){.occurring = {10, 5, 0, 2}};
    assert_false(discount_compute(&discount, 4, false, &error));
    assert_non_null(strstr(error.text, "order 4"));
    assert_non_null(strstr(error.text, "n3 = 0"));
    assert_true(discount_compute(&discount, 4, true, &error));
    assert_true(discount.fallback);
    assert_near(discount.value[0], 0.5);
    assert_near(discount.value[2], 1.5);

    discount = (struct discount){.occurring = {10, 1, 90, 2}}; // D2 would be negative
    assert_false(discount_compute(&discount, 3, false, &error));
    assert_non_null(strstr(error.text, "D2"));
}

// ---- models ------------------------------------------------------------------------------------

struct line {
    char *ngram;
    double log10_prob, log10_backoff;
};

struct arpa {
    char *content;
    struct line *line;
    size_t count, capacity, orders;
    size_t announced[NGRAM_MOST_ORDER + 1], found[NGRAM_MOST_ORDER + 1];
};

static int compare_lines(const void *a, const void *b)
{
    return strcmp(((const struct line *)a)->ngram, ((const struct line *)b)->ngram);
}

static void load_arpa(struct arpa *arpa, const char *path)
{
    size_t size, order = 0, k, n;
    *arpa = (struct arpa){.content = read_file(path, &size)};
    for (char *at = strtok(arpa->content, "\n"); at != NULL; at = strtok(NULL, "\n")) {
        char *tab = strchr(at, '\t');
        if (sscanf(at, "ngram %zu=%zu", &k, &n) == 2) {
            arpa->announced[k] = n;
            arpa->orders = k;
        }
        sscanf(at, "\\%zu-grams:", &order);
        if (tab == NULL)
            continue;
        assert_true(
            memory_grow(&arpa->line, &arpa->capacity, arpa->count + 1, sizeof *arpa->line, NULL));
        char *second = strchr(tab + 1, '\t');
        arpa->line[arpa->count++] =
            (struct line){tab + 1, atof(at), second != NULL ? atof(second + 1) : 0};
        arpa->found[order]++;
        if (second != NULL)
            *second = '\0';
    }
    qsort(arpa->line, arpa->count, sizeof *arpa->line, compare_lines);
}

static void free_arpa(struct arpa *arpa)
{
    free(arpa->content);
    free(arpa->line);
}

static const struct line *find_line(const struct arpa *arpa, const char *ngram)
{
    struct line key = {(char *)(uintptr_t)ngram, 0, 0};
    return bsearch(&key, arpa->line, arpa->count, sizeof key, compare_lines);
}

static double backed_off(const struct arpa *arpa, const char *context, const char *word)
{
    char ngram[256];
    snprintf(ngram, sizeof ngram, "%s%s%s", context, context[0] != '\0' ? " " : "", word);
    const struct line *line = find_line(arpa, ngram);
    if (line != NULL)
        return line->log10_prob;
    assert_true(context[0] != '\0');
    line = find_line(arpa, context);
    const char *space = strchr(context, ' ');
    return (line != NULL ? line->log10_backoff : 0) +
           backed_off(arpa, space != NULL ? space + 1 : "", word);
}

static double sum_after(const struct arpa *arpa, const char *context)
{
    double sum = 0;
    for (size_t i = 0; i < arpa->count; i++) {
        const char *word = arpa->line[i].ngram;
        if (strchr(word, ' ') == NULL && strcmp(word, "<s>") != 0)
            sum += pow(10, backed_off(arpa, context, word));
    }
    return sum;
}

// Every context sums to one, every prefix is there, and the numbers at the head are right.
static void check_model(const char *path)
{
    struct arpa arpa;
    load_arpa(&arpa, path);
    assert_true(fabs(sum_after(&arpa, "") - 1) < 1e-5);
    for (size_t i = 0; i < arpa.count; i++) {
        char prefix[256];
        snprintf(prefix, sizeof prefix, "%s", arpa.line[i].ngram);
        char *space = strrchr(prefix, ' ');
        if (strcmp(space != NULL ? space + 1 : prefix, "</s>") != 0) {
            double sum = sum_after(&arpa, arpa.line[i].ngram);
            if (fabs(sum - 1) > 1e-5)
                fail_msg("after \"%s\": %g", arpa.line[i].ngram, sum);
        }
        if (space == NULL)
            continue;
        *space = '\0';
        if (find_line(&arpa, prefix) == NULL)
            fail_msg("\"%s\" without its prefix", arpa.line[i].ngram);
    }
    for (size_t k = 1; k <= arpa.orders; k++)
        assert_int_equal(arpa.announced[k], arpa.found[k]);
    free_arpa(&arpa);
}

static void test_sums(void **state)
{
    (void)state;
    static const uint64_t cutoffs[][5] = {
        {0}, {0, 0, 0, 0, 1}, {0, 0, 0, 1, 2}, {0, 1, 3, 0, 0}, {0, 2, 1, 2, 0}};
    for (size_t order = 1; order <= 4; order++) {
        write_random_text(80, 25);
        for (size_t i = 0; i < sizeof cutoffs / sizeof *cutoffs; i++) {
            struct estimate_options options = options_for(order);
            memcpy(options.cutoff, cutoffs[i], sizeof cutoffs[i]);
            for (int method = 0; method <= DISCOUNT_ADDITIVE; method++) {
                for (int backoff = 0; backoff < 2; backoff++) {
                    options.discount = (enum discount_method)method;
                    options.backoff = backoff;
                    for (size_t k = 1; k <= order; k++)
                        options.constant[k] = 0.5;
                    estimate_well(&options, NULL);
                    check_model(model_path);
                }
            }
        }
    }
}

// a b / a b / a c: checked by hand.
static void test_by_hand(void **state)
{
    (void)state;
    struct estimate_options options = options_for(2);
    struct arpa arpa;
    write_text("a b\na b\n\n<s> a c </s>\n");
    estimate_well(&options, NULL);
    load_arpa(&arpa, model_path);
    // Words before: a 1 (<s>), b 1, c 1, </s> 2 (b, c). Discounts 0.5, 1, four words:
    // g = (3 * 0.5 + 1) / 5 = 0.5.
    double a = (1 - 0.5) / 5 + 0.5 / 4, end = (2 - 1.0) / 5 + 0.5 / 4;
    assert_true(fabs(pow(10, find_line(&arpa, "a")->log10_prob) - a) < 1e-6);
    assert_true(fabs(pow(10, find_line(&arpa, "</s>")->log10_prob) - end) < 1e-6);
    // After a: b 2, c 1: g = (1 + 0.5) / 3.
    assert_true(fabs(pow(10, find_line(&arpa, "a b")->log10_prob) - ((2 - 1.0) / 3 + 0.5 * a)) <
                1e-6);
    assert_true(fabs(pow(10, find_line(&arpa, "a")->log10_backoff) - 0.5) < 1e-6);
    assert_true(find_line(&arpa, "<s>")->log10_prob == -99);
    assert_int_equal(arpa.announced[1], 5);
    assert_int_equal(arpa.announced[2], 5);
    free_arpa(&arpa);
}

static void test_unknown_words(void **state)
{
    (void)state;
    struct arpa arpa;
    struct vocabulary words;
    struct estimate_options options = options_for(3);
    write_random_text(60, 12);
    write_file(other_path, "w0 w1 w2\nw3 never\n", 18);
    assert_true(word_list_read(&words, other_path, true, NULL));
    options.vocabulary = &words;
    memset(options.cutoff, 0, sizeof options.cutoff);
    for (int unk = 0; unk < 2; unk++) {
        options.unk = unk;
        estimate_well(&options, NULL);
        check_model(model_path);
        load_arpa(&arpa, model_path);
        assert_int_equal(arpa.announced[1], 7 + unk); // <s> and </s>, too
        assert_non_null(find_line(&arpa, "never"));
        assert_null(find_line(&arpa, "w5"));
        assert_true((find_line(&arpa, "<unk>") != NULL) == unk);
        for (size_t i = 0; i < arpa.count && !unk; i++)
            assert_null(strstr(arpa.line[i].ngram, "<unk>"));
        free_arpa(&arpa);
    }
    vocabulary_free(&words);
}

static void assert_same_files(const char *file, const char *other_file)
{
    size_t size, other_size;
    char *content = read_file(file, &size), *other = read_file(other_file, &other_size);
    assert_int_equal(size, other_size);
    assert_memory_equal(content, other, size);
    free(content);
    free(other);
}

static void test_disk_gives_the_same(void **state)
{
    (void)state;
    struct estimate_report report;
    struct estimate_options options = options_for(5);
    write_random_text(12000, 3000);
    estimate_well(&options, &report);
    assert_false(report.on_disk);
    options.memory = ESTIMATE_MEMORY_LEAST;
    options.output = other_path;
    estimate_well(&options, &report);
    assert_true(report.on_disk);
    assert_same_files(model_path, other_path);
}

static void test_threads_give_the_same(void **state)
{
    (void)state;
    static const size_t memories[] = {(size_t)1 << 30, ESTIMATE_MEMORY_LEAST};
    write_random_text(12000, 3000);
    for (size_t order = 1; order <= 5; order += 2) {
        for (size_t i = 0; i < 2; i++) {
            struct estimate_options options = options_for(order);
            struct estimate_report one, several;
            options.memory = memories[i];
            options.discount = i == 0 ? DISCOUNT_MODIFIED_KNESER_NEY : DISCOUNT_WITTEN_BELL;
            options.threads = 1;
            estimate_well(&options, &one);
            options.output = other_path;
            for (options.threads = 2; options.threads <= 5; options.threads++) {
                estimate_well(&options, &several);
                assert_same_files(model_path, other_path);
                assert_int_equal(one.tokens, several.tokens);
                assert_memory_equal(one.discount, several.discount, sizeof one.discount);
            }
        }
    }
}

// The words of a text that is read in blocks: longer than a block, and cut by none.
static void test_blocks_of_text(void **state)
{
    (void)state;
    enum { LINES = 30000, LONG = 300000 };
    for (size_t threads = 1; threads <= 3; threads++) {
        struct estimate_options options = options_for(1);
        struct estimate_report report;
        struct error error = {""};
        options.threads = threads;
        FILE *file = fopen(text_path, "w");
        assert_non_null(file);
        for (int i = 0; i < LINES; i++)
            fprintf(file, "\n \n  a%d\tb \r\n", i);
        for (int i = 0; i < LONG; i++)
            fputc('x', file);
        fputs(" <s>", file);
        long size = ftell(file);
        assert_int_equal(fclose(file), 0);
        unlink(model_path);
        assert_false(estimate(&options, &report, &error));
        char wanted[128];
        snprintf(wanted, sizeof wanted, "%s: line %d: <s> inside a sentence", text_path,
                 3 * LINES + 1);
        assert_memory_equal(error.text, wanted, strlen(wanted));
        assert_int_equal(truncate(text_path, size - 4), 0);
        estimate_well(&options, &report);
        assert_int_equal(report.sentences, LINES + 1);
        assert_int_equal(report.tokens, 3 * LINES + 2);
        assert_int_equal(report.words, LINES + 3); // b, the long one and </s>
    }
}

static void test_pruning(void **state)
{
    (void)state;
    static const double thresholds[] = {1e-5, 1e-4, 1e-3, 10};
    uint64_t before = UINT64_MAX;
    write_random_text(150, 25);
    for (size_t i = 0; i < sizeof thresholds / sizeof *thresholds; i++) {
        struct estimate_report report;
        struct estimate_options options = options_for(4);
        memset(options.cutoff, 0, sizeof options.cutoff);
        options.cutoff[3] = i % 2;
        options.prune = thresholds[i];
        estimate_well(&options, &report);
        check_model(model_path);
        assert_true(report.ngrams[4] < before);
        before = report.ngrams[4];
    }
    assert_int_equal(before, 0);
}

// ---- failures ----------------------------------------------------------------------------------

static void expect_error(const struct estimate_options *options, const char *part)
{
    struct error error = {""};
    unlink(model_path);
    assert_false(estimate(options, NULL, &error));
    if (strstr(error.text, part) == NULL)
        fail_msg("\"%s\" wanted in: %s", part, error.text);
    assert_int_equal(access(model_path, F_OK), -1);
}

// ---- files of counts ---------------------------------------------------------------------------

static char counts_path[64];

// Counts of the text, or those of a file again.
static void write_counts(const char *path, size_t order, bool from_text)
{
    const char *const texts[] = {text_path}, *const files[] = {path};
    struct allowance allowance = {.limit = ESTIMATE_MEMORY_LEAST};
    struct error error = {""};
    struct counts counts;
    struct counts_options options = {.order = order,
                                     .text = texts,
                                     .texts = from_text,
                                     .file = files,
                                     .files = !from_text,
                                     .unk = true,
                                     .allowance = &allowance,
                                     .temporary = folder};
    if (!counts_read(&counts, &options, &error) || unlink(counts_path) != 0 ||
        !counts_write(&counts, counts_path, &allowance, folder, NULL, &error))
        fail_msg("%s", error.text);
    counts_free(&counts);
}

static struct estimate_options options_for_counts(size_t order)
{
    static const char *files[] = {counts_path};
    struct estimate_options options = options_for(order);
    options.texts = 0;
    options.counts = files;
    options.count_files = 1;
    return options;
}

// From the counts of a text comes the model of the text, be they all or those of the longest n-grams.
static void test_counts_of_a_text(void **state)
{
    (void)state;
    snprintf(counts_path, sizeof counts_path, "%s/counts", folder);
    write_random_text(200, 40);
    write_file(counts_path, "", 0);
    write_counts(counts_path, 3, true);
    write_file(other_path, "w0 w1 w2 w5 w30\n", 16);
    struct vocabulary words;
    assert_true(word_list_read(&words, other_path, true, NULL));
    for (int way = 0; way < 8; way++) {
        struct estimate_options of_text = options_for(3), of_counts = options_for_counts(3);
        static char wanted[80];
        snprintf(wanted, sizeof wanted, "%s/wanted", folder);
        of_text.discount = of_counts.discount =
            way & 1 ? DISCOUNT_WITTEN_BELL : DISCOUNT_MODIFIED_KNESER_NEY;
        of_text.unk = of_counts.unk = way & 2;
        of_text.vocabulary = of_counts.vocabulary = way & 4 ? &words : NULL;
        of_text.output = wanted;
        estimate_well(&of_text, NULL);
        estimate_well(&of_counts, NULL);
        assert_same_files(model_path, wanted);
        unlink(wanted);
    }
    vocabulary_free(&words);
    unlink(counts_path);
}

// a a b / b, as counts: checked by hand. The same file twice has everything twice.
static void test_counts_by_hand(void **state)
{
    (void)state;
    static const char counted[] = "</s>\t2\n<s>\t2\n<s> a\t1\n<s> b\t1\na\t2\na a\t1\na b\t1\n"
                                  "b\t2\nb </s>\t2\n";
    size_t size;
    snprintf(counts_path, sizeof counts_path, "%s/counts", folder);
    write_text("a a b\nb\n");
    write_file(counts_path, "", 0);
    write_counts(counts_path, 2, true);
    char *content = read_file(counts_path, &size);
    assert_string_equal(content, counted);
    free(content);
    write_text(counted); // and once more, the order of lines changed, as blanks and repeated
    static const char again[] = "b </s> 1\n\n a  b 1 \na a\t0\na a 1\n<s> b 1\nb </s> 1\n<s> a 1\n";
    write_file(other_path, again, strlen(again));
    write_counts(other_path, 2, false);
    assert_same_files(counts_path, text_path);
    unlink(counts_path);
}

static void expect_counts_error(const char *content, const char *part)
{
    struct estimate_options options = options_for_counts(2);
    struct error error = {""};
    write_file(counts_path, content, strlen(content));
    options.discount = DISCOUNT_WITTEN_BELL;
    unlink(model_path);
    assert_false(estimate(&options, NULL, &error));
    if (strstr(error.text, part) == NULL)
        fail_msg("\"%s\" wanted in: %s", part, error.text);
}

static void test_bad_counts(void **state)
{
    (void)state;
    snprintf(counts_path, sizeof counts_path, "%s/counts", folder);
    expect_counts_error("a b 3\na 2\nb 3\n",
                        "\"a\" has 2, but the n-grams that begin with it have 3");
    expect_counts_error("a b 2\nc b 2\nb 3\n",
                        "\"b\" has 3, but the n-grams that end in it have 4");
    expect_counts_error("a b 1\n\na b x\n", "line 3: found \"a b x\", wanted words and a count");
    expect_counts_error("7\n", "line 1: found \"7\"");
    expect_counts_error("a -1\n", "line 1");
    expect_counts_error("a 1.5\n", "line 1");
    expect_counts_error("a 99999999999999999999\n", "line 1");
    expect_counts_error("a <s> 1\nb <s> 1\n", "line 1: <s> inside an n-gram");
    expect_counts_error("</s> a 1\n", "line 1: </s> inside an n-gram");
    expect_counts_error("", "no n-gram of up to 2 words");
    expect_counts_error("a b c 3\n", "no n-gram of up to 2 words");
    unlink(counts_path);
    struct estimate_options options = options_for_counts(2);
    expect_error(&options, counts_path);
    options.texts = 1;
    expect_error(&options, "do not go together");
}

// ---- failures ---------------------------------------------------------------------------------

static void test_bad_input(void **state)
{
    (void)state;
    struct estimate_options options = options_for(0);
    write_text("a b c\n");
    expect_error(&options, "order 0");
    options.order = 12;
    expect_error(&options, "order 12");
    options = options_for(2);
    options.discount_fallback = false;
    expect_error(&options, "n2 = 0); a larger text or -discount-fallback is wanted");
    options.prune = NAN;
    expect_error(&options, "option -prune: found nan");
    options = options_for(2);
    options.memory = 1000;
    expect_error(&options, "option -memory: found 1000");
    options = options_for(2);
    options.discount = DISCOUNT_GOOD_TURING;
    options.gt_largest[2] = 32;
    expect_error(&options, "option -gtmax: found 32, wanted 31");
    options.discount = DISCOUNT_ABSOLUTE;
    options.gt_largest[2] = 7;
    options.constant[1] = 1.5;
    expect_error(&options, "option -constant: found 1.5, wanted 0 to 1");
    options = options_for(2);
    options.output = "/nonexistent/model";
    expect_error(&options, "/nonexistent/model");
    options.output = model_path;
    write_text("");
    expect_error(&options, "the text is empty");
    write_text("\n  \n\n");
    expect_error(&options, "the text is empty");
    write_text("a b\na <s> b\n");
    expect_error(&options, "line 2: <s>");
    write_text("a b\n\na </s> b\n");
    expect_error(&options, "line 3: </s>");
    write_file(text_path, "a b\nc\0d\n", 8);
    expect_error(&options, "line 2: found a zero byte");
    unlink(text_path);
    expect_error(&options, text_path);
}

static void test_no_room_on_disk(void **state)
{
    (void)state;
    struct estimate_options options = options_for(5);
    write_random_text(12000, 3000);
    options.memory = ESTIMATE_MEMORY_LEAST;
    options.temporary = "/nonexistent";
    expect_error(&options, "/nonexistent");
}

static void test_failing_allocations(void **state)
{
    (void)state;
    struct estimate_options options = options_for(3);
    write_random_text(20, 10);
    for (int pruning = 0; pruning < 2; pruning++) {
        bool ok = false;
        write_file(model_path, "old", 3);
        int64_t n = 0;
        options.prune = pruning * 1e-4;
        for (; !ok && n < 10000; n++) {
            struct error error = {""};
            memory_fail_after(n);
            ok = estimate(&options, NULL, &error);
            memory_fail_after(-1);
            if (!ok) {
                size_t size;
                assert_non_null(strstr(error.text, "not enough memory"));
                char *content = read_file(model_path, &size);
                assert_true(size == 3);
                free(content);
            }
        }
        assert_true(ok && n > 10);
    }
}

static void test_values(void **state)
{
    (void)state;
    struct error error = {""};
    uint64_t cutoff[NGRAM_MOST_ORDER + 1] = {0, 9, 9, 9, 9};
    size_t memory;
    assert_true(estimate_parse_cutoffs("0,1,25", 4, cutoff, &error));
    assert_true(cutoff[1] == 0 && cutoff[2] == 1 && cutoff[3] == 25 && cutoff[4] == 9);
    static const char *const bad_cutoffs[] = {
        "", "1,", ",1", "1;2", "-1", "1,2,3", "99999999999999999999", "1 ,2"};
    for (size_t i = 0; i < sizeof bad_cutoffs / sizeof *bad_cutoffs; i++)
        assert_false(estimate_parse_cutoffs(bad_cutoffs[i], 2, cutoff, &error));
    double constant[NGRAM_MOST_ORDER + 1];
    assert_true(estimate_parse_constants("0.5,0.25", 3, constant, &error));
    assert_true(constant[1] == 0.5 && constant[2] == 0.25 && constant[9] == 0.25);
    static const char *const bad_constants[] = {"", "x", "1,", "-1", "nan", "inf", "1,1,1"};
    for (size_t i = 0; i < sizeof bad_constants / sizeof *bad_constants; i++)
        assert_false(estimate_parse_constants(bad_constants[i], 2, constant, &error));
    enum discount_method method;
    assert_true(discount_parse("witten-bell", &method, &error) && method == DISCOUNT_WITTEN_BELL);
    assert_true(discount_parse("kndiscount", &method, &error) &&
                method == DISCOUNT_MODIFIED_KNESER_NEY);
    assert_false(discount_parse("katz", &method, &error));
    assert_non_null(strstr(error.text, "good-turing"));
    assert_true(estimate_parse_memory("1G", &memory, &error) && memory == (size_t)1 << 30);
    assert_true(estimate_parse_memory("3m", &memory, &error) && memory == (size_t)3 << 20);
    assert_true(estimate_parse_memory("12345", &memory, &error) && memory == 12345);
    static const char *const bad_memory[] = {"",          "G",  "1GB", "1.5G", "-1", "99999999999T",
                                             "20000000T", "1 G"};
    for (size_t i = 0; i < sizeof bad_memory / sizeof *bad_memory; i++)
        assert_false(estimate_parse_memory(bad_memory[i], &memory, &error));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_discounts),
        cmocka_unit_test(test_sums),
        cmocka_unit_test(test_by_hand),
        cmocka_unit_test(test_unknown_words),
        cmocka_unit_test(test_disk_gives_the_same),
        cmocka_unit_test(test_threads_give_the_same),
        cmocka_unit_test(test_blocks_of_text),
        cmocka_unit_test(test_pruning),
        cmocka_unit_test(test_counts_of_a_text),
        cmocka_unit_test(test_counts_by_hand),
        cmocka_unit_test(test_bad_counts),
        cmocka_unit_test(test_bad_input),
        cmocka_unit_test(test_no_room_on_disk),
        cmocka_unit_test(test_failing_allocations),
        cmocka_unit_test(test_values),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
