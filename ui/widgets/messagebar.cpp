// See messagebar.h.
#include "ui/widgets/messagebar.h"

#include "ui/theme/icons.h"
#include "ui/widgets/button.h"
#include "ui/widgets/labels.h"

#include <QClipboard>
#include <QGuiApplication>
#include <QHBoxLayout>
#include <QPainter>
#include <QPlainTextEdit>
#include <QVBoxLayout>

namespace fettle::ui {

using namespace measure;

Message messageOf(const Error &error)
{
    Message message;
    message.tone = error.code == ErrorCode::Cancelled ? MessageTone::Info : MessageTone::Bad;
    message.what = QString::fromStdString(error.message);
    message.remedy = QString::fromStdString(error.hint);
    message.detail = QString::fromStdString(error.detail);
    return message;
}

MessageBar::MessageBar(Message message, QWidget *parent) : QWidget(parent), m_message(std::move(message))
{
    setAccessibleName(m_message.what);
    setAccessibleDescription(m_message.remedy);
    setupLayout();
}

void MessageBar::setupLayout()
{
    auto *rows = new QVBoxLayout(this);
    rows->setContentsMargins(kPaneSide, kStep2, kPaneSide, kStep2 + 1);
    rows->setSpacing(kStep1);
    auto *line = new QHBoxLayout;
    line->setSpacing(kStep3);
    const bool isInfo = m_message.tone == MessageTone::Info;
    const Ink ink = isInfo ? Ink::Accent : m_message.tone == MessageTone::Warning ? Ink::Warning : Ink::Bad;
    auto *sign = new IconLabel(isInfo ? QStringLiteral("info")
                                      : m_message.tone == MessageTone::Warning ? QStringLiteral("triangle-alert")
                                                                               : QStringLiteral("circle-alert"),
                               ink, kIconLarge);
    line->addWidget(sign, 0, Qt::AlignTop);
    auto *texts = new QVBoxLayout;
    texts->setSpacing(0);
    for (const auto &[text, weight] : {std::pair(m_message.what, Weight::SemiBold), std::pair(m_message.remedy, Weight::Regular)}) {
        if (text.isEmpty())
            continue;
        auto *label = new TextLabel(text, TextSize::Body, weight);
        label->setWordWrap(true);
        label->setTextInteractionFlags(Qt::TextSelectableByMouse);
        label->setFocusPolicy(Qt::NoFocus);
        texts->addWidget(label);
    }
    line->addLayout(texts, 1);
    if (!m_message.actionText.isEmpty()) {
        auto *button = new Button(m_message.actionText);
        connect(button, &QPushButton::clicked, this, [this] {
            if (m_message.action)
                m_message.action();
        });
        line->addWidget(button, 0, Qt::AlignVCenter);
    }
    if (!m_message.detail.isEmpty()) {
        auto *details = quietButton(tr("Details"), QStringLiteral("chevron-down"), tr("Shows what the system said."));
        details->setCheckable(true);
        connect(details, &QPushButton::toggled, this, [this, details](bool isOpen) {
            m_detail->setVisible(isOpen);
            details->setIconName(isOpen ? QStringLiteral("chevron-up") : QStringLiteral("chevron-down"));
        });
        line->addWidget(details, 0, Qt::AlignVCenter);
    }
    if (!isInfo) {
        auto *copy = quietButton(tr("Copy"), QStringLiteral("copy"), tr("Copies this message with its details."));
        connect(copy, &QPushButton::clicked, this, &MessageBar::copyAll);
        line->addWidget(copy, 0, Qt::AlignVCenter);
    }
    auto *close = iconButton(QStringLiteral("x"), tr("Close this message"));
    connect(close, &QPushButton::clicked, this, &MessageBar::closed);
    line->addWidget(close, 0, Qt::AlignVCenter);
    rows->addLayout(line);
    m_detail = new QPlainTextEdit(m_message.detail);
    m_detail->setReadOnly(true);
    m_detail->setFont(monoFont(TextSize::Small));
    m_detail->setMaximumHeight(96);
    m_detail->setVisible(false);
    m_detail->setAccessibleName(tr("Details of the message"));
    rows->addWidget(m_detail);
}

void MessageBar::copyAll() const
{
    QStringList parts{m_message.what, m_message.remedy, m_message.detail};
    parts.removeAll(QString());
    QGuiApplication::clipboard()->setText(parts.join(QLatin1Char('\n')));
}

void MessageBar::paintEvent(QPaintEvent *)
{
    const Tokens &t = tokens();
    QPainter painter(this);
    QColor fill = t.accentSoft, line = t.accent;
    if (m_message.tone == MessageTone::Warning) {
        fill = t.warningSoft;
        line = t.warning;
    } else if (m_message.tone == MessageTone::Bad) {
        fill = t.badSoft;
        line = t.bad;
    }
    painter.fillRect(rect(), fill);
    painter.fillRect(0, height() - 1, width(), 1, line);
}

} // namespace fettle::ui
