// Minimum error training.
#include "nbest/tune.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/random.h"

enum { DIRECTIONS = 6 };                // random ones, in a round of searches
static const double most_scale = 1e3;   // of the language model,
static const double most_penalty = 1e4; // and of each word
static const double least_score = -1e7; // what -inf counts as

// ---- the development set ----------------------------------------------------------------------

bool tuning_init(struct tuning *tuning, bool lambda, const struct transcript_rules *rules,
                 struct vocabulary *words, struct error *error)
{
    *tuning = (struct tuning){.lambda = lambda, .words = {.rules = rules, .words = words}};
    if (!memory_grow(&tuning->first, &tuning->first_capacity, 1, sizeof *tuning->first, error))
        return false;
    tuning->first[0] = 0;
    return true;
}

void tuning_free(struct tuning *tuning)
{
    free(tuning->candidate);
    free(tuning->first);
    alignment_free(&tuning->alignment);
    alignment_text_free(&tuning->text);
    transcript_words_free(&tuning->words);
    *tuning = (struct tuning){.lists = 0};
}

static double finite_score(double score)
{
    return score > least_score ? score : least_score;
}

bool tuning_add_candidate(struct tuning *tuning, const struct tune_candidate *candidate,
                          struct error *error)
{
    if (!memory_grow(&tuning->candidate, &tuning->candidate_capacity, tuning->candidates + 1,
                     sizeof *tuning->candidate, error))
        return false;
    struct tune_candidate *added = &tuning->candidate[tuning->candidates++];
    *added = *candidate;
    added->base = finite_score(added->base);
    for (size_t k = 0; k < TUNE_FEATURES; k++)
        added->feature[k] = finite_score(added->feature[k]);
    return true;
}

bool tuning_end_list(struct tuning *tuning, struct error *error)
{
    if (!memory_grow(&tuning->first, &tuning->first_capacity, tuning->lists + 2,
                     sizeof *tuning->first, error))
        return false;
    tuning->first[++tuning->lists] = tuning->candidates;
    return true;
}

static bool count_errors(struct tuning *tuning, const struct nbest_list *list,
                         const struct list_hypothesis *hypothesis,
                         const struct utterance *reference, uint64_t *errors, struct error *error)
{
    struct span rest = {nbest_list_text(list, hypothesis->words), hypothesis->length}, word;
    alignment_text_free(&tuning->text);
    bool ok = transcript_words_begin(&tuning->words, &tuning->text, error);
    while (ok && span_take(&rest, &word))
        ok = transcript_words_add(&tuning->words, word, error);
    if (!ok || !transcript_words_end(&tuning->words, error) ||
        !alignment_find(&tuning->alignment, &reference->text, &tuning->text, &alignment_sclite,
                        tuning->words.words, error))
        return false;
    const struct alignment *found = &tuning->alignment;
    *errors = found->substitutions + found->deletions + found->insertions;
    return true;
}

bool tuning_add(struct tuning *tuning, const struct nbest_list *list, double ac_scale,
                const struct utterance *reference, struct error *error)
{
    for (size_t i = 0; i < list->count; i++) {
        const struct list_hypothesis *hypothesis = &list->hypothesis[i];
        double words = (double)hypothesis->count, graph = hypothesis->graph;
        struct tune_candidate candidate = {.base =
                                               ac_scale != 0 ? ac_scale * hypothesis->acoustic : 0};
        if (tuning->lambda) {
            candidate.feature[0] = finite_score(hypothesis->networks) + graph;
            candidate.feature[1] = finite_score(hypothesis->other) + graph;
            candidate.feature[2] = words;
        } else {
            candidate.feature[0] = finite_score(hypothesis->mixed) + graph;
            candidate.feature[1] = words;
        }
        if (!count_errors(tuning, list, hypothesis, reference, &candidate.errors, error) ||
            !tuning_add_candidate(tuning, &candidate, error))
            return false;
    }
    tuning->reference_words +=
        tuning->alignment.correct + tuning->alignment.substitutions + tuning->alignment.deletions;
    return tuning_end_list(tuning, error);
}

