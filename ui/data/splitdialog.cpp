#include "ui/data/splitdialog.h"

#include "ui/data/recordwords.h"
#include "ui/widgets/button.h"
#include "ui/widgets/labels.h"

#include <QButtonGroup>
#include <QCheckBox>
#include <QGridLayout>
#include <QRadioButton>
#include <QSpinBox>

namespace fettle::ui {

using namespace measure;

namespace {
constexpr int kPauseMs = 250;
}

SplitDialog::SplitDialog(Bridge &bridge, const engine::RecordFilter &filter, QWidget *parent)
    : QDialog(parent), m_bridge(bridge), m_filter(filter), m_ways(new QButtonGroup(this))
{
    setWindowTitle(tr("Divide the records"));
    m_pause.setSingleShot(true);
    m_pause.setInterval(kPauseMs);
    connect(&m_pause, &QTimer::timeout, this, &SplitDialog::plan);
    auto *column = new QVBoxLayout(this);
    column->setContentsMargins(kPaneSide, kPaneTop, kPaneSide, kStep3);
    column->setSpacing(kStep2);
    column->addWidget(titleLabel(windowTitle()));
    auto *why = mutedLabel(tr("What is held out shows later what was learnt. Records that ask the same or nearly the same stay on one side."));
    why->setWordWrap(true);
    column->addWidget(why);
    const std::tuple<data::SplitBy, QString, QString> ways[] = {
        {data::SplitBy::Chance, tr("By chance"), tr("Every record has the same chance")},
        {data::SplitBy::WithinTags, tr("By chance within each tag"), tr("The shares hold for each first tag, so that no subject is missing on one side")},
        {data::SplitBy::WholeTags, tr("Whole tags"), tr("Records with the same first tag stay on one side: shows how well new subjects are answered")},
        {data::SplitBy::WholeSources, tr("Whole files"), tr("Records that came from the same file stay on one side")},
    };
    for (const auto &[by, text, help] : ways) {
        auto *way = new QRadioButton(text);
        way->setToolTip(help);
        way->setChecked(by == data::SplitBy::Chance);
        m_ways->addButton(way, int(by));
        column->addWidget(way);
    }
    const auto spin = [](int value, int maximum, const QString &suffix) {
        auto *box = new QSpinBox;
        box->setRange(0, maximum);
        box->setValue(value);
        box->setSuffix(suffix);
        box->setFixedWidth(96);
        return box;
    };
    m_heldOut = spin(10, 50, tr(" %"));
    m_test = spin(0, 49, tr(" %"));
    m_seed = spin(1207, 999999, {});
    auto *grid = new QGridLayout;
    grid->setHorizontalSpacing(kStep3);
    grid->setColumnStretch(2, 1);
    grid->addWidget(labelFor(m_heldOut, "heldOutShare", tr("Held out"), tr("Records that are never trained on, so that one sees what was learnt")), 0, 0);
    grid->addWidget(labelFor(m_test, "testShare", tr("Test"), tr("Records that are kept for one last test")), 1, 0);
    grid->addWidget(labelFor(m_seed, "splitSeed", tr("Seed"), tr("The same number gives the same division")), 2, 0);
    int line = 0;
    for (QSpinBox *box : {m_heldOut, m_test, m_seed})
        grid->addWidget(box, line++, 1);
    column->addSpacing(kStep1);
    column->addLayout(grid);
    m_keeps = new QCheckBox(tr("Records that have a split keep it"));
    m_keeps->setToolTip(tr("Without the tick every record of the list is divided anew"));
    m_keeps->setChecked(true);
    column->addWidget(m_keeps);
    m_summary = strongLabel({});
    m_summary->setWordWrap(true);
    m_summary->setMinimumHeight(40);
    m_summary->setAccessibleName(tr("What each part would get"));
    column->addWidget(m_summary);
    auto *row = new QHBoxLayout;
    row->addStretch(1);
    auto *cancel = new Button(tr("Cancel"));
    m_divide = primaryButton(tr("Divide"), QStringLiteral("split"), tr("Gives each record its split as one step, which undo takes back"));
    m_divide->setDefault(true);
    for (Button *button : {cancel, m_divide}) {
        button->setHeight(kButtonLarge);
        row->addWidget(button);
    }
    column->addLayout(row);
    setFixedWidth(460);
    connect(cancel, &QAbstractButton::clicked, this, &QDialog::reject);
    connect(m_divide, &QAbstractButton::clicked, this, &SplitDialog::divide);
    connect(m_ways, &QButtonGroup::idToggled, &m_pause, qOverload<>(&QTimer::start));
    connect(m_keeps, &QAbstractButton::toggled, &m_pause, qOverload<>(&QTimer::start));
    for (QSpinBox *box : {m_heldOut, m_test, m_seed})
        connect(box, &QSpinBox::valueChanged, &m_pause, qOverload<>(&QTimer::start));
    connect(this, &QDialog::rejected, this, [this] { m_bridge.cancel(m_job); });
    plan();
}

data::SplitRule SplitDialog::rule() const
{
    data::SplitRule rule;
    rule.by = data::SplitBy(m_ways->checkedId());
    rule.shares.heldOut = m_heldOut->value() / 100.0;
    rule.shares.test = m_test->value() / 100.0;
    rule.shares.train = 1.0 - rule.shares.heldOut - rule.shares.test;
    rule.shares.seed = std::uint64_t(m_seed->value());
    rule.keepsAssigned = m_keeps->isChecked();
    return rule;
}

void SplitDialog::plan()
{
    m_bridge.cancel(m_job);
    m_divide->setEnabled(false);
    m_summary->setText(tr("Looking for what belongs together"));
    m_job = m_bridge.readSlowly<data::SplitPlan>(
        this,
        [rule = rule(), filter = m_filter](const ProjectApi *project, const JobContext &job) -> Result<data::SplitPlan> {
            if (!project)
                return data::SplitPlan{};
            const auto ids = project->recordIds(filter);
            if (!ids)
                return passError(ids);
            return project->planSplits(*ids, rule, job.progress, job.stop);
        },
        [this](Result<data::SplitPlan> found) { receive(std::move(found)); }, "data split");
}

void SplitDialog::receive(Result<data::SplitPlan> found)
{
    if (!found) {
        if (found.error().code != ErrorCode::Cancelled)
            m_summary->setText(QString::fromStdString(found.error().message + ' ' + found.error().hint));
        return;
    }
    m_plan = std::move(*found);
    const auto countOf = [this](data::Split split) {
        const auto place = m_plan.counts.find(split);
        return countText(place == m_plan.counts.end() ? 0 : place->second);
    };
    m_divide->setEnabled(!m_plan.moves.empty());
    m_summary->setText(m_plan.moves.empty()
                           ? tr("Nothing would change: every record has its split already.")
                           : tr("%1 to train, %2 held out, %3 for the test; %4 records change.")
                                 .arg(countOf(data::Split::Train), countOf(data::Split::HeldOut), countOf(data::Split::Test), countText(qint64(m_plan.moves.size()))));
}

void SplitDialog::divide()
{
    m_divide->setEnabled(false);
    const auto moved = qint64(m_plan.moves.size());
    m_bridge.write<void>(
        Touched::Records, this, [plan = m_plan](ProjectApi &project, const JobContext &) { return project.applySplits(plan); },
        [this, moved](Result<> result) {
            if (!result) {
                m_summary->setText(QString::fromStdString(result.error().message + ' ' + result.error().hint));
                return;
            }
            emit divided(moved);
            accept();
        });
}

QString SplitDialog::summary() const
{
    return m_summary->text();
}

} // namespace fettle::ui
