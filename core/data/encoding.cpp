// Recognising encodings and converting with ICU.
#include "core/data/encoding.h"

#include "core/base/utf8.h"
#include "core/base/words.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <fmt/format.h>
#include <memory>
#include <uchardet/uchardet.h>
#include <unicode/ucnv.h>

namespace fettle::data {

namespace {

unsigned char byteAt(std::string_view bytes, std::size_t i)
{
    return static_cast<unsigned char>(bytes[i]);
}

enum class ByteOrder { Little, Big };

// Own and not ICU's: a lone half of a pair becomes its three-byte form, which is ill-formed and rejects its row later.
std::string fromUtf16(std::string_view bytes, ByteOrder order)
{
    const auto unit = [&](std::size_t i) {
        const char32_t first = byteAt(bytes, i);
        const char32_t second = byteAt(bytes, i + 1);
        return order == ByteOrder::Little ? first | second << 8 : first << 8 | second;
    };
    std::string text;
    text.reserve(bytes.size());
    std::size_t i = 0;
    for (; i + 1 < bytes.size(); i += 2) {
        char32_t c = unit(i);
        if (c >= 0xd800 && c < 0xdc00 && i + 3 < bytes.size() && unit(i + 2) >= 0xdc00 && unit(i + 2) < 0xe000) {
            c = 0x10000 + ((c - 0xd800) << 10) + (unit(i + 2) - 0xdc00);
            i += 2;
        }
        if (c >= 0xd800 && c < 0xe000) {
            text += static_cast<char>(0xe0 | c >> 12);
            text += static_cast<char>(0x80 | (c >> 6 & 0x3f));
            text += static_cast<char>(0x80 | (c & 0x3f));
        } else {
            appendUtf8(text, c);
        }
    }
    if (i < bytes.size())
        text += '\xff'; // half a unit
    return text;
}

// UTF-16 without a mark: text of mostly Latin letters has a zero in every second byte.
std::string_view utf16WithoutMark(std::string_view bytes)
{
    const std::size_t length = std::min<std::size_t>(bytes.size() & ~std::size_t{1}, 4096);
    if (length < 4)
        return {};
    std::size_t even = 0, odd = 0;
    for (std::size_t i = 0; i < length; i += 2) {
        even += bytes[i] == '\0';
        odd += bytes[i + 1] == '\0';
    }
    const std::size_t units = length / 2;
    if (odd * 10 >= units * 7 && even * 10 < units)
        return "UTF-16LE";
    if (even * 10 >= units * 7 && odd * 10 < units)
        return "UTF-16BE";
    return {};
}

struct HighBytes {
    std::size_t characters = 0; // well-formed ones of several bytes
    std::size_t illFormed = 0;
};

constexpr std::size_t kPart = 32u << 20;

HighBytes countUtf8(std::string_view bytes, const std::function<void()> &afterPart)
{
    HighBytes counts;
    std::size_t told = 0;
    for (std::size_t i = 0; i < bytes.size();) {
        const std::string_view part = bytes.substr(i, kPart);
        const std::size_t good = validUtf8Prefix(part);
        for (std::size_t k = i; k < i + good; ++k)
            counts.characters += byteAt(bytes, k) >= 0xc2;
        i += good;
        // A character that only the part cuts through is read with the next part.
        const bool isCut = part.size() == kPart && good < part.size() && part.size() - good == unfinishedUtf8Tail(part);
        if (good < part.size() && !isCut) {
            ++counts.illFormed;
            ++i;
        }
        if (afterPart && i - told >= kPart / 2) {
            told = i;
            afterPart();
        }
    }
    return counts;
}

// Whether the high bytes look like the letters and signs of a Western text in Windows-1252.
struct WesternLook {
    bool isPlausible = true;
    bool hasLongRuns = false; // as in Cyrillic, Greek or East Asian text
};

WesternLook lookWestern(std::string_view bytes)
{
    const auto isAsciiLetter = [&](std::size_t i) { return i < bytes.size() && std::isalpha(byteAt(bytes, i)) != 0; };
    const auto isDigit = [&](std::size_t i) { return i < bytes.size() && std::isdigit(byteAt(bytes, i)) != 0; };
    const auto isHigh = [&](std::size_t i) { return i < bytes.size() && byteAt(bytes, i) >= 0xc0; };
    std::size_t high = 0, pairs = 0;
    WesternLook look;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        const unsigned char b = byteAt(bytes, i);
        if (b < 0x80)
            continue;
        ++high;
        pairs += i > 0 && byteAt(bytes, i - 1) >= 0x80;
        const bool isNearLetter = isAsciiLetter(i + 1) || (i > 0 && isAsciiLetter(i - 1)) || isHigh(i + 1) || (i > 0 && isHigh(i - 1));
        const bool isNearDigit = isDigit(i + 1) || (i > 0 && isDigit(i - 1)) || (i > 1 && bytes[i - 1] == ' ' && isDigit(i - 2))
            || (i + 2 < bytes.size() && bytes[i + 1] == ' ' && isDigit(i + 2));
        const bool isUndefined = b == 0x81 || b == 0x8d || b == 0x8f || b == 0x90 || b == 0x9d;
        const bool isLetter = b >= 0xc0 && b != 0xd7 && b != 0xf7;
        if (isUndefined || b == 0xff || b == 0xfe || (isLetter && !isNearLetter && b != 0xe0 && b != 0xc0) || (b == 0x80 && !isNearDigit))
            look.isPlausible = false;
    }
    look.hasLongRuns = pairs * 2 > high;
    return look;
}

std::string askUchardet(std::string_view bytes)
{
    const std::unique_ptr<uchardet, decltype(&uchardet_delete)> detector(uchardet_new(), uchardet_delete);
    if (detector == nullptr || uchardet_handle_data(detector.get(), bytes.data(), std::min<std::size_t>(bytes.size(), 1 << 20)) != 0)
        return {};
    uchardet_data_end(detector.get());
    return uchardet_get_charset(detector.get());
}

std::string recognise(std::string_view bytes, const std::function<void()> &afterPart = {})
{
    if (const auto utf16 = utf16WithoutMark(bytes); !utf16.empty())
        return std::string(utf16);
    const HighBytes counts = countUtf8(bytes, afterPart);
    // Some broken bytes in a UTF-8 file do not make it another encoding: their rows are rejected.
    if (counts.illFormed == 0 || counts.characters >= counts.illFormed)
        return "UTF-8";
    const WesternLook look = lookWestern(bytes);
    if (look.isPlausible && !look.hasLongRuns)
        return "windows-1252";
    if (look.hasLongRuns) {
        const std::string guess = askUchardet(bytes);
        if (!guess.empty() && guess != "ASCII" && guess != "UTF-8")
            return guess;
    }
    return "UTF-8";
}

// Converts with ICU; bytes that mean nothing become 0xFF, which is never part of UTF-8.
Result<std::string> convert(std::string_view bytes, const std::string &encoding, const std::string &name)
{
    UErrorCode status = U_ZERO_ERROR;
    const std::unique_ptr<UConverter, decltype(&ucnv_close)> from(ucnv_open(encoding.c_str(), &status), ucnv_close);
    if (U_FAILURE(status))
        return fail(ErrorCode::BadInput, tr("Cannot read {}: the encoding \"{}\" is not known.", name, encoding),
                    tr("Use a name such as UTF-8, UTF-16, windows-1252 or Shift_JIS."));
    ucnv_setToUCallBack(from.get(), UCNV_TO_U_CALLBACK_STOP, nullptr, nullptr, nullptr, &status);
    std::string text;
    text.reserve(bytes.size() + bytes.size() / 4);
    std::array<UChar, 4096> buffer;
    const char *source = bytes.data();
    const char *end = source + bytes.size();
    std::string units;
    do {
        UChar *target = buffer.data();
        status = U_ZERO_ERROR;
        ucnv_toUnicode(from.get(), &target, buffer.data() + buffer.size(), &source, end, nullptr, true, &status);
        // Pairs are never split over two calls: ICU keeps the second half for the next one only when the buffer is full.
        units.append(reinterpret_cast<const char *>(buffer.data()), static_cast<std::size_t>(target - buffer.data()) * sizeof(UChar));
        if (status != U_BUFFER_OVERFLOW_ERROR) {
            text += fromUtf16(units, ByteOrder::Little);
            units.clear();
            if (U_FAILURE(status)) {
                text += '\xff';
                ucnv_resetToUnicode(from.get());
            }
        }
    } while (source < end || status == U_BUFFER_OVERFLOW_ERROR);
    return text;
}

std::string lowerCase(std::string_view text)
{
    std::string lower(text);
    std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return lower;
}

} // namespace

