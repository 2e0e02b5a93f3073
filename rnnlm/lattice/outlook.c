// What is left of a way to the end of a lattice.
#include "lattice/outlook.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

static const double NEAR = 0.1; // relative change of the average that is let pass

bool outlook_init(struct outlook *outlook, const struct lattice *lattice, struct error *error)
{
    memset(outlook, 0, sizeof *outlook);
    outlook->lattice = lattice;
    outlook->per_word = NAN; // not known yet
    outlook->to_end = memory_new(lattice->nodes, sizeof *outlook->to_end, error);
    return outlook->to_end != NULL;
}

void outlook_free(struct outlook *outlook)
{
    free(outlook->to_end);
    memset(outlook, 0, sizeof *outlook);
}

void outlook_add(struct outlook *outlook, const struct lattice_link *link, double new_lm)
{
    outlook->difference += outlook->lattice->scales.lm * (new_lm - link->lm);
    outlook->words++;
}

static double estimate(const struct outlook *outlook, const struct lattice_link *link)
{
    return lattice_total(outlook->lattice, link) +
           (link->kind == LINK_WORD ? outlook->per_word : 0);
}

void outlook_refresh(struct outlook *outlook)
{
    const struct lattice *lattice = outlook->lattice;
    double now = outlook->words > 0 ? outlook->difference / (double)outlook->words : 0;
    if (fabs(now - outlook->per_word) <= NEAR * fabs(now))
        return;
    outlook->per_word = now;
    for (size_t i = 0; i < lattice->nodes; i++)
        outlook->to_end[i] = i == lattice->end ? 0 : -INFINITY;
    for (size_t i = lattice->links; i > 0; i--) {
        const struct lattice_link *link = &lattice->link[i - 1];
        double total = estimate(outlook, link) + outlook->to_end[link->to];
        if (total > outlook->to_end[link->from])
            outlook->to_end[link->from] = total;
    }
}

double outlook_behind(const struct outlook *outlook, const struct lattice_link *link)
{
    return estimate(outlook, link) + outlook->to_end[link->to];
}
