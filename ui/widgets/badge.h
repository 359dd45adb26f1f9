// A small fact in a frame: "Adapter on", "in use", a tag. Not a button unless it is told to copy something.
#pragma once

#include "ui/theme/tokens.h"

#include <QWidget>

namespace fettle::ui {

enum class BadgeTone { Neutral, Accent, Good, Warning, Bad };

// Shared with table delegates, so that badges look the same inside and outside of lists.
struct BadgeLook {
    QString text;
    QString iconName;
    BadgeTone tone = BadgeTone::Neutral;
    bool isMono = false; // hashes
    int height = measure::kBadge; // 20, or 18 for a tag
};
[[nodiscard]] QSize badgeSize(const BadgeLook &look);
void drawBadge(QPainter &painter, const QPoint &topLeft, const BadgeLook &look);

class Badge : public QWidget {
    Q_OBJECT

public:
    explicit Badge(const QString &text, BadgeTone tone = BadgeTone::Neutral, const QString &iconName = {}, QWidget *parent = nullptr);

    void setText(const QString &text);
    void setTone(BadgeTone tone);
    void setIconName(const QString &name);
    void setMono(bool isMono);
    // A click, Space or Enter copies this text (the full hash, for example); empty: not clickable.
    void setCopyText(const QString &text);

    [[nodiscard]] QString text() const { return m_look.text; }
    [[nodiscard]] QSize sizeHint() const override { return badgeSize(m_look); }

signals:
    void copied(const QString &text);

protected:
    void paintEvent(QPaintEvent *event) override;
    void mouseReleaseEvent(QMouseEvent *event) override;
    void keyPressEvent(QKeyEvent *event) override;

private:
    void copy();

    BadgeLook m_look;
    QString m_copyText;
};

} // namespace fettle::ui
