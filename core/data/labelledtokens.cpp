// Render, tokenise, mask: what the model reads and what it learns, for the trainer and for everybody who shows it.
#include "core/data/labelledtokens.h"

#include "core/base/utf8.h"
#include "core/base/words.h"
#include "core/data/messages.h"
#include "core/data/renderedfields.h"
#include "core/text/chattemplate.h"
#include "core/text/tokenizer.h"

#include <algorithm>
#include <fmt/format.h>

namespace fettle::data {

namespace {

// Renders beginnings of one conversation.
class Renderer {
public:
    Renderer(const Messages &messages, const text::Tokenizer &tokenizer, const text::ChatTemplate &chatTemplate)
        : m_messages(messages), m_template(chatTemplate), m_context(text::renderContextFor(tokenizer))
    {
        m_context.tools = messages.tools;
        // One conversation is rendered several times; a template that writes the date must not see midnight in between.
        if (!m_context.now) {
            const std::time_t now = std::time(nullptr);
            std::tm local{};
            ::localtime_r(&now, &local);
            m_context.now = local;
        }
    }

    Result<text::RenderedText> render(std::size_t messageCount, bool addGenerationPrompt)
    {
        nlohmann::ordered_json list = nlohmann::ordered_json::array();
        for (std::size_t i = 0; i < messageCount; ++i)
            list.push_back(m_messages.list[i]);
        m_context.addGenerationPrompt = addGenerationPrompt;
        return m_template.render(list, m_context);
    }

