// Words that get vectors, tables of vectors read from files, questions and classes.
#include "testing.h"

#include "scratch.h"
#include "vectors/clusters.h"
#include "vectors/questions.h"
#include "vectors/words.h"

static void write_text(const char *path, const char *text)
{
    write_file(path, text, strlen(text));
}

// ---- words ------------------------------------------------------------------------------------

static void words_of_a_text(void **state)
{
    (void)state;
    struct vocabulary words;
    struct error error;
    write_text("text", "b a b c\nb a d\n\nc");
    struct corpus *text = corpus_open("text", &error);
    assert_true(vector_words_learn(&words, text, 2, &error));
    assert_int_equal(words.size, 4);
    assert_string_equal(vocabulary_word(&words, 1), "b");
    assert_int_equal(words.count[WORD_END], 4);
    assert_int_equal(words.count[1], 3);
    assert_true(vector_words_write(&words, "vocab", &error));
    vocabulary_free(&words);
    assert_false(vector_words_learn(&words, text, 3, &error));
    assert_contains(error.text, "text: found 1 words that occur 3 times or more, wanted 2");
    vocabulary_free(&words);
    corpus_close(text);
    // What has been written is read again.
    assert_true(vector_words_read(&words, "vocab", 2, &error));
    assert_int_equal(words.size, 4);
    assert_int_equal(words.count[WORD_END], 4);
    assert_string_equal(vocabulary_word(&words, 1), "b");
    assert_int_equal(words.count[1], 3);
    vocabulary_free(&words);
}

static void lists_of_words(void **state)
{
    (void)state;
    static const char *const bad[][2] = {
        {"a 1\nb\n", "bad: line 2: found \"b\", wanted WORD COUNT"},
        {"a 1\n\nb 2\n", "bad: line 2: found \"\", wanted WORD COUNT"},
        {"a 1\nb 2 3\n", "line 2: found \"b 2 3\""},
        {"a 1\nb -2\n", "line 2: found \"b -2\""},
        {"a 1\nb 0\n", "line 2: found \"b 0\""},
        {"a 1\nb 1e3\n", "line 2: found \"b 1e3\""},
        {"a 1\nb nan\n", "line 2: found \"b nan\""},
        {"a 1\nb 1234567890123456\n", "line 2: found"},
        {"a 1\nb 2\na 3\n", "line 3: found \"a\" for the second time"},
        {"</s> 1\nb 2\n</s> 3\n", "line 3: found \"</s>\" for the second time"},
        {"a 1\n", "bad: found 1 words that occur 1 times or more, wanted 2"},
        {"", "bad: found 0 words"},
    };
    struct vocabulary words;
    struct error error;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        write_text("bad", bad[i][0]);
        assert_false(vector_words_read(&words, "bad", 1, &error));
        assert_contains(error.text, bad[i][1]);
        vocabulary_free(&words);
    }
    assert_false(vector_words_read(&words, "missing", 1, &error));
    vocabulary_free(&words);
    // In any order, with </s> or without; the rare ones are left out.
    write_text("good", "rare 1\na\t 5\r\n</s> 0\nb 123456789012345");
    assert_true(vector_words_read(&words, "good", 2, &error));
    assert_int_equal(words.size, 3);
    assert_string_equal(vocabulary_word(&words, 1), "b");
    assert_true(words.count[1] == 123456789012345);
    vocabulary_free(&words);
}

// ---- tables -----------------------------------------------------------------------------------

