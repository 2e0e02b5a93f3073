// Word lattices: making them, their order, posteriors.
#include "lattice/lattice.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "text/marks.h"

bool lattice_init(struct lattice *lattice, const char *file, const char *id, struct error *error)
{
    memset(lattice, 0, sizeof *lattice);
    lattice->file = file;
    lattice->start = lattice->end = NO_NODE;
    lattice->base = exp(1);
    lattice->scales = (struct lattice_scales){1, 1, 1, 0};
    lattice->id = memory_text(id, strlen(id), error);
    size_t note;
    return lattice->id != NULL && vocabulary_init(&lattice->words, error) &&
           lattice_note(lattice, "", 0, &note, error);
}

void lattice_free(struct lattice *lattice)
{
    free(lattice->id);
    vocabulary_free(&lattice->words);
    free(lattice->node);
    free(lattice->link);
    free(lattice->first);
    free(lattice->level);
    free(lattice->notes);
    memset(lattice, 0, sizeof *lattice);
}

bool lattice_add_node(struct lattice *lattice, double time, uint64_t number, uint64_t line,
                      struct error *error)
{
    if (!memory_grow(&lattice->node, &lattice->node_capacity, lattice->nodes + 1,
                     sizeof *lattice->node, error))
        return false;
    lattice->node[lattice->nodes++] = (struct lattice_node){time, number, line};
    return true;
}

bool lattice_add_link(struct lattice *lattice, const struct lattice_link *link, struct error *error)
{
    if (!memory_grow(&lattice->link, &lattice->link_capacity, lattice->links + 1,
                     sizeof *lattice->link, error))
        return false;
    lattice->link[lattice->links++] = *link;
    return true;
}

bool lattice_note(struct lattice *lattice, const char *text, size_t length, size_t *note,
                  struct error *error)
{
    if (!memory_grow(&lattice->notes, &lattice->notes_capacity, lattice->notes_used + length + 1, 1,
                     error))
        return false;
    *note = lattice->notes_used;
    memcpy(lattice->notes + *note, text, length);
    lattice->notes[*note + length] = '\0';
    lattice->notes_used += length + 1;
    return true;
}

// ---- words ------------------------------------------------------------------------------------

static enum link_kind kind_of(const char *word, size_t length)
{
    static const char *const none[] = {"!NULL", "<eps>", "<epsilon>"};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        if (strlen(none[i]) == length && memcmp(none[i], word, length) == 0)
            return LINK_NULL;
    enum mark mark = mark_of(word, length);
    return mark == MARK_START ? LINK_START : mark == MARK_END ? LINK_END : LINK_WORD;
}

bool lattice_set_word(struct lattice *lattice, struct lattice_link *link, const char *word,
                      size_t length, struct error *error)
{
    link->kind = kind_of(word, length);
    link->word = WORD_OOV;
    if (link->kind == LINK_NULL)
        return true;
    link->word = vocabulary_add(&lattice->words, word, length, error);
    return link->word >= 0;
}

const char *lattice_word(const struct lattice *lattice, const struct lattice_link *link)
{
    return link->word >= 0 ? vocabulary_word(&lattice->words, link->word) : NULL;
}

// ---- order ------------------------------------------------------------------------------------

// Scratch of lattice_arrange(), by old node numbers.
struct order {
    size_t *entering;         // [nodes] links whose beginning has not been placed yet
    size_t *leaving;          // [nodes + 1] where the links that leave a node begin in `by_from`
    size_t *by_from;          // [links]
    size_t *place;            // [nodes] old node numbers in topological order
    size_t *number;           // [nodes] the new number; NO_NODE for those that go
    bool *reached, *reaching; // [nodes] from the start; the end
};

static bool order_init(struct order *order, const struct lattice *lattice, struct error *error)
{
    size_t nodes = lattice->nodes;
    order->entering = memory_new(nodes, sizeof *order->entering, error);
    order->leaving = memory_new(nodes + 2, sizeof *order->leaving, error);
    order->by_from = memory_new(lattice->links, sizeof *order->by_from, error);
    order->place = memory_new(nodes, sizeof *order->place, error);
    order->number = memory_new(nodes, sizeof *order->number, error);
    order->reached = memory_new(nodes, sizeof *order->reached, error);
    order->reaching = memory_new(nodes, sizeof *order->reaching, error);
    return order->entering != NULL && order->leaving != NULL && order->by_from != NULL &&
           order->place != NULL && order->number != NULL && order->reached != NULL &&
           order->reaching != NULL;
}

