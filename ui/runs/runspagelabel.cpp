// What the user calls a run and where it is kept: name, tags, note, archive, trash, notes at the curve. See runspage.h.
#include "ui/runs/runspage.h"

#include "ui/runs/chartpane.h"
#include "ui/runs/labeldialog.h"
#include "ui/runs/notedialog.h"
#include "ui/runs/runtrashdialog.h"
#include "ui/runs/runlist.h"
#include "ui/widgets/words.h"

namespace fettle::ui {

namespace {

engine::RunLabel labelOf(const engine::RunInfo &run)
{
    return {run.name, run.tags, run.note, run.isArchived};
}

} // namespace

void RunsPage::writeLabel(RunId run, const engine::RunLabel &label)
{
    bridge().write<void>(Touched::Runs, this, [run, label](ProjectApi &project, const JobContext &) { return project.labelRun(run, label); },
                         [this](Result<> result) {
                             if (!result)
                                 context().showMessage(messageOf(result.error()));
                         });
}

void RunsPage::labelShown()
{
    const engine::RunInfo *run = shownInfo();
    if (!run)
        return;
    const RunId id = run->id;
    LabelDialog dialog(labelOf(*run), this);
    if (dialog.exec() == QDialog::Accepted)
        writeLabel(id, dialog.label());
}

void RunsPage::archiveShown()
{
    const engine::RunInfo *run = shownInfo();
    if (!run)
        return;
    engine::RunLabel label = labelOf(*run);
    label.isArchived = !label.isArchived;
    writeLabel(run->id, label);
}

void RunsPage::editNote(const engine::CurveNote &note)
{
    const RunId run = m_shown;
    NoteDialog dialog(note, m_chart->window());
    const int answer = dialog.exec();
    if (answer == NoteDialog::Cancelled || !run.isValid())
        return;
    bridge().write<void>(
        Touched::Nothing, this,
        [run, note = dialog.note(), isRemoved = answer == NoteDialog::Removed](ProjectApi &project, const JobContext &) -> Result<> {
            if (isRemoved)
                return project.removeCurveNote(run, note.id);
            if (auto stored = project.putCurveNote(run, note); !stored)
                return passError(stored);
            return {};
        },
        [this](Result<> result) {
            if (!result)
                context().showMessage(messageOf(result.error()));
            readNotes();
        });
}

void RunsPage::readNotes()
{
    using Notes = std::vector<engine::CurveNote>;
    bridge().read<Notes>(
        this, [run = m_shown](const ProjectApi *project, const JobContext &) -> Result<Notes> { return project ? project->curveNotes(run) : Result<Notes>(); },
        [this, run = m_shown](Result<Notes> notes) {
            if (!notes || run != m_shown || m_isLoading)
                return;
            m_curves.notes = std::move(*notes);
            m_chart->refresh();
            showParts();
        },
        "runs page notes");
}

void RunsPage::trashShown()
{
    const engine::RunInfo *run = shownInfo();
    if (!run)
        return;
    const RunId id = run->id;
    bridge().write<std::int64_t>(
        Touched::Runs, this,
        [id](ProjectApi &project, const JobContext &) -> Result<std::int64_t> {
            if (auto done = project.trashRun(id); !done)
                return passError(done);
            return project.runBytes(id);
        },
        [this, id, name = QString::fromStdString(run->name)](Result<std::int64_t> bytes) {
            if (!bytes) {
                context().showMessage(messageOf(bytes.error()));
                return;
            }
            Message message{MessageTone::Info, tr("%1 is in the trash.").arg(name), tr("%1 become free when the trash is emptied.").arg(bytesText(*bytes)), {}, tr("Restore"), {}};
            message.action = [this, id] {
                bridge().write<void>(Touched::Runs, nullptr, [id](ProjectApi &project, const JobContext &) { return project.restoreRun(id); }, {});
            };
            context().showMessage(message);
        });
}

void RunsPage::openTrash()
{
    RunTrashDialog dialog(bridge(), context().dialogs, this);
    dialog.exec();
}

} // namespace fettle::ui
