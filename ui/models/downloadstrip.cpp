// See downloadstrip.h.
#include "ui/models/downloadstrip.h"

#include "ui/widgets/button.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/progressline.h"
#include "ui/widgets/words.h"

#include <QHBoxLayout>
#include <QVBoxLayout>

namespace fettle::ui {

using namespace measure;

DownloadStrip::DownloadStrip(Bridge &bridge, QWidget *parent) : Pane(Surface::Window, Qt::BottomEdge, parent), m_bridge(bridge)
{
    auto *column = new QVBoxLayout(this);
    column->setContentsMargins(kPaneSide, kStep2, kPaneSide, kStep2 + 1);
    column->setSpacing(kStep2);
    auto *row = new QHBoxLayout;
    row->setSpacing(kStep2);
    m_icon = new IconLabel(QStringLiteral("download"), Ink::Accent);
    m_name = strongLabel({});
    m_what = new ElidedLabel({}, TextSize::Body, Weight::Regular, Ink::Muted);
    m_figures = new TextLabel;
    m_pause = new Button(tr("Pause"), {}, tr("Keeps what has come; the download goes on from there when you want."));
    m_pause->setObjectName(QStringLiteral("pauseDownload"));
    m_cancel = new Button(tr("Cancel"), {}, tr("Ends the download and throws away what has come, after a question."));
    m_cancel->setObjectName(QStringLiteral("cancelDownload"));
    m_again = new Button(tr("Try again"), {}, tr("Goes on where the download broke off."));
    m_again->setObjectName(QStringLiteral("retryDownload"));
    m_rename = new Button(tr("Change the name..."), {}, tr("Asks for the model's name again."));
    m_rename->setObjectName(QStringLiteral("renameDownload"));
    m_close = iconButton(QStringLiteral("x"), tr("Close this message"));
    row->addWidget(m_icon);
    row->addWidget(m_name);
    row->addWidget(m_what, 1);
    row->addWidget(m_figures);
    for (QWidget *button : std::initializer_list<QWidget *>{m_pause, m_cancel, m_again, m_rename, m_close})
        row->addWidget(button);
    column->addLayout(row);
    m_line = new ProgressLine;
    m_line->setAccessibleName(tr("Progress of the download"));
    column->addWidget(m_line);
    m_problem = new TextLabel({}, TextSize::Body, Weight::Regular, Ink::Bad);
    m_problem->setObjectName(QStringLiteral("downloadProblem"));
    m_problem->setWordWrap(true);
    m_problem->setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
    column->addWidget(m_problem);
    connect(m_pause, &QPushButton::clicked, this, &DownloadStrip::pauseWanted);
    connect(m_cancel, &QPushButton::clicked, this, &DownloadStrip::cancelWanted);
    connect(m_again, &QPushButton::clicked, this, [this] { m_bridge.startDownload(m_bridge.download().wanted); });
    connect(m_rename, &QPushButton::clicked, this, [this] { emit renameWanted(m_bridge.download().wanted); });
    connect(m_close, &QPushButton::clicked, this, [this] {
        m_dismissed = m_bridge.download().wanted;
        showState();
    });
    connect(&bridge, &Bridge::downloadChanged, this, &DownloadStrip::showState);
    showState();
}

void DownloadStrip::showState()
{
    const DownloadState &state = m_bridge.download();
    if (state.isOn)
        m_dismissed.clear();
    const bool hasFailed = !state.isOn && state.failure && m_dismissed != state.wanted;
    setVisible(state.isOn || hasFailed);
    const Progress &progress = state.progress;
    m_name->setText(state.wanted);
    m_icon->setIcon(hasFailed ? QStringLiteral("circle-x") : QStringLiteral("download"), hasFailed ? Ink::Bad : Ink::Accent);
    m_what->setText(hasFailed ? QString() : progress.total > 0 ? tr("%1 from the hub").arg(bytesText(progress.total)) : tr("Asking the hub"));
    m_what->setToolTip(QString::fromStdString(progress.what));
    QStringList figures;
    if (state.isOn && progress.total > 0)
        figures.append(tr("%1 of %2").arg(bytesText(progress.done), bytesText(progress.total)));
    if (state.isOn && state.bytesPerSecond > 0)
        figures.append(tr("%1/s").arg(bytesText(qint64(state.bytesPerSecond))));
    if (const QString left = timeLeftText(progress.secondsLeft); state.isOn && !left.isEmpty())
        figures.append(left);
    m_figures->setText(figures.join(QStringLiteral(", ")));
    m_line->setVisible(state.isOn);
    m_line->setShare(progress.total > 0 ? double(progress.done) / double(progress.total) : -1);
    for (QWidget *button : {m_pause, m_cancel})
        button->setVisible(state.isOn);
    for (QWidget *button : {m_again, m_rename, m_close})
        button->setVisible(hasFailed);
    m_problem->setVisible(hasFailed);
    m_problem->setText(hasFailed ? QString::fromStdString(state.failure->message + ' ' + state.failure->hint) : QString());
}

} // namespace fettle::ui
