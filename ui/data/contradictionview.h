// Settling contradictions: one pair after the other side by side, by four keys, or many at once by a rule. A record that loses becomes
// rejected, never deleted. Reads and writes through the bridge only.
#pragma once

#include "ui/data/contradictionlist.h"
#include "ui/frame/page.h"

class QRadioButton;
class QVBoxLayout;

namespace fettle::ui {

class Button;
class ChoiceButton;
class ComparedSide;
class GrowingText;
class TextLabel;

class ContradictionView : public QWidget {
    Q_OBJECT

public:
    explicit ContradictionView(const PageContext &context, QWidget *parent = nullptr);

    void reload();
    void clear();
    void setNarrow(bool isNarrow);
    void focusList();

    [[nodiscard]] ContradictionList *list() const { return m_list; }

signals:
    void tableWanted(); // the same records in the table
    void allWanted();   // every record
    void recordWanted(fettle::RecordId id);

protected:
    bool eventFilter(QObject *watched, QEvent *event) override;

private:
    enum class Rule { Approved, Rated, Newer };
    struct Settlement { RecordId kept, rejected; };

    [[nodiscard]] QWidget *makeListSide();
    [[nodiscard]] QWidget *makePairSide();
    [[nodiscard]] QWidget *makeManySide();
    void handleKey(int key);
    void receive(ContradictionSet set);
    void showPair(int pair);
    void showMany();
    void showSettled(const QString &text, bool canTakeBack);
    void step(int by);

    [[nodiscard]] const engine::Contradiction *current() const;
    void keep(bool keepsLeft);
    void merge();
    void agree();
    void takeBack();
    void settleMany();
    [[nodiscard]] std::vector<Settlement> settlements(Rule rule) const;
    [[nodiscard]] Rule chosenRule() const;

    PageContext m_context;
    ContradictionSet m_set;
    engine::Contradiction m_shown;                      // whose texts are on screen
    std::optional<engine::Contradiction> m_lastAgreed;  // what "Take back" reopens

    ContradictionList *m_list = nullptr;
    TextLabel *m_listHead = nullptr, *m_position = nullptr, *m_settled = nullptr;
    QWidget *m_takeBack = nullptr, *m_showTable = nullptr, *m_pair = nullptr, *m_none = nullptr, *m_many = nullptr;
    ComparedSide *m_left = nullptr, *m_right = nullptr;
    GrowingText *m_merge = nullptr;
    ChoiceButton *m_keepLeft = nullptr, *m_mergeButton = nullptr, *m_agree = nullptr, *m_keepRight = nullptr;
    std::array<QRadioButton *, 3> m_rules{};
    std::array<TextLabel *, 3> m_ruleCounts{};
    TextLabel *m_preview = nullptr;
    Button *m_settleMany = nullptr;
};

} // namespace fettle::ui
