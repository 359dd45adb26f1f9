// Layers whose inside is thrown away and computed again on the way back (Chen et al. 2016): of a pass with gradients, what goes into each layer is
// kept and nothing else. Dropout draws the same masks again, so that the gradients are those of the whole pass.
#pragma once

#include "core/torch.h"

#include <cstdint>
#include <functional>

namespace fettle::model {

enum class Kept : std::uint8_t { Everything, LayerInputs }; // of a pass, for the way back

// layer(h). Whatever it captures by reference must live until the way back is over.
[[nodiscard]] at::Tensor computedAgain(const at::Tensor &h, std::function<at::Tensor(const at::Tensor &)> layer);

} // namespace fettle::model
