// A line below the table while a model drafts answers, and while drafts wait for somebody to judge them. Empty: not to be seen.
#pragma once

#include "ui/bridge/bridge.h"
#include "ui/widgets/card.h"

namespace fettle::ui {

class Button;
class ElidedLabel;
class Link;
class ProgressLine;

class DraftStrip : public Pane {
    Q_OBJECT
public:
    explicit DraftStrip(QWidget *parent = nullptr);
    // waiting: drafts that nobody has judged; isFiltered: the table shows nothing else.
    void setState(const DraftingState &state, qint64 waiting, bool isFiltered);

signals:
    void stopWanted();
    void filterWanted(bool isWanted); // false: all records again

private:
    ElidedLabel *m_text = nullptr;
    ProgressLine *m_progress = nullptr;
    Link *m_filter = nullptr;
    Button *m_stop = nullptr;
    bool m_isFiltered = false;
};

} // namespace fettle::ui
