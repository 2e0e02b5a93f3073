// How word vectors are learnt: gradients against differences of the objective, contexts against a plain search, ways
// in the tree, what is drawn, and that threads change nothing.
#include "testing.h"

#include "base/kernels.h"
#include "text/corpus.h"
#include "vectors/gradients.h"
#include "vectors/logistic.h"
#include "vectors/training.h"

enum { WORDS = 30, WIDTH = 5, STRIDE = 16, TOKENS = 150, WINDOW = 3 };

static double uniform(struct random *random)
{
    return random_uniform(random, -1, 1);
}

static double logistic(double x)
{
    return 1 / (1 + exp(-x));
}

// ---- the objective ----------------------------------------------------------------------------

enum { INPUTS = 3, OUTPUTS = 4 };

static double objective(const float *x, const float *y, const float *label, const float *weight)
{
    double sum = 0;
    for (size_t i = 0; i < INPUTS; i++)
        for (size_t j = 0; j < OUTPUTS; j++) {
            double score = 0;
            for (size_t k = 0; k < WIDTH; k++)
                score += (double)x[i * STRIDE + k] * (double)y[j * STRIDE + k];
            double p = logistic(score);
            sum += (double)weight[i * OUTPUTS + j] * log(label[j] > 0 ? p : 1 - p);
        }
    return sum;
}

static void gradient_is_that_of_the_objective(void **state)
{
    (void)state;
    float x[INPUTS * STRIDE] = {0}, y[OUTPUTS * STRIDE] = {0}, dx[INPUTS * STRIDE] = {0},
                     dy[OUTPUTS * STRIDE] = {0}, weight[INPUTS * OUTPUTS], error[INPUTS * OUTPUTS];
    float label[OUTPUTS] = {1, 0, 0, 1}, x2[INPUTS], y2[OUTPUTS], hx[INPUTS] = {0},
          hy[OUTPUTS] = {0};
    struct random random;
    random_seed(&random, 7);
    for (size_t i = 0; i < INPUTS * STRIDE; i++)
        x[i] = i % STRIDE < WIDTH ? (float)uniform(&random) : 0;
    for (size_t i = 0; i < OUTPUTS * STRIDE; i++)
        y[i] = i % STRIDE < WIDTH ? (float)uniform(&random) : 0;
    for (size_t i = 0; i < INPUTS * OUTPUTS; i++)
        weight[i] = (float)(1 + uniform(&random));
    logistic_squares(x2, x, STRIDE, INPUTS, WIDTH);
    logistic_squares(y2, y, STRIDE, OUTPUTS, WIDTH);
    const struct logistic of = {INPUTS, OUTPUTS, WIDTH, STRIDE, x, y, x2, y2, label, weight, error};
    logistic_gradient(&of, dx, dy, hx, hy);
    for (size_t i = 0; i < (INPUTS + OUTPUTS) * STRIDE; i++) {
        float *at = i < INPUTS * STRIDE ? &x[i] : &y[i - INPUTS * STRIDE], was = *at;
        double wanted = 0,
               found = (double)(at >= y && at < y + OUTPUTS * STRIDE ? dy[at - y] : dx[at - x]);
        if (i % STRIDE < WIDTH) {
            *at = was + 0.005f;
            wanted = objective(x, y, label, weight);
            *at = was - 0.005f;
            wanted = (wanted - objective(x, y, label, weight)) / 0.01;
            *at = was;
        }
        assert_near(found, wanted, 2e-4);
    }
    // Curvatures bound the second difference in each direction.
    for (size_t i = 0; i < INPUTS; i++) {
        double middle = objective(x, y, label, weight), sides = 0;
        for (int sign = -1; sign <= 1; sign += 2) {
            for (size_t k = 0; k < WIDTH; k++)
                x[i * STRIDE + k] += (float)sign * 0.01f;
            sides += objective(x, y, label, weight);
            for (size_t k = 0; k < WIDTH; k++)
                x[i * STRIDE + k] -= (float)sign * 0.01f;
        }
        double bend = (2 * middle - sides) / (WIDTH * 1e-4);
        assert_true(bend > 0 && bend <= (double)hx[i]);
    }
}

