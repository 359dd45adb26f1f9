// Which vector instruction sets the kernels are compiled for; include before Highway. At run time the best one of the processor is used.
// Left out: sets between SSE2 and AVX2, which no processor of the last ten years needs, and vectors of unknown length, which do not fit
// into arrays.
#pragma once

#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_SSE4 | HWY_AVX3_DL | HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128 | HWY_RVV)
