// Errors, memory, random numbers and numbers as text.
#include <float.h>
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

#include "base/error.h"
#include "base/machine.h"
#include "base/memory.h"
#include "base/number.h"
#include "base/random.h"

enum { ROUNDS = 1000000, DECIMALS = 200000 };

// ---- error ------------------------------------------------------------------------------------

static void message_is_one_line(void **state)
{
    (void)state;
    struct error error;
    assert_false(error_set(&error, "a\nb\tc\x1b[%d\r", 7));
    assert_string_equal(error.text, "a?b?c?[7?");
    assert_false(error_prefix(&error, "%s\n%d: ", "file", 3));
    assert_string_equal(error.text, "file?3: a?b?c?[7?");
    assert_false(error_set(NULL, "nobody reads this"));
    assert_false(error_prefix(NULL, "nor this"));
}

// What is wrong with a command line stays that, whatever is put around it.
static void usage_is_told_from_failure(void **state)
{
    (void)state;
    struct error error;
    assert_false(error_usage(&error, "%d\nweights", 3));
    assert_string_equal(error.text, "3?weights");
    assert_true(error.usage);
    assert_false(error_prefix(&error, "a: "));
    assert_false(error_add(&error, ",\nb"));
    assert_string_equal(error.text, "a: 3?weights,?b");
    assert_true(error.usage);
    assert_false(error_set(&error, "found x"));
    assert_false(error.usage);
    assert_false(error_option(&error, "form"));
    assert_string_equal(error.text, "option -form: found x");
    assert_true(error.usage);
    assert_false(error_usage(NULL, "nobody") || error_option(NULL, "reads") ||
                 error_add(NULL, "this"));
}

static void long_message_loses_its_end(void **state)
{
    (void)state;
    struct error error;
    char longer[3 * ERROR_SIZE];
    memset(longer, 'x', sizeof longer);
    longer[sizeof longer - 1] = '\0';
    error_set(&error, "begin %s", longer);
    assert_int_equal(strlen(error.text), ERROR_SIZE - 1);
    error_prefix(&error, "first: ");
    assert_int_equal(strlen(error.text), ERROR_SIZE - 1);
    assert_memory_equal(error.text, "first: begin x", 14);
    error_prefix(&error, "%s", longer);
    assert_int_equal(strlen(error.text), ERROR_SIZE - 1);
    assert_null(strstr(error.text, "first"));
}

// ---- memory -----------------------------------------------------------------------------------

static void memory_is_aligned_and_zero(void **state)
{
    (void)state;
    for (size_t count = 0; count < 300; count++) {
        unsigned char *bytes = memory_new(count, 3, NULL);
        assert_non_null(bytes);
        assert_int_equal((uintptr_t)bytes % MEMORY_ALIGNMENT, 0);
        for (size_t i = 0; i < 3 * count; i++)
            assert_int_equal(bytes[i], 0);
        free(bytes);
    }
    const size_t rows[][2] = {{0, 0}, {1, 16}, {16, 16}, {17, 32}, {200, 208}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(memory_row(rows[i][0]), rows[i][1]);
    char *text = memory_text("abc", 2, NULL);
    assert_string_equal(text, "ab");
    free(text);
}

static void too_large_sizes_are_refused(void **state)
{
    (void)state;
    const size_t sizes[][2] = {{SIZE_MAX, 2},
                               {SIZE_MAX / 2 + 1, 2},
                               {(size_t)1 << 33, (size_t)1 << 33},
                               {(size_t)PTRDIFF_MAX + 1, 1},
                               {SIZE_MAX, 1}};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct error error = {""};
        int *array = NULL;
        size_t capacity = 0;
        assert_null(memory_new(sizes[i][0], sizes[i][1], &error));
        assert_non_null(strstr(error.text, "not enough memory"));
        error.text[0] = '\0';
        assert_false(memory_grow(&array, &capacity, sizes[i][0], sizes[i][1], &error));
        assert_non_null(strstr(error.text, "not enough memory"));
        assert_true(array == NULL && capacity == 0);
    }
}

