// The chosen checkpoint and all of them: step, epoch, losses, which is best. Choosing a row moves the scrubber and the other way round.
// Knows no bridge; reads the page's curves.
#pragma once

#include "ui/runs/runcurves.h"

#include <QWidget>

class QAction;
class QTableWidget;

namespace fettle::ui {

class Button;
class LossChart;
class TextLabel;

class CheckpointPane : public QWidget {
    Q_OBJECT

public:
    struct Actions { QAction *previous, *next, *openInPlayground; };

    // chart gives the smoothed loss of a step; both must outlive the pane.
    CheckpointPane(const LossChart &chart, const Actions &actions, QWidget *parent = nullptr);
    void refresh();
    void setChosen(std::optional<std::int64_t> step);

signals:
    void stepWished(std::int64_t step);
    void resized();

protected:
    void resizeEvent(QResizeEvent *event) override;

private:
    void setupTable();
    void selectChosen();

    const LossChart &m_chart;
    std::optional<std::int64_t> m_chosen;
    TextLabel *m_title;
    QWidget *m_nothing;
    QTableWidget *m_table;
    Button *m_open, *m_openNarrow; // the same in words and as an icon
    QAction *m_openAction;
    bool m_isFilling = false;
};

} // namespace fettle::ui
