// The token lens: one record as the model reads it, token by token, painted as tiles. Click or Return on a token asks to show its text in
// the editor; arrow keys walk from token to token. Knows tiles only: who makes them, and when, is not its business.
#pragma once

#include "ui/data/tilelayout.h"

#include <QAbstractScrollArea>

class QLabel;

namespace fettle::ui {

class TokenLens : public QAbstractScrollArea {
    Q_OBJECT
public:
    // What to do with the scroll position when tiles change: stay while somebody types, go to the trained part for another record.
    enum class Scroll { Stay, ToTrained };

    explicit TokenLens(QWidget *parent = nullptr);

    // nullptr empties the lens; the placeholder then says why.
    void setTiles(std::shared_ptr<const TokenTiles> tiles, Scroll scroll);
    // One loss for each tile (nats): the tiles are shaded by it. Empty: by what becomes of them. New tiles take the shading away.
    void setLosses(std::vector<float> losses);
    [[nodiscard]] const std::vector<float> &losses() const { return m_losses; }
    void setPlaceholder(const QString &text);
    [[nodiscard]] const std::shared_ptr<const TokenTiles> &tiles() const { return m_tiles; }
    [[nodiscard]] int currentToken() const { return m_current; }
    [[nodiscard]] QRect tokenRect(int token) const; // in viewport coordinates
    [[nodiscard]] QString accessibleText() const;

signals:
    void tokenActivated(int token);

protected:
    void paintEvent(QPaintEvent *event) override;
    void resizeEvent(QResizeEvent *event) override;
    void changeEvent(QEvent *event) override;
    void mousePressEvent(QMouseEvent *event) override;
    void mouseReleaseEvent(QMouseEvent *event) override;
    void keyPressEvent(QKeyEvent *event) override;
    void focusInEvent(QFocusEvent *event) override;
    void focusOutEvent(QFocusEvent *event) override;
    bool viewportEvent(QEvent *event) override;
    void scrollContentsBy(int dx, int dy) override;

private:
    void arrange();
    void setCurrent(int token);
    void scrollToTrained();
    [[nodiscard]] int placeOfTrained() const; // scroll value
    void updateAboveLabel();
    [[nodiscard]] QPoint contentOffset() const;
    [[nodiscard]] QString tokenSentence(int token) const;

    TileLayout m_layout;
    std::shared_ptr<const TokenTiles> m_tiles;
    std::vector<float> m_losses;
    QString m_placeholder;
    QLabel *m_above = nullptr;
    int m_current = -1;
    bool m_isAtTrained = false; // nobody has scrolled since the record came: a resize may place it again
    bool m_isPlacing = false;
};

} // namespace fettle::ui