// What the system may promise, but cannot keep.
static void more_than_the_machine_has(void **state)
{
    (void)state;
    uint64_t memory = machine_memory();
    struct error error = {""};
    char *array = NULL;
    size_t capacity = 0;
    assert_true(memory > 1 << 20 &&
                memory <= (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE));
    assert_true(machine_has_memory((double)memory, &error));
    assert_false(machine_has_memory((double)memory + 4096, &error));
    assert_non_null(strstr(error.text, "are all that there is here"));
    error.text[0] = '\0';
    assert_null(memory_new(memory + 1, 1, &error));
    assert_non_null(strstr(error.text, "not enough memory"));
    error.text[0] = '\0';
    assert_false(memory_grow(&array, &capacity, memory + 1, 1, &error));
    assert_non_null(strstr(error.text, "not enough memory"));
    assert_true(array == NULL && capacity == 0);
}

static void growing_keeps_what_is_there(void **state)
{
    (void)state;
    struct error error;
    uint32_t *array = NULL;
    size_t capacity = 0, moves = 0;
    for (uint32_t i = 0; i < 10000; i++) {
        size_t before = capacity;
        assert_true(memory_grow(&array, &capacity, i + 1, sizeof *array, &error));
        assert_true(capacity > i);
        moves += capacity != before;
        array[i] = i * i;
    }
    assert_true(moves < 15);
    size_t before = capacity;
    assert_false(memory_grow(&array, &capacity, SIZE_MAX / 4 + 1, sizeof *array, &error));
    memory_fail_after(0);
    assert_false(memory_grow(&array, &capacity, before + 1, sizeof *array, &error));
    memory_fail_after(-1);
    assert_int_equal(capacity, before);
    for (uint32_t i = 0; i < 10000; i++)
        assert_int_equal(array[i], i * i);
    free(array);
}

static void allocations_fail_on_order(void **state)
{
    (void)state;
    for (int count = 0; count < 5; count++) {
        memory_fail_after(count);
        for (int i = 0; i < 8; i++) {
            struct error error = {""};
            void *memory = i % 2 == 0 ? memory_new(2, 8, &error) : memory_text("x", 1, &error);
            assert_int_equal(memory != NULL, i < count);
            assert_int_equal(error.text[0] == '\0', i < count);
            free(memory);
        }
    }
    memory_fail_after(-1);
    void *memory = memory_new(1, 1, NULL);
    assert_non_null(memory);
    free(memory);
}

// ---- random -----------------------------------------------------------------------------------

enum { FIRST = 5, LATER = 1000 };

// What glibc's rand() returns after srand(seed): the first five values and the thousandth.
static const struct {
    uint32_t seed;
    int32_t first[FIRST], later;
} rand_facts[] = {
    {0u, {1804289383, 846930886, 1681692777, 1714636915, 1957747793}, 1143565421},
    {1u, {1804289383, 846930886, 1681692777, 1714636915, 1957747793}, 1143565421},
    {2u, {1505335290, 1738766719, 190686788, 260874575, 747983061}, 2057566690},
    {12345u, {383100999, 858300821, 357768173, 455528251, 133005921}, 121832119},
    {2147483647u, {1065668062, 2142264300, 1066566375, 1064012770, 2141034222}, 1698607095},
    {2147483648u, {1336741213, 1210407648, 1447044896, 337392383, 82502902}, 193932953},
    {4294967295u, {254925627, 1205188300, 366127624, 1401405153, 76053476}, 1892540048},
};

static void random_numbers_are_those_of_rand(void **state)
{
    (void)state;
    for (size_t row = 0; row < sizeof rand_facts / sizeof *rand_facts; row++) {
        struct random random;
        int32_t value = 0;
        random_seed(&random, rand_facts[row].seed);
        for (int i = 0; i < LATER; i++) {
            value = random_next(&random);
            if (i < FIRST)
                assert_int_equal(value, rand_facts[row].first[i]);
        }
        assert_int_equal(value, rand_facts[row].later);
    }
#ifdef __GLIBC__
    for (uint32_t seed = 0; seed < 4000000000u; seed += 39999983u) {
        struct random random;
        random_seed(&random, seed);
        srand(seed);
        for (int i = 0; i < 200; i++)
            assert_int_equal(random_next(&random), rand());
    }
#endif
}

