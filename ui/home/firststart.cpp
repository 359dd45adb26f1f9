// See firststart.h.
#include "ui/home/firststart.h"

#include "ui/home/projectspane.h"
#include "ui/widgets/button.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/words.h"

#include <QAction>
#include <QDir>
#include <QGridLayout>
#include <QHBoxLayout>
#include <QScrollArea>
#include <QVBoxLayout>

namespace fettle::ui {

using namespace measure;

namespace {

constexpr int kColumnWidth = 840;
constexpr int kStepsWidth = 408;
constexpr int kStepsWidthNarrow = 288;
constexpr std::int64_t kMemoryNeeded = 3'700'000'000; // of a LoRA run of the default model on the sample
constexpr std::int64_t kDiskNeeded = 2'000'000'000;

} // namespace

FirstStart::FirstStart(Bridge &bridge, const WaysIn &ways, QWidget *parent) : QWidget(parent), m_bridge(bridge)
{
    auto *columns = new QHBoxLayout(this);
    columns->setContentsMargins(0, 0, 0, 0);
    columns->setSpacing(0);
    auto *page = new Pane(Surface::Page);
    auto *outer = new QHBoxLayout(page);
    outer->setContentsMargins(kStep5, 0, kStep5, kStep5);
    outer->addStretch(1);
    auto *column = new QVBoxLayout;
    column->setSpacing(0);
    column->addSpacing(56);
    column->addWidget(titleLabel(tr("Teach a small language model to answer like your house.")));
    column->addSpacing(kStep1);
    auto *line = mutedLabel(tr("Pairs of question and right answer go in, a model that follows them comes out."));
    line->setWordWrap(true);
    column->addWidget(line);
    column->addSpacing(kStep4);
    column->addWidget(makeWays(ways));
    column->addSpacing(kStep4);
    m_checks = new Card;
    auto *checks = new QVBoxLayout(m_checks);
    checks->setContentsMargins(kStep5, kStep3, kStep5, kStep4);
    checks->setSpacing(kStep2);
    checks->addWidget(sectionLabel(tr("Checked at this start")));
    m_checkRows = new QGridLayout;
    m_checkRows->setColumnStretch(1, 1);
    m_checkRows->setHorizontalSpacing(kStep2);
    m_checkRows->setVerticalSpacing(kStep2);
    checks->addLayout(m_checkRows);
    column->addWidget(m_checks);
    column->addStretch(1);
    auto *holder = new QWidget;
    holder->setLayout(column);
    column->setContentsMargins(0, 0, 0, 0);
    holder->setMaximumWidth(kColumnWidth);
    outer->addWidget(holder, 100);
    outer->addStretch(1);
    auto *scroll = new QScrollArea;
    scroll->setFrameShape(QFrame::NoFrame);
    scroll->setWidgetResizable(true);
    scroll->setWidget(page);
    columns->addWidget(scroll, 1);
    m_steps = makeSteps();
    columns->addWidget(m_steps);
    refresh();
}

QWidget *FirstStart::makeWays(const WaysIn &ways)
{
    auto *card = new Card;
    auto *rows = new QVBoxLayout(card);
    rows->setContentsMargins(1, 1, 1, 1);
    rows->setSpacing(0);
    struct Way { QString iconName, title, line, button, keys; QAction *action; bool isPrimary; };
    const Way list[] = {
        {QStringLiteral("route"), tr("Guided sample"), tr("See sample records become a finished before and after in about 4 minutes."),
         tr("Start the sample"), tr("Enter"), ways.sample, true},
        {QStringLiteral("plus"), tr("New project"), tr("Begin with your own questions and answers."), tr("New project..."),
         keyHintText(ways.newProject->shortcut()), ways.newProject, false},
        {QStringLiteral("folder-open"), tr("Open project"), tr("Continue in a project folder from this or another computer."), tr("Open..."),
         keyHintText(ways.openProject->shortcut()), ways.openProject, false},
    };
    for (const Way &way : list) {
        if (rows->count() > 0)
            rows->addWidget(new Separator);
        auto *row = new QHBoxLayout;
        row->setContentsMargins(kStep5, kStep4 + 4, kStep5, kStep4 + 4);
        row->setSpacing(kStep4);
        row->addWidget(new IconLabel(way.iconName, Ink::Muted, kIconLarge));
        auto *texts = new QVBoxLayout;
        texts->setSpacing(0);
        texts->addWidget(strongLabel(way.title));
        auto *line = mutedLabel(way.line);
        line->setWordWrap(true);
        texts->addWidget(line);
        row->addLayout(texts, 1);
        auto *button = way.isPrimary ? primaryButton(way.button, QStringLiteral("play"), way.action->statusTip())
                                     : new Button(way.button, {}, way.action->statusTip());
        button->setKeyHint(way.keys);
        if (way.isPrimary) {
            button->setHeight(kButtonLarge);
            m_start = button;
        }
        connect(button, &QPushButton::clicked, way.action, &QAction::trigger);
        row->addWidget(button);
        rows->addLayout(row);
    }
    return card;
}

QWidget *FirstStart::makeSteps()
{
    auto *pane = new Pane(Surface::Window, Qt::LeftEdge);
    pane->setFixedWidth(kStepsWidth);
    auto *column = new QVBoxLayout(pane);
    column->setContentsMargins(kStep5, 20, kStep5, kStep3);
    column->setSpacing(0);
    column->addWidget(sectionLabel(tr("The guided sample, step by step")));
    column->addSpacing(kStep2);
    struct Step { QString iconName, title, minutes, line; };
    const Step steps[] = {
        {QStringLiteral("database"), tr("Look"), tr("1 min"), tr("Sample records of an invented institution, with a few faults to find")},
        {QStringLiteral("pencil"), tr("Correct"), tr("1 min"), tr("Settle one contradiction and see what the model reads")},
        {QStringLiteral("activity"), tr("Train"), tr("3 min"), tr("LoRA on this computer")},
        {QStringLiteral("columns-2"), tr("Compare"), tr("1 min"), tr("The same question to the base and to your model")},
        {QStringLiteral("share"), tr("Hand over"), QString(), tr("Export the result, optional")},
    };
    for (const Step &step : steps) {
        auto *row = new QHBoxLayout;
        row->setContentsMargins(0, kStep2, 0, kStep2 + 2);
        row->setSpacing(kStep3);
        auto *sign = new IconLabel(step.iconName, Ink::Muted);
        sign->setFixedHeight(20); // in the middle of the first line
        row->addWidget(sign, 0, Qt::AlignTop);
        auto *texts = new QVBoxLayout;
        texts->setSpacing(0);
        auto *title = new QHBoxLayout;
        title->addWidget(strongLabel(step.title));
        title->addStretch(1);
        title->addWidget(mutedLabel(step.minutes));
        texts->addLayout(title);
        auto *line = mutedLabel(step.line);
        line->setWordWrap(true);
        texts->addWidget(line);
        row->addLayout(texts, 1);
        column->addLayout(row);
        column->addWidget(new Separator);
    }
    column->addSpacing(kStep3);
    auto *note = mutedLabel(tr("Every step can be skipped, and the sample stays in the list of projects."));
    note->setWordWrap(true);
    column->addWidget(note);
    column->addStretch(1);
    column->addWidget(keyFoot(false));
    return pane;
}

void FirstStart::showEvent(QShowEvent *event)
{
    QWidget::showEvent(event);
    m_start->setFocus(Qt::OtherFocusReason); // Enter starts the sample
}

void FirstStart::resizeEvent(QResizeEvent *event)
{
    m_steps->setFixedWidth(width() < kNarrowBelow - kRailWide ? kStepsWidthNarrow : kStepsWidth);
    QWidget::resizeEvent(event);
}

void FirstStart::refresh()
{
    m_bridge.readSlowly<Found>(
        this,
        [](const ProjectApi *, const JobContext &context) -> Result<Found> {
            Found found;
            found.machine = context.engine.machineFacts();
            found.memory = context.engine.memoryUse();
            found.diskBytes = context.engine.freeDiskBytes(std::filesystem::path(QDir::homePath().toStdString()));
            const auto path = context.engine.resolveModel(engine::kDefaultModelName);
            if (!path) {
                found.modelProblem = QString::fromStdString(path.error().message);
            } else {
                const auto model = context.engine.inspect(*path);
                if (model)
                    found.model = tr("%1, %2 parameters, %3").arg(QString::fromStdString(model->name), largeCountText(double(model->parameters)),
                                                                  bytesText(model->fileBytes));
                else
                    found.modelProblem = QString::fromStdString(model.error().message);
            }
            return found;
        },
        [this](Result<Found> found) {
            if (found)
                showChecks(*found);
        },
        "first start");
}

void FirstStart::showChecks(const Found &found)
{
    while (QLayoutItem *item = m_checkRows->takeAt(0)) {
        delete item->widget();
        delete item;
    }
    const Checked rows[] = {
        {true, tr("Data, models and results stay on this computer"), tr("nothing is sent anywhere")},
        {found.modelProblem.isEmpty(), tr("Default model"), found.modelProblem.isEmpty() ? found.model : found.modelProblem},
        {found.memory.availableBytes >= kMemoryNeeded, tr("Memory"),
         tr("%1 of %2 GB free, %3 GB needed").arg(gigabytesText(found.memory.availableBytes), gigabytesText(found.memory.totalBytes),
                                                 gigabytesText(kMemoryNeeded))},
        {found.diskBytes >= kDiskNeeded, tr("Disk"), tr("%1 free, %2 needed").arg(bytesText(found.diskBytes), bytesText(kDiskNeeded))},
        {true, tr("Device"), found.machine.gpu.empty() ? tr("processor, %n core(s); no graphics card found, none needed", nullptr, found.machine.cores)
                                                       : QString::fromStdString(found.machine.gpu)},
    };
    int index = 0;
    for (const Checked &row : rows) {
        m_checkRows->addWidget(new IconLabel(row.isFine ? QStringLiteral("check") : QStringLiteral("triangle-alert"),
                                             row.isFine ? Ink::Good : Ink::Warning),
                               index, 0);
        auto *name = new TextLabel(row.name);
        m_checkRows->addWidget(name, index, 1);
        auto *fact = new ElidedLabel(row.fact, TextSize::Body, Weight::Regular, Ink::Muted);
        fact->setMaximumWidth(480);
        m_checkRows->addWidget(fact, index, 2, Qt::AlignRight);
        ++index;
    }
}

} // namespace fettle::ui
