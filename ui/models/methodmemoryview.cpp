// See methodmemoryview.h.
#include "ui/models/methodmemoryview.h"

#include "ui/widgets/button.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/progressline.h"
#include "ui/widgets/words.h"

#include <QHBoxLayout>
#include <QVBoxLayout>

#include <algorithm>

namespace fettle::ui {

using namespace measure;

namespace {

class MethodRow : public QWidget {
public:
    MethodRow(const engine::MethodMemory &method, qint64 available, qint64 scale)
    {
        auto *column = new QVBoxLayout(this);
        column->setContentsMargins(0, 0, 0, kStep1);
        column->setSpacing(2);
        auto *line = new QHBoxLayout;
        line->setSpacing(kStep1);
        const QString name = methodText(method.method);
        line->addWidget(new TextLabel(name));
        line->addStretch(1);
        column->addLayout(line);
        setAccessibleName(name);
        if (method.refusal) {
            const QString reason = QString::fromStdString(method.refusal->message);
            line->addWidget(mutedLabel(tr("not possible")));
            line->addWidget(new IconLabel(QStringLiteral("circle-minus"), Ink::Muted, kIconSmall));
            auto *why = smallLabel(reason);
            why->setWordWrap(true);
            column->addWidget(why);
            setToolTip(reason + QLatin1Char(' ') + QString::fromStdString(method.refusal->hint));
            setAccessibleDescription(toolTip());
            return;
        }
        if (method.bytes <= 0) {
            line->addWidget(mutedLabel(tr("not measured")));
            return;
        }
        const bool fits = method.bytes <= available;
        line->addWidget(strongLabel(method.isExtrapolated ? tr("about %1").arg(bytesText(method.bytes)) : bytesText(method.bytes)));
        line->addWidget(new IconLabel(fits ? QStringLiteral("check") : QStringLiteral("triangle-alert"), fits ? Ink::Good : Ink::Warning, kIconSmall));
        auto *bar = new ProgressLine;
        bar->setInk(fits ? Ink::Accent : Ink::Warning);
        bar->setShare(double(std::min<qint64>(method.bytes, scale)) / double(scale));
        bar->setAccessibleName(name);
        column->addWidget(bar);
        QStringList told{fits ? tr("Fits: %1 are free.").arg(bytesText(available)) : tr("More than the %1 that are free.").arg(bytesText(available))};
        if (method.secondsPerStep > 0)
            told.append(tr("A step takes about %1 s.").arg(QLocale().toString(method.secondsPerStep, 'f', method.secondsPerStep < 10 ? 1 : 0)));
        if (method.isExtrapolated)
            told.append(tr("It did not fit and was followed from what did."));
        setToolTip(told.join(QLatin1Char(' ')));
        setAccessibleDescription(toolTip());
    }
};

} // namespace

MethodMemoryView::MethodMemoryView(Bridge &bridge, QWidget *parent) : QWidget(parent), m_bridge(bridge)
{
    auto *column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(kStep1);
    m_rows = new QVBoxLayout;
    m_rows->setSpacing(kStep1);
    column->addLayout(m_rows);
    auto *foot = new QHBoxLayout;
    foot->setSpacing(kStep2);
    m_note = smallLabel({});
    m_note->setWordWrap(true);
    foot->addWidget(m_note, 1);
    m_measure = new Button(tr("Measure"), {}, tr("Computes one step with each method, without learning anything. Takes seconds for a small model and minutes for a large one."));
    m_measure->setObjectName(QStringLiteral("measureMethods"));
    m_cancel = new Button(tr("Cancel"), {}, tr("Ends the measurement; what is measured already is kept."));
    m_cancel->setObjectName(QStringLiteral("cancelMethods"));
    foot->addWidget(m_measure, 0, Qt::AlignTop);
    foot->addWidget(m_cancel, 0, Qt::AlignTop);
    column->addLayout(foot);
    connect(m_measure, &QPushButton::clicked, this, &MethodMemoryView::measure);
    connect(m_cancel, &QPushButton::clicked, this, &MethodMemoryView::cancel);
    showState();
}

MethodMemoryView::~MethodMemoryView() = default;

void MethodMemoryView::show(const std::filesystem::path &model)
{
    const bool isOther = model != m_model;
    m_model = model;
    if (isOther) {
        showMemory({});
        m_note->setText({});
    }
    ask();
}

void MethodMemoryView::ask()
{
    m_bridge.knownMemory(m_model, this, [this, model = m_model](Result<engine::ModelMemory> memory) {
        if (model != m_model)
            return;
        if (memory)
            showMemory(*memory);
        else if (memory.error().code != ErrorCode::Cancelled)
            showError(memory.error());
    });
}

void MethodMemoryView::measure()
{
    m_measured = m_model;
    m_job = m_bridge.measureMemory(m_model, this, [this](Result<engine::ModelMemory> memory) {
        m_job = 0;
        const bool isShown = m_measured == m_model;
        if (isShown && memory)
            showMemory(*memory);
        else if (isShown && memory.error().code != ErrorCode::Cancelled)
            showError(memory.error());
        else
            ask(); // what was measured before it was cancelled
        showState();
    });
    showState();
}

void MethodMemoryView::cancel()
{
    m_bridge.cancel(m_job);
}

void MethodMemoryView::showMemory(const engine::ModelMemory &memory)
{
    while (QLayoutItem *item = m_rows->takeAt(0)) {
        delete item->widget();
        delete item;
    }
    qint64 largest = memory.available;
    for (const engine::MethodMemory &method : memory.methods)
        largest = std::max<qint64>(largest, method.bytes);
    for (const engine::MethodMemory &method : memory.methods)
        m_rows->addWidget(new MethodRow(method, memory.available, std::max<qint64>(largest, 1)));
    m_isMeasured = !memory.methods.empty() && memory.isMeasured();
    m_isPossible = std::ranges::any_of(memory.methods, [](const engine::MethodMemory &method) { return !method.refusal; });
    const QString kind = tr("rows of %1 tokens, %2 at once").arg(countText(engine::kMeasuredLength)).arg(engine::kMeasuredRows);
    m_note->setText(m_isMeasured ? tr("Bars against %1 of free memory; %2.").arg(bytesText(memory.available), kind) : tr("Measured on demand: %1.").arg(kind));
    showState();
}

void MethodMemoryView::showError(const Error &error)
{
    m_note->setText(QString::fromStdString(error.message + ' ' + error.hint));
    m_isPossible = true; // it can be tried again
    showState();
}

void MethodMemoryView::showState()
{
    const bool isBusy = m_job != 0;
    m_measure->setVisible(!isBusy);
    m_cancel->setVisible(isBusy);
    m_measure->setEnabled(m_isPossible);
    m_measure->setText(m_isMeasured ? tr("Measure again") : tr("Measure"));
    if (isBusy)
        m_note->setText(m_bridge.isRunActive() ? tr("Waits until the run has ended.")
                        : m_measured == m_model ? tr("Measuring: each method computes one step. The bar at the bottom shows how far it is.")
                                                : tr("Another model is being measured."));
}

} // namespace fettle::ui
