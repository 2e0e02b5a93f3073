// New words in a trained model.
#include "model/add_words.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/kernels.h"
#include "base/memory.h"
#include "model/model_file.h"
#include "model/resize.h"
#include "model/shares.h"
#include "text/likeness.h"
#include "text/marks.h"
#include "text/word_cut.h"

enum { RARE_PART = 10, MOST_RARE = 1000 }; // the rarest tenth, but no more than that

// The words whose rows are mixed for new ones.
struct sources {
    size_t *begin; // [new + 1] of word j: id[begin[j]] and on
    int32_t *id;
    float *weight; // of a word sum to 1
    size_t count, id_capacity, weight_capacity;
};

struct work {
    struct model *model;
    const struct added_words *added;
    const struct adding *adding;
    struct added_report *report;
    size_t old, words; // before; new ones
    int32_t *rarest;   // [rare] the rarest words of the model
    size_t rare;
    int32_t *order;      // [words] new word j is list word order[j]
    uint64_t *count;     // [words] in this order
    double total;        // of all counts
    struct alike *alike; // [list.size]
    struct sources sources;
    float *mean; // [classes][memory_row(width)] M, before; NULL without classes
    struct contexts contexts;
    size_t k;                                               // the new words' class
    bool own;                                               // nobody else is in it
    double unknown_share, unknown_class_share, class_share; // before
};

static void work_free(struct work *work)
{
    free(work->rarest);
    free(work->order);
    free(work->count);
    free(work->alike);
    free(work->sources.begin);
    free(work->sources.id);
    free(work->sources.weight);
    free(work->mean);
    contexts_free(&work->contexts);
}

// ---- counts ------------------------------------------------------------------------------------

static bool is_word(const struct vocabulary *vocabulary, int32_t id)
{
    const char *word = vocabulary_word(vocabulary, id);
    return id != WORD_END && mark_of(word, strlen(word)) == MARK_NONE &&
           !vocabulary_is_unknown_name(word, strlen(word));
}

static bool find_rarest(struct work *work, struct error *error)
{
    const struct vocabulary *vocabulary = &work->model->vocabulary;
    int32_t *by_count = memory_new(work->old, sizeof *by_count, error);
    size_t most = work->old / RARE_PART + 1;
    most = most < MOST_RARE ? most : MOST_RARE;
    work->rarest = memory_new(most, sizeof *work->rarest, error);
    bool ok =
        by_count != NULL && work->rarest != NULL && words_by_count(vocabulary, by_count, error);
    for (size_t i = work->old - 1; ok && i > 0 && work->rare < most; i--)
        if (is_word(vocabulary, by_count[i - 1]))
            work->rarest[work->rare++] = by_count[i - 1];
    free(by_count);
    return ok &&
           (work->rare > 0 || error_set(error, "the model has no word that rows could come from"));
}

static uint64_t default_count(const struct work *work)
{
    double sum = 0;
    for (size_t i = 0; i < work->rare; i++)
        sum += (double)work->model->vocabulary.count[work->rarest[i]];
    uint64_t mean = (uint64_t)(sum / (double)work->rare + 0.5);
    return work->adding->count > 0 ? work->adding->count : mean > 0 ? mean : 1;
}

struct counted {
    uint64_t count;
    int32_t word;
};

static int compare_counts(const void *left, const void *right)
{
    const struct counted *a = left, *b = right;
    if (a->count != b->count)
        return a->count > b->count ? -1 : 1;
    return a->word < b->word ? -1 : 1;
}

