// Which hypotheses of a node one can stand for.
//
// The scores of words to come depend on the hidden vector, and smoothly: two hypotheses with the
// same words to come drift apart by no more than about the distance of their vectors times a
// constant. So one that is worse by more than that remains worse whatever comes, and merging it
// loses nothing; one that is worse by less may win later, although its last words are the same.
#include "lattice/hypothesis.h"

void lattice_hypothesis_drop_state(struct lattice_hypothesis *hypothesis, struct language *language)
{
    if (hypothesis->state != NO_STATE)
        language_release(language, hypothesis->state);
    hypothesis->state = NO_STATE;
}

// The hypothesis of worse's group that stands for it. Otherwise *last is the last one of the group
// that is kept, which `worse` comes behind.
static size_t stands_in_group(const struct lattice_hypothesis *hypothesis,
                              const struct lattice_hypothesis *worse, const struct merging *merging,
                              const struct language *language, size_t *last)
{
    for (size_t i = worse->first; i != NO_HYPOTHESIS; i = hypothesis[i].next) {
        const struct lattice_hypothesis *better = &hypothesis[i];
        *last = i;
        if (better->merged == NO_HYPOTHESIS &&
            better->score - worse->score >=
                merging->margin * language_distance(language, better->state, worse->state))
            return i;
    }
    return NO_HYPOTHESIS;
}

// The first of hypotheses begin..end-1 that is near enough to stand for the worse one.
static size_t stands_near(const struct lattice_hypothesis *hypothesis, size_t begin, size_t end,
                          const struct lattice_hypothesis *worse, const struct merging *merging,
                          const struct language *language)
{
    for (size_t i = begin; merging->distance > 0 && i < end; i++) {
        const struct lattice_hypothesis *better = &hypothesis[i];
        if (better->merged == NO_HYPOTHESIS && better->word == worse->word &&
            better->ended == worse->ended &&
            language_distance(language, better->state, worse->state) < merging->distance)
            return i;
    }
    return NO_HYPOTHESIS;
}

// How many hypotheses may be kept that are not the first of their group.
static size_t room_beside_first(const struct lattice_hypothesis *hypothesis, size_t begin,
                                size_t end, const struct merging *merging)
{
    size_t groups = 0;
    if (merging->most == 0)
        return SIZE_MAX;
    for (size_t i = begin; i < end; i++)
        groups += hypothesis[i].first == i;
    return merging->most > groups ? merging->most - groups : 0;
}

void lattice_hypotheses_merge(struct lattice_hypothesis *hypothesis, size_t begin, size_t end,
                              const struct merging *merging, struct language *language)
{
    size_t room = room_beside_first(hypothesis, begin, end, merging);
    for (size_t i = begin; i < end; i++) {
        struct lattice_hypothesis *worse = &hypothesis[i];
        size_t first = worse->first, last = i;
        worse->next = worse->merged = NO_HYPOTHESIS;
        if (first != i)
            worse->merged = stands_in_group(hypothesis, worse, merging, language, &last);
        if (worse->merged == NO_HYPOTHESIS)
            worse->merged = stands_near(hypothesis, begin, i, worse, merging, language);
        if (worse->merged == NO_HYPOTHESIS && first != i && room == 0)
            // the first one may be near another itself
            worse->merged =
                hypothesis[first].merged != NO_HYPOTHESIS ? hypothesis[first].merged : first;
        if (worse->merged != NO_HYPOTHESIS) {
            lattice_hypothesis_drop_state(worse, language);
        } else if (first != i) {
            hypothesis[last].next = i;
            room--;
        }
    }
}
