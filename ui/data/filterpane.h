// The left side of the Data page: which records the table shows, by status, split, tag and source, each with its count; and how long they are.
// No tick in a group means the same as every tick: no restriction.
#pragma once

#include "core/engine/project.h"

#include <QWidget>

#include <map>

class QCheckBox;
class QVBoxLayout;

namespace fettle::ui {

class FilterRow;
class LengthHistogram;
class Link;
class ProgressLine;
class TextLabel;

class FilterPane : public QWidget {
    Q_OBJECT
public:
    explicit FilterPane(QWidget *parent = nullptr);
    void setCounts(const engine::RecordCounts &counts, std::int64_t maxLength);
    // Writes status, split, tags and sources; leaves the rest of the filter alone.
    void applyTo(engine::RecordFilter &filter) const;
    [[nodiscard]] int activeCount() const; // groups that restrict
    void reset();                          // tells nobody
    [[nodiscard]] QCheckBox *statusBox(data::RecordStatus status) const;
    [[nodiscard]] QCheckBox *tagBox(const QString &tag) const;

    // Queries of the search field that were kept, and the one that stands there now (which can be kept).
    void setSaved(const QStringList &queries, const QString &current);
    [[nodiscard]] QWidget *savedSection() const { return m_saved; }

signals:
    void filterChanged();
    void savedChosen(const QString &query);
    void saveWanted();
    void forgetWanted(const QString &query);
    void cutChosen(qint64 tokens);
    void lengthsChosen(qint64 shortest, qint64 longest);

protected:
    void paintEvent(QPaintEvent *event) override;

private:
    // Rows that come and go with the records: the most frequent ones, the rest on demand.
    struct Group {
        std::map<std::string, std::int64_t> counts;
        std::map<std::string, FilterRow *> rows;
        TextLabel *label = nullptr;
        QVBoxLayout *column = nullptr;
        Link *more = nullptr;
        QString moreToolTip, fewerToolTip;
        bool showsAll = false;
        [[nodiscard]] std::vector<std::string> chosen() const;
    };
    void addGroup(Group &group, TextLabel *label);
    void rebuild(Group &group);
    void addSection(TextLabel *label);

    std::map<data::RecordStatus, FilterRow *> m_statuses;
    std::map<data::Split, FilterRow *> m_splits;
    Group m_tags, m_sources;
    QWidget *m_saved = nullptr;
    QVBoxLayout *m_savedColumn = nullptr, *m_column = nullptr;
    TextLabel *m_reviewed = nullptr;
    ProgressLine *m_review = nullptr;
    TextLabel *m_lengthLabel = nullptr;
    LengthHistogram *m_lengths = nullptr;
};

} // namespace fettle::ui
