// The runs that were thrown away: what they take on the disk, restore, delete for good.
#pragma once

#include "ui/bridge/bridge.h"

#include <QDialog>

class QTreeWidget;

namespace fettle::ui {

class Button;
class Dialogs;
class TextLabel;

class RunTrashDialog : public QDialog {
    Q_OBJECT

public:
    RunTrashDialog(Bridge &bridge, Dialogs &dialogs, QWidget *parent);
    [[nodiscard]] QTreeWidget &list() { return *m_list; }
    [[nodiscard]] Button &restoreButton() { return *m_restore; }
    [[nodiscard]] Button &deleteButton() { return *m_delete; }
    [[nodiscard]] QString note() const;

private:
    void read();
    void receive(Result<std::vector<engine::TrashedRun>> runs);
    void showChoice();
    void restoreChosen();
    void deleteChosen();
    void change(std::function<Result<>(ProjectApi &, RunId)> does);
    [[nodiscard]] std::vector<RunId> chosen() const; // all where none is selected
    [[nodiscard]] qint64 chosenBytes() const;

    Bridge &m_bridge;
    Dialogs &m_dialogs;
    QTreeWidget *m_list;
    TextLabel *m_note;
    Button *m_restore, *m_delete;
};

} // namespace fettle::ui
