// Counting, planning and wording.
#include "core/data/rowcollector.h"

#include "core/base/utf8.h"
#include "core/base/words.h"
#include "core/data/conversation.h"
#include "core/io/forgetpages.h"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace fettle::data {

namespace {

constexpr std::size_t kRawBytes = 4096;
// Beyond this many rejected rows their text is left out: a file of another format would otherwise be kept in memory whole.
constexpr std::size_t kRejectedWithText = 10'000;
constexpr std::int64_t kRowsBetweenPulses = 512;
// A dictionary that is taken for a row can have a million names; the report shows the first ones.
constexpr std::size_t kColumns = 1000;
constexpr std::size_t kSpeakers = 64; // a file that names its speakers has a handful

std::string oneLine(std::string_view text)
{
    std::string line = replaceInvalidUtf8(firstCodePoints(text, 120));
    std::replace_if(line.begin(), line.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; }, ' ');
    return line;
}

std::string wordsOf(const std::string &code)
{
    if (code == "emptyResponse")
        return tr("The response is empty.");
    if (code == "emptyInstruction")
        return tr("The instruction is empty.");
    if (code == "numberAsText")
        return tr("A number or true/false was taken over as text, digit by digit.");
    if (code == "unknownSplit")
        return tr("The split is none of train, held-out (validation) and test; the row was left unassigned.");
    if (code == "unknownRating")
        return tr("The rating is no whole number from 0 to 5; the row was left without one.");
    if (code == "unknownStatus")
        return tr("The status is none of new, edited, approved and rejected; the row is new.");
    if (code == "joinedContext")
        return tr("A context that also ends the first question was kept apart from it.");
    if (code == "joinedParts")
        return tr("A message came in several parts of text, which were joined.");
    if (code == "developerRole")
        return tr("A developer message was taken over as a system message.");
    if (code == "mixedShapes")
        return tr("The row has another shape than the first one and was read by its own.");
    if (code == "deletedMessage")
        return tr("A message that is marked as deleted was left out, with its replies.");
    if (code == "functionCall")
        return tr("A function call was taken over as the text of an assistant message.");
    if (code == "functions")
        return tr("Functions in the old form of OpenAI were taken over as tools.");
    if (code == "duplicateKey")
        return tr("A name stands twice in one row; the last value was taken.");
    return code;
}

std::string quotedList(const std::vector<std::string> &names)
{
    return fmt::format("\"{}\"", fmt::join(names, "\", \""));
}

std::vector<std::string> columnsOf(const JsonValue &row)
{
    std::vector<std::string> columns;
    std::set<std::string_view> known; // a row can have thousands of names
    for (const auto &[name, value] : row.members) {
        if (known.insert(name).second)
            columns.push_back(name);
    }
    return columns;
}

// The first names of a row that was refused; every such row keeps its reason in memory.
std::string someNames(const JsonValue &row)
{
    constexpr std::size_t kShown = 12;
    std::vector<std::string> names = columnsOf(row);
    const std::size_t rest = names.size() > kShown ? names.size() - kShown : 0;
    names.resize(names.size() - rest);
    for (std::string &name : names)
        name = firstCodePoints(name, 40);
    return fmt::format("{}{}", fmt::join(names, ", "), rest > 0 ? tr(" and {} more", rest) : "");
}

} // namespace

std::int64_t LineCounter::lineAt(std::size_t offset)
{
    offset = std::min(offset, m_text.size());
    if (offset < m_offset) {
        m_offset = 0;
        m_line = m_first;
    }
    for (; m_offset < offset; ++m_offset) {
        const char c = m_text[m_offset];
        // A lone carriage return ends a line too (files of old systems).
        if (c == '\n' || (c == '\r' && (m_offset + 1 >= m_text.size() || m_text[m_offset + 1] != '\n')))
            ++m_line;
    }
    return m_line;
}

