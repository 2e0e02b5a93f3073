// Language model scores of n-best lists.
#include "nbest/list_score.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "score/prefix_tree.h"

enum { ALIKE = 64 }; // beginnings that are looked at for one with the same history

// One network and where it stands.
struct side {
    const struct model *model;
    bool independent;
    struct forward_crew crew;
    enum state_start start;            // before a sentence
    struct state *reset;               // where sentences begin that nothing comes before
    struct state *begin;               // where the hypotheses of the next list begin
    struct state *scratch;             // for going on
    int32_t history[SHAPE_MOST_ORDER]; // behind the line scored last, as the reference keeps it
    int32_t *word;                     // [words of the lists at hand]
    double *factor;                    // [words] of words in the table of unknown ones, else 1
    double *prob;                      // [words]
    size_t word_capacity, factor_capacity, prob_capacity;
    struct dynamic *dynamic; // that learns from the best hypotheses; NULL: none
    uint64_t steps;          // of its weights that the crew has taken over
};

struct list_scorer {
    const struct list_models *models;
    struct side *side; // [models]
    size_t sides;
    struct sequence *sequence; // [hypotheses at hand]
    size_t sequence_capacity;
    char *begins; // states at which hypotheses begin that have histories of their own
    size_t begins_capacity;
    double *other; // [words] probabilities of the other model
    bool *known;   // [words] to one of the models, or with a probability in the table
    size_t other_capacity, known_capacity;
    struct coverage coverage;
};

// ---- making -----------------------------------------------------------------------------------

// Where the first list begins.
static bool restart_side(struct side *side, enum list_history history, struct error *error)
{
    const struct network *network = &side->model->network;
    memset(side->history, 0, sizeof side->history);
    if (history == LIST_HISTORY_PREVIOUS) {
        struct state *first = state_at_start(network, STATE_LISTS, NULL, error);
        if (first == NULL)
            return false;
        free(side->begin);
        side->begin = first;
    } else {
        state_copy(network, side->begin, side->reset);
    }
    return true;
}

static bool side_init(struct side *side, const struct list_models *models, size_t i,
                      struct error *error)
{
    const struct network *network = &models->model[i].network;
    side->model = &models->model[i];
    side->dynamic = models->dynamic != NULL ? &models->dynamic[i] : NULL;
    side->steps = side->dynamic != NULL ? side->dynamic->steps : 0;
    side->independent = models->independent || side->model->record.independent;
    bool independent = side->independent;
    side->start = side->independent ? STATE_SENTENCE : STATE_TEXT;
    side->independent = side->independent || models->history == LIST_HISTORY_NONE;
    side->reset = state_at_start(network, side->start, NULL, error);
    side->begin = state_new(network, error);
    side->scratch = state_new(network, error);
    if (!forward_crew_init(&side->crew, network, independent, models->pool, error))
        return false;
    side->crew.weights.unnormalised = models->unnormalised;
    return side->reset != NULL && side->begin != NULL && side->scratch != NULL &&
           restart_side(side, models->history, error) &&
           (side->dynamic == NULL || dynamic_start(side->dynamic, STATE_SENTENCE, NULL, error));
}

static void side_free(struct side *side)
{
    forward_crew_free(&side->crew);
    free(side->reset);
    free(side->begin);
    free(side->scratch);
    free(side->word);
    free(side->factor);
    free(side->prob);
}

struct list_scorer *list_scorer_new(const struct list_models *models, struct error *error)
{
    struct list_scorer *scorer = memory_new(1, sizeof *scorer, error);
    if (scorer == NULL)
        return NULL;
    scorer->models = models;
    scorer->side = memory_new(models->models, sizeof *scorer->side, error);
    bool ok = scorer->side != NULL;
    while (ok && scorer->sides < models->models) {
        ok = side_init(&scorer->side[scorer->sides], models, scorer->sides, error);
        scorer->sides++;
    }
    if (ok)
        return scorer;
    list_scorer_free(scorer);
    return NULL;
}

