// The recursion for the expected edit distance, there and back, and the search on top of it.
#include "lattice/bayes.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "lattice/pair_map.h"

// How a link's word meets place q of the sentence, where places are slots counted from 1.
enum choice {
    ALIGNED, // the word stands in slot q
    DROPPED, // the word stands in no slot
    MISSING  // slot q gets no word behind this link's
};

// Rows of [places] numbers, of which a node has one while it is waiting to be passed.
struct rows {
    double **row;      // [nodes], NULL where there is none
    double **free;     // [freed] rows to be used again
    size_t freed, all; // all: rows ever made
    size_t places;
};

struct recursion {
    const struct lattice *lattice;
    const double *posterior; // [links]
    const double *mass;      // [nodes] of the links that enter
    const double *place;     // [nodes] time, or level
    const size_t *entering;  // [nodes + 1] where a node's links begin in `by_to`
    const size_t *by_to;     // [links]
    struct rows rows;
    size_t places;   // slots + 1
    uint8_t *choice; // [links][bytes] two bits a place
    size_t bytes;
    double *arc;    // [places]
    double *centre; // [slots] where slots are
    struct confusions *confusions;
    struct pair_map known; // (slot, word) to `found`
    struct slot_word *found;
    size_t *slot; // [count] of `found`
    size_t count, found_capacity, slot_capacity;
};

// ---- rows -------------------------------------------------------------------------------------

static double *row_of(struct rows *rows, size_t node, struct error *error)
{
    if (rows->row[node] != NULL)
        return rows->row[node];
    if (rows->freed > 0) {
        rows->row[node] = rows->free[--rows->freed];
        memset(rows->row[node], 0, rows->places * sizeof(double));
    } else {
        rows->row[node] = memory_new(rows->places, sizeof(double), error);
    }
    return rows->row[node];
}

static void row_let_go(struct rows *rows, size_t node)
{
    if (rows->row[node] != NULL)
        rows->free[rows->freed++] = rows->row[node];
    rows->row[node] = NULL;
}

static bool rows_init(struct rows *rows, size_t nodes, size_t places, struct error *error)
{
    rows->places = places;
    rows->row = memory_new(nodes, sizeof *rows->row, error);
    rows->free = memory_new(nodes, sizeof *rows->free, error);
    return rows->row != NULL && rows->free != NULL;
}

static void rows_free(struct rows *rows, size_t nodes)
{
    for (size_t i = 0; rows->row != NULL && rows->free != NULL && i < nodes; i++)
        row_let_go(rows, i);
    while (rows->freed > 0)
        free(rows->free[--rows->freed]);
    free(rows->row);
    free(rows->free);
}

// ---- forward ----------------------------------------------------------------------------------

// The word that the sentence has in a slot, which is counted from 0.
static int32_t own_word(const struct confusions *confusions, size_t slot)
{
    return slot % 2 == 1 ? confusions->sentence[slot / 2] : WORD_OOV;
}

static int32_t counted_word(const struct lattice_link *link)
{
    return link->kind == LINK_WORD || link->kind == LINK_IGNORED ? link->word : WORD_OOV;
}

static void set_choice(struct recursion *recursion, size_t link, size_t place, enum choice choice)
{
    recursion->choice[link * recursion->bytes + place / 4] |=
        (uint8_t)((unsigned)choice << (place % 4 * 2));
}

static enum choice get_choice(const struct recursion *recursion, size_t link, size_t place)
{
    return recursion->choice[link * recursion->bytes + place / 4] >> (place % 4 * 2) & 3;
}

