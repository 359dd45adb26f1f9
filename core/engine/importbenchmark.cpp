#include "core/engine/importbenchmark.h"

#include "core/base/clock.h"
#include "core/base/memory.h"
#include "core/base/words.h"
#include "core/engine/project.h"
#include "core/io/atomicfile.h"

#include <algorithm>
#include <fmt/format.h>
#include <random>

namespace fettle::engine {

namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kBytesOnDisk = 6'000; // for each record: the file, the project, and what SQLite writes beside it meanwhile

// Text that is built like language: few words are frequent, most are rare.
class Words {
public:
    Words()
    {
        constexpr const char *kSyllables[] = {"ka", "ro", "mi", "ten", "lu", "sa", "ver", "do", "ni", "gel", "po", "ha", "fri", "ost", "be", "wil"};
        for (std::size_t i = 0; i < kWords; ++i) {
            std::string word;
            for (std::size_t rest = i + 3; rest > 0; rest /= 16)
                word += kSyllables[rest % 16];
            m_words.push_back(std::move(word));
        }
    }
    void append(std::string &text, std::size_t bytes)
    {
        const std::size_t end = text.size() + bytes;
        while (text.size() < end) {
            const double share = static_cast<double>(m_random()) / static_cast<double>(std::mt19937::max());
            const auto place = static_cast<std::size_t>(share * share * share * static_cast<double>(kWords - 1));
            text += m_words[place];
            text += m_random() % 12 == 0 ? ", " : " ";
        }
    }
    [[nodiscard]] const std::string &common(std::size_t place) const { return m_words[place]; }

private:
    static constexpr std::size_t kWords = 50'000;
    std::vector<std::string> m_words;
    std::mt19937 m_random{1207};
};

double percentile(std::vector<double> seconds, double share)
{
    std::sort(seconds.begin(), seconds.end());
    return seconds[static_cast<std::size_t>(share * static_cast<double>(seconds.size() - 1))];
}

Result<> measureReading(const fs::path &folder, Figures &figures)
{
    const Stopwatch opening;
    auto project = Project::open(folder, Access::ReadOnly);
    if (!project)
        return passError(project);
    const auto ids = project->recordIds({});
    if (!ids)
        return passError(ids);
    constexpr std::size_t kScreen = 128; // what the table asks for at once
    const std::vector<RecordId> first(ids->begin(), ids->begin() + static_cast<std::ptrdiff_t>(std::min(kScreen, ids->size())));
    if (auto shown = project->recordRows(first); !shown)
        return passError(shown);
    figures["import.reopenSeconds"] = {opening.seconds(), "s", tr("opening the project again, to the first rows")};

    std::mt19937 random(7);
    std::vector<double> screens;
    for (int i = 0; i < 200; ++i) {
        const std::size_t begin = random() % std::max<std::size_t>(1, ids->size() - std::min(ids->size(), kScreen) + 1);
        const std::vector<RecordId> some(ids->begin() + static_cast<std::ptrdiff_t>(begin), ids->begin() + static_cast<std::ptrdiff_t>(std::min(begin + kScreen, ids->size())));
        const Stopwatch watch;
        if (auto shown = project->recordRows(some); !shown)
            return passError(shown);
        screens.push_back(watch.seconds());
    }
    figures["import.rowsShownSeconds"] = {percentile(screens, 0.95), "s", tr("a screen of rows at any place of the table, 95th percentile of 200")};

    double slowest = 0;
    std::string slowestQuery;
    const std::vector<std::string> queries = benchmarkQueries();
    for (const std::string &query : queries) {
        RecordFilter filter;
        filter.query = query;
        const Stopwatch watch;
        if (auto found = project->recordIds(filter); !found)
            return passError(found);
        if (watch.seconds() > slowest) {
            slowest = watch.seconds();
            slowestQuery = query;
        }
    }
    figures["import.searchSeconds"] = {slowest, "s", tr("the slowest of {} searches in the whole text, for rare and for frequent words ({})", queries.size(), slowestQuery)};
    const Stopwatch counting;
    if (auto counts = project->recordCounts(); !counts)
        return passError(counts);
    figures["import.countSeconds"] = {counting.seconds(), "s", tr("counting records by status, tag, source, length and finding")};
    return {};
}

Result<> measureEdits(Project &project, std::int64_t rows, Figures &figures)
{
    std::mt19937 random(11);
    std::vector<double> edits;
    for (int i = 0; i < 60; ++i) {
        auto record = project.record({1 + static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(rows))});
        if (!record)
            return passError(record);
        record->turns.back().text += " Corrected.";
        const Stopwatch watch;
        if (auto saved = project.saveRecord(*record); !saved)
            return passError(saved);
        edits.push_back(watch.seconds());
    }
    figures["import.editSeconds"] = {percentile(edits, 0.95), "s", tr("an edit until it is durable, 95th percentile of 60")};
    return {};
}

} // namespace

