#include "core/data/lossledger.h"

#include "core/data/textchecks.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string_view>
#include <unordered_map>

namespace fettle::data {

namespace {

constexpr std::size_t kFewTexts = 200;       // below, every word counts
constexpr double kLeastSharedWeight = 0.25;  // of the words of a question: less in common is no kin
constexpr int kLeastSharedWords = 2;         // one rare word in common is chance
constexpr std::size_t kLeastKin = 3;         // fewer say nothing about a row

// Loss from which a reading belongs to the hardest share; infinity where nothing was read.
float hardFrom(const std::vector<float> &last, const VerdictLimits &limits)
{
    std::vector<float> read;
    std::ranges::copy_if(last, std::back_inserter(read), [](float loss) { return std::isfinite(loss); });
    if (read.empty())
        return std::numeric_limits<float>::infinity();
    const auto rank = static_cast<std::ptrdiff_t>(std::min(static_cast<double>(read.size() - 1), std::floor((1.0 - limits.hardShare) * static_cast<double>(read.size()))));
    std::nth_element(read.begin(), read.begin() + rank, read.end());
    return std::max(read[static_cast<std::size_t>(rank)], static_cast<float>(limits.hardLoss));
}

struct Course { // of one row, over the readings that exist
    float first = 0, second = 0, lowest = 0, last = 0;
    int readings = 0;
};

Course courseOf(const LossTable &table, std::size_t row)
{
    Course course;
    for (const std::vector<float> &reading : table.losses) {
        if (row >= reading.size() || !std::isfinite(reading[row]))
            continue;
        const float loss = reading[row];
        if (course.readings == 0)
            course.first = course.lowest = loss;
        else if (course.readings == 1)
            course.second = loss;
        course.lowest = std::min(course.lowest, loss);
        course.last = loss;
        ++course.readings;
    }
    return course;
}

bool isAboveKin(float loss, const std::vector<std::int32_t> &kin, const std::vector<float> &last, double factor)
{
    double sum = 0;
    std::size_t known = 0;
    for (const std::int32_t other : kin) {
        if (const float value = last[static_cast<std::size_t>(other)]; std::isfinite(value)) {
            sum += static_cast<double>(value);
            ++known;
        }
    }
    return known >= kLeastKin && static_cast<double>(loss) > factor * sum / static_cast<double>(known);
}

template <class Use>
void forWords(std::string_view text, Use &&use)
{
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = std::min(text.find_first_of(" \n\t", at), text.size());
        if (end > at)
            use(text.substr(at, end - at));
        at = end + 1;
    }
}

} // namespace

Verdict firstVerdict(VerdictBits bits)
{
    for (const Verdict verdict : kVerdicts) {
        if (bits & bitOf(verdict))
            return verdict;
    }
    return Verdict::None;
}

std::vector<float> lastLosses(const LossTable &table)
{
    std::vector<float> last(table.rows.size(), std::numeric_limits<float>::quiet_NaN());
    for (const std::vector<float> &reading : table.losses) {
        for (std::size_t row = 0; row < std::min(last.size(), reading.size()); ++row) {
            if (std::isfinite(reading[row]))
                last[row] = reading[row];
        }
    }
    return last;
}

std::vector<VerdictBits> verdictsOf(const LossTable &table, std::span<const std::vector<std::int32_t>> kin, const VerdictLimits &limits)
{
    std::vector<VerdictBits> bits(table.rows.size(), 0);
    const std::vector<float> last = lastLosses(table);
    const float hard = hardFrom(last, limits);
    const auto times = [](double factor, float loss) { return static_cast<float>(factor) * loss; };
    for (std::size_t row = 0; row < bits.size(); ++row) {
        const Course course = courseOf(table, row);
        if (course.readings == 0)
            continue;
        const bool isHard = course.last >= hard;
        const auto rise = static_cast<float>(limits.rise);
        if (isHard && row < kin.size() && isAboveKin(course.last, kin[row], last, limits.aboveKin))
            bits[row] |= bitOf(Verdict::Suspicious);
        if (course.readings < 2)
            continue;
        if (course.last >= course.lowest + rise && course.lowest <= course.first - rise)
            bits[row] |= bitOf(Verdict::Forgotten);
        else if (isHard)
            bits[row] |= bitOf(course.last > times(limits.flatShare, course.first) ? Verdict::NeverLearnt : Verdict::Slow);
        else if (course.first >= static_cast<float>(limits.hardLoss) && course.second <= times(limits.onceShare, course.first))
            bits[row] |= bitOf(Verdict::AtOnce);
    }
    return bits;
}

