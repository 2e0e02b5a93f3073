// Times of nodes from the alignments of Kaldi's compact lattices.
#include "lattice/frames.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/memory.h"

// Numbers of an alignment, which is 1_2_3.
static size_t count_frames(const char *alignment)
{
    size_t frames = *alignment != '\0';
    for (; *alignment != '\0'; alignment++)
        frames += *alignment == '_';
    return frames;
}

static bool tell_lengths(const struct lattice *lattice, const struct lattice_link *link,
                         size_t found, size_t wanted, struct error *error)
{
    return error_set(error,
                     "%s: line %" PRIu64 ": %s: found %zu frames on the way to node %" PRIu64
                     ", wanted %zu as on another way: without -frame-shift nodes have no times",
                     lattice->file, link->line, lattice->id, found, lattice->node[link->to].number,
                     wanted);
}

bool lattice_take_frames(struct lattice *lattice, double shift, struct error *error)
{
    size_t *frames = memory_new(lattice->nodes, sizeof *frames, error); // 1 more; 0: not known
    bool ok = frames != NULL;
    if (ok)
        frames[lattice->start] = 1;
    for (size_t i = 0; ok && i < lattice->links; i++) {
        const struct lattice_link *link = &lattice->link[i];
        size_t there = frames[link->from] + count_frames(lattice->notes + link->note);
        if (frames[link->to] == 0)
            frames[link->to] = there;
        else if (frames[link->to] != there)
            ok = tell_lengths(lattice, link, there - 1, frames[link->to] - 1, error);
    }
    if (ok && frames[lattice->end] == 1)
        ok = error_set(error,
                       "%s: %s: found no alignments, from which -frame-shift has its times, "
                       "wanted GRAPH,ACOUSTIC,1_2_3",
                       lattice->file, lattice->id);
    for (size_t i = 0; ok && i < lattice->nodes; i++)
        lattice->node[i].time = (double)(frames[i] - 1) * shift;
    free(frames);
    return ok;
}