std::size_t LineCounter::columnAt(std::size_t offset) const
{
    const std::size_t before = offset == 0 ? std::string_view::npos : m_text.find_last_of("\r\n", offset - 1);
    return before == std::string_view::npos ? offset + 1 : offset - before;
}

RowCollector::RowCollector(const ImportJob &job, ImportReport &report, std::vector<Record> &records)
    : m_job(job), m_report(report), m_records(records), m_text(job.text), m_lines(job.text)
{
}

void RowCollector::showRow(std::string_view text, std::int64_t number)
{
    m_text = text;
    m_lines = LineCounter(text, number);
}

Result<> RowCollector::checkMapping(const std::vector<std::string> &columns) const
{
    for (const auto &[field, column] : m_job.options.mapping) {
        constexpr std::string_view kFields[] = {"instruction", "context", "response", "system", "tags", "split", "note", "messages", "tools", "history", "rating", "status"};
        if (std::find(std::begin(kFields), std::end(kFields), field) == std::end(kFields))
            return fail(ErrorCode::Usage, tr("Cannot map \"{}\": there is no such field.", field),
                        tr("The fields are {}.", fmt::join(kFields, ", ")));
        if (!column.empty() && std::find(columns.begin(), columns.end(), column) == columns.end())
            return fail(ErrorCode::BadInput, tr("Cannot read {}: it has no column \"{}\" for the field {}.", m_job.name, column, field),
                        tr("Its columns are {}.", fmt::join(columns, ", ")));
    }
    return {};
}

Result<> RowCollector::setColumns(const std::vector<std::string> &columns)
{
    m_isTable = true;
    for (const std::string &column : columns) {
        m_columns.emplace(column, m_report.columns.size());
        m_report.columns.push_back(column);
        m_report.columnFacts.emplace_back();
    }
    if (auto checked = checkMapping(columns); !checked)
        return checked;
    auto plan = recogniseColumns(columns, NameMatch::Similar);
    // Where the user says what the instruction is, the other fields are still recognised.
    if (!plan && m_job.options.mapping.contains("instruction"))
        plan = fieldsOf(columns, NameMatch::Similar);
    usePlan(withMapping(std::move(plan), m_job.options.mapping));
    return {};
}

Result<> RowCollector::choosePlan(const JsonValue &row)
{
    auto plan = recogniseRow(row, NameMatch::Similar);
    if (!m_job.options.mapping.empty()) {
        if (row.kind != JsonValue::Kind::Object)
            return {};
        if (!plan && m_job.options.mapping.contains("instruction"))
            plan = fieldsOf(columnsOf(row), NameMatch::Similar);
        plan = withMapping(std::move(plan), m_job.options.mapping);
    }
    usePlan(std::move(plan));
    return {};
}

void RowCollector::usePlan(std::optional<RowPlan> plan)
{
    m_plan = std::move(plan);
    if (m_plan)
        m_plan->roles = m_job.options.roles;
}

void RowCollector::countSpeakers(const std::vector<std::string> &speakers)
{
    for (const std::string &speaker : speakers) {
        const auto found = m_speakers.find(speaker);
        if (found != m_speakers.end())
            ++found->second;
        else if (m_speakers.size() < kSpeakers)
            m_speakers.emplace(speaker, 1);
    }
}

bool RowCollector::countColumns(const JsonValue &row)
{
    const std::size_t before = m_report.columns.size();
    for (const auto &[name, value] : row.members) {
        auto place = m_columns.find(name);
        if (place == m_columns.end()) {
            if (m_report.columns.size() >= kColumns)
                continue;
            place = m_columns.emplace(name, m_report.columns.size()).first;
            m_report.columns.push_back(replaceInvalidUtf8(name));
            m_report.columnFacts.emplace_back();
        }
        ColumnFacts &facts = m_report.columnFacts[place->second];
        const bool isFilled = value.isScalar() ? !value.text.empty() : !value.items.empty() || !value.members.empty();
        if (isFilled && ++facts.filled == 1)
            facts.firstValue = oneLine(value.isScalar() ? std::string_view(value.text) : m_text.substr(value.begin, value.end - value.begin));
    }
    return m_report.columns.size() > before;
}

