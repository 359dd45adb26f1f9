#include "core/data/xlsxpackage.h"

#include "core/base/words.h"
#include "core/data/gzip.h"

#include <array>
#include <expat.h>
#include <fmt/format.h>
#include <zip.h>

namespace fettle::data {

namespace {

constexpr int kMaxDepth = 64; // a sheet needs seven

std::string_view localName(const char *name)
{
    const std::string_view whole = name;
    const std::size_t colon = whole.rfind(':');
    return colon == std::string_view::npos ? whole : whole.substr(colon + 1);
}

struct Reading {
    const XmlEvents &events;
    XML_Parser parser;
    int depth = 0;
    std::string problem = {};
    void stop(std::string why)
    {
        problem = std::move(why);
        XML_StopParser(parser, XML_FALSE);
    }
};

void onStart(void *data, const char *name, const char **attributes)
{
    auto &reading = *static_cast<Reading *>(data);
    if (++reading.depth > kMaxDepth)
        return reading.stop(tr("its elements are nested too deep"));
    if (reading.events.start)
        reading.events.start(localName(name), XmlAttributes(attributes));
}

void onEnd(void *data, const char *name)
{
    auto &reading = *static_cast<Reading *>(data);
    --reading.depth;
    if (reading.events.end)
        reading.events.end(localName(name));
}

void onText(void *data, const char *text, int length)
{
    auto &reading = *static_cast<Reading *>(data);
    if (reading.events.text)
        reading.events.text({text, static_cast<std::size_t>(length)});
}

// Spreadsheets have none; it is the way to entities that grow without end or name files of this machine.
void onDoctype(void *data, const char *, const char *, const char *, int)
{
    static_cast<Reading *>(data)->stop(tr("it declares entities, which no spreadsheet needs"));
}

} // namespace

std::string_view XmlAttributes::value(std::string_view name) const
{
    for (const char **pair = m_pairs; *pair != nullptr; pair += 2) {
        if (localName(pair[0]) == name)
            return pair[1];
    }
    return {};
}

void XlsxPackage::Closer::operator()(zip *archive) const
{
    zip_discard(archive);
}

Result<XlsxPackage> XlsxPackage::open(std::string_view bytes, std::string name)
{
    zip_error_t error;
    zip_error_init(&error);
    zip_source_t *source = zip_source_buffer_create(bytes.data(), bytes.size(), 0, &error);
    zip_t *archive = source == nullptr ? nullptr : zip_open_from_source(source, ZIP_RDONLY, &error);
    if (archive == nullptr) {
        if (source != nullptr)
            zip_source_free(source);
        std::string detail = zip_error_strerror(&error);
        zip_error_fini(&error);
        return fail(ErrorCode::BadInput, tr("Cannot read {}: the archive is damaged.", name), tr("Copy or download the file again."), std::move(detail));
    }
    zip_error_fini(&error);
    XlsxPackage package(archive, std::move(name), unpackedLimit(bytes.size()));
    if (!package.has("xl/workbook.xml"))
        return package.refuse(tr("it is a ZIP archive, but no XLSX workbook"), tr("Unpack it, or save the table as XLSX or CSV."));
    return package;
}

bool XlsxPackage::has(const std::string &part) const
{
    return zip_name_locate(m_archive.get(), part.c_str(), 0) >= 0;
}

tl::unexpected<Error> XlsxPackage::refuse(std::string_view why, std::string hint) const
{
    return fail(ErrorCode::BadInput, tr("Cannot read {}: {}.", m_name, why),
                hint.empty() ? tr("Open it in a spreadsheet program and save it again, as XLSX or CSV.") : std::move(hint));
}

Result<> XlsxPackage::read(const std::string &part, const XmlEvents &events, std::stop_token stop)
{
    const std::unique_ptr<zip_file_t, int (*)(zip_file_t *)> file(zip_fopen(m_archive.get(), part.c_str(), 0), zip_fclose);
    if (!file)
        return refuse(tr("its part {} cannot be opened", part));
    const std::unique_ptr<XML_ParserStruct, void (*)(XML_Parser)> parser(XML_ParserCreate(nullptr), XML_ParserFree);
    Reading reading{events, parser.get()};
    XML_SetUserData(parser.get(), &reading);
    XML_SetElementHandler(parser.get(), onStart, onEnd);
    XML_SetCharacterDataHandler(parser.get(), onText);
    XML_SetStartDoctypeDeclHandler(parser.get(), onDoctype);
    std::array<char, 64 * 1024> buffer;
    for (;;) {
        if (stop.stop_requested())
            return fail(ErrorCode::Cancelled, tr("Reading {} was cancelled.", m_name), tr("Nothing was added."));
        const zip_int64_t count = zip_fread(file.get(), buffer.data(), buffer.size());
        if (count < 0)
            return refuse(tr("its part {} is damaged", part));
        m_unpacked += static_cast<std::size_t>(count);
        if (m_unpacked > m_limit)
            return refuse(tr("it would grow beyond {} MB", m_limit >> 20), tr("Save the sheet as CSV if it is really that large."));
        const bool isDone = count == 0;
        if (XML_Parse(parser.get(), buffer.data(), static_cast<int>(count), isDone ? 1 : 0) == XML_STATUS_ERROR) {
            if (!reading.problem.empty())
                return refuse(reading.problem);
            return refuse(tr("its part {} is damaged in line {}: {}", part, XML_GetCurrentLineNumber(parser.get()), XML_ErrorString(XML_GetErrorCode(parser.get()))));
        }
        if (events.problem) {
            if (const std::string problem = events.problem(); !problem.empty())
                return refuse(problem);
        }
        if (isDone)
            return {};
    }
}

} // namespace fettle::data
