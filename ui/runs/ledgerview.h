// The ledger of one run in place of its curves: which records were never learnt, forgotten, learnt at once, are suspicious; the course of
// each, and what to do about it. Reads and writes by jobs of the bridge.
#pragma once

#include "ui/frame/page.h"
#include "ui/runs/ledgermodel.h"

class QLabel;
class QTableView;
class QStackedWidget;
class QVBoxLayout;

namespace fettle::ui {

class Button;
class Chip;
class CourseChart;
class EmptyState;
class Segmented;
class TextLabel;

class LedgerView : public QWidget {
    Q_OBJECT

public:
    explicit LedgerView(const PageContext &context, QWidget *parent = nullptr);

    void showRun(RunId run); // reads it anew
    void setNarrow(bool isNarrow);
    [[nodiscard]] LedgerModel &model() { return *m_model; }
    [[nodiscard]] QTableView &table() { return *m_table; }

signals:
    void closeWished();

protected:
    void keyPressEvent(QKeyEvent *event) override;
    bool eventFilter(QObject *object, QEvent *event) override;

private:
    struct Both { std::shared_ptr<const LedgerFacts> train, heldOut; };

    QWidget *makeFilters();
    QWidget *makeDetail();
    void setupTable();
    void read();
    void readKin();
    void factsRead();
    void choose(LedgerModel::Shown shown, data::Verdict verdict);
    void showCounts();
    void showCurrent();
    void showRecord(const data::Record &record);
    void showKin(int place);
    [[nodiscard]] std::vector<RecordId> selected() const;
    void leaveOut();
    void addTag();
    void openInData();
    void updateButtons();

    PageContext m_context;
    RunId m_run;
    Both m_facts;
    LedgerModel *m_model;
    QTableView *m_table;
    Segmented *m_part;
    struct Filter { Chip *chip; LedgerModel::Shown shown; data::Verdict verdict; };
    std::vector<Filter> m_filters;
    Button *m_leaveOut, *m_tag, *m_open;
    QStackedWidget *m_stack;
    EmptyState *m_nothing;
    QWidget *m_detail;
    TextLabel *m_title, *m_verdict, *m_why, *m_count;
    CourseChart *m_chart;
    QLabel *m_question, *m_answer, *m_kin;
};

} // namespace fettle::ui