static void tables_are_read(void **state)
{
    (void)state;
    static const char *const bad[][2] = {
        {"a 1 2\nb 1 2\na 3 4\n", "line 3: found \"a\" for the second time"},
        {"</s> 1 2\nb 1 2\n</s> 3 4\n", "line 3: found \"</s>\" for the second time"},
        {"3 2\na 1 2\nb 1 2\n", "bad: found 2 words, wanted 3"},
        {"a 1 nan\n", "line 1: found \"nan\""}};
    struct vector_table table;
    struct error error;
    write_text("vectors", "2 3\na 1 2 3\nb 4 5 6\n");
    assert_true(vector_table_read(&table, "vectors", &error));
    assert_int_equal(table.words.size, 3);
    assert_int_equal(table.width, 3);
    assert_int_equal(table.stride, 16);
    for (size_t j = 0; j < 16; j++) {
        assert_true(table.row[j] == 0);
        assert_true(table.row[32 + j] == (j < 3 ? (float)(4 + j) : 0));
    }
    vector_table_free(&table);
    write_text("vectors", "a 1\n</s> 7\n");
    assert_true(vector_table_read(&table, "vectors", &error));
    assert_true(table.row[0] == 7 && table.row[16] == 1);
    vector_table_free(&table);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        write_text("bad", bad[i][0]);
        assert_false(vector_table_read(&table, "bad", &error));
        assert_contains(error.text, bad[i][1]);
        vector_table_free(&table);
    }
}

// ---- questions --------------------------------------------------------------------------------

struct told {
    char text[256];
};

static void tell(void *context, const char *kind, const struct question_counts *counts)
{
    struct told *told = context;
    size_t used = strlen(told->text);
    snprintf(told->text + used, sizeof told->text - used, "%s %d/%d %d;", kind ? kind : "ALL",
             (int)counts->right, (int)counts->asked, (int)counts->unknown);
}

// Words p0.. and q0.. of 1500 pairs, a place each and a direction in common; more than a tile of words, and more
// questions than a batch.
static void questions_are_counted(void **state)
{
    (void)state;
    struct vector_table table;
    struct told told = {""};
    struct error error;
    struct random random;
    random_seed(&random, 3);
    FILE *file = fopen("pairs", "w");
    for (int i = 0; i < 1500; i++) {
        double at[6];
        for (size_t k = 0; k < 6; k++)
            at[k] = random_uniform(&random, -1, 1);
        for (int second = 0; second < 2; second++) {
            fprintf(file, "%c%d %g", second ? 'q' : 'p', i, second ? 2. : 0.);
            for (size_t k = 0; k < 6; k++)
                fprintf(file, " %g", 3 * at[k]);
            fprintf(file, "\n");
        }
    }
    fclose(file);
    assert_true(vector_table_read(&table, "pairs", &error));
    file = fopen("questions", "w");
    fprintf(file, ": first kind \r\n");
    for (int i = 0; i < 300; i++)
        fprintf(file, "p%d q%d p%d q%d\n", i, i, i, i); // the answer is none of the three
    fprintf(file, "\n: second\np1 q1 p2 nothing\np1 p1 p2 q2\n: empty\n");
    fclose(file);
    assert_true(questions_answer(&table, "questions", tell, &told, &error));
    assert_string_equal(told.text, "first kind 0/300 0;second 0/1 1;ALL 0/301 1;");
    // Against a plain search in double precision.
    int right = 0;
    file = fopen("questions", "w");
    for (int q = 0; q < 400; q++) {
        int a = q, c = (q * 37 + 11) % 1500, best = -1;
        double place[7], most = -2;
        fprintf(file, "p%d q%d p%d q%d\n", a, a, c, c);
        const size_t row[3] = {1 + 2 * (size_t)a, 2 + 2 * (size_t)a, 1 + 2 * (size_t)c};
        memset(place, 0, sizeof place);
        for (size_t n = 0; n < 3; n++) {
            double length = 0;
            for (size_t k = 0; k < 7; k++)
                length += pow((double)table.row[row[n] * 16 + k], 2);
            for (size_t k = 0; k < 7; k++)
                place[k] += (n == 0 ? -1 : 1) * (double)table.row[row[n] * 16 + k] / sqrt(length);
        }
        for (size_t w = 1; w < table.words.size; w++) {
            double sum = 0, length = 0;
            for (size_t k = 0; k < 7; k++) {
                sum += place[k] * (double)table.row[w * 16 + k];
                length += pow((double)table.row[w * 16 + k], 2);
            }
            if (w != row[0] && w != row[1] && w != row[2] && sum / sqrt(length) > most) {
                most = sum / sqrt(length);
                best = (int)w;
            }
        }
        right += best == 2 + 2 * c;
    }
    fclose(file);
    memset(&told, 0, sizeof told);
    assert_true(right > 50 && right < 400);
    assert_true(questions_answer(&table, "questions", tell, &told, &error));
    char wanted[64];
    snprintf(wanted, sizeof wanted, " %d/400 0;ALL %d/400 0;", right, right);
    assert_string_equal(told.text, wanted);
    static const char *const bad[][2] = {
        {"", "bad: found no question"},
        {": kind\n", "bad: found no question"},
        {"p1 q1 p2\n", "bad: line 1: found \"p1 q1 p2\", wanted four words"},
        {": a\np1 q1 p2 q2\np1 q1 p2 q2 p3\n", "bad: line 3: found"}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        write_text("bad", bad[i][0]);
        assert_false(questions_answer(&table, "bad", tell, &told, &error));
        assert_contains(error.text, bad[i][1]);
    }
    vector_table_free(&table);
}