std::vector<LossBand> lossBands(const LossTable &table)
{
    std::vector<LossBand> bands;
    for (const std::vector<float> &reading : table.losses) {
        std::vector<float> read;
        std::ranges::copy_if(reading, std::back_inserter(read), [](float loss) { return std::isfinite(loss); });
        if (read.empty()) {
            constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
            bands.push_back({kNone, kNone, kNone});
            continue;
        }
        const auto at = [&](double share) {
            const auto rank = static_cast<std::ptrdiff_t>(share * static_cast<double>(read.size() - 1));
            std::nth_element(read.begin(), read.begin() + rank, read.end());
            return static_cast<double>(read[static_cast<std::size_t>(rank)]);
        };
        bands.push_back({at(0.1), at(0.5), at(0.9)});
    }
    return bands;
}

std::vector<std::vector<std::int32_t>> kinOf(std::span<const std::string> questions, std::span<const std::int32_t> wanted, std::size_t count)
{
    std::vector<std::string> texts;
    for (const std::string &question : questions)
        texts.push_back(normalForm(question));
    std::unordered_map<std::string_view, std::vector<std::int32_t>> rowsOfWord;
    for (std::size_t row = 0; row < texts.size(); ++row) {
        forWords(texts[row], [&](std::string_view word) {
            std::vector<std::int32_t> &rows = rowsOfWord[word];
            if (rows.empty() || rows.back() != static_cast<std::int32_t>(row))
                rows.push_back(static_cast<std::int32_t>(row));
        });
    }
    const std::size_t common = texts.size() <= kFewTexts ? texts.size() / 2 : std::max(kFewTexts / 2, texts.size() / 100);
    std::vector<std::vector<std::int32_t>> kin(texts.size());
    std::vector<double> weight(texts.size(), 0.0);
    std::vector<int> shared(texts.size(), 0);
    std::vector<std::int32_t> met;
    for (const std::int32_t row : wanted) {
        double own = 0;
        forWords(texts[static_cast<std::size_t>(row)], [&](std::string_view word) {
            const std::vector<std::int32_t> &rows = rowsOfWord[word];
            if (rows.size() > common || rows.size() < 2) // a word that nobody shares says nothing
                return;
            const double rarity = std::log(static_cast<double>(texts.size()) / static_cast<double>(rows.size()));
            own += rarity;
            for (const std::int32_t other : rows) {
                if (weight[static_cast<std::size_t>(other)] == 0.0)
                    met.push_back(other);
                weight[static_cast<std::size_t>(other)] += rarity;
                ++shared[static_cast<std::size_t>(other)];
            }
        });
        std::erase_if(met, [&](std::int32_t other) {
            const bool isKin = other != row && shared[static_cast<std::size_t>(other)] >= kLeastSharedWords
                && weight[static_cast<std::size_t>(other)] >= kLeastSharedWeight * own;
            shared[static_cast<std::size_t>(other)] = 0;
            if (!isKin)
                weight[static_cast<std::size_t>(other)] = 0.0;
            return !isKin;
        });
        const std::size_t kept = std::min(count, met.size());
        std::partial_sort(met.begin(), met.begin() + static_cast<std::ptrdiff_t>(kept), met.end(), [&](std::int32_t a, std::int32_t b) {
            const double left = weight[static_cast<std::size_t>(a)], right = weight[static_cast<std::size_t>(b)];
            return left != right ? left > right : a < b;
        });
        kin[static_cast<std::size_t>(row)].assign(met.begin(), met.begin() + static_cast<std::ptrdiff_t>(kept));
        for (const std::int32_t other : met)
            weight[static_cast<std::size_t>(other)] = 0.0;
        met.clear();
    }
    return kin;
}

} // namespace fettle::data
