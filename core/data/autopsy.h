// The autopsy before a run: what the base model makes of the records before it learns anything from them. From its loss on the answers and on
// the questions come three findings: known already, surprising, odd wording. Values in, values out; knows no model and no database.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fettle::data {

// Mean loss (nats for each token) of one content; NaN where there is no such token.
struct BaseLoss {
    std::string hash; // of the content
    double answer = 0, question = 0;
};

struct AutopsyLimits {
    double known = 0;      // an answer below this is known already
    double surprising = 0; // an answer above this surprises the model
    double odd = 0;        // a question above this is oddly worded; infinity: too few records to say so
};
// Known: each token has even odds or better. Surprising and odd: far above the middle of the project, measured by its own spread.
[[nodiscard]] AutopsyLimits autopsyLimits(const std::vector<double> &answers, const std::vector<double> &questions);

[[nodiscard]] std::string autopsyLimitsText(const AutopsyLimits &limits);
[[nodiscard]] std::optional<AutopsyLimits> autopsyLimitsFrom(std::string_view text);

// What an autopsy found, for one line of words.
struct AutopsySummary {
    std::string model;         // whose loss it is; empty: there was no autopsy
    std::int64_t measured = 0; // records that are not rejected and have a loss
    double middle = 0;         // median loss of the answers
};

} // namespace fettle::data
