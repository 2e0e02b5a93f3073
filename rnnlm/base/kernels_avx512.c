// Kernels for AVX-512: 32 registers of 16 floats.
#if defined(__x86_64__)

#define KERNELS_NAME "avx512"
#define KERNELS_SET kernels_avx512
#define KERNELS_AVX512
enum { LANES = 16, CHUNK = 13, GROUP = 3, TILE_HEIGHT = 12, TILE_WIDTH = 2 };
#include "base/kernels_vector.h"

#endif
