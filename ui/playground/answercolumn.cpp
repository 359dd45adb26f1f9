#include "ui/playground/answercolumn.h"

#include "ui/theme/tokens.h"
#include "ui/widgets/badge.h"
#include "ui/widgets/button.h"
#include "ui/widgets/card.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/words.h"

#include <QClipboard>
#include <QComboBox>
#include <QEvent>
#include <QGuiApplication>
#include <QHBoxLayout>
#include <QScrollBar>
#include <QSlider>
#include <QTextEdit>
#include <QVBoxLayout>

#include <algorithm>

namespace fettle::ui {

using namespace measure;

namespace {

constexpr int kHeadHeight = 72;

// "3fa9 c1e7": enough of a hash to see that two are equal.
QString shortHash(const std::string &hash)
{
    const QString text = QString::fromStdString(hash.substr(0, 8));
    return text.size() == 8 ? text.left(4) + QLatin1Char(' ') + text.mid(4) : text;
}

} // namespace

int firstDifference(const std::vector<engine::GeneratedToken> &base, bool isBaseFinished, const std::vector<engine::GeneratedToken> &other, bool isOtherFinished)
{
    const std::size_t both = std::min(base.size(), other.size());
    for (std::size_t i = 0; i < both; ++i)
        if (base[i].id != other[i].id)
            return static_cast<int>(i);
    // One has ended where the other goes on.
    if ((isBaseFinished && other.size() > base.size()) || (isOtherFinished && base.size() > other.size()))
        return static_cast<int>(both);
    return -1;
}

AnswerColumn::AnswerColumn(bool isBase, QWidget *parent) : QWidget(parent), m_isBase(isBase)
{
    auto *column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    setupHead();
    m_text = new QTextEdit;
    m_text->setReadOnly(true);
    m_text->setFrameShape(QFrame::NoFrame);
    m_text->setFont(textFont());
    m_text->document()->setDocumentMargin(kPaneSide);
    m_text->setAccessibleName(isBase ? tr("Answer of the base model") : tr("Answer of the tuned model"));
    m_text->setObjectName(isBase ? QStringLiteral("baseAnswer") : QStringLiteral("tunedAnswer"));
    column->addWidget(m_text, 1);
    auto *foot = new QHBoxLayout;
    foot->setContentsMargins(kPaneSide, kStep1, kStep2, kStep2);
    m_leaves = new TextLabel({}, TextSize::Small, Weight::Regular, Ink::Accent);
    m_leaves->setToolTip(tr("Up to there both models wrote the same words."));
    m_foot = smallLabel({});
    m_copy = iconButton(QStringLiteral("copy"), tr("Copy this answer"));
    m_copy->setHeight(kButtonSmall);
    m_copy->setEnabled(false);
    connect(m_copy, &QPushButton::clicked, this, [this] { QGuiApplication::clipboard()->setText(text()); });
    foot->addWidget(m_leaves);
    foot->addStretch(1);
    foot->addWidget(m_foot);
    foot->addWidget(m_copy);
    column->addWidget(new Separator);
    column->addLayout(foot);
}

void AnswerColumn::setupHead()
{
    auto *head = new QWidget;
    head->setFixedHeight(kHeadHeight); // the same in every column, with a choice or without
    auto *rows = new QVBoxLayout(head);
    rows->setContentsMargins(kPaneSide, kStep2, kPaneSide, kStep2);
    rows->setSpacing(kStep1 + 2);
    auto *line = new QHBoxLayout;
    line->setSpacing(kStep2);
    m_name = strongLabel(m_isBase ? tr("Base") : tr("Tuned"));
    m_detail = new ElidedLabel({}, TextSize::Body, Weight::Regular, Ink::Muted);
    line->addWidget(m_name);
    if (m_isBase) {
        line->addWidget(m_detail, 1);
    } else {
        m_detail->hide();
        m_choice = new QComboBox;
        m_choice->setObjectName(QStringLiteral("adapterChoice"));
        m_choice->setAccessibleName(tr("Which result answers"));
        m_choice->setToolTip(tr("The result of a run, or one of its checkpoints."));
        m_choice->setMinimumWidth(120);
        line->addWidget(m_choice, 1);
        m_strength = new QSlider(Qt::Horizontal);
        m_strength->setRange(0, 150);
        m_strength->setValue(100);
        m_strength->setSingleStep(5);
        m_strength->setPageStep(25);
        m_strength->setFixedWidth(92);
        m_strength->setAccessibleName(tr("Strength of the adapter"));
        m_strength->setToolTip(tr("0 % is the base model, 100 % the model as trained."));
        m_strengthText = new TextLabel(tr("%1 %").arg(100));
        m_strengthText->setFixedWidth(44);
        m_strengthText->setAlignment(Qt::AlignRight | Qt::AlignVCenter);
        connect(m_strength, &QSlider::valueChanged, this, [this](int value) { m_strengthText->setText(tr("%1 %").arg(value)); });
        line->addWidget(m_strength);
        line->addWidget(m_strengthText);
    }
    rows->addLayout(line);
    auto *badges = new QHBoxLayout;
    badges->setSpacing(kStep1);
    m_adapterBadge = new Badge(m_isBase ? tr("Adapter off") : tr("Adapter on"), m_isBase ? BadgeTone::Neutral : BadgeTone::Accent,
                               m_isBase ? QStringLiteral("power-off") : QStringLiteral("power"));
    m_hashBadge = new Badge({}, BadgeTone::Accent, QStringLiteral("layers"));
    m_weightBadge = new Badge({}, BadgeTone::Neutral, QStringLiteral("box"));
    m_seedBadge = new Badge({}, BadgeTone::Neutral, QStringLiteral("dices"));
    for (Badge *badge : {m_hashBadge, m_weightBadge, m_seedBadge})
        badge->setMono(true);
    m_adapterBadge->setToolTip(tr("Computed from the numbers that gave this answer, not from the choice above."));
    m_hashBadge->setToolTip(tr("Fingerprint of the adapter's numbers in memory. A click copies it whole."));
    m_weightBadge->setToolTip(tr("Fingerprint of the base model's numbers in memory. Equal fingerprints are equal weights. A click copies it whole."));
    m_seedBadge->setToolTip(tr("The seed of this answer: the same for every column."));
    for (Badge *badge : {m_adapterBadge, m_hashBadge, m_weightBadge, m_seedBadge}) {
        badges->addWidget(badge);
        badge->hide();
    }
    badges->addStretch(1);
    auto *badgeLine = new QWidget;
    badgeLine->setLayout(badges);
    badges->setContentsMargins(0, 0, 0, 0);
    badgeLine->setFixedHeight(kBadge);
    rows->addWidget(badgeLine);
    layout()->addWidget(head);
    layout()->addWidget(new Separator);
}

void AnswerColumn::setBaseName(const QString &name)
{
    m_detail->setText(name);
}

void AnswerColumn::setChoices(const std::vector<AdapterChoice> &choices)
{
    const QString chosen = m_choice->currentData().toString();
    m_choice->clear();
    for (const AdapterChoice &choice : choices)
        m_choice->addItem(choice.text, QString::fromStdString(choice.adapter));
    m_choice->setCurrentIndex(choices.empty() ? -1 : std::max(0, m_choice->findData(chosen)));
    m_choice->setEnabled(!choices.empty());
}

void AnswerColumn::choose(const std::string &adapter)
{
    if (const int index = m_choice->findData(QString::fromStdString(adapter)); index >= 0)
        m_choice->setCurrentIndex(index);
}

bool AnswerColumn::hasChoice() const
{
    return m_isBase || m_choice->currentIndex() >= 0;
}

engine::ColumnChoice AnswerColumn::choice() const
{
    if (m_isBase)
        return {};
    return {m_choice->currentData().toString().toStdString(), m_strength->value() / 100.0};
}

QString AnswerColumn::columnName() const
{
    return m_isBase ? tr("Base") : m_choice->currentText();
}

void AnswerColumn::begin()
{
    m_tokens.clear();
    m_divergence = -1;
    m_isFinished = false;
    m_ending.clear();
    m_copy->setEnabled(false);
    for (Badge *badge : {m_adapterBadge, m_hashBadge, m_weightBadge, m_seedBadge})
        badge->hide();
    render();
    showFoot();
}

void AnswerColumn::setBadge(const engine::ColumnBadge &badge, quint64 seed)
{
    m_adapterBadge->setText(!badge.isAdapterOn ? tr("Adapter off") : badge.strength == 1.0 ? tr("Adapter on") : tr("Adapter at %1 %").arg(qRound(badge.strength * 100)));
    m_adapterBadge->setTone(badge.isAdapterOn ? BadgeTone::Accent : BadgeTone::Neutral);
    m_adapterBadge->setIconName(badge.isAdapterOn ? QStringLiteral("power") : QStringLiteral("power-off"));
    m_hashBadge->setText(shortHash(badge.adapterHash));
    m_hashBadge->setCopyText(QString::fromStdString(badge.adapterHash));
    m_weightBadge->setText(shortHash(badge.weightHash));
    m_weightBadge->setCopyText(QString::fromStdString(badge.weightHash));
    m_seedBadge->setText(QString::number(seed));
    m_adapterBadge->show();
    m_hashBadge->setVisible(badge.isAdapterOn);
    m_weightBadge->show();
    m_seedBadge->show();
}

void AnswerColumn::append(const engine::GeneratedToken &token)
{
    m_tokens.push_back(token);
    render();
    showFoot();
}

void AnswerColumn::finish(const engine::ColumnResult &result)
{
    m_isFinished = true;
    const QString speed = result.tokensPerSecond > 0 ? tr(", %1 tokens/s").arg(qRound(result.tokensPerSecond)) : QString();
    switch (result.finish) {
    case engine::FinishReason::EndOfTurn: m_ending = tr("ended") + speed; break;
    case engine::FinishReason::MaxTokens: m_ending = tr("cut at the longest answer") + speed; break;
    case engine::FinishReason::ContextFull: m_ending = tr("the model can read no more") + speed; break;
    case engine::FinishReason::Stopped: m_ending = tr("stopped"); break;
    }
    m_copy->setEnabled(!m_tokens.empty());
    showFoot();
}

void AnswerColumn::stop(const QString &why)
{
    if (m_isFinished)
        return;
    m_isFinished = true;
    m_ending = why;
    showFoot();
}

void AnswerColumn::setDivergence(int token)
{
    if (m_divergence == token)
        return;
    m_divergence = token;
    render();
    showFoot();
}

QString AnswerColumn::text() const
{
    QString whole;
    for (const auto &token : m_tokens)
        whole += QString::fromStdString(token.text);
    return whole;
}

void AnswerColumn::render()
{
    const Tokens &token = tokens();
    QTextCharFormat plain, shared, first;
    plain.setForeground(m_isBase ? token.muted : token.text);
    shared.setForeground(token.muted);
    first.setForeground(token.text);
    first.setBackground(m_isBase ? token.surface2 : token.accentSoft);
    first.setFontUnderline(true);
    first.setUnderlineColor(m_isBase ? token.borderStrong : token.accent);
    QScrollBar *bar = m_text->verticalScrollBar();
    const bool isAtEnd = bar->value() >= bar->maximum() - 4;
    m_text->clear();
    QTextCursor cursor(m_text->document());
    for (std::size_t i = 0; i < m_tokens.size(); ++i) {
        const int index = static_cast<int>(i);
        const bool isShared = m_divergence < 0 || index < m_divergence;
        cursor.insertText(QString::fromStdString(m_tokens[i].text), index == m_divergence ? first : isShared && !m_isBase && m_divergence >= 0 ? shared : plain);
    }
    if (!m_isFinished) {
        QTextCharFormat caret;
        caret.setForeground(token.accent);
        cursor.insertText(QStringLiteral("\u2588"), caret);
    }
    if (isAtEnd)
        bar->setValue(bar->maximum());
}

void AnswerColumn::showFoot()
{
    m_leaves->setText(m_isBase || m_divergence < 0 ? QString() : tr("Leaves base at token %1").arg(m_divergence + 1));
    const QString count = tr("%n token(s)", nullptr, static_cast<int>(m_tokens.size()));
    m_foot->setText(m_tokens.empty() && m_ending.isEmpty() ? QString() : m_ending.isEmpty() ? count : tr("%1, %2").arg(count, m_ending));
    if (m_isFinished && !m_tokens.empty())
        render();
}

void AnswerColumn::changeEvent(QEvent *event)
{
    if (event->type() == QEvent::PaletteChange)
        render();
    QWidget::changeEvent(event);
}

} // namespace fettle::ui