static bool order_words(struct work *work, struct error *error)
{
    uint64_t other = default_count(work);
    struct counted *counted = memory_new(work->words, sizeof *counted, error);
    work->order = memory_new(work->words, sizeof *work->order, error);
    work->count = memory_new(work->words, sizeof *work->count, error);
    if (counted == NULL || work->order == NULL || work->count == NULL) {
        free(counted);
        return false;
    }
    for (size_t j = 0; j < work->words; j++) {
        uint64_t given = work->added->word[j + 1].count;
        counted[j] = (struct counted){given > 0 ? given : other, (int32_t)j + 1};
    }
    qsort(counted, work->words, sizeof *counted, compare_counts);
    for (size_t i = 0; i < work->old; i++)
        work->total += (double)work->model->vocabulary.count[i];
    for (size_t j = 0; j < work->words; j++) {
        work->order[j] = counted[j].word;
        work->count[j] = counted[j].count;
        work->total += (double)counted[j].count;
    }
    free(counted);
    return true;
}

static double share_of(const struct work *work, size_t j)
{
    return (double)work->count[j] / work->total;
}

// ---- sources -----------------------------------------------------------------------------------

static bool add_source(struct sources *sources, int32_t id, float weight, struct error *error)
{
    if (!memory_grow(&sources->id, &sources->id_capacity, sources->count + 1, sizeof *sources->id,
                     error) ||
        !memory_grow(&sources->weight, &sources->weight_capacity, sources->count + 1,
                     sizeof *sources->weight, error))
        return false;
    sources->id[sources->count] = id;
    sources->weight[sources->count++] = weight;
    return true;
}

static bool add_equal(struct sources *sources, const int32_t *id, size_t n, struct error *error)
{
    for (size_t i = 0; i < n; i++)
        if (!add_source(sources, id[i], 1 / (float)n, error))
            return false;
    return true;
}

static bool add_alike(struct sources *sources, const struct alike *alike, struct error *error)
{
    float sum = 0;
    for (size_t i = 0; i < alike->count; i++)
        sum += alike->likeness[i];
    for (size_t i = 0; i < alike->count; i++)
        if (!add_source(sources, alike->id[i], alike->likeness[i] / sum, error))
            return false;
    return true;
}

static bool find_source(struct work *work, int32_t id, struct error *error)
{
    const struct added_word *word = &work->added->word[id];
    if (word->likes > 0) {
        work->report->similar++;
        return add_equal(&work->sources, work->added->like + word->like, word->likes, error);
    }
    if (work->adding->from == ADDING_FROM_SIMILAR)
        return error_set(error,
                         "line %" PRIu64
                         ": found \"%.60s\" without like:WORD, wanted similar words "
                         "of each, for rows from them alone",
                         word->line, vocabulary_word(&work->added->list, id));
    if (work->alike != NULL && work->alike[id].count > 0) {
        work->report->letters++;
        return add_alike(&work->sources, &work->alike[id], error);
    }
    work->report->rare++;
    return add_equal(&work->sources, work->rarest, work->rare, error);
}

static bool find_sources(struct work *work, struct error *error)
{
    struct sources *sources = &work->sources;
    sources->begin = memory_new(work->words + 1, sizeof *sources->begin, error);
    bool ok = sources->begin != NULL;
    if (ok && work->adding->from == ADDING_FROM_LETTERS) {
        work->alike = memory_new(work->added->list.size, sizeof *work->alike, error);
        ok = work->alike != NULL &&
             likeness_find(&work->model->vocabulary, &work->added->list, work->alike, error);
    }
    for (size_t j = 0; ok && j < work->words; j++) {
        ok = find_source(work, work->order[j], error);
        sources->begin[j + 1] = sources->count;
    }
    return ok;
}

// ---- vocabulary and classes ---------------------------------------------------------------------

static bool copy_words(struct work *work, struct vocabulary *vocabulary, struct error *error)
{
    const struct vocabulary *old = &work->model->vocabulary;
    if (!vocabulary_init(vocabulary, error))
        return false;
    for (size_t i = 0; i < work->old + work->words; i++) {
        const char *word = i < work->old
                               ? vocabulary_word(old, (int32_t)i)
                               : vocabulary_word(&work->added->list, work->order[i - work->old]);
        int32_t id = vocabulary_add(vocabulary, word, strlen(word), error);
        if (id < 0)
            return false;
        vocabulary->count[id] = i < work->old ? old->count[i] : work->count[i - work->old];
    }
    return true;
}

