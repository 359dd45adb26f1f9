// Home with a project: stages, what waits, before and after, results; projects beside it.
#pragma once

#include "ui/frame/page.h"
#include "ui/home/homefacts.h"

namespace fettle::ui {

class BeforeAfter;
class ProjectsPane;
class ResultsTable;
class StageRow;
class WaitsList;

class Overview : public QWidget {
    Q_OBJECT

public:
    explicit Overview(const PageContext &context, QWidget *parent = nullptr);
    void show(const HomeFacts &facts);
    void showProjects();
    // Only the running job: cheap, with every drain.
    void showJob();

protected:
    void resizeEvent(QResizeEvent *event) override;

private:
    void setupLayout();
    void connectParts();
    void showData();
    void showTrain();
    void showCompare();
    void showHandOver();
    void exportResult();

    PageContext m_context;
    HomeFacts m_facts;
    StageRow *m_stages;
    WaitsList *m_waits;
    BeforeAfter *m_answers;
    ResultsTable *m_results;
    ProjectsPane *m_projects;
};

} // namespace fettle::ui
