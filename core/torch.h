// The one door to LibTorch. Only .cpp files and internal headers of core/model and above include it; nothing in app/ or ui/ may.
// Units that need a few operators only include <ATen/core/Tensor.h> and <ATen/ops/...> instead: they compile ten times faster.
#pragma once

// Not <torch/torch.h>: its modules, optimisers and data loaders double the time every unit takes.
#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/types.h>
#include <torch/version.h>
