#include "ui/data/filterpane.h"

#include "ui/data/filterrow.h"
#include "ui/data/lengthhistogram.h"
#include "ui/data/recordwords.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/progressline.h"

#include "ui/widgets/button.h"

#include <QHBoxLayout>
#include <QPainter>
#include <QScrollArea>
#include <QVBoxLayout>

#include <algorithm>

namespace fettle::ui {

using namespace measure;

namespace {
constexpr std::size_t kGroupRowsShown = 8;
}

FilterRow::FilterRow(const QString &name, bool isChecked, QWidget *parent)
    : QWidget(parent), m_name(name), m_box(new QCheckBox), m_count(mutedLabel({}))
{
    auto *row = new QHBoxLayout(this);
    row->setContentsMargins(0, 0, 0, 0);
    row->setSpacing(kStep1);
    m_box->setText(fontMetrics().elidedText(QString(name).replace(u'&', QLatin1String("&&")), Qt::ElideRight, 130));
    m_box->setToolTip(name);
    m_box->setChecked(isChecked);
    m_box->setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
    row->addWidget(m_box, 1);
    row->addWidget(m_count);
    setFixedHeight(qRound(kRow * textScale()));
    setCount(0);
}

void FilterRow::setCount(qint64 count)
{
    m_count->setText(countText(count));
    m_box->setAccessibleName(tr("%1, %2 records").arg(m_name, countText(count)));
}

void FilterRow::setShare(double share)
{
    m_share = share;
    update();
}

void FilterRow::paintEvent(QPaintEvent *)
{
    if (m_share < 0)
        return;
    QPainter painter(this);
    painter.fillRect(QRectF(0, height() - 2, std::max(1.0, width() * m_share), 2), tokens().border);
}

FilterPane::FilterPane(QWidget *parent) : QWidget(parent)
{
    auto *content = new QWidget;
    m_column = new QVBoxLayout(content);
    m_column->setContentsMargins(kPaneSide, kPaneTop, kPaneSide, kPaneTop);
    m_column->setSpacing(0);

    m_saved = new QWidget;
    m_savedColumn = new QVBoxLayout(m_saved);
    m_savedColumn->setContentsMargins(0, 0, 0, 0);
    m_savedColumn->setSpacing(0);
    m_column->addWidget(m_saved);
    m_saved->hide();
    addSection(sectionLabel(tr("Status")));
    for (const auto status : {data::RecordStatus::New, data::RecordStatus::Edited, data::RecordStatus::Approved, data::RecordStatus::Rejected}) {
        auto *row = new FilterRow(statusName(status), true);
        m_statuses[status] = row;
        m_column->addWidget(row);
        connect(row->box(), &QCheckBox::clicked, this, &FilterPane::filterChanged);
    }
    m_review = new ProgressLine;
    m_reviewed = smallLabel({});
    m_column->addSpacing(kStep1);
    m_column->addWidget(m_review);
    m_column->addWidget(m_reviewed);
    addSection(sectionLabel(tr("Split")));
    for (const auto split : {data::Split::Train, data::Split::HeldOut, data::Split::Test, data::Split::Unassigned}) {
        auto *row = new FilterRow(splitLabel(split), true);
        m_splits[split] = row;
        m_column->addWidget(row);
        connect(row->box(), &QCheckBox::clicked, this, &FilterPane::filterChanged);
    }
    m_tags.moreToolTip = tr("Show every tag");
    m_tags.fewerToolTip = tr("Show the most frequent tags only");
    addGroup(m_tags, sectionLabel(tr("Tags")));
    m_sources.moreToolTip = tr("Show every source");
    m_sources.fewerToolTip = tr("Show the largest sources only");
    addGroup(m_sources, sectionLabel(tr("Sources")));
    m_lengthLabel = sectionLabel(tr("Length in tokens"));
    addSection(m_lengthLabel);
    m_lengths = new LengthHistogram;
    m_column->addSpacing(kStep1);
    m_column->addWidget(m_lengths);
    connect(m_lengths, &LengthHistogram::cutChosen, this, &FilterPane::cutChosen);
    connect(m_lengths, &LengthHistogram::lengthsChosen, this, &FilterPane::lengthsChosen);
    m_column->addStretch(1);

    auto *scroll = new QScrollArea;
    scroll->setFrameShape(QFrame::NoFrame);
    scroll->setWidgetResizable(true);
    scroll->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    scroll->setFocusPolicy(Qt::NoFocus);
    scroll->setWidget(content);
    auto *all = new QVBoxLayout(this);
    all->setContentsMargins(0, 0, 0, 0);
    all->addWidget(scroll);
    setMinimumWidth(160);
    setCounts({}, 0);
}

void FilterPane::setSaved(const QStringList &queries, const QString &current)
{
    while (QLayoutItem *item = m_savedColumn->takeAt(0)) {
        if (item->widget()) {
            item->widget()->hide();
            item->widget()->deleteLater();
        }
        delete item;
    }
    const bool canSave = !current.isEmpty() && !queries.contains(current);
    m_saved->setVisible(canSave || !queries.isEmpty());
    if (!queries.isEmpty()) {
        TextLabel *label = sectionLabel(tr("Saved filters"));
        label->setFixedHeight(qRound(20 * textScale()));
        m_savedColumn->addWidget(label);
    }
    for (const QString &query : queries) {
        auto *line = new QWidget;
        auto *row = new QHBoxLayout(line);
        row->setContentsMargins(0, 0, 0, 0);
        row->setSpacing(kStep1);
        auto *link = new Link(fontMetrics().elidedText(query, Qt::ElideRight, 130));
        link->setToolTip(tr("Show the records of the filter %1").arg(query));
        link->setAccessibleName(tr("Saved filter %1").arg(query));
        auto *forget = iconButton(QStringLiteral("x"), tr("Forget the filter %1; no record is changed").arg(query));
        forget->setHeight(kBadge);
        forget->setInk(Ink::Muted);
        row->addWidget(link);
        row->addStretch(1);
        row->addWidget(forget);
        line->setFixedHeight(qRound(kRow * textScale()));
        m_savedColumn->addWidget(line);
        connect(link, &QAbstractButton::clicked, this, [this, query] { emit savedChosen(query); });
        connect(forget, &QAbstractButton::clicked, this, [this, query] { emit forgetWanted(query); });
    }
    if (canSave) {
        auto *save = new Link(tr("Keep this search"));
        save->setObjectName(QStringLiteral("keepSearch"));
        save->setToolTip(tr("Keeps what stands in the search field as a filter of this project"));
        save->setFixedHeight(qRound(kRow * textScale()));
        m_savedColumn->addWidget(save, 0, Qt::AlignLeft);
        connect(save, &QAbstractButton::clicked, this, &FilterPane::saveWanted);
    }
}

void FilterPane::addSection(TextLabel *label)
{
    label->setFixedHeight(qRound(20 * textScale()));
    if (m_column->count() > 0)
        m_column->addSpacing(kStep4);
    m_column->addWidget(label);
}

void FilterPane::setCounts(const engine::RecordCounts &counts, std::int64_t maxLength)
{
    const auto countIn = [](const auto &map, const auto &key) {
        const auto found = map.find(key);
        return found == map.end() ? std::int64_t{0} : found->second;
    };
    for (const auto &[status, row] : m_statuses)
        row->setCount(countIn(counts.byStatus, status));
    const std::int64_t reviewed = counts.all - countIn(counts.byStatus, data::RecordStatus::New);
    m_review->setShare(counts.all > 0 ? double(reviewed) / double(counts.all) : 0);
    m_reviewed->setText(tr("%1 of %2 reviewed").arg(countText(reviewed), countText(counts.all)));
    m_review->setAccessibleName(m_reviewed->text());
    for (const auto &[split, row] : m_splits) {
        const std::int64_t count = countIn(counts.bySplit, split);
        row->setCount(count);
        // Train and held out are the two everybody needs; the others appear when they have records.
        row->setVisible(count > 0 || split == data::Split::Train || split == data::Split::HeldOut || !row->isChecked());
    }
    m_tags.counts = counts.byTag;
    rebuild(m_tags);
    // A single source says nothing.
    m_sources.counts = counts.bySource.size() > 1 ? counts.bySource : std::map<std::string, std::int64_t>();
    rebuild(m_sources);
    m_lengths->setLengths(counts.byLength, maxLength);
    m_lengthLabel->setVisible(!m_lengths->isEmpty());
    m_lengths->setVisible(!m_lengths->isEmpty());
}

void FilterPane::addGroup(Group &group, TextLabel *label)
{
    group.label = label;
    addSection(label);
    group.column = new QVBoxLayout;
    group.column->setSpacing(0);
    m_column->addLayout(group.column);
    group.more = new Link({});
    group.more->hide();
    m_column->addWidget(group.more, 0, Qt::AlignLeft);
    connect(group.more, &QAbstractButton::clicked, this, [this, &group] {
        group.showsAll = !group.showsAll;
        rebuild(group);
    });
}

void FilterPane::rebuild(Group &group)
{
    std::vector<std::pair<std::string, std::int64_t>> sorted(group.counts.begin(), group.counts.end());
    std::stable_sort(sorted.begin(), sorted.end(), [](const auto &a, const auto &b) { return a.second > b.second; });

    std::map<std::string, FilterRow *> old;
    old.swap(group.rows);
    for (const auto &[name, row] : old)
        group.column->removeWidget(row);
    std::size_t shown = 0;
    for (const auto &[name, count] : sorted) {
        const auto known = old.find(name);
        const bool isChosen = known != old.end() && known->second->isChecked();
        if (!group.showsAll && shown >= kGroupRowsShown && !isChosen)
            continue;
        FilterRow *row = nullptr;
        if (known != old.end()) {
            row = known->second;
            old.erase(known);
        } else {
            row = new FilterRow(name.empty() ? tr("Written here") : QString::fromStdString(name), false);
            connect(row->box(), &QCheckBox::clicked, this, &FilterPane::filterChanged);
        }
        row->setCount(count);
        row->setShare(double(count) / double(sorted.front().second));
        group.column->addWidget(row);
        group.rows[name] = row;
        ++shown;
    }
    for (const auto &[name, row] : old) {
        row->hide();
        row->deleteLater();
    }
    const auto hidden = sorted.size() - shown;
    group.more->setVisible(hidden > 0 || (group.showsAll && sorted.size() > kGroupRowsShown));
    group.more->setText(hidden > 0 ? tr("%1 more").arg(countText(static_cast<qint64>(hidden))) : tr("Fewer"));
    group.more->setToolTip(hidden > 0 ? group.moreToolTip : group.fewerToolTip);
    group.label->setVisible(!sorted.empty());
}

void FilterPane::applyTo(engine::RecordFilter &filter) const
{
    filter.statuses.clear();
    filter.splits.clear();
    for (const auto &[status, row] : m_statuses)
        if (row->isChecked())
            filter.statuses.push_back(status);
    if (filter.statuses.size() == m_statuses.size())
        filter.statuses.clear();
    for (const auto &[split, row] : m_splits)
        if (row->isChecked())
            filter.splits.push_back(split);
    if (filter.splits.size() == m_splits.size())
        filter.splits.clear();
    filter.tags = m_tags.chosen();
    filter.sources = m_sources.chosen();
}

int FilterPane::activeCount() const
{
    engine::RecordFilter filter;
    applyTo(filter);
    return int(!filter.statuses.empty()) + int(!filter.splits.empty()) + int(!filter.tags.empty()) + int(!filter.sources.empty());
}

void FilterPane::reset()
{
    for (const auto &[status, row] : m_statuses)
        row->box()->setChecked(true);
    for (const auto &[split, row] : m_splits)
        row->box()->setChecked(true);
    for (const Group *group : {&m_tags, &m_sources})
        for (const auto &[name, row] : group->rows)
            row->box()->setChecked(false);
}

QCheckBox *FilterPane::statusBox(data::RecordStatus status) const
{
    return m_statuses.at(status)->box();
}

QCheckBox *FilterPane::tagBox(const QString &tag) const
{
    const auto found = m_tags.rows.find(tag.toStdString());
    return found == m_tags.rows.end() ? nullptr : found->second->box();
}

std::vector<std::string> FilterPane::Group::chosen() const
{
    std::vector<std::string> names;
    for (const auto &[name, row] : rows)
        if (row->isChecked())
            names.push_back(name);
    return names;
}

void FilterPane::paintEvent(QPaintEvent *)
{
    QPainter painter(this);
    painter.fillRect(rect(), tokens().surface0);
}

} // namespace fettle::ui
