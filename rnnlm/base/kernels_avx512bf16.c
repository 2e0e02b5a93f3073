// Kernels for AVX-512 with products of bfloat16.
#if defined(__x86_64__)

#define KERNELS_NAME "avx512bf16"
#define KERNELS_SET kernels_avx512bf16
#define KERNELS_AVX512
#define KERNELS_AVX512BF16
enum { LANES = 16, CHUNK = 13, GROUP = 3, TILE_HEIGHT = 12, TILE_WIDTH = 2 };
#include "base/kernels_vector.h"

#endif
