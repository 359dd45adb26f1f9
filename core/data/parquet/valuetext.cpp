#include "core/data/parquet/valuetext.h"

#include "core/base/words.h"
#include "core/data/jsonreader.h"

#include <bit>
#include <chrono>
#include <cmath>
#include <fmt/format.h>

namespace fettle::data::parquet {

namespace {

using Wide = __int128;

constexpr std::int64_t kUnixJulianDay = 2'440'588;
constexpr std::int64_t kSecondsInDay = 86'400;

std::uint64_t littleEndian(std::string_view bytes)
{
    return bitsAt(bytes, 0, static_cast<int>(8 * bytes.size()));
}

std::string dateText(std::int64_t days)
{
    constexpr std::int64_t kMost = 2'932'896; // 9999-12-31
    if (days < -719'162 || days > kMost) // 0001-01-01
        return fmt::format("{}", days);
    const std::chrono::year_month_day date{std::chrono::sys_days{std::chrono::days{days}}};
    return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()), static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
}

// parts: of a day, in units.
std::string clockText(std::int64_t parts, std::int64_t perSecond)
{
    const std::int64_t seconds = parts / perSecond, rest = parts % perSecond;
    std::string text = fmt::format("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
    if (rest != 0) {
        std::string fraction = fmt::format("{}", perSecond + rest).substr(1); // with the zeros in front
        fraction.resize(fraction.find_last_not_of('0') + 1);
        text += '.' + fraction;
    }
    return text;
}

std::string momentText(std::int64_t value, std::int64_t perSecond, bool isUtc)
{
    const std::int64_t perDay = perSecond * kSecondsInDay;
    std::int64_t day = value / perDay, rest = value % perDay;
    if (rest < 0) {
        rest += perDay;
        --day;
    }
    return dateText(day) + 'T' + clockText(rest, perSecond) + (isUtc ? "Z" : "");
}

std::string decimalText(Wide value, std::int64_t scale)
{
    const bool isNegative = value < 0;
    auto rest = isNegative ? -static_cast<unsigned __int128>(value) : static_cast<unsigned __int128>(value);
    std::string digits;
    do {
        digits.insert(digits.begin(), static_cast<char>('0' + static_cast<int>(rest % 10)));
        rest /= 10;
    } while (rest != 0);
    if (scale > 0) {
        if (digits.size() <= static_cast<std::size_t>(scale))
            digits.insert(0, static_cast<std::size_t>(scale) + 1 - digits.size(), '0');
        digits.insert(digits.size() - static_cast<std::size_t>(scale), ".");
    }
    return (isNegative ? "-" : "") + digits;
}

Wide bigEndian(std::string_view bytes)
{
    unsigned __int128 value = !bytes.empty() && (static_cast<unsigned char>(bytes.front()) & 128) != 0 ? ~static_cast<unsigned __int128>(0) : 0;
    for (const char byte : bytes)
        value = value << 8 | static_cast<unsigned char>(byte);
    return static_cast<Wide>(value);
}

void appendReal(std::string &json, double value, const std::string &digits)
{
    json += std::isfinite(value) ? digits : '"' + digits + '"'; // JSON has no word for what is no number
}

double halfValue(std::uint64_t bits)
{
    const int exponent = static_cast<int>(bits >> 10 & 31);
    const double fraction = static_cast<double>(bits & 1023) / 1024;
    const double sign = (bits & 0x8000) != 0 ? -1 : 1;
    if (exponent == 31)
        return bits & 1023 ? std::nan("") : sign * HUGE_VAL;
    return sign * (exponent == 0 ? std::ldexp(fraction, -14) : std::ldexp(1 + fraction, exponent - 15));
}

std::string uuidText(std::string_view bytes)
{
    std::string text;
    for (std::size_t i = 0; i < bytes.size(); ++i)
        text += fmt::format("{}{:02x}", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", static_cast<unsigned char>(bytes[i]));
    return text;
}

void appendNumber(std::string &json, ColumnReader &column, const Node &node)
{
    const std::uint64_t bits = column.bits();
    const auto number = static_cast<std::int64_t>(bits);
    switch (column.leaf().type) {
    case Type::Boolean: json += bits != 0 ? "true" : "false"; return;
    case Type::Float: {
        const auto value = std::bit_cast<float>(static_cast<std::uint32_t>(bits));
        return appendReal(json, static_cast<double>(value), fmt::format("{}", value));
    }
    case Type::Double: {
        const auto value = std::bit_cast<double>(bits);
        return appendReal(json, value, fmt::format("{}", value));
    }
    default: break;
    }
    const bool isShort = column.leaf().type == Type::Int32;
    switch (node.meaning) {
    case Meaning::Decimal: json += decimalText(number, node.scale); return;
    case Meaning::Date: json += '"' + dateText(number) + '"'; return;
    case Meaning::Time:
        if (number < 0)
            column.damaged(tr("a time of day is below zero"));
        json += '"' + clockText(number, static_cast<std::int64_t>(node.unit)) + '"';
        return;
    case Meaning::Timestamp: json += '"' + momentText(number, static_cast<std::int64_t>(node.unit), node.isUtc) + '"'; return;
    case Meaning::Unsigned: json += isShort ? fmt::format("{}", static_cast<std::uint32_t>(bits)) : fmt::format("{}", bits); return;
    default: json += fmt::format("{}", number);
    }
}

void appendJson(std::string &json, ColumnReader &column)
{
    JsonReader reader(column.bytes());
    JsonValue value;
    if (reader.readValue(value) || reader.expectEnd())
        appendJsonText(json, column.bytes()); // whatever it is instead
    else
        json += column.bytes();
}

} // namespace

void appendJsonText(std::string &json, std::string_view text)
{
    json += '"';
    std::size_t begin = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto c = static_cast<unsigned char>(text[i]);
        if (c >= 0x20 && c != '"' && c != '\\')
            continue;
        json += text.substr(begin, i - begin);
        begin = i + 1;
        if (c == '"' || c == '\\')
            json += {'\\', text[i]};
        else
            json += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    }
    json += text.substr(begin);
    json += '"';
}

bool isReadable(const SchemaElement &element)
{
    switch (element.meaning) {
    case Meaning::Unreadable: return false;
    case Meaning::Decimal: return element.scale >= 0 && element.scale <= 38 && (element.type != Type::FixedBytes || element.length <= 16);
    case Meaning::Uuid: return element.type == Type::FixedBytes && element.length == 16;
    case Meaning::Half: return element.type == Type::FixedBytes && element.length == 2;
    default: return true;
    }
}

void appendValue(std::string &json, ColumnReader &column, const Node &node)
{
    const Type type = column.leaf().type;
    if (node.meaning == Meaning::Unreadable) {
        json += "null";
    } else if (type == Type::Int96) { // a moment of old Hive files: nanoseconds of the day, Julian day
        const auto nanos = static_cast<std::int64_t>(littleEndian(column.bytes().substr(0, 8)));
        const auto day = static_cast<std::int32_t>(littleEndian(column.bytes().substr(8, 4)));
        if (nanos < 0 || nanos >= kSecondsInDay * 1'000'000'000)
            column.damaged(tr("a moment is damaged"));
        json += fmt::format("\"{}T{}\"", dateText(day - kUnixJulianDay), clockText(nanos, 1'000'000'000));
    } else if (type != Type::ByteArray && type != Type::FixedBytes) {
        appendNumber(json, column, node);
    } else if (node.meaning == Meaning::Decimal) {
        if (column.bytes().size() > 16)
            column.damaged(tr("a number has more than 38 digits"));
        json += decimalText(bigEndian(column.bytes()), node.scale);
    } else if (node.meaning == Meaning::Uuid) {
        json += '"' + uuidText(column.bytes()) + '"';
    } else if (node.meaning == Meaning::Half) {
        const double value = halfValue(littleEndian(column.bytes()));
        appendReal(json, value, fmt::format("{}", value));
    } else if (node.meaning == Meaning::Json) {
        appendJson(json, column);
    } else {
        appendJsonText(json, column.bytes());
    }
}

} // namespace fettle::data::parquet
