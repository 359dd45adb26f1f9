// See statusstrip.h.
#include "ui/frame/statusstrip.h"

#include "ui/widgets/button.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/progressline.h"
#include "ui/widgets/words.h"

#include <QHBoxLayout>
#include <QMouseEvent>
#include <QPainter>

namespace fettle::ui {

using namespace measure;

StatusStrip::StatusStrip(Bridge &bridge, QWidget *parent) : QWidget(parent), m_bridge(bridge)
{
    setupLayout();
    connect(&bridge, &Bridge::machineKnown, this, &StatusStrip::showMachine);
    connect(&bridge, &Bridge::gaugesRead, this, &StatusStrip::showGauges);
    connect(&bridge, &Bridge::jobChanged, this, &StatusStrip::showJob);
    connect(&bridge, &Bridge::runStateChanged, this, &StatusStrip::showJob);
    connect(m_pause, &QPushButton::clicked, this, &StatusStrip::pauseOrCancel);
    showMachine();
    showJob();
}

void StatusStrip::setupLayout()
{
    setFixedHeight(qRound(kStatusBar * textScale()));
    auto *row = new QHBoxLayout(this);
    row->setContentsMargins(kPaneSide, 1, kStep2 + 2, 0);
    row->setSpacing(6);
    m_device = smallLabel({});
    m_memory = smallLabel({});
    m_gauge = new ProgressLine;
    m_gauge->setFixedWidth(72);
    m_gauge->setInk(Ink::Muted);
    m_gauge->setAccessibleName(tr("Memory in use"));
    row->addWidget(new IconLabel(QStringLiteral("cpu"), Ink::Muted, kIconSmall));
    row->addWidget(m_device);
    row->addSpacing(kStep3);
    row->addWidget(new IconLabel(QStringLiteral("memory-stick"), Ink::Muted, kIconSmall));
    row->addWidget(m_gauge);
    row->addWidget(m_memory);
    row->addStretch(1);

    m_job = new QWidget;
    m_job->setCursor(Qt::PointingHandCursor);
    auto *job = new QHBoxLayout(m_job);
    job->setContentsMargins(0, 0, 0, 0);
    job->setSpacing(6);
    m_jobIcon = new IconLabel(QStringLiteral("activity"), Ink::Accent, kIconSmall);
    m_title = new TextLabel({}, TextSize::Small, Weight::SemiBold);
    m_method = smallLabel({});
    m_progress = new ProgressLine;
    m_progress->setFixedWidth(160);
    m_progress->setAccessibleName(tr("Progress of the job"));
    m_detail = new ElidedLabel({}, TextSize::Small, Weight::Regular, Ink::Muted);
    m_speed = smallLabel({});
    m_left = new TextLabel({}, TextSize::Small);
    job->addWidget(m_jobIcon);
    job->addWidget(m_title);
    job->addWidget(m_method);
    job->addSpacing(kStep2);
    job->addWidget(m_progress);
    job->addSpacing(2);
    job->addWidget(m_detail);
    job->addSpacing(kStep2);
    job->addWidget(m_speed);
    job->addSpacing(kStep2);
    job->addWidget(m_left);
    row->addWidget(m_job);
    m_pause = iconButton(QStringLiteral("pause"), tr("Pause the run"));
    m_pause->setHeight(kButtonSmall);
    row->addWidget(m_pause);
    m_idle = smallLabel(tr("No job running"));
    row->addWidget(m_idle);
    row->addSpacing(kStep2 - 2);
}

void StatusStrip::setNarrow(bool isNarrow)
{
    m_isNarrow = isNarrow;
    m_progress->setFixedWidth(isNarrow ? 96 : 160);
    showMachine();
    showJob();
}

void StatusStrip::showMachine()
{
    const engine::MachineFacts &facts = m_bridge.machine();
    QString device;
    if (facts.cores == 0)
        device = m_isNarrow ? tr("Processor") : tr("Looking at this computer");
    else if (!facts.gpu.empty())
        device = QString::fromStdString(facts.gpu) + m_load;
    else
        device = (m_isNarrow ? tr("%n core(s)", nullptr, facts.cores) : tr("Processor, %n core(s)", nullptr, facts.cores)) + m_load;
    m_device->setText(device);
    const QString name = QString::fromStdString(facts.processor);
    m_device->setToolTip(m_load.isEmpty() ? name : tr("%1. The share is how much of its time it computes, for all programs.").arg(name));
}

void StatusStrip::showGauges(const engine::Gauges &gauges)
{
    // Of the device that the strip names.
    const std::optional<double> load = m_bridge.machine().gpu.empty() ? gauges.sensors.processorShare
        : gauges.sensors.gpus.empty()                                 ? std::nullopt
                                                                      : gauges.sensors.gpus.front().share;
    m_load = load ? tr(" · %1 %").arg(qRound(*load * 100)) : QString();
    showMachine();
    const engine::MemoryUse &use = gauges.memory;
    const std::int64_t taken = use.totalBytes - use.availableBytes;
    m_gauge->setShare(use.totalBytes > 0 ? double(taken) / double(use.totalBytes) : -1);
    m_memory->setText(tr("%1 of %2 GB").arg(gigabytesText(taken), gigabytesText(use.totalBytes)));
    const QString help = tr("Memory of this computer in use; Fettle itself uses %1, at most %2 so far.")
                             .arg(bytesText(use.ownBytes), bytesText(use.ownPeakBytes));
    m_memory->setToolTip(help);
    m_gauge->setToolTip(help);
}

void StatusStrip::showJob()
{
    const JobInfo &job = m_bridge.currentJob();
    const bool hasJob = job.kind != JobInfo::Kind::None;
    m_job->setVisible(hasJob);
    m_idle->setVisible(!hasJob);
    m_pause->setVisible(hasJob && (job.canPause || job.canCancel));
    if (!hasJob)
        return;
    m_title->setText(job.title);
    const bool isRun = job.kind == JobInfo::Kind::Run;
    m_method->setText(isRun ? methodText(m_bridge.activeRunInfo().method) : QString());
    m_method->setVisible(isRun && !m_method->text().isEmpty());
    m_progress->setShare(job.share);
    const bool isEnding = isRun && (m_bridge.activeRunInfo().state == engine::RunState::Pausing
                                    || m_bridge.activeRunInfo().state == engine::RunState::Stopping);
    m_detail->setText(isEnding ? runStateText(m_bridge.activeRunInfo().state) : job.detail);
    m_detail->setVisible(!m_detail->text().isEmpty());
    m_speed->setText(job.tokensPerSecond > 0 ? tr("%1 tokens/s").arg(countText(qRound64(job.tokensPerSecond))) : QString());
    m_speed->setVisible(!m_isNarrow && !m_speed->text().isEmpty());
    m_left->setText(timeLeftText(job.secondsLeft));
    m_left->setVisible(!m_left->text().isEmpty());
    m_pause->setIconName(job.canPause ? QStringLiteral("pause") : QStringLiteral("x"));
    const QString name = job.canPause ? tr("Pause the run") : tr("Cancel this job");
    m_pause->setAccessibleName(name);
    m_pause->setToolTip(name);
    m_pause->setEnabled(!isEnding);
}

void StatusStrip::pauseOrCancel()
{
    const JobInfo &job = m_bridge.currentJob();
    if (job.canPause)
        m_bridge.pauseRun();
    else
        m_bridge.cancel(job.id);
}

void StatusStrip::paintEvent(QPaintEvent *)
{
    QPainter painter(this);
    painter.fillRect(rect(), tokens().surface0);
    painter.fillRect(0, 0, width(), 1, tokens().border);
}

void StatusStrip::mouseReleaseEvent(QMouseEvent *event)
{
    if (m_job->isVisible() && m_job->geometry().contains(event->pos()))
        emit jobClicked();
    QWidget::mouseReleaseEvent(event);
}

} // namespace fettle::ui
