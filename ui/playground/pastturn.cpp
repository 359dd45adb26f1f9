// See pastturn.h.
#include "ui/playground/pastturn.h"

#include "ui/playground/answercolumn.h"
#include "ui/theme/tokens.h"
#include "ui/widgets/button.h"
#include "ui/widgets/card.h"
#include "ui/widgets/labels.h"

#include <QHBoxLayout>
#include <QMouseEvent>
#include <QTextEdit>
#include <QVBoxLayout>

#include <algorithm>
#include <cctype>

namespace fettle::ui {

using namespace measure;

namespace {

constexpr int kCellWidth = 364; // at least: name, strength and the badges that matter

} // namespace

QWidget *columnCell(QWidget *content, bool hasLine)
{
    auto *widget = new QWidget;
    auto *row = new QHBoxLayout(widget);
    row->setContentsMargins(0, 0, 0, 0);
    row->setSpacing(0);
    if (hasLine)
        row->addWidget(new Separator(Qt::Vertical));
    row->addWidget(content, 1);
    widget->setMinimumWidth(qRound(kCellWidth * textScale()));
    widget->setSizePolicy(QSizePolicy::Ignored, widget->sizePolicy().verticalPolicy());
    return widget;
}

PastTurn::PastTurn(int number, const Exchange &exchange, const std::vector<int> &columns, QWidget *parent)
    : QWidget(parent), m_question(exchange.question.simplified()), m_exchange(exchange)
{
    setObjectName(QStringLiteral("pastTurn"));
    auto *rows = new QVBoxLayout(this);
    rows->setContentsMargins(0, 0, 0, 0);
    rows->setSpacing(0);
    rows->addWidget(makeBand(number));
    auto *answers = new QHBoxLayout;
    answers->setContentsMargins(0, 0, 0, 0);
    answers->setSpacing(0);
    for (std::size_t i = 0; i < columns.size(); ++i) {
        const KeptAnswer *kept = m_exchange.answerOf(columns[i]);
        answers->addWidget(columnCell(kept != nullptr ? makeAnswer(number, *kept) : makeAnswer(number, {columns[i], {}, {}, {}, {}, tr("not asked"), {}, {}}), i > 0), 1);
    }
    rows->addLayout(answers, 1);
    showDivergence();
}

QWidget *PastTurn::makeBand(int number)
{
    m_band = new Pane(Surface::Window, Qt::TopEdge | Qt::BottomEdge);
    m_band->setFixedHeight(qRound(kHealthBar * textScale()));
    m_band->setToolTip(tr("Question %1. A click makes it the one that is worked on: asked again, coloured, copied.").arg(number));
    m_band->installEventFilter(this);
    m_bandRow = new QHBoxLayout(m_band);
    m_bandRow->setSpacing(kStep2);
    keepQuestionInView(0, 0);
    auto *label = new ElidedLabel(m_question, TextSize::Body, Weight::SemiBold);
    label->setObjectName(QStringLiteral("pastQuestion"));
    m_bandRow->addWidget(label, 1);
    auto *edit = iconButton(QStringLiteral("pencil"), tr("Edit question %1 and ask again").arg(number));
    edit->setObjectName(QStringLiteral("pastEdit"));
    edit->setToolTip(tr("Puts the question back into the field; sent, it takes its place. The old answers stay in the history."));
    connect(edit, &QPushButton::clicked, this, &PastTurn::editWanted);
    auto *branch = iconButton(QStringLiteral("split"), tr("Go on from question %1 in another way").arg(number));
    branch->setObjectName(QStringLiteral("pastBranch"));
    branch->setToolTip(tr("The next question follows this one; what came after it stays in the history."));
    connect(branch, &QPushButton::clicked, this, &PastTurn::branchWanted);
    m_bandRow->addWidget(edit);
    m_bandRow->addWidget(branch);
    return m_band;
}

QWidget *PastTurn::makeAnswer(int number, const KeptAnswer &kept)
{
    auto *answer = new AnswerColumn(kept.column == 1, kept.column > 2 ? kept.column : 0);
    answer->setQuestionNumber(number);
    answer->restore(kept.tokens, kept.text, kept.ending);
    answer->setReading(kept.reading);
    const bool isRun = !kept.choice.adapter.empty() && std::isdigit(static_cast<unsigned char>(kept.choice.adapter.front())) != 0 && kept.choice.model.empty();
    answer->setReasonPossible(isRun, tr("Only a run of this project has training rows to look through."));
    const int column = kept.column;
    answer->setBeside([this, column](int index) -> std::optional<AnswerColumn::Beside> {
        const auto token = tokenBeside(m_exchange, column, index);
        const KeptAnswer *other = answerBeside(m_exchange, column);
        return token && other != nullptr ? std::optional(AnswerColumn::Beside{*token, other->name.section(QLatin1Char(','), 0, 0)}) : std::nullopt;
    });
    connect(answer, &AnswerColumn::tokenChosen, this, [this, answer, column] {
        if (const auto token = answer->chosenToken()) {
            answer->chooseToken({});
            emit tokenChosen(column, *token);
        }
    });
    connect(answer, &AnswerColumn::correctionWanted, this, [this, column] { emit correctionWanted(column); });
    connect(answer, &AnswerColumn::reasonWanted, this, [this, column] { emit reasonWanted(column); });
    m_answers.push_back({column, answer});
    return answer;
}

void PastTurn::showDivergence()
{
    const KeptAnswer *base = m_exchange.answerOf(1);
    if (base == nullptr || base->tokens.empty())
        return;
    int earliest = -1;
    for (const Answer &own : m_answers) {
        const KeptAnswer *kept = m_exchange.answerOf(own.column);
        if (own.column == 1 || kept == nullptr || kept->tokens.empty() || kept->isOfOtherBase())
            continue;
        const int token = firstDifference(base->tokens, true, kept->tokens, true);
        own.answer->setDivergence(token);
        if (token >= 0 && (earliest < 0 || token < earliest))
            earliest = token;
    }
    for (const Answer &own : m_answers)
        if (own.column == 1)
            own.answer->setDivergence(earliest);
}

AnswerColumn *PastTurn::answerOf(int column) const
{
    const auto found = std::ranges::find(m_answers, column, &Answer::column);
    return found != m_answers.end() ? found->answer : nullptr;
}

void PastTurn::setShaded(bool isShaded)
{
    for (const Answer &own : m_answers)
        own.answer->setShaded(isShaded);
}

void PastTurn::setReading(int column, const std::vector<engine::GeneratedToken> &reading)
{
    for (KeptAnswer &kept : m_exchange.answers)
        if (kept.column == column)
            kept.reading = reading;
    for (const Answer &own : m_answers)
        if (own.column == column)
            own.answer->setReading(reading);
}

void PastTurn::keepQuestionInView(int left, int right)
{
    m_bandRow->setContentsMargins(kPaneSide + left, 0, kStep2 + right, 0);
}

bool PastTurn::eventFilter(QObject *watched, QEvent *event)
{
    if (watched == m_band && event->type() == QEvent::MouseButtonRelease && static_cast<QMouseEvent *>(event)->button() == Qt::LeftButton)
        emit chosen();
    return QWidget::eventFilter(watched, event);
}

} // namespace fettle::ui