// ---- texts ------------------------------------------------------------------------------------

struct sample {
    struct vocabulary words;
    int32_t id[TOKENS], word[WORDS];
    uint32_t keep[WORDS];
    struct passage_text text;
};

// Lines of 1 to 40 words; words 3 and 4 of the text are none of the vocabulary.
static void make_sample(struct sample *sample, uint32_t seed, bool cut)
{
    struct random random;
    random_seed(&random, seed);
    memset(sample, 0, sizeof *sample);
    assert_true(vocabulary_init(&sample->words, NULL));
    for (int i = 1; i < WORDS - 2; i++) {
        char name[16];
        snprintf(name, sizeof name, "w%d", i);
        vocabulary_add(&sample->words, name, strlen(name), NULL);
    }
    for (int i = 0, next = 0; i < WORDS; i++)
        sample->word[i] = i == 3 || i == 4 ? WORD_OOV : next++;
    size_t left = 5;
    for (size_t i = 0; i < TOKENS; i++, left--) {
        double place = random_uniform(&random, 0, 1);
        sample->id[i] =
            left == 0 || i + 1 == TOKENS ? 0 : 1 + (int32_t)(place * place * (WORDS - 1));
        if (left == 0)
            left = 1 + (size_t)random_uniform(&random, 1, 40);
    }
    for (size_t w = 0; w < sample->words.size; w++)
        sample->words.count[w] = 200 / (w + 1);
    passage_keep(sample->keep, sample->words.count, sample->words.size, cut ? 0.02 : 0);
    sample->text = (struct passage_text){sample->id, sample->word, TOKENS, sample->keep, WINDOW};
}

// Contexts are those of the whole text, wherever it is cut.
static void contexts_do_not_depend_on_passages(void **state)
{
    (void)state;
    struct sample sample;
    struct passage passage;
    assert_true(passage_init(&passage, WINDOW, NULL));
    for (uint32_t seed = 1; seed < 5; seed++) {
        int32_t kept[TOKENS], line[TOKENS];
        uint64_t random[TOKENS];
        size_t count = 0, centre = 0;
        make_sample(&sample, seed, seed % 2);
        for (size_t i = 0, at = 0; i < TOKENS; i++) {
            int32_t word = sample.word[sample.id[i]];
            uint64_t drawn = random_mix(99 + i * RANDOM_STEP);
            at += word == WORD_END;
            if (word <= 0 ||
                (sample.keep[word] != UINT32_MAX && (uint32_t)drawn >= sample.keep[word]))
                continue;
            kept[count] = word;
            line[count] = (int32_t)at;
            random[count++] = drawn;
        }
        assert_true(seed % 2 ? count < 120 : count > 120);
        for (uint64_t from = 0; from < TOKENS; from += 64 - seed) {
            uint64_t to = from + 64 - seed < TOKENS ? from + 64 - seed : TOKENS;
            passage_take(&passage, &sample.text, from, to, 99);
            for (size_t c = passage.first; c < passage.last; c++, centre++) {
                size_t reach = 1 + (size_t)((random[centre] >> 32) * WINDOW >> 32), begin = centre,
                       end = centre + 1;
                while (begin > 0 && centre - begin < reach && line[begin - 1] == line[centre])
                    begin--;
                while (end < count && end - centre <= reach && line[end] == line[centre])
                    end++;
                assert_int_equal(passage.word[c], kept[centre]);
                assert_int_equal(c - passage.begin[c], centre - begin);
                assert_int_equal(passage.end[c] - c, end - centre);
                for (size_t i = passage.begin[c]; i < passage.end[c]; i++)
                    assert_int_equal(passage.word[i], kept[begin + i - passage.begin[c]]);
            }
        }
        assert_int_equal(centre, count);
        vocabulary_free(&sample.words);
    }
    passage_free(&passage);
}