static void uniform_numbers_keep_to_their_range(void **state)
{
    (void)state;
    struct random random;
    double sum = 0;
    random_seed(&random, 3);
    for (int i = 0; i < 10000; i++) {
        double x = random_uniform(&random, -2, 3);
        assert_true(x >= -2 && x <= 3);
        sum += x;
    }
    assert_true(fabs(sum / 10000 - 0.5) < 0.1);
    assert_true(random_uniform(&random, 4, 4) == 4);
}

// ---- numbers as text --------------------------------------------------------------------------

static uint32_t float_bits(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static float bits_float(uint32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static void assert_comes_back(float value)
{
    char text[NUMBER_SIZE];
    double read;
    memset(text, '#', sizeof text);
    size_t length = number_format(text, value);
    if (length >= NUMBER_SIZE || text[length] != '\0' || strlen(text) != length ||
        !number_parse(text, length, &read) || float_bits((float)read) != float_bits(value))
        fail_msg("%.9g (%a) written as \"%.24s\"", (double)value, (double)value, text);
}

// Any bit pattern (denormal and huge ones included) and, every other time, the range of weights.
static void floats_come_back(void **state)
{
    (void)state;
    struct random random;
    random_seed(&random, 1);
    for (int i = 0; i < ROUNDS; i++) {
        uint32_t high = (uint32_t)random_next(&random), low = (uint32_t)random_next(&random);
        float value = bits_float(high << 1 ^ low);
        if (i % 2 == 0)
            value = (float)ldexp((int32_t)(high ^ low << 1), -31 - 18 + i % 29);
        if (!isnan(value))
            assert_comes_back(value);
    }
}

// Beside every power of ten the number of digits changes.
static void special_floats_come_back(void **state)
{
    (void)state;
    const float values[] = {0,       -0.0f,       FLT_TRUE_MIN, -FLT_TRUE_MIN, FLT_MIN,
                            FLT_MAX, -FLT_MAX,    INFINITY,     -INFINITY,     1.0f / 3,
                            0.1f,    16777216.0f, 999.99994f,   9.99999975e-6f};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        assert_comes_back(values[i]);
    for (int power = -44; power <= 38; power++) {
        float value = (float)pow(10, power), below = value, above = value;
        for (int i = 0; i < 20; i++) {
            assert_comes_back(below = nextafterf(below, 0));
            assert_comes_back(-(above = nextafterf(above, INFINITY)));
        }
        assert_comes_back(value);
    }
}

static void floats_are_written_shortly(void **state)
{
    (void)state;
    const struct {
        float value;
        const char *text;
    } rows[] = {{0, "0"},
                {1, "1"},
                {-2.5f, "-2.5"},
                {0.1f, "0.100000001"},
                {10, "10"},
                {100.25f, "100.25"},
                {-999.5f, "-999.5"},
                {1000, "1000"},
                {1e10f, "1e+10"},
                {0.5f, "0.5"},
                {0.0009765625f, "0.0009765625"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[NUMBER_SIZE];
        assert_int_equal(number_format(text, rows[i].value), strlen(rows[i].text));
        assert_string_equal(text, rows[i].text);
    }
    for (int power = -4; power < 8; power++) { // nine significant digits, as printf() rounds them
        char text[NUMBER_SIZE], wanted[NUMBER_SIZE];
        float value = (float)(1.23456789 * pow(10, power));
        snprintf(wanted, sizeof wanted, "%.9g", (double)value);
        number_format(text, value);
        assert_string_equal(text, wanted);
    }
}

static void numbers_are_read_as_strtod_has_them(void **state)
{
    (void)state;
    const char *const texts[] = {"0",
                                 "-0",
                                 "+7",
                                 ".5",
                                 "5.",
                                 "-.25",
                                 "1e5",
                                 "1E-5",
                                 "007",
                                 "1e400",
                                 "-1e400",
                                 "1e-400",
                                 "4.9e-324",
                                 "inf",
                                 "-inf",
                                 "nan",
                                 "INFINITY",
                                 "123456789012345",
                                 "1234567890123456",
                                 "9007199254740993",
                                 "0.1",
                                 "0.0000000000000000000000123",
                                 "00000000000000000000.5",
                                 "179769313486231580793728971405301e277",
                                 "2.2250738585072011e-308"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        double value, wanted = strtod(texts[i], NULL);
        if (!number_parse(texts[i], strlen(texts[i]), &value))
            fail_msg("\"%s\" refused", texts[i]);
        assert_true(isnan(wanted) ? isnan(value) : memcmp(&value, &wanted, sizeof value) == 0);
    }
    struct random random;
    random_seed(&random, 5);
    for (int i = 0; i < DECIMALS; i++) {
        char text[64];
        double value, wanted, x = random_uniform(&random, -1, 1) * pow(10, i % 30 - 20);
        snprintf(text, sizeof text, i % 3 == 0 ? "%.*g" : "%.*f", i % 19, x);
        wanted = strtod(text, NULL);
        if (!number_parse(text, strlen(text), &value) || memcmp(&value, &wanted, sizeof value) != 0)
            fail_msg("\"%s\" read as %.17g", text, value);
    }
}

static void hostile_texts_are_no_numbers(void **state)
{
    (void)state;
#define ROW(text)                                                                                  \
    {                                                                                              \
        text, sizeof(text) - 1                                                                     \
    }
    const struct {
        const char *text;
        size_t length;
    } rows[] = {ROW(""),        ROW("-"),
                ROW("+"),       ROW("."),
                ROW("-."),      ROW("e5"),
                ROW(".e5"),     ROW("1e"),
                ROW("1e+"),     ROW("0x10"),
                ROW("0X1p3"),   ROW("1 "),
                ROW(" 1"),      ROW("\t1"),
                ROW("\n1"),     ROW("\r1"),
                ROW("\v1"),     ROW("\f1e5"),
                ROW("1,5"),     ROW("1.2.3"),
                ROW("--1"),     ROW("+-1"),
                ROW("1-"),      ROW("1e5x"),
                ROW("infinit"), ROW("nanx"),
                ROW("1\0"),     ROW("\0"),
                ROW("1\0002"),  ROW("in\0f"),
                ROW("1e5\0"),   ROW("\xd9\xa1"),
                ROW("1_000"),   ROW("1234567890123456789x")};
#undef ROW
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        double value;
        if (number_parse(rows[i].text, rows[i].length, &value))
            fail_msg("row %zu, \"%s\" taken as %g", i, rows[i].text, value);
    }
}

static void very_long_numbers(void **state)
{
    (void)state;
    enum { LENGTH = 100000 };
    char *text = memory_new(LENGTH + 1, 1, NULL);
    double value = 1;
    memset(text, '0', LENGTH);
    assert_true(number_parse(text, LENGTH, &value) && value == 0);
    text[LENGTH - 1] = '7';
    assert_true(number_parse(text, LENGTH, &value) && value == 7);
    text[1] = '.';
    assert_true(number_parse(text, LENGTH, &value) && value == 0);
    memset(text, '9', LENGTH);
    assert_true(number_parse(text, LENGTH, &value) && isinf(value));
    text[LENGTH - 1] = 'x';
    assert_false(number_parse(text, LENGTH, &value));
    assert_true(number_parse(text, 3, &value) && value == 999); // the rest is not its business
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(message_is_one_line),
        cmocka_unit_test(usage_is_told_from_failure),
        cmocka_unit_test(long_message_loses_its_end),
        cmocka_unit_test(memory_is_aligned_and_zero),
        cmocka_unit_test(too_large_sizes_are_refused),
        cmocka_unit_test(more_than_the_machine_has),
        cmocka_unit_test(growing_keeps_what_is_there),
        cmocka_unit_test(allocations_fail_on_order),
        cmocka_unit_test(random_numbers_are_those_of_rand),
        cmocka_unit_test(uniform_numbers_keep_to_their_range),
        cmocka_unit_test(floats_come_back),
        cmocka_unit_test(special_floats_come_back),
        cmocka_unit_test(floats_are_written_shortly),
        cmocka_unit_test(numbers_are_read_as_strtod_has_them),
        cmocka_unit_test(hostile_texts_are_no_numbers),
        cmocka_unit_test(very_long_numbers),
    };
    return cmocka_run_group_tests_name("base", tests, NULL, NULL);
}
