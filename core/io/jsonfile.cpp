// Builds the document from nlohmann's events, so that depth and repeated keys are watched while reading, not after.
#include "core/io/jsonfile.h"

#include "core/base/words.h"
#include "core/io/foreignfile.h"
#include "core/io/mappedfile.h"

#include <cmath>
#include <cstddef>
#include <fmt/format.h>
#include <iterator>
#include <new>
#include <optional>
#include <vector>

namespace fettle::io {

namespace {

// Walks over the text and leaves its position where errors can see it.
struct WatchedIterator {
    using iterator_category = std::input_iterator_tag;
    using value_type = char;
    using difference_type = std::ptrdiff_t;
    using pointer = const char *;
    using reference = const char &;

    const char *at = nullptr;
    const char **seen = nullptr;

    reference operator*() const { return *at; }
    WatchedIterator &operator++()
    {
        ++at;
        *seen = at;
        return *this;
    }
    WatchedIterator operator++(int)
    {
        const WatchedIterator before = *this;
        ++*this;
        return before;
    }
    friend bool operator==(const WatchedIterator &a, const WatchedIterator &b) { return a.at == b.at; }
    friend bool operator!=(const WatchedIterator &a, const WatchedIterator &b) { return a.at != b.at; }
};

std::string placeOf(std::string_view text, std::size_t position)
{
    position = std::min(position, text.size());
    std::size_t line = 1, column = 1;
    for (std::size_t i = 0; i + 1 < position; ++i) {
        ++column;
        if (text[i] == '\n') {
            ++line;
            column = 1;
        }
    }
    return tr("line {}, column {}", line, column);
}

// The part of the library's message that a person can use: "unexpected '}'; expected string literal".
std::string causeOf(const std::string &what)
{
    const std::size_t begin = what.find(" - ");
    if (begin == std::string::npos) {
        const std::size_t close = what.find("] ");
        return close == std::string::npos ? what : what.substr(close + 2);
    }
    std::string cause = what.substr(begin + 3);
    if (const std::size_t lastRead = cause.find("; last read: "); lastRead != std::string::npos) {
        const std::size_t expected = cause.find("; expected", lastRead + 1);
        cause.erase(lastRead, expected == std::string::npos ? std::string::npos : expected - lastRead);
    }
    return cause;
}

template <class Json> class Builder {
public:
    Builder(const JsonLimits &limits, std::string_view text, const char *const *seen)
        : m_limits(limits)
        , m_text(text)
        , m_seen(seen)
    {
    }

    bool null() { return put(nullptr); }
    bool boolean(bool value) { return put(value); }
    bool number_integer(std::int64_t value) { return put(value); }
    bool number_unsigned(std::uint64_t value) { return put(value); }
    bool number_float(double value, const std::string &) { return put(value); }
    bool string(std::string &value) { return put(std::move(value)); }
    bool binary(typename Json::binary_t &) { return false; }
    bool start_object(std::size_t) { return open(Json::object()); }
    bool start_array(std::size_t) { return open(Json::array()); }
    bool end_object() { return close(); }
    bool end_array() { return close(); }
    bool key(std::string &name)
    {
        Json &object = *m_open.back();
        if (m_limits.repeatedKeys == RepeatedKeys::Refuse && object.contains(name))
            return refuse(tr("the key \"{}\" occurs twice in one object", name.substr(0, 80)));
        m_slot = &object[std::move(name)];
        return true;
    }
    bool parse_error(std::size_t position, const std::string &, const nlohmann::detail::exception &exception)
    {
        m_problem = fmt::format("{}: {}", placeOf(m_text, position), causeOf(exception.what()));
        return false;
    }

    Json root;
    [[nodiscard]] const std::string &problem() const { return m_problem; }

private:
    template <class Value> bool put(Value &&value)
    {
        place(Json(std::forward<Value>(value)));
        return true;
    }
    Json *place(Json value)
    {
        if (m_open.empty()) {
            root = std::move(value);
            return &root;
        }
        if (m_open.back()->is_array()) {
            m_open.back()->push_back(std::move(value));
            return &m_open.back()->back();
        }
        *m_slot = std::move(value);
        return m_slot;
    }
    bool open(Json container)
    {
        if (static_cast<int>(m_open.size()) >= m_limits.maxDepth)
            return refuse(tr("nested deeper than {} levels", m_limits.maxDepth));
        m_open.push_back(place(std::move(container)));
        return true;
    }
    bool close()
    {
        m_open.pop_back();
        return true;
    }
    bool refuse(const std::string &cause)
    {
        m_problem = fmt::format("{}: {}", placeOf(m_text, static_cast<std::size_t>(*m_seen - m_text.data())), cause);
        return false;
    }

    const JsonLimits &m_limits;
    std::string_view m_text;
    const char *const *m_seen;
    // An address in here stays right: a container is only added to while it is the innermost, and then nothing points into it.
    std::vector<Json *> m_open;
    Json *m_slot = nullptr;
    std::string m_problem;
};

template <class Json> Result<Json> parse(std::string_view text, std::string_view source, const JsonLimits &limits)
{
    if (static_cast<std::int64_t>(text.size()) > limits.maxBytes) {
        return fail(ErrorCode::BadInput,
                    tr("{} is too large: {} bytes of JSON, at most {} are read.", source, text.size(), limits.maxBytes),
                    tr("Check that this is the file you meant."));
    }
    if (text.starts_with("\xEF\xBB\xBF"))
        text.remove_prefix(3);
    if (text.find_first_not_of(" \t\r\n") == std::string_view::npos)
        return fail(ErrorCode::BadInput, tr("{} is empty; JSON was expected.", source), tr("Fetch or write the file again."));
    // The library takes a null character for the end and would not see what follows.
    if (const std::size_t null = text.find('\0'); null != std::string_view::npos) {
        return fail(ErrorCode::BadInput, tr("{}, {}: a null character stands in the text.", source, placeOf(text, null + 1)),
                    tr("Correct the file at this place, or fetch it again."));
    }
    const char *seen = text.data();
    Builder<Json> builder(limits, text, &seen);
    bool isWhole = false;
    try {
        isWhole = Json::sax_parse(WatchedIterator{text.data(), &seen}, WatchedIterator{text.data() + text.size(), &seen}, &builder);
    } catch (const std::bad_alloc &) {
        return fail(ErrorCode::OutOfMemory, tr("There is not enough memory to read {}.", source),
                    tr("Close other programs and try again."));
    }
    if (!isWhole) {
        return fail(ErrorCode::BadInput, fmt::format("{}, {}.", source, builder.problem().empty() ? "unreadable" : builder.problem()),
                    tr("Correct the file at this place, or fetch it again."));
    }
    return std::move(builder.root);
}

template <class Json> Result<Json> readFile(const std::filesystem::path &path, const JsonLimits &limits)
{
    auto file = MappedFile::open(path);
    if (!file)
        return passError(file);
    if (auto foreign = foreignTextError(path, (*file)->text(), TextKind::Json))
        return tl::unexpected(*std::move(foreign));
    return parse<Json>((*file)->text(), path.string(), limits);
}

template <class T> constexpr std::string_view kindName()
{
    if constexpr (std::is_same_v<T, bool>)
        return "true or false";
    else if constexpr (std::is_same_v<T, std::int64_t>)
        return "a whole number";
    else if constexpr (std::is_same_v<T, double>)
        return "a number";
    else
        return "text";
}

template <class T> std::optional<T> valueAs(const nlohmann::json &value)
{
    if constexpr (std::is_same_v<T, bool>) {
        if (value.is_boolean())
            return value.get<bool>();
    } else if constexpr (std::is_same_v<T, std::int64_t>) {
        if (value.is_number_unsigned() && value.get<std::uint64_t>() > static_cast<std::uint64_t>(INT64_MAX))
            return std::nullopt;
        if (value.is_number_integer())
            return value.get<std::int64_t>();
        // Python writes whole numbers as 1.0 or 1e6 at times.
        if (value.is_number_float() && std::abs(value.get<double>()) < 0x1p53 && std::trunc(value.get<double>()) == value.get<double>())
            return static_cast<std::int64_t>(value.get<double>());
    } else if constexpr (std::is_same_v<T, double>) {
        if (value.is_number())
            return value.get<double>();
    } else {
        if (value.is_string())
            return value.get<std::string>();
    }
    return std::nullopt;
}

template <class T> Result<T> wrongKind(const nlohmann::json &value, std::string_view field, std::string_view source)
{
    std::string shown = value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    if (shown.size() > 60)
        shown = shown.substr(0, 57) + "...";
    return fail(ErrorCode::BadInput, tr("{}, field \"{}\": {} is not {}.", source, field, shown, kindName<T>()),
                tr("Correct this field, or fetch the file again."));
}

} // namespace

Result<nlohmann::json> parseJson(std::string_view text, std::string_view source, const JsonLimits &limits)
{
    return parse<nlohmann::json>(text, source, limits);
}

Result<nlohmann::ordered_json> parseOrderedJson(std::string_view text, std::string_view source, const JsonLimits &limits)
{
    return parse<nlohmann::ordered_json>(text, source, limits);
}

Result<nlohmann::json> readJsonFile(const std::filesystem::path &path, const JsonLimits &limits)
{
    return readFile<nlohmann::json>(path, limits);
}

Result<nlohmann::ordered_json> readOrderedJsonFile(const std::filesystem::path &path, const JsonLimits &limits)
{
    return readFile<nlohmann::ordered_json>(path, limits);
}

Result<std::string> readTextFile(const std::filesystem::path &path, std::int64_t maxBytes)
{
    auto file = MappedFile::open(path);
    if (!file)
        return passError(file);
    const std::string_view text = (*file)->text();
    if (static_cast<std::int64_t>(text.size()) > maxBytes) {
        return fail(ErrorCode::BadInput,
                    tr("\"{}\" is too large: {} bytes, at most {} are read.", path.string(), text.size(), maxBytes),
                    tr("Check that this is the file you meant."));
    }
    if (auto foreign = foreignTextError(path, text, TextKind::Any))
        return tl::unexpected(*std::move(foreign));
    return std::string(text);
}

template <class T> Result<T> jsonField(const nlohmann::json &object, std::string_view field, std::string_view source)
{
    const auto found = object.is_object() ? object.find(field) : object.end();
    if (found == object.end()) {
        return fail(ErrorCode::BadInput, tr("{}: the field \"{}\" is missing.", source, field),
                    tr("Check that the file is complete, or fetch it again."));
    }
    if (auto value = valueAs<T>(*found))
        return *std::move(value);
    return wrongKind<T>(*found, field, source);
}

template <class T> Result<T> jsonField(const nlohmann::json &object, std::string_view field, std::string_view source, T fallback)
{
    const auto found = object.is_object() ? object.find(field) : object.end();
    if (found == object.end() || found->is_null())
        return fallback;
    if (auto value = valueAs<T>(*found))
        return *std::move(value);
    return wrongKind<T>(*found, field, source);
}

#define FETTLE_FIELD(TYPE)                                                                                                                 \
    template Result<TYPE> jsonField<TYPE>(const nlohmann::json &, std::string_view, std::string_view);                                     \
    template Result<TYPE> jsonField<TYPE>(const nlohmann::json &, std::string_view, std::string_view, TYPE);
FETTLE_FIELD(bool)
FETTLE_FIELD(std::int64_t)
FETTLE_FIELD(double)
FETTLE_FIELD(std::string)
#undef FETTLE_FIELD

} // namespace fettle::io
