// What one record has been: its versions, newest first, each beside the record of now, with the words marked that were taken out and put
// in. A version can be put back. Reads through the bridge; who opened the dialog saves.
#pragma once

#include "core/engine/project.h"

#include <QDialog>

class QLabel;
class QListWidget;

namespace fettle::ui {

class Bridge;
class Button;
class TextLabel;

class HistoryDialog : public QDialog {
    Q_OBJECT

public:
    // now: as the editor shows it.
    HistoryDialog(Bridge &bridge, const data::Record &now, QWidget *parent = nullptr);

    [[nodiscard]] QListWidget *versions() const { return m_list; }

signals:
    // The record with text, context, tags, rating and note of a version; status and split stay as they are.
    void putBack(const fettle::data::Record &record);

protected:
    void changeEvent(QEvent *event) override;

private:
    [[nodiscard]] QWidget *makeComparison();
    void receive(std::vector<engine::RecordVersion> versions);
    void showVersion(int index);

    struct Side { QLabel *instruction = nullptr, *context = nullptr, *response = nullptr; TextLabel *about = nullptr; };

    data::Record m_now;
    std::vector<engine::RecordVersion> m_versions;
    QListWidget *m_list = nullptr;
    TextLabel *m_thenHead = nullptr, *m_problem = nullptr;
    Side m_then, m_present;
    QList<QWidget *> m_contextParts; // shown where there is a context
    QList<QWidget *> m_responseParts; // of a pair
    QList<TextLabel *> m_instructionHeads;
    Button *m_putBack = nullptr;
};

} // namespace fettle::ui
