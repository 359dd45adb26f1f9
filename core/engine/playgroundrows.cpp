// Why did it say that? The training rows of a run that the model finds most like a question and its answer.
#include "core/engine/playgroundcolumn.h"

#include "core/base/clock.h"
#include "core/base/sha256.h"
#include "core/base/words.h"
#include "core/engine/ballot.h"
#include "core/engine/trainingdata.h"
#include "core/evaluate/rowindex.h"

#include <algorithm>
#include <fmt/format.h>

namespace fettle::engine {

namespace {

// What an index is made from.
struct IndexedRun {
    PlaygroundColumn column;
    std::filesystem::path file;
    SnapshotId snapshot;
    evaluate::RowIndexKey key{};
    data::RenderOptions options;
};

Result<IndexedRun> openRun(Playground::State &state, const std::string &adapter, const Project &project, std::stop_token stop)
{
    const std::size_t at = adapter.find('@');
    const std::string number = adapter.substr(0, at);
    if (number.empty() || number.size() > 18 || number.find_first_not_of("0123456789") != std::string::npos)
        return fail(ErrorCode::Usage, tr("\"{}\" is not a run of this project.", adapter), tr("Choose a column that shows a run or one of its checkpoints."));
    auto run = project.run(RunId{std::stoll(number)});
    if (!run)
        return passError(run);
    auto snapshots = project.snapshots();
    if (!snapshots)
        return passError(snapshots);
    const auto snapshot = std::ranges::find(*snapshots, run->snapshot, &SnapshotInfo::id);
    if (snapshot == snapshots->end())
        return fail(ErrorCode::NotFound, tr("The rows that {} learnt from are not in this project.", run->name), tr("Choose another run."));
    ColumnChoice choice;
    choice.adapter = adapter;
    auto column = loadColumn(state, choice, &project, nullptr, std::move(stop));
    if (!column)
        return passError(column);
    IndexedRun opened{std::move(*column), project.runFolder(run->id) / fmt::format("rows{}.index", at == std::string::npos ? "" : "-" + adapter.substr(at + 1)), run->snapshot, {}, {}};
    opened.options = renderOptions(project, train::Recipe{});
    opened.options.maxLength = 0;
    Sha256 key;
    key.update(fmt::format("{}\n{}\n{}\n{}\n{}", opened.column.badge.weightHash, opened.column.badge.adapterHash, snapshot->hash, opened.options.contextJoin.separator,
                           opened.options.defaultSystem));
    opened.key = key.finish();
    return opened;
}

// The text as the model reads it; what people wrote counts, the template and the system prompt do not. Cut to what the model can read.
Result<generate::Generator::HiddenText> textOf(const Playground::State &state, const IndexedRun &run, const data::Record &record)
{
    auto tokens = run.column.lens(state).label(record, run.options);
    if (!tokens)
        return passError(tokens);
    generate::Generator::HiddenText text{std::move(tokens->ids), {}};
    for (const data::TokenSource source : tokens->sources)
        text.counts.push_back(source != data::TokenSource::Template && source != data::TokenSource::System);
    return text;
}

void cutTo(generate::Generator::HiddenText &text, std::int64_t context, std::size_t start)
{
    if (context <= 0)
        return;
    const std::size_t most = static_cast<std::size_t>(context) - std::min(start, static_cast<std::size_t>(context) - 1);
    if (text.ids.size() <= most)
        return;
    text.ids.resize(most);
    text.counts.resize(most);
}

} // namespace

Result<std::int64_t> Playground::indexRows(const std::string &adapter, const Project &project, const ProgressCallback &progress, std::stop_token stop)
{
    constexpr std::size_t kTogether = 16; // rows between two looks at the clock
    auto run = openRun(*m_state, adapter, project, stop);
    if (!run)
        return passError(run);
    auto records = project.snapshotRecords(run->snapshot, data::Split::Train);
    if (!records)
        return passError(records);
    generate::Generator &generator = run->column.generator(*m_state);
    const generate::DecodeAdapter *with = run->column.adapter.get();
    std::vector<RecordId> ids;
    std::vector<std::vector<float>> vectors;
    const Stopwatch clock;
    for (std::size_t first = 0; first < records->size(); first += kTogether) {
        if (progress) {
            const double seconds = clock.seconds();
            progress({tr("Reading the training rows"), static_cast<std::int64_t>(first), static_cast<std::int64_t>(records->size()),
                      first > 0 ? seconds / static_cast<double>(first) * static_cast<double>(records->size() - first) : -1});
        }
        std::vector<generate::Generator::HiddenText> texts;
        for (std::size_t i = first; i < std::min(first + kTogether, records->size()); ++i) {
            auto text = textOf(*m_state, *run, (*records)[i]);
            if (!text || text->ids.empty())
                continue; // the template refuses this row: it was not learnt either
            cutTo(*text, generator.config().context, with ? with->startLength() : 0);
            ids.push_back((*records)[i].id);
            texts.push_back(std::move(*text));
        }
        auto means = generator.meanHidden(texts, with, stop);
        if (!means)
            return passError(means);
        std::move(means->begin(), means->end(), std::back_inserter(vectors));
    }
    if (ids.empty())
        return fail(ErrorCode::BadInput, tr("The run has no training rows that can be read."), tr("Choose another run."));
    if (auto written = evaluate::writeRowIndex(evaluate::makeRowIndex(run->key, ids, vectors), run->file); !written)
        return passError(written);
    return static_cast<std::int64_t>(ids.size());
}

Result<std::vector<NearRow>> Playground::nearestRows(const std::string &adapter, const data::Record &conversation, const Project &project, std::size_t count,
                                                     std::stop_token stop)
{
    auto run = openRun(*m_state, adapter, project, stop);
    if (!run)
        return passError(run);
    const auto index = evaluate::readRowIndex(run->file);
    if (!index && index.error().code != ErrorCode::NotFound)
        return passError(index);
    if (!index || index->key != run->key) {
        return fail(ErrorCode::NotFound, index ? tr("The index of the training rows belongs to other weights or rows.") : tr("The training rows of this run are not indexed yet."),
                    tr("Build the index: the model reads every training row once."));
    }
    auto text = textOf(*m_state, *run, conversation);
    if (!text)
        return passError(text);
    generate::Generator &generator = run->column.generator(*m_state);
    cutTo(*text, generator.config().context, run->column.adapter ? run->column.adapter->startLength() : 0);
    const auto means = generator.meanHidden({&*text, 1}, run->column.adapter.get(), stop);
    if (!means)
        return passError(means);
    auto records = project.snapshotRecords(run->snapshot, data::Split::Train);
    if (!records)
        return passError(records);
    std::vector<NearRow> rows;
    for (const auto &near : index->nearest(means->front(), count)) {
        const auto learnt = std::ranges::find(*records, index->records[near.row], &data::Record::id);
        if (learnt == records->end())
            continue;
        const auto now = project.record(learnt->id);
        rows.push_back({learnt->id, near.similarity, questionText(*learnt), std::string(data::responseOf(*learnt)), !now || data::contentHash(*now) != data::contentHash(*learnt)});
    }
    return rows;
}

} // namespace fettle::engine
