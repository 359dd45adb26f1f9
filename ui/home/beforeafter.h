// "Before and after": one held-out question answered by the base and by the newest run, side by side. Answers are asked for once and kept
// in the project, so that the next start shows them at once.
#pragma once

#include "ui/bridge/bridge.h"
#include "ui/widgets/card.h"

#include <QHash>

namespace fettle::ui {

class Badge;
class Button;
class ElidedLabel;
class TextLabel;

class BeforeAfter : public Card {
    Q_OBJECT

public:
    explicit BeforeAfter(Bridge &bridge, QWidget *parent = nullptr);
    // Hidden without a run or without held-out records.
    void show(const engine::RunInfo *run, const std::vector<RecordId> &heldOut);

signals:
    void playgroundWanted(const QString &question);

private:
    struct Answers { QString base, tuned; };

    void setupLayout();
    void connectBridge();
    void step(int by);
    void loadQuestion();
    void showQuestion(const data::Record &record);
    void ask();
    void finish(Result<std::vector<engine::ColumnResult>> results);
    void showAnswers();
    void loadKept();
    void keep();

    Bridge &m_bridge;
    engine::RunInfo m_run;
    std::vector<RecordId> m_heldOut;
    int m_index = 0;
    data::Record m_record;
    QHash<qint64, Answers> m_answers; // by record, of m_run
    JobId m_job = 0;
    RecordId m_asked;

    ElidedLabel *m_place;
    TextLabel *m_question;
    TextLabel *m_base;
    TextLabel *m_tuned;
    TextLabel *m_tunedName;
    Badge *m_adapterBadge;
    Button *m_previous;
    Button *m_next;
    Button *m_ask;
};

} // namespace fettle::ui
