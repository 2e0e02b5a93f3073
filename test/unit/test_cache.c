// The unigram cache against a slow one, and its probability stream.
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

#include "base/memory.h"
#include "base/random.h"
#include "ngram/cache.h"

static char folder[] = "/tmp/test_cache_XXXXXX";
static char text_path[64], other_path[64];
static struct random generator;

static int make_folder(void **state)
{
    (void)state;
    if (mkdtemp(folder) == NULL)
        return -1;
    snprintf(text_path, sizeof text_path, "%s/text", folder);
    snprintf(other_path, sizeof other_path, "%s/stream", folder);
    random_seed(&generator, 7);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    unlink(text_path);
    unlink(other_path);
    return rmdir(folder);
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

static double slow_cache(const int32_t *words, size_t n, size_t begin,
                         const struct cache_options *options)
{
    double sum = 0, total = 0;
    for (size_t age = 0; age < n - begin && (options->window == 0 || age < options->window);
         age++) {
        double weight = pow(options->decay, (double)age);
        total += weight;
        sum += words[n - 1 - age] == words[n] ? weight : 0;
    }
    return total > 0 ? sum / total : 0;
}

static void check_cache(const struct cache_options *options)
{
    enum { COUNT = 400 };
    int32_t words[COUNT];
    struct error error = {""};
    struct cache *cache = cache_new(options, &error);
    assert_non_null(cache);
    size_t begin = 0;
    for (size_t i = 0; i < COUNT; i++) {
        words[i] = random_next(&generator) % 40;
        double p = cache_probability(cache, words[i]);
        assert_true(fabs(p - slow_cache(words, i, begin, options)) < 1e-9);
        assert_true(cache_add(cache, words[i], &error));
        if (words[i] == 0 && options->independent) {
            cache_clear(cache);
            begin = i + 1;
        }
    }
    cache_free(cache);
}

static void test_cache(void **state)
{
    (void)state;
    static const double decays[] = {1, 0.99, 0.5, 1e-3};
    for (size_t i = 0; i < 4; i++)
        for (size_t window = 0; window < 30; window += 7)
            for (int independent = 0; independent < 2; independent++)
                check_cache(&(struct cache_options){decays[i], window, independent});
    struct error error = {""};
    static const double bad[] = {0, -1, 1.01};
    for (size_t i = 0; i < 3; i++)
        assert_null(cache_new(&(struct cache_options){.decay = bad[i]}, &error));
    assert_null(cache_new(&(struct cache_options){.decay = NAN}, &error));
}

static void test_cache_stream(void **state)
{
    (void)state;
    struct cache_options options = {.decay = 0.5};
    struct error error = {""};
    size_t size;
    write_text("a b\na\n");
    assert_true(cache_stream(text_path, other_path, &options, &error));
    char *content = read_file(other_path, &size);
    // Before the second a: </s> 1, b 1/2, a 1/4.
    // Before the second </s>: a 1 + 1/8, </s> 1/2, b 1/4.
    assert_string_equal(content, "0\n0\n0\n0.1428571429\n0.2666666667\n");
    free(content);
    for (int64_t n = 0; n < 12; n++) {
        unlink(other_path); // a result is written once
        memory_fail_after(n);
        bool ok = cache_stream(text_path, other_path, &options, &error);
        memory_fail_after(-1);
        assert_true(ok || strstr(error.text, "not enough memory") != NULL);
    }
    write_text("");
    assert_false(cache_stream(text_path, other_path, &options, &error));
    assert_non_null(strstr(error.text, "empty"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cache),
        cmocka_unit_test(test_cache_stream),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
