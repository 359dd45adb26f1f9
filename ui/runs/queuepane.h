// The runs that wait for their turn: listed in order, moved up and down, taken out, by buttons and keys. Knows no bridge.
#pragma once

#include "ui/bridge/bridge.h"
#include "ui/widgets/card.h"

class QListWidget;

namespace fettle::ui {

class Button;
class TextLabel;

class QueuePane : public Pane {
    Q_OBJECT

public:
    explicit QueuePane(QWidget *parent = nullptr);
    // The chosen run stays chosen at its new place. Hidden while nothing waits.
    void setRuns(const std::vector<QueuedRun> &runs);

signals:
    void moveWished(fettle::ui::JobId job, int places); // -1: one place up, 1: one down
    void removeWished(fettle::ui::JobId job);
    void startWished(); // those that were kept from the last time

protected:
    bool eventFilter(QObject *watched, QEvent *event) override;

private:
    void updateButtons();
    [[nodiscard]] JobId chosen() const;

    std::vector<JobId> m_jobs; // as they are listed
    std::vector<bool> m_held;  // of each
    TextLabel *m_count;
    Button *m_start, *m_up, *m_down, *m_remove;
    QListWidget *m_list;
};

} // namespace fettle::ui
