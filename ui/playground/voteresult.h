// The result of a blind vote: who won, how sure that is, by tag and by voter, in plain words.
#pragma once

#include "ui/playground/votesession.h"
#include "ui/widgets/card.h"

class QTreeWidget;

namespace fettle::ui {

class ShareScale;
class TextLabel;

class VoteResult : public Pane {
    Q_OBJECT

public:
    explicit VoteResult(QWidget *parent = nullptr);
    void showSession(const VoteSession &session);

private:
    QTreeWidget *makeTable(const char *name, const QStringList &heads, const QString &title, const QString &help);
    void fillQuestions(const VoteSession &session);

    TextLabel *m_verdict, *m_rate, *m_counts, *m_enough, *m_test;
    ShareScale *m_scale;
    QTreeWidget *m_tags, *m_voters, *m_questions;
};

} // namespace fettle::ui
