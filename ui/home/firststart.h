// Home while no project is open: three ways in, what was checked at this start, and the steps of the guided sample beside it.
#pragma once

#include "ui/bridge/bridge.h"
#include "ui/widgets/card.h"

class QAction;
class QGridLayout;

namespace fettle::ui {

class Button;

struct WaysIn { QAction *sample, *newProject, *openProject; };

class FirstStart : public QWidget {
    Q_OBJECT

public:
    FirstStart(Bridge &bridge, const WaysIn &ways, QWidget *parent = nullptr);
    void refresh(); // looks at the computer again

protected:
    void showEvent(QShowEvent *event) override;
    void resizeEvent(QResizeEvent *event) override;

private:
    struct Checked { bool isFine; QString name, fact; };
    struct Found { engine::MachineFacts machine; engine::MemoryUse memory; std::int64_t diskBytes = 0; QString model, modelProblem; };

    [[nodiscard]] QWidget *makeWays(const WaysIn &ways);
    [[nodiscard]] QWidget *makeSteps();
    void showChecks(const Found &found);

    Bridge &m_bridge;
    Button *m_start = nullptr;
    QWidget *m_steps = nullptr;
    Card *m_checks;
    QGridLayout *m_checkRows;
};

} // namespace fettle::ui
