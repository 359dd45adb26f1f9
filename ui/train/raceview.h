// The result page of a race: what learnt most, the table of all runs, and the best one click away.
#pragma once

#include "core/engine/race.h"
#include "ui/frame/page.h"

#include <map>

class QComboBox;

namespace fettle::ui {

class Button;
class RaceTable;
class TextLabel;

class RaceView : public QWidget {
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
    void setupLayout();
    void readStandings();
    void showStandings(std::vector<engine::RaceStanding> standings);
    void askQuestions();
    void keepAnswers(const Result<engine::EvaluationResult> &result, const std::vector<RunId> &runs);

    PageContext m_context;
    std::string m_tag;
    std::vector<engine::RaceStanding> m_standings;
    JobId m_questionJob = 0;
    QComboBox *m_races = nullptr;
    TextLabel *m_title = nullptr, *m_text = nullptr;
    RaceTable *m_table = nullptr;
    Button *m_play = nullptr, *m_use = nullptr, *m_ask = nullptr;
};

} // namespace fettle::ui