static void frequent_words_are_left_out(void **state)
{
    (void)state;
    const uint64_t count[] = {0, 9000, 700, 200, 99, 1};
    uint32_t keep[6];
    passage_keep(keep, count, 6, 1e-2);
    assert_int_equal(keep[3], UINT32_MAX); // what would be 1.2
    assert_int_equal(keep[4], UINT32_MAX);
    assert_near(keep[1] / 4294967296., (sqrt(0.9 / 1e-2) + 1) * 1e-2 / 0.9, 1e-9);
    assert_near(keep[2] / 4294967296., (sqrt(0.07 / 1e-2) + 1) * 1e-2 / 0.07, 1e-9);
    passage_keep(keep, count, 6, 0);
    assert_int_equal(keep[1], UINT32_MAX);
}

// ---- gradients of a passage -------------------------------------------------------------------

struct learning {
    struct sample sample;
    struct vectors_training training;
    struct gradient_rules rules;
    struct vector_rows rows;
    struct passage_gradients gradients;
    struct gradient_scratch scratch;
    float *input;
};

static void start_learning(struct learning *l, bool cbow, bool tree, size_t negative)
{
    struct random random;
    struct error error;
    memset(l, 0, sizeof *l);
    make_sample(&l->sample, 3, false);
    l->training = (struct vectors_training){.cbow = cbow,
                                            .tree = tree,
                                            .negative = negative,
                                            .width = WIDTH,
                                            .window = WINDOW,
                                            .threads = 1};
    assert_true(gradient_rules_init(&l->rules, &l->training, &l->sample.words, &error));
    l->input = memory_new(WORDS * STRIDE, sizeof(float), &error);
    assert_true(vector_rows_init(&l->rows, &l->rules, l->input, &error));
    assert_true(passage_gradients_init(&l->gradients, &l->rules, &error));
    assert_true(gradient_scratch_init(&l->scratch, &l->rules, &error));
    random_seed(&random, 5);
    for (size_t i = 0; i < l->rules.words * STRIDE; i++)
        l->input[i] = i % STRIDE < WIDTH ? (float)uniform(&random) : 0;
    for (size_t i = 0; i < (l->rules.words + l->rules.tree.inner) * STRIDE; i++)
        l->rows.output[i] = i % STRIDE < WIDTH ? (float)uniform(&random) : 0;
}

static void end_learning(struct learning *l)
{
    passage_gradients_free(&l->gradients);
    gradient_scratch_free(&l->scratch);
    free(l->rows.output);
    free(l->rows.curvature);
    free(l->input);
    gradient_rules_free(&l->rules);
    vocabulary_free(&l->sample.words);
}

// The input that a centre has from place i of its context; of CBOW, the mean of all. Word `moved` stands `step` further
// in direction k: a whole step for the mean too, for each time that it has it.
static void take_input(const struct learning *l, size_t centre, size_t i, int32_t moved, size_t k,
                       double step, double *x)
{
    const struct passage *p = &l->scratch.passage;
    memset(x, 0, WIDTH * sizeof *x);
    size_t from = l->training.cbow ? p->begin[centre] : i,
           to = l->training.cbow ? p->end[centre] : i + 1;
    double share = l->training.cbow ? 1 / (double)(p->end[centre] - p->begin[centre] - 1) : 1;
    for (size_t at = from; at < to; at++) {
        for (size_t j = 0; j < WIDTH && at != centre; j++)
            x[j] += share * (double)l->input[(size_t)p->word[at] * STRIDE + j];
        if (at != centre && p->word[at] == moved)
            x[k] += step;
    }
}

static double score(const struct learning *l, const double *x, size_t output, double label)
{
    double sum = 0;
    for (size_t j = 0; j < WIDTH; j++)
        sum += x[j] * (double)l->rows.output[output * STRIDE + j];
    return log(logistic(label > 0 ? sum : -sum));
}

// What an input of a centre adds; `drawn` is shared by its group.
static double of_input(const struct learning *l, const double *x, int32_t word,
                       const uint32_t *drawn)
{
    const struct word_tree *tree = &l->rules.tree;
    double sum = 0;
    if (l->training.negative > 0)
        sum += score(l, x, (size_t)word, 1);
    for (size_t k = 0; k < l->rules.drawn; k++)
        if (drawn[k] - l->rules.words != (uint32_t)word)
            sum += score(l, x, drawn[k] - l->rules.words, 0) / 3;
    for (size_t n = l->training.tree ? tree->begin[word] : 0;
         l->training.tree && n < tree->begin[word + 1]; n++)
        sum += score(l, x, tree->node[n] + l->rules.words, tree->bit[n] ? 0 : 1);
    return sum;
}

