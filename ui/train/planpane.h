// The right side of the Train page: what the run would do, its first step, what stands in its way, and the button that starts it.
#pragma once

#include "core/base/result.h"
#include "core/engine/training.h"

#include <QWidget>

class QGridLayout;
class QVBoxLayout;

namespace fettle::ui {

class BatchPreview;
class Button;
class ElidedLabel;
class FitView;
class IconLabel;
class TextLabel;

class PlanPane : public QWidget {
    Q_OBJECT

public:
    explicit PlanPane(QWidget *parent = nullptr);
    enum class State { Planning, Ready, Blocked };

    void showPlanning(); // a plan is being made; the old figures stay
    void showReason(const QString &reason); // beside the start button
    void showPlan(const engine::TrainPlan &plan, const std::string &method);
    void showError(const Error &error);
    // isQueued: another run is active, so that this one would wait.
    void setStart(const QString &text, bool isQueued);
    [[nodiscard]] State state() const { return m_state; }
    [[nodiscard]] FitView *fit() const { return m_fit; }

signals:
    void startWanted();
    void fixWanted(const QString &setting); // "maxLength=192"

protected:
    void paintEvent(QPaintEvent *event) override;

private:
    void setVerdict(const QString &icon, int ink, const QString &text);
    void showProblems(const std::vector<engine::TrainPlan::Problem> &problems);
    void addFact(QGridLayout *grid, const QString &name);
    void setFact(int row, const QString &value, const QString &note = {});
    void setState(State state, const QString &reason);

    IconLabel *m_verdictIcon;
    TextLabel *m_verdict, *m_hint, *m_batchHead, *m_batchFoot, *m_reason;
    struct Fact { TextLabel *value; ElidedLabel *note; };
    std::vector<Fact> m_facts;
    QWidget *m_body;
    FitView *m_fit;
    BatchPreview *m_preview;
    QWidget *m_problems;
    QVBoxLayout *m_problemRows;
    Button *m_start;
    State m_state = State::Blocked; // nothing is open yet
};

} // namespace fettle::ui
