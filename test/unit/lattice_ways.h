// Small random lattices, models for them, and the enumeration of all ways through a lattice with the
// models walked by hand.
#ifndef TEST_LATTICE_WAYS_H
#define TEST_LATTICE_WAYS_H

#include "plain_network.h"

#include "scratch.h"

#include "lattice/paths.h"
#include "lattice/rescore.h"

enum { WORDS = 9, MOST_WAYS = 20000, LATTICES = 60 };

static const char *const spelling[WORDS] = {"</s>", "a", "b", "c", "d", "e", "f", "g", "h"};

static struct model model; // a small network with direct connections
static struct ngram_model *ngram, *other_ngram;
static struct pool *pool; // two threads

static const char arpa[] =
    "\\data\\\nngram 1=7\nngram 2=4\n\n\\1-grams:\n-1\t<s>\t-0.2\n-0.9\t</s>\n"
    "-0.8\ta\t-0.3\n-0.7\tb\t-0.1\n-1.1\tc\n-0.6\tx\t-0.4\n-1.5\te\n\n"
    "\\2-grams:\n-0.3\t<s> a\n-0.5\ta b\n-0.4\tb x\n-0.2\tx </s>\n\n\\end\\\n";

static const char other_arpa[] =
    "\\data\\\nngram 1=6\nngram 2=3\nngram 3=2\n\n\\1-grams:\n-99\t<s>\t-0.5\n-0.6\t</s>\n"
    "-0.9\ta\t-0.2\n-0.5\tb\t-0.4\n-1.3\te\n-0.8\tg\n\n"
    "\\2-grams:\n-0.4\t<s> b\t-0.1\n-0.3\ta b\t-0.3\n-0.6\tb a\n\n"
    "\\3-grams:\n-0.1\t<s> b a\n-0.2\ta b a\n\n\\end\\\n";

static struct ngram_model *make_ngram(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    if (file == NULL || fputs(text, file) < 0 || fclose(file) != 0)
        return NULL;
    return ngram_open(path, NULL);
}

static int make_models(void **state)
{
    const struct network_shape shape = new_shape(WORDS, "elman:6", 3, 200, 3);
    if (!vocabulary_init(&model.vocabulary, NULL))
        return -1;
    for (size_t i = 0; i < WORDS; i++)
        vocabulary_add(&model.vocabulary, spelling[i], strlen(spelling[i]), NULL);
    make_network(&model.network, &shape, 9, 1.2);
    if (!model_attach(&model, NULL) || scratch_enter(state) != 0)
        return -1;
    ngram = make_ngram("arpa", arpa);
    other_ngram = make_ngram("other", other_arpa);
    pool = pool_new(2, NULL);
    return ngram != NULL && other_ngram != NULL && pool != NULL ? 0 : -1;
}

static int free_models(void **state)
{
    model_free(&model);
    ngram_close(ngram);
    ngram_close(other_ngram);
    pool_free(pool);
    return scratch_leave(state);
}

// ---- lattices ---------------------------------------------------------------------------------

static void add(struct lattice *lattice, size_t from, size_t to, const char *word, double acoustic,
                double lm)
{
    struct lattice_link link = {.from = from, .to = to, .acoustic = acoustic, .lm = lm};
    link.line = lattice->links + 1;
    assert_true(lattice_set_word(lattice, &link, word, strlen(word), NULL));
    assert_true(lattice_add_link(lattice, &link, NULL));
}

static void begin(struct lattice *lattice, size_t nodes)
{
    assert_true(lattice_init(lattice, "file", "id", NULL));
    for (size_t i = 0; i < nodes; i++)
        assert_true(lattice_add_node(lattice, NAN, i, 100 + i, NULL));
}

static size_t below(struct random *random, size_t n)
{
    return (size_t)random_next(random) % n;
}

static size_t ends = 1; // nodes, the last ones, that </s> leads to

