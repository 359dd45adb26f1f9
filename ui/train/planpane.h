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
class IconLabel;
class TextLabel;

class PlanPane : public QWidget {
    Q_OBJECT

public:
    explicit PlanPane(QWidget *parent = nullptr);
    void showPlanning(); // a plan is being made; the old figures stay, muted
    void showPlan(const engine::TrainPlan &plan);
    void showError(const Error &error);
    // isQueued: another run is active, so that this one would wait.
    void setStart(const QString &text, bool isQueued);
    [[nodiscard]] bool canStart() const { return m_canStart; }

signals:
    void startWanted();
    void fixWanted(const QString &setting); // "maxLength=192"

protected:
    void paintEvent(QPaintEvent *event) override;

private:
    void setVerdict(const QString &icon, int ink, const QString &text);
    void showProblems(const std::vector<engine::TrainPlan::Problem> &problems);
    void setFact(int row, const QString &name, const QString &value, const QString &note);
    void updateStart();

    IconLabel *m_verdictIcon;
    TextLabel *m_verdict, *m_hint, *m_batchHead, *m_batchFoot, *m_reason;
    QGridLayout *m_facts;
    QWidget *m_body;
    BatchPreview *m_preview;
    QWidget *m_problems;
    QVBoxLayout *m_problemRows;
    Button *m_start;
    bool m_canStart = false;
};

} // namespace fettle::ui
