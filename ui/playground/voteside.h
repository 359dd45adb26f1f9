// Beside a blind vote: why the result is hidden, how certain so many votes can be, what keeps it fair, the last votes. Names no side.
#pragma once

#include "ui/playground/votesession.h"
#include "ui/widgets/card.h"

namespace fettle::ui {

class CertaintyCurve;
class TextLabel;

class VoteSide : public Pane {
    Q_OBJECT

public:
    explicit VoteSide(QWidget *parent = nullptr);
    void showSession(const VoteSession &session);

private:
    TextLabel *m_title, *m_uncertain, *m_facts[4];
    CertaintyCurve *m_curve;
    QWidget *m_votes = nullptr;
};

} // namespace fettle::ui
