// The result page of a race: what learnt most, the curves over the same tokens, the table of all runs, and the best one click away.
#pragma once

#include "core/engine/evaluation.h"
#include "core/engine/race.h"
#include "ui/frame/page.h"
#include "ui/runs/runcomparison.h"
#include "ui/widgets/card.h"

#include <map>

class QComboBox;
class QVBoxLayout;

namespace fettle::ui {

class Button;
class FlowLayout;
class LineToggle;
class OverlayChart;
class RaceTable;
class TextLabel;

// Of the best over the next.
struct RaceLead {
    double mean = 0; // nats
    evaluate::Interval interval;
    std::size_t records = 0;
};

class RaceView : public Pane {
    Q_OBJECT

public:
    explicit RaceView(const PageContext &context, QWidget *parent = nullptr);
    void showRace(const QString &tag);   // empty: the newest
    void readRaces();                    // again, where it is in view
    [[nodiscard]] bool hasRaces() const; // as last read

signals:
    void racesRead();
    void leaveWanted();
    void settingsWanted(const fettle::train::Recipe &recipe);

private:
    struct Reading {
        std::vector<engine::RaceStanding> standings; // best first
        std::vector<ComparedRun> runs;               // in the order in which they began
        std::optional<RaceLead> lead;
    };
    void setupLayout();
    void setupChart(QVBoxLayout &column);
    void readStandings();
    void showStandings(Reading reading);
    void showCurves(const std::vector<ComparedRun> &runs);
    void showLegend();
    void showCursor(std::optional<double> tokens);
    void askQuestions();
    void keepAnswers(const Result<engine::EvaluationResult> &result, const std::vector<RunId> &runs);

    PageContext m_context;
    std::string m_tag;
    std::vector<engine::RaceStanding> m_standings;
    JobId m_questionJob = 0;
    QComboBox *m_races = nullptr;
    TextLabel *m_title = nullptr, *m_text = nullptr;
    OverlayChart *m_chart = nullptr;
    QWidget *m_chartSide = nullptr;
    FlowLayout *m_legendRow = nullptr;
    std::vector<LineToggle *> m_legend;
    RaceTable *m_table = nullptr;
    Button *m_play = nullptr, *m_use = nullptr, *m_ask = nullptr;
};

} // namespace fettle::ui
