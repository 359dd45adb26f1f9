// A key printed beside what it triggers. Drawn inside buttons and fields, or standing alone as a widget.
#pragma once

#include <QColor>
#include <QString>
#include <QWidget>

class QPainter;

namespace fettle::ui {

[[nodiscard]] QSize keyHintSize(const QString &text);
// colour: of text and frame, invalid for the usual muted one.
void drawKeyHint(QPainter &painter, const QPoint &topLeft, const QString &text, const QColor &colour = {});

class KeyHint : public QWidget {
    Q_OBJECT

public:
    explicit KeyHint(const QString &text, QWidget *parent = nullptr);
    [[nodiscard]] QSize sizeHint() const override { return keyHintSize(m_text); }

protected:
    void paintEvent(QPaintEvent *event) override;

private:
    QString m_text;
};

} // namespace fettle::ui
