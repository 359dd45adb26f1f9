// The steps from token texts to text, each able to wait for what comes next.
#include "core/text/decoder.h"

#include "core/base/utf8.h"
#include "core/text/bytealphabet.h"
#include "core/text/jsonaccess.h"
#include "core/text/unicode.h"

#include <algorithm>

namespace fettle::text {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

int hexDigit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

// The byte of a token <0xXX>, -1 for others.
int fallbackByte(std::string_view token)
{
    if (token.size() != 6 || !token.starts_with("<0x") || token[5] != '>')
        return -1;
    const int high = hexDigit(token[3]);
    const int low = hexDigit(token[4]);
    return high < 0 || low < 0 ? -1 : high * 16 + low;
}

bool countsAsOneCharacter(std::string_view text)
{
    return !text.empty() && decodeUnchecked(text.data()).length == text.size();
}

std::string replaced(std::string_view text, const DecodeReplace &step)
{
    std::string out;
    std::size_t from = 0;
    const auto put = [&](std::size_t begin, std::size_t end) {
        out.append(text.substr(from, begin - from));
        out.append(step.content);
        from = end;
    };
    if (const auto *plain = std::get_if<std::string>(&step.pattern)) {
        if (!plain->empty())
            for (std::size_t at = text.find(*plain); at != std::string_view::npos; at = text.find(*plain, from))
                put(at, at + plain->size());
    } else if (const auto matches = std::get<Regex>(step.pattern).findAll(text)) {
        for (const RegexMatch &match : *matches)
            put(match.begin, match.end);
    }
    out.append(text.substr(from));
    return out;
}

Result<> addSteps(const nlohmann::json &json, Decoder &decoder, int depth)
{
    const std::string type = textOf(json, "type");
    if (type == "Sequence" && depth < 8) {
        for (const nlohmann::json &inner : listOf(json, "decoders"))
            if (auto added = addSteps(inner, decoder, depth + 1); !added)
                return added;
        return {};
    }
    if (type == "ByteLevel") {
        decoder.steps.push_back(DecodeBytes{});
    } else if (type == "Metaspace") {
        const std::string scheme = textOf(json, "prepend_scheme");
        const bool never = scheme == "never" || (scheme.empty() && !flagOf(json, "add_prefix_space", true));
        decoder.steps.push_back(DecodeMetaspace{textOf(json, "replacement"), !never});
    } else if (type == "Replace") {
        auto pattern = patternOf(json);
        if (!pattern)
            return passError(pattern);
        decoder.steps.push_back(DecodeReplace{std::move(*pattern), textOf(json, "content")});
    } else if (type == "ByteFallback") {
        decoder.steps.push_back(DecodeByteFallback{});
    } else if (type == "Fuse") {
        decoder.steps.push_back(DecodeFuse{});
    } else if (type == "Strip") {
        const auto count = [&](const char *field) {
            const nlohmann::json &value = fieldOf(json, field);
            return value.is_number_unsigned() ? static_cast<int>(std::min<std::uint64_t>(value.get<std::uint64_t>(), 1000)) : 0;
        };
        decoder.steps.push_back(DecodeStrip{textOf(json, "content"), count("start"), count("stop")});
    } else {
        return unsupported("decoder", type);
    }
    return {};
}

} // namespace

Result<Decoder> readDecoder(const nlohmann::json &json)
{
    Decoder decoder;
    if (json.is_null()) {
        decoder.joinsWithSpaces = true;
        return decoder;
    }
    if (auto added = addSteps(json, decoder, 0); !added)
        return passError(added);
    return decoder;
}

DecodeState::DecodeState(const Decoder &decoder)
    : m_decoder(decoder)
    , m_states(decoder.steps.size())
{
}

std::string DecodeState::push(std::string_view tokenText)
{
    m_out.clear();
    if (m_decoder.joinsWithSpaces) {
        if (!m_isFirst)
            m_out += ' ';
        m_out.append(tokenText);
    } else {
        feed(0, tokenText, true);
    }
    m_isFirst = false;
    return std::move(m_out);
}

std::string DecodeState::finish()
{
    m_out.clear();
    for (std::size_t step = 0; step < m_states.size(); ++step) {
        finishStep(step);
        m_states[step] = {};
    }
    m_isFirst = true;
    return std::move(m_out);
}

// True when the step gets one long token in parts, because a step before it joins all tokens.
bool DecodeState::isFusedBefore(std::size_t step) const
{
    for (std::size_t i = 0; i < step; ++i)
        if (std::holds_alternative<DecodeFuse>(m_decoder.steps[i]) || std::holds_alternative<DecodeBytes>(m_decoder.steps[i]))
            return true;
    return false;
}

