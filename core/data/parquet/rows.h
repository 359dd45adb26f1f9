// The rows of a Parquet file as JSON objects, one after the other: nested lists and groups are put together from the levels of their columns
// (Dremel). Needs the memory of one page for each column. Throws Damage.
#pragma once

#include "core/data/parquet/columnreader.h"

namespace fettle::data::parquet {

struct Node {
    std::string name;
    bool isOptional = false, isRepeated = false;
    bool isList = false;        // a group whose only child is the list
    int definition = 0, repetition = 0; // the levels at which it is there
    std::vector<Node> children; // empty: a leaf
    std::size_t firstLeaf = 0, endLeaf = 0;
    Meaning meaning = Meaning::Plain;
    std::int64_t scale = 0;
    Unit unit = Unit::Millis;
    bool isUtc = false;
};

class Rows {
public:
    // bytes: the whole file, which stays where it is.
    explicit Rows(std::string_view bytes);
    [[nodiscard]] std::int64_t count() const { return m_facts.rows; }
    // Replaces json by the next row. False: there is none. A row of more than `most` bytes is damage: runs and dictionaries let a file of some
    // bytes claim billions of values in one row.
    [[nodiscard]] bool next(std::string &json, std::uint64_t most);
    // Columns whose values have no meaning as text, each named once.
    [[nodiscard]] const std::vector<std::string> &unreadable() const { return m_unreadable; }

private:
    Node makeNode(std::size_t &place, std::string path, int definition, int repetition, int depth);
    void addLeaf(Node &node, const SchemaElement &element, std::string path);
    void checkCounts() const;
    void beginGroup();
    void endGroup();
    void writeValue(const Node &node, std::string &json);
    void writeContent(const Node &node, std::string &json);
    void writeMembers(const Node &group, std::string &json, bool areNullsLeftOut);
    void writeList(const Node &repeated, bool isWrapped, std::string &json);
    void writeLeaf(const Node &node, std::string &json);
    [[nodiscard]] bool isThere(const Node &node, int level);
    [[nodiscard]] bool goesOn(const Node &node);
    void skip(const Node &node);

    std::string_view m_bytes;
    FileFacts m_facts;
    Node m_root;
    std::vector<ColumnReader> m_columns;
    std::vector<std::string> m_unreadable;
    std::size_t m_group = 0;
    std::int64_t m_leftInGroup = 0;
    bool m_isInGroup = false;
    std::uint64_t m_most = 0; // of the row at hand
};

} // namespace fettle::data::parquet