Result<> writeBenchmarkRows(const fs::path &file, std::int64_t rows, const ProgressCallback &progress, std::stop_token stop)
{
    Words words;
    auto out = io::AtomicFile::create(file);
    if (!out)
        return passError(out);
    for (std::int64_t i = 0; i < rows; ++i) {
        if (i % 4096 == 0) {
            if (stop.stop_requested())
                return fail(ErrorCode::Cancelled, tr("The measurement was cancelled."));
            if (progress)
                progress({tr("Making records"), i, rows});
        }
        std::string line = fmt::format(R"({{"instruction":"Question {}: )", i);
        words.append(line, 160);
        line += i % 10'000 == 0 ? R"( quagga?","input":")" : R"(?","input":")";
        if (i % 4 == 0)
            words.append(line, 300);
        line += R"(","output":")";
        words.append(line, 660);
        line += fmt::format("\",\"tags\":[\"topic {}\"]}}\n", i % 23);
        if (auto done = out->write(line); !done)
            return done;
    }
    return out->commit();
}

std::vector<std::string> benchmarkQueries()
{
    const Words words;
    return {"quagga", words.common(3), words.common(3) + " " + words.common(40), "\"" + words.common(2) + " " + words.common(5) + "\"",
            words.common(9) + " tag:\"topic 3\"", words.common(4).substr(0, 3) + " -" + words.common(6)};
}

Result<> benchmarkImport(const fs::path &folder, std::int64_t rows, Figures &figures, const ProgressCallback &progress, std::stop_token stop)
{
    std::error_code ignored;
    const auto space = fs::space(folder, ignored);
    if (!ignored && static_cast<std::int64_t>(space.available) < rows * kBytesOnDisk)
        return fail(ErrorCode::DiskFull, tr("Measuring the import of {} records needs {} MB in {}.", rows, rows * kBytesOnDisk >> 20, folder.string()),
                    tr("Free some space, choose fewer with --rows, or set TMPDIR to a folder on another disk."));
    const fs::path file = folder / "rows.jsonl";
    if (auto done = writeBenchmarkRows(file, rows, progress, stop); !done)
        return done;
    figures["import.rows"] = {static_cast<double>(rows), "rows", tr("records in the file")};
    figures["import.fileBytes"] = {static_cast<double>(fs::file_size(file, ignored)), "bytes", tr("size of the file")};

    const Stopwatch previewing;
    if (auto preview = data::readRecords(file, {}, 2000, {}, stop); !preview)
        return passError(preview);
    figures["import.firstRowsSeconds"] = {previewing.seconds(), "s", tr("from choosing the file to its first rows as records")};

    auto project = Project::create(folder / "bench.fettle");
    if (!project)
        return passError(project);
    returnFreeMemory();
    resetOwnPeak();
    const std::int64_t before = memoryFigures().ownBytes;
    const Stopwatch importing;
    if (auto report = project->importFile(file, {}, progress, stop); !report)
        return passError(report);
    const double seconds = importing.seconds();
    figures["import.seconds"] = {seconds, "s", tr("the whole file into a project, indexed and durable")};
    figures["import.rowsPerSecond"] = {static_cast<double>(rows) / seconds, "rows/s", tr("the same by rows")};
    figures["import.extraBytes"] = {static_cast<double>(memoryFigures().ownPeakBytes - before), "bytes", tr("peak memory of the process during the import, less what it had before")};
    if (auto done = measureReading(project->folder(), figures); !done)
        return done;
    return measureEdits(*project, rows, figures);
}

} // namespace fettle::engine
