// The values of one column of a Parquet file, one after the other with their levels, page by page: one unpacked page and one dictionary are in
// memory at a time. Throws Damage.
#pragma once

#include "core/data/parquet/decoders.h"
#include "core/data/parquet/metadata.h"

namespace fettle::data::parquet {

struct Leaf {
    std::string path; // "messages.list.element.role"
    Type type = Type::ByteArray;
    std::int64_t length = 0; // of FixedBytes
    int definition = 0, repetition = 0; // the highest levels
};

class ColumnReader {
public:
    ColumnReader(std::string_view file, Leaf leaf) : m_file(file), m_leaf(std::move(leaf)) { }
    [[nodiscard]] const Leaf &leaf() const { return m_leaf; }
    // Begins with the column's part of the next row group.
    void begin(const ColumnChunk &chunk);

    // The entry at hand. At the end of the chunk there is none, and its levels are 0.
    [[nodiscard]] bool hasEntry() { return load(); }
    [[nodiscard]] int repetition() { return load() ? m_repetition : 0; }
    [[nodiscard]] int definition() { return load() ? m_definition : 0; }
    [[nodiscard]] bool hasValue() { return load() && m_definition == m_leaf.definition; }
    // Its value, where it has one; bytes() until the next entry. Numbers: whole ones extended to 64 bits, real ones as their bits.
    [[nodiscard]] std::string_view bytes() const { return m_bytes; }
    [[nodiscard]] std::uint64_t bits() const { return m_bits; }
    void next() { m_isLoaded = false; }

    [[noreturn]] void damaged(const std::string &why) const;

private:
    bool load();
    void openPage();
    void openDictionary(const PageHeader &page, std::string_view packed);
    void openData(const PageHeader &page, std::string_view packed);
    void openDataV2(const PageHeader &page, std::string_view packed);
    void openValues(std::int64_t encoding, std::string_view values);
    void openLengths(std::string_view values);
    void readValue();
    void readPlain(ByteCursor &cursor);
    void readDeltaText();
    [[nodiscard]] bool isText() const { return m_leaf.type == Type::ByteArray || m_leaf.type == Type::FixedBytes || m_leaf.type == Type::Int96; }
    [[nodiscard]] std::string unpacked(std::string_view packed, std::int64_t size) const;

    std::string_view m_file;
    Leaf m_leaf;
    ColumnChunk m_chunk;
    std::size_t m_place = 0, m_end = 0; // in the file
    std::int64_t m_left = 0;            // entries of the chunk
    std::int64_t m_leftInPage = 0;

    std::string m_dictionaryPage;
    std::vector<std::string_view> m_dictionaryTexts;
    std::vector<std::uint64_t> m_dictionaryNumbers;
    std::string m_page;
    std::int64_t m_encoding = 0;
    RunDecoder m_repetitions, m_definitions, m_indices;
    ByteCursor m_plain;
    std::uint64_t m_plainBit = 0; // of booleans
    DeltaDecoder m_delta, m_prefixes;
    std::vector<std::uint32_t> m_lengths; // of delta-coded texts
    std::size_t m_nextLength = 0;
    std::string m_text;      // a text that was put together
    std::uint64_t m_split = 0, m_splitCount = 0; // ByteSplit: value at hand, values

    bool m_isLoaded = false;
    int m_repetition = 0, m_definition = 0;
    std::string_view m_bytes;
    std::uint64_t m_bits = 0;
};

} // namespace fettle::data::parquet
