// See evaluationsummary.h.
#include "ui/playground/evaluationsummary.h"

#include "ui/playground/evaluationwords.h"
#include "ui/widgets/card.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/plaintable.h"
#include "ui/widgets/rowdelegate.h"
#include "ui/widgets/words.h"

#include <QHBoxLayout>
#include <QHeaderView>
#include <QPainter>
#include <QTreeWidget>

#include <algorithm>

namespace fettle::ui {

using namespace measure;
using evaluate::MeasureSummary;

namespace {

constexpr int kPlotColumn = 3;
constexpr int kPlotRole = Qt::UserRole; // QList<double>: low, value, high of base and tuned
constexpr int kTagPane = 380;

// Both values with their intervals, each measure on a scale of its own.
class IntervalDelegate : public RowDelegate {
public:
    using RowDelegate::RowDelegate;
    void paint(QPainter *painter, const QStyleOptionViewItem &option, const QModelIndex &index) const override
    {
        RowDelegate::paint(painter, option, index);
        const auto values = index.data(kPlotRole).value<QList<double>>();
        if (values.size() != 6)
            return;
        const Tokens &t = tokens();
        const auto [low, high] = std::minmax_element(values.begin(), values.end());
        const double span = *high - *low;
        const QRect area = option.rect.adjusted(kStep3, 0, -kStep3, -1);
        const auto x = [&](double value) { return area.left() + (span > 0 ? (value - *low) / span : 0.5) * area.width(); };
        painter->save();
        painter->setRenderHint(QPainter::Antialiasing);
        painter->setPen(QPen(t.grid, 2));
        painter->drawLine(QPointF(area.left(), area.center().y()), QPointF(area.right(), area.center().y()));
        for (int column = 0; column < 2; ++column) {
            const QColor colour = column == 0 ? t.muted : t.accent;
            const double y = area.center().y() + (column == 0 ? -4 : 4);
            painter->setPen(QPen(colour, 1.5));
            painter->drawLine(QPointF(x(values[3 * column]), y), QPointF(x(values[3 * column + 2]), y));
            for (const int end : {0, 2})
                painter->drawLine(QPointF(x(values[3 * column + end]), y - 3), QPointF(x(values[3 * column + end]), y + 3));
            painter->setBrush(column == 0 ? t.surface1 : colour); // hollow is the base
            painter->drawEllipse(QPointF(x(values[3 * column + 1]), y), 3.5, 3.5);
        }
        painter->restore();
    }
};

QTreeWidget *makeTable(const char *name, const QStringList &heads, const QString &title, const QString &help)
{
    QTreeWidget *table = plainTable(name, heads, title, help);
    table->setSelectionMode(QAbstractItemView::NoSelection);
    table->header()->setMinimumSectionSize(56);
    return table;
}

} // namespace

EvaluationSummary::EvaluationSummary(QWidget *parent) : QWidget(parent)
{
    auto *row = new QHBoxLayout(this);
    row->setContentsMargins(0, 0, 0, 0);
    row->setSpacing(0);
    m_measures = makeTable("measures", {}, tr("Measures"), tr("Hollow: base. Filled: tuned. An interval of the change that leaves out zero is more than luck."));
    m_measures->setItemDelegate(new IntervalDelegate(m_measures));
    m_judge = new TextLabel;
    m_judge->setObjectName(QStringLiteral("judgeNote"));
    m_judge->setWordWrap(true);
    m_judge->setContentsMargins(kPaneSide, kStep2, kPaneSide, kStep2);
    m_judge->hide();
    auto *left = new QVBoxLayout;
    left->setSpacing(0);
    left->addWidget(m_measures, 1);
    left->addWidget(m_judge);
    row->addLayout(left, 1);
    m_tagPane = new Pane(Surface::Page, Qt::LeftEdge);
    m_tagPane->setFixedWidth(kTagPane);
    auto *column = new QVBoxLayout(m_tagPane);
    column->setContentsMargins(1, 0, 0, 0);
    column->setSpacing(0);
    m_tags = makeTable("evaluationTags", {tr("By tag: loss"), tr("Rows"), tr("Base"), tr("Tuned"), tr("Change")}, tr("By tag"), tr("The highest loss of the tuned model first."));
    column->addWidget(m_tags, 1);
    m_tagNote = new TextLabel({}, TextSize::Body, Weight::Regular, Ink::Bad);
    m_tagNote->setObjectName(QStringLiteral("tagNote"));
    m_tagNote->setWordWrap(true);
    m_tagNote->setContentsMargins(kPaneSide, kStep2, kPaneSide, kStep2);
    column->addWidget(m_tagNote);
    row->addWidget(m_tagPane);
}

void EvaluationSummary::showComparison(const evaluate::Comparison &comparison)
{
    fillMeasures(comparison);
    fillTags(comparison);
    m_judge->setVisible(comparison.judge.has_value());
    if (!comparison.judge)
        return;
    m_judge->setText(judgeText(*comparison.judge));
    m_judge->setInk(comparison.judge->isBiased() ? Ink::Warning : Ink::Text);
    m_judge->setToolTip(tr("What it was told: %1").arg(QString::fromStdString(comparison.judge->rubric)));
}

void EvaluationSummary::fillMeasures(const evaluate::Comparison &comparison)
{
    m_measures->clear();
    m_measures->setHeaderLabels({tr("Measure"), tr("Base"), QString::fromStdString(comparison.columns.back()), tr("95 % intervals"),
                                 tr("Change"), tr("95 % interval"), tr("Says")});
    m_measures->headerItem()->setTextAlignment(0, Qt::AlignLeft | Qt::AlignVCenter);
    m_measures->headerItem()->setTextAlignment(kPlotColumn, Qt::AlignLeft | Qt::AlignVCenter);
    m_measures->headerItem()->setTextAlignment(6, Qt::AlignLeft | Qt::AlignVCenter);
    for (const MeasureSummary &summary : comparison.measures) {
        const auto &base = summary.columns.front(), &tuned = summary.columns.back(), &change = summary.differences.back();
        const auto text = [&](double value) { return measureText(summary.measure, value); };
        const auto signedText = [&](double value) { return changeText(summary.measure, value); };
        auto *item = new QTreeWidgetItem({measureName(summary.measure), text(base.value), text(tuned.value), {}, signedText(change.value),
                                          tr("%1 to %2").arg(signedText(change.interval.low), signedText(change.interval.high)), changeName(changeOf(summary))});
        item->setData(kPlotColumn, kPlotRole,
                      QVariant::fromValue(QList<double>{base.interval.low, base.value, base.interval.high, tuned.interval.low, tuned.value, tuned.interval.high}));
        alignRight(*item, 1, 5);
        for (int column = 0; column < item->columnCount(); ++column)
            item->setToolTip(column, tr("%1 Measured on %2 rows. Base %3 to %4, tuned %5 to %6.")
                                         .arg(measureHelp(summary.measure), countText(summary.rows), text(base.interval.low), text(base.interval.high), text(tuned.interval.low), text(tuned.interval.high)));
        m_measures->addTopLevelItem(item);
    }
    QHeaderView *header = m_measures->header();
    header->setSectionResizeMode(QHeaderView::ResizeToContents);
    header->setSectionResizeMode(kPlotColumn, QHeaderView::Stretch);
}

void EvaluationSummary::fillTags(const evaluate::Comparison &comparison)
{
    m_tags->clear();
    struct Line { QString tag; const MeasureSummary *loss; };
    std::vector<Line> lines;
    for (const auto &tag : comparison.tags) {
        const auto loss = std::ranges::find(tag.measures, evaluate::Measure::Loss, &MeasureSummary::measure);
        if (loss != tag.measures.end())
            lines.push_back({QString::fromStdString(tag.tag), &*loss});
    }
    std::ranges::stable_sort(lines, [](const Line &left, const Line &right) { return left.loss->columns.back().value > right.loss->columns.back().value; });
    QStringList worse;
    for (const auto &[tag, loss] : lines) {
        const double change = loss->differences.back().value;
        auto *item = new QTreeWidgetItem({tag, countText(loss->rows), lossText(loss->columns.front().value), lossText(loss->columns.back().value), changeText(loss->measure, change)});
        alignRight(*item, 1, 4);
        m_tags->addTopLevelItem(item);
        if (change > 0)
            worse.append(tr("\"%1\" got worse, %2 to %3%4").arg(tag, lossText(loss->columns.front().value), lossText(loss->columns.back().value),
                                                                changeOf(*loss) == Change::Unclear ? tr("; with so few rows this may be luck.") : QStringLiteral(".")));
    }
    m_tagNote->setText(worse.mid(0, 2).join(QLatin1Char('\n')));
    m_tagNote->setVisible(!worse.isEmpty());
    m_tags->header()->setSectionResizeMode(QHeaderView::ResizeToContents);
    m_tags->header()->setSectionResizeMode(0, QHeaderView::Stretch);
}

void EvaluationSummary::setNarrow(bool isNarrow)
{
    m_tagPane->setFixedWidth(isNarrow ? 280 : kTagPane);
    m_measures->setColumnHidden(5, isNarrow);
    for (const int column : {1, 2}) // the tag and what became of it need the room
        m_tags->setColumnHidden(column, isNarrow);
}

} // namespace fettle::ui
