// What was deleted, newest first, and the way back. Restoring is one step of undo.
#pragma once

#include "ui/bridge/bridge.h"

#include <QDialog>

class QTreeWidget;

namespace fettle::ui {

class Button;
class TextLabel;

class TrashDialog : public QDialog {
    Q_OBJECT

public:
    TrashDialog(Bridge &bridge, QWidget *parent);
    [[nodiscard]] QTreeWidget *list() const { return m_list; }
    [[nodiscard]] Button *restoreButton() const { return m_restore; }

signals:
    void restored(qint64 count);

private:
    void receive(Result<std::vector<engine::RecordVersion>> deleted);
    void showChoice();
    void restore();

    Bridge &m_bridge;
    QTreeWidget *m_list = nullptr;
    TextLabel *m_note = nullptr;
    Button *m_restore = nullptr;
};

} // namespace fettle::ui
