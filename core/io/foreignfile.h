// Files that people have in place of a tensor file: recognised by their first bytes and named, never opened further.
#pragma once

#include "core/base/result.h"

#include <cstddef>
#include <filesystem>
#include <optional>
#include <span>
#include <string_view>

namespace fettle::io {

enum class ForeignKind { Pickle, ZippedPickle, LfsPointer, WebPage, Empty, Gguf, Safetensors };

[[nodiscard]] std::optional<ForeignKind> foreignKind(std::span<const std::byte> firstBytes);
// True for names that hold pickles by custom: .bin, .pt, .pth, .ckpt, .pkl.
[[nodiscard]] bool hasPickleName(const std::filesystem::path &path);

// The error for a file that was expected to be expected ("a safetensors file") but is one of the above; nothing when it is none of them.
// A file of the other tensor format is reported only when it is not the expected one.
[[nodiscard]] std::optional<Error> foreignFileError(const std::filesystem::path &path, std::span<const std::byte> bytes,
                                                    ForeignKind expected);
// The same where text is expected: a Git LFS pointer, and, unless it may be HTML, a web page.
enum class TextKind { Any, Json };
[[nodiscard]] std::optional<Error> foreignTextError(const std::filesystem::path &path, std::string_view text, TextKind expected);
// The error for weights that exist as a pickle only.
[[nodiscard]] Error pickleError(const std::filesystem::path &path);

} // namespace fettle::io
