// What teachers say of a training text: their mixture, word for word, whatever the parts.
#include "plain_network.h"

#include "base/bfloat16.h"
#include "scratch.h"
#include "text/vocabulary.h"
#include "train/lessons.h"

enum { MOST_WORDS = 6000, CLASSES = 4 };

static const struct epoch_rule plain_order = {.block = 1000};

// A text, a model for its words, and teachers with other weights.
struct school {
    struct corpus *corpus;
    struct model learner, teacher[2];
    struct teacher seat[2];
    int32_t id[MOST_WORDS];
    size_t words;
    struct pool *pool;
};

static void write_text(size_t words)
{
    FILE *file = fopen("text", "w");
    assert_non_null(file);
    for (size_t i = 0; i < words; i++) // every tenth token is the newline
        fprintf(file, i % 10 == 9 ? "\n" : "w%zu ", i * i % 23);
    fclose(file);
}

static void make_model(struct school *school, struct model *model, const char *layers,
                       uint32_t seed)
{
    struct error error = {""};
    uint64_t tokens;
    memset(model, 0, sizeof *model);
    assert_true(vocabulary_init(&model->vocabulary, &error));
    assert_true(corpus_learn_vocabulary(school->corpus, &model->vocabulary, NULL, &tokens, &error));
    model->record.train_words = tokens;
    struct network_shape shape = new_shape(model->vocabulary.size, layers, CLASSES, 0, 0);
    make_network(&model->network, &shape, seed, 0.8);
    assert_true(model_attach(model, &error));
}

static void open_school(struct school *school, size_t words, size_t threads, bool independent)
{
    struct error error = {""};
    memset(school, 0, sizeof *school);
    write_text(words);
    school->corpus = corpus_open("text", &error);
    assert_non_null(school->corpus);
    make_model(school, &school->learner, "elman:3", 1);
    make_model(school, &school->teacher[0], "lstm:6", 2);
    make_model(school, &school->teacher[1], "gru:5,elman:4", 3);
    for (size_t i = 0; i < 2; i++) {
        school->teacher[i].record.independent = independent;
        school->seat[i] = (struct teacher){&school->teacher[i], "teacher", i == 0 ? 1 : 3};
    }
    assert_true(corpus_start(school->corpus, &school->learner.vocabulary, &error));
    while (corpus_next(school->corpus, &school->id[school->words]))
        school->words++;
    school->pool = pool_new(threads, &error);
    assert_non_null(school->pool);
}

static void close_school(struct school *school)
{
    pool_free(school->pool);
    corpus_close(school->corpus);
    model_free(&school->learner);
    for (size_t i = 0; i < 2; i++)
        model_free(&school->teacher[i]);
}

static struct lessons *ask(const struct school *school, size_t count)
{
    struct error error = {""};
    struct lessons *lessons = lessons_new(school->seat, count, &school->learner, school->corpus,
                                          &plain_order, "model", school->pool, &error);
    assert_string_equal(error.text, "");
    assert_non_null(lessons);
    return lessons;
}

// Adds up what a teacher says after `input`, by the definition.
static void add_plain(const struct plain *plain, const struct plain_state *state, double weight,
                      int32_t target, double *classes, double *words)
{
    double prob[PLAIN_UNITS] = {0}, input[PLAIN_UNITS], log_z;
    size_t top = plain->network->shape.layers - 1;
    int32_t k = plain->network->classes.of_word[target];
    plain_hand_up(plain, top, state->value[top][0], input);
    size_t n = plain_softmax(plain, input, state->history, -1, prob, &log_z);
    double of_class = weight * prob[k];
    for (size_t i = 0; i < n; i++)
        classes[i] += weight * prob[i];
    n = plain_softmax(plain, input, state->history, k, prob, &log_z);
    for (size_t i = 0; i < n; i++)
        words[i] += of_class * prob[i];
}

static void assert_said(const uint16_t *said, const double *wanted, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += wanted[i];
    for (size_t i = 0; i < n; i++) // bfloat16 is exact to 2^-8
        assert_near(bfloat16_to(said[i]), wanted[i] / sum, 3.95e-3 * wanted[i] / sum + 1e-7);
}

