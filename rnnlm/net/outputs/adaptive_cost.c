// The adaptive output: clusters of least cost.
//
// What a block of PLACES costs, in multiplications: m rows of width w that b of the places are expected
// to ask for take
//
//   b m (w + SOFTMAX) + (1 - exp(-b)) (FLOOR + m (w + ROW) TOUCH)
//
// The first term is the work; the second is there as soon as one place asks: the floor of a product,
// and rows that come from memory, are moved, and go back. Clusters begin at numbers of a grid, GRID of
// them to an octave. One whose rows are narrower than those of the cluster before it has at least RATIO
// times as many words as come before it. Behind the first of the least width there may be more with
// classes, as many as there can be at all: the more, the fewer rows a rare word touches. Which are best
// is found by dynamic programming from the frequent words on (a cluster's width depends on how many are
// before it). Classes make a cluster worse: their cost counts CLASSES times.
#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "net/outputs/adaptive.h"

enum { GRID = 16, OCTAVES = 31, POINTS = GRID * OCTAVES + 2, LEAST_FREQUENT = 128, RATIO = 3 };

static const double PLACES = 512, SOFTMAX = 24, FLOOR = 20000, ROW = 32, TOUCH = 4, CLASSES = 8;

struct way {
    double cost;
    size_t from; // point where the last cluster begins
};

struct search {
    size_t width, points;
    size_t point[POINTS];  // numbers of words
    double before[POINTS]; // share of the text that the words before it have
    struct way way[SHAPE_MOST_CLUSTERS + 1][POINTS]; // of k clusters that end at a point
};

static double rows_cost(double asked, double rows, double width)
{
    return asked * rows * (width + SOFTMAX) +
           (1 - exp(-asked)) * (FLOOR + rows * (width + ROW) * TOUCH);
}

// Of cluster k with the words between two points; *class_words of the best way to have them.
static double cluster_cost(const struct search *search, size_t k, size_t from, size_t to,
                           size_t *class_words)
{
    double asked = PLACES * (search->before[to] - search->before[from]);
    double width = (double)adaptive_width(search->width, k);
    size_t words = search->point[to] - search->point[from];
    double projection = rows_cost(asked, width, (double)search->width) +
                        PLACES * ((double)search->width + SOFTMAX); // and its entry in the head
    double best = rows_cost(asked, (double)words, width);
    *class_words = 0;
    for (size_t each = 8; each < words; each *= 2) {
        double classes = ceil((double)words / (double)each);
        double cost = rows_cost(asked, classes, width) +
                      classes * rows_cost(asked / classes, (double)each, width);
        if (CLASSES * cost < best) {
            best = CLASSES * cost;
            *class_words = each;
        }
    }
    return projection + best;
}

static void make_grid(struct search *search, const uint64_t *count, size_t words)
{
    double total = 0, sum = 0;
    size_t at = 0;
    for (size_t i = 0; i < words; i++)
        total += (double)count[i];
    total = total > 0 ? total : 1;
    for (size_t i = 0; at < words; i++) {
        size_t point = (size_t)(LEAST_FREQUENT * exp2((double)i / GRID));
        point = point < words ? point : words;
        for (; at < point; at++)
            sum += (double)count[at];
        search->point[search->points] = point;
        search->before[search->points++] = sum / total;
    }
}

// Least cost of the words before a point with k clusters, from those with k - 1.
static struct way find_way(const struct search *search, size_t k, size_t to)
{
    bool narrower =
        k == 1 || adaptive_width(search->width, k - 1) < adaptive_width(search->width, k - 2);
    struct way best = {INFINITY, 0};
    for (size_t from = 0; from < to; from++) {
        size_t words = search->point[to] - search->point[from], class_words;
        if (narrower && words < RATIO * search->point[from])
            break;
        double cost =
            search->way[k - 1][from].cost + cluster_cost(search, k - 1, from, to, &class_words);
        if (cost < best.cost && (narrower || class_words > 0))
            best = (struct way){cost, from};
    }
    return best;
}

static void find_ways(struct search *search)
{
    for (size_t to = 0; to < search->points; to++)
        search->way[0][to].cost =
            rows_cost(PLACES, (double)search->point[to], (double)search->width);
    for (size_t k = 1; k <= SHAPE_MOST_CLUSTERS; k++)
        for (size_t to = 0; to < search->points; to++)
            search->way[k][to] = find_way(search, k, to);
}

bool adaptive_choose_clusters(struct network_shape *shape, const uint64_t *count,
                              struct classes *classes, struct error *error)
{
    (void)classes;
    if (shape->clusters > 0)
        return true;
    struct search *search = memory_new(1, sizeof *search, error);
    if (search == NULL)
        return false;
    search->width = shape->layer[shape->layers - 1].units;
    make_grid(search, count, shape->words);
    find_ways(search);
    size_t last = search->points - 1, best = 0;
    for (size_t k = 1; k <= SHAPE_MOST_CLUSTERS; k++)
        if (search->way[k][last].cost < search->way[best][last].cost)
            best = k;
    shape->clusters = best;
    for (size_t k = best, to = last; k > 0; k--) {
        struct cluster_shape *cluster = &shape->cluster[k - 1];
        size_t from = search->way[k][to].from;
        cluster->first = search->point[from];
        cluster_cost(search, k - 1, from, to, &cluster->class_words);
        to = from;
    }
    free(search);
    return true;
}
