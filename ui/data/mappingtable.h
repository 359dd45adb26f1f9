// Which column of a file becomes which field of the record: one line for each column with its first value and how often it is filled.
#pragma once

#include "core/data/importer.h"

#include <QWidget>

#include <map>

class QComboBox;
class QGridLayout;

namespace fettle::ui {

class MappingTable : public QWidget {
    Q_OBJECT
public:
    explicit MappingTable(QWidget *parent = nullptr);
    // Shows what was used. Keeps the combo boxes that are there, so that the keyboard stays where it is.
    void setReport(const data::ImportReport &report);
    [[nodiscard]] std::map<std::string, std::string> mapping() const; // field -> column
    [[nodiscard]] QComboBox *boxOf(const QString &column) const;

signals:
    void mappingChanged();

private:
    struct Line { QString column; QComboBox *box = nullptr; QWidget *value = nullptr, *filled = nullptr; };
    void rebuild(const std::vector<std::string> &columns);
    void giveFieldTo(QComboBox *owner);

    std::vector<Line> m_lines;
    QWidget *m_content = nullptr;
    QGridLayout *m_grid = nullptr;
    QWidget *m_noColumns = nullptr;
    QWidget *m_scroll = nullptr;
};

} // namespace fettle::ui
