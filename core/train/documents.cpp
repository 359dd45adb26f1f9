#include "core/train/documents.h"

#include "core/base/caught.h"
#include "core/base/clock.h"
#include "core/base/words.h"

#include <algorithm>
#include <atomic>
#include <fmt/format.h>
#include <thread>

namespace fettle::train {
namespace {

// Result of one record. A row that cannot be labelled has an error.
struct Labelled {
    Document document;
    std::int64_t length = 0;
    bool isCut = false, isEndless = false;
    std::optional<Error> error;
};

Labelled labelOne(const data::Record &record, const LabelFunction &label)
{
    Labelled result;
    auto tokens = caught([&] { return label(record); }); // on a thread of its own
    if (!tokens) {
        result.error = tokens.error();
        return result;
    }
    const auto kept = static_cast<std::ptrdiff_t>(std::clamp<std::int64_t>(tokens->kept, 0, static_cast<std::int64_t>(tokens->ids.size())));
    result.document.record = record.id;
    result.document.ids.assign(tokens->ids.begin(), tokens->ids.begin() + kept);
    result.document.trained.assign(tokens->trained.begin(), tokens->trained.begin() + kept);
    result.length = static_cast<std::int64_t>(tokens->ids.size());
    result.isCut = tokens->cut() > 0;
    result.isEndless = std::ranges::any_of(tokens->warnings, [](const auto &warning) { return warning.code == data::kMissingEndWarning; });
    return result;
}

} // namespace

Result<LabelledSet> labelRecords(std::span<const data::Record> records, const LabelFunction &label, int threads,
                                 const ProgressCallback &progress, std::stop_token stop)
{
    std::vector<Labelled> results(records.size());
    std::atomic<std::size_t> next = 0;
    constexpr std::size_t kChunk = 16; // rows that a thread takes at a time
    const auto work = [&](const std::function<void(std::size_t)> &report) {
        for (std::size_t begin = next.fetch_add(kChunk); begin < records.size() && !stop.stop_requested(); begin = next.fetch_add(kChunk)) {
            const std::size_t end = std::min(begin + kChunk, records.size());
            for (std::size_t i = begin; i < end; ++i)
                results[i] = labelOne(records[i], label);
            if (report)
                report(end);
        }
    };

    const auto wanted = threads > 0 ? static_cast<std::size_t>(threads) : std::max<std::size_t>(std::thread::hardware_concurrency(), 1);
    const std::size_t used = std::min(wanted, records.size() / kChunk + 1);
    {
        std::vector<std::jthread> helpers;
        for (std::size_t i = 1; i < used; ++i)
            helpers.emplace_back([&work] { work({}); });
        Stopwatch sinceReport;
        work([&](std::size_t done) { // progress is reported by the calling thread only
            if (!progress || (sinceReport.seconds() < 0.04 && done < records.size()))
                return;
            sinceReport.restart();
            progress({tr("Tokenising rows"), static_cast<std::int64_t>(done), static_cast<std::int64_t>(records.size()), -1.0});
        });
    }
    if (stop.stop_requested())
        return fail(ErrorCode::Cancelled, tr("Tokenising the rows was cancelled."));

    LabelledSet set;
    for (std::size_t i = 0; i < results.size(); ++i) {
        Labelled &result = results[i];
        if (result.error) {
            set.failed.push_back(records[i].id);
            if (!set.firstFailure)
                set.firstFailure = result.error;
            continue;
        }
        set.longest = std::max(set.longest, result.length);
        if (result.isCut)
            set.cut.push_back(records[i].id);
        if (result.isEndless)
            set.endless.push_back(records[i].id);
        const std::int64_t trained = result.document.trainedTokens();
        if (trained == 0) {
            set.dropped.push_back(records[i].id);
            continue;
        }
        set.tokens += result.document.length();
        set.trainedTokens += trained;
        set.documents.push_back(std::move(result.document));
    }
    return set;
}

} // namespace fettle::train
