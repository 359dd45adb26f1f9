// Files of the Models page: fetched from a hub by name, gone on with, thrown away, deleted.
#include "ui/models/modelspage.h"

#include "ui/frame/dialogs.h"
#include "ui/models/downloaddialog.h"
#include "ui/models/modeldetail.h"
#include "ui/models/unusablerow.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/words.h"

#include <QSettings>
#include <QVBoxLayout>

#include <algorithm>
#include <utility>

namespace fettle::ui {

using namespace measure;

QStringList ModelsPage::addedPaths()
{
    return QSettings().value(QLatin1String(kAddedKey)).toStringList();
}

void ModelsPage::forgetPath(const std::string &path)
{
    QStringList added = addedPaths();
    added.removeAll(QString::fromStdString(path));
    QSettings().setValue(QLatin1String(kAddedKey), added);
}

// --- fetching

void ModelsPage::askForDownload(const QString &name)
{
    if (bridge().download().isOn) {
        context().showMessage({MessageTone::Info, tr("%1 is being downloaded.").arg(bridge().download().wanted), tr("One model is fetched at a time."), {}, {}, {}});
        return;
    }
    auto *dialog = new DownloadDialog(name, this);
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    connect(dialog, &QDialog::accepted, this, [this, dialog] { bridge().startDownload(dialog->name()); });
    dialog->open();
}

void ModelsPage::cancelDownload()
{
    const DownloadState &state = bridge().download();
    const QString wanted = state.wanted;
    if (state.progress.done > 0
        && context().dialogs.ask(this, {tr("Throw away what has come of %1?").arg(wanted),
                                        tr("%1 lie on the disk already. Pause keeps them, and the download goes on from there another time.").arg(bytesText(state.progress.done)),
                                        {tr("Throw away"), tr("Go on")}}) != 0)
        return;
    if (!bridge().download().isOn || bridge().download().wanted != wanted)
        return; // it ended while it was asked
    m_toDiscard = wanted;
    bridge().stopDownload();
}

void ModelsPage::discardDownload(const engine::UnfinishedDownload &download)
{
    const QString wanted = QString::fromStdString(download.wanted);
    if (context().dialogs.ask(this, {tr("Throw away what has come of %1?").arg(wanted), tr("%1 become free.").arg(bytesText(download.present)), {tr("Throw away"), tr("Keep")}}) != 0)
        return;
    bridge().discardDownload(wanted, this, [this](Result<std::int64_t> freed) {
        if (!freed)
            context().showMessage(messageOf(freed.error()));
        readModels();
    });
}

void ModelsPage::downloadChanged()
{
    const DownloadState &state = bridge().download();
    if (std::exchange(m_isDownloading, state.isOn) == state.isOn)
        return; // further bytes
    if (state.isOn) {
        filterModels(); // what goes on is no longer listed as unfinished
        return;
    }
    if (const QString wanted = std::exchange(m_toDiscard, {}); !wanted.isEmpty() && state.finished.empty()) {
        bridge().discardDownload(wanted, this, [this](Result<std::int64_t> freed) {
            if (!freed && freed.error().code != ErrorCode::NotFound) // nothing had come yet
                context().showMessage(messageOf(freed.error()));
            readModels();
        });
        return;
    }
    if (!state.finished.empty()) {
        m_toSelect = QString::fromStdString(state.finished.string());
        context().showMessage({MessageTone::Info, tr("%1 is here.").arg(state.wanted), tr("Every file is as the hub lists it."), {}, {}, {}});
    }
    readModels();
}

void ModelsPage::addUnfinishedRows()
{
    const bool isBusy = bridge().download().isOn;
    std::vector<engine::UnfinishedDownload> downloads = m_unfinished;
    if (isBusy) // what goes on is shown above
        std::erase_if(downloads, [&](const engine::UnfinishedDownload &download) { return download.wanted == bridge().download().wanted.toStdString(); });
    if (downloads.empty())
        return;
    auto *head = sectionLabel(tr("Not complete"));
    head->setContentsMargins(kPaneSide, 0, 0, kStep1);
    m_unusableRows->addWidget(head);
    for (const engine::UnfinishedDownload &download : downloads) {
        const QString wanted = QString::fromStdString(download.wanted);
        auto *row = new UnusableRow(wanted, tr("%1 of %2 have come.").arg(bytesText(download.present), bytesText(download.bytes)), QStringLiteral("circle-pause"), Ink::Muted);
        Link *resume = row->addLink(tr("Resume"), isBusy ? tr("One model is fetched at a time.") : tr("Goes on where the download ended."));
        resume->setEnabled(!isBusy);
        connect(resume, &Link::clicked, this, [this, wanted] { bridge().startDownload(wanted); });
        connect(row->addLink(tr("Throw away"), tr("Frees the disk of what has come.")), &Link::clicked, this, [this, download] { discardDownload(download); });
        m_unusableRows->addWidget(row);
    }
    m_unusableRows->addSpacing(kStep3);
}

// --- deleting

void ModelsPage::askToDelete(const engine::Inspection &model)
{
    bridge().planRemoval(model.path, this, [this, model](Result<engine::ModelRemoval> removal) {
        if (!removal) {
            context().showMessage(messageOf(removal.error()));
            return;
        }
        findModelUsers(bridge(), model.path, this, [this, model, removal = *removal](const Result<std::vector<ModelUser>> &users) {
            deleteModel(model, removal, users.value_or(std::vector<ModelUser>()));
        });
    });
}

void ModelsPage::deleteModel(const engine::Inspection &model, const engine::ModelRemoval &removal, const std::vector<ModelUser> &users)
{
    const QString name = QString::fromStdString(model.name);
    const bool isAdded = addedPaths().contains(QString::fromStdString(model.path));
    QStringList told{removal.bytes > 0 ? tr("%1 of the disk become free: %2").arg(bytesText(removal.bytes), QString::fromStdString(removal.place.string()))
                                       : tr("Nothing becomes free, because other names point to the same files: %1").arg(QString::fromStdString(removal.place.string()))};
    if (removal.others > 0)
        told.append(tr("%n other file(s) in this folder stay.", nullptr, removal.others));
    QStringList results, bases;
    for (const ModelUser &user : users) {
        if (user.runs > 0)
            results.append(tr("%n run(s) of %1", nullptr, user.runs).arg(user.project));
        if (user.isBase)
            bases.append(user.project);
    }
    if (!bases.isEmpty())
        told.append(tr("It is the base model of %1.").arg(bases.join(QStringLiteral(", "))));
    if (!results.isEmpty())
        told.append(tr("What these learnt cannot answer without it: %1.").arg(results.join(QStringLiteral(", "))));
    told.append(tr("This cannot be undone."));
    QStringList answers{tr("Delete")};
    if (isAdded)
        answers.append(tr("Only take it off the list"));
    answers.append(tr("Keep"));
    const int answer = context().dialogs.ask(this, {tr("Delete %1?").arg(name), told.join(QLatin1Char(' ')), answers});
    if (answer == int(answers.size()) - 1)
        return;
    if (answer == 1) {
        forgetPath(model.path);
        readModels();
        return;
    }
    bridge().removeModel(model.path, this, [this, model, name](Result<std::int64_t> freed) {
        if (freed) {
            forgetPath(model.path);
            context().showMessage({MessageTone::Info, tr("%1 is deleted.").arg(name), tr("%1 of the disk are free again.").arg(bytesText(*freed)), {}, {}, {}});
        } else {
            context().showMessage(messageOf(freed.error()));
        }
        readModels();
    });
}

} // namespace fettle::ui
