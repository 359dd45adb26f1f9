// Writing safetensors that takes long enough to be cancelled. The plain form: safetensors.h.
#pragma once

#include "core/io/safetensors.h"

#include <stop_token>

namespace fettle::io {

// As writeSafetensors; asked to stop it ends within some megabytes, with Cancelled, and leaves nothing.
[[nodiscard]] Result<> writeSafetensors(const std::filesystem::path &file, const std::vector<TensorToWrite> &tensors,
                                        const std::map<std::string, std::string> &metadata, const std::stop_token &stop);

} // namespace fettle::io
