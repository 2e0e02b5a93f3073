// The gradients of a passage.
#include "vectors/gradients.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/kernels.h"
#include "base/memory.h"
#include "base/random.h"
#include "vectors/logistic.h"

enum { SHARED = 3 }; // a group draws so many times `negative` words

static const double POWER = 0.75; // of counts, in what is drawn

// ---- rules ------------------------------------------------------------------------------------

static bool make_noise(struct gradient_rules *rules, const struct vocabulary *words,
                       struct error *error)
{
    size_t count = words->size - 1;
    double sum = 0, *share = memory_new(count, sizeof *share, error);
    if (share == NULL)
        return false;
    for (size_t i = 0; i < count; i++)
        sum += share[i] = pow((double)words->count[i + 1], POWER);
    for (size_t i = 0; i < count; i++)
        share[i] *= (double)count / sum;
    bool ok = alias_init(&rules->noise, share, count, error);
    free(share);
    return ok;
}

bool gradient_rules_init(struct gradient_rules *rules, const struct vectors_training *training,
                         const struct vocabulary *words, struct error *error)
{
    size_t places = PASSAGE_TOKENS + 2 * training->window;
    *rules = (struct gradient_rules){
        .training = training, .words = words->size, .stride = memory_row(training->width)};
    if (training->negative > 0) {
        rules->drawn = SHARED * training->negative;
        rules->share = (float)training->negative / (float)rules->drawn;
        rules->outputs = GRADIENT_GROUP + rules->drawn;
    }
    if (words->size > UINT32_MAX / 3)
        return error_set(error, "found %zu words, wanted %d at most", words->size,
                         (int)(UINT32_MAX / 3));
    if ((training->negative > 0 && !make_noise(rules, words, error)) ||
        (training->tree && !word_tree_init(&rules->tree, words, error)))
        return false;
    rules->rows = places + PASSAGE_TOKENS / GRADIENT_GROUP * rules->outputs +
                  PASSAGE_TOKENS * rules->tree.deepest;
    if (rules->outputs < rules->tree.deepest)
        rules->outputs = rules->tree.deepest;
    return true;
}

void gradient_rules_free(struct gradient_rules *rules)
{
    alias_free(&rules->noise);
    word_tree_free(&rules->tree);
}

bool vector_rows_init(struct vector_rows *rows, const struct gradient_rules *rules, float *input,
                      struct error *error)
{
    size_t outputs = rules->words + rules->tree.inner;
    *rows = (struct vector_rows){.input = input,
                                 .words = rules->words,
                                 .stride = rules->stride,
                                 .width = rules->training->width};
    rows->output = memory_new(outputs * rules->stride, sizeof *rows->output, error);
    rows->curvature = memory_new(rules->words + outputs, sizeof *rows->curvature, error);
    return rows->output != NULL && rows->curvature != NULL;
}

bool passage_gradients_init(struct passage_gradients *gradients, const struct gradient_rules *rules,
                            struct error *error)
{
    *gradients = (struct passage_gradients){.count = 0};
    gradients->row = memory_new(rules->rows, sizeof *gradients->row, error);
    gradients->curvature = memory_new(rules->rows, sizeof *gradients->curvature, error);
    gradients->gradient =
        memory_new(rules->rows * rules->stride, sizeof *gradients->gradient, error);
    gradients->order = memory_new(rules->rows, sizeof *gradients->order, error);
    return gradients->row != NULL && gradients->curvature != NULL && gradients->gradient != NULL &&
           gradients->order != NULL;
}

void passage_gradients_free(struct passage_gradients *gradients)
{
    free(gradients->row);
    free(gradients->curvature);
    free(gradients->gradient);
    free(gradients->order);
}

