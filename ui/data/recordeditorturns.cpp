// The conversation as a whole: adding, removing, moving turns, and who says them. Each change is kept at once and is one step of undo.
#include "ui/data/recordeditor.h"

#include "ui/data/recordwords.h"

#include <QMenu>

#include <algorithm>

namespace fettle::ui {

void RecordEditor::changeTurns(const std::function<void(std::vector<data::Turn> &)> &change)
{
    if (!m_isShown)
        return;
    data::Record changed = record();
    // The empty answer that the editor added stands among the fields, so it counts; it is kept only where something followed it.
    if (changed.turns.size() < m_record.turns.size())
        changed.turns.push_back(m_record.turns.back());
    const bool hadAdded = m_hasAddedResponse;
    change(changed.turns);
    if (hadAdded && !changed.turns.empty() && changed.turns.back() == data::Turn{data::Role::Assistant, {}, {}})
        changed.turns.pop_back();
    setRecord(changed);
    m_isDirty = true;
    emit edited(record());
    flush();
}

void RecordEditor::addTurn(int after)
{
    changeTurns([after](std::vector<data::Turn> &turns) {
        const auto place = std::size_t(std::clamp(after + 1, 0, int(turns.size())));
        // Questions and answers take turns.
        const bool isAnswer = place > 0 && (turns[place - 1].role == data::Role::User || turns[place - 1].role == data::Role::Tool);
        turns.insert(turns.begin() + std::ptrdiff_t(place), {isAnswer ? data::Role::Assistant : data::Role::User, {}, {}});
    });
}

void RecordEditor::removeTurn(int turn)
{
    changeTurns([turn](std::vector<data::Turn> &turns) {
        if (turn >= 0 && turn < int(turns.size()))
            turns.erase(turns.begin() + turn);
    });
}

void RecordEditor::moveTurn(int turn, int by)
{
    changeTurns([turn, by](std::vector<data::Turn> &turns) {
        const int other = turn + by;
        if (turn >= 0 && other >= 0 && turn < int(turns.size()) && other < int(turns.size()))
            std::swap(turns[std::size_t(turn)], turns[std::size_t(other)]);
    });
}

void RecordEditor::setTurnRole(int turn, data::Role role)
{
    changeTurns([turn, role](std::vector<data::Turn> &turns) {
        if (turn >= 0 && turn < int(turns.size()))
            turns[std::size_t(turn)].role = role;
    });
}

void RecordEditor::openTurnMenu(int turn, const QPoint &globalPosition)
{
    if (turn < 0 || turn >= int(m_record.turns.size()))
        return;
    QMenu menu(this);
    QMenu *roles = menu.addMenu(tr("Said by"));
    for (const data::Role role : {data::Role::System, data::Role::User, data::Role::Assistant, data::Role::Tool}) {
        QAction *action = roles->addAction(roleName(role), this, [this, turn, role] { setTurnRole(turn, role); });
        action->setCheckable(true);
        action->setChecked(m_record.turns[std::size_t(turn)].role == role);
    }
    menu.addAction(tr("Move up"), this, [this, turn] { moveTurn(turn, -1); })->setEnabled(turn > 0);
    menu.addAction(tr("Move down"), this, [this, turn] { moveTurn(turn, 1); })->setEnabled(turn + 1 < int(m_record.turns.size()));
    menu.addAction(tr("Add a turn below"), this, [this, turn] { addTurn(turn); });
    menu.addSeparator();
    menu.addAction(tr("Take this turn out"), this, [this, turn] { removeTurn(turn); })->setEnabled(m_record.turns.size() > 1);
    menu.exec(globalPosition);
}

} // namespace fettle::ui
