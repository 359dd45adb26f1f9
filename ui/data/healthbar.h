// The findings over all records as chips: each a count that filters the table when chosen. One is always chosen; "All" is no filter.
#pragma once

#include "core/engine/project.h"

#include <QWidget>

#include <optional>
#include <utility>
#include <vector>

class QHBoxLayout;

namespace fettle::ui {

class Button;
class Chip;
class TextLabel;

class HealthBar : public QWidget {
    Q_OBJECT
public:
    explicit HealthBar(QWidget *parent = nullptr);
    void setCounts(const engine::RecordCounts &counts);
    [[nodiscard]] std::optional<engine::RecordFlag> chosen() const { return m_chosen; }
    void choose(std::optional<engine::RecordFlag> flag); // tells nobody
    [[nodiscard]] Chip *chip(std::optional<engine::RecordFlag> flag) const;
    void setNarrow(bool isNarrow);
    [[nodiscard]] Button *fixButton() const { return m_fix; }
    [[nodiscard]] Button *moreButton() const { return m_more; }

signals:
    void flagChosen(std::optional<fettle::engine::RecordFlag> flag);
    void fixWanted(fettle::engine::RecordFlag flag);

protected:
    void paintEvent(QPaintEvent *event) override;
    void resizeEvent(QResizeEvent *event) override;

private:
    void fitChips();
    void showFix();
    void openMore();
    [[nodiscard]] std::optional<engine::RecordFlag> fixable() const; // the chosen finding, else the first that a program can fix
    [[nodiscard]] qint64 countOf(engine::RecordFlag flag) const;

    std::optional<engine::RecordFlag> m_chosen;
    std::vector<std::pair<std::optional<engine::RecordFlag>, Chip *>> m_chips;
    TextLabel *m_label = nullptr;
    QHBoxLayout *m_row = nullptr;
    Button *m_more = nullptr, *m_fix = nullptr;
    bool m_isNarrow = false, m_hasAutopsy = false;
};

} // namespace fettle::ui