// The new words' class is k, with which there are `count` classes.
static bool choose_classes(struct work *work, size_t k, size_t count, struct classes *classes,
                           struct error *error)
{
    const struct classes *old = &work->model->network.classes;
    int32_t *of_word = memory_new(work->old + work->words, sizeof *of_word, error);
    if (of_word == NULL)
        return false;
    for (size_t i = 0; i < work->old + work->words; i++)
        of_word[i] = i < work->old ? old->of_word[i] : (int32_t)k;
    bool ok = classes_from_words(classes, of_word, work->old + work->words, count, error);
    free(of_word);
    work->k = k;
    work->own = k >= old->count || old->begin[k] == old->begin[k + 1];
    return ok;
}

// In the reference's formats: the class that it would give to words behind all others, if that leaves
// others where they are.
static bool follow_counts(struct work *work, struct vocabulary *vocabulary, struct classes *classes,
                          struct error *error)
{
    const struct classes *old = &work->model->network.classes;
    size_t last = (size_t)old->of_word[work->old - 1];
    bool follow = false;
    for (int uncounted = 0; uncounted < 2 && !follow; uncounted++) {
        for (size_t k = last; k < old->count && k <= last + 1 && !follow; k++) {
            classes_free(classes);
            if (!choose_classes(work, k, old->count, classes, error) ||
                !classes_follow_counts(work->model, vocabulary, classes, &follow, error))
                return false;
        }
        work->report->uncounted = uncounted > 0;
        for (size_t i = work->old; i < vocabulary->size && !follow; i++)
            vocabulary->count[i] = 0;
    }
    return follow || error_set(error,
                               "format %s makes classes of counts, and these words would move "
                               "others between classes: -format native is wanted",
                               model_format_name(work->model->format));
}

static bool is_native(const struct model *model)
{
    return model->format == MODEL_NATIVE || model->format == MODEL_NATIVE_BFLOAT16;
}

static bool resize(struct work *work, struct error *error)
{
    struct model *model = work->model;
    size_t words = work->old + work->words, count = model->network.classes.count;
    struct vocabulary vocabulary = {.size = 0};
    struct classes classes = {0};
    int32_t *number = memory_new(words + count + 1, sizeof *number, error);
    bool ok = number != NULL && copy_words(work, &vocabulary, error) &&
              (!is_native(model) ? follow_counts(work, &vocabulary, &classes, error)
               : count > 1       ? choose_classes(work, count, count + 1, &classes, error)
                                 : choose_classes(work, 0, 1, &classes, error));
    work->report->joined = !work->own && count > 1;
    for (size_t i = 0; ok && i < words; i++)
        number[i] = i < work->old ? (int32_t)i : -1;
    for (size_t k = 0; ok && k < classes.count; k++)
        number[words + k] = k < count ? (int32_t)k : -1;
    const struct resizing resizing = {words, classes.count, number, number + words};
    ok = ok && model_resize(model, &resizing, &vocabulary, &classes, error);
    vocabulary_free(&vocabulary);
    classes_free(&classes);
    free(number);
    return ok;
}

// ---- rows --------------------------------------------------------------------------------------

// M(k): of words that nobody has counted, all alike.
static void find_mean(const struct model *model, const struct parameter *rows, size_t k,
                      float *mean)
{
    const int32_t *begin = model->network.classes.begin;
    const uint64_t *count = model->vocabulary.count;
    double all = 0;
    for (int32_t i = begin[k]; i < begin[k + 1]; i++)
        all += (double)count[i];
    for (int32_t i = begin[k]; i < begin[k + 1]; i++) {
        double part = all > 0 ? (double)count[i] / all : 1 / (double)(begin[k + 1] - begin[k]);
        kernels->scale_add(mean, parameter_row(rows, (size_t)i), rows->width, (float)part, 1);
    }
}

