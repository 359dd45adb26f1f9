// One tick of the filter pane with its count at the right.
#pragma once

#include <QCheckBox>
#include <QWidget>

namespace fettle::ui {

class TextLabel;

class FilterRow : public QWidget {
    Q_OBJECT
public:
    explicit FilterRow(const QString &name, bool isChecked, QWidget *parent = nullptr);
    void setCount(qint64 count);
    [[nodiscard]] QCheckBox *box() const { return m_box; }
    [[nodiscard]] bool isChecked() const { return m_box->isChecked(); }

private:
    QString m_name;
    QCheckBox *m_box = nullptr;
    TextLabel *m_count = nullptr;
};

} // namespace fettle::ui