// ---- points -----------------------------------------------------------------------------------

struct point {
    double x[TUNE_FEATURES];
};

static size_t scales(const struct tuning *tuning)
{
    return tuning->lambda ? 2 : 1;
}

static struct point point_of(const struct tuning *tuning, double scale, double lambda,
                             double penalty)
{
    if (tuning->lambda)
        return (struct point){{scale * lambda, scale * (1 - lambda), penalty}};
    return (struct point){{scale, penalty, 0}};
}

static double total_of(const struct tune_candidate *candidate, const struct point *point)
{
    double total = candidate->base;
    for (size_t k = 0; k < TUNE_FEATURES; k++)
        total += point->x[k] * candidate->feature[k];
    return total;
}

static uint64_t errors_at(const struct tuning *tuning, const struct point *point)
{
    uint64_t errors = 0;
    for (size_t i = 0; i < tuning->lists; i++) {
        const struct tune_candidate *best = NULL;
        double most = -INFINITY;
        for (size_t j = tuning->first[i]; j < tuning->first[i + 1]; j++) {
            double total = total_of(&tuning->candidate[j], point);
            if (best == NULL || total > most) {
                best = &tuning->candidate[j];
                most = total;
            }
        }
        errors += best != NULL ? best->errors : 0;
    }
    return errors;
}

uint64_t tuning_errors(const struct tuning *tuning, const struct rerank_weights *weights)
{
    struct point point =
        point_of(tuning, weights->lm_scale, weights->lambda, weights->word_penalty);
    return errors_at(tuning, &point);
}

// ---- one line ---------------------------------------------------------------------------------

// A candidate's total along the line: intercept + slope t.
struct ray {
    double intercept, slope;
    size_t index;
};

// At t the errors change by this much.
struct corner {
    double t;
    int64_t change;
};

struct search {
    const struct tuning *tuning;
    struct ray *ray;       // [candidates of the longest list]
    struct corner *corner; // [candidates]
    size_t corners;
};

static int compare_rays(const void *left, const void *right)
{
    const struct ray *a = left, *b = right;
    if (a->slope != b->slope)
        return a->slope < b->slope ? -1 : 1;
    if (a->intercept != b->intercept)
        return a->intercept > b->intercept ? -1 : 1;
    return a->index < b->index ? -1 : a->index > b->index;
}

static int compare_corners(const void *left, const void *right)
{
    const struct corner *a = left, *b = right;
    if (a->t != b->t)
        return a->t < b->t ? -1 : 1;
    return a->change < b->change ? -1 : a->change > b->change;
}

static double crossing(const struct ray *a, const struct ray *b)
{
    return (a->intercept - b->intercept) / (b->slope - a->slope);
}

// The upper envelope of rays in order of their slopes, in place: each is the highest from where it
// crosses the one before. Of rays with one slope the first is the highest.
static size_t envelope(struct ray *ray, size_t count)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (kept > 0 && ray[kept - 1].slope == ray[i].slope)
            continue;
        while (kept > 1 &&
               crossing(&ray[kept - 1], &ray[i]) <= crossing(&ray[kept - 2], &ray[kept - 1]))
            kept--;
        ray[kept++] = ray[i];
    }
    return kept;
}

// Adds the corners of a list between `low` and `high`; returns its errors at `low`.
static uint64_t add_corners(struct search *search, size_t list, const struct point *from,
                            const struct point *direction, double low, double high)
{
    const struct tuning *tuning = search->tuning;
    size_t first = tuning->first[list], count = tuning->first[list + 1] - first, at = 0;
    if (count == 0)
        return 0;
    for (size_t j = 0; j < count; j++) {
        const struct tune_candidate *candidate = &tuning->candidate[first + j];
        double slope = total_of(candidate, direction) - candidate->base;
        search->ray[j] = (struct ray){total_of(candidate, from), slope, first + j};
    }
    qsort(search->ray, count, sizeof *search->ray, compare_rays);
    count = envelope(search->ray, count);
    while (at + 1 < count && crossing(&search->ray[at], &search->ray[at + 1]) <= low)
        at++;
    uint64_t errors = tuning->candidate[search->ray[at].index].errors, now = errors;
    for (; at + 1 < count; at++) {
        double t = crossing(&search->ray[at], &search->ray[at + 1]);
        if (!(t < high))
            break;
        uint64_t next = tuning->candidate[search->ray[at + 1].index].errors;
        if (next != now)
            search->corner[search->corners++] = (struct corner){t, (int64_t)next - (int64_t)now};
        now = next;
    }
    return errors;
}

