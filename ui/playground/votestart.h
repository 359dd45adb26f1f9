// Before a blind vote: what is compared, on which questions, by whom; and the votes that there have been. Knows no engine.
#pragma once

#include "ui/playground/columnhead.h"

#include <QWidget>

class QComboBox;
class QLineEdit;
class QSpinBox;
class QTreeWidget;

namespace fettle::ui {

class Button;
class TextLabel;

class VoteStart : public QWidget {
    Q_OBJECT

public:
    explicit VoteStart(QWidget *parent = nullptr);
    void setChoices(const std::vector<AdapterChoice> &choices); // keeps the chosen one where it is still there
    void choose(const std::string &adapter);
    void setBallots(const std::vector<engine::BallotInfo> &ballots);
    void setVoter(const QString &name);
    [[nodiscard]] QString voter() const;
    void takeFocus(); // to what is missing, else to the button that starts

signals:
    void startWished(const fettle::engine::BallotInfo &ballot);
    void openWished(const fettle::engine::BallotInfo &ballot);
    void deleteWished(const fettle::engine::BallotInfo &ballot);
    void importWished();

protected:
    void resizeEvent(QResizeEvent *event) override;

private:
    QWidget *makeForm();
    QWidget *makeEarlier();
    void start();
    void updateButtons();
    [[nodiscard]] const engine::BallotInfo *chosenBallot() const;

    QWidget *m_form = nullptr;
    QComboBox *m_result = nullptr, *m_source = nullptr;
    QSpinBox *m_count = nullptr, *m_longest = nullptr;
    QLineEdit *m_voter = nullptr, *m_seed = nullptr;
    Button *m_start = nullptr, *m_open = nullptr, *m_delete = nullptr;
    TextLabel *m_hint = nullptr;
    QTreeWidget *m_list = nullptr;
    std::vector<engine::BallotInfo> m_ballots; // newest first, as listed
};

} // namespace fettle::ui
