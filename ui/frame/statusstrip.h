// The bar below the pages: device, memory, and the job that is going on. Visible on every page.
#pragma once

#include "ui/bridge/bridge.h"

#include <QWidget>

namespace fettle::ui {

class Button;
class ElidedLabel;
class IconLabel;
class ProgressLine;
class TextLabel;

class StatusStrip : public QWidget {
    Q_OBJECT

public:
    explicit StatusStrip(Bridge &bridge, QWidget *parent = nullptr);
    void setNarrow(bool isNarrow);

signals:
    void jobClicked(); // show where the job belongs

protected:
    void paintEvent(QPaintEvent *event) override;
    void mouseReleaseEvent(QMouseEvent *event) override;

private:
    void setupLayout();
    void showMachine();
    void showGauges(const engine::Gauges &gauges);
    void showJob();
    void pauseOrCancel();

    Bridge &m_bridge;
    TextLabel *m_device;
    ProgressLine *m_gauge;
    TextLabel *m_memory;
    QWidget *m_job; // everything of the job
    IconLabel *m_jobIcon;
    TextLabel *m_title;
    TextLabel *m_method;
    ProgressLine *m_progress;
    ElidedLabel *m_detail;
    TextLabel *m_speed;
    TextLabel *m_left;
    Button *m_pause;
    TextLabel *m_idle;
    bool m_isNarrow = false;
    QString m_load; // " · 93 %"; empty where it is not known
};

} // namespace fettle::ui
