// The log of a run with a filter: words, and what kind of entry. Values in; what is activated goes out.
#pragma once

#include "ui/runs/runlog.h"

#include <QWidget>

class QComboBox;
class QLineEdit;
class QListView;

namespace fettle::ui {

class TextLabel;

class RunLogPane : public QWidget {
    Q_OBJECT

public:
    explicit RunLogPane(QWidget *parent = nullptr);
    void show(std::vector<LogEntry> entries);
    using QWidget::show;
    [[nodiscard]] QListView &list() { return *m_list; }
    [[nodiscard]] QLineEdit &text() { return *m_text; }
    [[nodiscard]] QComboBox &level() { return *m_level; }

signals:
    void noteActivated(qint64 note);

private:
    void filter();

    RunLogModel *m_model;
    QLineEdit *m_text;
    QComboBox *m_level;
    TextLabel *m_nothing;
    QListView *m_list;
};

} // namespace fettle::ui
