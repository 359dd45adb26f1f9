// Marks, the words of the template between them, and the search that takes over where marks do not help.
#include "core/data/renderedfields.h"

#include "core/base/utf8.h"
#include "core/data/textchecks.h"

#include <charconv>
#include <fmt/format.h>
#include <optional>

namespace fettle::data {

namespace {

// Private-use characters, which no template writes of its own.
constexpr std::string_view kOpen = "\xee\x80\x80";
constexpr std::string_view kClose = "\xee\x80\x81";

struct Piece {
    std::string words;          // of the template, before the field
    std::size_t field = 0;      // index into the list of parts; none for the last piece
    bool hasField = false;
};

std::vector<MessagePart> allParts(const Messages &messages, std::size_t messageCount)
{
    std::vector<MessagePart> all;
    for (std::size_t i = 0; i < messageCount; ++i)
        all.insert(all.end(), messages.parts[i].begin(), messages.parts[i].end());
    return all;
}

std::vector<Piece> cutAtMarks(std::string_view text)
{
    std::vector<Piece> pieces(1);
    for (std::size_t i = 0; i < text.size();) {
        const std::size_t open = text.find(kOpen, i);
        const std::size_t close = open == std::string_view::npos ? open : text.find(kClose, open);
        if (close == std::string_view::npos) {
            pieces.back().words += text.substr(i);
            break;
        }
        pieces.back().words += text.substr(i, open - i);
        const std::string_view number = text.substr(open + kOpen.size(), close - open - kOpen.size());
        std::from_chars(number.data(), number.data() + number.size(), pieces.back().field);
        pieces.back().hasField = true;
        pieces.emplace_back();
        i = close + kClose.size();
    }
    return pieces;
}

std::size_t leadingSpace(std::string_view text)
{
    std::size_t i = 0;
    while (i < text.size()) {
        std::size_t next = i;
        (void)nextCodePoint(text, next);
        if (!isBlank(text.substr(i, next - i)))
            break;
        i = next;
    }
    return i;
}

std::size_t withoutTrailingSpace(std::string_view text)
{
    std::size_t end = 0;
    for (std::size_t i = 0; i < text.size();) {
        const std::size_t begin = i;
        (void)nextCodePoint(text, i);
        if (!isBlank(text.substr(begin, i - begin)))
            end = i;
    }
    return end;
}

// The forms in which a template may write a text, with the bytes that are cut from its beginning: as it is, trimmed, trimmed on one side.
std::vector<std::pair<std::string_view, std::size_t>> formsOf(std::string_view text)
{
    const std::size_t begin = leadingSpace(text);
    const std::size_t end = std::max(begin, withoutTrailingSpace(text));
    return {{text, 0}, {text.substr(begin, end - begin), begin}, {text.substr(begin), begin}, {text.substr(0, end), 0}};
}

std::optional<std::vector<RenderedField>> alongMarks(std::string_view rendered, const std::vector<Piece> &pieces, const std::vector<MessagePart> &parts)
{
    std::vector<RenderedField> fields;
    std::size_t position = 0;
    for (std::size_t i = 0; i < pieces.size(); ++i) {
        const Piece &piece = pieces[i];
        if (rendered.substr(position, piece.words.size()) != piece.words)
            return std::nullopt;
        position += piece.words.size();
        if (!piece.hasField)
            return position == rendered.size() ? std::optional(fields) : std::nullopt;
        if (piece.field >= parts.size() || i + 1 >= pieces.size())
            return std::nullopt;
        const std::string &following = pieces[i + 1].words;
        const bool isLast = !pieces[i + 1].hasField;
        bool isFound = false;
        for (const auto &[form, cut] : formsOf(parts[piece.field].text)) {
            const std::size_t end = position + form.size();
            if (rendered.substr(position, form.size()) != form || rendered.substr(std::min(end, rendered.size()), following.size()) != following
                || (isLast && end + following.size() != rendered.size()))
                continue;
            if (!form.empty())
                fields.push_back({parts[piece.field].source, position, end, codePointCount(parts[piece.field].text.substr(0, cut))});
            position = end;
            isFound = true;
            break;
        }
        if (!isFound)
            return std::nullopt;
    }
    return std::nullopt;
}

std::vector<RenderedField> bySearch(std::string_view rendered, const std::vector<MessagePart> &parts)
{
    std::vector<RenderedField> fields;
    std::size_t position = 0;
    for (const MessagePart &part : parts) {
        for (const auto &[form, cut] : formsOf(part.text)) {
            const std::size_t found = form.empty() ? std::string_view::npos : rendered.find(form, position);
            if (found == std::string_view::npos)
                continue;
            fields.push_back({part.source, found, found + form.size(), codePointCount(part.text.substr(0, cut))});
            position = found + form.size();
            break;
        }
    }
    return fields;
}

} // namespace

std::vector<RenderedField> findFields(std::string_view rendered, const Messages &messages, std::size_t messageCount, const text::ChatTemplate &chatTemplate,
                                      text::RenderContext context, const RenderOptions &options)
{
    const std::vector<MessagePart> parts = allParts(messages, messageCount);
    nlohmann::ordered_json marked = nlohmann::ordered_json::array();
    std::size_t number = 0;
    for (std::size_t i = 0; i < messageCount; ++i) {
        nlohmann::ordered_json message = messages.list[i];
        std::string content;
        for (std::size_t k = 0; k < messages.parts[i].size(); ++k)
            content += fmt::format("{}{}{}{}", k == 0 ? "" : options.contextJoin.separator, kOpen, number++, kClose);
        // An empty text stays empty: templates ask for that.
        if (!messages.parts[i].empty() && !(messages.parts[i].size() == 1 && messages.parts[i][0].text.empty()))
            message["content"] = std::move(content);
        marked.push_back(std::move(message));
    }
    const auto words = chatTemplate.render(marked, context);
    if (words) {
        if (auto fields = alongMarks(rendered, cutAtMarks(words->text), parts))
            return *fields;
    }
    return bySearch(rendered, parts);
}

} // namespace fettle::data
