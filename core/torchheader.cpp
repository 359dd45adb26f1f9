// Carries the precompiled LibTorch header; nothing else.
#include "core/torch.h"