// ---- classes ----------------------------------------------------------------------------------

enum { CLUSTERED = 300, CLASSES = 4, ACROSS = 3 };

// The same in double precision.
static void plain_clusters(const struct vector_table *table, int32_t *of_word)
{
    for (size_t w = 0; w < table->words.size; w++)
        of_word[w] = (int32_t)(w % CLASSES);
    for (size_t round = 0; round < CLUSTER_ROUNDS; round++) {
        double centre[CLASSES][ACROSS] = {{0}}, length[CLASSES] = {0};
        for (size_t w = 0; w < table->words.size; w++)
            for (size_t k = 0; k < ACROSS; k++)
                centre[of_word[w]][k] += (double)table->row[w * table->stride + k];
        for (size_t c = 0; c < CLASSES; c++)
            for (size_t k = 0; k < ACROSS; k++)
                length[c] += centre[c][k] * centre[c][k];
        for (size_t w = 0; w < table->words.size; w++) {
            double most = -1e9;
            for (size_t c = 0; c < CLASSES; c++) {
                double near = 0;
                for (size_t k = 0; k < ACROSS && length[c] > 0; k++)
                    near +=
                        (double)table->row[w * table->stride + k] * centre[c][k] / sqrt(length[c]);
                if (near > most) {
                    most = near;
                    of_word[w] = (int32_t)c;
                }
            }
        }
    }
}

static void classes_are_those_of_plain_k_means(void **state)
{
    (void)state;
    struct vector_table table;
    struct error error;
    struct random random;
    int32_t of_word[CLUSTERED + 1], wanted[CLUSTERED + 1];
    random_seed(&random, 9);
    FILE *file = fopen("directions", "w");
    for (int i = 0; i < CLUSTERED; i++) {
        fprintf(file, "w%d", i);
        for (int k = 0; k < ACROSS; k++)
            fprintf(file, " %g", random_uniform(&random, -1, 1) + (i * i % 7 % 3 == k));
        fprintf(file, "\n");
    }
    fclose(file);
    assert_true(vector_table_read(&table, "directions", &error));
    assert_true(vector_clusters(&table, CLASSES, of_word, &error));
    plain_clusters(&table, wanted);
    assert_memory_equal(of_word, wanted, sizeof of_word);
    assert_true(vector_clusters(&table, 1000, of_word, &error)); // more than there are words
    for (int i = 0; i <= CLUSTERED; i++)
        assert_in_range(of_word[i], 0, 999);
    vector_table_free(&table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_of_a_text),
        cmocka_unit_test(lists_of_words),
        cmocka_unit_test(tables_are_read),
        cmocka_unit_test(questions_are_counted),
        cmocka_unit_test(classes_are_those_of_plain_k_means),
    };
    return cmocka_run_group_tests(tests, scratch_enter, scratch_leave);
}
