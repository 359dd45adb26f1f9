// See queuepane.h.
#include "ui/runs/queuepane.h"

#include "ui/runs/runwords.h"
#include "ui/theme/icons.h"
#include "ui/widgets/button.h"
#include "ui/widgets/labels.h"

#include <QHBoxLayout>
#include <QKeyEvent>
#include <QListWidget>
#include <QVBoxLayout>

namespace fettle::ui {

using namespace measure;

namespace {

constexpr int kQueueRow = 28, kMostRows = 5; // more are scrolled
constexpr int kQueueJobRole = Qt::UserRole;

QString queuedText(const QueuedRun &queued)
{
    const QString what = queued.run.id.isValid() ? runListName(queued.run) : runMethodLine(queued.run);
    return queued.run.id.isValid() ? QueuePane::tr("%1, %2").arg(queued.title, what) : what;
}

} // namespace

QueuePane::QueuePane(QWidget *parent) : Pane(Surface::Window, Qt::TopEdge, parent)
{
    auto *column = new QVBoxLayout(this);
    column->setContentsMargins(0, kStep1, 1, kStep2);
    column->setSpacing(0);
    auto *head = new QHBoxLayout;
    head->setContentsMargins(kPaneSide, 0, kStep2, 0);
    head->setSpacing(0);
    head->addWidget(sectionLabel(tr("Next runs")));
    head->addSpacing(kStep2);
    m_count = smallLabel({});
    head->addWidget(m_count);
    head->addStretch(1);
    m_start = iconButton(QStringLiteral("play"), tr("Start the runs that were kept from the last time"));
    m_start->setObjectName(QStringLiteral("queueStart"));
    m_up = iconButton(QStringLiteral("arrow-up"), tr("Run this one earlier (Alt+Up)"));
    m_up->setObjectName(QStringLiteral("queueUp"));
    m_down = iconButton(QStringLiteral("arrow-down"), tr("Run this one later (Alt+Down)"));
    m_down->setObjectName(QStringLiteral("queueDown"));
    m_remove = iconButton(QStringLiteral("x"), tr("Take this one out of the queue (Delete)"));
    m_remove->setObjectName(QStringLiteral("queueRemove"));
    for (Button *button : {m_start, m_up, m_down, m_remove}) {
        button->setHeight(kButtonSmall);
        head->addWidget(button);
    }
    column->addLayout(head);
    m_list = new QListWidget;
    m_list->setObjectName(QStringLiteral("queue"));
    m_list->setFrameShape(QFrame::NoFrame);
    m_list->setAccessibleName(tr("Runs that wait for their turn"));
    m_list->setToolTip(tr("They start one after the other, from the top. Alt+Up and Alt+Down change the order, Delete takes one out."));
    m_list->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    m_list->setTextElideMode(Qt::ElideRight);
    m_list->setIconSize({kIconSmall, kIconSmall});
    m_list->viewport()->setAutoFillBackground(false);
    m_list->installEventFilter(this);
    auto *list = new QHBoxLayout;
    list->setContentsMargins(kStep2, 0, kStep2, 0);
    list->addWidget(m_list);
    column->addLayout(list);
    connect(m_list, &QListWidget::currentRowChanged, this, &QueuePane::updateButtons);
    connect(m_start, &QPushButton::clicked, this, &QueuePane::startWished);
    connect(m_up, &QPushButton::clicked, this, [this] { emit moveWished(chosen(), -1); });
    connect(m_down, &QPushButton::clicked, this, [this] { emit moveWished(chosen(), 1); });
    connect(m_remove, &QPushButton::clicked, this, [this] { emit removeWished(chosen()); });
    hide();
}

void QueuePane::setRuns(const std::vector<QueuedRun> &runs)
{
    std::vector<JobId> jobs;
    for (const QueuedRun &queued : runs)
        jobs.push_back(queued.job);
    if (jobs == m_jobs)
        return;
    m_jobs = std::move(jobs);
    m_held.clear();
    for (const QueuedRun &queued : runs)
        m_held.push_back(queued.isHeld);
    const JobId before = chosen();
    const int row = m_list->currentRow();
    {
        const QSignalBlocker blocker(m_list);
        m_list->clear();
        for (const QueuedRun &queued : runs) {
            auto *item = new QListWidgetItem(icon(queued.isHeld ? QStringLiteral("pause") : QStringLiteral("clock"), Ink::Muted), queuedText(queued), m_list);
            item->setData(kQueueJobRole, QVariant::fromValue<qint64>(queued.job));
            item->setSizeHint({1, qRound(kQueueRow * textScale())});
            const QString facts = tr("%1: %2").arg(queued.title, runFactsLine(queued.run));
            item->setToolTip(queued.isHeld ? facts + QLatin1Char('\n') + tr("Kept from the last time: it begins when you start it.") : facts);
            if (queued.job == before)
                m_list->setCurrentItem(item);
        }
        if (m_list->currentRow() < 0 && m_list->count() > 0)
            m_list->setCurrentRow(std::clamp(row, 0, m_list->count() - 1)); // the one that took the place of what went
    }
    m_count->setText(QString::number(m_list->count()));
    m_list->setFixedHeight(qRound(kQueueRow * textScale()) * std::min(m_list->count(), kMostRows));
    setVisible(!runs.empty());
    updateButtons();
}

JobId QueuePane::chosen() const
{
    const QListWidgetItem *item = m_list->currentItem();
    return item ? item->data(kQueueJobRole).toLongLong() : 0;
}

void QueuePane::updateButtons()
{
    const int row = m_list->currentRow(), last = m_list->count() - 1;
    const auto isHeld = [this](int at) { return m_held[std::size_t(at)]; };
    m_start->setVisible(std::ranges::find(m_held, true) != m_held.end());
    m_up->setEnabled(row > 0 && isHeld(row) == isHeld(row - 1));
    m_down->setEnabled(row >= 0 && row < last && isHeld(row) == isHeld(row + 1));
    m_remove->setEnabled(row >= 0);
}

bool QueuePane::eventFilter(QObject *watched, QEvent *event)
{
    if (watched == m_list && event->type() == QEvent::KeyPress) {
        const auto *key = static_cast<QKeyEvent *>(event);
        Button *pressed = nullptr;
        if (key->modifiers() == Qt::AltModifier)
            pressed = key->key() == Qt::Key_Up ? m_up : key->key() == Qt::Key_Down ? m_down : nullptr;
        else if (key->key() == Qt::Key_Delete)
            pressed = m_remove;
        if (pressed) {
            pressed->click();
            return true;
        }
    }
    return Pane::eventFilter(watched, event);
}

} // namespace fettle::ui