void list_scorer_free(struct list_scorer *scorer)
{
    if (scorer == NULL)
        return;
    for (size_t i = 0; i < scorer->sides; i++)
        side_free(&scorer->side[i]);
    free(scorer->side);
    free(scorer->sequence);
    free(scorer->begins);
    free(scorer->other);
    free(scorer->known);
    free(scorer);
}

// What was made of the weights before they changed.
static bool take_over_weights(struct side *side, struct error *error)
{
    if (side->dynamic == NULL || side->steps == side->dynamic->steps)
        return true;
    struct state *reset = state_at_start(&side->model->network, side->start, NULL, error);
    if (reset == NULL)
        return false;
    free(side->reset);
    side->reset = reset;
    if (side->independent)
        state_copy(&side->model->network, side->begin, reset);
    side->steps = side->dynamic->steps;
    return forward_weights_refresh(&side->crew.weights, error);
}

bool list_scorer_restart(struct list_scorer *scorer, struct error *error)
{
    for (size_t i = 0; i < scorer->sides; i++) {
        struct side *side = &scorer->side[i];
        if (side->dynamic != NULL && scorer->models->forgets)
            dynamic_restore(side->dynamic);
        if (!take_over_weights(side, error) ||
            !restart_side(side, scorer->models->history, error) ||
            (side->dynamic != NULL && !dynamic_start(side->dynamic, STATE_SENTENCE, NULL, error)))
            return false;
    }
    return true;
}

// ---- words ------------------------------------------------------------------------------------

// Words with single blanks between.
struct words {
    const char *rest, *end;
};

static struct words words_of(const struct nbest_list *list,
                             const struct list_hypothesis *hypothesis)
{
    const char *text = nbest_list_text(list, hypothesis->words);
    return (struct words){text, text + hypothesis->length};
}

static bool next_word(struct words *words, const char **word, size_t *length)
{
    size_t left = (size_t)(words->end - words->rest);
    if (left == 0)
        return false;
    const char *blank = memchr(words->rest, ' ', left);
    *word = words->rest;
    *length = blank != NULL ? (size_t)(blank - words->rest) : left;
    words->rest += *length + (blank != NULL);
    return true;
}

// What network i takes a word as; *factor is what its probability is to be multiplied by, and
// *is_known is set if there is one.
static int32_t id_of(const struct list_models *models, size_t i, const char *word, size_t length,
                     double *factor, bool *is_known)
{
    const struct vocabulary *vocabulary = &models->model[i].vocabulary;
    *factor = 1;
    bool known = models->known == NULL || vocabulary_find(models->known, word, length) >= 0;
    int32_t id = known ? vocabulary_find(vocabulary, word, length) : WORD_OOV;
    *is_known = *is_known || id >= 0;
    if (id >= 0)
        return id;
    if (models->shares == NULL)
        return models->unk ? models->unknown_class[i] : WORD_OOV;
    bool listed;
    *factor = unknown_share(models->shares, word, length, &listed);
    *is_known = *is_known || listed;
    return models->unknown_class[i];
}

// Words of all lists, with the </s> of each hypothesis.
static size_t count_words(struct nbest_list *const *list, size_t lists)
{
    size_t words = 0;
    for (size_t i = 0; i < lists; i++)
        for (size_t j = 0; j < list[i]->count; j++)
            words += list[i]->hypothesis[j].count + 1;
    return words;
}

static void find_words(struct list_scorer *scorer, size_t i, struct nbest_list *const *list,
                       size_t lists)
{
    struct side *side = &scorer->side[i];
    size_t words = 0, length;
    const char *word;
    for (size_t k = 0; k < lists; k++)
        for (size_t j = 0; j < list[k]->count; j++) {
            struct words rest = words_of(list[k], &list[k]->hypothesis[j]);
            for (; next_word(&rest, &word, &length); words++)
                side->word[words] = id_of(scorer->models, i, word, length, &side->factor[words],
                                          &scorer->known[words]);
            side->word[words] = WORD_END;
            side->factor[words++] = 1;
        }
}

// ---- networks ---------------------------------------------------------------------------------

// The history behind a hypothesis.
static void push_words(int32_t *history, const int32_t *word, size_t words)
{
    size_t from = words > SHAPE_MOST_ORDER ? words - SHAPE_MOST_ORDER : 0;
    for (size_t i = from; i < words; i++)
        history_push(history, word[i]);
}

