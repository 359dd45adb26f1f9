// Bytes of a file to UTF-8. What is no text in the encoding stays visible as ill-formed UTF-8, so that the row in which it stands can be
// rejected; nothing is replaced in silence.
#pragma once

#include "core/base/result.h"

#include <functional>
#include <string>
#include <string_view>

namespace fettle::data {

struct DecodedText {
    std::string text;        // UTF-8, ill-formed where the file's bytes mean nothing
    std::string encoding;    // "UTF-8", "UTF-16LE", "windows-1252", ...
    bool hasMark = false;    // a byte order mark was there (and is not part of text)
    bool isGuessed = false;  // recognised by the look of the bytes
};

// Whether the bytes can be read where they lie: they are UTF-8 (or are said to be), and no other encoding is asked for or recognised.
// A mark at the beginning stays to be skipped. afterPart is called now and then while a long text is looked through.
[[nodiscard]] bool isUtf8AsItStands(std::string_view bytes, const std::string &encoding, const std::function<void()> &afterPart = {});

// encoding: an ICU/IANA name, or "" to recognise it: marks, then UTF-16 by its zero bytes, then UTF-8, then single-byte and East Asian
// encodings. name stands for the file in messages. Errors: BadInput (unknown encoding), OutOfMemory.
[[nodiscard]] Result<DecodedText> decodeText(std::string bytes, const std::string &encoding, const std::string &name);

} // namespace fettle::data
