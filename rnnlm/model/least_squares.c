// Linear least squares.
#include "model/least_squares.h"

#include <stdlib.h>

#include "base/memory.h"

enum { MOST_STEPS = 200 };
static const double LEFT = 1e-8; // of the square of the gradient, where it ends

struct system {
    const float *x;
    size_t n, width;
    double ridge;
    double *u, *rest, *way, *image; // [width] the solution, b - A u, where to go, A way
};

static double dot(const double *a, const double *b, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += a[i] * b[i];
    return sum;
}

// image = A way, with A = 1/n sum of x[r] x[r]' + ridge
static void multiply(const struct system *system)
{
    for (size_t i = 0; i < system->width; i++)
        system->image[i] = system->ridge * system->way[i];
    for (size_t r = 0; r < system->n; r++) {
        const float *x = system->x + r * system->width;
        double product = 0;
        for (size_t i = 0; i < system->width; i++)
            product += (double)x[i] * system->way[i];
        for (size_t i = 0; i < system->width; i++)
            system->image[i] += product / (double)system->n * (double)x[i];
    }
}

// rest = b = 1/n sum of y[r] x[r], from u = 0
static void begin(struct system *system, const double *y, double ridge)
{
    double square = 0;
    for (size_t i = 0; i < system->n * system->width; i++) {
        double x = (double)system->x[i] / (double)system->n;
        system->rest[i % system->width] += x * y[i / system->width];
        square += x * (double)system->x[i];
    }
    system->ridge = ridge * square / (double)system->width;
    for (size_t i = 0; i < system->width; i++)
        system->way[i] = system->rest[i];
}

static void solve(struct system *system)
{
    double left = dot(system->rest, system->rest, system->width), first = left;
    for (int step = 0; step < MOST_STEPS && left > LEFT * first; step++) {
        multiply(system);
        double length = left / dot(system->way, system->image, system->width), before = left;
        for (size_t i = 0; i < system->width; i++) {
            system->u[i] += length * system->way[i];
            system->rest[i] -= length * system->image[i];
        }
        left = dot(system->rest, system->rest, system->width);
        for (size_t i = 0; i < system->width; i++)
            system->way[i] = system->rest[i] + left / before * system->way[i];
    }
}

bool least_squares(const float *x, size_t n, size_t width, const double *y, double ridge, float *u,
                   struct error *error)
{
    double *room = memory_new(4 * width, sizeof *room, error);
    if (room == NULL)
        return false;
    struct system system = {.x = x,
                            .n = n,
                            .width = width,
                            .u = room,
                            .rest = room + width,
                            .way = room + 2 * width,
                            .image = room + 3 * width};
    begin(&system, y, ridge);
    solve(&system);
    for (size_t i = 0; i < width; i++)
        u[i] = (float)system.u[i];
    free(room);
    return true;
}
