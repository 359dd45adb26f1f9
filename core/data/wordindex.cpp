// The format is that of SQLite's fts5_index.c. A segment is a sorted list of terms over many pages ("leaves"). A leaf begins with two numbers of two
// bytes: where the first row number stands that belongs to a term of an earlier leaf (0: none), and where the list of the places of its terms begins.
// A term is followed by its rows: the number of the row (the first of a leaf or of a term whole, the others as a difference), the size of
// what follows times two, and the positions in the text, which may run over the next leaves. The index is only ever added to: nothing is marked as deleted.
#include "core/data/wordindex.h"

#include "core/store/database.h"
#include "core/store/idset.h"

#include <algorithm>
#include <cctype>
#include <vector>

namespace fettle::data {

namespace {

constexpr std::int64_t kStructureId = 10; // of the row that lists the segments
constexpr int kSegmentShift = 37;         // a leaf's row number: segment << 37 | page
constexpr std::int64_t kLargestSegment = 0xFFFF, kLargestPage = (std::int64_t{1} << 31) - 1;
constexpr char kMainIndex = '0';          // stands before each term of the main index
constexpr std::size_t kHeader = 4;        // bytes of a leaf before its content

// Reads numbers in SQLite's form; `isBroken` instead of reading past the end.
class Reader {
public:
    explicit Reader(std::string_view bytes, std::size_t at = 0) : m_bytes(bytes), m_at(at) { }
    std::uint64_t number()
    {
        std::uint64_t value = 0;
        for (int i = 0; i < 9; ++i) {
            if (m_at >= m_bytes.size()) {
                isBroken = true;
                return 0;
            }
            const auto byte = static_cast<unsigned char>(m_bytes[m_at++]);
            if (i == 8)
                return value << 8 | byte;
            value = value << 7 | (byte & 0x7F);
            if (byte < 0x80)
                return value;
        }
        return value;
    }
    std::string_view bytes(std::size_t count)
    {
        if (count > m_bytes.size() - std::min(m_at, m_bytes.size())) {
            isBroken = true;
            return {};
        }
        m_at += count;
        return m_bytes.substr(m_at - count, count);
    }
    [[nodiscard]] std::size_t at() const { return m_at; }
    void moveTo(std::size_t at) { m_at = at; }
    bool isBroken = false;

private:
    std::string_view m_bytes;
    std::size_t m_at;
};

std::size_t twoBytes(std::string_view bytes, std::size_t at)
{
    return static_cast<std::size_t>(static_cast<unsigned char>(bytes[at])) << 8 | static_cast<unsigned char>(bytes[at + 1]);
}

struct Segment { std::int64_t id = 0, first = 0, last = 0; };

Result<std::optional<std::vector<Segment>>> readSegments(const store::Database &database)
{
    auto statement = database.prepare("SELECT block FROM contentText_data WHERE id = ?");
    if (!statement)
        return passError(statement);
    const auto hasRow = statement->bind(kStructureId).step();
    if (!hasRow)
        return passError(hasRow);
    std::vector<Segment> segments;
    if (!*hasRow)
        return std::optional(segments);
    const std::string block = statement->text(0);
    if (block.size() < 7 || static_cast<unsigned char>(block[4]) == 0xFF) // a newer form
        return std::optional<std::vector<Segment>>();
    Reader reader(block, 4);
    const std::uint64_t levels = reader.number();
    const std::uint64_t total = reader.number();
    reader.number(); // how often was written
    for (std::uint64_t level = 0; level < levels && !reader.isBroken; ++level) {
        reader.number(); // being merged
        const std::uint64_t count = reader.number();
        for (std::uint64_t i = 0; i < count && !reader.isBroken; ++i) {
            Segment segment;
            segment.id = static_cast<std::int64_t>(reader.number());
            segment.first = static_cast<std::int64_t>(reader.number());
            segment.last = static_cast<std::int64_t>(reader.number());
            if (segment.id <= 0 || segment.id > kLargestSegment || segment.first < 0 || segment.last < segment.first || segment.last > kLargestPage)
                return std::optional<std::vector<Segment>>();
            segments.push_back(segment);
        }
    }
    if (reader.isBroken || segments.size() != total)
        return std::optional<std::vector<Segment>>();
    return std::optional(std::move(segments));
}

// Goes through the leaves of one segment, one after the other.
class SegmentScan {
public:
    SegmentScan(std::string term, std::int64_t largest, std::string &found) : m_wanted(std::move(term)), m_largest(static_cast<std::uint64_t>(largest)), m_found(found) { }

