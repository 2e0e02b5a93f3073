// Kernels for AVX2 with FMA: 16 registers of 8 floats.
#if defined(__x86_64__)

#define KERNELS_NAME "avx2"
#define KERNELS_SET kernels_avx2
enum { LANES = 8, CHUNK = 6, GROUP = 1, TILE_HEIGHT = 6, TILE_WIDTH = 2 };
#include "base/kernels_vector.h"

#endif
