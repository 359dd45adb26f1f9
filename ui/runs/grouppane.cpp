// See grouppane.h.
#include "ui/runs/grouppane.h"

#include "ui/data/flowlayout.h"
#include "ui/runs/linetoggle.h"
#include "ui/runs/overlaychart.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/words.h"

#include <QVBoxLayout>

#include <algorithm>
#include <cmath>

namespace fettle::ui {

using namespace measure;

QStringList curveChoiceNames()
{
    return {GroupPane::tr("Whole run"), GroupPane::tr("By split"), GroupPane::tr("Held out, by tag"), GroupPane::tr("Train, by tag"),
            GroupPane::tr("Held out, by length"), GroupPane::tr("Train, by length")};
}

QString curveChoiceHelp(CurveChoice choice)
{
    switch (choice) {
    case CurveChoice::WholeRun: return GroupPane::tr("One curve for each correction.");
    case CurveChoice::BySplit: return GroupPane::tr("The mean over the records that are learnt and over those held out.");
    case CurveChoice::HeldOutByTag:
    case CurveChoice::TrainByTag: return GroupPane::tr("One line for each tag: which topics are learnt and which lag behind.");
    case CurveChoice::HeldOutByLength:
    case CurveChoice::TrainByLength: return GroupPane::tr("One line for each range of lengths: whether long records are learnt as well as short ones.");
    }
    return {};
}

engine::GroupBy groupingOf(CurveChoice choice)
{
    if (choice == CurveChoice::BySplit)
        return engine::GroupBy::Split;
    return choice == CurveChoice::HeldOutByTag || choice == CurveChoice::TrainByTag ? engine::GroupBy::Tag : engine::GroupBy::Length;
}

engine::LedgerPart partOf(CurveChoice choice)
{
    return choice == CurveChoice::TrainByTag || choice == CurveChoice::TrainByLength ? engine::LedgerPart::Train : engine::LedgerPart::HeldOut;
}

GroupPane::GroupPane(const RunCurves &curves, const AxisScale &scale, QWidget *parent) : QWidget(parent), m_curves(curves), m_scale(scale)
{
    auto *column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    auto *head = new QVBoxLayout;
    head->setContentsMargins(kPaneSide - kStep1, 0, kPaneSide, 0);
    m_legendRow = new FlowLayout(kStep1, 0);
    head->addLayout(m_legendRow);
    m_note = mutedLabel({});
    m_note->setWordWrap(true);
    m_note->setContentsMargins(kStep1, kStep1, 0, kStep1);
    head->addWidget(m_note);
    column->addLayout(head);
    m_chart = new OverlayChart;
    m_chart->setAccessibleName(tr("Losses of parts of the data"));
    m_chart->setToolTip(tr("The wheel zooms, dragging moves a zoomed view, a double click shows everything."));
    column->addWidget(m_chart, 1);
    connect(m_chart, &OverlayChart::hovered, this, [this](double x) { emit hovered(m_scale.toStep(x)); });
    connect(m_chart, &OverlayChart::pointerLeft, this, &GroupPane::pointerLeft);
}

void GroupPane::setWaiting()
{
    m_groups = {};
    refresh();
    showLegend();
    m_note->setText(tr("Reading the losses of the records"));
    m_note->show();
}

void GroupPane::setGroups(engine::LossGroups groups, CurveChoice choice)
{
    m_groups = std::move(groups);
    m_choice = choice;
    refresh();
    showLegend();
    QStringList notes;
    if (m_groups.groups.empty())
        notes.append(partOf(choice) == engine::LedgerPart::Train ? tr("There is no loss of single records yet: they are kept at the end of each epoch.")
                                                                 : tr("There is no loss of single records yet: they are kept at each measurement on held-out records."));
    if (m_groups.leftOut > 0)
        notes.append(tr("%n smaller group(s) are not drawn.", nullptr, int(m_groups.leftOut)));
    if (choice == CurveChoice::TrainByTag || choice == CurveChoice::TrainByLength)
        notes.append(tr("Each point is the mean of an epoch."));
    m_note->setText(notes.join(QLatin1Char(' ')));
    m_note->setVisible(!notes.isEmpty());
}

void GroupPane::setPerplexity(bool isPerplexity)
{
    m_isPerplexity = isPerplexity;
    refresh();
}

QString GroupPane::nameOf(const engine::LossGroup &group) const
{
    if (groupingOf(m_choice) == engine::GroupBy::Split)
        return group.part == engine::LedgerPart::Train ? tr("Train") : tr("Held out");
    return group.name.empty() ? tr("without a tag") : QString::fromStdString(group.name);
}

// Epochs end where the curve says so; the last one may be cut short.
double GroupPane::stepOf(const engine::LossGroup &group, std::size_t reading) const
{
    const auto at = double(group.at[reading]);
    if (group.part == engine::LedgerPart::HeldOut || m_curves.points.empty())
        return at;
    const auto found = std::ranges::lower_bound(m_curves.points, at - 1e-9, {}, &engine::MetricPoint::epoch);
    return double(found == m_curves.points.end() ? m_curves.points.back().step : found->step);
}

void GroupPane::refresh()
{
    std::vector<OverlayLine> lines;
    for (std::size_t i = 0; i < m_groups.groups.size(); ++i) {
        const engine::LossGroup &group = m_groups.groups[i];
        OverlayLine line{nameOf(group), int(i), false, {}, {}};
        for (std::size_t reading = 0; reading < group.at.size(); ++reading) {
            line.x.push_back(m_scale.toValue(stepOf(group, reading)));
            line.y.push_back(m_isPerplexity ? std::exp(std::min(group.losses[reading], 30.0)) : group.losses[reading]);
        }
        lines.push_back(std::move(line));
    }
    const std::int64_t last = m_curves.points.empty() ? 0 : m_curves.points.back().step;
    m_chart->setEnd(m_scale.toValue(double(std::max(m_curves.steps, last))));
    constexpr std::size_t kMostEpochLines = 50;
    std::vector<double> epochs;
    const std::vector<EpochStart> starts = epochStarts(m_curves);
    for (const EpochStart &start : starts.size() > kMostEpochLines ? std::vector<EpochStart>() : starts)
        epochs.push_back(m_scale.toValue(start.step));
    m_chart->setEpochs(epochs);
    m_chart->setCounts(axisCounts(m_scale.axis()));
    m_chart->setLines(std::move(lines));
}

void GroupPane::showLegend()
{
    for (LineToggle *toggle : m_legend) {
        m_legendRow->removeWidget(toggle);
        toggle->deleteLater();
    }
    m_legend.clear();
    for (std::size_t i = 0; i < m_groups.groups.size(); ++i) {
        const engine::LossGroup &group = m_groups.groups[i];
        auto *toggle = new LineToggle(tr("%1 (%2)").arg(nameOf(group), countText(group.rows)), int(i), tr("Shows or hides this line; in brackets the number of its records."));
        toggle->setChecked(m_chart->isSeriesShown(int(i)));
        connect(toggle, &QAbstractButton::toggled, this, [this, i](bool isShown) { m_chart->setSeriesShown(int(i), isShown); });
        m_legendRow->addWidget(toggle);
        toggle->show();
        m_legend.push_back(toggle);
    }
}

void GroupPane::setCursor(std::optional<double> step)
{
    const std::optional<double> x = step ? std::optional(m_scale.toValue(*step)) : std::nullopt;
    m_chart->setCursor(x);
    for (std::size_t i = 0; i < m_legend.size(); ++i) {
        const auto value = x ? m_chart->valueAt(i, *x) : std::nullopt;
        m_legend[i]->setValue(value ? lossText(*value) : QString());
    }
}

} // namespace fettle::ui