// From the beginning of each part the teachers know nothing.
static void check_lessons(const struct school *school, size_t count, size_t parts)
{
    struct lessons *lessons = ask(school, count);
    const struct classes *of = &school->learner.network.classes;
    struct plain plain[2] = {plain_new(&school->teacher[0].network),
                             plain_new(&school->teacher[1].network)};
    struct plain_state state[2], after;
    size_t numbers = 0, longer = school->words % parts, length = school->words / parts, next = 0;
    for (size_t i = 0, part = 0; i < school->words; i++) {
        double classes[PLAIN_UNITS] = {0}, words[PLAIN_UNITS] = {0};
        int32_t taken = i > 0 ? school->id[i - 1] : WORD_END, target = school->id[i];
        bool begins = i == next;
        if (begins)
            next += length + (part++ >= parts - longer);
        for (size_t t = 0; t < count; t++) {
            bool afresh = school->teacher[t].record.independent && taken == WORD_END;
            if (begins || afresh)
                plain_begin(&plain[t], afresh, &state[t]);
            plain_step(&plain[t], &state[t], taken, &after);
            state[t] = after;
            add_plain(&plain[t], &state[t], school->seat[t].weight, target, classes, words);
        }
        int32_t k = of->of_word[target];
        struct output_lesson said = lessons_at(lessons, i, target);
        assert_said(said.classes, classes, CLASSES);
        assert_said(said.words, words, (size_t)(of->begin[k + 1] - of->begin[k]));
        numbers += CLASSES + (size_t)(of->begin[k + 1] - of->begin[k]);
    }
    assert_null(lessons_at(lessons, 0, WORD_OOV).classes);
    assert_int_equal(lessons_words(lessons), school->words);
    assert_int_equal(lessons_bytes(lessons), numbers * sizeof(uint16_t));
    lessons_free(lessons);
    for (size_t i = 0; i < 2; i++)
        plain_free(&plain[i]);
}

static void what_is_said_is_the_mixture(void **state)
{
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        struct school school;
        open_school(&school, 900, 1 + i % 2 * 2, i >= 2);
        check_lessons(&school, 1 + i % 2, 1);
        close_school(&school);
    }
}

// With as many parts as the text has 2,000 words.
static void parts_begin_afresh(void **state)
{
    (void)state;
    struct school school;
    open_school(&school, 5500, 3, false);
    check_lessons(&school, 2, 3);
    close_school(&school);
}

static void assert_refused(const struct school *school, const char *message)
{
    struct error error = {""};
    assert_false(lessons_can_be(school->seat, 2, &school->learner, &error));
    assert_non_null(strstr(error.text, message));
}

static void teachers_that_do_not_fit(void **state)
{
    (void)state;
    struct school school;
    struct error error = {""};
    open_school(&school, 900, 1, false);
    struct network *second = &school.teacher[1].network;
    assert_true(lessons_can_be(school.seat, 2, &school.learner, &error));
    second->classes.of_word[0]++;
    assert_refused(&school, "teacher: found other words or classes");
    second->classes.of_word[0]--;
    second->shape.classes++;
    assert_refused(&school, "teacher: found 5 classes, the network that learns has 4");
    second->shape.classes--;
    second->shape.output = output_named("full", &error);
    assert_refused(&school, "teacher: found output full, wanted class");
    second->shape.output = school.learner.network.shape.output;
    assert_null(lessons_new(school.seat, 2, &school.learner, school.corpus, &plain_order,
                            "no/folder/model", school.pool, &error));
    assert_non_null(strstr(error.text, "no/folder/"));
    const struct epoch_rule drawn = {.shuffle = true, .block = 10};
    assert_null(lessons_new(school.seat, 2, &school.learner, school.corpus, &drawn, "model",
                            school.pool, &error));
    assert_non_null(strstr(error.text, "exclude -teach"));
    close_school(&school);
}

static void a_teacher_that_has_blown_up(void **state)
{
    (void)state;
    struct school school;
    struct error error = {""};
    open_school(&school, 900, 1, false);
    parameter_row(network_parameter(&school.teacher[1].network, "output.class_bias"), 0)[0] = NAN;
    assert_null(lessons_new(school.seat, 2, &school.learner, school.corpus, &plain_order, "model",
                            school.pool, &error));
    assert_string_equal(error.text, "a teacher has probabilities that are no numbers");
    close_school(&school);
}

static void failed_memory(void **state)
{
    (void)state;
    struct school school;
    struct error error = {""};
    open_school(&school, 900, 1, false);
    struct lessons *lessons = NULL;
    for (long i = 0; lessons == NULL; i++) {
        assert_true(i < 1000);
        memory_fail_after(i);
        lessons = lessons_new(school.seat, 2, &school.learner, school.corpus, &plain_order, "model",
                              school.pool, &error);
        memory_fail_after(-1);
    }
    lessons_free(lessons);
    close_school(&school);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_said_is_the_mixture),
        cmocka_unit_test(parts_begin_afresh),
        cmocka_unit_test(teachers_that_do_not_fit),
        cmocka_unit_test(a_teacher_that_has_blown_up),
        cmocka_unit_test(failed_memory),
    };
    return cmocka_run_group_tests_name("lessons", tests, scratch_enter, scratch_leave);
}
