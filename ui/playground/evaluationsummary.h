// The summary of a batch evaluation: each measure with both values, their intervals and the paired change; and the same by tag.
#pragma once

#include "core/engine/evaluation.h"

#include <QWidget>

class QTreeWidget;

namespace fettle::ui {

class Pane;
class TextLabel;

class EvaluationSummary : public QWidget {
    Q_OBJECT

public:
    explicit EvaluationSummary(QWidget *parent = nullptr);
    void showComparison(const evaluate::Comparison &comparison);
    void setNarrow(bool isNarrow);

private:
    void fillMeasures(const evaluate::Comparison &comparison);
    void fillTags(const evaluate::Comparison &comparison);

    QTreeWidget *m_measures, *m_tags;
    Pane *m_tagPane;
    TextLabel *m_tagNote, *m_judge;
};

} // namespace fettle::ui