// The passage's objective; what was drawn is told by the gradients found.
static double passage_objective(const struct learning *l, int32_t moved, size_t k, double step)
{
    const struct passage *p = &l->scratch.passage;
    size_t at = p->count;
    double sum = 0, x[WIDTH];
    for (size_t first = p->first; first < p->last; first += GRADIENT_GROUP) {
        size_t last = first + GRADIENT_GROUP < p->last ? first + GRADIENT_GROUP : p->last;
        const uint32_t *drawn = l->gradients.row + at + (last - first);
        for (size_t c = first; c < last; c++) {
            size_t from = p->begin[c],
                   to = l->training.cbow ? from + (p->end[c] - from > 1) : p->end[c];
            for (size_t i = from; i < to; i++) {
                if (i == c && !l->training.cbow)
                    continue;
                take_input(l, c, i, moved, k, step, x);
                sum += of_input(l, x, p->word[c], drawn);
            }
            if (l->training.tree)
                at += l->rules.tree.begin[p->word[c] + 1] - l->rules.tree.begin[p->word[c]];
        }
        at += l->training.negative > 0 ? last - first + l->rules.drawn : 0;
    }
    assert_int_equal(at, l->gradients.count);
    return sum;
}

static void compare_gradients(struct learning *l)
{
    static double total[3 * WORDS][WIDTH];
    const struct passage_gradients *g = &l->gradients;
    memset(total, 0, sizeof total);
    for (size_t i = 0; i < g->count; i++)
        for (size_t k = 0; k < WIDTH; k++)
            total[g->row[i]][k] += (double)g->gradient[i * STRIDE + k];
    size_t outputs = l->rules.words + l->rules.tree.inner;
    for (size_t row = 1; row < l->rules.words; row++)
        for (size_t k = 0; k < WIDTH; k++) {
            double wanted = passage_objective(l, (int32_t)row, k, 1e-4) -
                            passage_objective(l, (int32_t)row, k, -1e-4);
            assert_near(total[row][k], wanted / 2e-4, 1e-4);
        }
    for (size_t row = 1; row < outputs; row++)
        for (size_t k = 0; k < WIDTH; k++) {
            float *at = &l->rows.output[row * STRIDE + k], was = *at;
            *at = was + 0.0078125f;
            double wanted = passage_objective(l, -1, 0, 0);
            *at = was - 0.0078125f;
            wanted = (wanted - passage_objective(l, -1, 0, 0)) / 0.015625;
            *at = was;
            assert_near(total[l->rules.words + row][k], wanted, 1e-3);
        }
}

static void passages_have_the_gradient_of_their_objective(void **state)
{
    (void)state;
    static const struct {
        bool cbow, tree;
        size_t negative;
    } kind[] = {
        {false, false, 4}, {true, false, 4}, {false, true, 0}, {true, true, 0}, {false, true, 2}};
    for (size_t i = 0; i < sizeof kind / sizeof *kind; i++) {
        struct learning l;
        start_learning(&l, kind[i].cbow, kind[i].tree, kind[i].negative);
        // The gradients of both ways lie group by group: drawn words first, then ways.
        if (!(kind[i].tree && kind[i].negative > 0)) {
            passage_gradients_find(&l.gradients, &l.rules, &l.rows, &l.scratch, &l.sample.text, 64,
                                   128, 99);
            assert_true(l.scratch.passage.last - l.scratch.passage.first > 30);
            compare_gradients(&l);
        } else {
            passage_gradients_find(&l.gradients, &l.rules, &l.rows, &l.scratch, &l.sample.text, 64,
                                   72, 99);
            compare_gradients(&l);
        }
        end_learning(&l);
    }
}

