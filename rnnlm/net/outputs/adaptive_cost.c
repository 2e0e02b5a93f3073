// The adaptive output: clusters of least cost.
//
// What a block of PLACES costs, in multiplications: m rows of width w that b of the places are expected
// to ask for take
//
//   b m (w + SOFTMAX) + (1 - exp(-b)) (FLOOR + m (w + ROW) TOUCH)
//
// The first term is the work; the second is there as soon as one place asks: the floor of a product,
// and rows that come from memory, are moved, and go back. A cluster takes CLUSTER beside that, and an
// entry in the head for all places. Clusters begin at numbers of a grid, GRID of them to an octave. One
// whose rows are narrower than those of the cluster before it has at least RATIO times as many words as
// come before it. Behind the first of the least width there may be more with classes: the more, the
// fewer rows a rare word touches. Which are best is found by dynamic programming from the frequent words
// on (a cluster's width depends on how many are before it). Classes make a cluster worse, and so do
// groups of them, which are for at least GROUPED words: they cost CLASSES times, and GROUPS times that.
#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "net/outputs/adaptive.h"

enum {
    GRID = 16,
    OCTAVES = 31,
    POINTS = GRID * OCTAVES + 2,
    LEAST_FREQUENT = 128,
    RATIO = 3,
    GROUPED = 1 << 14,
    LEAST_TOGETHER = 8 // words of a class, classes of a group
};

static const double PLACES = 512, SOFTMAX = 24, FLOOR = 15000, ROW = 32, TOUCH = 4,
                    CLUSTER = 600000, CLASSES = 8, GROUPS = 1.1;

struct way {
    double cost;
    size_t from; // point where the last cluster begins
};

// A cluster, and the best way to have its words.
struct priced {
    double cost;
    size_t class_words, group_classes;
};

struct search {
    size_t width, points;
    size_t point[POINTS];  // numbers of words
    double before[POINTS]; // share of the text that the words before it have
    struct way way[SHAPE_MOST_CLUSTERS + 1][POINTS]; // of k clusters that end at a point
    struct priced *priced;                           // [points][points] from one point to another,
    size_t priced_width;                             // with rows of this width
};

static double rows_cost(double asked, double rows, double width)
{
    return asked * rows * (width + SOFTMAX) +
           (1 - exp(-asked)) * (FLOOR + rows * (width + ROW) * TOUCH);
}

// Classes of `each` words, and groups of `together` of these, 0 for none.
static double classes_cost(double asked, double words, double each, double together, double width)
{
    double classes = ceil(words / each);
    double cost = classes * rows_cost(asked / classes, each, width);
    if (together == 0)
        return CLASSES * (cost + rows_cost(asked, classes, width));
    double groups = ceil(classes / together);
    return CLASSES * GROUPS *
           (cost + groups * rows_cost(asked / groups, together, width) +
            rows_cost(asked, groups, width));
}

static size_t next_size(size_t n)
{
    return n > 0 ? 2 * n : LEAST_TOGETHER;
}

static struct priced price(const struct search *search, size_t width, size_t from, size_t to)
{
    double asked = PLACES * (search->before[to] - search->before[from]);
    double projection = rows_cost(asked, (double)width, (double)search->width) +
                        PLACES * ((double)search->width + SOFTMAX); // and its entry in the head
    size_t words = search->point[to] - search->point[from];
    struct priced best = {.cost = rows_cost(asked, (double)words, (double)width)};
    for (size_t each = LEAST_TOGETHER; each < words; each *= 2)
        for (size_t n = 0; n == 0 || (words >= GROUPED && n < words / each); n = next_size(n)) {
            double cost =
                classes_cost(asked, (double)words, (double)each, (double)n, (double)width);
            if (cost < best.cost)
                best = (struct priced){cost, each, n};
        }
    best.cost += projection + CLUSTER;
    return best;
}

static struct priced *priced_at(const struct search *search, size_t from, size_t to)
{
    return &search->priced[to * search->points + from];
}

static void price_all(struct search *search, size_t width)
{
    search->priced_width = width;
    for (size_t to = 0; to < search->points; to++)
        for (size_t from = 0; from < to; from++)
            *priced_at(search, from, to) = price(search, width, from, to);
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
    bool narrower = k == 1 || search->priced_width < adaptive_width(search->width, k - 2);
    struct way best = {INFINITY, 0};
    for (size_t from = 0; from < to; from++) {
        size_t words = search->point[to] - search->point[from];
        const struct priced *priced = priced_at(search, from, to);
        if (narrower && words < RATIO * search->point[from])
            break;
        double cost = search->way[k - 1][from].cost + priced->cost;
        if (cost < best.cost && (narrower || priced->class_words > 0))
            best = (struct way){cost, from};
    }
    return best;
}

static void find_ways(struct search *search)
{
    for (size_t to = 0; to < search->points; to++)
        search->way[0][to].cost =
            rows_cost(PLACES, (double)search->point[to], (double)search->width);
    for (size_t k = 1; k <= SHAPE_MOST_CLUSTERS; k++) {
        size_t width = adaptive_width(search->width, k - 1);
        if (width != search->priced_width)
            price_all(search, width);
        for (size_t to = 0; to < search->points; to++)
            search->way[k][to] = find_way(search, k, to);
    }
}

// The clusters of the best way to the last point.
static void take_best(const struct search *search, struct network_shape *shape)
{
    size_t to = search->points - 1, best = 0;
    for (size_t k = 1; k <= SHAPE_MOST_CLUSTERS; k++)
        if (search->way[k][to].cost < search->way[best][to].cost)
            best = k;
    shape->clusters = best;
    for (size_t k = best; k > 0; k--) {
        size_t from = search->way[k][to].from;
        struct priced priced = price(search, adaptive_width(search->width, k - 1), from, to);
        shape->cluster[k - 1] =
            (struct cluster_shape){search->point[from], priced.class_words, priced.group_classes};
        to = from;
    }
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
    search->priced = memory_new(search->points * search->points, sizeof *search->priced, error);
    bool ok = search->priced != NULL;
    if (ok) {
        find_ways(search);
        take_best(search, shape);
    }
    free(search->priced);
    free(search);
    return ok;
}