    enum class State { GoesOn, Ended, Unknown };
    State leaf(std::string_view page)
    {
        if (page.size() < kHeader)
            return State::Unknown;
        const std::size_t firstRow = twoBytes(page, 0), end = twoBytes(page, 2);
        if (end < kHeader || end > page.size())
            return State::Unknown;
        Reader footer(page, end);
        std::size_t term = 0, next = footer.at() < page.size() ? footer.number() : end;
        if (footer.isBroken || next > end || (firstRow != 0 && (firstRow < kHeader || firstRow >= next)))
            return State::Unknown;
        if (m_isMeant) {
            // What is left of a row's positions, then rows that go on.
            const std::string_view content = page.substr(0, end);
            const std::size_t rest = (firstRow != 0 ? firstRow : next) - kHeader;
            if (rest < m_skip && (firstRow != 0 || next < end))
                return State::Unknown;
            m_skip -= std::min(rest, m_skip);
            if (firstRow != 0 && (m_skip != 0 || !rows(content.substr(0, next), firstRow)))
                return State::Unknown;
        }
        while (next < end) {
            const std::size_t begin = next;
            next = footer.at() < page.size() ? begin + footer.number() : end;
            if (footer.isBroken || next <= begin || next > end)
                return State::Unknown;
            Reader reader(page.substr(0, next), begin);
            const std::uint64_t kept = term++ == 0 ? 0 : reader.number();
            const std::uint64_t added = reader.number();
            if (reader.isBroken || kept > m_term.size())
                return State::Unknown;
            m_term.resize(kept);
            m_term += reader.bytes(added);
            if (reader.isBroken)
                return State::Unknown;
            m_isMeant = m_term.starts_with(m_wanted);
            if (!m_isMeant && m_term > m_wanted)
                return State::Ended;
            m_skip = 0;
            if (m_isMeant && !rows(page.substr(0, next), reader.at()))
                return State::Unknown;
        }
        return State::GoesOn;
    }

private:
    // Rows of one term from `at` to the end of the bytes. The first number is whole.
    bool rows(std::string_view bytes, std::size_t at)
    {
        Reader reader(bytes, at);
        std::uint64_t row = 0;
        while (reader.at() < bytes.size()) {
            row += reader.number();
            const std::uint64_t size = reader.number();
            if (reader.isBroken || (size & 1) != 0 || row > m_largest)
                return false;
            store::addId(m_found, static_cast<std::int64_t>(row));
            const std::size_t left = bytes.size() - reader.at();
            m_skip = size / 2 > left ? size / 2 - left : 0;
            reader.moveTo(reader.at() + std::min<std::size_t>(size / 2, left));
        }
        return true;
    }

    std::string m_wanted, m_term;
    std::uint64_t m_largest; // row that there can be: a set has room for as many
    std::string &m_found;
    bool m_isMeant = false;
    std::size_t m_skip = 0; // bytes of positions that stand on the next leaves
};

} // namespace

std::optional<std::string> plainBeginning(std::string_view query)
{
    if (query.size() < 4 || !query.starts_with('"') || !query.ends_with("\"*"))
        return std::nullopt;
    std::string word(query.substr(1, query.size() - 3));
    for (char &c : word) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte >= 0x80 || std::isalnum(byte) == 0)
            return std::nullopt;
        c = static_cast<char>(std::tolower(byte));
    }
    return word;
}

Result<std::optional<std::string>> contentsWithBeginning(const store::Database &database, std::string_view beginning, std::int64_t largest)
{
    const std::optional<std::string> unknown;
    const auto segments = readSegments(database);
    if (!segments)
        return passError(segments);
    if (!*segments)
        return unknown;
    const std::string term = kMainIndex + std::string(beginning);
    auto place = database.prepare("SELECT pgno >> 1 FROM contentText_idx WHERE segid = ? AND term <= ? ORDER BY term DESC LIMIT 1");
    auto pages = database.prepare("SELECT id, block FROM contentText_data WHERE id BETWEEN ? AND ? ORDER BY id");
    if (!place || !pages)
        return passError(place ? pages : place);
    std::string found;
    for (const Segment &segment : **segments) {
        place->reset();
        const auto hasPlace = place->bind(segment.id).bindBytes(term).step();
        if (!hasPlace)
            return passError(hasPlace);
        const std::int64_t first = std::max(segment.first, *hasPlace ? place->integer(0) : segment.first);
        const std::int64_t base = segment.id << kSegmentShift;
        pages->reset();
        pages->bind(base + first).bind(base + segment.last);
        SegmentScan scan(term, largest, found);
        for (std::int64_t expected = base + first;; ++expected) {
            const auto hasPage = pages->step();
            if (!hasPage)
                return passError(hasPage);
            if (!*hasPage && expected != base + segment.last + 1)
                return unknown;
            if (!*hasPage)
                break;
            if (pages->integer(0) != expected)
                return unknown;
            const SegmentScan::State state = scan.leaf(pages->view(1));
            if (state == SegmentScan::State::Unknown)
                return unknown;
            if (state == SegmentScan::State::Ended)
                break;
        }
    }
    return std::optional(std::move(found));
}

} // namespace fettle::data
