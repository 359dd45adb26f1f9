// The answers to the probe prompts at the chosen step of the run, beside the base model's, the step's before or the expected ones, with the
// words marked that differ. Knows no bridge; the page gives the answers and the step.
#pragma once

#include "ui/runs/runcurves.h"

#include <QWidget>

#include <map>
#include <optional>

class QAction;
class QLabel;
class QVBoxLayout;

namespace fettle::ui {

class IconLabel;
class Segmented;
class TextLabel;

class AnswerPane : public QWidget {
    Q_OBJECT

public:
    enum class Against { Base, Before, Expected };
    struct Actions { QAction *previous, *next, *openInPlayground, *makeResult, *choosePrompts; };

    explicit AnswerPane(const Actions &actions, QWidget *parent = nullptr);

    void setProbes(data::RunProbes probes);
    void setChosen(std::optional<std::int64_t> step, bool isCheckpoint);
    void setAgainst(Against against);
    // Of one question, as it is shown now.
    [[nodiscard]] QString answerText(int question) const;
    [[nodiscard]] QString otherText(int question) const;
    [[nodiscard]] QString verdictText(int question) const;
    [[nodiscard]] const data::RunProbes &probes() const { return m_probes; }
    [[nodiscard]] int questionCount() const { return int(m_blocks.size()); }

protected:
    void changeEvent(QEvent *event) override;

private:
    struct Block { QLabel *question, *answer, *other; TextLabel *otherName, *verdict; IconLabel *mark; };

    QWidget *makeBar(const Actions &actions);
    QWidget *makeNothing(const Actions &actions);
    Block addBlock(QVBoxLayout *column, const data::ProbeQuestion &question, int number);
    void fill();
    void fillBlock(std::size_t question);
    [[nodiscard]] std::optional<std::int64_t> answeredStep() const;                       // the newest answered one up to the chosen
    [[nodiscard]] std::optional<std::int64_t> stepBefore(std::int64_t step) const;
    [[nodiscard]] const std::string *answerAt(std::int64_t step, std::size_t question) const;

    data::RunProbes m_probes;
    std::map<std::int64_t, std::vector<const std::string *>> m_byStep;
    std::optional<std::int64_t> m_chosen;
    bool m_isCheckpoint = false;
    Against m_against = Against::Base;
    TextLabel *m_title;
    Segmented *m_choice;
    QWidget *m_list, *m_nothing;
    QWidget *m_content = nullptr;
    std::vector<Block> m_blocks;
};

} // namespace fettle::ui