// A random graph in which each node leads on; a quarter of the words are special. `x` and `y` are
// not in the network's vocabulary, `y` is not in the other model's either.
static void make_lattice(struct lattice *lattice, uint32_t seed)
{
    static const char *const words[] = {"a", "b", "c", "e",     "a",   "b",
                                        "x", "y", "g", "!NULL", "<s>", "</s>"};
    struct random random;
    struct error error;
    random_seed(&random, seed);
    size_t nodes = 4 + below(&random, 5);
    begin(lattice, nodes);
    lattice->scales = (struct lattice_scales){0.7, 1.5, 1, -0.25};
    for (size_t i = 0; i + 1 < nodes; i++)
        for (size_t j = 0; j < 1 + below(&random, 4); j++) {
            size_t to = j == 0 ? i + 1 : i + 1 + below(&random, nodes - i - 1);
            const char *word = words[below(&random, to + ends >= nodes ? 12 : 11)];
            add(lattice, i, to, word, random_uniform(&random, -3, 0),
                random_uniform(&random, -3, -0.1));
        }
    if (!lattice_arrange(lattice, false, &error))
        fail_msg("%s", error.text);
}

// ---- by hand ----------------------------------------------------------------------------------

// All ways through a lattice: total, acoustic score and words of each.
struct way {
    double total, acoustic;
    char words[64];
};

struct ways {
    struct way *way; // [MOST_WAYS]
    size_t count;
};

// The models that a lattice is rescored with.
struct with {
    bool network, ngram, old;
};

static const struct with network_alone = {.network = true}, both = {true, true, false};

struct walk {
    const struct lattice *lattice;
    const struct rescore_options *options; // NULL: the lattice's own scores
    struct with with;
    struct ways *ways;
};

// Where a walk stands.
struct place {
    const struct state *state;
    struct ngram_state ngram, old;
    bool ended;
};

static double score_in(const struct ngram_model *model_here, const struct ngram_state *state,
                       const char *word)
{
    struct ngram_state after;
    return ngram_score(model_here, state, ngram_word(model_here, word, strlen(word)), &after, NULL);
}

// log10 of what the models make of a word.
static double predicted(const struct walk *walk, const struct place *place, const char *word,
                        double own, bool implied)
{
    const struct rescore_options *options = walk->options;
    struct plain plain = plain_new(&model.network);
    int32_t id = vocabulary_find(&model.vocabulary, word, strlen(word));
    double prob = plain_prob_behind(&plain, place->state, id), rest = 0;
    double ngram_prob = pow(10, score_in(ngram, &place->ngram, word));
    plain_free(&plain);
    if (walk->with.network && walk->with.ngram)
        prob = 0.4 * prob + 0.6 * ngram_prob;
    else if (!walk->with.network)
        prob = walk->with.ngram ? ngram_prob : 1;
    if (walk->with.old) {
        double old = score_in(other_ngram, &place->old, word);
        old = old > -90 ? old : options->oov_penalty;
        rest = own - options->old_scale * old;
        own = old;
    }
    if (options->lambda == 1 || (implied && own == 0 && !options->log_linear))
        return rest + (prob > 0 ? log10(prob) : options->oov_penalty);
    if (options->log_linear)
        return rest + options->lambda * (prob > 0 ? log10(prob) : options->oov_penalty) +
               (1 - options->lambda) * own;
    return rest + log10(options->lambda * prob + (1 - options->lambda) * pow(10, own));
}

static void step(const struct walk *walk, size_t node, const struct place *place,
                 const struct way *so_far);

