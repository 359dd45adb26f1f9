// Rows that hold several records: trees of messages, and instructions with several instances.
#include "core/base/words.h"
#include "core/data/conversation.h"

#include "core/base/utf8.h"

#include <fmt/format.h>

namespace fettle::data {

namespace {

// Every path repeats the beginning of its tree. A row may grow to so many times its own size, and a little row always to 64 KiB: an
// honest tree of OpenAssistant grows three- to tenfold.
constexpr std::size_t kLargestGrowth = 32;
constexpr std::size_t kAlwaysAllowed = 64 * 1024;

std::size_t allowedText(const JsonValue &row)
{
    return std::max(kAlwaysAllowed, (row.end - row.begin) * kLargestGrowth);
}

bool isTrue(const JsonValue *value)
{
    return value != nullptr && value->kind == JsonValue::Kind::Boolean && value->text == "true";
}

bool isTreeNode(const JsonValue &value)
{
    const JsonValue *text = value.find("text");
    const JsonValue *role = value.find("role");
    const JsonValue *replies = value.find("replies");
    return text != nullptr && text->kind == JsonValue::Kind::String && role != nullptr && role->kind == JsonValue::Kind::String && replies != nullptr
        && replies->kind == JsonValue::Kind::Array;
}

void reject(RowOutcome &outcome, std::string field, std::string reason)
{
    outcome = {};
    outcome.field = std::move(field);
    outcome.reason = std::move(reason);
}

void add(RowOutcome &outcome, Record record)
{
    if (outcome.record)
        outcome.more.push_back(std::move(record));
    else
        outcome.record = std::move(record);
}

// Walks a tree and makes a record of every path that ends with an answer to which no other answer follows.
class TreeWalk {
public:
    TreeWalk(const RowPlan &plan, RowOutcome &outcome, std::size_t room) : m_plan(plan), m_outcome(outcome), m_room(room) { }

    // Whether an answer was found at or below the node; nothing: the tree cannot be taken over, and m_outcome says why.
    std::optional<bool> walk(const JsonValue &node)
    {
        if (isTrue(node.find("deleted"))) {
            m_outcome.notices.emplace_back("deletedMessage");
            return false;
        }
        if (!isTreeNode(node)) {
            reject(m_outcome, "replies", tr("a reply is no message with text, role and replies"));
            return std::nullopt;
        }
        const std::string &speaker = node.find("role")->text;
        const auto role = roleIn(m_plan, speaker);
        if (!role) {
            reject(m_outcome, "role", tr("the role \"{}\" is not known", firstCodePoints(speaker, 40)));
            m_outcome.speakers = {speaker};
            return std::nullopt;
        }
        m_outcome.speakers.push_back(speaker);
        m_path.push_back({*role, node.find("text")->text, {}});
        m_length += m_path.back().text.size();
        bool hasAnswer = false;
        for (const JsonValue &reply : node.find("replies")->items) {
            const auto found = walk(reply);
            if (!found)
                return std::nullopt;
            hasAnswer = hasAnswer || *found;
        }
        if (*role == Role::Assistant && !hasAnswer) {
            if (m_length > m_room) {
                reject(m_outcome, "replies", tr("its paths repeat so much text that they would not fit into memory"));
                return std::nullopt;
            }
            m_room -= m_length;
            Record record;
            record.turns = m_path;
            add(m_outcome, std::move(record));
            hasAnswer = true;
        }
        m_length -= m_path.back().text.size();
        m_path.pop_back();
        return hasAnswer;
    }

private:
    const RowPlan &m_plan;
    RowOutcome &m_outcome;
    std::vector<Turn> m_path;
    std::size_t m_room, m_length = 0;
};

std::optional<std::string> instanceText(const JsonValue &instance, const char *field)
{
    const JsonValue *value = instance.find(field);
    if (value == nullptr)
        return std::string();
    return value->isScalar() ? std::optional(value->text) : std::nullopt;
}

} // namespace

const JsonValue *treeIn(const JsonValue &row, std::string &column)
{
    if (row.kind != JsonValue::Kind::Object)
        return nullptr;
    if (isTreeNode(row)) {
        column.clear();
        return &row;
    }
    for (const auto &[name, value] : row.members) {
        if (value.kind == JsonValue::Kind::Object && isTreeNode(value)) {
            column = name;
            return row.find(name);
        }
    }
    return nullptr;
}

RowOutcome recordsFromTree(const JsonValue &row, const RowPlan &plan)
{
    RowOutcome outcome;
    std::string column;
    const JsonValue *root = treeIn(row, column);
    if (root == nullptr) {
        reject(outcome, plan.mapping.at("tree"), tr("holds no tree of messages"));
        return outcome;
    }
    const auto hasAnswer = TreeWalk(plan, outcome, allowedText(row)).walk(*root);
    if (hasAnswer && !*hasAnswer)
        reject(outcome, column, tr("the tree holds no answer"));
    return outcome;
}

bool isListOfInstances(const JsonValue &value)
{
    return value.kind == JsonValue::Kind::Array && !value.items.empty() && value.items.front().kind == JsonValue::Kind::Object
        && value.items.front().find("output") != nullptr;
}

RowOutcome recordsFromInstances(const JsonValue &row, const RowPlan &plan)
{
    RowOutcome outcome;
    const JsonValue *instruction = row.find(plan.mapping.at("instruction"));
    const JsonValue *instances = row.find(plan.mapping.at("instances"));
    if (instruction == nullptr || !instruction->isScalar()) {
        reject(outcome, plan.mapping.at("instruction"), instruction == nullptr ? tr("the field is missing") : tr("a list or an object is not text"));
        return outcome;
    }
    if (instances == nullptr || !isListOfInstances(*instances)) {
        reject(outcome, plan.mapping.at("instances"), tr("is no list of instances with input and output"));
        return outcome;
    }
    std::size_t room = allowedText(row), number = 0;
    for (const JsonValue &instance : instances->items) {
        ++number;
        const auto input = instanceText(instance, "input");
        const auto output = instanceText(instance, "output");
        if (instance.find("output") == nullptr || !input || !output) {
            reject(outcome, plan.mapping.at("instances"), tr("instance {} has no output that is text", number));
            return outcome;
        }
        if (instruction->text.size() + input->size() + output->size() > room) {
            reject(outcome, plan.mapping.at("instances"), tr("its instances repeat so much text that they would not fit into memory"));
            return outcome;
        }
        room -= instruction->text.size() + input->size() + output->size();
        add(outcome, makePair(instruction->text, *input, *output));
    }
    return outcome;
}

} // namespace fettle::data
