// A line edit with a magnifying glass in front and, while it is empty, the key that leads here at its end.
#pragma once

#include <QLineEdit>

namespace fettle::ui {

class SearchField : public QLineEdit {
    Q_OBJECT
public:
    explicit SearchField(const QString &placeholder, const QString &keyHint, QWidget *parent = nullptr);

signals:
    void left(); // Escape; the text is gone

protected:
    void keyPressEvent(QKeyEvent *event) override;
    void paintEvent(QPaintEvent *event) override;

private:
    QString m_keyHint;
};

} // namespace fettle::ui
