// "{} {name[0]:>5}".format(...).
#include "core/base/words.h"
#include "core/text/jinja/formatspec.h"

#include <algorithm>
#include <fmt/format.h>

namespace fettle::text::jinja {
namespace {

class Braces {
public:
    Braces(Engine &engine, const Arguments &arguments)
        : m_engine(engine)
        , m_arguments(arguments)
    {
    }

    std::string format(std::string_view text, int depth)
    {
        if (depth > 2)
            badFormat("fields are nested too deeply");
        std::string out;
        for (std::size_t i = 0; i < text.size(); ++i) {
            const char c = text[i];
            if ((c == '{' || c == '}') && i + 1 < text.size() && text[i + 1] == c) {
                out += c;
                ++i;
            } else if (c == '{') {
                const std::size_t end = closing(text, i);
                out += field(text.substr(i + 1, end - i - 1), depth);
                m_engine.charge(static_cast<std::int64_t>(out.size()));
                i = end;
            } else if (c == '}') {
                badFormat("Single '}' encountered in format string");
            } else {
                out += c;
            }
        }
        return out;
    }

private:
    static std::size_t closing(std::string_view text, std::size_t open)
    {
        int depth = 0;
        bool inIndex = false;
        for (std::size_t i = open; i < text.size(); ++i) {
            if (text[i] == '[')
                inIndex = true;
            else if (text[i] == ']')
                inIndex = false;
            else if (text[i] == '{' && !inIndex)
                ++depth;
            else if (text[i] == '}' && !inIndex && --depth == 0)
                return i;
        }
        badFormat("expected '}' before end of string");
    }

    // name[!conversion][:specification]
    std::string field(std::string_view text, int depth)
    {
        std::size_t end = 0;
        for (bool inIndex = false; end < text.size() && (inIndex || (text[end] != '!' && text[end] != ':')); ++end)
            inIndex = text[end] == '[' || (inIndex && text[end] != ']');
        Value value = lookUp(text.substr(0, end));
        if (end < text.size() && text[end] == '!') {
            const char conversion = end + 1 < text.size() ? text[end + 1] : '\0';
            if (conversion == 'r' || conversion == 'a')
                value = toRepr(value);
            else if (conversion == 's')
                value = toText(value);
            else
                badFormat("unknown conversion behind '!'");
            end += 2;
        }
        const std::string spec = end < text.size() && text[end] == ':' ? format(text.substr(end + 1), depth + 1) : std::string();
        return formatValue(m_engine, value, spec);
    }

    Value lookUp(std::string_view path)
    {
        const std::size_t first = std::min(path.find_first_of(".["), path.size());
        Value value = root(path.substr(0, first));
        for (std::size_t at = first; at < path.size();) {
            if (path[at] == '.') {
                const std::size_t end = std::min(path.find_first_of(".[", at + 1), path.size());
                value = m_engine.attribute(value, path.substr(at + 1, end - at - 1));
                at = end;
            } else {
                const std::size_t end = path.find(']', at);
                if (path[at] != '[' || end == std::string_view::npos)
                    badFormat("Missing ']' in format string");
                const std::string key(path.substr(at + 1, end - at - 1));
                value = m_engine.item(value, isIndex(key) ? Value(static_cast<std::int64_t>(std::stoll(key))) : Value(key));
                at = end + 1;
            }
        }
        return value;
    }

    static bool isIndex(std::string_view text)
    {
        return !text.empty() && text.size() < 16 && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
    }

    Value root(std::string_view name)
    {
        if (name.empty() || isIndex(name)) {
            const std::size_t index = name.empty() ? m_next++ : static_cast<std::size_t>(std::stoll(std::string(name)));
            if (index >= m_arguments.positional.size())
                stop(tr("Replacement index {} out of range for positional args tuple", index));
            return m_arguments.positional[index];
        }
        const Value *value = m_arguments.find(SIZE_MAX, name);
        if (!value)
            stop(tr("format() has no argument '{}'", name));
        return *value;
    }

    Engine &m_engine;
    const Arguments &m_arguments;
    std::size_t m_next = 0;
};

} // namespace

std::string braceFormat(Engine &engine, std::string_view format, const Arguments &arguments)
{
    return Braces(engine, arguments).format(format, 0);
}

} // namespace fettle::text::jinja