// Expected errors behind a link with a word, from those before it:
//   arc(q) = min(before(q - 1) + [word is not r(q)], arc(q - 1) + [r(q) is a word], before(q) + 1)
// Of equals (sums in other orders differ in their last bits) one with the word in a slot, and of two
// slots the one that is nearer to the link.
static void pass_word(struct recursion *recursion, size_t index, const double *before)
{
    const double equal = 1e-9;
    const struct lattice_link *link = &recursion->lattice->link[index];
    double *arc = recursion->arc, distance = INFINITY; // from the word's slot, if it has one
    double at = (recursion->place[link->from] + recursion->place[link->to]) / 2;
    arc[0] = before[0] + 1;
    set_choice(recursion, index, 0, DROPPED);
    for (size_t q = 1; q < recursion->places; q++) {
        int32_t own = own_word(recursion->confusions, q - 1);
        double aligned = before[q - 1] + (link->word != own), dropped = before[q] + 1;
        double missing = arc[q - 1] + (own != WORD_OOV);
        double here = fabs(recursion->centre[q - 1] - at);
        arc[q] = fmin(fmin(aligned, missing), dropped);
        bool kept = missing <= arc[q] + equal && distance < INFINITY;
        enum choice choice = DROPPED;
        if (aligned <= arc[q] + equal && (!kept || here < distance))
            choice = ALIGNED;
        else if (kept || dropped > arc[q] + equal)
            choice = MISSING;
        if (choice != MISSING)
            distance = choice == ALIGNED ? here : INFINITY;
        set_choice(recursion, index, q, choice);
    }
}

// Averages of the ways into each node, in order of the nodes.
static bool pass_forward(struct recursion *recursion, struct error *error)
{
    const struct lattice *lattice = recursion->lattice;
    double *start = row_of(&recursion->rows, lattice->start, error);
    if (start == NULL)
        return false;
    for (size_t q = 1; q < recursion->places; q++)
        start[q] = start[q - 1] + (own_word(recursion->confusions, q - 1) != WORD_OOV);
    for (size_t i = 0; i < lattice->links; i++) {
        const struct lattice_link *link = &lattice->link[i];
        const double *before = recursion->rows.row[link->from];
        int32_t word = counted_word(link);
        if (recursion->posterior[i] > 0) { // and so `before` is there
            double *to = row_of(&recursion->rows, link->to, error);
            if (to == NULL)
                return false;
            if (word != WORD_OOV)
                pass_word(recursion, i, before);
            double share = recursion->posterior[i] / recursion->mass[link->to];
            for (size_t q = 0; q < recursion->places; q++)
                to[q] += share * (word != WORD_OOV ? recursion->arc[q] : before[q]);
        }
        if (i + 1 == lattice->first[link->from + 1])
            row_let_go(&recursion->rows, link->from);
    }
    recursion->confusions->errors = recursion->rows.row[lattice->end][recursion->places - 1];
    row_let_go(&recursion->rows, lattice->end);
    return true;
}

// ---- backward ---------------------------------------------------------------------------------

// Adds to a word's posterior in a slot.
static bool gather(struct recursion *recursion, size_t slot, const struct lattice_link *link,
                   double mass, struct error *error)
{
    int32_t word = link != NULL ? counted_word(link) : WORD_OOV;
    size_t index = recursion->count;
    bool added;
    if (!pair_map_add(&recursion->known, slot, (uint64_t)(int64_t)word, &index, &added, error))
        return false;
    if (added) {
        if (!memory_grow(&recursion->found, &recursion->found_capacity, index + 1,
                         sizeof *recursion->found, error) ||
            !memory_grow(&recursion->slot, &recursion->slot_capacity, index + 1,
                         sizeof *recursion->slot, error))
            return false;
        recursion->found[index] = (struct slot_word){.word = word};
        recursion->slot[index] = slot;
        recursion->count++;
    }
    struct slot_word *found = &recursion->found[index];
    found->posterior += mass;
    if (link != NULL) {
        found->begin += mass * recursion->place[link->from];
        found->end += mass * recursion->place[link->to];
        found->acoustic += mass * link->acoustic;
        found->lm += mass * (link->lm + link->pronunciation);
    }
    return true;
}

// Hands the share of the ways behind a link that is in arc[q], their part of the sentence aligned up
// to q, on to the node before it.
static bool return_word(struct recursion *recursion, size_t index, double *before,
                        struct error *error)
{
    const struct lattice_link *link = &recursion->lattice->link[index];
    const double least = 1e-15; // rounding of the posteriors' sum, which is 1
    double *arc = recursion->arc;
    for (size_t q = recursion->places; q-- > 0;) {
        enum choice choice = get_choice(recursion, index, q);
        if (arc[q] < least)
            continue;
        if (choice == DROPPED)
            before[q] += arc[q];
        else if (choice == ALIGNED)
            before[q - 1] += arc[q];
        else
            arc[q - 1] += arc[q];
        if (choice != DROPPED &&
            !gather(recursion, q - 1, choice == ALIGNED ? link : NULL, arc[q], error))
            return false;
    }
    return true;
}

