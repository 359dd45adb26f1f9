#include "core/engine/judging.h"

#include "core/base/clock.h"
#include "core/base/sha256.h"
#include "core/base/words.h"
#include "core/engine/adaptercache.h"
#include "core/engine/answerstore.h"
#include "core/engine/lens.h"
#include "core/engine/models.h"
#include "core/generate/decodeadapter.h"
#include "core/generate/generator.h"

#include <fmt/format.h>

namespace fettle::engine {

namespace {

// A judge that has been loaded. Its verdict is the probability of one letter against the other as the first token of its answer: nothing has to be
// read out of free text, and a model that hesitates says so.
class Judge {
public:
    static Result<Judge> open(const JudgeChoice &choice, const ComputeOptions &compute, const Project *project, const ProgressCallback &progress, std::stop_token stop)
    {
        const auto path = resolveModel(choice.model);
        if (!path)
            return passError(path);
        auto lens = Lens::open(path->string());
        if (!lens)
            return passError(lens);
        std::optional<AdapterPath> trained;
        if (choice.adapter != "base") {
            auto found = resolveAdapter(choice.adapter, project);
            if (!found)
                return passError(found);
            trained = std::move(*found);
        }
        auto generator = generate::Generator::load(trained && trained->isModel ? trained->folder : *path, compute.threads, progress, std::move(stop));
        if (!generator)
            return passError(generator);
        Judge judge;
        if (trained && !trained->isModel) {
            auto adapter = AdapterCache().load(*trained, **generator);
            if (!adapter)
                return passError(adapter);
            judge.m_adapter = std::move(*adapter);
        }
        judge.m_trained = trained ? trained->name : std::string();
        judge.m_lens = std::move(*lens);
        judge.m_generator = std::move(*generator);
        const auto first = judge.m_lens->tokenize(std::string(evaluate::kFirstLetter), false), second = judge.m_lens->tokenize(std::string(evaluate::kSecondLetter), false);
        if (!first || !second)
            return passError(first ? second : first);
        // Some tokenizers write a mark of their own before a word: what both begin with belongs to the prompt.
        std::size_t same = 0;
        while (same < std::min(first->ids.size(), second->ids.size()) && first->ids[same] == second->ids[same])
            ++same;
        if (same >= first->ids.size() || same >= second->ids.size())
            return fail(ErrorCode::BadInput, tr("{} cannot name A and B by different tokens.", judge.name()), tr("Choose another model as judge."));
        judge.m_common.assign(first->ids.begin(), first->ids.begin() + static_cast<std::ptrdiff_t>(same));
        judge.m_first = first->ids[same];
        judge.m_second = second->ids[same];
        return judge;
    }

    [[nodiscard]] std::string name() const { return m_trained.empty() ? m_lens->modelName() : m_trained; }
    [[nodiscard]] std::string key() const
    {
        return fmt::format("judge 1, weights {}{}", m_generator->weightHash(), m_adapter ? fmt::format(", adapter {}", m_adapter->hash()) : std::string());
    }

    // Tokens of a question up to the letter; nothing where it is longer than the judge can read.
    [[nodiscard]] Result<std::vector<TokenId>> promptOf(const std::string &question) const
    {
        data::Record record;
        record.turns = {{data::Role::User, question, {}}};
        data::RenderOptions options;
        options.addGenerationPrompt = true;
        auto tokens = m_lens->label(record, options);
        if (!tokens)
            return passError(tokens);
        std::vector<TokenId> ids = std::move(tokens->ids);
        ids.insert(ids.end(), m_common.begin(), m_common.end());
        const std::int64_t context = m_generator->config().context;
        const auto length = static_cast<std::int64_t>(ids.size() + (m_adapter ? m_adapter->startLength() : 0));
        if (context > 0 && length > context)
            ids.clear();
        return ids;
    }

    // How likely A is, of A and B.
    [[nodiscard]] Result<double> takesFirst(const std::vector<TokenId> &prompt, std::stop_token stop)
    {
        const TokenId letters[] = {m_first, m_second};
        const auto likely = m_generator->next(prompt, letters, m_adapter.get(), std::move(stop));
        if (!likely)
            return passError(likely);
        const double first = (*likely)[0], both = first + static_cast<double>((*likely)[1]);
        return both > 0 ? first / both : 0.5;
    }

private:
    std::shared_ptr<const Lens> m_lens;
    std::unique_ptr<generate::Generator> m_generator;
    std::shared_ptr<const generate::DecodeAdapter> m_adapter; // null: the weights as they are
    std::string m_trained; // name of the run or adapter
    std::vector<TokenId> m_common;
    TokenId m_first = 0, m_second = 0;
};

// From the store where it is known. Nothing: longer than the judge can read.
Result<std::optional<double>> verdictOn(Judge &judge, AnswerStore &store, const std::string &question, std::stop_token stop)
{
    const auto prompt = judge.promptOf(question);
    if (!prompt)
        return passError(prompt);
    if (prompt->empty())
        return std::optional<double>();
    Sha256 hash;
    hash.update(std::as_bytes(std::span(*prompt)));
    const std::string key = hash.finishHex();
    if (const AnswerStore::Loss *known = store.loss(key))
        return std::optional(known->value);
    const auto first = judge.takesFirst(*prompt, std::move(stop));
    if (!first)
        return passError(first);
    store.putLoss(key, {*first, 1});
    return std::optional(*first);
}

} // namespace

Result<> judgeAnswers(const JudgeChoice &choice, const ComputeOptions &compute, const Project *project, evaluate::Comparison &comparison,
                      const ProgressCallback &progress, std::stop_token stop)
{
    auto judge = Judge::open(choice, compute, project, progress, stop);
    if (!judge)
        return passError(judge);
    AnswerStore verdicts(project != nullptr ? project->folder() / "evaluations" : std::filesystem::path(), judge->key());
    const std::string &rubric = choice.rubric.empty() ? evaluate::defaultRubric() : choice.rubric;
    std::vector<evaluate::JudgedRow> judged;
    const Stopwatch clock;
    const auto total = static_cast<std::int64_t>(comparison.rows.size());
    for (std::int64_t done = 0; done < total; ++done) {
        if (stop.stop_requested())
            return fail(ErrorCode::Cancelled, tr("The evaluation was cancelled."), tr("Start it again: it goes on where it stopped."));
        if (progress)
            progress({tr("Judging answers"), done, total, done > 0 ? clock.seconds() / static_cast<double>(done) * static_cast<double>(total - done) : -1});
        evaluate::QuestionRow &row = comparison.rows[static_cast<std::size_t>(done)];
        const std::string &base = row.answers.front().text, &tuned = row.answers.back().text;
        evaluate::JudgedRow &verdict = judged.emplace_back(evaluate::JudgedRow{{}, base == tuned, row.tags});
        row.judged.reset();
        if (verdict.isSame)
            continue;
        const auto shownFirst = verdictOn(*judge, verdicts, evaluate::judgeQuestion(rubric, row.question, row.expected, tuned, base), stop);
        if (!shownFirst)
            return passError(shownFirst);
        const auto baseFirst = verdictOn(*judge, verdicts, evaluate::judgeQuestion(rubric, row.question, row.expected, base, tuned), stop);
        if (!baseFirst)
            return passError(baseFirst);
        if (*shownFirst && *baseFirst)
            row.judged = verdict.reading = evaluate::JudgeReading{**shownFirst, 1 - **baseFirst};
    }
    comparison.judge = evaluate::summariseJudge(judged);
    comparison.judge->judge = judge->name();
    comparison.judge->rubric = rubric;
    return {};
}

} // namespace fettle::engine
