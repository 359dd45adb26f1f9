// The snapshots of the project: their names, and what differs between two of them or between one and the records as they are now.
#pragma once

#include "ui/bridge/bridge.h"

#include <QDialog>

class QComboBox;
class QLineEdit;

namespace fettle::ui {

class Button;
class ChangePreview;
class TextLabel;

class SnapshotsDialog : public QDialog {
    Q_OBJECT

public:
    SnapshotsDialog(Bridge &bridge, QWidget *parent);
    [[nodiscard]] QString summary() const;
    [[nodiscard]] ChangePreview *changes() const { return m_changes; }
    [[nodiscard]] QComboBox *olderBox() const { return m_older; }
    [[nodiscard]] QComboBox *newerBox() const { return m_newer; }
    [[nodiscard]] QLineEdit *nameField() const { return m_name; }
    [[nodiscard]] Button *backButton() const { return m_back; }

signals:
    void wentBack(qint64 records);

private:
    void readSnapshots();
    void receive(Result<std::vector<engine::SnapshotInfo>> snapshots);
    void compare();
    void receiveDiff(Result<data::SnapshotDiff> diff);
    void rename();
    void goBack();

    Bridge &m_bridge;
    std::vector<engine::SnapshotInfo> m_snapshots;
    JobId m_job = 0;
    QComboBox *m_older = nullptr, *m_newer = nullptr;
    QLineEdit *m_name = nullptr;
    TextLabel *m_summary = nullptr;
    ChangePreview *m_changes = nullptr;
    Button *m_back = nullptr;
};

} // namespace fettle::ui
