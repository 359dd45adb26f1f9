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
    QSize sizeHint() const override { return {160, 68}; }
    QSize minimumSizeHint() const override { return {80, 68}; }

protected:
    void paintEvent(QPaintEvent *event) override;

private:
    struct Bar { std::int64_t begin = 0, end = 0, records = 0; };
    std::vector<Bar> m_bars; // equally wide
    std::int64_t m_shortest = 0, m_longest = 0, m_maxLength = 0, m_highest = 0;
};

} // namespace fettle::ui