static void order_free(struct order *order)
{
    free(order->entering);
    free(order->leaving);
    free(order->by_from);
    free(order->place);
    free(order->number);
    free(order->reached);
    free(order->reaching);
}

// Links by the node that they leave, in the order of the file.
static void sort_links(struct order *order, const struct lattice *lattice)
{
    size_t *begin = order->leaving + 1; // filling moves each to the next node's beginning
    for (size_t i = 0; i < lattice->links; i++) {
        order->entering[lattice->link[i].to]++;
        begin[lattice->link[i].from + 1]++;
    }
    for (size_t i = 1; i <= lattice->nodes; i++)
        begin[i] += begin[i - 1];
    for (size_t i = 0; i < lattice->links; i++)
        order->by_from[begin[lattice->link[i].from]++] = i;
}

static bool find_ends(struct lattice *lattice, const struct order *order, struct error *error)
{
    for (size_t i = lattice->nodes; lattice->start == NO_NODE && i > 0; i--)
        if (order->entering[lattice->nodes - i] == 0)
            lattice->start = lattice->nodes - i;
    for (size_t i = lattice->nodes; lattice->end == NO_NODE && i > 0; i--)
        if (order->leaving[i - 1] == order->leaving[i])
            lattice->end = i - 1;
    if (lattice->nodes == 0 || lattice->links == 0)
        return error_set(error,
                         "%s: %s: the lattice has %zu nodes and %zu links, wanted a way from a "
                         "start to an end",
                         lattice->file, lattice->id, lattice->nodes, lattice->links);
    return true;
}

// Places nodes when all links into them have been passed (Kahn 1962); returns how many there are.
static size_t place_nodes(struct order *order, const struct lattice *lattice)
{
    size_t placed = 0;
    for (size_t i = 0; i < lattice->nodes; i++)
        if (order->entering[i] == 0)
            order->place[placed++] = i;
    for (size_t i = 0; i < placed; i++) {
        size_t node = order->place[i];
        for (size_t j = order->leaving[node]; j < order->leaving[node + 1]; j++) {
            size_t to = lattice->link[order->by_from[j]].to;
            if (--order->entering[to] == 0)
                order->place[placed++] = to;
        }
    }
    return placed;
}

// A node that was not placed has a link from another such node: going back along those ends on a
// cycle.
static bool tell_cycle(const struct order *order, const struct lattice *lattice,
                       struct error *error)
{
    size_t *back = order->number, at = 0; // a link into each such node
    for (size_t i = 0; i < lattice->links; i++)
        if (order->entering[lattice->link[i].from] > 0)
            back[at = lattice->link[i].to] = i;
    for (size_t i = 0; i < lattice->nodes; i++)
        at = lattice->link[back[at]].from;
    const struct lattice_link *link = &lattice->link[back[at]];
    return error_set(error,
                     "%s: line %" PRIu64 ": %s: the link from node %" PRIu64 " to node %" PRIu64
                     " closes a cycle, wanted a lattice without cycles",
                     lattice->file, link->line, lattice->id, lattice->node[link->from].number,
                     lattice->node[link->to].number);
}

static void reach(struct order *order, const struct lattice *lattice)
{
    order->reached[lattice->start] = order->reaching[lattice->end] = true;
    for (size_t i = 0; i < lattice->nodes; i++)
        for (size_t node = order->place[i], j = order->leaving[node]; j < order->leaving[node + 1];
             j++)
            if (order->reached[node])
                order->reached[lattice->link[order->by_from[j]].to] = true;
    for (size_t i = lattice->nodes; i > 0; i--)
        for (size_t node = order->place[i - 1], j = order->leaving[node];
             j < order->leaving[node + 1]; j++)
            if (order->reaching[lattice->link[order->by_from[j]].to])
                order->reaching[node] = true;
}

