// Workbook, styles, shared texts and one sheet, in this order.
#include "core/data/spreadsheet.h"

#include "core/base/utf8.h"
#include "core/base/words.h"
#include "core/data/jsonreader.h"
#include "core/data/xlsxpackage.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <fmt/format.h>
#include <map>
#include <nlohmann/json.hpp>

namespace fettle::data {

namespace {

constexpr int kSheetColumns = 16'384;
constexpr std::int64_t kRows = 1'048'576;

struct SheetEntry { std::string name, relation; bool isHidden = false; };

struct Workbook {
    std::vector<SheetEntry> sheets;
    bool has1904 = false; // days are counted from 1904, as old Macs did
};

template <class Number>
std::optional<Number> numberIn(std::string_view text)
{
    Number number{};
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
    return code == std::errc() && end == text.data() + text.size() ? std::optional(number) : std::nullopt;
}

Result<Workbook> readWorkbook(XlsxPackage &package, std::stop_token stop)
{
    Workbook workbook;
    XmlEvents events;
    events.start = [&](std::string_view name, const XmlAttributes &attributes) {
        if (name == "sheet")
            workbook.sheets.push_back({std::string(attributes.value("name")), std::string(attributes.value("id")), !attributes.value("state").empty() && attributes.value("state") != "visible"});
        else if (name == "workbookPr")
            workbook.has1904 = attributes.value("date1904") == "1" || attributes.value("date1904") == "true";
    };
    if (auto done = package.read("xl/workbook.xml", events, stop); !done)
        return passError(done);
    return workbook;
}

// Path of the part behind a relation of the workbook.
Result<std::string> partOf(XlsxPackage &package, const std::string &relation, std::stop_token stop)
{
    std::string target;
    XmlEvents events;
    events.start = [&](std::string_view name, const XmlAttributes &attributes) {
        if (name == "Relationship" && attributes.value("Id") == relation)
            target = attributes.value("Target");
    };
    if (auto done = package.read("xl/_rels/workbook.xml.rels", events, stop); !done)
        return passError(done);
    if (target.starts_with('/'))
        return target.substr(1);
    return "xl/" + target;
}

// A format shows a date when it holds a letter of one outside quotes, brackets and escapes.
bool isDateFormat(std::string_view format)
{
    for (std::size_t i = 0; i < format.size(); ++i) {
        const char c = format[i];
        if (c == '"' || c == '[') {
            const std::size_t end = format.find(c == '"' ? '"' : ']', i + 1);
            if (end == std::string_view::npos)
                return false;
            i = end;
        } else if (c == '\\' || c == '_' || c == '*') {
            ++i;
        } else if (std::string_view("ymdhsYMDHS").find(c) != std::string_view::npos) {
            return true;
        }
    }
    return false;
}

// Which of the cell formats show dates.
Result<std::vector<bool>> readDateStyles(XlsxPackage &package, std::stop_token stop)
{
    std::vector<bool> styles;
    if (!package.has("xl/styles.xml"))
        return styles;
    std::map<int, bool> custom;
    bool isInCellFormats = false;
    XmlEvents events;
    events.start = [&](std::string_view name, const XmlAttributes &attributes) {
        if (name == "numFmt") {
            if (const auto id = numberIn<int>(attributes.value("numFmtId")))
                custom[*id] = isDateFormat(attributes.value("formatCode"));
        } else if (name == "cellXfs") {
            isInCellFormats = true;
        } else if (name == "xf" && isInCellFormats) {
            const int id = numberIn<int>(attributes.value("numFmtId")).value_or(0);
            const auto known = custom.find(id);
            styles.push_back(known != custom.end() ? known->second : (id >= 14 && id <= 22) || (id >= 45 && id <= 47));
        }
    };
    events.end = [&](std::string_view name) { isInCellFormats = isInCellFormats && name != "cellXfs"; };
    if (auto done = package.read("xl/styles.xml", events, stop); !done)
        return passError(done);
    return styles;
}

Result<std::vector<std::string>> readSharedTexts(XlsxPackage &package, std::stop_token stop)
{
    std::vector<std::string> texts;
    if (!package.has("xl/sharedStrings.xml"))
        return texts;
    bool isText = false, isReadingAid = false;
    XmlEvents events;
    events.start = [&](std::string_view name, const XmlAttributes &) {
        if (name == "si")
            texts.emplace_back();
        isReadingAid = isReadingAid || name == "rPh"; // how East Asian text is pronounced
        isText = name == "t" && !isReadingAid;
    };
    events.end = [&](std::string_view name) {
        isText = false;
        isReadingAid = isReadingAid && name != "rPh";
    };
    events.text = [&](std::string_view text) {
        if (isText && !texts.empty())
            texts.back() += text;
    };
    if (auto done = package.read("xl/sharedStrings.xml", events, stop); !done)
        return passError(done);
    return texts;
}

std::string dateText(double days, bool has1904)
{
    using namespace std::chrono;
    const double whole = std::floor(days);
    auto second = static_cast<std::int64_t>(std::llround((days - whole) * 86'400));
    // The first days of 1900 are off by one, because a spreadsheet of 1983 thought that year a leap year.
    const sys_days epoch = has1904 ? sys_days(year{1904} / 1 / 1) : whole < 60 ? sys_days(year{1899} / 12 / 31) : sys_days(year{1899} / 12 / 30);
    const year_month_day date{epoch + std::chrono::days(static_cast<int>(whole) + static_cast<int>(second / 86'400))};
    second %= 86'400;
    std::string text = fmt::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()), static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
    return second == 0 ? text : text + fmt::format(" {:02}:{:02}:{:02}", second / 3600, second / 60 % 60, second % 60);
}

bool isJsonNumber(std::string_view text)
{
    JsonReader reader(text);
    JsonValue value;
    return !reader.readValue(value) && !reader.expectEnd() && value.kind == JsonValue::Kind::Number;
}

// Texts of cells escape what XML cannot hold as _x000D_ (a carriage return).
std::string withoutEscapes(std::string_view text)
{
    std::string result;
    for (std::size_t i = 0; i < text.size();) {
        unsigned code = 0;
        const std::string_view part = text.substr(i, 7);
        const bool isEscape = part.size() == 7 && part.starts_with("_x") && part[6] == '_'
            && std::from_chars(part.data() + 2, part.data() + 6, code, 16).ptr == part.data() + 6 && (code < 0xd800 || code > 0xdfff);
        if (isEscape) {
            appendUtf8(result, code);
            i += 7;
        } else {
            result += text[i++];
        }
    }
    return result;
}

class SheetReader {
public:
    SheetReader(SheetText &result, const std::vector<std::string> &shared, const std::vector<bool> &dates, bool has1904, std::size_t limit)
        : m_result(result), m_shared(shared), m_dates(dates), m_has1904(has1904), m_limit(limit)
    {
    }

    XmlEvents events()
    {
        XmlEvents events;
        events.start = [this](std::string_view name, const XmlAttributes &attributes) { start(name, attributes); };
        events.end = [this](std::string_view name) { end(name); };
        events.text = [this](std::string_view text) {
            if (m_isValue)
                m_value += text;
        };
        events.problem = [this] { return m_problem; };
        return events;
    }

private:
    void start(std::string_view name, const XmlAttributes &attributes)
    {
        if (name == "row") {
            const std::int64_t row = attributes.value("r").empty() ? m_row + 1 : numberIn<std::int64_t>(attributes.value("r")).value_or(-1);
            if (row <= m_row || row > kRows)
                return stop(tr("its rows are not in order near row {}", m_row));
            m_result.text.append(static_cast<std::size_t>(row - m_row - (m_row == 0 ? 1 : 0)), '\n');
            m_row = row;
            m_column = -1;
            m_hasCells = false;
        } else if (name == "c") {
            const std::string_view reference = attributes.value("r");
            const int column = reference.empty() ? m_column + 1 : columnOfReference(reference);
            if (column <= m_column || column >= kSheetColumns)
                return stop(tr("row {} holds a cell that lies outside the sheet or twice in it", m_row));
            m_column = column;
            m_type = attributes.value("t");
            m_style = numberIn<std::size_t>(attributes.value("s")).value_or(0);
            m_value.clear();
            m_hasValue = m_hasFormula = m_isReadingAid = false;
        } else if (name == "f") {
            m_hasFormula = true;
        } else if (name == "rPh") {
            m_isReadingAid = true;
        } else if (name == "v" || (name == "t" && !m_isReadingAid)) {
            m_isValue = m_hasValue = true;
        }
    }

    void end(std::string_view name)
    {
        if (name == "v" || name == "t")
            m_isValue = false;
        else if (name == "rPh")
            m_isReadingAid = false;
        else if (name == "c")
            addCell();
        else if (name == "row" && m_hasCells)
            m_result.text += '}';
    }

    void addCell()
    {
        if (m_hasFormula && !m_hasValue)
            ++m_result.uncalculated;
        if (!m_hasValue || !m_problem.empty())
            return;
        std::string_view text = m_value;
        bool isNumber = false;
        std::string converted;
        if (m_type == "s") {
            const auto place = numberIn<std::size_t>(m_value);
            if (!place || *place >= m_shared.size())
                return stop(tr("row {} names a text that the file does not hold", m_row));
            text = m_shared[*place];
        } else if (m_type == "b") {
            text = m_value == "1" ? "true" : "false";
            isNumber = true;
        } else if (m_type == "e") {
            ++m_result.errors;
        } else if (m_type.empty() || m_type == "n") {
            const auto days = numberIn<double>(m_value);
            if (days && m_style < m_dates.size() && m_dates[m_style] && *days >= 0 && *days < 2'958'466) {
                ++m_result.dates;
                converted = dateText(*days, m_has1904);
                text = converted;
            } else {
                isNumber = isJsonNumber(m_value);
            }
        }
        if (m_result.text.size() + text.size() > m_limit)
            return stop(tr("its cells repeat so much text that it would not fit into memory"));
        if (text.find("_x") != std::string_view::npos && !isNumber) {
            std::string plain = withoutEscapes(text);
            converted = std::move(plain); // text may have stood in converted
            text = converted;
        }
        m_result.text += m_hasCells ? ',' : '{';
        m_hasCells = true;
        m_result.text += fmt::format("\"{}\":", columnLetters());
        if (isNumber)
            m_result.text += text;
        else
            m_result.text += nlohmann::json(text).dump(); // Expat let only UTF-8 through
    }

    std::string columnLetters() const
    {
        std::string letters;
        for (int rest = m_column + 1; rest > 0; rest = (rest - 1) / 26)
            letters.insert(letters.begin(), static_cast<char>('A' + (rest - 1) % 26));
        return letters;
    }

    void stop(std::string problem)
    {
        if (m_problem.empty())
            m_problem = std::move(problem);
    }

    SheetText &m_result;
    const std::vector<std::string> &m_shared;
    const std::vector<bool> &m_dates;
    bool m_has1904;
    std::size_t m_limit;
    std::int64_t m_row = 0;
    int m_column = -1;
    std::size_t m_style = 0;
    std::string m_type, m_value, m_problem;
    bool m_hasCells = false, m_hasValue = false, m_hasFormula = false, m_isValue = false, m_isReadingAid = false;
};

} // namespace

int columnOfReference(std::string_view reference)
{
    int column = 0;
    std::size_t letters = 0;
    while (letters < reference.size() && letters < 4 && reference[letters] >= 'A' && reference[letters] <= 'Z')
        column = column * 26 + (reference[letters++] - 'A' + 1);
    return letters == 0 || letters > 3 || column > kSheetColumns ? -1 : column - 1;
}

Result<SheetText> readSheet(std::string_view bytes, const std::string &name, const std::string &sheet, std::stop_token stop)
{
    auto package = XlsxPackage::open(bytes, name);
    if (!package)
        return passError(package);
    const auto workbook = readWorkbook(*package, stop);
    if (!workbook)
        return passError(workbook);
    const auto chosen = std::find_if(workbook->sheets.begin(), workbook->sheets.end(), [&](const SheetEntry &entry) { return sheet.empty() ? !entry.isHidden : entry.name == sheet; });
    if (chosen == workbook->sheets.end())
        return package->refuse(sheet.empty() ? std::string(tr("it holds no sheet")) : tr("it holds no sheet \"{}\"", sheet), tr("Choose one of its sheets by name."));
    SheetText result;
    result.sheet = chosen->name;
    for (const SheetEntry &entry : workbook->sheets) {
        if (&entry != &*chosen)
            result.others.push_back(entry.name);
    }
    const auto part = partOf(*package, chosen->relation, stop);
    if (!part)
        return passError(part);
    const auto dates = readDateStyles(*package, stop);
    if (!dates)
        return passError(dates);
    const auto shared = readSharedTexts(*package, stop);
    if (!shared)
        return passError(shared);
    SheetReader reader(result, *shared, *dates, workbook->has1904, package->limit());
    if (auto done = package->read(*part, reader.events(), stop); !done)
        return passError(done);
    return result;
}

} // namespace fettle::data
