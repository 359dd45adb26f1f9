// One tick of the filter pane with its count at the right and, where groups are compared, a bar below.
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
    void setShare(double share); // of the largest of its group, 0 to 1; below 0: no bar
    [[nodiscard]] QCheckBox *box() const { return m_box; }
    [[nodiscard]] bool isChecked() const { return m_box->isChecked(); }

protected:
    void paintEvent(QPaintEvent *event) override;

private:
    QString m_name;
    double m_share = -1;
    QCheckBox *m_box = nullptr;
    TextLabel *m_count = nullptr;
};

} // namespace fettle::ui