bool gradient_scratch_init(struct gradient_scratch *s, const struct gradient_rules *rules,
                           struct error *error)
{
    size_t window = rules->training->window, places = PASSAGE_TOKENS + 2 * window;
    size_t inputs = GRADIENT_GROUP + 2 * window, stride = rules->stride;
    const struct {
        float **array;
        size_t count;
    } array[] = {{&s->input, places * stride},
                 {&s->mean, GRADIENT_GROUP * stride},
                 {&s->mean_gradient, GRADIENT_GROUP * stride},
                 {&s->output, rules->outputs * stride},
                 {&s->input_square, places},
                 {&s->output_square, rules->outputs},
                 {&s->mean_square, GRADIENT_GROUP},
                 {&s->mean_curvature, GRADIENT_GROUP},
                 {&s->label, rules->outputs},
                 {&s->weight, inputs * rules->outputs},
                 {&s->error, inputs * rules->outputs}};
    memset(s, 0, sizeof *s);
    bool ok = passage_init(&s->passage, window, error);
    for (size_t i = 0; ok && i < sizeof array / sizeof *array; i++)
        ok = (*array[i].array = memory_new(array[i].count, sizeof(float), error)) != NULL;
    s->drawn = ok ? memory_new(rules->drawn, sizeof *s->drawn, error) : NULL;
    return s->drawn != NULL;
}

void gradient_scratch_free(struct gradient_scratch *s)
{
    passage_free(&s->passage);
    float *const array[] = {s->input,        s->mean,          s->mean_gradient, s->output,
                            s->input_square, s->output_square, s->mean_square,   s->mean_curvature,
                            s->label,        s->weight,        s->error};
    for (size_t i = 0; i < sizeof array / sizeof *array; i++)
        free(array[i]);
    free(s->drawn);
}

// ---- a group ----------------------------------------------------------------------------------

// Centres first to last - 1 of a passage, and what is told from what.
struct group {
    size_t first, last; // centres
    size_t low, high;   // the places of all their contexts: low to high - 1
    size_t outputs;
    size_t begin; // which gradient of the passage is the first output's
};

struct finding {
    struct passage_gradients *gradients;
    const struct gradient_rules *rules;
    const struct vector_rows *rows;
    struct gradient_scratch *s;
    uint64_t key;
};

static bool in_context(const struct passage *passage, size_t place, size_t centre)
{
    return place >= passage->begin[centre] && place < passage->end[centre] && place != centre;
}

// The next output.
static void add_output(struct finding *f, struct group *group, uint32_t row, float label)
{
    struct gradient_scratch *s = f->s;
    size_t stride = f->rows->stride;
    f->gradients->row[f->gradients->count++] = row + (uint32_t)f->rows->words;
    s->label[group->outputs] = label;
    memcpy(s->output + group->outputs++ * stride, f->rows->output + row * stride,
           stride * sizeof(float));
}

static void add_outputs(struct finding *f, struct group *group)
{
    const struct passage *passage = &f->s->passage;
    for (size_t c = group->first; c < group->last; c++)
        add_output(f, group, (uint32_t)passage->word[c], 1);
    uint64_t key = random_mix(passage->random[group->first] + f->key);
    for (size_t k = 0; k < f->rules->drawn; k++) {
        f->s->drawn[k] = 1 + alias_draw(&f->rules->noise, random_mix(key += RANDOM_STEP));
        add_output(f, group, (uint32_t)f->s->drawn[k], 0);
    }
}

static void add_way(struct finding *f, struct group *group)
{
    const struct word_tree *tree = &f->rules->tree;
    int32_t word = f->s->passage.word[group->first];
    for (size_t i = tree->begin[word]; i < tree->begin[word + 1]; i++)
        add_output(f, group, tree->node[i] + (uint32_t)f->rules->words, tree->bit[i] ? 0 : 1);
}

// Of the inputs of a group, the contexts' words or means of contexts: whether centre c has input i.
static bool has_input(const struct finding *f, const struct group *group, size_t i, size_t c)
{
    const struct passage *passage = &f->s->passage;
    if (f->rules->training->cbow)
        return group->first + i == c && passage->end[c] - passage->begin[c] > 1;
    return in_context(passage, group->low + i, c);
}

// A centre's column is 1 for its inputs; what is drawn counts once for each centre, but such as are the
// same word.
static void weigh_words(const struct finding *f, const struct group *group, size_t i, float *weight)
{
    const struct passage *passage = &f->s->passage;
    size_t centres = group->last - group->first;
    float *drawn = weight + centres;
    memset(weight, 0, group->outputs * sizeof *weight);
    for (size_t j = 0; j < centres; j++)
        weight[j] = has_input(f, group, i, group->first + j) ? 1 : 0;
    float sum = 0;
    for (size_t j = 0; j < centres; j++)
        sum += weight[j];
    for (size_t k = 0; k < f->rules->drawn; k++)
        drawn[k] = f->rules->share * sum;
    for (size_t j = 0; j < centres; j++)
        for (size_t k = 0; weight[j] > 0 && k < f->rules->drawn; k++)
            if (f->s->drawn[k] == passage->word[group->first + j])
                drawn[k] -= f->rules->share;
}