// As the reference has it, the words before a hypothesis, which direct connections look at, are
// those of the line before, whatever it was: each begins in a state of its own, unless others have
// the same history.
static bool set_histories(struct list_scorer *scorer, struct side *side, size_t hypotheses,
                          struct error *error)
{
    const struct network *network = &side->model->network;
    size_t bytes = state_size(network), states = 0;
    if (!memory_grow(&scorer->begins, &scorer->begins_capacity, hypotheses * bytes + 64, 1, error))
        return false;
    char *first = scorer->begins + (64 - (uintptr_t)scorer->begins % 64) % 64;
    for (size_t i = 0; i < hypotheses; i++) {
        struct sequence *sequence = &scorer->sequence[i];
        struct state *state = NULL;
        for (size_t k = 0; k < states && k < ALIKE && state == NULL; k++) {
            struct state *old = (struct state *)(first + k * bytes);
            if (memcmp(old->history, side->history, sizeof side->history) == 0)
                state = old;
        }
        if (state == NULL) {
            state = (struct state *)(first + states++ * bytes);
            state_copy(network, state, side->begin);
            memcpy(state->history, side->history, sizeof side->history);
        }
        sequence->begin = state;
        if (side->independent)
            memset(side->history, 0, sizeof side->history);
        else
            push_words(side->history, sequence->word, sequence->length);
    }
    return true;
}

static bool score_side(struct list_scorer *scorer, struct side *side,
                       struct nbest_list *const *list, size_t lists, struct error *error)
{
    const struct list_models *models = scorer->models;
    size_t hypotheses = 0, words = 0;
    for (size_t k = 0; k < lists; k++)
        for (size_t j = 0; j < list[k]->count; j++) {
            size_t length = list[k]->hypothesis[j].count + 1;
            scorer->sequence[hypotheses++] = (struct sequence){.begin = side->begin,
                                                               .word = side->word + words,
                                                               .length = length,
                                                               .prob = side->prob + words};
            words += length;
        }
    if (models->history == LIST_HISTORY_PREVIOUS && network_history(&side->model->network) > 0 &&
        !set_histories(scorer, side, hypotheses, error))
        return false;
    if (!prefix_tree_score(&side->crew, scorer->sequence, hypotheses, error))
        return false;
    for (size_t i = 0; i < words; i++)
        if (side->word[i] >= 0 && !forward_may_be(&side->crew.weights, side->prob[i]))
            return error_set(error, "a network's probability of \"%s\" is %g",
                             vocabulary_word(&side->model->vocabulary, side->word[i]),
                             side->prob[i]);
    return true;
}

// ---- the other model --------------------------------------------------------------------------

static bool take_prob(struct nbest_list *list, struct stream *stream, const struct token *token,
                      struct error *error)
{
    if (!memory_grow(&list->other_prob, &list->other_capacity, list->other_count + 1,
                     sizeof(double), error))
        return false;
    return stream_match(stream, token, &list->other_prob[list->other_count++], error) ||
           error_prefix(error, "%s: line %llu: ", list->path, (unsigned long long)list->line);
}

bool list_take_probs(struct nbest_list *list, struct stream *stream, struct error *error)
{
    static const struct token end = {"</s>", 4, true};
    for (size_t i = 0; i < list->count; i++) {
        struct token token = {.sentence_end = false};
        struct words rest = words_of(list, &list->hypothesis[i]);
        while (next_word(&rest, &token.text, &token.length))
            if (!take_prob(list, stream, &token, error))
                return false;
        if (!take_prob(list, stream, &end, error))
            return false;
    }
    return true;
}

static bool score_ngram(const struct list_models *models, const char *word, size_t length,
                        struct ngram_state *state, double *prob, bool *is_known,
                        struct error *error)
{
    const struct ngram_model *ngram = models->ngram;
    int32_t id = ngram_word(ngram, word, length);
    *is_known = *is_known || id != ngram->unknown;
    if (id == ngram->unknown && !models->unk)
        id = WORD_OOV;
    bool ok = ngram_prob(ngram, state, id, state, prob, error);
    if (id >= 0 && id == ngram->unknown && vocabulary_find(&ngram->words, word, length) != id) {
        bool listed;
        *prob *= unknown_share(models->shares, word, length, &listed);
        *is_known = *is_known || listed;
    }
    return ok;
}

