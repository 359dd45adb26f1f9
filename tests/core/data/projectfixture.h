// What the tests of a project share.
#pragma once

#include "core/engine/project.h"

#include <vector>

namespace fixture {

using namespace fettle;
using namespace fettle::engine;
using data::makePair;
using data::Record;
using data::Split;

inline std::vector<std::int64_t> numbers(const Result<std::vector<RecordId>> &ids)
{
    std::vector<std::int64_t> result;
    if (ids) {
        for (const RecordId id : *ids)
            result.push_back(id.value);
    }
    return result;
}

inline std::vector<Record> someRecords()
{
    std::vector<Record> records;
    records.push_back(makePair("Where do cats wait?", "", "In room 5."));
    records.push_back(makePair("Wo warten Hunde?", "Ein Café am See", "Im Garten.", "Answer briefly."));
    records.push_back(makePair("Which line goes to the laboratory?", "", ""));
    records.push_back(makePair("Where do cats wait?", "", "In room 6."));
    records.push_back(makePair("Which day is for rabbits?", "", "Thursday."));
    records[0].tags = {"cats", "rooms"};
    records[1].tags = {"dogs"};
    records[3].tags = {"cats"};
    records[4].split = Split::HeldOut;
    records[4].note = "fact: Thursday";
    records[4].source = "rules.csv, line 6";
    records[4].rating = 4;
    return records;
}

} // namespace fixture
