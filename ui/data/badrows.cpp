#include "ui/data/badrows.h"

#include "ui/data/recordwords.h"
#include "ui/data/repairdialog.h"
#include "ui/widgets/button.h"
#include "ui/widgets/labels.h"

#include <QClipboard>
#include <QGuiApplication>
#include <QHeaderView>
#include <QHBoxLayout>
#include <QTreeWidget>

#include <algorithm>
#include <map>

namespace fettle::ui {

using namespace measure;

namespace {

constexpr int kRowsListed = 500; // the saved report has all

// "11 empty answers, 2 broken lines": the most frequent reasons with their counts.
QString commonReasons(const std::vector<data::RejectedRow> &rows)
{
    std::map<std::string, int> counts;
    for (const data::RejectedRow &row : rows)
        ++counts[row.reason];
    std::vector<std::pair<std::string, int>> sorted(counts.begin(), counts.end());
    std::stable_sort(sorted.begin(), sorted.end(), [](const auto &a, const auto &b) { return a.second > b.second; });
    QStringList parts;
    for (std::size_t index = 0; index < sorted.size() && index < 2; ++index)
        parts.append(QStringLiteral("%1 × %2").arg(countText(sorted[index].second), QString::fromStdString(sorted[index].first)));
    return parts.join(QStringLiteral(", "));
}

} // namespace

QString reportText(const data::ImportReport &report)
{
    QString text = QCoreApplication::translate("fettle::ui::BadRows", "%1 rows in the file, %2 accepted, %3 left out\n")
                       .arg(countText(report.rowsInFile), countText(report.accepted), countText(static_cast<qint64>(report.rejected.size())));
    for (const data::RejectedRow &row : report.rejected)
        text += QStringLiteral("%1\t%2\t%3\n").arg(QString::number(row.line), QString::fromStdString(row.field), QString::fromStdString(row.reason));
    return text;
}

BadRows::BadRows(QWidget *parent) : QWidget(parent)
{
    auto *column = new QVBoxLayout(this);
    column->setContentsMargins(kPaneSide, kStep2, kPaneSide, kPaneTop);
    column->setSpacing(kStep2);
    auto *row = new QHBoxLayout;
    row->setSpacing(kStep2);
    m_icon = new IconLabel(QStringLiteral("circle-alert"), Ink::Bad);
    m_headline = strongLabel({});
    m_reasons = new ElidedLabel({}, TextSize::Body, Weight::Regular, Ink::Muted);
    m_save = new Button(tr("Save report..."), QStringLiteral("file-text"), tr("Writes line, field and reason of every bad row to a text file"));
    m_copy = new Button(tr("Copy report"), QStringLiteral("copy"), tr("Copies line, field and reason of every bad row"));
    m_repair = new Button(tr("Repair..."), QStringLiteral("pencil"), tr("Opens the chosen row as text, so that it can be corrected and imported"));
    for (Button *button : {m_repair, m_save, m_copy})
        button->setHeight(kButtonSmall);
    row->addWidget(m_icon);
    row->addWidget(m_headline);
    row->addWidget(m_reasons, 1);
    row->addWidget(m_repair);
    row->addWidget(m_save);
    row->addWidget(m_copy);
    column->addLayout(row);
    m_notices = smallLabel({});
    m_notices->setWordWrap(true);
    m_notices->setAccessibleName(tr("What is to be known of the file"));
    column->addWidget(m_notices);

    m_list = new QTreeWidget;
    m_list->setHeaderLabels({tr("Line"), tr("Field"), tr("Reason")});
    m_list->headerItem()->setTextAlignment(0, Qt::AlignRight | Qt::AlignVCenter);
    m_list->setRootIsDecorated(false);
    m_list->setUniformRowHeights(true);
    m_list->setSelectionMode(QAbstractItemView::SingleSelection);
    m_list->setAccessibleName(tr("Rows that cannot be read"));
    m_list->setProperty("field", false);
    m_list->header()->setStretchLastSection(true);
    m_list->header()->resizeSection(0, 72);
    m_list->header()->resizeSection(1, 124);
    m_list->header()->setSectionsMovable(false);
    column->addWidget(m_list, 1);
    const auto repair = [this] {
        if (m_repair->isEnabled() && currentRow() >= 0)
            emit repairWanted(currentRow());
    };
    connect(m_repair, &QAbstractButton::clicked, this, repair);
    connect(m_list, &QTreeWidget::itemActivated, this, repair);
    connect(m_list, &QTreeWidget::currentItemChanged, this, [this] {
        const int current = currentRow();
        m_repair->setEnabled(current >= 0 && RepairDialog::canRepair(m_report, m_report.rejected[std::size_t(current)]));
    });
    connect(m_save, &QAbstractButton::clicked, this, &BadRows::saveRequested);
    connect(m_copy, &QAbstractButton::clicked, this, &BadRows::copyReport);
    setReport({});
}

void BadRows::setReport(const data::ImportReport &report)
{
    m_report = report;
    const bool hasBad = !report.rejected.empty();
    m_icon->setIcon(hasBad ? QStringLiteral("circle-alert") : QStringLiteral("circle-check"), hasBad ? Ink::Bad : Ink::Good);
    const auto bad = static_cast<qint64>(report.rejected.size());
    m_headline->setText(bad == 0 ? tr("Every row can be read") : bad == 1 ? tr("1 row cannot be read") : tr("%1 rows cannot be read").arg(countText(bad)));
    const QString reasons = commonReasons(report.rejected);
    QStringList notices;
    for (const data::ImportNotice &notice : report.notices)
        notices.append(QString::fromStdString(notice.text));
    // The reasons must not cut away what is to be known of the file, such as its encoding.
    m_reasons->setText(hasBad ? reasons : notices.join(QLatin1Char(' ')));
    m_reasons->setToolTip(m_reasons->text());
    m_notices->setText(notices.join(QLatin1Char(' ')));
    m_notices->setVisible(hasBad && !notices.isEmpty());
    m_save->setVisible(hasBad);
    m_copy->setVisible(hasBad);
    m_list->setVisible(hasBad);
    // Without a list one line is enough; the room goes to the mapping.
    setSizePolicy(QSizePolicy::Preferred, hasBad ? QSizePolicy::Preferred : QSizePolicy::Fixed);
    m_list->clear();
    QList<QTreeWidgetItem *> items;
    for (std::size_t index = 0; index < report.rejected.size() && index < kRowsListed; ++index) {
        const data::RejectedRow &row = report.rejected[index];
        auto *item = new QTreeWidgetItem({countText(row.line), row.field.empty() ? QStringLiteral("–") : QString::fromStdString(row.field),
                                          QString::fromStdString(row.reason)});
        item->setTextAlignment(0, Qt::AlignRight | Qt::AlignVCenter);
        item->setFont(1, monoFont(TextSize::Small));
        item->setToolTip(2, QString::fromStdString(row.raw).left(600));
        items.append(item);
    }
    if (report.rejected.size() > kRowsListed) {
        const auto rest = static_cast<qint64>(report.rejected.size()) - kRowsListed;
        items.append(new QTreeWidgetItem({QString(), QString(), tr("%1 more; the saved report lists them all").arg(countText(rest))}));
    }
    m_list->addTopLevelItems(items);
    m_repair->setVisible(hasBad);
    m_repair->setEnabled(false);
    if (hasBad)
        m_list->setCurrentItem(m_list->topLevelItem(0));
}

void BadRows::showUnreadable()
{
    setReport({});
    m_icon->setIcon(QStringLiteral("circle-alert"), Ink::Bad);
    m_headline->setText(tr("The file cannot be read"));
}

int BadRows::currentRow() const
{
    const int row = m_list->indexOfTopLevelItem(m_list->currentItem());
    return row < int(std::min(m_report.rejected.size(), std::size_t(kRowsListed))) ? row : -1;
}

void BadRows::markRepaired(int row)
{
    if (QTreeWidgetItem *item = m_list->topLevelItem(row)) {
        item->setText(2, tr("Repaired; it is imported with the others"));
        item->setForeground(2, tokens().good);
    }
}

QString BadRows::headline() const
{
    return m_headline->text();
}

void BadRows::copyReport() const
{
    QGuiApplication::clipboard()->setText(reportText(m_report));
}

} // namespace fettle::ui