static bool score_ngrams(struct list_scorer *scorer, struct nbest_list *const *list, size_t lists,
                         struct error *error)
{
    size_t words = 0, length;
    const char *word;
    for (size_t k = 0; k < lists; k++)
        for (size_t j = 0; j < list[k]->count; j++) {
            struct ngram_state state;
            ngram_start(scorer->models->ngram, &state, true);
            struct words rest = words_of(list[k], &list[k]->hypothesis[j]);
            bool more;
            do {
                more = next_word(&rest, &word, &length);
                if (!score_ngram(scorer->models, more ? word : "</s>", more ? length : 4, &state,
                                 &scorer->other[words], &scorer->known[words], error))
                    return error_prefix(error, "%s: line %llu: ", list[k]->path,
                                        (unsigned long long)list[k]->line);
                words++;
            } while (more);
        }
    return true;
}

static bool set_other(struct list_scorer *scorer, struct nbest_list *const *list, size_t lists,
                      struct error *error)
{
    size_t words = 0;
    if (scorer->models->ngram != NULL && !score_ngrams(scorer, list, lists, error))
        return false;
    for (size_t k = 0; scorer->models->other_probs && k < lists; k++) {
        memcpy(scorer->other + words, list[k]->other_prob, list[k]->other_count * sizeof(double));
        words += list[k]->other_count;
    }
    return true;
}

// ---- mixtures ---------------------------------------------------------------------------------

double list_mix_sentence(const struct list_hypothesis *hypothesis, double lambda)
{
    double networks = lambda > 0 ? lambda * hypothesis->networks : 0;
    return networks + (lambda < 1 ? (1 - lambda) * hypothesis->other : 0);
}

// Word number `at` of those at hand.
static void mix_word(const struct list_scorer *scorer, size_t at,
                     struct list_hypothesis *hypothesis)
{
    const struct list_models *models = scorer->models;
    double networks = 0;
    bool known = false, has_other = scorer->models->ngram != NULL || scorer->models->other_probs;
    for (size_t i = 0; i < scorer->sides; i++) {
        const struct side *side = &scorer->side[i];
        networks += models->weight[i] * side->prob[at] * side->factor[at];
        known = known || side->word[at] >= 0;
    }
    double other = has_other ? scorer->other[at] : 0;
    double other_log10 = other > 0 ? log10(other) : models->unknown_log10;
    double mixed = has_other ? models->lambda * networks + (1 - models->lambda) * other : networks;
    if (scorer->sides > 0)
        hypothesis->networks += known ? log10(networks) : models->unknown_log10;
    hypothesis->other += has_other ? other_log10 : 0;
    hypothesis->mixed += known ? log10(mixed) : other_log10;
}

static void mix_words(const struct list_scorer *scorer, struct nbest_list *const *list,
                      size_t lists)
{
    size_t words = 0;
    for (size_t k = 0; k < lists; k++)
        for (size_t j = 0; j < list[k]->count; j++) {
            struct list_hypothesis *hypothesis = &list[k]->hypothesis[j];
            hypothesis->networks = hypothesis->other = hypothesis->mixed = 0;
            for (size_t i = 0; i <= hypothesis->count; i++)
                mix_word(scorer, words++, hypothesis);
            if (scorer->models->other_language)
                hypothesis->other = hypothesis->language;
            if (scorer->models->sentence_mix)
                hypothesis->mixed = list_mix_sentence(hypothesis, scorer->models->lambda);
        }
}

// Counts the words of the lists at hand that nothing is known of.
static void cover(struct list_scorer *scorer, struct nbest_list *const *list, size_t lists)
{
    bool probs = scorer->models->other_probs;
    size_t words = 0, length;
    const char *word;
    if (scorer->sides == 0 && scorer->models->other_language)
        return;
    for (size_t k = 0; k < lists; k++)
        for (size_t j = 0; j < list[k]->count; j++, words++) {
            struct words rest = words_of(list[k], &list[k]->hypothesis[j]);
            for (; next_word(&rest, &word, &length); words++)
                coverage_add(&scorer->coverage, word, length,
                             scorer->known[words] || (probs && scorer->other[words] > 0));
        }
}

