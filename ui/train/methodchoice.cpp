// See methodchoice.h.
#include "ui/train/methodchoice.h"

#include "ui/theme/shapes.h"
#include "ui/train/methoddrawing.h"
#include "ui/train/methodwords.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/words.h"

#include <QGridLayout>
#include <QHBoxLayout>
#include <QLocale>
#include <QPainter>
#include <QVBoxLayout>

#include <algorithm>

namespace fettle::ui {

using namespace measure;

namespace {

constexpr std::size_t kUsualMethods = 4; // shown from the start; the others are the "more"
constexpr int kCardWithDrawing = 216 + 2 * kStep3;

QString textOf(std::string_view text)
{
    return QString::fromUtf8(text.data(), static_cast<qsizetype>(text.size()));
}

// "3.6 %", "0.04 %", "100 %".
QString shareText(double share)
{
    const double percent = 100 * share;
    const int digits = percent >= 99.95 ? 0 : percent >= 0.1 ? 1 : percent >= 0.01 ? 2 : 3;
    return MethodCard::tr("%1 % trained").arg(QLocale().toString(percent, 'f', digits));
}

// The reason why a card cannot be chosen has to be read: it keeps its ink where the card is disabled.
class ReasonLabel : public TextLabel {
public:
    using TextLabel::TextLabel;

protected:
    void changeEvent(QEvent *event) override
    {
        TextLabel::changeEvent(event);
        const QColor ink = palette().color(QPalette::Active, QPalette::WindowText);
        if (palette().color(QPalette::Disabled, QPalette::WindowText) == ink)
            return;
        QPalette own = palette();
        own.setColor(QPalette::Disabled, QPalette::WindowText, ink);
        setPalette(own);
    }
};

} // namespace

MethodCard::MethodCard(const std::string &method, QWidget *parent) : QRadioButton(parent), m_method(method)
{
    const MethodWords words = methodWords(method);
    setObjectName(QStringLiteral("method-") + QString::fromStdString(method));
    setAccessibleName(methodText(method));
    setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Preferred);
    setMouseTracking(true);
    auto *column = new QVBoxLayout(this);
    column->setContentsMargins(kStep3, kStep3, kStep3, kStep3);
    column->setSpacing(kStep2);
    auto *head = new QHBoxLayout;
    head->setContentsMargins(kRadio + kStep2, 0, 0, 0); // the mark is painted
    m_name = strongLabel(methodText(method));
    m_share = smallLabel({});
    head->addWidget(m_name);
    head->addStretch(1);
    head->addWidget(m_share);
    column->addLayout(head);
    m_drawing = new MethodDrawing;
    column->addWidget(m_drawing, 0, Qt::AlignHCenter);
    column->addWidget(new Separator);
    auto *facts = new QGridLayout;
    facts->setVerticalSpacing(2);
    facts->setColumnStretch(1, 1);
    m_trained = addFact(facts, tr("Trained"));
    m_result = addFact(facts, tr("Result"));
    addFact(facts, tr("Runs in"))->setText(words.runsIn);
    column->addLayout(facts);
    m_when = new ReasonLabel(words.when);
    m_when->setWordWrap(true);
    column->addWidget(m_when);
    column->addStretch(1);
    for (QWidget *child : findChildren<QWidget *>())
        child->setAttribute(Qt::WA_TransparentForMouseEvents); // the whole card is the button
    setCost({}, 0);
}

TextLabel *MethodCard::addFact(QGridLayout *grid, const QString &name)
{
    const int row = grid->rowCount();
    grid->addWidget(smallLabel(name), row, 0);
    auto *value = new TextLabel({}, TextSize::Small, Weight::SemiBold);
    value->setAlignment(Qt::AlignRight);
    grid->addWidget(value, row, 1);
    return value;
}

void MethodCard::setCost(const std::optional<engine::MethodCost> &cost, qint64 modelParameters)
{
    const MethodWords words = methodWords(m_method);
    const bool isCounted = cost && cost->trainableParameters > 0;
    m_trained->setText(isCounted ? largeCountText(static_cast<double>(cost->trainableParameters)) : QStringLiteral("–"));
    m_result->setText(isCounted ? bytesText(cost->resultBytes) : QStringLiteral("–"));
    m_share->setText(isCounted && modelParameters > 0 ? shareText(static_cast<double>(cost->trainableParameters) / static_cast<double>(modelParameters)) : QString());
    m_isRefused = cost && cost->refusal;
    const QString reason = m_isRefused ? QString::fromStdString(cost->refusal->message + (cost->refusal->hint.empty() ? "" : " " + cost->refusal->hint)) : QString();
    m_when->setText(m_isRefused ? reason : words.when);
    m_when->setInk(m_isRefused ? Ink::Warning : Ink::Text);
    const train::MethodInfo *info = train::findMethod(m_method);
    setToolTip((info ? textOf(info->help) : words.when) + (m_isRefused ? QStringLiteral("\n\n") + reason : QString()));
    QStringList told = {m_when->text(), tr("Trained: %1").arg(m_trained->text()), tr("Result: %1").arg(m_result->text()), tr("Runs in: %1").arg(words.runsIn)};
    setAccessibleDescription(told.join(QLatin1Char(' ')));
    updateEnabled();
}

