// See tokenpane.h.
#include "ui/playground/tokenpane.h"

#include "ui/theme/shapes.h"
#include "ui/widgets/button.h"
#include "ui/widgets/labels.h"

#include <QHBoxLayout>
#include <QPainter>
#include <QVBoxLayout>

#include <algorithm>

namespace fettle::ui {

using namespace measure;

namespace {

constexpr int kRowHeight = 20, kTextWidth = 96, kNumberWidth = 64, kBarHeight = 5;

// A small square in the colour of a column's bars.
class Mark : public QWidget {
public:
    Mark() { setFixedSize(8, 8); }
    void setTuned(bool isTuned) { m_isTuned = isTuned; update(); }

protected:
    void paintEvent(QPaintEvent *) override
    {
        QPainter painter(this);
        painter.fillRect(rect(), m_isTuned ? tokens().accent : tokens().memoryActivations);
    }

private:
    bool m_isTuned = false;
};

} // namespace

std::optional<float> probabilityOf(const engine::GeneratedToken &where, TokenId id)
{
    if (where.id == id)
        return where.probability;
    const auto found = std::ranges::find(where.alternatives, id, &engine::Alternative::id);
    return found != where.alternatives.end() ? std::optional(found->probability) : std::nullopt;
}

QString probabilityText(float probability)
{
    const double percent = 100.0 * static_cast<double>(probability);
    if (percent < 0.1)
        return TokenPane::tr("< 0.1 %");
    // Two digits are what an eye compares; 99.97 % is not 100 %.
    if (percent < 9.95 || (percent > 99.5 && percent < 99.95))
        return TokenPane::tr("%1 %").arg(QString::number(percent, 'f', 1));
    return TokenPane::tr("%1 %").arg(QString::number(percent, 'f', 0));
}

QString visibleToken(const std::string &text)
{
    QString shown = QString::fromStdString(text);
    shown.replace(QLatin1Char('\n'), QChar(0x21B5)).replace(QLatin1Char('\t'), QChar(0x21E5));
    if (shown.startsWith(QLatin1Char(' ')) && !shown.trimmed().isEmpty())
        shown = shown.mid(1);
    return shown.replace(QLatin1Char(' '), QChar(0x2423));
}

// The rows as text, two bars and two numbers.
class TokenPane::Bars : public QWidget {
public:
    explicit Bars(TokenPane *pane) : QWidget(pane), m_pane(pane) { setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed); }
    bool isOwnTuned = true, hasOther = false;

    QSize sizeHint() const override { return {200, static_cast<int>(m_pane->m_rows.size()) * qRound(kRowHeight * textScale())}; }
    QSize minimumSizeHint() const override { return {160, sizeHint().height()}; }

protected:
    void paintEvent(QPaintEvent *) override
    {
        QPainter painter(this);
        const Tokens &t = tokens();
        const int height = qRound(kRowHeight * textScale());
        const int numbers = kNumberWidth * (hasOther ? 2 : 1);
        const QRect bars(kTextWidth, 0, std::max(24, width() - kTextWidth - numbers), 0);
        int top = 0;
        for (const Row &row : m_pane->m_rows) {
            const QFont font = textFont(TextSize::Body, row.isChosen ? Weight::SemiBold : Weight::Regular);
            painter.setFont(font);
            painter.setPen(row.isRest ? t.muted : t.text);
            painter.drawText(QRect(0, top, kTextWidth - kStep2, height), Qt::AlignVCenter | Qt::AlignLeft,
                             QFontMetrics(font).elidedText(row.text, Qt::ElideRight, kTextWidth - kStep2));
            const auto bar = [&](int y, float share, bool isTuned) {
                const int length = std::max(1, qRound(static_cast<double>(share) * bars.width()));
                painter.fillRect(bars.x(), y, length, kBarHeight, isTuned ? t.accent : t.memoryActivations);
            };
            const int middle = top + height / 2;
            bar(hasOther ? middle : middle - kBarHeight / 2, row.own, isOwnTuned);
            if (row.other)
                bar(middle - kBarHeight, *row.other, !isOwnTuned);
            painter.drawText(QRect(width() - kNumberWidth, top, kNumberWidth, height), Qt::AlignVCenter | Qt::AlignRight, probabilityText(row.own));
            if (hasOther) {
                painter.setFont(textFont());
                painter.setPen(t.muted);
                painter.drawText(QRect(width() - 2 * kNumberWidth, top, kNumberWidth, height), Qt::AlignVCenter | Qt::AlignRight,
                                 row.other ? probabilityText(*row.other) : QStringLiteral("–"));
            }
            top += height;
        }
    }

private:
    TokenPane *m_pane;
};