// How far one can go from a point without leaving what makes sense.
static void find_bounds(const struct tuning *tuning, const struct point *from,
                        const struct point *direction, double *low, double *high)
{
    *low = -INFINITY;
    *high = INFINITY;
    for (size_t k = 0; k < TUNE_FEATURES; k++) {
        double least = k < scales(tuning) ? 0 : -most_penalty;
        double most = k < scales(tuning) ? most_scale : most_penalty, step = direction->x[k];
        if (step == 0)
            continue;
        double a = (least - from->x[k]) / step, b = (most - from->x[k]) / step;
        *low = fmax(*low, fmin(a, b));
        *high = fmin(*high, fmax(a, b));
    }
}

// The middle of a stretch between corners; near its corner where it goes on to the bounds.
static double middle(double left, double right, double low, double high)
{
    double step = 0.1 * (1 + fabs(left > low ? left : right));
    if (left <= low && right >= high)
        return fmin(fmax(0, low), high);
    if (left <= low)
        return right - fmin(step, (right - left) / 2);
    if (right >= high)
        return left + fmin(step, (right - left) / 2);
    return (left + right) / 2;
}

// Where on the line the errors are fewest: in the middle of the widest such stretch.
static double best_of_line(struct search *search, const struct point *from,
                           const struct point *direction)
{
    double low, high;
    int64_t errors = 0, fewest;
    find_bounds(search->tuning, from, direction, &low, &high);
    if (!(low < high) || !isfinite(low) || !isfinite(high))
        return 0;
    search->corners = 0;
    for (size_t i = 0; i < search->tuning->lists; i++)
        errors += (int64_t)add_corners(search, i, from, direction, low, high);
    qsort(search->corner, search->corners, sizeof *search->corner, compare_corners);
    double left = low, best_left = low, best_right = low;
    fewest = INT64_MAX;
    for (size_t i = 0; i <= search->corners; i++) {
        double right = i < search->corners ? search->corner[i].t : high;
        bool wider = errors == fewest && right - left > best_right - best_left;
        if (right > left && (errors < fewest || wider)) {
            fewest = errors;
            best_left = left;
            best_right = right;
        }
        if (i < search->corners)
            errors += search->corner[i].change;
        left = right;
    }
    return middle(best_left, best_right, low, high);
}

// ---- many lines -------------------------------------------------------------------------------

static struct point along(const struct point *from, const struct point *direction, double t,
                          size_t scale_axes)
{
    struct point to;
    for (size_t k = 0; k < TUNE_FEATURES; k++) {
        to.x[k] = from->x[k] + t * direction->x[k];
        if (k < scale_axes && to.x[k] < 0)
            to.x[k] = 0;
    }
    return to;
}

// Direction number i of a round: scale, lambda, penalty, then random ones. False if there is no
// such axis.
static bool set_direction(const struct tuning *tuning, const struct point *from, size_t i,
                          struct random *random, struct point *direction)
{
    size_t penalty = scales(tuning);
    *direction = (struct point){{0}};
    if (i == 0) {
        double scale = from->x[0] + (tuning->lambda ? from->x[1] : 0);
        for (size_t k = 0; k < penalty; k++)
            direction->x[k] = scale > 0 ? from->x[k] / scale : 1 / (double)penalty;
    } else if (i == 1) {
        direction->x[0] = 1;
        direction->x[1] = -1;
        return tuning->lambda;
    } else if (i == 2) {
        direction->x[penalty] = 1;
    } else {
        for (size_t k = 0; k <= penalty; k++)
            direction->x[k] = random_uniform(random, -1, 1);
    }
    return true;
}

