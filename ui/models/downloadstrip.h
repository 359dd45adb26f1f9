// The model that is being fetched from a hub: how far it is, how fast, and the buttons that stop it. Out of sight while there is nothing to tell.
#pragma once

#include "ui/bridge/bridge.h"
#include "ui/widgets/card.h"

namespace fettle::ui {

class Button;
class ElidedLabel;
class IconLabel;
class ProgressLine;
class TextLabel;

class DownloadStrip : public Pane {
    Q_OBJECT

public:
    explicit DownloadStrip(Bridge &bridge, QWidget *parent = nullptr);

signals:
    void pauseWanted();
    void cancelWanted();
    void renameWanted(const QString &wanted); // it failed: perhaps under another name

private:
    void showState();

    Bridge &m_bridge;
    QString m_dismissed; // the failed one that was read
    IconLabel *m_icon;
    TextLabel *m_name, *m_problem;
    ElidedLabel *m_what;
    TextLabel *m_figures;
    ProgressLine *m_line;
    Button *m_pause, *m_cancel, *m_again, *m_rename, *m_close;
};

} // namespace fettle::ui