void RowCollector::countRepeatedKeys(const JsonValue &row)
{
    std::set<std::string_view> names;
    for (const auto &[name, value] : row.members) {
        if (!names.insert(name).second) {
            ++m_codes["duplicateKey"];
            return;
        }
    }
}

Result<> RowCollector::addRow(const JsonValue &row, std::size_t begin, std::size_t end, Split split)
{
    countRepeatedKeys(row);
    const bool hasNewColumns = countColumns(row);
    if (!m_plan) {
        if (auto chosen = choosePlan(row); !chosen)
            return chosen;
    } else if (hasNewColumns) {
        addLateColumns(*m_plan, columnsOf(row), m_job.options.mapping);
    }
    if (!m_plan) {
        const std::string reason = row.kind == JsonValue::Kind::Object
            ? tr("no field is known to hold the instruction (fields: {})", someNames(row))
            : recordFromRow(row, {}, m_text).reason;
        rejectRow(begin, end, {}, reason.empty() ? tr("a list is not a record") : reason);
        return {};
    }
    RowOutcome outcome;
    const bool fits = row.kind == JsonValue::Kind::Array ? m_plan->shape == "messages" || m_plan->shape == "sharegpt" : true;
    outcome = fits ? recordFromRow(row, *m_plan, m_text) : RowOutcome{};
    if (!outcome.record && m_job.options.mapping.empty() && !m_isTable) {
        // A file may hold rows of several shapes; each is read by its own plan before it is given up.
        auto own = recogniseRow(row);
        if (own)
            own->roles = m_plan->roles;
        const bool isComplete = own && (row.kind == JsonValue::Kind::Array || own->mapping.contains("messages") || own->mapping.contains("tree") || own->mapping.contains("response"));
        if (isComplete && *own != *m_plan) {
            if (RowOutcome second = recordFromRow(row, *own, m_text); second.record) {
                outcome = std::move(second);
                outcome.notices.emplace_back("mixedShapes");
            }
        }
    }
    countSpeakers(outcome.speakers);
    if (!outcome.record) {
        rejectRow(begin, end, outcome.field, outcome.reason.empty() ? tr("a list is not a record") : outcome.reason);
        return {};
    }
    for (const std::string &code : outcome.notices)
        ++m_codes[code];
    const std::string source = tr("{}, line {}", m_job.name, m_lines.lineAt(begin));
    const auto keep = [&](Record &record) {
        if (record.split == Split::Unassigned)
            record.split = split;
        record.source = source;
        ++m_report.records;
        m_records.push_back(std::move(record));
    };
    ++m_report.rowsInFile;
    ++m_report.accepted;
    keep(*outcome.record);
    for (Record &record : outcome.more)
        keep(record);
    return m_job.sink != nullptr && m_records.size() >= kRecordsInPortion ? handOver() : Result<>();
}

Result<> RowCollector::handOver()
{
    if (m_job.sink == nullptr || m_records.empty())
        return {};
    std::vector<Record> portion;
    portion.swap(m_records);
    return (*m_job.sink)(std::move(portion));
}

void RowCollector::rejectRow(std::size_t begin, std::size_t end, std::string field, std::string reason)
{
    ++m_report.rowsInFile;
    RejectedRow rejected{m_report.rowsInFile, m_lines.lineAt(begin), replaceInvalidUtf8(field), replaceInvalidUtf8(reason), {}};
    if (m_report.rejected.size() < kRejectedWithText)
        rejected.raw = replaceInvalidUtf8(firstBytesAtBorder(m_text.substr(begin, end - begin), kRawBytes));
    m_report.rejected.push_back(std::move(rejected));
}

void RowCollector::note(const std::string &code, std::string text, std::int64_t count)
{
    m_codes[code] += count;
    m_texts[code] = std::move(text);
}

