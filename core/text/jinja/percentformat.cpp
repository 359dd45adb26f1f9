// "%5.2f" % x.
#include "core/text/jinja/formatspec.h"

#include "core/base/utf8.h"
#include "core/base/words.h"
#include "core/text/jinja/pystring.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

namespace fettle::text::jinja {
namespace {

class Percent {
public:
    Percent(Engine &engine, const Value &arguments)
        : m_engine(engine)
        , m_arguments(arguments)
    {
        if (arguments.is(Kind::Tuple))
            m_values = arguments.items();
        else
            m_values = {arguments};
    }

    std::string format(std::string_view text)
    {
        std::string out;
        for (std::size_t i = 0; i < text.size(); ++i) {
            if (text[i] != '%') {
                out += text[i];
                continue;
            }
            out += conversion(text, ++i);
            m_engine.charge(static_cast<std::int64_t>(out.size()));
        }
        const bool mayBeLeft =
            m_arguments.is(Kind::Dict) || m_arguments.is(Kind::List) || m_arguments.is(Kind::Range) || m_arguments.is(Kind::Undefined);
        if (m_next < m_values.size() && !mayBeLeft && !m_usedNames)
            stop(tr("not all arguments converted during string formatting"));
        return out;
    }

private:
    Value next()
    {
        if (m_next >= m_values.size())
            stop(tr("not enough arguments for format string"));
        return m_values[m_next++];
    }

    // At the character behind %; leaves at the last one of the conversion.
    std::string conversion(std::string_view text, std::size_t &i)
    {
        const auto at = [&](std::size_t k) { return k < text.size() ? text[k] : '\0'; };
        Value value;
        bool hasValue = false;
        if (at(i) == '(') {
            const std::size_t end = text.find(')', i);
            if (end == std::string_view::npos)
                stop(tr("incomplete format key"));
            if (!m_arguments.is(Kind::Dict))
                stop(tr("format requires a mapping"));
            const Value *found = m_arguments.dict().find(text.substr(i + 1, end - i - 1));
            if (!found)
                stop(tr("the format's key '{}' is missing", text.substr(i + 1, end - i - 1)));
            value = *found;
            hasValue = m_usedNames = true;
            i = end + 1;
        }
        FormatSpec spec;
        bool left = false;
        bool zero = false;
        for (;; ++i) {
            if (at(i) == '-')
                left = true;
            else if (at(i) == '0')
                zero = true;
            else if (at(i) == '+' || (at(i) == ' ' && spec.sign != '+'))
                spec.sign = at(i);
            else if (at(i) == '#')
                spec.alternate = true;
            else if (at(i) != ' ')
                break;
        }
        spec.width = number(text, i);
        if (spec.width < 0) {
            left = true;
            spec.width = -spec.width;
        }
        if (at(i) == '.') {
            ++i;
            spec.precision = static_cast<int>(std::max<std::int64_t>(number(text, i), 0));
        }
        while (at(i) == 'l' || at(i) == 'h' || at(i) == 'L')
            ++i;
        spec.type = at(i);
        if (!spec.type)
            stop(tr("incomplete format"));
        if (spec.type == '%')
            return "%";
        if (!hasValue)
            value = next();
        m_engine.charge(spec.width);
        spec.align = left ? '<' : zero ? '=' : '>';
        spec.fill.assign(1, zero && !left ? '0' : ' ');
        return converted(value, spec);
    }

    std::int64_t number(std::string_view text, std::size_t &i)
    {
        if (i < text.size() && text[i] == '*') {
            ++i;
            const Value value = next();
            if (!value.isInteger())
                stop(tr("* wants int"));
            if (std::abs(value.integer()) > kWidest)
                badFormat("the width is too large");
            return value.integer();
        }
        std::int64_t value = 0;
        for (; i < text.size() && text[i] >= '0' && text[i] <= '9'; ++i)
            if ((value = value * 10 + (text[i] - '0')) > kWidest)
                badFormat("the width is too large");
        return value;
    }

    std::string converted(const Value &value, const FormatSpec &spec)
    {
        switch (spec.type) {
        case 's':
        case 'r':
        case 'a': {
            std::string text = spec.type == 's' ? toText(value) : toRepr(value);
            if (spec.precision >= 0)
                text = sliced(text, 0, std::min<std::int64_t>(spec.precision, codePointCount(text)));
            return padded(text, spec.width, spec.align == '<' ? Align::Left : Align::Right);
        }
        case 'c': {
            std::string c;
            if (value.isInteger() && value.integer() >= 0 && value.integer() <= 0x10FFFF)
                appendUtf8(c, static_cast<char32_t>(value.integer()));
            else if (value.is(Kind::String) && codePointCount(value.text()) == 1)
                c = value.text();
            else
                stop(tr("%c requires int or char"));
            return padded(c, spec.width, spec.align == '<' ? Align::Left : Align::Right);
        }
        case 'd':
        case 'i':
        case 'u':
        case 'x':
        case 'X':
        case 'o': return integerConverted(value, spec);
        case 'e':
        case 'E':
        case 'f':
        case 'F':
        case 'g':
        case 'G': {
            if (!value.isNumber())
                stop(tr("must be real number, not {}", typeName(value)));
            const double number = value.number();
            return numberPadded(signOf(std::signbit(number) && !std::isnan(number), spec.sign),
                                floatDigits(std::fabs(number), spec.type, spec.precision, spec.alternate), spec);
        }
        default: stop(tr("unsupported format character '{}'", spec.type));
        }
    }

    static std::string integerConverted(const Value &value, const FormatSpec &spec)
    {
        const bool decimal = spec.type == 'd' || spec.type == 'i' || spec.type == 'u';
        if (!value.isInteger() && !(decimal && value.is(Kind::Float) && std::fabs(value.number()) < 9e18))
            stop(tr("%{} format: a number is required, not {}", spec.type, typeName(value)));
        const std::int64_t number = value.isInteger() ? value.integer() : static_cast<std::int64_t>(value.number());
        std::string digits = integerDigits(number, spec.type, false);
        if (spec.precision > 0 && digits.size() < static_cast<std::size_t>(spec.precision))
            digits.insert(0, static_cast<std::size_t>(spec.precision) - digits.size(), '0');
        std::string sign = signOf(number < 0, spec.sign);
        if (spec.alternate && !decimal)
            sign += integerDigits(0, spec.type, true).substr(0, 2);
        return numberPadded(sign, digits, spec);
    }

    Engine &m_engine;
    const Value &m_arguments;
    Values m_values;
    std::size_t m_next = 0;
    bool m_usedNames = false;
};

} // namespace

std::string percentFormat(Engine &engine, std::string_view format, const Value &arguments)
{
    return Percent(engine, arguments).format(format);
}

} // namespace fettle::text::jinja
