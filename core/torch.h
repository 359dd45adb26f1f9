// The one door to LibTorch. Only .cpp files and internal headers of core/model and above include it; nothing in app/ or ui/ may.
// Units that need a few operators only include <ATen/core/Tensor.h> and <ATen/ops/...> instead: they compile ten times faster.
#pragma once

#include <torch/torch.h>
