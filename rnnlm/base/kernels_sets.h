// The sets of kernels for single instruction sets; see kernels.h for what they do.
#ifndef BASE_KERNELS_SETS_H
#define BASE_KERNELS_SETS_H

#include "base/kernels.h"

#if defined(__x86_64__)
extern const struct kernels kernels_avx2;
extern const struct kernels kernels_avx512;
extern const struct kernels kernels_avx512bf16; // the same with products of bfloat16
#endif

#endif