// The shares of the ways at each node, from the end on.
static bool pass_backward(struct recursion *recursion, struct error *error)
{
    const struct lattice *lattice = recursion->lattice;
    double *end = row_of(&recursion->rows, lattice->end, error);
    if (end == NULL)
        return false;
    end[recursion->places - 1] = 1;
    for (size_t node = lattice->nodes; node-- > 0;) {
        const double *behind = recursion->rows.row[node];
        for (size_t k = recursion->entering[node]; k < recursion->entering[node + 1]; k++) {
            size_t i = recursion->by_to[k];
            const struct lattice_link *link = &lattice->link[i];
            if (recursion->posterior[i] == 0 || behind == NULL)
                continue;
            double share = recursion->posterior[i] / recursion->mass[node];
            double *before = row_of(&recursion->rows, link->from, error);
            if (before == NULL)
                return false;
            if (counted_word(link) == WORD_OOV) {
                for (size_t q = 0; q < recursion->places; q++)
                    before[q] += share * behind[q];
                continue;
            }
            for (size_t q = 0; q < recursion->places; q++)
                recursion->arc[q] = share * behind[q];
            if (!return_word(recursion, i, before, error))
                return false;
        }
        if (node != lattice->start)
            row_let_go(&recursion->rows, node);
    }
    double *start = recursion->rows.row[lattice->start], left = 0;
    for (size_t q = recursion->places - 1; q > 0; q--) {
        left += start[q];
        if (left > 0 && !gather(recursion, q - 1, NULL, left, error))
            return false;
    }
    row_let_go(&recursion->rows, lattice->start);
    return true;
}

// ---- slots ------------------------------------------------------------------------------------

static int by_posterior(const void *left, const void *right)
{
    const struct slot_word *a = left, *b = right;
    if (a->posterior != b->posterior)
        return a->posterior > b->posterior ? -1 : 1;
    return a->word < b->word ? -1 : a->word > b->word;
}

// Puts what was found in order of slots, and sums over links become averages.
static bool arrange_slots(struct recursion *recursion, struct error *error)
{
    struct confusions *confusions = recursion->confusions;
    confusions->slots = recursion->places - 1;
    confusions->first = memory_new(confusions->slots + 2, sizeof *confusions->first, error);
    confusions->word = memory_new(recursion->count, sizeof *confusions->word, error);
    if (confusions->first == NULL || confusions->word == NULL)
        return false;
    size_t *begin = confusions->first + 1; // filling moves each to the next slot's beginning
    for (size_t i = 0; i < recursion->count; i++)
        begin[recursion->slot[i] + 1]++;
    for (size_t i = 1; i <= confusions->slots; i++)
        begin[i] += begin[i - 1];
    for (size_t i = 0; i < recursion->count; i++) {
        struct slot_word *word = &recursion->found[i];
        word->begin /= word->posterior;
        word->end /= word->posterior;
        word->acoustic /= word->posterior;
        word->lm /= word->posterior;
        confusions->word[begin[recursion->slot[i]]++] = *word;
    }
    for (size_t i = 0; i < confusions->slots; i++)
        qsort(confusions->word + confusions->first[i],
              confusions->first[i + 1] - confusions->first[i], sizeof *confusions->word,
              by_posterior);
    return true;
}

// Slots for words are where these are, the others between them.
static void place_slots(struct recursion *recursion)
{
    const struct lattice *lattice = recursion->lattice;
    const struct confusions *confusions = recursion->confusions;
    double before = recursion->place[lattice->start];
    for (size_t i = 0; i < confusions->words; i++) {
        double here = confusions->centre[i];
        recursion->centre[2 * i] = (before + here) / 2;
        recursion->centre[2 * i + 1] = before = here;
    }
    recursion->centre[2 * confusions->words] = (before + recursion->place[lattice->end]) / 2;
}