static bool find_means(struct work *work, struct error *error)
{
    struct word_parameters own = word_parameters(&work->model->network);
    size_t classes = work->model->network.classes.count, row = memory_row(own.words->width);
    if (own.classes == NULL)
        return true;
    work->mean = memory_new(classes, row * sizeof *work->mean, error);
    for (size_t k = 0; work->mean != NULL && k < classes; k++)
        find_mean(work->model, own.words, k, work->mean + k * row);
    return work->mean != NULL;
}

// out += weight * the sum of a(s) row s over the sources of new word j.
static void add_rows(const struct work *work, const struct parameter *rows, size_t j, float weight,
                     float *out)
{
    const struct sources *sources = &work->sources;
    for (size_t i = sources->begin[j]; i < sources->begin[j + 1]; i++)
        kernels->scale_add(out, parameter_row(rows, (size_t)sources->id[i]), rows->width,
                           weight * sources->weight[i], 1);
}

// The same of what classes add to the logits of their words: C(c(s)) - M(c(s)).
static void add_classes(const struct work *work, const struct word_parameters *own, size_t j,
                        float weight, float *out)
{
    const struct sources *sources = &work->sources;
    for (size_t i = sources->begin[j]; own->classes != NULL && i < sources->begin[j + 1]; i++) {
        size_t k = (size_t)work->model->network.classes.of_word[sources->id[i]];
        float part = weight * sources->weight[i];
        kernels->scale_add(out, parameter_row(own->classes, k), own->classes->width, part, 1);
        kernels->scale_add(out, work->mean + k * memory_row(own->words->width), own->words->width,
                           -part, 1);
    }
}

// C(k) of a class of their own: the mean of the sums of class and word.
static void fill_class(const struct work *work, const struct word_parameters *own)
{
    double all = 0;
    if (own->classes == NULL || !work->own)
        return;
    float *row = parameter_row(own->classes, work->k);
    memset(row, 0, own->classes->width * sizeof *row);
    for (size_t j = 0; j < work->words; j++)
        all += (double)work->count[j];
    for (size_t j = 0; j < work->words; j++) {
        float part = (float)((double)work->count[j] / all);
        add_rows(work, own->words, j, part, row);
        add_classes(work, own, j, part, row);
    }
}

static void fill_bias(const struct work *work, const struct parameter *bias, size_t j)
{
    const struct sources *sources = &work->sources;
    float *number = parameter_row(bias, 0);
    for (size_t i = sources->begin[j]; i < sources->begin[j + 1]; i++)
        number[work->old + j] += sources->weight[i] * number[sources->id[i]];
}

static void fill_rows(const struct work *work)
{
    struct word_parameters own = word_parameters(&work->model->network);
    fill_class(work, &own);
    for (size_t j = 0; j < work->words; j++) {
        size_t id = work->old + j, width = own.words->width;
        float *row = parameter_row(own.words, id);
        add_rows(work, own.input, j, 1, parameter_row(own.input, id));
        if (own.bias != NULL)
            fill_bias(work, own.bias, j);
        if (own.words == own.input)
            continue;
        add_rows(work, own.words, j, 1, row);
        add_classes(work, &own, j, 1, row);
        if (own.classes != NULL)
            kernels->scale_add(row, parameter_row(own.classes, work->k), width, -1, 1);
        if (own.classes != NULL && !work->own)
            kernels->scale_add(row, work->mean + work->k * memory_row(width), width, 1, 1);
    }
}

// ---- shares ------------------------------------------------------------------------------------

static bool class_share(const struct work *work, size_t k, double *share, struct error *error)
{
    const struct classes *classes = &work->model->network.classes;
    size_t first = (size_t)classes->begin[k], n = (size_t)classes->begin[k + 1] - first;
    int32_t *word = memory_new(n, sizeof *word, error);
    double *of_word = memory_new(n, sizeof *of_word, error);
    bool ok = word != NULL && of_word != NULL;
    for (size_t i = 0; ok && i < n; i++)
        word[i] = (int32_t)(first + i);
    ok = ok && shares_find(&work->contexts, work->model, word, n, of_word, error);
    *share = 0;
    for (size_t i = 0; ok && i < n; i++)
        *share += of_word[i];
    free(word);
    free(of_word);
    return ok;
}

