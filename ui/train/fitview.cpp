#include "ui/train/fitview.h"

#include "ui/theme/tokens.h"
#include "ui/train/memorybar.h"
#include "ui/widgets/button.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/progressline.h"
#include "ui/widgets/words.h"

#include <QGridLayout>
#include <QHBoxLayout>
#include <QPainter>
#include <QVBoxLayout>

#include <algorithm>

namespace fettle::ui {

using namespace measure;

namespace {

class PartSwatch : public QWidget {
public:
    explicit PartSwatch(MemoryPart part) : m_part(part) { setFixedSize(12, 12); }

protected:
    void paintEvent(QPaintEvent *) override
    {
        QPainter painter(this);
        paintMemoryPart(painter, rect(), m_part);
        if (m_part == MemoryPart::Other || m_part == MemoryPart::Free) {
            painter.setPen(tokens().borderStrong);
            painter.drawRect(rect().adjusted(0, 0, -1, -1));
        }
    }

private:
    MemoryPart m_part;
};

TextLabel *wrappedSmall()
{
    auto *label = smallLabel({});
    label->setWordWrap(true);
    return label;
}

} // namespace

FitView::FitView(QWidget *parent) : QWidget(parent)
{
    auto *column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(kStep2);
    addHead(column);
    m_hint = wrappedSmall();
    column->addWidget(m_hint);
    addWork(column);
    addFigures(column);
    showNothing();
    setPossible(false);
}

void FitView::addHead(QVBoxLayout *column)
{
    column->addWidget(sectionLabel(tr("Does it fit?")));
    auto *line = new QHBoxLayout;
    line->setSpacing(kStep2);
    m_icon = new IconLabel(QStringLiteral("memory-stick"), Ink::Muted, kIconLarge);
    m_verdict = titleLabel({});
    m_when = smallLabel({});
    m_measure = new Button(tr("Measure"), {}, tr("Computes the longest row of this run once, without learning anything: memory and time as they will be."));
    m_measure->setObjectName(QStringLiteral("measureFit"));
    connect(m_measure, &QPushButton::clicked, this, &FitView::measureWanted);
    m_cancel = new Button(tr("Cancel"), {}, tr("Ends the measurement. The run can be started without it."));
    m_cancel->setObjectName(QStringLiteral("cancelFit"));
    connect(m_cancel, &QPushButton::clicked, this, &FitView::cancelWanted);
    line->addWidget(m_icon);
    line->addWidget(m_verdict, 1);
    line->addWidget(m_when);
    line->addWidget(m_measure);
    line->addWidget(m_cancel);
    column->addLayout(line);
}

void FitView::addWork(QVBoxLayout *column)
{
    m_work = new QWidget;
    auto *rows = new QVBoxLayout(m_work);
    rows->setContentsMargins(0, 0, 0, 0);
    rows->setSpacing(kStep1);
    m_progress = new ProgressLine;
    m_progress->setAccessibleName(tr("Progress of the measurement"));
    m_what = smallLabel({});
    rows->addWidget(m_progress);
    rows->addWidget(m_what);
    column->addWidget(m_work);
}

void FitView::addFigures(QVBoxLayout *column)
{
    m_figures = new QWidget;
    auto *rows = new QVBoxLayout(m_figures);
    rows->setContentsMargins(0, 0, 0, 0);
    rows->setSpacing(kStep1);
    m_bar = new MemoryBar;
    rows->addWidget(m_bar);
    m_total = smallLabel({});
    m_total->setAlignment(Qt::AlignRight);
    rows->addWidget(m_total);
    auto *grid = new QGridLayout;
    grid->setHorizontalSpacing(kStep2);
    grid->setVerticalSpacing(2);
    grid->setColumnStretch(1, 1);
    addPart(grid, MemoryPart::Other, tr("In use already"), tr("Other programs, this window and what the system keeps."));
    addPart(grid, MemoryPart::Weights, tr("Weights"), tr("The numbers of the base model."));
    addPart(grid, MemoryPart::Optimizer, tr("Optimiser"), tr("Two numbers for each trained one: how it moved so far."));
    addPart(grid, MemoryPart::Gradients, tr("Gradients"), tr("One number for each trained one: where it should move next."));
    addPart(grid, MemoryPart::Activations, tr("Activations"), tr("What each layer keeps of the rows that are computed at once."));
    addPart(grid, MemoryPart::Reserve, tr("Reserve"), tr("For held-out records, answers between the steps and the system."));
    addPart(grid, MemoryPart::Free, tr("Stays free"), tr("What is left for other programs."));
    rows->addLayout(grid);
    m_time = wrappedSmall();
    rows->addSpacing(kStep1);
    rows->addWidget(m_time);
    m_suggestions = new QWidget;
    m_suggestionRows = new QVBoxLayout(m_suggestions);
    m_suggestionRows->setContentsMargins(0, kStep2, 0, 0);
    m_suggestionRows->setSpacing(kStep2);
    rows->addWidget(m_suggestions);
    column->addWidget(m_figures);
}

void FitView::addPart(QGridLayout *grid, MemoryPart part, const QString &name, const QString &help)
{
    const int row = static_cast<int>(m_values.size());
    auto *label = new TextLabel(name);
    label->setToolTip(help);
    auto *value = part == MemoryPart::Free ? strongLabel({}) : new TextLabel;
    value->setAlignment(Qt::AlignRight);
    value->setAccessibleName(name);
    grid->addWidget(new PartSwatch(part), row, 0);
    grid->addWidget(label, row, 1);
    grid->addWidget(value, row, 2);
    m_values.push_back(value);
}

void FitView::setShown(Show shown)
{
    m_work->setVisible(shown == Show::Work);
    m_cancel->setVisible(shown == Show::Work);
    m_measure->setVisible(shown == Show::Nothing);
    m_figures->setVisible(shown == Show::Figures);
    if (shown != Show::Figures)
        m_when->setText({});
    m_when->setVisible(shown == Show::Figures);
}

void FitView::setHint(const QString &hint)
{
    m_hint->setText(hint);
    m_hint->setVisible(!hint.isEmpty());
}

void FitView::setVerdict(const QString &icon, int ink, const QString &text)
{
    m_icon->setIcon(icon, static_cast<Ink>(ink));
    m_verdict->setText(text);
}

void FitView::setPossible(bool isPossible)
{
    m_measure->setEnabled(isPossible);
}

void FitView::showNothing()
{
    setVerdict(QStringLiteral("memory-stick"), static_cast<int>(Ink::Muted), tr("Not measured yet"));
    setHint(tr("The largest computation of the run is done once before it starts, so that memory and time are known."));
    setShown(Show::Nothing);
}

void FitView::showWaiting(const QString &reason)
{
    setVerdict(QStringLiteral("clock"), static_cast<int>(Ink::Muted), tr("Measuring"));
    setHint({});
    m_what->setText(reason);
    m_progress->setShare(-1);
    setShown(Show::Work);
}

void FitView::showProgress(const QString &what, double share, double secondsLeft)
{
    const QString left = timeLeftText(secondsLeft);
    m_what->setText(left.isEmpty() ? what : tr("%1, %2").arg(what, left));
    m_progress->setShare(share);
}

void FitView::showFit(const engine::FitResult &fit, const QString &clock)
{
    const qint64 missing = fit.bytes.total() - fit.available;
    if (fit.fits())
        setVerdict(QStringLiteral("circle-check"), static_cast<int>(Ink::Good), tr("It fits"));
    else
        setVerdict(QStringLiteral("circle-x"), static_cast<int>(Ink::Bad), tr("Too large by %1").arg(bytesText(missing)));
    m_when->setText(tr("Measured %1").arg(clock));
    m_when->setToolTip(tr("On the longest row of the run: %1 tokens.").arg(countText(fit.rowTokens)));
    setHint(fit.isExtrapolated ? tr("The longest row itself would not have fitted: its figures follow from shorter rows.") : QString());
    m_bar->setFit(fit);
    m_total->setText((fit.device == "cpu" ? tr("%1 in this computer") : tr("%1 on the graphics card")).arg(bytesText(fit.total)));
    const qint64 parts[] = {std::max<qint64>(0, fit.total - fit.available), fit.bytes.weights, fit.bytes.optimizer, fit.bytes.gradients,
                            fit.bytes.activations, fit.bytes.reserve, std::max<qint64>(0, -missing)};
    for (std::size_t i = 0; i < m_values.size(); ++i)
        m_values[i]->setText(bytesText(parts[i]));
    QString time;
    if (fit.secondsPerStep > 0)
        time = fit.steps > 0 ? tr("%1 s for each step, %2 for all %3 steps.").arg(fit.secondsPerStep, 0, 'f', 1).arg(durationText(fit.seconds()), countText(fit.steps))
                             : tr("%1 s for each step.").arg(fit.secondsPerStep, 0, 'f', 1);
    if (fit.joulesPerStep > 0)
        time += QLatin1Char(' ') + (fit.steps > 0 ? tr("The processor uses about %1 for it.").arg(energyText(fit.joulesPerStep * double(fit.steps)))
                                                  : tr("The processor uses about %1 for a step.").arg(energyText(fit.joulesPerStep)));
    m_time->setText(time);
    m_time->setVisible(!time.isEmpty());
    showSuggestions(fit.suggestions);
    if (!fit.fits() && fit.suggestions.empty())
        setHint(tr("Choose a smaller model, a method that trains less, or a lower maximum length, or close other programs."));
    setShown(Show::Figures);
}

void FitView::showFailure(const Error &error)
{
    setVerdict(QStringLiteral("triangle-alert"), static_cast<int>(Ink::Warning), tr("Cannot be measured"));
    setHint(QString::fromStdString(error.message + (error.hint.empty() ? "" : " " + error.hint)));
    setShown(Show::Nothing);
}

void FitView::showSuggestions(const std::vector<engine::FitSuggestion> &suggestions)
{
    while (QLayoutItem *item = m_suggestionRows->takeAt(0)) {
        delete item->widget();
        delete item;
    }
    int number = 0;
    for (const engine::FitSuggestion &suggestion : suggestions) {
        auto *line = new QWidget;
        auto *row = new QGridLayout(line);
        row->setContentsMargins(0, 0, 0, 0);
        row->setHorizontalSpacing(kStep2);
        row->setVerticalSpacing(0);
        row->setColumnStretch(0, 1);
        auto *label = new TextLabel(QString::fromStdString(suggestion.label));
        label->setWordWrap(true);
        auto *price = wrappedSmall();
        price->setText(tr("%1 in all; %2").arg(bytesText(suggestion.bytes), QString::fromStdString(suggestion.price)));
        auto *use = new Button(tr("Use"), {}, tr("Changes the setting, so that the run fits."));
        use->setObjectName(QStringLiteral("useFit-%1").arg(number++));
        use->setAccessibleName(tr("Use: %1").arg(label->text()));
        QStringList settings;
        for (const std::string &setting : suggestion.settings)
            settings << QString::fromStdString(setting);
        connect(use, &QPushButton::clicked, this, [this, settings] { emit changeWanted(settings); });
        row->addWidget(label, 0, 0);
        row->addWidget(price, 1, 0);
        row->addWidget(use, 0, 1, 2, 1, Qt::AlignVCenter);
        m_suggestionRows->addWidget(line);
    }
    m_suggestions->setVisible(!suggestions.empty());
}

} // namespace fettle::ui
