// json.dumps of Python.
#include "core/text/jinja/engine.h"

#include "core/base/utf8.h"
#include "core/base/words.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

namespace fettle::text::jinja {
namespace {

class Writer {
public:
    Writer(Engine &engine, const JsonStyle &style)
        : m_engine(engine)
        , m_style(style)
    {
    }

    void write(const Value &value)
    {
        m_engine.step();
        switch (value.kind()) {
        case Kind::None: m_out += "null"; break;
        case Kind::Bool: m_out += value.integer() ? "true" : "false"; break;
        case Kind::Int: m_out += std::to_string(value.integer()); break;
        case Kind::Float: m_out += numberOf(value.number()); break;
        case Kind::String: writeText(value.text()); break;
        case Kind::List:
        case Kind::Tuple: writeList(value.items()); break;
        case Kind::Dict: writeDict(value.dict()); break;
        default: stop(tr("Object of type {} is not JSON serializable", typeName(value)));
        }
    }
    [[nodiscard]] std::string take() { return std::move(m_out); }

private:
    static std::string numberOf(double value)
    {
        if (std::isnan(value))
            return "NaN";
        if (std::isinf(value))
            return value < 0 ? "-Infinity" : "Infinity";
        return floatToText(value);
    }

    void writeText(std::string_view text)
    {
        m_engine.charge(static_cast<std::int64_t>(text.size()));
        m_out += '"';
        for (std::size_t at = 0; at < text.size();) {
            const std::size_t begin = at;
            const char32_t c = nextCodePoint(text, at);
            switch (c) {
            case '"': m_out += "\\\""; break;
            case '\\': m_out += "\\\\"; break;
            case '\n': m_out += "\\n"; break;
            case '\r': m_out += "\\r"; break;
            case '\t': m_out += "\\t"; break;
            case '\f': m_out += "\\f"; break;
            case '\b': m_out += "\\b"; break;
            default:
                if (c < 0x20 || (m_style.ensureAscii && c > 0x7E))
                    writeEscape(c);
                else
                    m_out += text.substr(begin, at - begin);
            }
        }
        m_out += '"';
    }

    void writeEscape(char32_t c)
    {
        if (c < 0x10000) {
            m_out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
            return;
        }
        const unsigned high = 0xD800 + ((static_cast<unsigned>(c) - 0x10000) >> 10);
        const unsigned low = 0xDC00 + ((static_cast<unsigned>(c) - 0x10000) & 0x3FF);
        m_out += fmt::format("\\u{:04x}\\u{:04x}", high, low);
    }

    void newLine()
    {
        if (!m_style.isIndented)
            return;
        m_engine.charge(static_cast<std::int64_t>(m_style.indent.size()) * m_depth);
        m_out += '\n';
        for (int i = 0; i < m_depth; ++i)
            m_out += m_style.indent;
        if (m_out.size() > (std::size_t{1} << 26))
            stop(tr("it makes a text that is too long"), Failure::Reason::Limit);
    }

    void writeList(const Values &items)
    {
        if (items.empty()) {
            m_out += "[]";
            return;
        }
        m_out += '[';
        ++m_depth;
        for (std::size_t i = 0; i < items.size(); ++i) {
            if (i > 0)
                m_out += m_style.itemSeparator;
            newLine();
            write(items[i]);
        }
        --m_depth;
        newLine();
        m_out += ']';
    }

    static std::string keyOf(const Value &key)
    {
        switch (key.kind()) {
        case Kind::String: return key.text();
        case Kind::Bool: return key.integer() ? "true" : "false";
        case Kind::None: return "null";
        case Kind::Int: return std::to_string(key.integer());
        case Kind::Float: return numberOf(key.number());
        default: stop(tr("keys must be str, int, float, bool or None, not {}", typeName(key)));
        }
    }

    void writeDict(const Dict &dict)
    {
        if (dict.items.empty()) {
            m_out += "{}";
            return;
        }
        std::vector<const std::pair<Value, Value> *> items;
        for (const auto &item : dict.items)
            items.push_back(&item);
        if (m_style.sortKeys)
            std::stable_sort(items.begin(), items.end(), [](const auto *a, const auto *b) { return compare(a->first, b->first) == -1; });
        m_out += '{';
        ++m_depth;
        for (std::size_t i = 0; i < items.size(); ++i) {
            if (i > 0)
                m_out += m_style.itemSeparator;
            newLine();
            writeText(keyOf(items[i]->first));
            m_out += m_style.keySeparator;
            write(items[i]->second);
        }
        --m_depth;
        newLine();
        m_out += '}';
    }

    Engine &m_engine;
    const JsonStyle &m_style;
    std::string m_out;
    int m_depth = 0;
};

} // namespace

std::string toJson(Engine &engine, const Value &value, const JsonStyle &style)
{
    Writer writer(engine, style);
    writer.write(value);
    std::string text = writer.take();
    engine.charge(static_cast<std::int64_t>(text.size()));
    return text;
}

} // namespace fettle::text::jinja
