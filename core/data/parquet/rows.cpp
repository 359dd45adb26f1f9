#include "core/data/parquet/rows.h"

#include "core/base/words.h"
#include "core/data/parquet/valuetext.h"

#include <algorithm>
#include <fmt/format.h>

namespace fettle::data::parquet {

namespace {

constexpr int kDeepestColumn = 24;
constexpr std::size_t kMostLeaves = 4096;

// Whether the child of a list stands for its elements themselves (older writers) instead of framing them.
bool isElement(const Node &list, const Node &repeated)
{
    return repeated.children.size() != 1 || repeated.name == "array" || repeated.name == list.name + "_tuple";
}

} // namespace

Rows::Rows(std::string_view bytes) : m_bytes(bytes), m_facts(readFacts(bytes))
{
    std::size_t place = 0;
    if (m_facts.schema.empty() || m_facts.schema.front().type)
        throw Damage{tr("its list of columns is damaged")};
    m_root = makeNode(place, {}, 0, 0, 0);
    if (place != m_facts.schema.size() || m_columns.empty())
        throw Damage{tr("its list of columns is damaged")};
    checkCounts();
}

// A row needs a byte of the file or two; what claims more is no data but a trap.
void Rows::checkCounts() const
{
    std::int64_t rows = 0;
    const auto most = static_cast<std::int64_t>(m_bytes.size()) + (1 << 16);
    for (const RowGroup &group : m_facts.groups) {
        if (group.rows < 0 || group.rows > most - rows)
            throw Damage{tr("it claims more rows than a file of its size can hold")};
        if (group.columns.size() != m_columns.size())
            throw Damage{tr("a row group has {} columns instead of {}", group.columns.size(), m_columns.size())};
        rows += group.rows;
    }
    if (rows != m_facts.rows)
        throw Damage{tr("it claims {} rows and has {}", m_facts.rows, rows)};
}

Node Rows::makeNode(std::size_t &place, std::string path, int definition, int repetition, int depth)
{
    if (place >= m_facts.schema.size() || depth > kDeepestColumn)
        throw Damage{tr("its list of columns is damaged or nested too deeply")};
    const SchemaElement &element = m_facts.schema[place++];
    Node node;
    node.name = element.name;
    node.isOptional = depth > 0 && element.repetition == Repetition::Optional;
    node.isRepeated = depth > 0 && element.repetition == Repetition::Repeated;
    node.definition = definition + (node.isOptional || node.isRepeated ? 1 : 0);
    node.repetition = repetition + (node.isRepeated ? 1 : 0);
    node.firstLeaf = m_columns.size();
    if (depth > 0)
        path += (path.empty() ? "" : ".") + element.name;
    if (element.type) {
        addLeaf(node, element, std::move(path));
    } else {
        if (element.children < 1 || static_cast<std::uint64_t>(element.children) > m_facts.schema.size())
            throw Damage{tr("its list of columns is damaged")};
        for (std::int64_t i = 0; i < element.children; ++i)
            node.children.push_back(makeNode(place, path, node.definition, node.repetition, depth + 1));
        node.isList = element.meaning == Meaning::List && node.children.size() == 1 && node.children.front().isRepeated;
    }
    node.endLeaf = m_columns.size();
    return node;
}

void Rows::addLeaf(Node &node, const SchemaElement &element, std::string path)
{
    if (m_columns.size() >= kMostLeaves)
        throw Damage{tr("it has more than {} columns", kMostLeaves)};
    if (element.type == Type::FixedBytes && (element.length < 1 || element.length > (1 << 20)))
        throw Damage{tr("its list of columns is damaged")};
    node.meaning = isReadable(element) ? element.meaning : Meaning::Unreadable;
    node.scale = element.scale;
    node.unit = element.unit;
    node.isUtc = element.isUtc;
    if (node.meaning == Meaning::Unreadable)
        m_unreadable.push_back(path);
    m_columns.emplace_back(m_bytes, Leaf{std::move(path), *element.type, element.length, node.definition, node.repetition});
}

void Rows::beginGroup()
{
    const RowGroup &group = m_facts.groups[m_group];
    for (std::size_t i = 0; i < m_columns.size(); ++i)
        m_columns[i].begin(group.columns[i]);
    m_leftInGroup = group.rows;
    m_isInGroup = true;
}

void Rows::endGroup()
{
    for (ColumnReader &column : m_columns) {
        if (column.hasEntry())
            column.damaged(tr("it has values behind its last row"));
    }
    m_isInGroup = false;
    ++m_group;
}

bool Rows::next(std::string &json, std::uint64_t most)
{
    m_most = most;
    while (!m_isInGroup || m_leftInGroup == 0) {
        if (m_isInGroup)
            endGroup();
        if (m_group == m_facts.groups.size())
            return false;
        beginGroup();
    }
    for (ColumnReader &column : m_columns) {
        if (!column.hasEntry() || column.repetition() != 0)
            column.damaged(tr("it has fewer values than rows"));
    }
    json.clear();
    writeMembers(m_root, json, false);
    --m_leftInGroup;
    return true;
}

// Whether the columns of a part have reached its level; they must agree.
bool Rows::isThere(const Node &node, int level)
{
    const bool first = m_columns[node.firstLeaf].definition() >= level;
    for (std::size_t i = node.firstLeaf; i < node.endLeaf; ++i) {
        if (!m_columns[i].hasEntry() || (m_columns[i].definition() >= level) != first)
            m_columns[i].damaged(tr("it does not agree with its neighbours"));
    }
    return first;
}

bool Rows::goesOn(const Node &node)
{
    const bool first = m_columns[node.firstLeaf].repetition() == node.repetition;
    for (std::size_t i = node.firstLeaf; i < node.endLeaf; ++i) {
        const int repetition = m_columns[i].repetition();
        if ((repetition == node.repetition) != first || repetition > node.repetition)
            m_columns[i].damaged(tr("it does not agree with its neighbours"));
    }
    return first;
}

void Rows::skip(const Node &node)
{
    for (std::size_t i = node.firstLeaf; i < node.endLeaf; ++i)
        m_columns[i].next();
}

void Rows::writeValue(const Node &node, std::string &json)
{
    if (node.isRepeated)
        return writeList(node, false, json);
    if (node.isOptional && !isThere(node, node.definition)) {
        skip(node);
        json += "null";
        return;
    }
    writeContent(node, json);
}

void Rows::writeContent(const Node &node, std::string &json)
{
    if (node.children.empty())
        return writeLeaf(node, json);
    if (node.isList)
        return writeList(node.children.front(), !isElement(node, node.children.front()), json);
    writeMembers(node, json, true);
}

// A group within a row has all members of its kind; those that are null stand for what this one does not have.
void Rows::writeMembers(const Node &group, std::string &json, bool areNullsLeftOut)
{
    json += '{';
    bool isFirst = true;
    for (const Node &child : group.children) {
        if (areNullsLeftOut && child.isOptional && !isThere(child, child.definition)) {
            skip(child);
            continue;
        }
        if (!isFirst)
            json += ", ";
        isFirst = false;
        appendJsonText(json, child.name);
        json += ": ";
        writeValue(child, json);
    }
    json += '}';
}

void Rows::writeList(const Node &repeated, bool isWrapped, std::string &json)
{
    if (!isThere(repeated, repeated.definition)) {
        skip(repeated);
        json += "[]";
        return;
    }
    json += '[';
    for (bool isFirst = true; isFirst || goesOn(repeated); isFirst = false) {
        if (!isFirst)
            json += ", ";
        if (isWrapped)
            writeValue(repeated.children.front(), json);
        else
            writeContent(repeated, json);
    }
    json += ']';
}

void Rows::writeLeaf(const Node &node, std::string &json)
{
    ColumnReader &column = m_columns[node.firstLeaf];
    if (!column.hasValue())
        column.damaged(tr("a value is missing"));
    appendValue(json, column, node);
    if (json.size() > m_most)
        throw Damage{tr("it would grow beyond {} MB, more than text does", m_most >> 20)};
    column.next();
}

} // namespace fettle::data::parquet