// One round; true if it has found fewer errors, or, where `level` allows it, has only moved to the
// middle of a stretch with as many.
static bool search_round(struct search *search, struct random *random, bool level,
                         struct point *point, uint64_t *errors)
{
    bool better = false;
    struct point direction;
    for (size_t i = 0; i < (level ? 3 : 3 + (size_t)DIRECTIONS); i++) {
        if (!set_direction(search->tuning, point, i, random, &direction))
            continue;
        double t = best_of_line(search, point, &direction);
        struct point to = along(point, &direction, t, scales(search->tuning));
        uint64_t found = errors_at(search->tuning, &to);
        if (found < *errors || (level && found == *errors)) {
            better = better || found < *errors;
            *errors = found;
            *point = to;
        }
    }
    return better;
}

struct start {
    struct point point;
    uint64_t errors;
    size_t index;
};

static int compare_starts(const void *left, const void *right)
{
    const struct start *a = left, *b = right;
    if (a->errors != b->errors)
        return a->errors < b->errors ? -1 : 1;
    return a->index < b->index ? -1 : a->index > b->index;
}

enum { GRID_SCALES = 20, GRID_LAMBDAS = 5, GRID_PENALTIES = 7 };
enum { GRID = GRID_SCALES * GRID_LAMBDAS * GRID_PENALTIES };

// Points of a coarse grid, the best first; the word penalty in proportion to the scale.
static void set_starts(const struct tuning *tuning, struct start *start)
{
    static const double penalty[GRID_PENALTIES] = {0, -0.5, 0.5, -1, 1, -2, 2};
    for (size_t i = 0; i < GRID; i++) {
        double scale = 0.1 * pow(1.6, (double)(i % GRID_SCALES));
        double lambda = (double)(i / GRID_SCALES % GRID_LAMBDAS) / (GRID_LAMBDAS - 1);
        start[i].point =
            point_of(tuning, scale, lambda, scale * penalty[i / GRID_SCALES / GRID_LAMBDAS]);
        start[i].errors = errors_at(tuning, &start[i].point);
        start[i].index = i;
    }
    qsort(start, GRID, sizeof *start, compare_starts);
}

static void search_all(struct search *search, const struct start *start, size_t restarts,
                       struct point *best)
{
    struct random random;
    uint64_t fewest = errors_at(search->tuning, best);
    random_seed(&random, 1);
    for (size_t i = 0; i <= restarts && i <= GRID; i++) {
        struct point point = i == 0 ? *best : start[i - 1].point;
        uint64_t errors = errors_at(search->tuning, &point);
        while (search_round(search, &random, false, &point, &errors))
            ;
        if (errors < fewest) {
            fewest = errors;
            *best = point;
        }
    }
    while (search_round(search, &random, true, best, &fewest))
        ;
}

bool tuning_find(const struct tuning *tuning, size_t restarts, struct rerank_weights *weights,
                 struct error *error)
{
    struct search search = {.tuning = tuning};
    size_t longest = 0;
    for (size_t i = 0; i < tuning->lists; i++)
        if (tuning->first[i + 1] - tuning->first[i] > longest)
            longest = tuning->first[i + 1] - tuning->first[i];
    struct start *start = memory_new(GRID, sizeof *start, error);
    search.ray = memory_new(longest, sizeof *search.ray, error);
    search.corner = memory_new(tuning->candidates, sizeof *search.corner, error);
    bool ok = start != NULL && search.ray != NULL && search.corner != NULL;
    if (ok) {
        struct point best =
            point_of(tuning, weights->lm_scale, weights->lambda, weights->word_penalty);
        set_starts(tuning, start);
        search_all(&search, start, restarts, &best);
        weights->lm_scale = best.x[0] + (tuning->lambda ? best.x[1] : 0);
        weights->word_penalty = best.x[scales(tuning)];
        if (tuning->lambda && weights->lm_scale > 0)
            weights->lambda = best.x[0] / weights->lm_scale;
        weights->has_lambda = weights->has_lambda || tuning->lambda;
    }
    free(start);
    free(search.ray);
    free(search.corner);
    return ok;
}