static void take_link(const struct walk *walk, const struct lattice_link *link,
                      const struct place *before, struct way way)
{
    struct state *state = state_new(&model.network, NULL);
    struct place after = *before;
    struct lattice_link copy = *link;
    bool end = link->kind == LINK_END && !before->ended; // a second end is none
    const char *word = end                       ? "</s>"
                       : link->kind == LINK_WORD ? lattice_word(walk->lattice, link)
                                                 : NULL;
    bool implied = word == NULL && link->kind == LINK_NULL && link->to == walk->lattice->end &&
                   !before->ended && walk->options != NULL;
    state_copy(&model.network, state, before->state);
    after.state = state;
    if (walk->options != NULL && (word != NULL || implied))
        copy.lm = predicted(walk, before, implied ? "</s>" : word, link->lm, implied);
    else if (walk->options != NULL && !walk->with.old)
        copy.lm = (1 - walk->options->lambda) * link->lm;
    if (word != NULL) {
        size_t length = strlen(word);
        advance_state(&model.network, before->state,
                      vocabulary_find(&model.vocabulary, word, length), state);
        ngram_score(ngram, &before->ngram, ngram_word(ngram, word, length), &after.ngram, NULL);
        ngram_score(other_ngram, &before->old, ngram_word(other_ngram, word, length), &after.old,
                    NULL);
        after.ended = end;
    }
    after.ended = after.ended || implied;
    way.total += lattice_total(walk->lattice, &copy);
    way.acoustic += link->acoustic;
    if (link->kind == LINK_WORD)
        strcat(strcat(way.words, word), " ");
    step(walk, link->to, &after, &way);
    free(state);
}

static void step(const struct walk *walk, size_t node, const struct place *place,
                 const struct way *so_far)
{
    const struct lattice *lattice = walk->lattice;
    if (node == lattice->end) {
        struct way way = *so_far;
        if (!place->ended && walk->options != NULL)
            way.total += lattice->scales.lm * predicted(walk, place, "</s>", 0, true);
        assert_true(walk->ways->count < MOST_WAYS);
        walk->ways->way[walk->ways->count++] = way;
        return;
    }
    for (size_t i = lattice->first[node]; i < lattice->first[node + 1]; i++)
        take_link(walk, &lattice->link[i], place, *so_far);
}

static int by_total(const void *left, const void *right)
{
    const struct way *a = left, *b = right;
    return a->total != b->total ? (a->total > b->total ? -1 : 1) : strcmp(a->words, b->words);
}

static int by_acoustic(const void *left, const void *right)
{
    const struct way *a = left, *b = right;
    return a->acoustic != b->acoustic ? (a->acoustic > b->acoustic ? -1 : 1)
                                      : strcmp(a->words, b->words);
}

// All ways of a lattice, the best first.
static struct ways enumerate(const struct lattice *lattice, const struct rescore_options *options,
                             struct with with)
{
    struct ways ways = {malloc(MOST_WAYS * sizeof *ways.way), 0};
    struct state *start = state_at_start(&model.network, STATE_TEXT, NULL, NULL);
    struct place place = {.state = start};
    const struct way none = {0, 0, ""};
    const struct walk walk = {lattice, options, with, &ways};
    assert_true(ways.way != NULL && start != NULL);
    ngram_start(ngram, &place.ngram, true);
    ngram_start(other_ngram, &place.old, true);
    step(&walk, lattice->start, &place, &none);
    free(start);
    qsort(ways.way, ways.count, sizeof *ways.way, by_total);
    return ways;
}

static struct ways own_ways(const struct lattice *lattice)
{
    return enumerate(lattice, NULL, network_alone);
}

static struct language_models models_of(struct with with)
{
    return (struct language_models){.network = with.network ? &model : NULL,
                                    .ngram = with.ngram ? ngram : NULL,
                                    .old = with.old ? other_ngram : NULL,
                                    .lambda = 0.4};
}

// Whether the search did without narrowing.
static bool rescore(struct lattice *lattice, const struct rescore_options *options,
                    struct with with)
{
    struct language language;
    struct narrowing narrowing;
    struct error error;
    const struct language_models models = models_of(with);
    assert_true(language_init(&language, &models, pool, &error));
    if (!lattice_rescore(lattice, &language, options, &narrowing, &error))
        fail_msg("%s", error.text);
    for (size_t i = 0; i < language.states; i++)
        assert_true(language.state[i].holders == 0);
    language_free(&language);
    assert_int_equal(narrowing.dropped > 0, narrowing.bounds != 0);
    return narrowing.dropped == 0;
}

static const struct rescore_options exact = {
    .beam = INFINITY, .oov_penalty = -4, .lambda = 1, .old_scale = 1};

#endif
