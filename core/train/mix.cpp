#include "core/train/mix.h"

#include "core/train/mixshares.h"
#include "core/train/settings.h"

#include <algorithm>
#include <cmath>
#include <set>

namespace fettle::train {

std::string sourceOf(const data::Record &record)
{
    const std::size_t comma = record.source.find(", ") == std::string::npos ? std::string::npos : record.source.rfind(',');
    return record.source.substr(0, comma);
}

Result<std::vector<std::string>> applyMix(LabelledSet &set, std::span<const data::Record> records, std::string_view mix)
{
    const auto weights = parseWeights(mix);
    if (!weights)
        return passError(weights);
    std::vector<std::string> unknown;
    if (weights->empty())
        return unknown;
    std::map<RecordId, double> byRecord;
    std::set<std::string> met;
    for (const data::Record &record : records) {
        const std::string source = sourceOf(record);
        byRecord[record.id] = weightOf(source, record.tags, *weights);
        for (const auto &[name, weight] : *weights) {
            if (isInSet(source, record.tags, name))
                met.insert(name);
        }
    }
    double tokens = 0, trained = 0;
    for (Document &document : set.documents) {
        document.weight = byRecord[document.record];
        tokens += document.weight * static_cast<double>(document.length());
        trained += document.weight * static_cast<double>(document.trainedTokens());
    }
    std::erase_if(set.documents, [](const Document &document) { return document.weight <= 0; });
    set.tokens = std::llround(tokens);
    set.trainedTokens = std::llround(trained);
    for (const auto &[name, weight] : *weights) {
        if (!met.contains(name))
            unknown.push_back(name);
    }
    return unknown;
}

} // namespace fettle::train