// Each vector moves once for all of its gradients, and never by more than its curvature allows.
static void vectors_move_by_their_gradients(void **state)
{
    (void)state;
    struct learning l;
    start_learning(&l, false, false, 4);
    passage_gradients_find(&l.gradients, &l.rules, &l.rows, &l.scratch, &l.sample.text, 0, 64, 99);
    for (int big = 0; big < 2; big++) {
        float before[2 * WORDS * STRIDE], alpha = big ? 1e6f : 1e-3f;
        size_t rows = 2 * l.rules.words;
        memcpy(before, l.input, l.rules.words * STRIDE * sizeof(float));
        memcpy(before + l.rules.words * STRIDE, l.rows.output,
               l.rules.words * STRIDE * sizeof(float));
        for (size_t o = 0; o < GRADIENT_OWNERS; o++) {
            passage_gradients_sum(&l.gradients, o, l.rows.curvature);
            passage_gradients_move(&l.gradients, o, &l.rows, alpha);
            passage_gradients_forget(&l.gradients, o, l.rows.curvature);
        }
        for (size_t row = 0; row < rows; row++) {
            double h = 0, g[WIDTH] = {0};
            for (size_t i = 0; i < l.gradients.count; i++)
                for (size_t k = 0; l.gradients.row[i] == row && k <= WIDTH; k++)
                    *(k < WIDTH ? &g[k] : &h) +=
                        (double)(k < WIDTH ? l.gradients.gradient[i * STRIDE + k]
                                           : l.gradients.curvature[i]);
            double step = (double)alpha * h > 1 ? 1 / h : (double)alpha;
            const float *now = row < l.rules.words ? l.input + row * STRIDE
                                                   : l.rows.output + (row - l.rules.words) * STRIDE;
            for (size_t k = 0; k < WIDTH; k++)
                assert_near(now[k], (double)before[row * STRIDE + k] + step * g[k], 1e-4);
            assert_true(l.rows.curvature[row] == 0);
        }
    }
    end_learning(&l);
}

// ---- the tree ---------------------------------------------------------------------------------

static void ways_are_huffman_codes(void **state)
{
    (void)state;
    struct vocabulary words;
    struct word_tree tree;
    // 45 13 12 16 9 5: the example of Cormen et al.: 224 bits for 100.
    const uint64_t count[] = {0, 45, 16, 13, 12, 9, 5};
    const size_t depth[] = {0, 1, 3, 3, 3, 4, 4};
    size_t bits = 0;
    assert_true(vocabulary_init(&words, NULL));
    for (int i = 1; i < 7; i++)
        words.count[vocabulary_add(&words, (char[]){(char)('a' + i)}, 1, NULL)] = count[i];
    assert_true(word_tree_init(&tree, &words, NULL));
    assert_int_equal(tree.inner, 5);
    assert_int_equal(tree.deepest, 4);
    for (size_t w = 1; w < 7; w++) {
        assert_int_equal(tree.begin[w + 1] - tree.begin[w], depth[w]);
        bits += depth[w] * count[w];
        assert_int_equal(tree.node[tree.begin[w]], tree.inner - 1); // the root
        for (size_t v = 1; v < w; v++) { // parts where both ways are at one node
            size_t k = 0;
            while (tree.bit[tree.begin[w] + k] == tree.bit[tree.begin[v] + k]) {
                k++;
                assert_true(k < depth[w] && k < depth[v]);
                assert_int_equal(tree.node[tree.begin[w] + k], tree.node[tree.begin[v] + k]);
            }
        }
    }
    assert_int_equal(bits, 224);
    word_tree_free(&tree);
    vocabulary_free(&words);
}

// ---- what is drawn ----------------------------------------------------------------------------

static void drawn_words_follow_their_counts(void **state)
{
    (void)state;
    enum { DRAWN = 100000 };
    struct learning l;
    size_t found[WORDS] = {0};
    double sum = 0, chi_square = 0;
    start_learning(&l, false, false, 5);
    for (uint64_t i = 0; i < DRAWN; i++)
        found[1 + alias_draw(&l.rules.noise, random_mix(i * RANDOM_STEP))]++;
    for (size_t w = 1; w < l.rules.words; w++)
        sum += pow((double)l.sample.words.count[w], 0.75);
    for (size_t w = 1; w < l.rules.words; w++) {
        double wanted = DRAWN * pow((double)l.sample.words.count[w], 0.75) / sum;
        chi_square += ((double)found[w] - wanted) * ((double)found[w] - wanted) / wanted;
    }
    assert_int_equal(found[WORD_END], 0);
    assert_true(chi_square < 60); // 26 degrees of freedom: one in 10,000
    end_learning(&l);
}

