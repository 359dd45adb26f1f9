// Importing a file: one thread reads the rows and works out what can be known of them while this one stores them, with a few portions between
// the two. The file is there as a whole or not at all, because everything is one transaction.
#include "core/engine/projectstate.h"

#include "core/base/caught.h"
#include "core/data/recordedits.h"
#include "core/data/streamimport.h"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

namespace fettle::engine {

namespace {

using Portion = std::vector<data::PreparedRecord>;

// Portions on their way from the reader to the writer; whoever is faster waits.
class Channel {
public:
    // False: the other side gave up.
    bool put(Portion portion)
    {
        std::unique_lock lock(m_mutex);
        m_changed.wait(lock, [this] { return m_portions.size() < kMost || m_isClosed; });
        if (m_isClosed)
            return false;
        m_portions.push_back(std::move(portion));
        m_changed.notify_all();
        return true;
    }
    // Nothing: the reader has ended and everything was taken.
    std::optional<Portion> take()
    {
        std::unique_lock lock(m_mutex);
        m_changed.wait(lock, [this] { return !m_portions.empty() || m_isClosed; });
        if (m_portions.empty())
            return std::nullopt;
        Portion portion = std::move(m_portions.front());
        m_portions.pop_front();
        m_changed.notify_all();
        return portion;
    }
    void close()
    {
        const std::lock_guard lock(m_mutex);
        m_isClosed = true;
        m_changed.notify_all();
    }

private:
    static constexpr std::size_t kMost = 4;
    std::mutex m_mutex;
    std::condition_variable m_changed;
    std::deque<Portion> m_portions;
    bool m_isClosed = false;
};

Result<data::ImportReport> importInto(const store::Database &database, const std::filesystem::path &file, const data::ImportOptions &options,
                                      const ProgressCallback &progress, std::stop_token stop)
{
    // The full-text index gathers that much in memory before it writes: large files are indexed in two thirds of the time.
    if (auto set = database.execute("INSERT INTO contentText(contentText, rank) VALUES('hashsize', 67108864)"); !set)
        return passError(set);
    auto adder = data::RecordAdder::begin(database);
    if (!adder)
        return passError(adder);
    Channel channel;
    Result<data::ImportReport> report = fail(ErrorCode::Internal, "");
    Result<> stored;
    {
        std::jthread reader([&] {
            const data::RecordSink sink = [&](std::vector<data::Record> records) -> Result<> {
                Portion portion;
                portion.reserve(records.size());
                for (data::Record &record : records) {
                    auto ready = data::prepared(std::move(record));
                    if (!ready)
                        return passError(ready);
                    portion.push_back(std::move(*ready));
                }
                return channel.put(std::move(portion)) ? Result<>() : fail(ErrorCode::Cancelled, tr("The records could not be stored."));
            };
            report = caught([&] { return data::streamRecords(file, options, sink, progress, stop); });
            channel.close();
        });
        while (const auto portion = channel.take()) {
            for (const data::PreparedRecord &record : *portion) {
                if (const auto id = adder->add(record); !id) {
                    stored = passError(id);
                    break;
                }
            }
            if (!stored) {
                channel.close();
                break;
            }
        }
    }
    if (!stored)
        return passError(stored);
    if (!report)
        return report;
    const std::int64_t count = adder->count();
    if (auto done = adder->finish(tr("Imported {} {} from {}", count, count == 1 ? "record" : "records", file.filename().string())); !done)
        return passError(done);
    return report;
}

} // namespace

Result<data::ImportReport> Project::importFile(const std::filesystem::path &file, const data::ImportOptions &options, const ProgressCallback &progress,
                                               std::stop_token stop)
{
    return m_state->write(Touches::Records, [&] { return importInto(*m_state->database, file, options, progress, stop); });
}

} // namespace fettle::engine
