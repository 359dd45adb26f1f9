// The bar above the pages: project, base model, undo and redo, the field of the command bar, help. Shows what it is told.
#pragma once

#include <QAction>
#include <QWidget>

class QMenu;

namespace fettle::ui {

class Button;
class CommandField;
class ModelChip;
class ProjectButton;

class TopBar : public QWidget {
    Q_OBJECT

public:
    TopBar(QAction *undo, QAction *redo, QAction *commandBar, QAction *help, QWidget *parent = nullptr);
    void setProjectName(const QString &name); // empty: none is open
    void setModel(const QString &name, const QString &toolTip);
    void setNarrow(bool isNarrow);
    void setProjectMenu(QMenu *menu);
    [[nodiscard]] QWidget *commandField() const;

signals:
    void modelClicked();

protected:
    void paintEvent(QPaintEvent *event) override;

private:
    ProjectButton *m_project;
    ModelChip *m_model;
    CommandField *m_field;
};

} // namespace fettle::ui