    const text::RenderContext &context(bool addGenerationPrompt)
    {
        m_context.addGenerationPrompt = addGenerationPrompt;
        return m_context;
    }

private:
    const Messages &m_messages;
    const text::ChatTemplate &m_template;
    text::RenderContext m_context;
};

// Bytes that two texts have in common at the beginning, without splitting a character.
std::size_t commonPrefix(std::string_view a, std::string_view b)
{
    const auto length = static_cast<std::size_t>(std::mismatch(a.begin(), a.begin() + static_cast<std::ptrdiff_t>(std::min(a.size(), b.size())), b.begin()).first
                                                 - a.begin());
    return firstBytesAtBorder(a, length).size();
}

struct ByteSpan { std::size_t begin = 0, end = 0; };

void warn(LabelledTokens &labelled, const char *code, std::string text)
{
    for (const auto &warning : labelled.warnings) {
        if (warning.code == code)
            return;
    }
    labelled.warnings.push_back({code, std::move(text)});
}

// What the template writes after the generation prompt of assistant message `place`, as bytes of the whole text.
Result<ByteSpan> answerSpan(Renderer &renderer, LabelledTokens &labelled, std::size_t place, std::size_t messageCount)
{
    const auto prompt = renderer.render(place, true);
    if (!prompt)
        return passError(prompt);
    ByteSpan span{commonPrefix(prompt->text, labelled.text), labelled.text.size()};
    bool isPrefix = span.begin == prompt->text.size();
    if (place + 1 < messageCount) {
        const auto upToHere = renderer.render(place + 1, false);
        if (!upToHere)
            return passError(upToHere);
        span.end = commonPrefix(upToHere->text, labelled.text);
        isPrefix = isPrefix && span.end == upToHere->text.size();
    }
    if (!isPrefix)
        warn(labelled, "prefixMismatch",
             tr("The template writes the question differently when the answer follows. Learnt is what comes after the part that both have in common."));
    return span;
}

Result<std::vector<ByteSpan>> trainedSpans(Renderer &renderer, const Messages &messages, std::size_t messageCount, const text::ChatTemplate &chatTemplate,
                                           const std::vector<TextSpan> &generated, const RenderOptions &options, LabelledTokens &labelled)
{
    if (options.trainOn == TrainOn::All)
        return std::vector<ByteSpan>{{0, labelled.text.size()}};
    std::vector<ByteSpan> spans;
    // A template does not know of weights; then the answers are found one by one.
    if (options.trainOn == TrainOn::Assistant && chatTemplate.hasGenerationBlocks() && messages.unlearnt.empty()) {
        const CodePointMap map(labelled.text);
        for (const TextSpan &span : generated)
            spans.push_back({map.toByte(span.begin), map.toByte(span.end)});
        return spans;
    }
    for (const std::size_t place : messages.assistants) {
        const bool isLearnt = std::find(messages.unlearnt.begin(), messages.unlearnt.end(), place) == messages.unlearnt.end();
        if (place >= messageCount || !isLearnt || (options.trainOn == TrainOn::Completion && place + 1 != messageCount))
            continue;
        const auto span = answerSpan(renderer, labelled, place, messageCount);
        if (!span)
            return passError(span);
        spans.push_back(*span);
    }
    return spans;
}

// A token that lies partly in a trained span is trained: its id depends on the answer.
void markTrained(LabelledTokens &labelled, const std::vector<ByteSpan> &spans, const CodePointMap &map)
{
    for (const ByteSpan &bytes : spans) {
        const TextSpan span{map.toCodePoint(bytes.begin), map.toCodePoint(bytes.end)};
        for (std::size_t i = 0; i < labelled.ids.size(); ++i) {
            if (labelled.offsets[i].end > span.begin && labelled.offsets[i].begin < span.end)
                labelled.trained[i] = 1;
        }
    }
}

void markSources(LabelledTokens &labelled, const std::vector<RenderedField> &fields, const CodePointMap &map)
{
    std::size_t first = 0;
    for (std::size_t i = 0; i < labelled.ids.size(); ++i) {
        const TextSpan token = labelled.offsets[i];
        while (first < fields.size() && map.toCodePoint(fields[first].end) <= token.begin)
            ++first;
        if (first == fields.size())
            return;
        const std::int64_t begin = map.toCodePoint(fields[first].begin);
        const TextSpan common{std::max(token.begin, begin), std::min(token.end, map.toCodePoint(fields[first].end))};
        if (common.begin >= common.end)
            continue;
        labelled.sources[i] = fields[first].source;
        labelled.fieldOffsets[i] = {common.begin - begin + fields[first].fieldBegin, common.end - begin + fields[first].fieldBegin};
    }
}

bool endsWithMark(const LabelledTokens &labelled, const text::Tokenizer &tokenizer)
{
    const CodePointMap map(labelled.text);
    for (std::size_t i = labelled.ids.size(); i-- > 0;) {
        if (labelled.trained[i] == 0)
            continue;
        if (labelled.special[i] != 0 || tokenizer.eosId() == labelled.ids[i])
            return true;
        const std::size_t begin = map.toByte(labelled.offsets[i].begin);
        const std::string_view token = std::string_view(labelled.text).substr(begin, map.toByte(labelled.offsets[i].end) - begin);
        if (token.find_first_not_of(" \t\r\n") != std::string_view::npos)
            return false;
    }
    return false;
}

void addWarnings(LabelledTokens &labelled, const text::Tokenizer &tokenizer, const RenderOptions &options)
{
    if (labelled.ids.size() > 1 && tokenizer.bosId() && labelled.ids[0] == *tokenizer.bosId() && labelled.ids[1] == *tokenizer.bosId())
        warn(labelled, "doubledBos", tr("The text begins with two start tokens. The template writes one already."));
    for (std::size_t i = 0; i < labelled.ids.size(); ++i) {
        if (labelled.special[i] != 0 && labelled.sources[i] != TokenSource::Template) {
            warn(labelled, "specialTokenInText",
                 tr("The record's own text spells the special token {}; the model will read it as a command.", tokenizer.tokenText(labelled.ids[i])));
            break;
        }
    }
    if (options.addGenerationPrompt)
        return;
    const bool isTrained = std::find(labelled.trained.begin(), labelled.trained.end(), 1) != labelled.trained.end();
    if (isTrained && !endsWithMark(labelled, tokenizer))
        warn(labelled, kMissingEndWarning, tr("No end mark is learnt after the answer: the model will not learn to stop."));
    if (labelled.trainedTokens == 0)
        warn(labelled, "allCut",
             isTrained ? tr("Nothing is left to learn: the answer begins after token {}.", labelled.kept) : tr("Nothing is left to learn in this record."));
}

} // namespace

Result<LabelledTokens> labelTokens(const Record &record, const text::Tokenizer &tokenizer, const text::ChatTemplate &chatTemplate,
                                   const RenderOptions &options)
{
    const auto messages = messagesOf(record, options);
    if (!messages)
        return passError(messages);
    std::size_t messageCount = messages->list.size();
    if (options.addGenerationPrompt) {
        if (!messages->assistants.empty() && messages->assistants.back() + 1 == messageCount)
            --messageCount;
    } else if (options.trainOn != TrainOn::All) {
        if (messages->assistants.empty())
            return fail(ErrorCode::BadInput, tr("Record {} has no answer to learn: it holds no assistant turn.", record.id.value),
                        tr("Add an answer, or reject the record."));
        messageCount = messages->assistants.back() + 1; // what follows the last answer could only be read, never learnt
    }
    Renderer renderer(*messages, tokenizer, chatTemplate);
    auto rendered = renderer.render(messageCount, options.addGenerationPrompt);
    if (!rendered)
        return passError(rendered);
    LabelledTokens labelled;
    labelled.text = std::move(rendered->text);
    auto encoding = tokenizer.encode(labelled.text, {.parseSpecial = true, .addSpecialTokens = false});
    if (!encoding)
        return passError(encoding);
    labelled.ids = std::move(encoding->ids);
    labelled.offsets = std::move(encoding->offsets);
    const std::size_t count = labelled.ids.size();
    labelled.trained.assign(count, 0);
    labelled.special.assign(count, 0);
    labelled.sources.assign(count, TokenSource::Template);
    labelled.fieldOffsets.assign(count, {});
    for (std::size_t i = 0; i < count; ++i)
        labelled.special[i] = tokenizer.isSpecial(labelled.ids[i]) ? 1 : 0;
    const CodePointMap map(labelled.text);
    if (!options.addGenerationPrompt) {
        const auto spans = trainedSpans(renderer, *messages, messageCount, chatTemplate, rendered->generated, options, labelled);
        if (!spans)
            return passError(spans);
        markTrained(labelled, *spans, map);
    }
    markSources(labelled, findFields(labelled.text, *messages, messageCount, chatTemplate, renderer.context(options.addGenerationPrompt), options), map);
    const auto all = static_cast<std::int64_t>(count);
    labelled.kept = options.maxLength > 0 ? std::min(all, options.maxLength) : all;
    labelled.trainedTokens = std::count(labelled.trained.begin(), labelled.trained.begin() + static_cast<std::ptrdiff_t>(labelled.kept), 1);
    addWarnings(labelled, tokenizer, options);
    return labelled;
}

} // namespace fettle::data
