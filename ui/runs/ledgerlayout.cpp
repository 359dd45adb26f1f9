// How the ledger is put together. See ledgerview.h.
#include "ui/data/flowlayout.h"
#include "ui/runs/coursechart.h"
#include "ui/runs/ledgerview.h"
#include "ui/widgets/button.h"
#include "ui/widgets/card.h"
#include "ui/widgets/chip.h"
#include "ui/widgets/emptystate.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/rowdelegate.h"
#include "ui/widgets/scrollpane.h"
#include "ui/widgets/segmented.h"

#include <QHBoxLayout>
#include <QHeaderView>
#include <QPainter>
#include <QStackedWidget>
#include <QTableView>
#include <QVBoxLayout>

namespace fettle::ui {

using namespace measure;

namespace {

constexpr int kDetailWidth = 340, kDetailNarrow = 260, kCourseWidth = 130;

// The course of a row as a line in its cell.
class LedgerDelegate : public RowDelegate {
public:
    using RowDelegate::RowDelegate;
    void paint(QPainter *painter, const QStyleOptionViewItem &option, const QModelIndex &index) const override
    {
        RowDelegate::paint(painter, option, index);
        const auto *model = qobject_cast<const LedgerModel *>(index.model());
        if (index.column() != LedgerModel::Course || !model)
            return;
        painter->save();
        painter->setRenderHint(QPainter::Antialiasing);
        paintCourse(*painter, QRectF(option.rect).adjusted(8, 6, -10, -7), model->courseAt(index.row()), model->highest(),
                    option.state & QStyle::State_Selected ? tokens().series[1] : tokens().muted);
        painter->restore();
    }
};

} // namespace

LedgerView::LedgerView(const PageContext &pageContext, QWidget *parent) : QWidget(parent), m_context(pageContext)
{
    m_model = new LedgerModel(
        [this](std::vector<RecordId> ids, RecordModel::RowsAnswer answer) {
            using Rows = std::vector<engine::RecordRow>;
            m_context.bridge.read<Rows>(
                this, [ids = std::move(ids)](const ProjectApi *project, const JobContext &) { return project ? project->recordRows(ids) : Result<Rows>(); }, std::move(answer));
        },
        this);
    auto *rows = new QVBoxLayout(this);
    rows->setContentsMargins(0, 0, 0, 0);
    rows->setSpacing(0);
    rows->addWidget(makeFilters());
    auto *columns = new QHBoxLayout;
    columns->setSpacing(0);
    setupTable();
    m_stack = new QStackedWidget;
    m_stack->addWidget(m_table);
    m_nothing = new EmptyState(QStringLiteral("notebook-text"),
                               tr("No loss has been written down yet. The ledger fills at the first checkpoint; runs of older versions have none."));
    m_stack->addWidget(m_nothing);
    columns->addWidget(m_stack, 1);
    m_detail = makeDetail();
    columns->addWidget(m_detail);
    rows->addLayout(columns, 1);
    factsRead();
}

QWidget *LedgerView::makeFilters()
{
    auto *bar = new Pane(Surface::Page, Qt::BottomEdge);
    auto *line = new QHBoxLayout(bar);
    line->setContentsMargins(kPaneSide, kStep2, kPaneSide, kStep2 + 1);
    line->setSpacing(kStep2);
    m_part = new Segmented({tr("Training"), tr("Held out")});
    m_part->setAccessibleName(tr("Which records"));
    m_part->setSegmentToolTip(0, tr("Loss of each record as it was read in each epoch, before the correction that follows from it."));
    m_part->setSegmentToolTip(1, tr("Loss of the records that the run never learns from, at each evaluation."));
    connect(m_part, &Segmented::chosen, this, [this] { factsRead(); });
    line->addWidget(m_part, 0, Qt::AlignTop);
    auto *chips = new QWidget;
    auto *flow = new FlowLayout(kStep2, kStep2, chips);
    const auto add = [&](const QString &text, LedgerModel::Shown shown, data::Verdict verdict, const QString &help) {
        auto *chip = new Chip(text, verdictIcon(verdict), verdictInk(verdict));
        chip->setCheckable(true);
        chip->setToolTip(help);
        connect(chip, &QAbstractButton::clicked, this, [this, shown, verdict] { choose(shown, verdict); });
        m_filters.push_back({chip, shown, verdict});
        flow->addWidget(chip);
    };
    add(tr("All"), LedgerModel::All, data::Verdict::None, tr("Every record of the run."));
    add(tr("Worth a look"), LedgerModel::WorthALook, data::Verdict::None, tr("Never learnt, forgotten or suspicious."));
    for (const data::Verdict verdict : data::kVerdicts) {
        const QString text = verdictText(verdict);
        add(text.left(1).toUpper() + text.sliced(1), LedgerModel::ByVerdict, verdict, verdictHelp(verdict));
    }
    m_filters.front().chip->setChecked(true);
    line->addWidget(chips, 1);
    auto *close = new Button(tr("Back to the curves"), QStringLiteral("activity"), tr("Shows the curves of the run again."));
    close->setObjectName(QStringLiteral("closeLedger"));
    close->setKeyHint(tr("Esc"));
    connect(close, &QPushButton::clicked, this, &LedgerView::closeWished);
    line->addWidget(close, 0, Qt::AlignTop);
    return bar;
}

void LedgerView::setupTable()
{
    m_table = new QTableView;
    m_table->setModel(m_model);
    m_table->setItemDelegate(new LedgerDelegate(m_table));
    m_table->setAccessibleName(tr("Records of the run by loss"));
    m_table->setSelectionBehavior(QAbstractItemView::SelectRows);
    m_table->setSelectionMode(QAbstractItemView::ExtendedSelection);
    m_table->setShowGrid(false);
    m_table->setFrameShape(QFrame::NoFrame);
    m_table->setWordWrap(false);
    m_table->setTabKeyNavigation(false);
    m_table->setSortingEnabled(true);
    m_table->verticalHeader()->hide();
    m_table->verticalHeader()->setDefaultSectionSize(32);
    m_table->horizontalHeader()->setHighlightSections(false);
    m_table->horizontalHeader()->setSectionResizeMode(QHeaderView::Fixed);
    m_table->horizontalHeader()->setSectionResizeMode(LedgerModel::Text, QHeaderView::Stretch);
    m_table->horizontalHeader()->setSortIndicator(LedgerModel::Last, Qt::DescendingOrder);
    for (const auto &[column, width] : {std::pair(LedgerModel::Number, 72), std::pair(LedgerModel::Tags, 110), std::pair(LedgerModel::Course, kCourseWidth),
                                        std::pair(LedgerModel::First, 70), std::pair(LedgerModel::Last, 70), std::pair(LedgerModel::Finding, 140)})
        m_table->setColumnWidth(column, width);
    m_table->installEventFilter(this); // letters are keys of the view, not a search
    connect(m_table->selectionModel(), &QItemSelectionModel::currentRowChanged, this, &LedgerView::showCurrent);
    connect(m_table->selectionModel(), &QItemSelectionModel::selectionChanged, this, &LedgerView::updateButtons);
    connect(m_table, &QTableView::doubleClicked, this, &LedgerView::openInData);
}

QWidget *LedgerView::makeDetail()
{
    auto *detail = new Pane(Surface::Page, Qt::LeftEdge);
    detail->setFixedWidth(kDetailWidth);
    auto *rows = new QVBoxLayout(detail);
    rows->setContentsMargins(1, 0, 0, 0);
    rows->setSpacing(0);
    auto *content = new Pane(Surface::Page);
    auto *column = new QVBoxLayout(content);
    column->setContentsMargins(kPaneSide, kStep3, kPaneSide, kStep3);
    column->setSpacing(kStep2);
    auto *head = new QHBoxLayout;
    m_title = strongLabel({});
    m_verdict = new TextLabel({}, TextSize::Small, Weight::SemiBold);
    m_count = smallLabel({});
    head->addWidget(m_title);
    head->addWidget(m_verdict);
    head->addStretch(1);
    head->addWidget(m_count);
    column->addLayout(head);
    m_chart = new CourseChart;
    column->addWidget(m_chart);
    m_why = mutedLabel({});
    m_question = strongLabel({});
    m_answer = new TextLabel;
    m_kin = new TextLabel;
    m_kin->setTextFormat(Qt::RichText);
    m_kin->setTextInteractionFlags(Qt::TextBrowserInteraction);
    connect(m_kin, &QLabel::linkActivated, this, [this](const QString &target) { m_context.openPage(QStringLiteral("data"), target); });
    for (QLabel *label : std::initializer_list<QLabel *>{m_why, m_question, m_answer, m_kin}) {
        label->setWordWrap(true);
        column->addWidget(label);
    }
    for (QLabel *label : {m_question, m_answer}) {
        label->setTextFormat(Qt::PlainText);
        label->setTextInteractionFlags(Qt::TextSelectableByMouse);
    }
    column->addStretch(1);
    rows->addWidget(scrollPane(content), 1);
    auto *foot = new Pane(Surface::Window, Qt::TopEdge);
    auto *buttons = new QVBoxLayout(foot);
    buttons->setContentsMargins(kPaneSide, kStep2 + 1, kPaneSide, kStep2);
    buttons->setSpacing(kStep2);
    auto *upper = new QHBoxLayout;
    upper->setSpacing(kStep2);
    m_open = new Button(tr("Open in Data"), QStringLiteral("database"), tr("Shows the record where it can be edited."));
    m_tag = new Button(tr("Tag..."), QStringLiteral("tag"), tr("Gives the chosen records a tag."));
    m_leaveOut = new Button(tr("Leave out next time"), QStringLiteral("filter"), tr("Rejects the chosen records: the next snapshot leaves them out."));
    for (Button *button : {m_open, m_tag})
        upper->addWidget(button);
    upper->addStretch(1);
    buttons->addLayout(upper);
    buttons->addWidget(m_leaveOut, 0, Qt::AlignLeft);
    connect(m_open, &QPushButton::clicked, this, &LedgerView::openInData);
    connect(m_tag, &QPushButton::clicked, this, &LedgerView::addTag);
    connect(m_leaveOut, &QPushButton::clicked, this, &LedgerView::leaveOut);
    rows->addWidget(foot);
    return detail;
}

void LedgerView::setNarrow(bool isNarrow)
{
    m_detail->setFixedWidth(isNarrow ? kDetailNarrow : kDetailWidth);
    for (const int column : {int(LedgerModel::Tags), int(LedgerModel::First)})
        m_table->setColumnHidden(column, isNarrow);
    m_table->setColumnWidth(LedgerModel::Course, isNarrow ? 80 : kCourseWidth);
    findChild<QWidget *>(QStringLiteral("closeLedger"))->setVisible(!isNarrow); // the button of the page and Escape do the same
}

} // namespace fettle::ui