void DecodeState::feed(std::size_t step, std::string_view text, bool newToken)
{
    if (step == m_states.size()) {
        m_out.append(text);
        return;
    }
    StepState &state = m_states[step];
    const DecoderStep &kind = m_decoder.steps[step];
    if (std::holds_alternative<DecodeFuse>(kind)) {
        feed(step + 1, text, !state.begun);
        state.begun = true;
    } else if (std::holds_alternative<DecodeBytes>(kind)) {
        feedBytes(step, text, false);
    } else if (const auto *metaspace = std::get_if<DecodeMetaspace>(&kind)) {
        if (newToken && state.begun)
            state.inFirst = false;
        state.begun = true;
        feed(step + 1, replaced(text, {metaspace->replacement, state.inFirst && metaspace->dropsFirst ? "" : " "}), newToken);
    } else if (const auto *replace = std::get_if<DecodeReplace>(&kind)) {
        // Within one fused text a match may lie across its parts: wait for all of it, unless a single character is replaced.
        const auto *plain = std::get_if<std::string>(&replace->pattern);
        if (isFusedBefore(step) && !(plain && countsAsOneCharacter(*plain)))
            state.held.append(text);
        else
            feed(step + 1, replaced(text, *replace), newToken);
    } else if (std::holds_alternative<DecodeByteFallback>(kind)) {
        feedByteFallback(step, text, newToken);
    } else {
        feedStrip(step, std::get<DecodeStrip>(kind), text, newToken);
    }
}

void DecodeState::feedBytes(std::size_t step, std::string_view text, bool isLast)
{
    StepState &state = m_states[step];
    if (const auto bytes = bytesOf(text))
        state.held.append(*bytes);
    else
        state.held.append(text);
    const std::size_t unfinished = isLast ? 0 : unfinishedUtf8Tail(state.held);
    const std::string ready = replaceInvalidUtf8(std::string_view(state.held).substr(0, state.held.size() - unfinished));
    state.held.erase(0, state.held.size() - unfinished);
    const bool isNew = !state.begun;
    state.begun = true;
    if (!ready.empty() || isNew)
        feed(step + 1, ready, isNew);
}

void DecodeState::feedByteFallback(std::size_t step, std::string_view text, bool newToken)
{
    const int byte = newToken ? fallbackByte(text) : -1;
    if (byte >= 0) {
        m_states[step].held += static_cast<char>(byte);
        return;
    }
    flushByteRun(step);
    feed(step + 1, text, newToken);
}

void DecodeState::flushByteRun(std::size_t step)
{
    std::string run = std::move(m_states[step].held);
    m_states[step].held.clear();
    if (run.empty())
        return;
    if (isValidUtf8(run)) {
        feed(step + 1, run, true);
        return;
    }
    for (std::size_t i = 0; i < run.size(); ++i)
        feed(step + 1, kReplacement, true);
}

// held: the characters at the end of the token that are stripped if it ends here.
void DecodeState::feedStrip(std::size_t step, const DecodeStrip &strip, std::string_view text, bool newToken)
{
    StepState &state = m_states[step];
    if (newToken) {
        state.held.clear();
        state.startLeft = strip.start;
    }
    std::string out;
    for (std::size_t i = 0; i < text.size();) {
        const std::string_view c = text.substr(i, decodeUnchecked(text.data() + i).length);
        i += c.size();
        const bool isContent = c == strip.content;
        if (isContent && state.startLeft > 0) {
            --state.startLeft;
            continue;
        }
        state.startLeft = 0;
        if (!isContent || strip.stop == 0) {
            (out += state.held) += c;
            state.held.clear();
            continue;
        }
        state.held += c;
        if (state.held.size() > c.size() * static_cast<std::size_t>(strip.stop)) {
            out += c;
            state.held.erase(0, c.size());
        }
    }
    feed(step + 1, out, newToken);
}

void DecodeState::finishStep(std::size_t step)
{
    const DecoderStep &kind = m_decoder.steps[step];
    if (std::holds_alternative<DecodeBytes>(kind))
        feedBytes(step, {}, true);
    else if (std::holds_alternative<DecodeByteFallback>(kind))
        flushByteRun(step);
    else if (const auto *replace = std::get_if<DecodeReplace>(&kind); replace && !m_states[step].held.empty())
        feed(step + 1, replaced(m_states[step].held, *replace), true);
}

} // namespace fettle::text