// ---- all together -----------------------------------------------------------------------------

static float *learn(struct sample *sample, struct vectors_training training, size_t times,
                    struct error *error)
{
    int32_t *ids = malloc(times * sizeof sample->id);
    for (size_t i = 0; i < times; i++)
        memcpy(ids + i * TOKENS, sample->id, sizeof sample->id);
    const struct id_text text = {.tokens = times * TOKENS, .id = ids};
    struct vector_table table = {.words = sample->words};
    bool ok = vectors_train(&table, &training, &text, sample->word, error);
    free(ids);
    if (!ok)
        free(table.row);
    return ok ? table.row : NULL;
}

static void threads_change_nothing(void **state)
{
    (void)state;
    struct sample sample;
    struct error error;
    make_sample(&sample, 2, false);
    for (int kind = 0; kind < 4; kind++) {
        struct vectors_training training = {.cbow = kind % 2,
                                            .tree = kind > 1,
                                            .negative = kind > 1 ? 0 : 5,
                                            .width = 20,
                                            .window = 2,
                                            .epochs = 2,
                                            .threads = 1,
                                            .sample = 0.01,
                                            .alpha = 0.05,
                                            .seed = 4};
        float *one = learn(&sample, training, 20, &error),
              *again = learn(&sample, training, 20, &error);
        training.threads = 3;
        float *three = learn(&sample, training, 20, &error);
        training.seed = 5;
        float *other = learn(&sample, training, 20, &error);
        size_t size = sample.words.size * 32 * sizeof(float);
        assert_memory_equal(one, again, size);
        assert_memory_equal(one, three, size);
        assert_true(memcmp(one, other, size) != 0);
        free(one);
        free(again);
        free(three);
        free(other);
    }
    vocabulary_free(&sample.words);
}

// With few words each has hundreds of gradients in a block: a learning rate of word2vec's size would send vectors
// off if steps were not bounded.
static void small_vocabularies_are_learnt(void **state)
{
    (void)state;
    struct sample sample;
    struct error error;
    make_sample(&sample, 2, false);
    for (int cbow = 0; cbow < 2; cbow++) {
        const struct vectors_training training = {.cbow = cbow,
                                                  .negative = 5,
                                                  .width = 10,
                                                  .window = 5,
                                                  .epochs = 20,
                                                  .threads = 1,
                                                  .alpha = 1,
                                                  .seed = 1};
        float *row = learn(&sample, training, 20, &error);
        assert_non_null(row);
        for (size_t i = 0; i < sample.words.size * 16; i++)
            assert_true(fabs((double)row[i]) < 100);
        free(row);
    }
    vocabulary_free(&sample.words);
}

static void want_of_memory_is_told(void **state)
{
    (void)state;
    struct sample sample;
    struct error error;
    make_sample(&sample, 2, false);
    const struct vectors_training training = {.tree = true,
                                              .negative = 5,
                                              .width = 4,
                                              .window = 2,
                                              .epochs = 1,
                                              .threads = 2,
                                              .alpha = 0.1};
    int64_t count = 0;
    for (float *row = NULL; row == NULL; count++) {
        memory_fail_after(count);
        row = learn(&sample, training, 1, &error);
        memory_fail_after(-1);
        if (row == NULL)
            assert_contains(error.text, "not enough memory");
        free(row);
        if (row != NULL)
            break;
    }
    assert_true(count > 50);
    vocabulary_free(&sample.words);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gradient_is_that_of_the_objective),
        cmocka_unit_test(contexts_do_not_depend_on_passages),
        cmocka_unit_test(frequent_words_are_left_out),
        cmocka_unit_test(passages_have_the_gradient_of_their_objective),
        cmocka_unit_test(vectors_move_by_their_gradients),
        cmocka_unit_test(ways_are_huffman_codes),
        cmocka_unit_test(drawn_words_follow_their_counts),
        cmocka_unit_test(threads_change_nothing),
        cmocka_unit_test(small_vocabularies_are_learnt),
        cmocka_unit_test(want_of_memory_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