const struct coverage *list_scorer_coverage(const struct list_scorer *scorer)
{
    return &scorer->coverage;
}

// ---- scoring ----------------------------------------------------------------------------------

bool list_scorer_score(struct list_scorer *scorer, struct nbest_list *const *list, size_t lists,
                       struct error *error)
{
    size_t words = count_words(list, lists), hypotheses = 0;
    for (size_t k = 0; k < lists; k++)
        hypotheses += list[k]->count;
    if (!memory_grow(&scorer->sequence, &scorer->sequence_capacity, hypotheses,
                     sizeof *scorer->sequence, error) ||
        !memory_grow(&scorer->other, &scorer->other_capacity, words, sizeof(double), error) ||
        !memory_grow(&scorer->known, &scorer->known_capacity, words, sizeof(bool), error))
        return false;
    if (words > 0)
        memset(scorer->known, 0, words * sizeof *scorer->known);
    if (!set_other(scorer, list, lists, error))
        return false;
    for (size_t i = 0; i < scorer->sides; i++) {
        struct side *side = &scorer->side[i];
        if (!memory_grow(&side->word, &side->word_capacity, words, sizeof(int32_t), error) ||
            !memory_grow(&side->factor, &side->factor_capacity, words, sizeof(double), error) ||
            !memory_grow(&side->prob, &side->prob_capacity, words, sizeof(double), error))
            return false;
        find_words(scorer, i, list, lists);
        if (!score_side(scorer, side, list, lists, error))
            return lists == 1 ? error_prefix(error, "%s: line %llu: ", list[0]->path,
                                             (unsigned long long)list[0]->line)
                              : false;
    }
    mix_words(scorer, list, lists);
    cover(scorer, list, lists);
    return true;
}

// ---- going on ---------------------------------------------------------------------------------

// The state behind a hypothesis of the list at hand becomes that where the next list begins.
static void advance(struct side *side, size_t at, size_t length)
{
    const struct network *network = &side->model->network;
    if (side->independent) {
        state_copy(network, side->begin, side->reset);
        return;
    }
    for (size_t i = 0; i < length; i++) {
        const struct state *before = side->begin;
        forward_advance(side->crew.forward, 1, &before, &side->word[at + i], &side->scratch);
        struct state *next = side->begin;
        side->begin = side->scratch;
        side->scratch = next;
    }
}

// Adaptation is dynamic evaluation as rnnlm -dynamic has it, on the best hypotheses.
static bool learn(struct side *side, const int32_t *word, size_t length, struct error *error)
{
    for (size_t i = 0; i < length; i++) {
        double prob;
        if (!dynamic_next(side->dynamic, word[i], &prob, error))
            return false;
        if (word[i] >= 0 && !(prob > 0))
            return error_set(error,
                             "the network's probability of \"%s\" is %g: the learning rate is too "
                             "high",
                             vocabulary_word(&side->model->vocabulary, word[i]), prob);
    }
    return take_over_weights(side, error);
}

bool list_scorer_go_on(struct list_scorer *scorer, const struct nbest_list *list, size_t best,
                       struct error *error)
{
    const struct list_models *models = scorer->models;
    size_t after = models->history == LIST_HISTORY_PREVIOUS ? 0 : best, at = 0, best_at = 0;
    for (size_t j = 0; j < after; j++)
        at += list->hypothesis[j].count + 1;
    for (size_t j = 0; j < best; j++)
        best_at += list->hypothesis[j].count + 1;
    if (models->history != LIST_HISTORY_NONE)
        for (size_t i = 0; i < scorer->sides; i++)
            advance(&scorer->side[i], at, list->hypothesis[after].count + 1);
    for (size_t i = 0; models->dynamic != NULL && i < scorer->sides; i++)
        if (!learn(&scorer->side[i], scorer->side[i].word + best_at,
                   list->hypothesis[best].count + 1, error))
            return false;
    return true;
}
