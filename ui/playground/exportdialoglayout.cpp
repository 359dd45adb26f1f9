// How the export dialog is put together. What it does is in exportdialog.cpp.
#include "ui/playground/exportdialog.h"

#include "ui/theme/icons.h"
#include "ui/widgets/button.h"
#include "ui/widgets/card.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/plaintable.h"
#include "ui/widgets/progressline.h"
#include "ui/widgets/scrollpane.h"

#include <QComboBox>
#include <QGridLayout>
#include <QHeaderView>
#include <QLineEdit>
#include <QListWidget>
#include <QPlainTextEdit>

namespace fettle::ui {

using namespace measure;

namespace {

constexpr int kListWidth = 244, kWidth = 920, kHeight = 620, kLimitWidth = 160;

TextLabel *wrapped(TextLabel *label)
{
    label->setWordWrap(true);
    return label;
}

} // namespace

void ExportDialog::setupLayout()
{
    setWindowTitle(tr("Export %1").arg(m_resultName));
    auto *outer = new QVBoxLayout(this);
    outer->setContentsMargins(0, 0, 0, 0);
    outer->setSpacing(0);
    auto *columns = new QHBoxLayout;
    columns->setSpacing(0);
    columns->addWidget(makeTargets());
    auto *content = new QWidget;
    auto *column = new QVBoxLayout(content);
    column->setContentsMargins(kPaneSide, kPaneTop, kPaneSide, kStep3);
    column->setSpacing(kStep2);
    column->addWidget(makeForm());
    column->addWidget(makeResult(), 1);
    column->addStretch(0);
    QScrollArea *pane = scrollPane(content);
    pane->setFocusPolicy(Qt::NoFocus); // what is in it has the focus
    columns->addWidget(pane, 1);
    outer->addLayout(columns, 1);
    outer->addWidget(makeFoot());
    resize(kWidth, kHeight);
    setMinimumSize(640, 420);
}

QWidget *ExportDialog::makeTargets()
{
    auto *pane = new Pane(Surface::Window, Qt::RightEdge);
    pane->setFixedWidth(kListWidth);
    auto *column = new QVBoxLayout(pane);
    column->setContentsMargins(kStep2, kPaneTop, kStep2, kStep2);
    column->setSpacing(kStep2);
    m_list = new QListWidget;
    m_list->setFrameShape(QFrame::NoFrame);
    m_list->viewport()->setAutoFillBackground(false);
    m_list->setUniformItemSizes(true);
    column->addWidget(labelFor(m_list, "exportTargets", tr("Kinds of files"), tr("What can be written. Those that this method does not allow say why.")));
    for (const ExportTarget &each : m_targets)
        m_list->addItem(new QListWidgetItem(icon(each.iconName, Ink::Muted), each.title));
    column->addWidget(m_list, 1);
    return pane;
}

QWidget *ExportDialog::makeForm()
{
    auto *form = new QWidget;
    auto *column = new QVBoxLayout(form);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(kStep2);
    column->addWidget(m_title = titleLabel({}));
    column->addWidget(m_what = wrapped(new TextLabel));
    column->addWidget(strongLabel(tr("Where can I use it?")));
    column->addWidget(m_where = wrapped(mutedLabel({})));
    m_reason = wrapped(new TextLabel({}, TextSize::Body, Weight::SemiBold, Ink::Warning));
    m_reason->setObjectName(QStringLiteral("exportReason"));
    column->addWidget(m_reason);
    auto *grid = new QGridLayout;
    grid->setHorizontalSpacing(kStep3);
    grid->setVerticalSpacing(kStep2);
    grid->setColumnStretch(1, 1);
    m_name = new QLineEdit;
    m_type = new QComboBox;
    m_system = new QLineEdit;
    grid->addWidget(labelFor(m_name, "exportName", tr("Name"), tr("What the other program will call the model.")), 0, 0);
    grid->addWidget(m_name, 0, 1);
    grid->addWidget(m_typeLabel = labelFor(m_type, "exportType", tr("Numbers"), tr("Fewer bits make a smaller and faster file whose answers differ a little more.")), 1, 0);
    grid->addWidget(m_type, 1, 1);
    grid->addWidget(m_systemLabel = labelFor(m_system, "exportSystem", tr("System prompt"), tr("Goes along with the model and stands before every conversation.")), 2, 0);
    grid->addWidget(m_system, 2, 1);
    column->addLayout(grid);
    return form;
}

QWidget *ExportDialog::makeResult()
{
    m_result = new QWidget;
    auto *column = new QVBoxLayout(m_result);
    column->setContentsMargins(0, kStep3, 0, 0);
    column->setSpacing(kStep2);
    auto *head = new QHBoxLayout;
    head->setSpacing(kStep2);
    head->addWidget(m_sign = new IconLabel(QStringLiteral("circle-check"), Ink::Good), 0, Qt::AlignTop);
    m_verdict = wrapped(strongLabel({}));
    m_verdict->setObjectName(QStringLiteral("exportVerdict"));
    head->addWidget(m_verdict, 1);
    column->addLayout(head);
    column->addWidget(m_files = wrapped(mutedLabel({})));
    m_checks = plainTable("exportChecks", {tr("Compared with the result in Fettle"), tr("Result"), tr("Passes when")}, tr("What was compared"),
                          tr("The files were read again from the disk and compared with what was exported."));
    m_checks->header()->setSectionResizeMode(0, QHeaderView::ResizeToContents);
    m_checks->header()->setSectionResizeMode(1, QHeaderView::Stretch); // what went wrong may be a long sentence: it is cut, never the name of the check
    m_checks->header()->resizeSection(2, qRound(kLimitWidth * textScale()));
    column->addWidget(m_checks);
    auto *next = new QHBoxLayout;
    m_next = new QPlainTextEdit;
    m_next->setReadOnly(true);
    m_next->setFont(monoFont(TextSize::Small));
    m_next->setTabChangesFocus(true);
    column->addWidget(m_nextLabel = labelFor(m_next, "exportNext", tr("Next"), tr("What to type to use it.")));
    m_copy = iconButton(QStringLiteral("copy"), tr("Copy these lines"));
    next->addWidget(m_next, 1);
    next->addWidget(m_copy, 0, Qt::AlignTop);
    column->addLayout(next);
    m_ollama = new Button(tr("Create it in Ollama"), QStringLiteral("play"), tr("Runs \"ollama create\" on this computer with the folder that was written."));
    m_ollama->setObjectName(QStringLiteral("exportOllama"));
    column->addWidget(m_ollama, 0, Qt::AlignLeft);
    column->addStretch(1); // the lines stay together
    m_result->hide();
    return m_result;
}

QWidget *ExportDialog::makeFoot()
{
    auto *foot = new Pane(Surface::Window, Qt::TopEdge);
    auto *row = new QHBoxLayout(foot);
    row->setContentsMargins(kPaneSide, kStep2, kPaneSide, kStep2);
    row->setSpacing(kStep2);
    m_progress = new ProgressLine;
    m_progress->setFixedWidth(160);
    m_progress->setAccessibleName(tr("Progress of the export"));
    m_progress->hide();
    m_status = mutedLabel({});
    row->addWidget(m_progress);
    row->addWidget(m_status, 1);
    m_close = new Button(tr("Close"), {}, tr("Closes the window; a running export is cancelled first."));
    m_close->setHeight(kButtonLarge);
    m_close->setObjectName(QStringLiteral("exportClose"));
    m_export = primaryButton(tr("Export..."), QStringLiteral("share"), tr("Asks for a place, writes the files, reads them back and compares."));
    m_export->setHeight(kButtonLarge);
    m_export->setObjectName(QStringLiteral("startExport"));
    m_export->setDefault(true);
    row->addWidget(m_close);
    row->addWidget(m_export);
    return foot;
}

} // namespace fettle::ui
