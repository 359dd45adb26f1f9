// Runs side by side: their curves over each other, what came of them, which settings and which records differ. The first run is the
// reference. Reads through the bridge by jobs.
#pragma once

#include "ui/frame/page.h"
#include "ui/runs/runcomparison.h"
#include "ui/widgets/card.h"

#include <QTimer>

class QComboBox;
class QSplitter;
class QTreeWidget;
class QVBoxLayout;

namespace fettle::ui {

class Button;
class Chip;
class FlowLayout;
class LineToggle;
class OverlayChart;
class PageHead;
class Segmented;
class TextLabel;

class CompareView : public Pane {
    Q_OBJECT

public:
    explicit CompareView(const PageContext &context, QWidget *parent = nullptr);

    void showRuns(std::vector<RunId> runs); // the first one is the reference
    void setNarrow(bool isNarrow);
    [[nodiscard]] const std::vector<RunId> &runs() const { return m_runs; }
    [[nodiscard]] const RunComparison &comparison() const { return m_comparison; }
    [[nodiscard]] OverlayChart &chart() { return *m_chart; }
    [[nodiscard]] QTreeWidget &outcomes() { return *m_outcomes; }
    [[nodiscard]] QTreeWidget &settings() { return *m_settings; }
    [[nodiscard]] QTreeWidget &changes() { return *m_changes; }
    [[nodiscard]] const std::vector<LineToggle *> &legend() const { return m_legend; }
    void saveTables(); // asks for a file
    void savePicture();

signals:
    void closeWished();
    void runWished(fettle::RunId run);

protected:
    void keyPressEvent(QKeyEvent *event) override;

private:
    // --- comparelayout.cpp
    void setupHead();
    QWidget *makeLeft();
    QWidget *makeRight();

    // --- compareview.cpp
    void read();
    void comparisonRead(RunComparison comparison);
    void showLegend();
    void showCurves();
    void showCursor(std::optional<double> x);
    void showOutcomes();
    void showSettings();
    void showData();
    void showWholeDifference();
    void chooseReference();
    void write(const QString &name, QByteArray bytes);

    PageContext m_context;
    std::vector<RunId> m_runs;
    RunComparison m_comparison;
    QTimer m_readTimer; // a run that goes on is read again after a while
    PageHead *m_head;
    Button *m_reference, *m_save, *m_wholeDifference;
    Segmented *m_which, *m_axis;
    Chip *m_logarithmic, *m_differencesOnly;
    FlowLayout *m_legendRow;
    std::vector<LineToggle *> m_legend;
    OverlayChart *m_chart;
    QTreeWidget *m_outcomes, *m_settings, *m_changes;
    QComboBox *m_dataChoice;
    TextLabel *m_notes, *m_settingsState, *m_dataState;
    QSplitter *m_splitter;
};

} // namespace fettle::ui