Result<> RowCollector::pulse(std::size_t offset)
{
    if (m_report.rowsInFile % kRowsBetweenPulses != 0)
        return {};
    if (m_job.stop.stop_requested())
        return fail(ErrorCode::Cancelled, tr("Reading {} was cancelled.", m_job.name), tr("Nothing was added."));
    // A file of a gigabyte must not take a gigabyte of memory.
    constexpr std::size_t kPart = 32u << 20;
    if (m_job.file != nullptr && offset >= m_forgotten + kPart) {
        io::forgetPages(*m_job.file);
        m_forgotten = offset;
    }
    if (m_job.progress)
        m_job.progress({tr("Reading bytes"), static_cast<std::int64_t>(offset), static_cast<std::int64_t>(m_job.text.size())});
    return {};
}

void RowCollector::noteSimilarNames()
{
    std::vector<std::string> taken;
    for (const auto &[field, column] : m_report.mapping) {
        if (!m_job.options.mapping.contains(field) && isTakenBySimilarity(field, column))
            taken.push_back(tr("\"{}\" was taken as the {}", column, field));
    }
    if (!taken.empty())
        note("similarColumn", tr("By its name, {}. Check that this is right.", fmt::join(taken, ", ")), static_cast<std::int64_t>(taken.size()));
    if (m_report.mapping.contains("messages") || m_report.mapping.contains("tree") || m_report.mapping.contains("instances"))
        return;
    std::vector<std::string> unclear;
    for (const char *field : {"instruction", "response"}) {
        const auto similar = similarColumns(field, m_report.columns);
        if (similar.size() > 1 && !m_report.mapping.contains(field) && !m_job.options.mapping.contains(field))
            unclear.push_back(tr("Several columns could be the {}: {}.", field, quotedList(similar)));
    }
    if (!unclear.empty())
        note("unclearColumns", tr("{} None was taken; choose one in the mapping.", fmt::join(unclear, " ")), static_cast<std::int64_t>(unclear.size()));
}

Result<> RowCollector::finish()
{
    if (auto done = handOver(); !done)
        return done;
    // Rows of JSON may lack a column each; one that no row has is a mistake in the mapping.
    if (m_report.rowsInFile > 0) {
        if (auto checked = checkMapping(m_report.columns); !checked)
            return checked;
    }
    if (m_plan) {
        m_report.shape = m_plan->shape;
        for (const auto &[name, messages] : m_speakers)
            m_report.speakers.push_back({replaceInvalidUtf8(name), roleIn(*m_plan, name), messages});
        m_report.mapping = m_plan->mapping;
        if (m_plan->mapping.contains("tree") && m_report.records > 0)
            note("treePaths", tr("Every way through a tree to a last answer became a record of its own."), m_report.records);
        if (m_plan->mapping.contains("instances") && m_report.records > 0)
            note("instances", tr("Every instance became a record of its own, with the same instruction."), m_report.records);
        if (m_plan->mapping.empty() && !m_report.columns.empty())
            note("noInstructionColumn", tr("No column is known to hold the instruction. Check that the first line names the columns, and choose one in the mapping."));
        if (m_plan->mapping.contains("instruction") && !m_plan->mapping.contains("response") && !m_plan->mapping.contains("instances"))
            note("noResponseColumn", tr("No column is known to hold the response; all responses are empty."));
    }
    noteSimilarNames();
    std::set<std::string> used;
    for (const auto &[field, column] : m_report.mapping)
        used.insert(column);
    std::vector<std::string> unknown;
    for (const std::string &column : m_report.columns) {
        if (m_plan && !column.empty() && !used.contains(column))
            unknown.push_back(column);
    }
    if (!unknown.empty())
        note("unknownColumn", tr("Not taken over: {}.", quotedList(unknown)), static_cast<std::int64_t>(unknown.size()));
    for (const auto &[code, count] : m_codes) {
        const auto text = m_texts.find(code);
        m_report.notices.push_back({code, count, text == m_texts.end() ? wordsOf(code) : text->second});
    }
    return {};
}

} // namespace fettle::data
