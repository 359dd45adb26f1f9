// What a change of many records would do: the records on the left, each with a tick, and before and after of the current one on the right.
#pragma once

#include "core/data/bulkchange.h"

#include <QWidget>

#include <set>

class QLabel;
class QListWidget;
class QVBoxLayout;

namespace fettle::ui {

class TextLabel;

class ChangePreview : public QWidget {
    Q_OBJECT

public:
    explicit ChangePreview(QWidget *parent = nullptr);
    void setPreview(data::BulkPreview preview);
    void setMessage(const QString &text); // instead of records
    void setReadOnly();                   // a difference to look at: no ticks
    // The records that shall be changed: all but those whose tick was taken off.
    [[nodiscard]] std::vector<RecordId> chosen() const;
    [[nodiscard]] QListWidget *list() const { return m_list; }
    [[nodiscard]] QString shownText() const; // for tests: what stands on the right

signals:
    void chosenChanged(qint64 count);

protected:
    void changeEvent(QEvent *event) override;

private:
    void showCurrent();
    void addField(const QString &name, std::string_view before, std::string_view after);
    void addFact(const QString &before, const QString &after);

    data::BulkPreview m_preview;
    std::set<RecordId> m_left; // without their tick
    bool m_isFilling = false, m_isReadOnly = false;
    QListWidget *m_list = nullptr;
    TextLabel *m_message = nullptr;
    QWidget *m_sides = nullptr, *m_fields = nullptr;
    QVBoxLayout *m_column = nullptr;
};

// Records whose texts are read for a preview; the change itself reaches all.
inline constexpr std::size_t kPreviewedRecords = 500;

} // namespace fettle::ui
