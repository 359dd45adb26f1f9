#include "ui/data/tablefooter.h"

#include "ui/data/recordwords.h"
#include "ui/widgets/button.h"
#include "ui/widgets/keyhint.h"
#include "ui/widgets/labels.h"

#include <QCompleter>
#include <QHBoxLayout>
#include <QKeyEvent>
#include <QLineEdit>
#include <QPainter>
#include <QSettings>
#include <QStringListModel>

namespace fettle::ui {

using namespace measure;

namespace {
constexpr int kNoteMs = 6000;
constexpr auto kKeysHiddenKey = "data/triageKeysHidden";
}

TableFooter::TableFooter(QWidget *parent)
    : QWidget(parent), m_text(smallLabel({})), m_keys(new QWidget), m_change(new Button({}, {}, tr("Status, split, tags or deletion for all chosen records"))),
      m_field(new QLineEdit), m_known(new QStringListModel(this)), m_areKeysHidden(QSettings().value(kKeysHiddenKey, false).toBool())
{
    setFixedHeight(qRound(28 * textScale()));
    auto *row = new QHBoxLayout(this);
    row->setContentsMargins(kStep3, 1, kStep2, 0);
    row->setSpacing(kStep2);
    row->addWidget(m_text);
    row->addWidget(m_field);
    row->addWidget(m_change);
    row->addStretch(1);
    row->addWidget(m_keys);

    auto *keys = new QHBoxLayout(m_keys);
    keys->setContentsMargins(0, 0, 0, 0);
    keys->setSpacing(6);
    const std::pair<QStringList, QString> hints[] = {{{QStringLiteral("A")}, tr("approve")}, {{QStringLiteral("R")}, tr("reject")},
                                                     {{QStringLiteral("E")}, tr("edit")}, {{QStringLiteral("T")}, tr("tag")},
                                                     {{QStringLiteral("J"), QStringLiteral("K")}, tr("next, previous")}};
    for (const auto &[names, what] : hints) {
        for (const QString &name : names)
            keys->addWidget(new KeyHint(name));
        keys->addWidget(smallLabel(what));
        keys->addSpacing(6);
    }
    auto *hide = iconButton(QStringLiteral("x"), tr("Hide the list of keys; the command bar (Ctrl+K) still shows them"));
    hide->setHeight(kBadge);
    hide->setInk(Ink::Muted);
    keys->addWidget(hide);
    connect(hide, &QAbstractButton::clicked, this, [this] {
        m_areKeysHidden = true;
        QSettings().setValue(kKeysHiddenKey, true);
        m_keys->hide();
    });

    m_change->setHeight(kBadge);
    m_change->hide();
    connect(m_change, &QAbstractButton::clicked, this, [this] { emit menuRequested(m_change->mapToGlobal(QPoint(0, 0))); });
    m_field->setProperty("controlHeight", kButtonSmall);
    m_field->setFixedWidth(150);
    m_field->setAccessibleName(tr("Tag for the chosen records"));
    m_field->setToolTip(tr("Return adds the tag, Escape closes the field"));
    auto *completer = new QCompleter(m_known, m_field);
    completer->setCaseSensitivity(Qt::CaseInsensitive);
    m_field->setCompleter(completer);
    m_field->installEventFilter(this);
    m_field->hide();
    connect(m_field, &QLineEdit::returnPressed, this, [this] {
        const QString tag = m_field->text().simplified();
        m_field->hide();
        if (tag.isEmpty())
            emit tagCancelled();
        else
            emit tagEntered(tag);
    });
    m_noteTimer.setSingleShot(true);
    m_noteTimer.setInterval(kNoteMs);
    connect(&m_noteTimer, &QTimer::timeout, this, [this] { m_text->setText(m_counts); });
    setNarrow(false);
}

void TableFooter::setCounts(qint64 shown, int chosen)
{
    m_chosen = chosen;
    m_counts = tr("%1 shown, %2 selected").arg(countText(shown), countText(chosen));
    if (!m_noteTimer.isActive())
        m_text->setText(m_counts);
    m_change->setText(tr("Change %1...").arg(countText(chosen)));
    m_change->setVisible(chosen > 1);
    m_keys->setVisible(!m_isNarrow && !m_areKeysHidden && chosen <= 1);
}

void TableFooter::setNote(const QString &note)
{
    m_text->setText(note);
    m_noteTimer.start();
}

void TableFooter::setKnownTags(const QStringList &tags)
{
    m_known->setStringList(tags);
}

void TableFooter::askForTag(int records)
{
    m_field->setPlaceholderText(tr("Tag for %1").arg(countText(records)));
    m_field->clear();
    m_field->show();
    m_field->setFocus(Qt::ShortcutFocusReason);
}

void TableFooter::setNarrow(bool isNarrow)
{
    m_isNarrow = isNarrow;
    m_keys->setVisible(!isNarrow && !m_areKeysHidden && m_chosen <= 1);
}

QString TableFooter::text() const
{
    return m_text->text();
}

bool TableFooter::eventFilter(QObject *watched, QEvent *event)
{
    if (watched == m_field && event->type() == QEvent::KeyPress && static_cast<QKeyEvent *>(event)->key() == Qt::Key_Escape) {
        m_field->hide();
        emit tagCancelled();
        return true;
    }
    return QWidget::eventFilter(watched, event);
}

void TableFooter::paintEvent(QPaintEvent *)
{
    QPainter painter(this);
    painter.fillRect(rect(), tokens().surface0);
    painter.fillRect(0, 0, width(), 1, tokens().border);
}

} // namespace fettle::ui