static bool verify_reach(const struct order *order, const struct lattice *lattice, bool trim,
                         struct error *error)
{
    const struct lattice_node *start = &lattice->node[lattice->start];
    const struct lattice_node *end = &lattice->node[lattice->end];
    for (size_t i = 0; i < lattice->nodes && !trim; i++) {
        const struct lattice_node *node = &lattice->node[i];
        if (!order->reached[i])
            return error_set(error,
                             "%s: line %" PRIu64 ": %s: node %" PRIu64 " is unreachable: no way "
                             "leads to it from the start, node %" PRIu64 ": -trim drops such nodes",
                             lattice->file, node->line, lattice->id, node->number, start->number);
        if (!order->reaching[i])
            return error_set(error,
                             "%s: line %" PRIu64 ": %s: node %" PRIu64 " is a dead end: no way "
                             "leads from it to the end, node %" PRIu64 ": -trim drops such nodes",
                             lattice->file, node->line, lattice->id, node->number, end->number);
    }
    if (!order->reached[lattice->end] || lattice->start == lattice->end)
        return error_set(error,
                         "%s: line %" PRIu64 ": %s: no way leads from node %" PRIu64 " to "
                         "node %" PRIu64 ", the end",
                         lattice->file, end->line, lattice->id, start->number, end->number);
    return true;
}

// Numbers the nodes that stay, and puts nodes and links in order.
static bool renumber(struct order *order, struct lattice *lattice, struct error *error)
{
    struct lattice_node *node = memory_new(lattice->nodes, sizeof *node, error);
    struct lattice_link *link = memory_new(lattice->links, sizeof *link, error);
    size_t *first = memory_new(lattice->nodes + 1, sizeof *first, error);
    size_t *level = memory_new(lattice->nodes, sizeof *level, error);
    bool ok = node != NULL && link != NULL && first != NULL && level != NULL;
    size_t nodes = 0, links = 0;
    for (size_t i = 0; ok && i < lattice->nodes; i++) {
        size_t old = order->place[i];
        bool stays = order->reached[old] && order->reaching[old];
        order->number[old] = stays ? nodes : NO_NODE;
        if (stays)
            node[nodes++] = lattice->node[old];
    }
    for (size_t i = 0; ok && i < lattice->nodes; i++) {
        size_t old = order->place[i], from = order->number[old];
        for (size_t j = order->leaving[old]; from != NO_NODE && j < order->leaving[old + 1]; j++) {
            struct lattice_link *copy = &link[links];
            *copy = lattice->link[order->by_from[j]];
            copy->from = from;
            copy->to = order->number[copy->to];
            if (copy->to == NO_NODE)
                continue;
            if (level[copy->to] < level[from] + 1)
                level[copy->to] = level[from] + 1;
            links++;
        }
        if (from != NO_NODE)
            first[from + 1] = links;
    }
    if (!ok) {
        free(node);
        free(link);
        free(first);
        free(level);
        return false;
    }
    free(lattice->node);
    free(lattice->link);
    free(lattice->first);
    free(lattice->level);
    lattice->node_capacity = lattice->nodes;
    lattice->link_capacity = lattice->links;
    lattice->node = node;
    lattice->link = link;
    lattice->first = first;
    lattice->level = level;
    lattice->nodes = nodes;
    lattice->links = links;
    lattice->start = order->number[lattice->start];
    lattice->end = order->number[lattice->end];
    return true;
}

bool lattice_arrange(struct lattice *lattice, bool trim, struct error *error)
{
    struct order order = {0};
    bool ok = order_init(&order, lattice, error);
    if (ok) {
        sort_links(&order, lattice);
        ok = find_ends(lattice, &order, error);
    }
    if (ok && place_nodes(&order, lattice) < lattice->nodes)
        ok = tell_cycle(&order, lattice, error);
    if (ok) {
        reach(&order, lattice);
        ok = verify_reach(&order, lattice, trim, error) && renumber(&order, lattice, error);
    }
    order_free(&order);
    return ok;
}

bool lattice_keep(struct lattice *lattice, const bool *keep, struct error *error)
{
    size_t kept = 0;
    for (size_t i = 0; i < lattice->links; i++)
        if (keep[i])
            lattice->link[kept++] = lattice->link[i];
    lattice->links = kept;
    return lattice_arrange(lattice, true, error);
}

bool lattice_end_is_implied(const struct lattice *lattice)
{
    size_t from = NO_NODE;
    for (size_t i = 0; i < lattice->links; i++) {
        const struct lattice_link *link = &lattice->link[i];
        if (link->to != lattice->end)
            continue;
        if (link->kind != LINK_NULL || link->from == from)
            return false;
        from = link->from; // links are in order of it
    }
    return true;
}

