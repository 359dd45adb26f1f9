// How long the records are, in tokens: bars, the longest length that is not cut as a mark, what lies beyond it in red. States its
// numbers to screen readers.
#pragma once

#include <QWidget>

#include <cstdint>
#include <map>
#include <vector>

namespace fettle::ui {

class LengthHistogram : public QWidget {
    Q_OBJECT
public:
    explicit LengthHistogram(QWidget *parent = nullptr);
    // lengths: tokens -> number of records. maxLength 0: no limit.
    void setLengths(const std::map<std::int64_t, std::int64_t> &lengths, std::int64_t maxLength);
    [[nodiscard]] bool isEmpty() const { return m_bars.empty(); }
    [[nodiscard]] int xOf(std::int64_t length) const; // where a length stands, in pixels
    QSize sizeHint() const override { return {160, 68}; }
    QSize minimumSizeHint() const override { return {80, 68}; }

signals:
    void cutChosen(qint64 tokens);                 // the mark was dragged, or moved with the arrows and Return
    void lengthsChosen(qint64 shortest, qint64 longest); // a bar was clicked

protected:
    void paintEvent(QPaintEvent *event) override;
    void mousePressEvent(QMouseEvent *event) override;
    void mouseMoveEvent(QMouseEvent *event) override;
    void mouseReleaseEvent(QMouseEvent *event) override;
    void keyPressEvent(QKeyEvent *event) override;

private:
    [[nodiscard]] std::int64_t lengthAt(double x) const;
    [[nodiscard]] std::int64_t mark() const { return m_moved > 0 ? m_moved : m_maxLength; }
    [[nodiscard]] bool isAtMark(double x) const;

    struct Bar { std::int64_t begin = 0, end = 0, records = 0; };
    [[nodiscard]] std::vector<Bar> barsUpTo(std::int64_t end, std::int64_t median) const; // empty ones
    [[nodiscard]] std::size_t barOf(std::int64_t length) const;

    std::vector<Bar> m_bars; // equally wide on the screen
    std::int64_t m_shortest = 0, m_longest = 0, m_maxLength = 0, m_highest = 0;
    std::int64_t m_moved = 0; // where the mark is being moved to; 0: it stays
    bool m_isDragging = false;
};

} // namespace fettle::ui