static void weigh_nodes(const struct finding *f, const struct group *group, size_t i, float *weight)
{
    float one = has_input(f, group, i, group->first) ? 1 : 0;
    for (size_t j = 0; j < group->outputs; j++)
        weight[j] = one;
}

static void take_means(struct finding *f, const struct group *group)
{
    struct gradient_scratch *s = f->s;
    size_t stride = f->rows->stride;
    for (size_t c = group->first; c < group->last; c++) {
        float *mean = s->mean + (c - group->first) * stride;
        size_t begin = s->passage.begin[c], end = s->passage.end[c];
        memset(mean, 0, stride * sizeof *mean);
        for (size_t i = begin; i < end; i++)
            if (i != c)
                kernels->scale_add(mean, s->input + i * stride, f->rows->width,
                                   1 / (float)(end - begin - 1), 1);
    }
    logistic_squares(s->mean_square, s->mean, stride, group->last - group->first, f->rows->width);
}

// Each word of a context moves by all of its mean's gradient.
static void hand_on_means(struct finding *f, const struct group *group)
{
    struct gradient_scratch *s = f->s;
    size_t stride = f->rows->stride;
    for (size_t c = group->first; c < group->last; c++)
        for (size_t i = s->passage.begin[c]; i < s->passage.end[c]; i++)
            if (i != c) {
                size_t j = c - group->first;
                kernels->scale_add(f->gradients->gradient + i * stride,
                                   s->mean_gradient + j * stride, f->rows->width, 1, 1);
                f->gradients->curvature[i] += s->mean_curvature[j];
            }
}

static void learn_group(struct finding *f, const struct group *group, bool nodes)
{
    struct gradient_scratch *s = f->s;
    struct passage_gradients *gradients = f->gradients;
    size_t stride = f->rows->stride, centres = group->last - group->first;
    bool cbow = f->rules->training->cbow;
    struct logistic logistic = {.inputs = cbow ? centres : group->high - group->low,
                                .outputs = group->outputs,
                                .width = f->rows->width,
                                .stride = stride,
                                .input = cbow ? s->mean : s->input + group->low * stride,
                                .output = s->output,
                                .input_square =
                                    cbow ? s->mean_square : s->input_square + group->low,
                                .output_square = s->output_square,
                                .label = s->label,
                                .weight = s->weight,
                                .error = s->error};
    for (size_t i = 0; i < logistic.inputs; i++)
        (nodes ? weigh_nodes : weigh_words)(f, group, i, s->weight + i * group->outputs);
    logistic_squares(s->output_square, s->output, stride, group->outputs, f->rows->width);
    if (cbow) {
        memset(s->mean_gradient, 0, centres * stride * sizeof(float));
        memset(s->mean_curvature, 0, centres * sizeof(float));
    }
    logistic_gradient(&logistic,
                      cbow ? s->mean_gradient : gradients->gradient + group->low * stride,
                      gradients->gradient + group->begin * stride,
                      cbow ? s->mean_curvature : gradients->curvature + group->low,
                      gradients->curvature + group->begin);
    if (cbow)
        hand_on_means(f, group);
}

static void start_group(const struct finding *f, struct group *group, size_t first, size_t last)
{
    const struct passage *passage = &f->s->passage;
    *group =
        (struct group){.first = first, .last = last, .low = first, .begin = f->gradients->count};
    for (size_t c = first; c < last; c++) {
        group->low = passage->begin[c] < group->low ? passage->begin[c] : group->low;
        group->high = passage->end[c] > group->high ? passage->end[c] : group->high;
    }
}

// Room for the outputs' gradients.
static void clear_outputs(struct finding *f, const struct group *group)
{
    memset(f->gradients->gradient + group->begin * f->rows->stride, 0,
           group->outputs * f->rows->stride * sizeof(float));
    memset(f->gradients->curvature + group->begin, 0, group->outputs * sizeof(float));
}