bool isUtf8AsItStands(std::string_view bytes, const std::string &encoding, const std::function<void()> &afterPart)
{
    const std::string lower = lowerCase(encoding);
    if (lower == "utf-8" || lower == "utf8")
        return true;
    if (!encoding.empty() || bytes.starts_with("\xff\xfe") || bytes.starts_with("\xfe\xff"))
        return false;
    return bytes.starts_with("\xef\xbb\xbf") || recognise(bytes, afterPart) == "UTF-8";
}

Result<DecodedText> decodeText(std::string bytes, const std::string &encoding, const std::string &name)
{
    DecodedText decoded;
    std::string wanted = encoding;
    std::size_t mark = 0;
    if (bytes.starts_with("\xef\xbb\xbf")) {
        mark = 3;
        if (wanted.empty())
            wanted = "UTF-8";
    } else if (bytes.starts_with("\xff\xfe") || bytes.starts_with("\xfe\xff")) {
        mark = 2;
        if (wanted.empty() || lowerCase(wanted) == "utf-16" || lowerCase(wanted) == "utf16")
            wanted = bytes[0] == '\xff' ? "UTF-16LE" : "UTF-16BE";
    }
    if (wanted.empty()) {
        wanted = recognise(bytes);
        decoded.isGuessed = wanted != "UTF-8";
    }
    const std::string lower = lowerCase(wanted);
    const bool isUtf8 = lower == "utf-8" || lower == "utf8" || lower == "ascii" || lower == "us-ascii";
    const bool isLittle = lower == "utf-16le" || lower == "utf16le" || lower == "utf-16" || lower == "utf16";
    const bool isBig = lower == "utf-16be" || lower == "utf16be";
    // A mark of another encoding than the one asked for is not a mark but text.
    decoded.hasMark = (mark == 3 && isUtf8) || (mark == 2 && (isLittle || isBig));
    const std::string_view body = std::string_view(bytes).substr(decoded.hasMark ? mark : 0);
    if (isUtf8) {
        decoded.encoding = "UTF-8";
        if (decoded.hasMark)
            bytes.erase(0, mark);
        decoded.text = std::move(bytes);
    } else if (isLittle || isBig) {
        decoded.encoding = isBig ? "UTF-16BE" : "UTF-16LE";
        decoded.text = fromUtf16(body, isBig ? ByteOrder::Big : ByteOrder::Little);
    } else {
        auto text = convert(body, wanted, name);
        if (!text)
            return passError(text);
        decoded.encoding = lower == "windows-1252" || lower == "cp1252" ? "windows-1252" : wanted;
        decoded.text = std::move(*text);
    }
    return decoded;
}

} // namespace fettle::data