// Fills `confusions`, which has a sentence.
static bool align(struct recursion *recursion, struct confusions *confusions, struct error *error)
{
    const struct lattice *lattice = recursion->lattice;
    recursion->confusions = confusions;
    recursion->places = 2 * confusions->words + 2;
    recursion->bytes = (recursion->places + 3) / 4;
    recursion->choice = memory_new(lattice->links, recursion->bytes, error);
    recursion->arc = memory_new(recursion->places, sizeof *recursion->arc, error);
    recursion->centre = memory_new(recursion->places, sizeof *recursion->centre, error);
    bool ok = recursion->choice != NULL && recursion->arc != NULL && recursion->centre != NULL &&
              rows_init(&recursion->rows, lattice->nodes, recursion->places, error);
    if (ok) {
        place_slots(recursion);
        ok = pass_forward(recursion, error) && pass_backward(recursion, error) &&
             arrange_slots(recursion, error);
    }
    rows_free(&recursion->rows, lattice->nodes);
    pair_map_free(&recursion->known);
    free(recursion->choice);
    free(recursion->arc);
    free(recursion->centre);
    free(recursion->found);
    free(recursion->slot);
    return ok;
}

// ---- the whole --------------------------------------------------------------------------------

// What a search knows of the lattice; its passes begin with a copy of it.
struct shares {
    double *posterior, *mass, *place;
    bool timed; // places are times
    size_t *entering, *by_to;
};

static void find_places(struct shares *shares, const struct lattice *lattice)
{
    shares->timed = true;
    for (size_t i = 0; i < lattice->nodes; i++)
        shares->timed = shares->timed && !isnan(lattice->node[i].time);
    for (size_t i = 0; i < lattice->nodes; i++)
        shares->place[i] = shares->timed ? lattice->node[i].time : (double)lattice->level[i];
}

static bool shares_find(struct shares *shares, const struct lattice *lattice, double scale,
                        struct error *error)
{
    shares->posterior = memory_new(lattice->links, sizeof *shares->posterior, error);
    shares->mass = memory_new(lattice->nodes, sizeof *shares->mass, error);
    shares->place = memory_new(lattice->nodes, sizeof *shares->place, error);
    shares->entering = memory_new(lattice->nodes + 2, sizeof *shares->entering, error);
    shares->by_to = memory_new(lattice->links, sizeof *shares->by_to, error);
    if (shares->posterior == NULL || shares->mass == NULL || shares->place == NULL ||
        shares->entering == NULL || shares->by_to == NULL ||
        !lattice_posteriors(lattice, scale, shares->posterior, error))
        return false;
    find_places(shares, lattice);
    size_t *begin = shares->entering + 1;
    for (size_t i = 0; i < lattice->links; i++) {
        const struct lattice_link *link = &lattice->link[i];
        if (link->from != lattice->start && shares->mass[link->from] == 0)
            shares->posterior[i] = 0; // all that enters has vanished, and so may this
        shares->mass[link->to] += shares->posterior[i];
        begin[link->to + 1]++;
    }
    for (size_t i = 1; i <= lattice->nodes; i++)
        begin[i] += begin[i - 1];
    for (size_t i = 0; i < lattice->links; i++)
        shares->by_to[begin[lattice->link[i].to]++] = i;
    return true;
}

static void shares_free(struct shares *shares)
{
    free(shares->posterior);
    free(shares->mass);
    free(shares->place);
    free(shares->entering);
    free(shares->by_to);
}

static bool sentence_new(struct confusions *confusions, size_t most, struct error *error)
{
    memset(confusions, 0, sizeof *confusions);
    confusions->sentence = memory_new(most, sizeof *confusions->sentence, error);
    confusions->centre = memory_new(most, sizeof *confusions->centre, error);
    return confusions->sentence != NULL && confusions->centre != NULL;
}

