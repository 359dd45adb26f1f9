#include "ui/data/changepreview.h"

#include "core/base/worddiff.h"
#include "ui/data/markedtext.h"
#include "ui/data/recordwords.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/scrollpane.h"

#include <QEvent>
#include <QHBoxLayout>
#include <QLabel>
#include <QListWidget>

#include <algorithm>

namespace fettle::ui {

using namespace measure;

namespace {

std::string joined(const std::vector<std::string> &tags)
{
    std::string text;
    for (const std::string &tag : tags)
        text += (text.empty() ? "" : ", ") + tag;
    return text;
}

} // namespace

ChangePreview::ChangePreview(QWidget *parent) : QWidget(parent)
{
    m_list = new QListWidget;
    m_list->setAccessibleName(tr("Records that would be changed"));
    m_list->setToolTip(tr("Take a tick off (Space) to leave a record as it is"));
    m_list->setFixedWidth(300);
    m_list->setUniformItemSizes(true);
    m_list->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff); // the whole text stands beside it
    m_fields = new QWidget;
    m_column = new QVBoxLayout(m_fields);
    m_column->setContentsMargins(0, 0, kStep2, 0);
    m_column->setSpacing(3);
    m_sides = new QWidget;
    auto *sides = new QHBoxLayout(m_sides);
    sides->setContentsMargins(0, 0, 0, 0);
    sides->setSpacing(kStep4);
    sides->addWidget(m_list);
    sides->addWidget(scrollPane(m_fields), 1);
    m_message = mutedLabel({});
    m_message->setWordWrap(true);
    m_message->setAlignment(Qt::AlignCenter);
    auto *all = new QVBoxLayout(this);
    all->setContentsMargins(0, 0, 0, 0);
    all->addWidget(m_sides, 1);
    all->addWidget(m_message, 1);
    connect(m_list, &QListWidget::currentRowChanged, this, &ChangePreview::showCurrent);
    connect(m_list, &QListWidget::itemChanged, this, [this](QListWidgetItem *item) {
        if (m_isFilling || m_isReadOnly || m_list->row(item) >= int(m_preview.shown.size()))
            return;
        const RecordId id = m_preview.shown[std::size_t(m_list->row(item))].before.id;
        if (item->checkState() == Qt::Checked)
            m_left.erase(id);
        else
            m_left.insert(id);
        emit chosenChanged(qint64(m_preview.changed.size() - m_left.size()));
    });
    setMessage({});
}

void ChangePreview::setReadOnly()
{
    m_isReadOnly = true;
    m_list->setAccessibleName(tr("Records that differ"));
    m_list->setToolTip(tr("Choose a record to see what differs"));
}

void ChangePreview::setMessage(const QString &text)
{
    m_preview = {};
    m_left.clear();
    m_list->clear();
    m_sides->hide();
    m_message->show();
    m_message->setText(text);
    emit chosenChanged(0);
}

void ChangePreview::setPreview(data::BulkPreview preview)
{
    m_isFilling = true;
    m_preview = std::move(preview);
    m_left.clear();
    m_list->clear();
    for (const auto &[before, after] : m_preview.shown) {
        const bool isAdded = before.turns.empty();
        const data::Record &known = isAdded ? after : before;
        const QString words = QString::fromStdString(std::string(data::instructionOf(known))).left(200).simplified();
        const QString line = tr("%1  %2").arg(countText(known.id.value), words);
        auto *item = new QListWidgetItem(isAdded ? tr("Added: %1").arg(line) : after.turns.empty() ? tr("Removed: %1").arg(line) : line, m_list);
        if (!m_isReadOnly)
            item->setCheckState(Qt::Checked);
    }
    const auto rest = qint64(m_preview.changed.size() - m_preview.shown.size());
    if (rest > 0) {
        auto *item = new QListWidgetItem(tr("and %1 more").arg(countText(rest)), m_list);
        item->setFlags(Qt::NoItemFlags);
    }
    m_isFilling = false;
    m_message->hide();
    m_sides->show();
    m_list->setCurrentRow(0);
    showCurrent();
    emit chosenChanged(qint64(m_preview.changed.size()));
}

std::vector<RecordId> ChangePreview::chosen() const
{
    std::vector<RecordId> ids;
    for (const RecordId id : m_preview.changed)
        if (!m_left.contains(id))
            ids.push_back(id);
    return ids;
}

void ChangePreview::addField(const QString &name, std::string_view before, std::string_view after)
{
    auto *head = sectionLabel(name);
    head->setContentsMargins(0, kStep2, 0, 0);
    m_column->addWidget(head);
    const WordDiff diff = diffWords(before, after);
    if (!before.empty()) {
        QLabel *then = markedLabel(tr("%1, before").arg(name));
        then->setText(markedHtml(before, diff.onlyLeft, Mark::Removed));
        m_column->addWidget(then);
    }
    if (before == after || after.empty())
        return;
    QLabel *now = markedLabel(tr("%1, after").arg(name));
    now->setText(markedHtml(after, diff.onlyRight, Mark::Added));
    m_column->addWidget(now);
}

void ChangePreview::addFact(const QString &before, const QString &after)
{
    auto *label = strongLabel(tr("%1 becomes %2").arg(before, after));
    label->setContentsMargins(0, kStep1, 0, kStep1);
    m_column->addWidget(label);
}

void ChangePreview::showCurrent()
{
    while (QLayoutItem *item = m_column->takeAt(0)) {
        delete item->widget();
        delete item;
    }
    const int row = m_list->currentRow();
    if (row < 0 || row >= int(m_preview.shown.size()))
        return;
    const auto &[before, after] = m_preview.shown[std::size_t(row)];
    const bool isWhole = before.turns.empty() || after.turns.empty(); // came or went
    if (before.status != after.status && !isWhole)
        addFact(statusName(before.status), statusName(after.status));
    if (before.split != after.split && !isWhole)
        addFact(splitLabel(before.split), splitLabel(after.split));
    if (before.tags != after.tags)
        addField(tr("Tags"), joined(before.tags), joined(after.tags));
    const bool hasTextChange = before.turns != after.turns || before.context != after.context || before.note != after.note;
    for (std::size_t i = 0; i < std::max(before.turns.size(), after.turns.size()); ++i) {
        const data::Turn then = i < before.turns.size() ? before.turns[i] : data::Turn{}, now = i < after.turns.size() ? after.turns[i] : data::Turn{};
        // Where only a decision changes, the whole record is what one wants to see.
        if (!hasTextChange || then != now)
            addField(roleName(i < before.turns.size() ? then.role : now.role), then.text, now.text);
    }
    if (before.context != after.context)
        addField(tr("Context"), before.context, after.context);
    if (before.note != after.note)
        addField(tr("Note"), before.note, after.note);
    m_column->addStretch(1);
}

QString ChangePreview::shownText() const
{
    QStringList texts;
    for (const QLabel *label : m_fields->findChildren<QLabel *>())
        texts << label->text();
    return texts.join(QLatin1Char('\n'));
}

void ChangePreview::changeEvent(QEvent *event)
{
    QWidget::changeEvent(event);
    if (event->type() == QEvent::PaletteChange && m_list)
        showCurrent(); // the marks carry colours
}

} // namespace fettle::ui