// ---- scores -----------------------------------------------------------------------------------

double lattice_total(const struct lattice *lattice, const struct lattice_link *link)
{
    const struct lattice_scales *scales = &lattice->scales;
    return scales->acoustic * link->acoustic + scales->lm * link->lm +
           scales->pronunciation * link->pronunciation +
           (link->kind == LINK_WORD ? scales->word_penalty : 0);
}

void lattice_best_to_end(const struct lattice *lattice, double *best)
{
    for (size_t i = 0; i < lattice->nodes; i++)
        best[i] = i == lattice->end ? 0 : -INFINITY;
    for (size_t i = lattice->links; i > 0; i--) {
        const struct lattice_link *link = &lattice->link[i - 1];
        double total = lattice_total(lattice, link) + best[link->to];
        if (total > best[link->from])
            best[link->from] = total;
    }
}

// log10(10^a + 10^b)
static double add_log10(double a, double b)
{
    double high = a > b ? a : b, low = a > b ? b : a;
    if (low == -INFINITY)
        return high;
    return high + log10(1 + pow(10, low - high));
}

bool lattice_posteriors(const struct lattice *lattice, double scale, double *posterior,
                        struct error *error)
{
    double *forward = memory_new(lattice->nodes, sizeof *forward, error);
    double *backward = memory_new(lattice->nodes, sizeof *backward, error);
    bool ok = forward != NULL && backward != NULL;
    for (size_t i = 0; ok && i < lattice->nodes; i++) {
        forward[i] = i == lattice->start ? 0 : -INFINITY;
        backward[i] = i == lattice->end ? 0 : -INFINITY;
    }
    for (size_t i = 0; ok && i < lattice->links; i++) {
        const struct lattice_link *link = &lattice->link[i];
        forward[link->to] = add_log10(forward[link->to],
                                      forward[link->from] + lattice_total(lattice, link) / scale);
    }
    for (size_t i = lattice->links; ok && i > 0; i--) {
        const struct lattice_link *link = &lattice->link[i - 1];
        backward[link->from] = add_log10(backward[link->from],
                                         backward[link->to] + lattice_total(lattice, link) / scale);
    }
    if (ok && !isfinite(forward[lattice->end]))
        ok = error_set(error,
                       "%s: %s: divided by %g, scores are too large for probabilities: "
                       "-posterior-scale takes a larger one",
                       lattice->file, lattice->id, scale);
    for (size_t i = 0; ok && i < lattice->links; i++) {
        const struct lattice_link *link = &lattice->link[i];
        posterior[i] = pow(10, forward[link->from] + lattice_total(lattice, link) / scale +
                                   backward[link->to] - forward[lattice->end]);
    }
    free(forward);
    free(backward);
    return ok;
}

// Marks the links of the best way; the first of equals.
static void keep_best(const struct lattice *lattice, const double *best, bool *keep)
{
    for (size_t node = lattice->start; node != lattice->end;) {
        size_t chosen = lattice->first[node];
        double highest = -INFINITY;
        for (size_t i = lattice->first[node]; i < lattice->first[node + 1]; i++) {
            const struct lattice_link *link = &lattice->link[i];
            double total = lattice_total(lattice, link) + best[link->to];
            if (total > highest) {
                highest = total;
                chosen = i;
            }
        }
        keep[chosen] = true;
        node = lattice->link[chosen].to;
    }
}

bool lattice_prune(struct lattice *lattice, double threshold, double scale, struct error *error)
{
    double *posterior = memory_new(lattice->links, sizeof *posterior, error);
    double *best = memory_new(lattice->nodes, sizeof *best, error);
    bool *keep = memory_new(lattice->links, sizeof *keep, error);
    bool ok = posterior != NULL && best != NULL && keep != NULL &&
              lattice_posteriors(lattice, scale, posterior, error);
    if (ok) {
        for (size_t i = 0; i < lattice->links; i++)
            keep[i] = posterior[i] >= threshold;
        lattice_best_to_end(lattice, best);
        keep_best(lattice, best, keep);
        ok = lattice_keep(lattice, keep, error);
    }
    free(posterior);
    free(best);
    free(keep);
    return ok;
}