static double new_share(const struct work *work)
{
    double sum = 0;
    for (size_t j = 0; j < work->words; j++)
        sum += share_of(work, j);
    return sum;
}

// What must be known of the model as it was.
static bool look_at_shares(struct work *work, struct error *error)
{
    const struct model *model = work->model;
    const struct classes *classes = &model->network.classes;
    int32_t unknown = vocabulary_unknown(&model->vocabulary, NULL);
    bool several = classes->count > 1;
    if (!is_native(model) && several &&
        !class_share(work, (size_t)classes->of_word[work->old - 1], &work->class_share, error))
        return false;
    if (!work->adding->from_unknown)
        return true;
    if (unknown < 0)
        return error_set(error,
                         "the model has no word for unknown words, such as <unk>, that could "
                         "give its probability to others");
    return shares_find(&work->contexts, model, &unknown, 1, &work->unknown_share, error) &&
           (!several || class_share(work, (size_t)classes->of_word[unknown],
                                    &work->unknown_class_share, error)) &&
           (new_share(work) < 0.9 * work->unknown_share ||
            error_set(
                error,
                "the new words want %.3g of the probability, and \"%s\", which is to give it, "
                "has %.3g: smaller counts are wanted",
                new_share(work), vocabulary_word(&model->vocabulary, unknown),
                work->unknown_share));
}

static void want_shares(const struct work *work, const struct shares_wanted *wanted)
{
    const struct model *model = work->model;
    const struct classes *classes = &model->network.classes;
    int32_t unknown = vocabulary_unknown(&model->vocabulary, NULL);
    bool from_unknown = work->adding->from_unknown;
    double all = new_share(work), left = from_unknown ? 1 : 1 - all;
    for (size_t i = 0; i < classes->words; i++)
        wanted->word[i] = i < work->old ? (double)NAN : share_of(work, i - work->old);
    for (size_t k = 0; k < classes->count; k++)
        wanted->classes[k] = (double)NAN;
    if (classes->count > 1)
        wanted->classes[work->k] = (work->own ? 0 : work->class_share * left) + all;
    if (!from_unknown)
        return;
    size_t k = (size_t)classes->of_word[unknown];
    wanted->word[unknown] = work->unknown_share - all;
    if (classes->count > 1)
        wanted->classes[k] = work->unknown_class_share - (k == work->k ? 0 : all);
}

static bool give_shares(struct work *work, struct error *error)
{
    const struct classes *classes = &work->model->network.classes;
    struct shares_wanted wanted = {memory_new(classes->words, sizeof(double), error),
                                   memory_new(classes->count, sizeof(double), error)};
    bool ok = wanted.word != NULL && wanted.classes != NULL;
    if (ok) {
        want_shares(work, &wanted);
        ok = shares_move(&work->contexts, work->model, &wanted, &work->report->off, error);
    }
    free(wanted.word);
    free(wanted.classes);
    return ok;
}

static bool add(struct work *work, struct error *error)
{
    if (!model_resizes(work->model, error) || !find_rarest(work, error) ||
        !order_words(work, error) || !find_sources(work, error) ||
        !contexts_generate(&work->contexts, work->model, error) || !find_means(work, error) ||
        !look_at_shares(work, error) || !resize(work, error))
        return false;
    fill_rows(work);
    work->report->share = new_share(work);
    return give_shares(work, error);
}

bool model_add_words(struct model *model, const struct added_words *added,
                     const struct adding *adding, struct added_report *report, struct error *error)
{
    struct work work = {.model = model,
                        .added = added,
                        .adding = adding,
                        .report = report,
                        .old = model->vocabulary.size,
                        .words = added->list.size - 1};
    memset(report, 0, sizeof *report);
    bool ok = add(&work, error);
    work_free(&work);
    return ok;
}
