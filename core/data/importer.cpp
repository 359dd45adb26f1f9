// From a file to records: reads the bytes, finds encoding and format, and hands over to the reader of the format.
#include "core/data/importer.h"

#include "core/base/words.h"
#include "core/data/csvreader.h"
#include "core/data/encoding.h"
#include "core/data/gzip.h"
#include "core/data/rowcollector.h"
#include "core/data/spreadsheet.h"
#include "core/io/forgetpages.h"

#include <algorithm>
#include <cctype>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace fettle::data {

namespace {

namespace fs = std::filesystem;

std::string lowerExtension(const std::string &name)
{
    std::string extension = fs::path(name).extension().string();
    std::transform(extension.begin(), extension.end(), extension.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return extension;
}

// Files that are no text, by their first bytes.
Result<> refuseForeign(std::string_view bytes, const std::string &name)
{
    struct Kind { std::string_view magic, what, hint; };
    constexpr std::string_view kUnpack = "Unpack it first.";
    constexpr std::string_view kExport = "Export it as CSV or JSONL from the program that wrote it.";
    const Kind kinds[] = {
        {"PK\x05\x06", "an empty ZIP archive", "Choose a file with rows."}, {"\x1f\x8b", "a gzip archive inside another", kUnpack}, {"BZh", "a bzip2 archive", kUnpack}, {"\x28\xb5\x2f\xfd", "a Zstandard archive", kUnpack},
        {std::string_view("\xfd\x37zXZ\0", 6), "an XZ archive", kUnpack}, {"PARE", "an encrypted Parquet file", "Write it without encryption."},
        {"SQLite format 3", "an SQLite database", kExport}, {"%PDF-", "a PDF document", "Save its text as a table."},
        {"version https://git-lfs", "a Git LFS pointer: a note of where the file is, not the file itself", "Run \"git lfs pull\" in its folder, or download the file itself."},
        {"<!DOCTYPE html", "a web page", "Download the file itself, not the page that shows it."}, {"<!doctype html", "a web page", "Download the file itself, not the page that shows it."},
        {"<html", "a web page", "Download the file itself, not the page that shows it."},
        {"\xd0\xcf\x11\xe0", "an old Office document (XLS, DOC)", "Save it as CSV."}, {"ARROW1", "an Arrow file", kExport},
    };
    for (const Kind &kind : kinds) {
        if (bytes.starts_with(kind.magic))
            return fail(ErrorCode::BadInput, tr("Cannot read {}: it is {}.", name, tr(kind.what)), tr(kind.hint));
    }
    return {};
}

// Control characters that no text holds in such numbers. Single ones are left alone: they are kept as they are.
bool isBinary(std::string_view text)
{
    const std::string_view sample = text.substr(0, 64 * 1024);
    const auto controls = std::count_if(sample.begin(), sample.end(), [](unsigned char c) { return c < 0x20 && c != '\t' && c != '\n' && c != '\r'; });
    return controls >= 32 && static_cast<std::size_t>(controls) * 20 > sample.size();
}

bool isWholeValue(std::string_view line)
{
    JsonReader reader(line);
    JsonValue value;
    return !reader.readValue(value) && !reader.expectEnd();
}

// A text that begins like JSON: one value, or one for each line?
std::string jsonOrLines(std::string_view text)
{
    const std::size_t first = text.find_first_not_of(" \t\r\n");
    if (first == std::string_view::npos || text[first] != '{')
        return "json";
    const std::size_t lineEnd = text.find('\n', first);
    if (lineEnd == std::string_view::npos || text.find_first_not_of(" \t\r\n", lineEnd) == std::string_view::npos)
        return "json";
    return isWholeValue(text.substr(first, lineEnd - first)) ? "jsonl" : "json";
}

// A file that is named as text is a table where its first line names an instruction, or where all its first rows have as many fields.
bool looksLikeTable(std::string_view text, const CsvStyle &style)
{
    CsvReader reader(text, style);
    CsvRow names, row;
    if (!reader.next(names) || !names.problem.empty())
        return false;
    if (recogniseColumns(names.fields, NameMatch::Similar))
        return true;
    int rows = 0;
    for (; rows < 50 && reader.next(row); ++rows) {
        if (!row.problem.empty() || row.fields.size() != names.fields.size())
            return false;
    }
    return rows > 0 && names.fields.size() > 1;
}

std::string recogniseFormat(std::string_view text, const std::string &name)
{
    const std::string extension = lowerExtension(name);
    if (extension == ".jsonl" || extension == ".ndjson" || extension == ".ldjson")
        return "jsonl";
    if (extension == ".json")
        return jsonOrLines(text);
    if (extension == ".csv")
        return "csv";
    if (extension == ".tsv" || extension == ".tab")
        return "tsv";
    if (extension == ".xlsx" || extension == ".xlsm")
        return "csv"; // a table that was only named so
    const std::size_t first = text.find_first_not_of(" \t\r\n");
    if (first != std::string_view::npos && (text[first] == '{' || text[first] == '['))
        return jsonOrLines(text);
    if (hasDialogueMarks(text))
        return "text";
    const CsvStyle style = recogniseCsvStyle(text);
    if (extension == ".txt" && !looksLikeTable(text, style))
        return "text";
    return style.delimiter == '\t' ? "tsv" : "csv";
}

struct QuoteName { std::string_view name; char mark; };
constexpr QuoteName kQuotes[] = {{"double", '"'}, {"single", '\''}, {"none", kNoQuote}};

// name: of the file without .gz.
Result<> readRows(const ImportJob &job, const std::string &name, ImportReport &report, RowCollector &collector)
{
    const std::string &format = job.options.format;
    report.format = format.empty() ? recogniseFormat(job.text, name) : format;
    if (report.format == "json")
        return readJson(job, collector);
    if (report.format == "jsonl")
        return readJsonLines(job, collector);
    if (report.format == "text")
        return readPlainText(job, collector);
    if (report.format == "parquet")
        return fail(ErrorCode::BadInput, tr("Cannot read {} as Parquet: it is no such file.", job.name), tr("Let the format be recognised, or choose another one."));
    if (report.format == "xlsx")
        return fail(ErrorCode::BadInput, tr("Cannot read {} as XLSX: it is no workbook.", job.name), tr("Let the format be recognised, or choose another one."));
    if (report.format != "csv" && report.format != "tsv")
        return fail(ErrorCode::Usage, tr("The format \"{}\" is not known.", report.format), tr("Use json, jsonl, csv, tsv, text, xlsx or parquet."));
    const auto *wanted = std::ranges::find(kQuotes, job.options.quote, &QuoteName::name);
    if (!job.options.quote.empty() && wanted == std::end(kQuotes))
        return fail(ErrorCode::Usage, tr("The quotation mark \"{}\" is not known.", job.options.quote), tr("Use double, single or none."));
    CsvStyle style = recogniseCsvStyle(job.text, job.options.quote.empty() ? std::nullopt : std::optional(wanted->mark));
    if (job.options.delimiter != '\0')
        style.delimiter = job.options.delimiter;
    else if (format == "tsv")
        style.delimiter = '\t';
    report.delimiter = style.delimiter;
    report.quote = std::ranges::find(kQuotes, style.quote, &QuoteName::mark)->name;
    return readTable(job, style, collector);
}

bool isZip(std::string_view bytes)
{
    return bytes.starts_with("PK\x03\x04");
}

bool isParquet(std::string_view bytes)
{
    return bytes.starts_with("PAR1");
}

struct Source {
    std::string_view bytes;
    const std::string name;
    const ImportOptions &options;
    std::optional<std::int64_t> maxRows;
    const ProgressCallback &progress;
    std::stop_token stop;
    const RecordSink *sink = nullptr;
    const io::MappedFile *file = nullptr; // that the bytes are of
};

Result<> readWorkbook(const Source &source, std::string_view bytes, ImportResult &result)
{
    auto sheet = readSheet(bytes, source.name, source.options.sheet, source.stop);
    if (!sheet)
        return passError(sheet);
    result.report.format = "xlsx";
    result.report.encoding = "UTF-8";
    result.report.sheet = sheet->sheet;
    result.report.sheets = sheet->others;
    const ImportJob job{sheet->text, source.name, source.options, source.maxRows, source.progress, source.stop, source.sink};
    RowCollector collector(job, result.report, result.records);
    if (!sheet->others.empty())
        collector.note("otherSheets", tr("The sheet \"{}\" was read; the workbook has others: \"{}\".", sheet->sheet, fmt::join(sheet->others, "\", \"")),
                       static_cast<std::int64_t>(sheet->others.size()));
    if (sheet->dates > 0)
        collector.note("dateCells", tr("A date was written out as year, month and day; the workbook holds it as a number."), sheet->dates);
    if (sheet->errors > 0)
        collector.note("errorCells", tr("A cell holds an error of its formula (such as #N/A), which was taken over as text."), sheet->errors);
    if (sheet->uncalculated > 0)
        collector.note("uncalculatedCells", tr("A formula has no stored result and was taken as empty. Open and save the workbook to calculate it."), sheet->uncalculated);
    if (auto done = readSheetRows(job, collector); !done)
        return done;
    return collector.finish();
}

Result<> readParquetFile(const Source &source, std::string_view bytes, ImportResult &result)
{
    result.report.format = "parquet";
    result.report.encoding = "UTF-8";
    const ImportJob job{bytes, source.name, source.options, source.maxRows, source.progress, source.stop, source.sink, source.file};
    RowCollector collector(job, result.report, result.records);
    if (auto done = readParquet(job, collector); !done)
        return done;
    return collector.finish();
}

Result<> readText(const Source &source, std::string_view bytes, const std::string &innerName, ImportResult &result)
{
    if (auto refused = refuseForeign(bytes, source.name); !refused)
        return refused;
    DecodedText decoded;
    std::string_view text = bytes;
    const auto forget = [&source] {
        if (source.file != nullptr)
            io::forgetPages(*source.file);
    };
    if (isUtf8AsItStands(bytes, source.options.encoding, forget)) {
        // Read where it lies: a file of a gigabyte is not copied.
        decoded.encoding = "UTF-8";
        decoded.hasMark = bytes.starts_with("\xef\xbb\xbf");
        text.remove_prefix(decoded.hasMark ? 3 : 0);
    } else {
        auto converted = decodeText(std::string(bytes), source.options.encoding, source.name);
        if (!converted)
            return passError(converted);
        decoded = std::move(*converted);
        text = decoded.text;
    }
    if (text.find_first_not_of(" \t\r\n") == std::string_view::npos)
        return fail(ErrorCode::BadInput, tr("Cannot read {}: it is empty.", source.name), tr("Choose a file with rows."));
    if (isBinary(text))
        return fail(ErrorCode::BadInput, tr("Cannot read {}: it holds data, not text.", source.name), tr("Export it as CSV or JSONL from the program that wrote it, or choose its encoding."));
    result.report.encoding = decoded.encoding;
    const ImportJob job{text, source.name, source.options, source.maxRows, source.progress, source.stop, source.sink, source.file};
    RowCollector collector(job, result.report, result.records);
    if (decoded.hasMark)
        collector.note("byteOrderMark", tr("The file begins with a byte order mark, which is no part of the text."));
    if (decoded.isGuessed)
        collector.note("encodingGuessed", tr("The file is not UTF-8; it was read as {}.", decoded.encoding));
    if (auto done = readRows(job, innerName, result.report, collector); !done)
        return done;
    return collector.finish();
}

Result<ImportResult> readSource(const Source &source)
{
    ImportResult result;
    std::string innerName = source.name, unpacked;
    std::string_view bytes = source.bytes;
    result.report.isPacked = isGzip(bytes);
    if (result.report.isPacked) {
        auto inner = unpackGzip(bytes, source.name, source.stop);
        if (!inner)
            return passError(inner);
        unpacked = std::move(*inner);
        bytes = unpacked;
        if (lowerExtension(source.name) == ".gz")
            innerName.resize(source.name.size() - 3);
    }
    const auto read = [&]() -> Result<> {
        if (isZip(bytes))
            return readWorkbook(source, bytes, result);
        return isParquet(bytes) ? readParquetFile(source, bytes, result) : readText(source, bytes, innerName, result);
    };
    if (auto done = read(); !done)
        return passError(done);
    return result;
}

} // namespace

Result<ImportResult> readRecordsFromMemory(std::string bytes, const std::string &name, const ImportOptions &options, std::optional<std::int64_t> maxRows,
                                           const ProgressCallback &progress, std::stop_token stop)
{
    return readSource({bytes, name, options, maxRows, progress, stop});
}

Result<ImportResult> readRecords(const fs::path &file, const ImportOptions &options, std::optional<std::int64_t> maxRows, const ProgressCallback &progress,
                                 std::stop_token stop)
{
    auto mapped = io::MappedFile::open(file);
    if (!mapped)
        return passError(mapped);
    if (maxRows != 0)
        return readSource({(*mapped)->text(), file.filename().string(), options, maxRows, progress, stop, nullptr, mapped->get()});
    // No rows are asked for: all are counted and checked, and the first records are kept, in the memory of a portion.
    std::vector<Record> first;
    const RecordSink keepFirst = [&first](std::vector<Record> records) -> Result<> {
        if (first.empty())
            first = std::move(records);
        return {};
    };
    auto counted = readSource({(*mapped)->text(), file.filename().string(), options, {}, progress, stop, &keepFirst, mapped->get()});
    if (counted)
        counted->records = std::move(first);
    return counted;
}

Result<ImportReport> streamRecords(const fs::path &file, const ImportOptions &options, const RecordSink &sink, const ProgressCallback &progress, std::stop_token stop)
{
    auto mapped = io::MappedFile::open(file);
    if (!mapped)
        return passError(mapped);
    auto read = readSource({(*mapped)->text(), file.filename().string(), options, {}, progress, stop, &sink, mapped->get()});
    if (!read)
        return passError(read);
    return std::move(read->report);
}

} // namespace fettle::data
