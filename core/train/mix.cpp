#include "core/train/mix.h"

#include "core/train/settings.h"

#include <algorithm>
#include <cmath>
#include <set>

namespace fettle::train {

namespace {

constexpr std::string_view kTag = "tag:";

bool isIn(const data::Record &record, const std::string &set)
{
    if (set.starts_with(kTag))
        return std::ranges::find(record.tags, std::string_view(set).substr(kTag.size())) != record.tags.end();
    return setOf(record) == set;
}

} // namespace

std::string setOf(const data::Record &record)
{
    if (record.source.empty())
        return std::string(kOwnSet);
    const std::size_t comma = record.source.find(", ") == std::string::npos ? std::string::npos : record.source.rfind(',');
    return record.source.substr(0, comma);
}

double weightOf(const data::Record &record, const std::map<std::string, double> &weights)
{
    double weight = 1;
    for (const auto &[set, factor] : weights) {
        if (isIn(record, set))
            weight *= factor;
    }
    return weight;
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
        byRecord[record.id] = weightOf(record, *weights);
        for (const auto &[name, weight] : *weights) {
            if (isIn(record, name))
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
