#include "ui/data/snapshotdialog.h"

#include "ui/data/recordwords.h"
#include "ui/widgets/button.h"
#include "ui/widgets/card.h"
#include "ui/widgets/labels.h"

#include <QGridLayout>
#include <QRadioButton>
#include <QSpinBox>

namespace fettle::ui {

using namespace measure;

SnapshotDialog::SnapshotDialog(const engine::RecordCounts &counts, qint64 shownRows, QWidget *parent)
    : QDialog(parent), m_counts(counts), m_shownRows(shownRows)
{
    setWindowTitle(tr("Freeze snapshot"));
    auto *column = new QVBoxLayout(this);
    column->setContentsMargins(kPaneSide, kPaneTop, kPaneSide, kStep3);
    column->setSpacing(kStep2);
    column->addWidget(titleLabel(tr("Freeze snapshot")));
    auto *why = mutedLabel(tr("A snapshot keeps the records exactly as they are now. A run names its snapshot, so that it can be repeated."));
    why->setWordWrap(true);
    column->addWidget(why);
    column->addSpacing(kStep1);

    m_all = new QRadioButton(tr("All records, %1").arg(countText(counts.all)));
    m_all->setToolTip(tr("Rejected and empty records are left out"));
    m_all->setChecked(true);
    m_shown = new QRadioButton(tr("Only the %1 that the filters show").arg(countText(shownRows)));
    m_shown->setToolTip(m_all->toolTip());
    m_shown->setVisible(shownRows > 0);
    column->addWidget(m_all);
    column->addWidget(m_shown);
    column->addSpacing(kStep1);

    const auto spin = [this](int value, int maximum, const QString &suffix, const QString &help) {
        auto *box = new QSpinBox;
        box->setRange(0, maximum);
        box->setValue(value);
        box->setSuffix(suffix);
        box->setFixedWidth(96);
        box->setToolTip(help);
        connect(box, &QSpinBox::valueChanged, this, &SnapshotDialog::updateSummary);
        return box;
    };
    m_heldOut = spin(10, 50, tr(" %"), tr("Records that are never trained on, so that one sees what was learnt"));
    m_test = spin(0, 50, tr(" %"), tr("Records that are kept for one last test"));
    m_seed = spin(1207, 999999, {}, tr("The same number gives the same division"));
    auto *grid = new QGridLayout;
    grid->setHorizontalSpacing(kStep3);
    grid->setColumnStretch(2, 1);
    int line = 0;
    for (const auto &[text, box] : {std::pair{tr("Held out"), m_heldOut}, std::pair{tr("Test"), m_test}, std::pair{tr("Seed"), m_seed}}) {
        auto *label = mutedLabel(text);
        label->setBuddy(box);
        box->setAccessibleName(text);
        grid->addWidget(label, line, 0);
        grid->addWidget(box, line, 1);
        ++line;
    }
    column->addLayout(grid);
    m_summary = mutedLabel({});
    m_summary->setWordWrap(true);
    column->addWidget(m_summary);
    column->addSpacing(kStep2);

    auto *row = new QHBoxLayout;
    row->addStretch(1);
    auto *cancel = new Button(tr("Cancel"));
    cancel->setHeight(kButtonLarge);
    m_freeze = primaryButton(tr("Freeze"), QStringLiteral("camera"));
    m_freeze->setHeight(kButtonLarge);
    m_freeze->setDefault(true);
    row->addWidget(cancel);
    row->addWidget(m_freeze);
    column->addLayout(row);
    connect(cancel, &QAbstractButton::clicked, this, &QDialog::reject);
    connect(m_freeze, &QAbstractButton::clicked, this, &QDialog::accept);
    setFixedWidth(440);
    updateSummary();
}

bool SnapshotDialog::takesFilter() const
{
    return m_shown->isChecked();
}

engine::SplitShares SnapshotDialog::shares() const
{
    engine::SplitShares shares;
    shares.heldOut = m_heldOut->value() / 100.0;
    shares.test = m_test->value() / 100.0;
    shares.train = 1.0 - shares.heldOut - shares.test;
    shares.seed = static_cast<std::uint64_t>(m_seed->value());
    return shares;
}

void SnapshotDialog::updateSummary()
{
    const auto found = m_counts.bySplit.find(data::Split::Unassigned);
    const std::int64_t open = found == m_counts.bySplit.end() ? 0 : found->second;
    m_summary->setText(open == 0 ? tr("Every record has its split already; the shares change nothing.")
                                 : tr("The shares divide the %1 records that have no split yet.").arg(countText(open)));
}

} // namespace fettle::ui
