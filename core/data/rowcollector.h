// Gathers what becomes of the rows of a file: records, rejected rows, notices. The one place where rows are counted, so that
// accepted + rejected == rowsInFile cannot go wrong.
#pragma once

#include "core/data/csvreader.h"
#include "core/data/importer.h"
#include "core/data/rowshape.h"
#include "core/data/streamimport.h"
#include "core/io/mappedfile.h"

#include <functional>

namespace fettle::data {

// Lines of a text, asked for in rising order.
class LineCounter {
public:
    explicit LineCounter(std::string_view text, std::int64_t first = 1) : m_text(text), m_first(first), m_line(first) { }
    [[nodiscard]] std::int64_t lineAt(std::size_t offset); // 1-based
    [[nodiscard]] std::size_t columnAt(std::size_t offset) const; // 1-based, bytes

private:
    std::string_view m_text;
    std::size_t m_offset = 0;
    std::int64_t m_first, m_line; // of the text's beginning, of m_offset
};

struct ImportJob {
    std::string_view text;
    std::string name;
    const ImportOptions &options;
    std::optional<std::int64_t> maxRows;
    const ProgressCallback &progress;
    std::stop_token stop;
    const RecordSink *sink = nullptr; // takes the records in portions; nullptr: they are gathered
    const io::MappedFile *file = nullptr; // whose memory is given back while it is read
};

class RowCollector {
public:
    RowCollector(const ImportJob &job, ImportReport &report, std::vector<Record> &records);
    // A row that was read; begin and end are its bytes in the text. split: of the list that the row stands in, where the file has several.
    // Errors: BadInput (the mapping names a column that the file does not have).
    [[nodiscard]] Result<> addRow(const JsonValue &row, std::size_t begin, std::size_t end, Split split = Split::Unassigned);
    // For files whose rows are made instead of found: the text that the places of the next row refer to, and its number in the file.
    void showRow(std::string_view text, std::int64_t number);
    void rejectRow(std::size_t begin, std::size_t end, std::string field, std::string reason);
    // A table knows its columns before its first row.
    [[nodiscard]] Result<> setColumns(const std::vector<std::string> &columns);
    void note(const std::string &code, std::string text, std::int64_t count = 1);
    [[nodiscard]] bool isFull() const { return m_job.maxRows && m_report.rowsInFile >= *m_job.maxRows; }
    // Reports progress; Cancelled when asked to stop.
    [[nodiscard]] Result<> pulse(std::size_t offset);
    // After the last row: notices in words. Errors: BadInput (a mapped column that no row has).
    [[nodiscard]] Result<> finish();

private:
    [[nodiscard]] Result<> choosePlan(const JsonValue &row);
    [[nodiscard]] Result<> checkMapping(const std::vector<std::string> &columns) const;
    void usePlan(std::optional<RowPlan> plan);
    void countSpeakers(const std::vector<std::string> &speakers);
    [[nodiscard]] Result<> handOver();
    [[nodiscard]] bool countColumns(const JsonValue &row); // true: the row has columns that none before had
    void countRepeatedKeys(const JsonValue &row);
    void noteSimilarNames(); // what was taken by a name that is only nearly known, and what was not because several could be meant
    const ImportJob &m_job;
    ImportReport &m_report;
    std::vector<Record> &m_records;
    std::string_view m_text;
    LineCounter m_lines;
    std::optional<RowPlan> m_plan;
    std::size_t m_forgotten = 0; // bytes of the file before which memory was given back
    bool m_isTable = false; // all rows have the same columns
    std::map<std::string, std::size_t> m_columns; // places in the report
    std::map<std::string, std::int64_t> m_speakers;
    std::map<std::string, std::int64_t> m_codes;   // notices of rows
    std::map<std::string, std::string> m_texts;    // words of notices that are not in the table of finish()
};

// Readers of the formats. Errors: BadInput (a JSON text that is broken), Cancelled.
[[nodiscard]] Result<> readJson(const ImportJob &job, RowCollector &collector);
[[nodiscard]] Result<> readJsonLines(const ImportJob &job, RowCollector &collector);
[[nodiscard]] Result<> readTable(const ImportJob &job, const CsvStyle &style, RowCollector &collector);
// job.text is a SheetText::text.
[[nodiscard]] Result<> readSheetRows(const ImportJob &job, RowCollector &collector);
// job.text is the file itself.
[[nodiscard]] Result<> readParquet(const ImportJob &job, RowCollector &collector);
// Plain text: questions and answers behind their marks ("Q:", "A:"), or one instruction on each line.
[[nodiscard]] Result<> readPlainText(const ImportJob &job, RowCollector &collector);
// Whether a text has such marks.
[[nodiscard]] bool hasDialogueMarks(std::string_view text);

} // namespace fettle::data