// The likeliest words of all slots, as a sentence of its own.
static bool take_likeliest(const struct confusions *old, struct confusions *confusions,
                           struct error *error)
{
    if (!sentence_new(confusions, old->slots, error))
        return false;
    for (size_t i = 0; i < old->slots; i++) {
        const struct slot_word *word = old->word + old->first[i];
        if (old->first[i] == old->first[i + 1] || word->word == WORD_OOV)
            continue;
        confusions->sentence[confusions->words] = word->word;
        confusions->centre[confusions->words++] = (word->begin + word->end) / 2;
    }
    return true;
}

// Evenly spread over the lattice.
static void spread(struct confusions *confusions, const struct lattice *lattice,
                   const double *place)
{
    double begin = place[lattice->start], width = place[lattice->end] - begin;
    for (size_t i = 0; i < confusions->words; i++)
        confusions->centre[i] = begin + width * ((double)i + 0.5) / (double)confusions->words;
}

// Goes on to better sentences as long as there are some.
static bool search(const struct recursion *begin, struct confusions *confusions,
                   struct error *error)
{
    const double gain = 1e-9; // less is rounding
    bool better = true, ok = true;
    while (ok && better) {
        struct confusions next;
        struct recursion recursion = *begin;
        ok = take_likeliest(confusions, &next, error) && align(&recursion, &next, error);
        better = ok && next.errors < confusions->errors - gain;
        if (better) {
            struct confusions old = *confusions;
            *confusions = next;
            next = old;
        }
        confusions_free(&next);
    }
    return ok;
}

bool confusions_find(const struct lattice *lattice, double scale, const int32_t *sentence,
                     const double *centre, size_t words, bool decode, struct confusions *confusions,
                     struct error *error)
{
    struct shares shares = {0};
    bool ok = sentence_new(confusions, words, error) && shares_find(&shares, lattice, scale, error);
    const struct recursion begin = {.lattice = lattice,
                                    .posterior = shares.posterior,
                                    .mass = shares.mass,
                                    .place = shares.place,
                                    .entering = shares.entering,
                                    .by_to = shares.by_to};
    struct recursion recursion = begin;
    if (ok) {
        confusions->words = words;
        spread(confusions, lattice, shares.place);
        for (size_t i = 0; i < words; i++) {
            confusions->sentence[i] = sentence[i];
            confusions->centre[i] = centre != NULL ? centre[i] : confusions->centre[i];
        }
        ok = align(&recursion, confusions, error) && (!decode || search(&begin, confusions, error));
    }
    for (size_t i = 0; ok && !shares.timed && i < confusions->first[confusions->slots]; i++)
        confusions->word[i].begin = confusions->word[i].end = NAN;
    shares_free(&shares);
    return ok;
}

bool confusions_find_from(const struct lattice *lattice, double scale,
                          const struct lattice_path *path, bool decode,
                          struct confusions *confusions, struct error *error)
{
    struct shares places = {.place = memory_new(lattice->nodes, sizeof *places.place, error)};
    int32_t *sentence = memory_new(path->links, sizeof *sentence, error);
    double *centre = memory_new(path->links, sizeof *centre, error);
    bool ok = places.place != NULL && sentence != NULL && centre != NULL;
    size_t words = 0;
    memset(confusions, 0, sizeof *confusions);
    if (ok)
        find_places(&places, lattice);
    for (size_t i = 0; ok && i < path->links; i++) {
        const struct lattice_link *link = &lattice->link[path->link[i]];
        if (counted_word(link) == WORD_OOV)
            continue;
        centre[words] = (places.place[link->from] + places.place[link->to]) / 2;
        sentence[words++] = link->word;
    }
    ok = ok && confusions_find(lattice, scale, sentence, centre, words, decode, confusions, error);
    shares_free(&places);
    free(sentence);
    free(centre);
    return ok;
}

void confusions_free(struct confusions *confusions)
{
    free(confusions->sentence);
    free(confusions->centre);
    free(confusions->word);
    free(confusions->first);
    memset(confusions, 0, sizeof *confusions);
}

const struct slot_word *confusions_own(const struct confusions *confusions, size_t slot)
{
    int32_t own = own_word(confusions, slot);
    for (size_t i = confusions->first[slot]; i < confusions->first[slot + 1]; i++)
        if (confusions->word[i].word == own)
            return &confusions->word[i];
    return NULL;
}
