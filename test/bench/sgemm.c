// The sgemm peak of this machine: best of several products of square matrices by OpenBLAS, in
// GFLOP/s of one thread. The measure that rates of training are held against.
#include <cblas.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { SIZE = 1024, ROUNDS = 15 };

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static float *matrix(void)
{
    float *a = aligned_alloc(64, (size_t)SIZE * SIZE * sizeof *a);
    if (a == NULL) {
        fprintf(stderr, "sgemm: not enough memory\n");
        exit(1);
    }
    for (size_t i = 0; i < (size_t)SIZE * SIZE; i++)
        a[i] = (float)(i % 101) / 100;
    return a;
}

int main(void)
{
    float *a = matrix(), *b = matrix(), *c = matrix();
    double best = 0;
    openblas_set_num_threads(1);
    for (int round = 0; round < ROUNDS; round++) {
        double begin = seconds();
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, SIZE, SIZE, SIZE, 1, a, SIZE, b,
                    SIZE, 0, c, SIZE);
        double rate = 2e-9 * SIZE * SIZE * SIZE / (seconds() - begin);
        best = rate > best ? rate : best;
    }
    printf("%.1f\n", best);
    free(a);
    free(b);
    free(c);
    return 0;
}
