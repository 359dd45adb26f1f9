// What the user calls a run: name, tags, note, archive. See runspage.h.
#include "ui/runs/runspage.h"

#include "ui/runs/labeldialog.h"
#include "ui/runs/runlist.h"

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

} // namespace fettle::ui
