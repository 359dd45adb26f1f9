// Answers that a model proposes: asked for, shown below the answer, accepted, corrected or discarded. The bridge drafts them.
#include "ui/data/datapage.h"
#include "ui/data/draftbox.h"
#include "ui/data/draftdialog.h"
#include "ui/data/draftstrip.h"
#include "ui/data/growingtext.h"
#include "ui/data/recordeditor.h"
#include "ui/data/recordmodel.h"
#include "ui/data/recordtable.h"
#include "ui/data/recordwords.h"
#include "ui/data/searchfield.h"
#include "ui/data/tablefooter.h"

namespace fettle::ui {

namespace {
const auto kDraftTerm = QStringLiteral("has:draft");
}

void DataPage::setupDraftActions()
{
    m_actionDraft = addPageAction(QStringLiteral("draftAnswers"), tr("Draft answers..."), QStringLiteral("wand-sparkles"), Qt::Key_D,
                                  tr("A model proposes answers for the chosen records, to be accepted or discarded"), [this] { openDrafting(); });
    m_actionAcceptDraft = addPageAction(QStringLiteral("acceptDraft"), tr("Accept draft"), QStringLiteral("check"), Qt::Key_Y,
                                        tr("Makes the draft the answer of the record and tags it as drafted"), [this] { acceptDrafts(chosenIds()); });
    m_actionCorrectDraft = addPageAction(QStringLiteral("correctDraft"), tr("Correct"), QStringLiteral("pencil"), QKeySequence(Qt::SHIFT | Qt::Key_E),
                                         tr("Goes to the text of the draft, which can be changed before it is accepted"), [this] {
                                             m_editor->draftBox()->text()->setFocus(Qt::ShortcutFocusReason);
                                             m_editor->draftBox()->text()->moveCursor(QTextCursor::End);
                                         });
    m_actionDiscardDraft = addPageAction(QStringLiteral("discardDraft"), tr("Discard draft"), QStringLiteral("x"), Qt::Key_X,
                                         tr("Throws the draft away; the record stays as it is"), [this] { discardDrafts(); });
    m_bulkActions.prepend(m_actionDraft);
}

void DataPage::connectDrafts()
{
    m_editor->draftBox()->followActions(m_actionAcceptDraft, m_actionCorrectDraft, m_actionDiscardDraft);
    connect(m_editor->draftBox(), &DraftBox::corrected, this, &DataPage::keepDraft);
    connect(m_editor, &RecordEditor::draftWanted, this, &DataPage::draftThis);
    connect(m_draftStrip, &DraftStrip::stopWanted, &bridge(), &Bridge::stopDrafting);
    connect(m_draftStrip, &DraftStrip::filterWanted, this, [this](bool isWanted) {
        QStringList terms = m_find->text().split(u' ', Qt::SkipEmptyParts);
        terms.removeAll(kDraftTerm);
        if (isWanted)
            terms = QStringList(kDraftTerm);
        m_find->setText(terms.join(u' '));
        filterChanged();
        m_table->setFocus(Qt::OtherFocusReason);
    });
    connect(m_table, &RecordTable::selectionCountChanged, this, &DataPage::showDraftActions);
    connect(&bridge(), &Bridge::draftingChanged, this, &DataPage::showDrafting);
    connect(&bridge(), &Bridge::draftWritten, this, [this](RecordId id) {
        ++m_counts.drafts; // counted exactly at the end
        showDraftStrip();
        m_model->refresh();
        if (id == m_current)
            readCurrent();
        if (!bridge().drafting().isOn)
            reloadAll();
    });
    connect(&bridge(), &Bridge::runsChanged, this, &DataPage::readDraftModels);
    connect(&bridge(), &Bridge::settingsChanged, this, &DataPage::readDraftModels);
}

// Results of runs on the project's base model, and that model itself.
void DataPage::readDraftModels()
{
    if (!bridge().project())
        return;
    bridge().readSlowly<std::vector<AdapterChoice>>(
        this,
        [model = bridge().baseModel()](const ProjectApi *project, const JobContext &job) -> Result<std::vector<AdapterChoice>> {
            std::vector<AdapterChoice> models;
            if (!project)
                return models;
            const auto runs = project->runs();
            if (!runs)
                return passError(runs);
            const auto base = job.engine.resolveModel(model);
            for (auto run = runs->rbegin(); run != runs->rend(); ++run)
                if (!run->adapter.empty() && base && (run->modelPath.empty() || run->modelPath == base->string()))
                    models.push_back({QString::fromStdString(run->name), std::to_string(run->id.value)});
            models.push_back({QString::fromStdString(std::filesystem::path(model).filename().string()), "base"});
            return models;
        },
        [this](Result<std::vector<AdapterChoice>> models) {
            if (!models)
                return; // the Runs page tells what is wrong with the runs
            m_draftModels = std::move(*models);
            const bool isBase = !m_draftModels.empty() && m_draftModels.front().adapter == "base";
            m_editor->setDraftOffer(m_draftModels.empty() ? QString() : isBase ? tr("Draft with the base model") : tr("Draft with %1").arg(m_draftModels.front().text),
                                    tr("The model proposes an answer below this one, for you to accept, correct or discard"));
        },
        "data draft models");
}

void DataPage::openDrafting()
{
    m_editor->flush();
    const std::vector<RecordId> ids = chosenIds();
    if (!bridge().project() || ids.empty() || m_draftModels.empty())
        return;
    auto *dialog = new DraftDialog(m_draftModels, qint64(ids.size()), m_model->rowCount(), this);
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    connect(dialog, &QDialog::accepted, this, [this, dialog, ids] { bridge().startDrafting(dialog->wish(), dialog->takesList() ? m_model->ids() : ids); });
    dialog->open();
}

void DataPage::draftThis()
{
    m_editor->flush();
    if (m_draftModels.empty() || !m_current.isValid())
        return;
    if (bridge().drafting().isOn) {
        m_footer->setNote(tr("Answers are being drafted already."));
        return;
    }
    const AdapterChoice &model = m_draftModels.front();
    bridge().startDrafting({model.adapter, model.text.toStdString(), 256, true}, {m_current});
}

void DataPage::showDrafting()
{
    const DraftingState &state = bridge().drafting();
    showDraftStrip();
    showDraftActions();
    if (state.isOn) {
        if (state.current == m_current && m_current.isValid())
            m_editor->draftBox()->setGrowing(state.author, QString::fromStdString(state.text));
        return;
    }
    if (state.failure)
        context().showMessage(messageOf(*state.failure));
    else if (state.drafted == 0 && state.done == state.total && bridge().project())
        m_footer->setNote(state.total == 1 ? tr("There is no question at the end of this record to answer.") : tr("None of these records has an open question."));
    reloadAll();
}

void DataPage::showDraftStrip()
{
    m_draftStrip->setState(bridge().drafting(), bridge().project() ? m_counts.drafts : 0, m_find->text().contains(kDraftTerm));
}

void DataPage::showDraftActions()
{
    const bool hasSeveral = m_table->selectedCount() > 1;
    setActionPossible(m_actionDraft, m_model->rowCount() > 0 && !bridge().drafting().isOn,
                      bridge().drafting().isOn ? tr("Answers are being drafted already") : tr("No record is shown"));
    for (QAction *action : {m_actionAcceptDraft, m_actionDiscardDraft})
        setActionPossible(action, hasSeveral || m_editor->draftBox()->hasDraft(), tr("This record has no draft"));
    setActionPossible(m_actionCorrectDraft, m_editor->draftBox()->hasDraft(), tr("This record has no draft"));
}

void DataPage::receiveDraft(RecordId record, const std::optional<engine::AnswerDraft> &draft)
{
    const DraftingState &state = bridge().drafting();
    if (record != m_current || m_draftsInFlight > 0 || (state.isOn && state.current == record))
        return; // what is written here is newer
    m_editor->draftBox()->setDraft(record, draft);
    showDraftActions();
}

void DataPage::keepDraft(RecordId record, const engine::AnswerDraft &draft)
{
    ++m_draftsInFlight;
    bridge().write<void>(
        Touched::Nothing, this, [record, draft](ProjectApi &project, const JobContext &) { return project.putDraft(record, draft); },
        [this](Result<> kept) {
            if (--m_draftsInFlight == 0)
                readCurrent();
            m_model->refresh();
            if (!kept)
                context().showMessage(messageOf(kept.error()));
        });
}

void DataPage::acceptDrafts(const std::vector<RecordId> &ids)
{
    m_editor->flush(); // what was corrected is kept first
    bridge().write<std::int64_t>(
        Touched::Records, this, [ids](ProjectApi &project, const JobContext &) { return project.acceptDrafts(ids); },
        [this](Result<std::int64_t> count) {
            if (!count)
                context().showMessage(messageOf(count.error()));
            else if (*count > 0)
                m_footer->setNote(*count == 1 ? tr("Draft accepted. Ctrl+Z takes it back.") : tr("%1 drafts accepted. Ctrl+Z takes them back.").arg(countText(*count)));
        });
}

void DataPage::discardDrafts()
{
    bridge().write<void>(
        Touched::Records, this, [ids = chosenIds()](ProjectApi &project, const JobContext &) { return project.discardDrafts(ids); },
        [this](Result<> done) {
            if (!done)
                context().showMessage(messageOf(done.error()));
            else
                m_table->setFocus(Qt::OtherFocusReason);
        });
}

} // namespace fettle::ui
