#include "ui/data/tagrow.h"

#include "ui/data/flowlayout.h"
#include "ui/data/tagchip.h"
#include "ui/widgets/button.h"

#include <QCompleter>
#include <QKeyEvent>
#include <QLineEdit>
#include <QStringListModel>

namespace fettle::ui {

TagRow::TagRow(QWidget *parent)
    : QWidget(parent), m_layout(new FlowLayout(measure::kStep2, measure::kStep1, this)),
      m_plus(iconButton(QStringLiteral("plus"), tr("Add a tag (T)"))), m_field(new QLineEdit), m_known(new QStringListModel(this))
{
    QSizePolicy policy(QSizePolicy::Expanding, QSizePolicy::Preferred);
    policy.setHeightForWidth(true);
    setSizePolicy(policy);
    m_plus->setHeight(measure::kBadge);
    m_field->setProperty("controlHeight", measure::kButtonSmall);
    m_field->setFixedWidth(128);
    m_field->setPlaceholderText(tr("New tag"));
    m_field->setAccessibleName(tr("New tag"));
    m_field->setToolTip(tr("Return adds the tag, Escape closes the field"));
    auto *completer = new QCompleter(m_known, m_field);
    completer->setCaseSensitivity(Qt::CaseInsensitive);
    completer->setFilterMode(Qt::MatchContains);
    m_field->setCompleter(completer);
    m_field->installEventFilter(this);
    m_field->hide();
    m_layout->addWidget(m_field);
    m_layout->addWidget(m_plus);
    connect(m_plus, &QAbstractButton::clicked, this, &TagRow::startAdding);
    connect(m_field, &QLineEdit::returnPressed, this, &TagRow::acceptField);
}

void TagRow::setTags(const QStringList &tags)
{
    if (tags == m_tags && m_chips.size() == tags.size())
        return;
    m_tags = tags;
    rebuild();
}

void TagRow::setKnownTags(const QStringList &tags)
{
    if (m_known->stringList() != tags)
        m_known->setStringList(tags);
}

void TagRow::startAdding()
{
    m_plus->hide();
    m_field->clear();
    m_field->show();
    m_field->setFocus(Qt::ShortcutFocusReason);
    m_layout->invalidate();
    updateGeometry();
}

void TagRow::rebuild()
{
    for (QWidget *chip : std::as_const(m_chips)) {
        m_layout->removeWidget(chip);
        chip->hide();
        chip->deleteLater(); // a chip may be the sender of the signal that brought us here
    }
    m_chips.clear();
    for (const QString &tag : std::as_const(m_tags)) {
        auto *chip = new TagChip(tag, this);
        connect(chip, &QAbstractButton::clicked, this, [this, tag] {
            m_tags.removeAll(tag);
            rebuild();
            emit tagsChanged(m_tags);
        });
        m_layout->insertWidget(static_cast<int>(m_chips.size()), chip);
        chip->show();
        m_chips.append(chip);
    }
    updateGeometry();
}

void TagRow::acceptField()
{
    const QString tag = m_field->text().simplified();
    m_field->clear();
    if (tag.isEmpty()) {
        closeField();
        return;
    }
    if (m_tags.contains(tag))
        return;
    m_tags.append(tag);
    rebuild();
    emit tagsChanged(m_tags);
}

void TagRow::hideField()
{
    m_field->hide();
    m_plus->show();
    m_layout->invalidate();
    updateGeometry();
}

void TagRow::closeField()
{
    if (m_field->isHidden())
        return;
    hideField();
    emit addingFinished();
}

bool TagRow::eventFilter(QObject *watched, QEvent *event)
{
    if (watched == m_field && event->type() == QEvent::KeyPress && static_cast<QKeyEvent *>(event)->key() == Qt::Key_Escape) {
        closeField();
        return true;
    }
    if (watched == m_field && event->type() == QEvent::FocusOut && static_cast<QFocusEvent *>(event)->reason() != Qt::PopupFocusReason) {
        if (!m_field->text().simplified().isEmpty())
            acceptField();
        hideField(); // the keyboard has gone where the user wanted it
    }
    return QWidget::eventFilter(watched, event);
}

} // namespace fettle::ui
