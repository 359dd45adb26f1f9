// What the view reads and writes. How it is put together is in contradictionlayout.cpp.
#include "ui/data/contradictionview.h"

#include "ui/data/comparedside.h"
#include "ui/data/growingtext.h"
#include "ui/data/recordwords.h"
#include "ui/widgets/button.h"
#include "ui/widgets/choicebutton.h"
#include "ui/widgets/labels.h"

#include <QKeyEvent>
#include <QRadioButton>

#include <algorithm>
#include <set>

namespace fettle::ui {

namespace {

constexpr std::size_t kPairsRead = 500; // beyond it, settling some brings up the rest
constexpr std::size_t kPreviewLines = 8;

Result<ContradictionSet> readSet(const ProjectApi &project, std::stop_token stop)
{
    auto pairs = project.contradictions(stop);
    if (!pairs)
        return passError(pairs);
    ContradictionSet set;
    set.all = pairs->size();
    pairs->resize(std::min(pairs->size(), kPairsRead));
    std::vector<RecordId> ids;
    for (const engine::Contradiction &pair : *pairs) {
        for (const RecordId id : {pair.left, pair.right}) {
            if (set.records.contains(id))
                continue;
            auto record = project.record(id);
            if (!record)
                return passError(record);
            set.records.emplace(id, std::move(*record));
            ids.push_back(id);
        }
    }
    const auto rows = project.recordRows(ids);
    if (!rows)
        return passError(rows);
    for (const engine::RecordRow &row : *rows) {
        if (row.loss)
            set.losses.emplace(row.id, *row.loss);
    }
    set.pairs = std::move(*pairs);
    return set;
}

} // namespace

void ContradictionView::reload()
{
    if (!m_context.bridge.project())
        return;
    m_context.bridge.readSlowly<ContradictionSet>(
        this,
        [](const ProjectApi *project, const JobContext &job) -> Result<ContradictionSet> {
            return project ? readSet(*project, job.stop) : Result<ContradictionSet>();
        },
        [this](Result<ContradictionSet> set) {
            if (set)
                receive(std::move(*set));
            else
                m_context.showMessage(messageOf(set.error()));
        },
        "data contradictions");
}

void ContradictionView::clear()
{
    m_lastAgreed.reset();
    showSettled({}, false);
    receive({});
    // Nothing is said of pairs before they are known.
    m_listHead->setText(tr("Reading the pairs"));
    m_none->hide();
}

void ContradictionView::receive(ContradictionSet set)
{
    const int before = std::max(m_list->currentPair(), 0);
    m_set = std::move(set);
    m_list->setPairs(m_set);
    const auto count = static_cast<qint64>(m_set.all);
    m_showTable->setVisible(count > 0);
    m_listHead->setText(count == 0 ? tr("Nothing to settle") : count == 1 ? tr("1 pair to settle") : tr("%1 pairs to settle").arg(countText(count)));
    m_none->setVisible(m_set.pairs.empty());
    m_pair->setVisible(!m_set.pairs.empty());
    showMany();
    if (m_set.pairs.empty()) {
        m_shown = {};
        return;
    }
    // The pair of before, or the one that took its place.
    const auto same = std::ranges::find(m_set.pairs, m_shown);
    const int place = same != m_set.pairs.end() ? int(same - m_set.pairs.begin()) : std::min(before, int(m_set.pairs.size()) - 1);
    const QSignalBlocker blocker(m_list);
    m_list->goTo(place);
    showPair(place);
}

const engine::Contradiction *ContradictionView::current() const
{
    const int place = m_list->currentPair();
    return place >= 0 && place < int(m_set.pairs.size()) ? &m_set.pairs[std::size_t(place)] : nullptr;
}

void ContradictionView::showPair(int place)
{
    const engine::Contradiction *pair = place >= 0 && place < int(m_set.pairs.size()) ? &m_set.pairs[std::size_t(place)] : nullptr;
    if (!pair)
        return;
    const data::Record &left = m_set.records.at(pair->left), &right = m_set.records.at(pair->right);
    const auto lossOf = [this](RecordId id) {
        const auto found = m_set.losses.find(id);
        return found == m_set.losses.end() ? std::optional<double>() : found->second;
    };
    const WordDiff questions = diffWords(data::instructionOf(left), data::instructionOf(right));
    const WordDiff answers = diffWords(data::responseOf(left), data::responseOf(right));
    m_left->show(left, questions.onlyLeft, answers.onlyLeft, lossOf(pair->left));
    m_right->show(right, questions.onlyRight, answers.onlyRight, lossOf(pair->right));
    // What was merged by hand stays while the pair stays.
    if (*pair != m_shown || !m_merge->isChangedByUser())
        m_merge->setExactText(m_left->responseText());
    m_shown = *pair;
    m_position->setText(tr("Pair %1 of %2").arg(countText(place + 1), countText(qint64(m_set.all))));
    const QString leftNumber = countText(pair->left.value), rightNumber = countText(pair->right.value);
    m_keepLeft->setConsequence(tr("%1 becomes rejected").arg(rightNumber));
    m_keepRight->setConsequence(tr("%1 becomes rejected").arg(leftNumber));
    m_mergeButton->setConsequence(tr("one record, %1").arg(leftNumber));
    m_agree->setConsequence(tr("both stay as they are"));
}

void ContradictionView::step(int by)
{
    const int place = m_list->currentPair() + by;
    if (place >= 0 && place < m_list->pairCount())
        m_list->goTo(place);
}

// --- settling

void ContradictionView::keep(bool keepsLeft)
{
    const engine::Contradiction *pair = current();
    if (!pair)
        return;
    const RecordId kept = keepsLeft ? pair->left : pair->right, loser = keepsLeft ? pair->right : pair->left;
    m_context.bridge.setStatus({loser}, data::RecordStatus::Rejected);
    showSettled(tr("%1 stays, %2 is rejected. Ctrl+Z takes it back.").arg(countText(kept.value), countText(loser.value)), false);
}

void ContradictionView::merge()
{
    const engine::Contradiction *pair = current();
    if (!pair)
        return;
    data::Record kept = m_set.records.at(pair->left);
    const auto last = std::find_if(kept.turns.rbegin(), kept.turns.rend(), [](const data::Turn &turn) { return turn.role == data::Role::Assistant; });
    if (last == kept.turns.rend())
        return;
    last->text = m_merge->exactText().toStdString();
    for (const std::string &tag : m_set.records.at(pair->right).tags) {
        if (std::ranges::find(kept.tags, tag) == kept.tags.end())
            kept.tags.push_back(tag);
    }
    m_context.bridge.write<void>(
        Touched::Records, this,
        [kept, other = pair->right](ProjectApi &project, const JobContext &) -> Result<> {
            // Status and split may have been decided since the pair was read.
            const auto stored = project.record(kept.id);
            if (!stored)
                return passError(stored);
            data::Record merged = kept;
            merged.status = stored->status;
            merged.split = stored->split;
            return project.mergeRecords(merged, other);
        },
        [this, left = kept.id, right = pair->right](Result<> result) {
            if (result)
                showSettled(tr("%1 holds the merged answer, %2 is rejected. Ctrl+Z takes it back.").arg(countText(left.value), countText(right.value)), false);
            else
                m_context.showMessage(messageOf(result.error()));
        });
}

void ContradictionView::agree()
{
    const engine::Contradiction *pair = current();
    if (!pair)
        return;
    m_context.bridge.write<void>(
        Touched::Records, this, [pair = *pair](ProjectApi &project, const JobContext &) { return project.setAgreement(pair, true); },
        [this, pair = *pair](Result<> result) {
            if (!result) {
                m_context.showMessage(messageOf(result.error()));
                return;
            }
            m_lastAgreed = pair;
            showSettled(tr("%1 and %2 both stay: no contradiction.").arg(countText(pair.left.value), countText(pair.right.value)), true);
        });
}

void ContradictionView::takeBack()
{
    if (!m_lastAgreed)
        return;
    m_context.bridge.write<void>(
        Touched::Records, this, [pair = *m_lastAgreed](ProjectApi &project, const JobContext &) { return project.setAgreement(pair, false); },
        [this](Result<> result) {
            if (!result)
                m_context.showMessage(messageOf(result.error()));
        });
    m_lastAgreed.reset();
    showSettled({}, false);
}

void ContradictionView::showSettled(const QString &text, bool canTakeBack)
{
    m_settled->setText(text);
    m_settled->setVisible(!text.isEmpty());
    m_takeBack->setVisible(canTakeBack);
    m_list->setFocus(Qt::OtherFocusReason);
}

// --- many at once

ContradictionView::Rule ContradictionView::chosenRule() const
{
    for (std::size_t i = 0; i < m_rules.size(); ++i) {
        if (m_rules[i]->isChecked())
            return static_cast<Rule>(i);
    }
    return Rule::Approved;
}

std::vector<ContradictionView::Settlement> ContradictionView::settlements(Rule rule) const
{
    std::vector<Settlement> settled;
    std::set<RecordId> rejected;
    for (const engine::Contradiction &pair : m_set.pairs) {
        const data::Record &left = m_set.records.at(pair.left), &right = m_set.records.at(pair.right);
        if (rejected.contains(pair.left) || rejected.contains(pair.right))
            continue; // settled by an earlier pair
        const bool isLeftApproved = left.status == data::RecordStatus::Approved, isRightApproved = right.status == data::RecordStatus::Approved;
        std::optional<bool> keepsLeft;
        if (rule == Rule::Approved && isLeftApproved != isRightApproved)
            keepsLeft = isLeftApproved;
        else if (rule == Rule::Rated && left.rating > 0 && right.rating > 0 && left.rating != right.rating)
            keepsLeft = left.rating > right.rating;
        else if (rule == Rule::Newer)
            keepsLeft = false;
        if (!keepsLeft)
            continue;
        settled.push_back(*keepsLeft ? Settlement{pair.left, pair.right} : Settlement{pair.right, pair.left});
        rejected.insert(settled.back().rejected);
    }
    return settled;
}

void ContradictionView::showMany()
{
    for (std::size_t i = 0; i < m_rules.size(); ++i) {
        const auto count = qint64(settlements(static_cast<Rule>(i)).size());
        m_ruleCounts[i]->setText(countText(count));
        m_rules[i]->setAccessibleDescription(tr("%1 pairs").arg(countText(count)));
    }
    const std::vector<Settlement> settled = settlements(chosenRule());
    QStringList lines;
    for (std::size_t i = 0; i < std::min(settled.size(), kPreviewLines); ++i)
        lines << tr("%1 stays, %2 becomes rejected").arg(countText(settled[i].kept.value), countText(settled[i].rejected.value));
    if (settled.size() > kPreviewLines)
        lines << tr("and %1 more").arg(countText(qint64(settled.size() - kPreviewLines)));
    const auto open = qint64(m_set.pairs.size() - settled.size());
    if (settled.empty())
        lines << (m_set.pairs.empty() ? tr("There is nothing to settle.") : tr("This rule settles none of the pairs."));
    else
        lines << (open == 1 ? tr("1 pair stays open. No record is deleted.") : tr("%1 pairs stay open. No record is deleted.").arg(countText(open)));
    m_preview->setText(lines.join(QLatin1Char('\n')));
    m_settleMany->setText(settled.empty() ? tr("Settle pairs") : settled.size() == 1 ? tr("Settle 1 pair") : tr("Settle %1 pairs").arg(countText(qint64(settled.size()))));
    m_settleMany->setEnabled(!settled.empty());
}

void ContradictionView::settleMany()
{
    std::vector<RecordId> ids;
    for (const Settlement &settlement : settlements(chosenRule()))
        ids.push_back(settlement.rejected);
    if (ids.empty())
        return;
    m_context.bridge.setStatus(ids, data::RecordStatus::Rejected);
    showSettled(tr("%1 records are rejected. Ctrl+Z takes it back.").arg(countText(qint64(ids.size()))), false);
}

// --- keys

void ContradictionView::handleKey(int key)
{
    switch (key) {
    case Qt::Key_Left: keep(true); break;
    case Qt::Key_Right: keep(false); break;
    case Qt::Key_M: merge(); break;
    case Qt::Key_N: agree(); break;
    case Qt::Key_J: step(1); break;
    case Qt::Key_K: step(-1); break;
    default: break; // A, R, E and T mean the table's record, which is not in view
    }
}

// The page has other meanings for J and K, and a list would search for letters: while the view has the keyboard its keys come first.
bool ContradictionView::eventFilter(QObject *watched, QEvent *event)
{
    if (event->type() == QEvent::ShortcutOverride || event->type() == QEvent::KeyPress) {
        auto *key = static_cast<QKeyEvent *>(event);
        const bool isOurs = key->modifiers() == Qt::NoModifier || key->modifiers() == Qt::KeypadModifier;
        static const std::set<int> keys = {Qt::Key_Left, Qt::Key_Right, Qt::Key_M, Qt::Key_N, Qt::Key_J, Qt::Key_K, Qt::Key_A, Qt::Key_R, Qt::Key_E, Qt::Key_T};
        if (isOurs && keys.contains(key->key())) {
            event->accept();
            if (event->type() == QEvent::KeyPress)
                handleKey(key->key());
            return true;
        }
    }
    return QWidget::eventFilter(watched, event);
}

void ContradictionView::focusList()
{
    m_list->setFocus(Qt::OtherFocusReason);
}

} // namespace fettle::ui