void MethodCard::updateEnabled()
{
    setEnabled(!m_isRefused || isChecked());
    m_name->setInk(isEnabled() ? Ink::Text : Ink::Disabled);
    update();
}

QSize MethodCard::sizeHint() const
{
    return layout()->sizeHint();
}

QSize MethodCard::minimumSizeHint() const
{
    return layout()->minimumSize();
}

void MethodCard::paintEvent(QPaintEvent *)
{
    const Tokens &t = tokens();
    QPainter painter(this);
    const bool isHovered = isEnabled() && underMouse();
    drawBox(painter, rect(), isEnabled() ? t.surface1 : t.surface0, isChecked() ? t.accent : isHovered ? t.borderStrong : t.border, kRadiusInner, isChecked() ? 2 : 1);
    drawRadio(painter, QRect(kStep3, m_name->geometry().center().y() - kRadio / 2 + 1, kRadio, kRadio), isChecked(), isEnabled(), isHovered);
}

MethodChoice::MethodChoice(QWidget *parent) : QWidget(parent)
{
    auto *column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(kStep3);
    m_grid = new QGridLayout;
    m_grid->setSpacing(kStep3);
    column->addLayout(m_grid);
    for (const train::MethodInfo &method : train::methods()) {
        auto *card = new MethodCard(std::string(method.key), this);
        m_cards.push_back(card);
        connect(card, &QRadioButton::toggled, this, [this, card](bool isOn) {
            if (!isOn || card->method() == m_current)
                return;
            m_current = card->method();
            updateEnabled();
            emit chosen(QString::fromStdString(m_current));
        });
    }
    m_below = new QWidget;
    auto *below = new QHBoxLayout(m_below);
    below->setContentsMargins(0, 0, 0, 0);
    below->setSpacing(kStep5);
    m_drawing = new MethodDrawing;
    below->addWidget(m_drawing, 0, Qt::AlignTop);
    m_lit = mutedLabel({});
    m_lit->setWordWrap(true);
    below->addWidget(m_lit, 1);
    column->addWidget(m_below);
    for (MethodCard *card : m_cards) // what each trains with its usual settings
        card->drawing()->setRecipe(train::presetRecipe(train::Preset::Quick, card->method(), 1));
    setCurrent(m_cards.front()->method());
}

MethodCard *MethodChoice::card(const std::string &method) const
{
    const auto found = std::ranges::find(m_cards, method, &MethodCard::method);
    return found == m_cards.end() ? nullptr : *found;
}

void MethodChoice::setCurrent(const std::string &method)
{
    m_current = method; // before the card changes: nobody is told
    if (MethodCard *chosenCard = card(method))
        chosenCard->setChecked(true);
    updateEnabled();
    arrange();
}

void MethodChoice::updateEnabled()
{
    for (MethodCard *each : m_cards)
        each->updateEnabled();
}

void MethodChoice::setBlocks(int blocks)
{
    for (MethodCard *each : m_cards)
        each->drawing()->setBlocks(blocks);
    m_drawing->setBlocks(blocks);
}

void MethodChoice::setRecipe(const train::Recipe &recipe)
{
    if (MethodCard *its = card(recipe.method))
        its->drawing()->setRecipe(recipe);
    m_drawing->setRecipe(recipe);
    m_lit->setText(m_drawing->accessibleDescription());
}

void MethodChoice::setCosts(const std::map<std::string, engine::MethodCost> &costs, qint64 modelParameters)
{
    for (MethodCard *each : m_cards) {
        const auto found = costs.find(each->method());
        each->setCost(found == costs.end() ? std::nullopt : std::optional(found->second), modelParameters);
    }
}

int MethodChoice::moreCount() const
{
    return static_cast<int>(m_cards.size() - std::min(m_cards.size(), kUsualMethods));
}

void MethodChoice::setMoreShown(bool isShown)
{
    m_isMoreShown = isShown;
    arrange();
}

void MethodChoice::arrange()
{
    const bool hasRoom = width() >= static_cast<int>(kUsualMethods) * (kCardWithDrawing + kStep3) - kStep3;
    const int columns = hasRoom ? static_cast<int>(kUsualMethods) : 2;
    int index = 0;
    for (std::size_t i = 0; i < m_cards.size(); ++i) {
        MethodCard *each = m_cards[i];
        m_grid->removeWidget(each);
        const bool isShown = i < kUsualMethods || m_isMoreShown || each->isChecked();
        each->setVisible(isShown);
        each->drawing()->setVisible(hasRoom);
        if (!isShown)
            continue;
        m_grid->addWidget(each, index / columns, index % columns);
        ++index;
    }
    for (int column = 0; column < static_cast<int>(kUsualMethods); ++column)
        m_grid->setColumnStretch(column, column < columns ? 1 : 0);
    m_below->setVisible(!hasRoom);
}

// Two columns, however many there are now: a narrower window changes that.
QSize MethodChoice::minimumSizeHint() const
{
    return {2 * kCardWithDrawing + kStep3, QWidget::minimumSizeHint().height()};
}

void MethodChoice::resizeEvent(QResizeEvent *event)
{
    QWidget::resizeEvent(event);
    arrange();
}

} // namespace fettle::ui
