// Which column of a file becomes which field of the record: one line for each column with its first value and how often it is filled. Below
// them, for files of conversations, who speaks: one line for each name of a speaker with the number of messages.
#pragma once

#include "core/data/importer.h"

#include <QWidget>

#include <map>
#include <set>

class QComboBox;
class QGridLayout;

namespace fettle::ui {

class MappingTable : public QWidget {
    Q_OBJECT
public:
    explicit MappingTable(QWidget *parent = nullptr);
    // Shows what was used. Keeps the combo boxes that are there, so that the keyboard stays where it is.
    void setReport(const data::ImportReport &report);
    [[nodiscard]] std::map<std::string, std::string> mapping() const; // field -> column; "": a field that is left out
    [[nodiscard]] std::map<std::string, data::Role> roles() const;    // what was chosen
    [[nodiscard]] QComboBox *boxOf(const QString &column) const;
    [[nodiscard]] QComboBox *boxOfSpeaker(const QString &name) const;

signals:
    void mappingChanged();
    void rolesChanged();

private:
    struct Line { QString column; QComboBox *box = nullptr; QWidget *value = nullptr, *filled = nullptr; };
    struct Speaker { QString name; QComboBox *box = nullptr; QWidget *messages = nullptr; };
    void rebuild(const data::ImportReport &report);
    void addColumns(const std::vector<std::string> &columns);
    void addSpeakers(const std::vector<data::SpeakerFacts> &speakers);
    void showColumns(const data::ImportReport &report);
    void showSpeakers(const data::ImportReport &report);
    [[nodiscard]] bool isBuiltFor(const data::ImportReport &report) const;
    void giveFieldTo(QComboBox *owner);

    std::vector<Line> m_lines;
    std::vector<Speaker> m_speakers;
    std::set<std::string> m_shown, m_leftOut; // fields: in a box, taken out of its box by the user
    std::map<std::string, data::Role> m_roles;
    QWidget *m_content = nullptr;
    QGridLayout *m_grid = nullptr;
    QWidget *m_scroll = nullptr;
};

} // namespace fettle::ui
