// Batch evaluation: one split or a file asked of base and tuned, measured and compared; what got worse comes first. A cancelled evaluation goes
// on where it stopped, because every answer is kept.
#pragma once

#include "core/engine/evaluation.h"
#include "ui/frame/page.h"
#include "ui/playground/adapterchoice.h"

#include <memory>
#include <optional>

class QComboBox;
class QPlainTextEdit;
class QSpinBox;
class QStackedWidget;
class QTableView;

namespace fettle::ui {

class Button;
class Chip;
class EmptyState;
class EvaluationModel;
class EvaluationSummary;
class Pane;
class ProgressLine;
class TextLabel;

struct BatchActions { QAction *evaluate = nullptr, *cancel = nullptr, *save = nullptr, *next = nullptr, *previous = nullptr; };

class BatchView : public QWidget {
    Q_OBJECT

public:
    BatchView(const PageContext &context, const BatchActions &actions, QWidget *parent = nullptr);
    void setProject();
    void setActive(bool isActive);
    void setChoices(const std::vector<AdapterChoice> &choices);
    void setModels(const std::vector<AdapterChoice> &models); // others than the base that can judge
    void choose(const std::string &adapter);

    void evaluate();
    void cancel();
    void saveReport();
    void moveBy(int rows);
    [[nodiscard]] QString state() const; // one line for the head of the page

signals:
    void stateChanged();
    void questionChosen(const QString &question); // to be asked side by side

protected:
    void resizeEvent(QResizeEvent *event) override;

private:
    void setupLayout();
    QWidget *makeBar();
    QWidget *makeRubric();
    void showJudges();
    QWidget *makeWaiting();
    QWidget *makeResults();
    QWidget *makeFilters();
    QWidget *makeDetail();
    void chooseRows(int index);
    [[nodiscard]] Bridge::RowsToAsk rowsToAsk() const;
    void showProgress();
    void endEvaluation(JobId job, Result<engine::EvaluationResult> result);
    void showResult(engine::EvaluationResult result);
    void filter(std::optional<evaluate::Verdict> verdict);
    void showRow();
    void updateActions();
    [[nodiscard]] Bridge &bridge() const { return m_context.bridge; }

    PageContext m_context;
    BatchActions m_actions;
    QComboBox *m_result = nullptr, *m_rows = nullptr, *m_judge = nullptr;
    QPlainTextEdit *m_rubric = nullptr;
    std::vector<AdapterChoice> m_choices, m_models;
    QSpinBox *m_longest = nullptr;
    QStackedWidget *m_stack = nullptr;
    TextLabel *m_waiting = nullptr, *m_waitingDetail = nullptr;
    ProgressLine *m_progress = nullptr;
    EvaluationSummary *m_summary = nullptr;
    EvaluationModel *m_model = nullptr;
    QTableView *m_table = nullptr;
    struct Filter { Chip *chip; std::optional<evaluate::Verdict> verdict; };
    std::vector<Filter> m_filters;
    Pane *m_detail = nullptr;
    TextLabel *m_detailHead = nullptr, *m_question = nullptr, *m_expected = nullptr, *m_tuned = nullptr, *m_base = nullptr, *m_judged = nullptr;
    std::shared_ptr<const evaluate::Comparison> m_comparison;
    QString m_file; // of the rows, when they come from a file
    QString m_said; // what the head says
    JobId m_job = 0;
    bool m_isActive = false;
};

} // namespace fettle::ui