static void learn_centres(struct finding *f, size_t first, size_t last, bool nodes)
{
    struct group group;
    start_group(f, &group, first, last);
    if (f->rules->training->cbow)
        take_means(f, &group);
    (nodes ? add_way : add_outputs)(f, &group);
    clear_outputs(f, &group);
    learn_group(f, &group, nodes);
}

static void find_groups(struct finding *f)
{
    const struct passage *passage = &f->s->passage;
    for (size_t c = passage->first; c < passage->last; c += GRADIENT_GROUP) {
        size_t last = passage->last - c > GRADIENT_GROUP ? c + GRADIENT_GROUP : passage->last;
        if (f->rules->drawn > 0)
            learn_centres(f, c, last, false);
        for (size_t one = c; f->rules->training->tree && one < last; one++)
            learn_centres(f, one, one + 1, true);
    }
}

// ---- a passage --------------------------------------------------------------------------------

// Inputs are the first of the passage's gradients: gradient i is that of place i.
static void gather_inputs(struct finding *f)
{
    const struct passage *passage = &f->s->passage;
    size_t stride = f->rows->stride;
    for (size_t i = 0; i < passage->count; i++) {
        int32_t word = passage->word[i];
        memcpy(f->s->input + i * stride, f->rows->input + (size_t)word * stride,
               stride * sizeof(float));
        f->gradients->row[i] = (uint32_t)word;
    }
    f->gradients->count = passage->count;
    memset(f->gradients->gradient, 0, passage->count * stride * sizeof(float));
    memset(f->gradients->curvature, 0, passage->count * sizeof(float));
    logistic_squares(f->s->input_square, f->s->input, stride, passage->count, f->rows->width);
}

// Neighbours belong to one owner, so that no line of a cache has several.
static size_t owner_of(uint32_t row)
{
    return (row >> 4) % GRADIENT_OWNERS;
}

static void sort_by_owner(struct passage_gradients *gradients)
{
    uint32_t next[GRADIENT_OWNERS];
    memset(gradients->begin, 0, sizeof gradients->begin);
    for (size_t i = 0; i < gradients->count; i++)
        gradients->begin[owner_of(gradients->row[i]) + 1]++;
    for (size_t o = 0; o < GRADIENT_OWNERS; o++)
        gradients->begin[o + 1] += gradients->begin[o];
    memcpy(next, gradients->begin, sizeof next);
    for (size_t i = 0; i < gradients->count; i++)
        gradients->order[next[owner_of(gradients->row[i])]++] = (uint32_t)i;
}

void passage_gradients_find(struct passage_gradients *gradients, const struct gradient_rules *rules,
                            const struct vector_rows *rows, struct gradient_scratch *scratch,
                            const struct passage_text *text, uint64_t from, uint64_t to,
                            uint64_t key)
{
    struct finding finding = {gradients, rules, rows, scratch, key};
    passage_take(&scratch->passage, text, from, to, key);
    gather_inputs(&finding);
    find_groups(&finding);
    sort_by_owner(gradients);
}

// ---- moving -----------------------------------------------------------------------------------

void passage_gradients_sum(const struct passage_gradients *gradients, size_t owner,
                           float *curvature)
{
    for (size_t k = gradients->begin[owner]; k < gradients->begin[owner + 1]; k++) {
        size_t i = gradients->order[k];
        curvature[gradients->row[i]] += gradients->curvature[i];
    }
}

void passage_gradients_move(const struct passage_gradients *gradients, size_t owner,
                            struct vector_rows *rows, float alpha)
{
    for (size_t k = gradients->begin[owner]; k < gradients->begin[owner + 1]; k++) {
        size_t i = gradients->order[k], row = gradients->row[i];
        float *vector = row < rows->words ? rows->input + row * rows->stride
                                          : rows->output + (row - rows->words) * rows->stride;
        float h = rows->curvature[row], step = alpha * h > 1 ? 1 / h : alpha;
        kernels->scale_add(vector, gradients->gradient + i * rows->stride, rows->width, step, 1);
    }
}

void passage_gradients_forget(const struct passage_gradients *gradients, size_t owner,
                              float *curvature)
{
    for (size_t k = gradients->begin[owner]; k < gradients->begin[owner + 1]; k++)
        curvature[gradients->row[gradients->order[k]]] = 0;
}
