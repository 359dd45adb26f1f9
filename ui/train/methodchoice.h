// The methods as cards beside each other, one of them chosen: what is lit, how many numbers, how large, where it runs, when to choose it.
// Knows no engine: what a method costs in the base model is told.
#pragma once

#include "core/engine/training.h"

#include <QRadioButton>

#include <map>

class QGridLayout;

namespace fettle::ui {

class IconLabel;
class MethodDrawing;
class TextLabel;

class MethodCard : public QRadioButton {
    Q_OBJECT

public:
    explicit MethodCard(const std::string &method, QWidget *parent = nullptr);
    [[nodiscard]] const std::string &method() const { return m_method; }
    [[nodiscard]] MethodDrawing *drawing() const { return m_drawing; }
    void setCost(const std::optional<engine::MethodCost> &cost, qint64 modelParameters); // none: not known
    // A refused method cannot be chosen, and its card says why; where it is chosen already, it stays reachable.
    void updateEnabled();
    [[nodiscard]] QSize sizeHint() const override;
    [[nodiscard]] QSize minimumSizeHint() const override;

protected:
    void paintEvent(QPaintEvent *event) override;
    bool hitButton(const QPoint &point) const override { return rect().contains(point); }

private:
    TextLabel *addFact(QGridLayout *grid, const QString &name);
    std::string m_method;
    bool m_isRefused = false;
    TextLabel *m_name, *m_share, *m_trained, *m_result, *m_when;
    MethodDrawing *m_drawing;
};

class MethodChoice : public QWidget {
    Q_OBJECT

public:
    explicit MethodChoice(QWidget *parent = nullptr);

    [[nodiscard]] const std::string &current() const { return m_current; }
    void setCurrent(const std::string &method); // tells nobody
    void setBlocks(int blocks);
    void setRecipe(const train::Recipe &recipe); // lights what it trains on the card of its method
    // modelParameters: of the base model, 0 where not known.
    void setCosts(const std::map<std::string, engine::MethodCost> &costs, qint64 modelParameters);
    [[nodiscard]] MethodCard *card(const std::string &method) const;

    // The rarer methods are shown on demand, or while one of them is chosen.
    [[nodiscard]] int moreCount() const;
    [[nodiscard]] bool isMoreShown() const { return m_isMoreShown; }
    void setMoreShown(bool isShown);
    [[nodiscard]] QSize minimumSizeHint() const override;

signals:
    void chosen(const QString &method); // by the user

protected:
    void resizeEvent(QResizeEvent *event) override;

private:
    void arrange();
    void updateEnabled();

    std::string m_current;
    std::vector<MethodCard *> m_cards;
    QGridLayout *m_grid;
    QWidget *m_below;          // where the cards are too narrow: one drawing for the chosen method
    MethodDrawing *m_drawing;  // in m_below
    TextLabel *m_lit;
    bool m_isMoreShown = false;
};

} // namespace fettle::ui
