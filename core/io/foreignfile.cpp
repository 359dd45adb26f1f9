// Signatures: zip (PKWARE), pickle protocols 2 to 5 (PEP 307, 3154, 574), Git LFS pointers, HTML.
#include "core/io/foreignfile.h"
#include "core/base/words.h"

#include <algorithm>
#include <cctype>
#include <cstring>
#include <fmt/format.h>

namespace fettle::io {

namespace {

bool startsWithWord(std::string_view text, std::string_view lowerCaseWord)
{
    return text.size() >= lowerCaseWord.size() && std::equal(lowerCaseWord.begin(), lowerCaseWord.end(), text.begin(), [](char a, char b) {
               return a == std::tolower(static_cast<unsigned char>(b));
           });
}

} // namespace

std::optional<ForeignKind> foreignKind(std::span<const std::byte> bytes)
{
    const std::string_view text(reinterpret_cast<const char *>(bytes.data()), std::min<std::size_t>(bytes.size(), 512));
    if (text.empty())
        return ForeignKind::Empty;
    if (text.starts_with("GGUF"))
        return ForeignKind::Gguf;
    if (text.starts_with("version https://git-lfs"))
        return ForeignKind::LfsPointer;
    if (text.starts_with("PK\x03\x04"))
        return ForeignKind::ZippedPickle;
    // Protocol 2 to 5 starts with its number; old torch files with a pickled magic number (protocol 2 too).
    if (text.size() > 2 && text[0] == '\x80' && text[1] >= 2 && text[1] <= 5 && !(text.size() > 8 && text[8] == '{'))
        return ForeignKind::Pickle;
    std::string_view trimmed = text;
    while (!trimmed.empty() && std::isspace(static_cast<unsigned char>(trimmed.front())))
        trimmed.remove_prefix(1);
    if (startsWithWord(trimmed, "<!doctype html") || startsWithWord(trimmed, "<html"))
        return ForeignKind::WebPage;
    if (text.size() > 8 && text[8] == '{')
        return ForeignKind::Safetensors;
    return std::nullopt;
}

bool hasPickleName(const std::filesystem::path &path)
{
    const std::string extension = path.extension().string();
    return extension == ".bin" || extension == ".pt" || extension == ".pth" || extension == ".ckpt" || extension == ".pkl";
}

Error pickleError(const std::filesystem::path &path)
{
    return {ErrorCode::BadInput,
            tr("\"{}\" is a Python pickle. Pickles can run programs when they are opened, so Fettle does not read them.",
                        path.string()),
            "Take the same model as .safetensors or .gguf; most publishers offer one. In Python, save_pretrained of transformers writes "
            "safetensors."};
}

std::optional<Error> foreignFileError(const std::filesystem::path &path, std::span<const std::byte> bytes, ForeignKind expected)
{
    const auto kind = foreignKind(bytes);
    if (!kind || *kind == expected)
        return std::nullopt;
    const auto error = [&](std::string_view what, std::string_view hint) {
        return Error{ErrorCode::BadInput, fmt::format("\"{}\" {}.", path.string(), what), std::string(hint)};
    };
    switch (*kind) {
    case ForeignKind::Pickle:
    case ForeignKind::ZippedPickle: return pickleError(path);
    case ForeignKind::LfsPointer:
        return error(tr("is a Git LFS pointer: a note of where the file is, not the file itself"),
                     tr("Run \"git lfs pull\" in the folder, or download the file itself."));
    case ForeignKind::WebPage: return error(tr("is a web page, not the file that it was saved for"), tr("Download the file itself, not the page that shows it."));
    case ForeignKind::Empty: return error(tr("is empty"), tr("Fetch the file again."));
    case ForeignKind::Gguf: return error(tr("is a GGUF file under another name"), tr("Rename it so that it ends in .gguf."));
    case ForeignKind::Safetensors: return error(tr("is a safetensors file under another name"), tr("Rename it so that it ends in .safetensors."));
    }
    return std::nullopt;
}

std::optional<Error> foreignTextError(const std::filesystem::path &path, std::string_view text, TextKind expected)
{
    const auto bytes = std::as_bytes(std::span(text));
    const auto kind = foreignKind(bytes);
    if (kind != ForeignKind::LfsPointer && !(kind == ForeignKind::WebPage && expected == TextKind::Json))
        return std::nullopt;
    return foreignFileError(path, bytes, ForeignKind::Safetensors);
}

} // namespace fettle::io
