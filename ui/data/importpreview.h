// The first records of a file as they will look, one at a time.
#pragma once

#include "core/data/record.h"

#include <QWidget>

#include <vector>

class QVBoxLayout;

namespace fettle::ui {

class Button;
class TextLabel;

class ImportPreview : public QWidget {
    Q_OBJECT
public:
    explicit ImportPreview(QWidget *parent = nullptr);
    // instead: what is said where there is none.
    void setRecords(std::vector<data::Record> records, const QString &instead = tr("No record can be read this way."));
    [[nodiscard]] QString shownText() const { return m_text; } // for tests: all texts of the record in view

private:
    void show(int index);

    std::vector<data::Record> m_records;
    int m_index = 0;
    TextLabel *m_position = nullptr;
    Button *m_previous = nullptr, *m_next = nullptr;
    QWidget *m_card = nullptr;
    QVBoxLayout *m_column = nullptr;
    QString m_text, m_instead;
};

} // namespace fettle::ui