TokenPane::TokenPane(QWidget *parent) : QWidget(parent)
{
    auto *rows = new QVBoxLayout(this);
    rows->setContentsMargins(kPaneSide + kStep3, kStep2, kPaneSide + kStep3, kStep2 + kStep3);
    rows->setSpacing(kStep1);
    auto *head = new QHBoxLayout;
    head->setSpacing(kStep2 - 2);
    m_title = strongLabel({});
    head->addWidget(m_title);
    auto *note = new ElidedLabel(tr("before temperature and limits"), TextSize::Small, Weight::Regular, Ink::Muted);
    head->addWidget(note, 1);
    m_otherMark = new Mark;
    m_otherName = smallLabel({});
    m_ownMark = new Mark;
    m_ownName = smallLabel({});
    for (QWidget *widget : std::initializer_list<QWidget *>{m_otherMark, m_otherName, m_ownMark, m_ownName})
        head->addWidget(widget);
    auto *close = iconButton(QStringLiteral("x"), tr("Close the probabilities"));
    close->setHeight(kButtonSmall);
    connect(close, &QPushButton::clicked, this, &TokenPane::closeWanted);
    head->addWidget(close);
    rows->addLayout(head);
    m_bars = new Bars(this);
    rows->addWidget(m_bars);
    setAccessibleName(tr("What else was likely"));
    setToolTip(tr("How likely the model found each of these words at this place. What was taken is bold; a dash: not among the five likeliest of the other column."));
}

void TokenPane::showToken(int index, const engine::GeneratedToken &token, const QString &ownName, bool isOwnTuned,
                          const engine::GeneratedToken *other, const QString &otherName)
{
    m_rows.clear();
    float rest = 1;
    const auto add = [&](TokenId id, const std::string &text, float probability) {
        m_rows.push_back({visibleToken(text), probability, other ? probabilityOf(*other, id) : std::nullopt, id == token.id, false});
        rest -= probability;
    };
    for (const engine::Alternative &alternative : token.alternatives)
        add(alternative.id, alternative.text, alternative.probability);
    if (std::ranges::find(token.alternatives, token.id, &engine::Alternative::id) == token.alternatives.end())
        add(token.id, token.text, token.probability); // chance took a rarer one
    m_rows.push_back({tr("all others"), std::max(0.0F, rest), std::nullopt, false, true});

    m_title->setText(tr("Token %1").arg(index + 1));
    m_ownName->setText(ownName);
    static_cast<Mark *>(m_ownMark)->setTuned(isOwnTuned);
    m_otherName->setText(otherName);
    static_cast<Mark *>(m_otherMark)->setTuned(!isOwnTuned);
    m_otherName->setVisible(other != nullptr);
    m_otherMark->setVisible(other != nullptr);
    m_bars->isOwnTuned = isOwnTuned;
    m_bars->hasOther = other != nullptr;
    m_bars->updateGeometry();
    m_bars->update();
    QStringList words;
    for (const Row &row : m_rows)
        words << (row.other ? tr("%1 %2, %3 %4").arg(row.text, probabilityText(row.own), otherName, probabilityText(*row.other))
                            : tr("%1 %2").arg(row.text, probabilityText(row.own)));
    setAccessibleDescription(tr("Token %1: %2.").arg(index + 1).arg(words.join(QStringLiteral("; "))));
}

void TokenPane::paintEvent(QPaintEvent *)
{
    QPainter painter(this);
    drawBox(painter, rect().adjusted(kPaneSide, 0, -kPaneSide, -kStep3), tokens().surface0, tokens().border, kRadiusInner);
}

} // namespace fettle::ui
