// Answers that a model proposes for records. Each record is a job of its own, so that runs and questions come in between. See bridge.h.
#include "ui/bridge/bridge.h"

namespace fettle::ui {

struct Bridge::DraftOrder {
    engine::DraftWish wish;
    std::vector<RecordId> ids;
    std::string model;
    std::filesystem::path folder;
};

struct Bridge::DraftStep {
    std::int64_t looked = 0; // records, those that were passed over included
    RecordId record;
    std::optional<engine::AnswerDraft> draft; // none: no further record was to be answered
};

void Bridge::startDrafting(const engine::DraftWish &wish, std::vector<RecordId> ids)
{
    if (m_drafting.isOn || !m_project || ids.empty())
        return;
    m_drafting = {};
    m_drafting.isOn = true;
    m_drafting.author = QString::fromStdString(wish.author);
    m_drafting.total = std::int64_t(ids.size());
    m_draftJob = m_nextJob++;
    emit draftingChanged();
    draftNext(std::make_shared<const DraftOrder>(DraftOrder{wish, std::move(ids), baseModel(), m_folder}));
}

void Bridge::stopDrafting()
{
    if (!m_drafting.isOn)
        return;
    m_heavy.cancel(m_draftJob);
    endDrafting({});
}

void Bridge::endDrafting(std::optional<Error> failure)
{
    endJob(std::exchange(m_draftJob, 0));
    m_drafting.isOn = false;
    m_drafting.current = {};
    m_drafting.text.clear();
    m_drafting.failure = std::move(failure);
    emit draftingChanged();
}

void Bridge::draftNext(std::shared_ptr<const DraftOrder> order)
{
    const JobId id = m_draftJob;
    m_heavy.postServable(
        id,
        [this, id, order, from = std::size_t(m_drafting.done)](std::stop_token stop) {
            append(CallEvent{[this, id] {
                if (id != m_draftJob)
                    return;
                JobInfo info;
                info.id = id;
                info.kind = JobInfo::Kind::Answer;
                info.title = tr("Drafting answers");
                info.share = double(m_drafting.done) / double(m_drafting.total);
                info.canCancel = true;
                showJob(info);
            }});
            auto step = std::make_shared<Result<DraftStep>>(caught([&] { return draftOne(id, *order, from, stop); }));
            append(CallEvent{[this, id, order, step] { receiveDraft(id, order, std::move(*step)); }});
        },
        {}, kAnswerKey);
}

Result<Bridge::DraftStep> Bridge::draftOne(JobId job, const DraftOrder &order, std::size_t from, const std::stop_token &stop)
{
    auto project = m_engine->openProject(order.folder, engine::Access::ReadOnly);
    if (!project)
        return passError(project);
    DraftStep step;
    for (std::size_t i = from; i < order.ids.size(); ++i) {
        if (stop.stop_requested())
            return fail(ErrorCode::Cancelled, tr("Drafting was cancelled.").toStdString());
        ++step.looked;
        const auto record = (*project)->record(order.ids[i]);
        if (!record || (!order.wish.areAnswered && engine::hasAnswer(*record)))
            continue; // deleted meanwhile, or nothing to do
        auto turns = (*project)->questionTurns(*record);
        if (!turns)
            continue;
        step.record = record->id;
        engine::GenerateEvents events;
        events.token = [this, job, id = record->id, text = std::make_shared<std::string>()](const engine::GeneratedToken &token) {
            *text += token.text;
            append(CallEvent{[this, job, id, text = *text] {
                if (job != m_draftJob)
                    return;
                m_drafting.current = id;
                m_drafting.text = text;
                emit draftingChanged();
            }});
        };
        const Answers answers = answerNow(job, order.model, order.folder, engine::draftRequest(order.wish, std::move(*turns)), events, stop);
        if (!answers)
            return passError(answers);
        if (answers->front().finish == engine::FinishReason::Stopped)
            return fail(ErrorCode::Cancelled, tr("Drafting was cancelled.").toStdString());
        step.draft = engine::draftFrom(order.wish, answers->front());
        break;
    }
    return step;
}

void Bridge::receiveDraft(JobId job, std::shared_ptr<const DraftOrder> order, Result<DraftStep> step)
{
    if (job != m_draftJob) {
        endJob(job); // stopped meanwhile: the model's loading may have shown it again
        return;
    }
    if (!step) {
        endDrafting(step.error().code == ErrorCode::Cancelled ? std::nullopt : std::optional(step.error()));
        return;
    }
    m_drafting.done += step->looked;
    m_drafting.current = {};
    m_drafting.text.clear();
    if (step->draft) {
        ++m_drafting.drafted;
        write<void>(
            Touched::Nothing, this, [id = step->record, draft = *step->draft](ProjectApi &project, const JobContext &) { return project.putDraft(id, draft); },
            [this, job, id = step->record](Result<> kept) {
                if (kept)
                    emit draftWritten(id);
                else if (job == m_draftJob)
                    endDrafting(kept.error());
                else
                    report(kept.error());
            });
    }
    if (m_drafting.done == m_drafting.total) {
        endDrafting({});
        return;
    }
    emit draftingChanged();
    draftNext(std::move(order));
}

} // namespace fettle::ui
