// Plain text. With marks at the beginnings of lines ("Q:", "Answer:", "User:") every question with its answer is a row; without, every line is
// an instruction that waits for its answer.
#include "core/base/words.h"
#include "core/data/conversation.h"
#include "core/data/rowcollector.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>

namespace fettle::data {

namespace {

struct Mark {
    std::string_view field; // of the row: instruction, context, response, system
    std::size_t length = 0; // of the mark with the space behind it
};

struct Word { std::string_view word, field; };
constexpr std::array kWords = {
    Word{"q", "instruction"},      Word{"question", "instruction"}, Word{"user", "instruction"},  Word{"human", "instruction"}, Word{"prompt", "instruction"},
    Word{"instruction", "instruction"}, Word{"a", "response"},      Word{"answer", "response"},   Word{"assistant", "response"}, Word{"response", "response"},
    Word{"completion", "response"}, Word{"output", "response"},     Word{"context", "context"},   Word{"input", "context"},     Word{"system", "system"},
};

// "### Instruction:" and "Q: " alike. Nothing where the line begins with no mark.
Mark markOf(std::string_view line)
{
    std::size_t begin = 0;
    while (begin < line.size() && (line[begin] == '#' || line[begin] == ' '))
        ++begin;
    const std::size_t colon = line.find(':', begin);
    if (colon == std::string_view::npos || colon - begin > 12)
        return {};
    const std::string key = columnKey(line.substr(begin, colon - begin));
    for (const Word &known : kWords) {
        if (key != known.word)
            continue;
        std::size_t length = colon + 1;
        if (length < line.size() && line[length] == ' ')
            ++length;
        return {known.field, length};
    }
    return {};
}

// Goes through lines; ends of lines are no part of them.
class Lines {
public:
    explicit Lines(std::string_view text) : m_text(text) { }
    bool next(std::string_view &line)
    {
        if (m_next >= m_text.size())
            return false;
        m_begin = m_next;
        std::size_t end = std::min(m_text.find('\n', m_begin), m_text.size());
        m_next = end + 1;
        if (end > m_begin && m_text[end - 1] == '\r')
            --end;
        line = m_text.substr(m_begin, end - m_begin);
        return true;
    }
    [[nodiscard]] std::size_t begin() const { return m_begin; }

private:
    std::string_view m_text;
    std::size_t m_begin = 0, m_next = 0;
};

JsonValue textValue(std::string text, std::size_t begin, std::size_t end)
{
    JsonValue value;
    value.kind = JsonValue::Kind::String;
    value.text = std::move(text);
    value.begin = begin;
    value.end = end;
    return value;
}

// One question with what belongs to it.
struct Block {
    std::size_t begin = 0, end = 0;
    std::vector<std::pair<std::string_view, std::pair<std::size_t, std::size_t>>> parts; // field, bytes of the file
    [[nodiscard]] bool has(std::string_view field) const
    {
        return std::any_of(parts.begin(), parts.end(), [&](const auto &part) { return part.first == field; });
    }
};

Result<> addBlock(const ImportJob &job, const Block &block, RowCollector &collector)
{
    JsonValue row;
    row.kind = JsonValue::Kind::Object;
    for (const std::string_view field : {"instruction", "context", "response", "system"})
        row.members.emplace_back(std::string(field), textValue({}, block.begin, block.end));
    for (const auto &[field, bytes] : block.parts) {
        // Line ends before the next mark part the blocks; they are no text.
        std::string_view text = job.text.substr(bytes.first, bytes.second - bytes.first);
        while (!text.empty() && (text.back() == '\n' || text.back() == '\r'))
            text.remove_suffix(1);
        for (auto &[name, value] : row.members) {
            if (name == field)
                value.text = text;
        }
    }
    if (!block.has("instruction")) {
        collector.rejectRow(block.begin, block.end, "instruction", tr("an answer stands here without a question before it"));
        return {};
    }
    return collector.addRow(row, block.begin, block.end);
}

Result<> readDialogues(const ImportJob &job, RowCollector &collector)
{
    if (auto done = collector.setColumns({"instruction", "context", "response", "system"}); !done)
        return done;
    Lines lines(job.text);
    std::string_view line;
    std::optional<Block> block;
    const auto close = [&](std::size_t place) -> Result<> {
        if (!block)
            return {};
        if (!block->parts.empty())
            block->parts.back().second.second = place;
        block->end = place;
        const auto done = addBlock(job, *block, collector);
        block.reset();
        return done;
    };
    while (!collector.isFull() && lines.next(line)) {
        const Mark mark = markOf(line);
        const bool isNew = !mark.field.empty() && (!block || block->has(mark.field) || (mark.field != "response" && block->has("response")));
        if (isNew) {
            if (auto done = close(lines.begin()); !done)
                return done;
            if (auto done = collector.pulse(lines.begin()); !done)
                return done;
            block = Block{lines.begin(), lines.begin(), {}};
        }
        if (!mark.field.empty()) {
            if (!block->parts.empty())
                block->parts.back().second.second = lines.begin();
            block->parts.emplace_back(mark.field, std::pair(lines.begin() + mark.length, lines.begin() + line.size()));
        } else if (!block && line.find_first_not_of(" \t") != std::string_view::npos) {
            collector.rejectRow(lines.begin(), lines.begin() + line.size(), {}, tr("this line stands before the first question"));
        }
    }
    return collector.isFull() ? Result<>() : close(job.text.size());
}

} // namespace

bool hasDialogueMarks(std::string_view text)
{
    Lines lines(text.substr(0, 64 * 1024));
    std::string_view line;
    bool hasQuestion = false;
    while (lines.next(line)) {
        const Mark mark = markOf(line);
        if (mark.field == "response" && hasQuestion)
            return true;
        hasQuestion = hasQuestion || mark.field == "instruction";
    }
    return false;
}

Result<> readPlainText(const ImportJob &job, RowCollector &collector)
{
    if (hasDialogueMarks(job.text))
        return readDialogues(job, collector);
    if (auto done = collector.setColumns({"instruction"}); !done)
        return done;
    collector.note("plainText", tr("The file is plain text: every line became an instruction that waits for its answer."));
    Lines lines(job.text);
    std::string_view line;
    while (!collector.isFull() && lines.next(line)) {
        if (line.find_first_not_of(" \t") == std::string_view::npos)
            continue;
        JsonValue row;
        row.kind = JsonValue::Kind::Object;
        row.members.emplace_back("instruction", textValue(std::string(line), lines.begin(), lines.begin() + line.size()));
        if (auto done = collector.addRow(row, lines.begin(), lines.begin() + line.size()); !done)
            return done;
        if (auto done = collector.pulse(lines.begin()); !done)
            return done;
    }
    return {};
}

} // namespace fettle::data
