// The rows of a file that cannot be read: how many and why in one line, then each by line, field and reason.
#pragma once

#include "core/data/importer.h"

#include <QWidget>

class QTreeWidget;

namespace fettle::ui {

class Button;
class IconLabel;
class ElidedLabel;
class TextLabel;

class BadRows : public QWidget {
    Q_OBJECT
public:
    explicit BadRows(QWidget *parent = nullptr);
    void setReport(const data::ImportReport &report);
    void showUnreadable(); // the file itself; why, the dialog says below
    [[nodiscard]] QTreeWidget *list() const { return m_list; }
    [[nodiscard]] Button *saveButton() const { return m_save; }
    [[nodiscard]] QString headline() const;

    // The row that is chosen, or -1; and the mark of one that was corrected.
    [[nodiscard]] int currentRow() const;
    void markRepaired(int row);
    [[nodiscard]] Button *repairButton() const { return m_repair; }

signals:
    void repairWanted(int row);
    void saveRequested();

private:
    void copyReport() const;

    data::ImportReport m_report;
    IconLabel *m_icon = nullptr;
    TextLabel *m_headline = nullptr;
    ElidedLabel *m_reasons = nullptr;
    TextLabel *m_notices = nullptr; // what is to be known of the file, whole
    Button *m_save = nullptr, *m_copy = nullptr, *m_repair = nullptr;
    QTreeWidget *m_list = nullptr;
};

// The report as text: one line for each bad row, with tabs between line, field and reason.
[[nodiscard]] QString reportText(const data::ImportReport &report);

} // namespace fettle::ui
