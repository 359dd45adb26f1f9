#include "ui/data/snapshotsdialog.h"

#include "ui/data/changepreview.h"
#include "ui/data/recordwords.h"
#include "ui/widgets/button.h"
#include "ui/widgets/labels.h"

#include <QComboBox>
#include <QDateTime>
#include <QGridLayout>
#include <QLineEdit>

namespace fettle::ui {

using namespace measure;

namespace {

QString titleOf(const engine::SnapshotInfo &snapshot)
{
    const auto when = QDateTime::fromString(QString::fromStdString(snapshot.when), Qt::ISODate);
    const QString name = snapshot.name.empty() ? QString() : QStringLiteral(": %1").arg(QString::fromStdString(snapshot.name));
    return SnapshotsDialog::tr("Snapshot %1%2 (%3 records, %4)").arg(countText(snapshot.id.value), name, countText(snapshot.rows), whenText(when));
}

} // namespace

SnapshotsDialog::SnapshotsDialog(Bridge &bridge, QWidget *parent) : QDialog(parent), m_bridge(bridge)
{
    setWindowTitle(tr("Snapshots"));
    m_older = new QComboBox;
    m_newer = new QComboBox;
    m_name = new QLineEdit;
    m_name->setMaxLength(80);
    m_name->setPlaceholderText(tr("Before the review"));
    auto *grid = new QGridLayout;
    grid->setHorizontalSpacing(kStep3);
    grid->setVerticalSpacing(kStep2);
    grid->setColumnStretch(1, 1);
    grid->addWidget(labelFor(m_older, "olderSnapshot", tr("Snapshot"), tr("The older state")), 0, 0);
    grid->addWidget(m_older, 0, 1);
    grid->addWidget(labelFor(m_name, "snapshotName", tr("Name"), tr("A name that you know this snapshot by; it is kept when you leave the field")), 1, 0);
    grid->addWidget(m_name, 1, 1);
    grid->addWidget(labelFor(m_newer, "newerSnapshot", tr("Compared with"), tr("The newer state")), 2, 0);
    grid->addWidget(m_newer, 2, 1);
    m_summary = strongLabel(tr("Reading the snapshots"));
    m_summary->setWordWrap(true);
    m_changes = new ChangePreview;
    m_changes->setReadOnly();
    auto *close = new Button(tr("Close"));
    close->setHeight(kButtonLarge);
    close->setAutoDefault(false); // Return in the name keeps the name
    m_back = new Button(tr("Go back to this snapshot"), QStringLiteral("history"),
                        tr("Makes the records what they were: what differs above is put back, what was added goes to the trash. One step, which undo takes back"));
    m_back->setHeight(kButtonLarge);
    m_back->setAutoDefault(false);
    m_back->setEnabled(false);
    auto *row = new QHBoxLayout;
    row->addWidget(m_back);
    row->addStretch(1);
    row->addWidget(close);
    auto *column = new QVBoxLayout(this);
    column->setContentsMargins(kPaneSide, kPaneTop, kPaneSide, kStep3);
    column->setSpacing(kStep3);
    column->addWidget(titleLabel(windowTitle()));
    column->addLayout(grid);
    column->addWidget(m_summary);
    column->addWidget(m_changes, 1);
    column->addLayout(row);
    resize(960, 620);
    connect(close, &QAbstractButton::clicked, this, &QDialog::reject);
    connect(m_back, &QAbstractButton::clicked, this, &SnapshotsDialog::goBack);
    connect(m_older, &QComboBox::currentIndexChanged, this, &SnapshotsDialog::compare);
    connect(m_newer, &QComboBox::currentIndexChanged, this, &SnapshotsDialog::compare);
    connect(m_name, &QLineEdit::editingFinished, this, &SnapshotsDialog::rename);
    readSnapshots();
}

void SnapshotsDialog::readSnapshots()
{
    m_bridge.read<std::vector<engine::SnapshotInfo>>(
        this,
        [](const ProjectApi *project, const JobContext &) -> Result<std::vector<engine::SnapshotInfo>> {
            return project ? project->snapshots() : Result<std::vector<engine::SnapshotInfo>>();
        },
        [this](Result<std::vector<engine::SnapshotInfo>> snapshots) { receive(std::move(snapshots)); });
}

void SnapshotsDialog::receive(Result<std::vector<engine::SnapshotInfo>> snapshots)
{
    if (!snapshots) {
        m_summary->setText(QString::fromStdString(snapshots.error().message));
        return;
    }
    m_snapshots = std::move(*snapshots);
    const QSignalBlocker older(m_older), newer(m_newer);
    const int chosen = m_older->currentIndex(), other = m_newer->currentIndex();
    m_older->clear();
    m_newer->clear();
    m_newer->addItem(tr("The records as they are now"), qint64(0));
    for (const engine::SnapshotInfo &snapshot : m_snapshots) {
        m_older->addItem(titleOf(snapshot), qint64(snapshot.id.value));
        m_newer->addItem(titleOf(snapshot), qint64(snapshot.id.value));
    }
    m_older->setCurrentIndex(chosen >= 0 ? chosen : m_older->count() - 1);
    m_newer->setCurrentIndex(std::max(0, other));
    m_name->setEnabled(!m_snapshots.empty());
    compare();
}

void SnapshotsDialog::compare()
{
    const int place = m_older->currentIndex();
    m_back->setEnabled(false);
    if (place < 0 || place >= int(m_snapshots.size())) {
        m_summary->setText(tr("There is no snapshot yet. \"Freeze snapshot\" keeps the records as they are."));
        m_changes->setMessage({});
        return;
    }
    m_name->setText(QString::fromStdString(m_snapshots[std::size_t(place)].name));
    m_bridge.cancel(m_job);
    const SnapshotId older = m_snapshots[std::size_t(place)].id;
    const qint64 newer = m_newer->currentData().toLongLong();
    m_job = m_bridge.readSlowly<data::SnapshotDiff>(
        this,
        [older, newer](const ProjectApi *project, const JobContext &) -> Result<data::SnapshotDiff> {
            if (!project)
                return data::SnapshotDiff{};
            return project->diffSnapshots(older, newer > 0 ? std::optional(SnapshotId{newer}) : std::nullopt, kPreviewedRecords);
        },
        [this](Result<data::SnapshotDiff> diff) { receiveDiff(std::move(diff)); }, "data snapshots");
}

void SnapshotsDialog::receiveDiff(Result<data::SnapshotDiff> diff)
{
    if (!diff) {
        if (diff.error().code != ErrorCode::Cancelled)
            m_summary->setText(QString::fromStdString(diff.error().message + ' ' + diff.error().hint));
        return;
    }
    m_summary->setText(tr("%1 added, %2 removed, %3 changed, %4 the same")
                           .arg(countText(diff->added), countText(diff->removed), countText(diff->changed), countText(diff->same)));
    m_back->setEnabled(m_newer->currentData().toLongLong() == 0 && !diff->shown.empty()); // nobody goes back unseen
    data::BulkPreview preview;
    for (data::SnapshotChange &change : diff->shown) {
        preview.changed.push_back(change.before ? change.before->id : change.after->id);
        preview.shown.push_back({change.before ? std::move(*change.before) : data::Record{}, change.after ? std::move(*change.after) : data::Record{}});
    }
    if (preview.shown.empty())
        m_changes->setMessage(tr("Nothing that is trained on differs."));
    else
        m_changes->setPreview(std::move(preview));
}

void SnapshotsDialog::rename()
{
    const int place = m_older->currentIndex();
    if (place < 0 || place >= int(m_snapshots.size()))
        return;
    engine::SnapshotInfo &snapshot = m_snapshots[std::size_t(place)];
    const std::string name = m_name->text().simplified().toStdString();
    if (name == snapshot.name)
        return;
    snapshot.name = name;
    m_bridge.write<void>(
        Touched::Snapshots, this, [id = snapshot.id, name](ProjectApi &project, const JobContext &) { return project.nameSnapshot(id, name); },
        [this](Result<> result) {
            if (!result)
                m_summary->setText(QString::fromStdString(result.error().message));
            else
                readSnapshots();
        });
}

void SnapshotsDialog::goBack()
{
    const int place = m_older->currentIndex();
    if (place < 0 || place >= int(m_snapshots.size()))
        return;
    m_back->setEnabled(false);
    m_summary->setText(tr("Going back to the snapshot"));
    m_bridge.write<std::int64_t>(
        Touched::Records, this,
        [id = m_snapshots[std::size_t(place)].id](ProjectApi &project, const JobContext &job) { return project.backToSnapshot(id, job.progress, job.stop); },
        [this](Result<std::int64_t> records) {
            if (!records) {
                m_summary->setText(QString::fromStdString(records.error().message + ' ' + records.error().hint));
                return;
            }
            emit wentBack(qint64(*records));
            accept();
        });
}

QString SnapshotsDialog::summary() const
{
    return m_summary->text();
}

} // namespace fettle::ui
