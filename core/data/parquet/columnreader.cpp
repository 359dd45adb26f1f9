#include "core/data/parquet/columnreader.h"

#include "core/base/words.h"
#include "core/data/gzip.h"
#include "core/data/parquet/codecs.h"

#include <algorithm>
#include <fmt/format.h>

namespace fettle::data::parquet {

namespace {

// Writers make pages of some megabytes, some one page of a whole row group.
constexpr std::int64_t kLargestPage = 256ll << 20;
constexpr std::int64_t kLargestDictionary = 64ll << 20;
constexpr std::int64_t kMostInPage = 1ll << 24; // texts whose lengths stand apart

int widthOf(int highest)
{
    int width = 0;
    while ((1 << width) <= highest)
        ++width;
    return width;
}

std::uint64_t extended(Type type, std::uint64_t bits)
{
    return type == Type::Int32 ? static_cast<std::uint64_t>(static_cast<std::int64_t>(static_cast<std::int32_t>(bits))) : bits;
}

int bytesOf(Type type)
{
    return type == Type::Int32 || type == Type::Float ? 4 : 8;
}

} // namespace

void ColumnReader::damaged(const std::string &why) const
{
    throw Damage{tr("column \"{}\": {}", m_leaf.path, why)};
}

void ColumnReader::begin(const ColumnChunk &chunk)
{
    if (!chunk.otherFile.empty())
        damaged(tr("its values are in another file, \"{}\"", chunk.otherFile));
    if (chunk.isEncrypted)
        damaged(tr("it is encrypted"));
    if (!chunk.hasFacts || chunk.type != static_cast<std::int64_t>(m_leaf.type) || chunk.values < 0)
        damaged(tr("its description is damaged"));
    // Some writers leave a 0 where there is no dictionary.
    const bool hasDictionary = chunk.dictionaryOffset && *chunk.dictionaryOffset > 0;
    const std::int64_t begin = hasDictionary ? std::min(*chunk.dictionaryOffset, chunk.dataOffset) : chunk.dataOffset;
    const auto size = static_cast<std::int64_t>(m_file.size());
    if (begin < 4 || begin > size || chunk.packedBytes < 0 || chunk.packedBytes > size - begin)
        damaged(tr("it lies outside of the file"));
    m_chunk = chunk;
    m_place = static_cast<std::size_t>(begin);
    m_end = static_cast<std::size_t>(begin + chunk.packedBytes);
    m_left = chunk.values;
    m_leftInPage = 0;
    m_isLoaded = false;
    m_dictionaryTexts.clear();
    m_dictionaryNumbers.clear();
}

bool ColumnReader::load()
{
    if (m_isLoaded)
        return true;
    if (m_left == 0)
        return false;
    while (m_leftInPage == 0)
        openPage();
    --m_left;
    --m_leftInPage;
    m_repetition = static_cast<int>(m_repetitions.next());
    m_definition = static_cast<int>(m_definitions.next());
    if (m_repetition > m_leaf.repetition || m_definition > m_leaf.definition)
        damaged(tr("a level is damaged"));
    if (m_definition == m_leaf.definition)
        readValue();
    m_isLoaded = true;
    return true;
}

std::string ColumnReader::unpacked(std::string_view packed, std::int64_t size) const
{
    if (size < 0 || size > kLargestPage || static_cast<std::size_t>(size) > unpackedLimit(packed.size()))
        damaged(tr("a page would grow to {} bytes, more than is read", size));
    return unpack(m_chunk.codec, packed, static_cast<std::size_t>(size));
}

void ColumnReader::openPage()
{
    if (m_place >= m_end)
        damaged(tr("values are missing"));
    const std::string_view rest = m_file.substr(m_place, m_end - m_place);
    const PageHeader page = readPageHeader(rest);
    if (page.packedBytes < 0 || page.bytes < 0 || static_cast<std::uint64_t>(page.packedBytes) > rest.size() - page.headerBytes || page.values < 0)
        damaged(tr("a page lies outside of it"));
    const std::string_view packed = rest.substr(page.headerBytes, static_cast<std::size_t>(page.packedBytes));
    m_place += page.headerBytes + packed.size();
    switch (static_cast<PageKind>(page.kind)) {
    case PageKind::Dictionary: openDictionary(page, packed); break;
    case PageKind::Data: openData(page, packed); break;
    case PageKind::DataV2: openDataV2(page, packed); break;
    default: break; // an index, or what later versions add: no values
    }
    if (m_leftInPage > m_left)
        damaged(tr("it has more values than it says"));
}

void ColumnReader::openDictionary(const PageHeader &page, std::string_view packed)
{
    if (page.bytes > kLargestDictionary)
        damaged(tr("its dictionary is larger than what is read"));
    m_dictionaryPage = unpacked(packed, page.bytes);
    m_plainBit = 0;
    m_dictionaryTexts.clear();
    m_dictionaryNumbers.clear();
    ByteCursor cursor(m_dictionaryPage);
    // Each value takes bytes of the page, so that its end also ends a wrong count; fixed texts of no bytes are refused with the schema.
    for (std::int64_t i = 0; i < page.values; ++i) {
        readPlain(cursor);
        if (isText())
            m_dictionaryTexts.push_back(m_bytes);
        else
            m_dictionaryNumbers.push_back(m_bits);
    }
}

void ColumnReader::openData(const PageHeader &page, std::string_view packed)
{
    constexpr auto kRuns = static_cast<std::int64_t>(Encoding::Rle);
    if ((m_leaf.repetition > 0 && page.repetitionEncoding != kRuns) || (m_leaf.definition > 0 && page.definitionEncoding != kRuns))
        damaged(tr("its levels are written in a way that is not read"));
    m_page = unpacked(packed, page.bytes);
    ByteCursor cursor(m_page);
    const auto levels = [&](int highest) {
        return highest == 0 ? RunDecoder() : RunDecoder(cursor.take(cursor.takeNumber(4)), widthOf(highest));
    };
    m_repetitions = levels(m_leaf.repetition);
    m_definitions = levels(m_leaf.definition);
    m_leftInPage = page.values;
    openValues(page.encoding, cursor.rest());
}

void ColumnReader::openDataV2(const PageHeader &page, std::string_view packed)
{
    if (page.repetitionBytes < 0 || page.definitionBytes < 0)
        damaged(tr("a page lies outside of it"));
    ByteCursor cursor(packed);
    m_repetitions = RunDecoder(cursor.take(static_cast<std::uint64_t>(page.repetitionBytes)), widthOf(m_leaf.repetition));
    m_definitions = RunDecoder(cursor.take(static_cast<std::uint64_t>(page.definitionBytes)), widthOf(m_leaf.definition));
    const std::int64_t size = page.bytes - page.repetitionBytes - page.definitionBytes;
    // A page of nulls only may have nothing to unpack.
    m_page = page.isPacked && !cursor.rest().empty() ? unpacked(cursor.rest(), size) : std::string(cursor.rest());
    m_leftInPage = page.values;
    openValues(page.encoding, m_page);
}

void ColumnReader::openValues(std::int64_t encoding, std::string_view values)
{
    m_encoding = encoding;
    m_plain = ByteCursor(values);
    m_plainBit = 0;
    if (values.empty()) {
        m_encoding = static_cast<std::int64_t>(Encoding::Plain); // nulls only: a value that is asked for is missing
        return;
    }
    switch (static_cast<Encoding>(encoding)) {
    case Encoding::Plain: return;
    case Encoding::PlainDictionary:
    case Encoding::Dictionary: {
        const int width = static_cast<int>(m_plain.takeNumber(1));
        m_indices = RunDecoder(m_plain.rest(), width);
        return;
    }
    case Encoding::Rle:
        if (m_leaf.type != Type::Boolean)
            break;
        m_indices = RunDecoder(m_plain.take(m_plain.takeNumber(4)), 1);
        return;
    case Encoding::DeltaInts:
        if (m_leaf.type != Type::Int32 && m_leaf.type != Type::Int64)
            break;
        m_delta = DeltaDecoder(values);
        return;
    case Encoding::DeltaLengths:
        if (m_leaf.type != Type::ByteArray)
            break;
        openLengths(values);
        return;
    case Encoding::DeltaTexts: {
        if (m_leaf.type != Type::ByteArray && m_leaf.type != Type::FixedBytes)
            break;
        // The lengths of what is shared with the text before, then the rest of each text.
        DeltaDecoder prefixes(values);
        m_prefixes = prefixes;
        if (prefixes.count() > static_cast<std::uint64_t>(kMostInPage))
            damaged(tr("a page has too many values"));
        for (std::uint64_t i = 0; i < prefixes.count(); ++i)
            static_cast<void>(prefixes.next());
        openLengths(prefixes.rest());
        m_text.clear();
        return;
    }
    case Encoding::ByteSplit:
        if (isText() || m_leaf.type == Type::Boolean)
            break;
        m_split = 0;
        m_splitCount = values.size() / static_cast<std::size_t>(bytesOf(m_leaf.type));
        return;
    default: break;
    }
    damaged(tr("its values are written in a way that is not read (encoding {})", encoding));
}

void ColumnReader::openLengths(std::string_view values)
{
    DeltaDecoder lengths(values);
    if (lengths.count() > static_cast<std::uint64_t>(std::min(m_leftInPage, kMostInPage)))
        damaged(tr("a page has too many values"));
    m_lengths.clear();
    m_nextLength = 0;
    for (std::uint64_t i = 0; i < lengths.count(); ++i) {
        const std::int64_t length = lengths.next();
        if (length < 0 || length > kLargestPage)
            damaged(tr("a length is damaged"));
        m_lengths.push_back(static_cast<std::uint32_t>(length));
    }
    m_plain = ByteCursor(lengths.rest());
}

void ColumnReader::readPlain(ByteCursor &cursor)
{
    switch (m_leaf.type) {
    case Type::Boolean:
        m_bits = bitsAt(cursor.rest(), m_plainBit++, 1);
        break;
    case Type::ByteArray: m_bytes = cursor.take(cursor.takeNumber(4)); break;
    case Type::FixedBytes: m_bytes = cursor.take(static_cast<std::uint64_t>(m_leaf.length)); break;
    case Type::Int96: m_bytes = cursor.take(12); break;
    default: m_bits = extended(m_leaf.type, cursor.takeNumber(bytesOf(m_leaf.type)));
    }
}

void ColumnReader::readDeltaText()
{
    const std::int64_t prefix = m_prefixes.next();
    if (prefix < 0 || static_cast<std::uint64_t>(prefix) > m_text.size() || m_nextLength >= m_lengths.size())
        damaged(tr("a length is damaged"));
    m_text.resize(static_cast<std::size_t>(prefix));
    m_text += m_plain.take(m_lengths[m_nextLength++]);
    m_bytes = m_text;
    if (m_leaf.type == Type::FixedBytes && m_bytes.size() != static_cast<std::size_t>(m_leaf.length))
        damaged(tr("a length is damaged"));
}

void ColumnReader::readValue()
{
    switch (static_cast<Encoding>(m_encoding)) {
    case Encoding::PlainDictionary:
    case Encoding::Dictionary: {
        const std::uint32_t index = m_indices.next();
        if (index >= (isText() ? m_dictionaryTexts.size() : m_dictionaryNumbers.size()))
            damaged(tr("its dictionary has no value {}", index));
        if (isText())
            m_bytes = m_dictionaryTexts[index];
        else
            m_bits = m_dictionaryNumbers[index];
        return;
    }
    case Encoding::Rle: m_bits = m_indices.next(); return;
    case Encoding::DeltaInts: m_bits = extended(m_leaf.type, static_cast<std::uint64_t>(m_delta.next())); return;
    case Encoding::DeltaLengths:
        if (m_nextLength >= m_lengths.size())
            damaged(tr("values are missing"));
        m_bytes = m_plain.take(m_lengths[m_nextLength++]);
        return;
    case Encoding::DeltaTexts: return readDeltaText();
    case Encoding::ByteSplit: {
        if (m_split >= m_splitCount)
            damaged(tr("values are missing"));
        m_bits = 0;
        const int bytes = bytesOf(m_leaf.type);
        for (int i = 0; i < bytes; ++i)
            m_bits |= bitsAt(m_plain.rest(), (static_cast<std::uint64_t>(i) * m_splitCount + m_split) * 8, 8) << (8 * i);
        m_bits = extended(m_leaf.type, m_bits);
        ++m_split;
        return;
    }
    default: readPlain(m_plain);
    }
}

} // namespace fettle::data::parquet
