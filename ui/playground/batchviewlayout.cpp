// How the batch evaluation is put together, wide and narrow. What it does is in batchview.cpp.
#include "ui/playground/batchview.h"

#include "ui/playground/evaluationmodel.h"
#include "ui/playground/evaluationsummary.h"
#include "ui/widgets/button.h"
#include "ui/widgets/card.h"
#include "ui/widgets/chip.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/progressline.h"
#include "ui/widgets/rowdelegate.h"
#include "ui/widgets/scrollpane.h"
#include "ui/widgets/textfield.h"

#include <QComboBox>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QPainter>
#include <QSpinBox>
#include <QStackedWidget>
#include <QTableView>
#include <QVBoxLayout>

namespace fettle::ui {

using namespace measure;

namespace {

constexpr int kAnswerRow = 44, kDetailWidth = 380;

// Question above, answer below it; the verdict in its ink.
class AnswerDelegate : public RowDelegate {
public:
    using RowDelegate::RowDelegate;
    void paint(QPainter *painter, const QStyleOptionViewItem &option, const QModelIndex &index) const override
    {
        const QVariant answer = index.data(EvaluationModel::kAnswerRole), ink = index.data(EvaluationModel::kInkRole);
        if (!answer.isValid() && !ink.isValid()) {
            RowDelegate::paint(painter, option, index);
            return;
        }
        const Tokens &t = tokens();
        painter->save();
        if (option.state & QStyle::State_Selected)
            painter->fillRect(option.rect, t.selection);
        painter->fillRect(option.rect.x(), option.rect.bottom(), option.rect.width(), 1, t.grid);
        const QRect text = option.rect.adjusted(kCell, 4, -kCell, -5);
        painter->setFont(textFont(TextSize::Body, ink.isValid() ? Weight::SemiBold : Weight::Regular));
        painter->setPen(ink.isValid() ? t.ink(static_cast<Ink>(ink.toInt())) : t.text);
        const QString first = painter->fontMetrics().elidedText(index.data().toString(), Qt::ElideRight, text.width());
        if (ink.isValid()) {
            painter->drawText(text, index.data(Qt::TextAlignmentRole).toInt(), first);
        } else {
            painter->drawText(text, Qt::AlignTop | Qt::AlignLeft, first);
            painter->setFont(textFont(TextSize::Small));
            painter->setPen(t.muted);
            painter->drawText(text, Qt::AlignBottom | Qt::AlignLeft, painter->fontMetrics().elidedText(answer.toString(), Qt::ElideRight, text.width()));
        }
        painter->restore();
    }
};

} // namespace

void BatchView::setupLayout()
{
    auto *column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    column->addWidget(makeBar());
    column->addWidget(makeRubric());
    m_stack = new QStackedWidget;
    m_stack->addWidget(makeWaiting());
    m_stack->addWidget(makeResults());
    column->addWidget(m_stack, 1);
}

QWidget *BatchView::makeBar()
{
    auto *pane = new Pane(Surface::Window, Qt::BottomEdge);
    auto *row = new QHBoxLayout(pane);
    row->setContentsMargins(kPaneSide, kStep2, kPaneSide, kStep2);
    row->setSpacing(kStep2);
    const auto add = [row](const QString &name, const char *object, QWidget *editor, const QString &help) {
        row->addWidget(labelFor(editor, object, name, help));
        row->addWidget(editor);
    };
    m_result = new QComboBox;
    m_result->setSizeAdjustPolicy(QComboBox::AdjustToContents);
    m_result->setMinimumWidth(140);
    add(tr("Result"), "batchResult", m_result, tr("The trained result that is compared with its base model."));
    m_rows = new QComboBox;
    m_rows->addItems({tr("Held-out rows of the run"), tr("Test rows"), tr("Training rows"), tr("A file...")});
    m_rows->setSizeAdjustPolicy(QComboBox::AdjustToContents);
    add(tr("Rows"), "batchRows", m_rows, tr("What is asked. Held-out rows show what the model does with what it has not learnt by heart."));
    m_longest = new QSpinBox;
    m_longest->setRange(1, 4096);
    m_longest->setValue(128);
    m_longest->setMinimumWidth(84);
    add(tr("Longest answer"), "batchLongest", m_longest, tr("Tokens after which an answer is cut; a token is a piece of a word."));
    m_judge = new QComboBox;
    m_judge->setSizeAdjustPolicy(QComboBox::AdjustToContents);
    m_judge->setMaximumWidth(qRound(190 * textScale()));
    add(tr("Judged by"), "batchJudge", m_judge, tr("A model on this computer that says which answer is better, each pair in both orders. One smaller than the model that it judges says little."));
    row->addStretch(1);
    for (QAction *action : {m_actions.cancel, m_actions.evaluate}) {
        auto *button = action == m_actions.evaluate ? primaryButton({}, action->property("iconName").toString()) : new Button({}, action->property("iconName").toString());
        button->setObjectName(action->objectName());
        row->addWidget(button);
        button->followAction(action);
    }
    connect(m_rows, &QComboBox::activated, this, &BatchView::chooseRows);
    connect(m_result, &QComboBox::currentIndexChanged, this, &BatchView::updateActions);
    return pane;
}

// What the judge is told; only where there is one.
QWidget *BatchView::makeRubric()
{
    auto *pane = new Pane(Surface::Window, Qt::BottomEdge);
    auto *row = new QHBoxLayout(pane);
    row->setContentsMargins(kPaneSide, kStep2, kPaneSide, kStep2);
    row->setSpacing(kStep2);
    m_rubric = new TextField(QString::fromStdString(evaluate::defaultRubric()));
    m_rubric->setFixedHeight(qRound(48 * textScale()));
    row->addWidget(labelFor(m_rubric, "batchRubric", tr("What makes an answer good"), tr("The judge is told this, in plain words. Empty: correct, as the house answer says, clear and brief.")), 0, Qt::AlignTop);
    row->addWidget(m_rubric, 1);
    pane->hide();
    connect(m_judge, &QComboBox::currentIndexChanged, pane, [this, pane] { pane->setVisible(!chosenAdapter(*m_judge).adapter.empty()); });
    return pane;
}

// Before the first result, and while one is computed.
QWidget *BatchView::makeWaiting()
{
    auto *pane = new Pane(Surface::Page);
    auto *column = new QVBoxLayout(pane);
    column->setSpacing(kStep3);
    column->addStretch(1);
    m_waiting = titleLabel({});
    m_waiting->setObjectName(QStringLiteral("batchWaiting"));
    m_progress = new ProgressLine;
    m_progress->setFixedWidth(360);
    m_waitingDetail = mutedLabel({});
    m_waitingDetail->setObjectName(QStringLiteral("batchDetail"));
    for (TextLabel *label : {m_waiting, m_waitingDetail}) {
        label->setAlignment(Qt::AlignCenter);
        label->setWordWrap(true);
    }
    column->addWidget(m_waiting);
    column->addWidget(m_progress, 0, Qt::AlignHCenter);
    column->addWidget(m_waitingDetail);
    column->addStretch(2);
    return pane;
}

QWidget *BatchView::makeResults()
{
    auto *whole = new QWidget;
    auto *column = new QVBoxLayout(whole);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    m_summary = new EvaluationSummary;
    column->addWidget(m_summary, 2);
    auto *lower = new QHBoxLayout;
    lower->setSpacing(0);
    auto *list = new QVBoxLayout;
    list->setSpacing(0);
    list->addWidget(makeFilters());
    m_model = new EvaluationModel(this);
    m_table = new QTableView;
    m_table->setObjectName(QStringLiteral("batchAnswers"));
    m_table->setModel(m_model);
    m_table->setItemDelegate(new AnswerDelegate(m_table));
    m_table->setFrameShape(QFrame::NoFrame);
    m_table->setShowGrid(false);
    m_table->setSelectionBehavior(QAbstractItemView::SelectRows);
    m_table->setSelectionMode(QAbstractItemView::SingleSelection);
    m_table->verticalHeader()->hide();
    m_table->verticalHeader()->setDefaultSectionSize(qRound(kAnswerRow * textScale()));
    m_table->setTabKeyNavigation(false);
    m_table->setAccessibleName(tr("Answers"));
    m_table->setToolTip(tr("What got worse comes first. J and K move; the answer is shown at the right."));
    QHeaderView *header = m_table->horizontalHeader();
    header->setHighlightSections(false);
    header->setSectionResizeMode(EvaluationModel::Question, QHeaderView::Stretch);
    for (const auto &[section, width] : {std::pair<int, int>(EvaluationModel::Number, 72), {EvaluationModel::Tags, 110}, {EvaluationModel::Base, 84}, {EvaluationModel::Tuned, 84},
                                         {EvaluationModel::Gain, 80}, {EvaluationModel::Judged, 150}, {EvaluationModel::Standing, 110}})
        header->resizeSection(section, width);
    list->addWidget(m_table, 1);
    lower->addLayout(list, 1);
    lower->addWidget(makeDetail());
    column->addLayout(lower, 3);
    return whole;
}

QWidget *BatchView::makeFilters()
{
    using evaluate::Verdict;
    auto *pane = new Pane(Surface::Page, Qt::TopEdge | Qt::BottomEdge);
    auto *row = new QHBoxLayout(pane);
    row->setContentsMargins(kPaneSide, kStep2, kPaneSide, kStep2);
    row->setSpacing(kStep2);
    row->addWidget(strongLabel(tr("Answers")));
    const auto add = [this, row](const char *name, const QString &text, const QString &icon, Ink ink, const QString &help, std::optional<Verdict> verdict) {
        auto *chip = new Chip(text, icon, ink);
        chip->setObjectName(QLatin1String(name));
        chip->setCheckable(true);
        chip->setToolTip(help);
        row->addWidget(chip);
        m_filters.push_back({chip, verdict});
        connect(chip, &QAbstractButton::clicked, this, [this, verdict] { filter(verdict); });
    };
    add("filterAll", tr("All"), {}, Ink::Muted, tr("Every question."), {});
    add("filterWorse", tr("Worse"), QStringLiteral("arrow-down"), Ink::Bad, tr("The tuned model is more surprised by the house answer than the base, by a tenth or more."), Verdict::Worse);
    add("filterChanged", tr("Changed"), QStringLiteral("equal-not"), Ink::Muted, tr("Other words, about as good."), Verdict::Changed);
    add("filterSame", tr("Same"), QStringLiteral("check"), Ink::Muted, tr("Word for word the answer of the base."), Verdict::Same);
    add("filterBetter", tr("Better"), QStringLiteral("arrow-up"), Ink::Good, tr("The tuned model is less surprised by the house answer, by a tenth or more."), Verdict::Better);
    row->addStretch(1);
    return pane;
}

QWidget *BatchView::makeDetail()
{
    m_detail = new Pane(Surface::Page, Qt::LeftEdge | Qt::TopEdge);
    m_detail->setFixedWidth(kDetailWidth);
    auto *outer = new QVBoxLayout(m_detail);
    outer->setContentsMargins(1, 1, 0, 0);
    outer->setSpacing(0);
    auto *head = new QHBoxLayout;
    head->setContentsMargins(kPaneSide, kStep2, kPaneSide, kStep2);
    m_detailHead = strongLabel({});
    m_detailHead->setObjectName(QStringLiteral("batchNumber"));
    head->addWidget(m_detailHead, 1);
    auto *ask = new Button(tr("Side by side"), QStringLiteral("columns-2"), tr("Puts this question into the field of the Playground, to ask it again."));
    ask->setObjectName(QStringLiteral("askSideBySide"));
    connect(ask, &QPushButton::clicked, this, [this] { emit questionChosen(m_question->text()); });
    head->addWidget(ask);
    outer->addLayout(head);
    auto *content = new QWidget;
    auto *column = new QVBoxLayout(content);
    column->setContentsMargins(kPaneSide, kStep2, kPaneSide, kPaneTop);
    column->setSpacing(kStep1);
    const auto add = [column](const QString &name, const char *object, Ink ink) {
        column->addWidget(sectionLabel(name));
        auto *label = new TextLabel({}, TextSize::Body, Weight::Regular, ink);
        label->setObjectName(QLatin1String(object));
        label->setWordWrap(true);
        label->setTextInteractionFlags(Qt::TextSelectableByMouse);
        label->setFocusPolicy(Qt::NoFocus);
        column->addWidget(label);
        column->addSpacing(kStep2);
        return label;
    };
    m_question = add(tr("Question"), "batchQuestion", Ink::Text);
    m_expected = add(tr("House answer"), "batchExpected", Ink::Text);
    m_tuned = add(tr("Tuned"), "batchTuned", Ink::Text);
    m_base = add(tr("Base"), "batchBase", Ink::Muted);
    m_judged = mutedLabel({});
    m_judged->setObjectName(QStringLiteral("batchJudged"));
    m_judged->setWordWrap(true);
    column->addWidget(m_judged);
    column->addStretch(1);
    QScrollArea *area = scrollPane(content);
    area->setAccessibleName(tr("The chosen question with its answers"));
    area->setToolTip(tr("The chosen question, the house answer and what both models said."));
    outer->addWidget(area, 1);
    return m_detail;
}

void BatchView::resizeEvent(QResizeEvent *event)
{
    QWidget::resizeEvent(event);
    const bool isNarrow = width() < kNarrowBelow - kRailNarrow;
    m_summary->setNarrow(isNarrow);
    m_detail->setFixedWidth(isNarrow ? 280 : kDetailWidth);
    for (const int column : {EvaluationModel::Tags, EvaluationModel::Base, EvaluationModel::Tuned})
        m_table->setColumnHidden(column, isNarrow);
}

} // namespace fettle::ui
