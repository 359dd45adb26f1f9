// See ledgerview.h. What is shown; how it is put together is in ledgerlayout.cpp.
#include "ui/runs/ledgerview.h"

#include "ui/frame/dialogs.h"
#include "ui/runs/coursechart.h"
#include "ui/widgets/button.h"
#include "ui/widgets/chip.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/segmented.h"
#include "ui/widgets/words.h"

#include <QInputDialog>
#include <QKeyEvent>
#include <QStackedWidget>
#include <QTableView>

#include <algorithm>
#include <cmath>

namespace fettle::ui {

namespace {

constexpr std::size_t kMostWanted = 20'000; // hard rows whose neighbours are looked for
constexpr double kHardShare = 0.2;

// The hardest fifth of what was read: only those can be suspicious.
std::vector<std::int32_t> hardest(const std::vector<float> &last)
{
    std::vector<std::pair<float, std::int32_t>> read;
    for (std::size_t place = 0; place < last.size(); ++place) {
        if (std::isfinite(last[place]))
            read.emplace_back(-last[place], std::int32_t(place));
    }
    const auto count = std::min({std::size_t(kHardShare * double(read.size())) + 1, kMostWanted, read.size()});
    std::partial_sort(read.begin(), read.begin() + std::ptrdiff_t(count), read.end());
    std::vector<std::int32_t> wanted;
    for (std::size_t i = 0; i < count; ++i)
        wanted.push_back(read[i].second);
    return wanted;
}

Result<std::vector<std::vector<std::int32_t>>> kinOfRows(const ProjectApi &project, const LedgerFacts &facts)
{
    auto rows = project.recordRows(facts.table.rows);
    if (!rows)
        return passError(rows);
    std::unordered_map<RecordId, std::string> questions;
    for (const engine::RecordRow &row : *rows)
        questions[row.id] = row.instruction;
    std::vector<std::string> texts;
    for (const RecordId id : facts.table.rows)
        texts.push_back(questions[id]);
    return data::kinOf(texts, hardest(facts.last));
}

} // namespace

void LedgerView::showRun(RunId run)
{
    if (run != m_run) {
        m_run = run;
        m_facts = {};
        factsRead();
    }
    read();
}

void LedgerView::read()
{
    m_context.bridge.readSlowly<Both>(
        this,
        [run = m_run](const ProjectApi *project, const JobContext &) -> Result<Both> {
            if (!project)
                return Both{};
            auto ledger = project->lossLedger(run);
            if (!ledger)
                return passError(ledger);
            return Both{std::make_shared<LedgerFacts>(judged(std::move(ledger->train))), std::make_shared<LedgerFacts>(judged(std::move(ledger->heldOut)))};
        },
        [this, run = m_run](Result<Both> facts) {
            if (run != m_run)
                return;
            if (!facts) {
                m_context.showMessage(messageOf(facts.error()));
                return;
            }
            m_facts = std::move(*facts);
            factsRead();
            readKin();
        },
        "runs page ledger");
}

// Which rows ask alike needs all questions: it comes behind the rest.
void LedgerView::readKin()
{
    if (!m_facts.train || m_facts.train->table.isEmpty())
        return;
    m_context.bridge.readSlowly<std::shared_ptr<const LedgerFacts>>(
        this,
        [facts = m_facts.train](const ProjectApi *project, const JobContext &) -> Result<std::shared_ptr<const LedgerFacts>> {
            if (!project)
                return facts;
            auto kin = kinOfRows(*project, *facts);
            if (!kin)
                return passError(kin);
            return std::make_shared<const LedgerFacts>(judged(facts->table, std::move(*kin)));
        },
        [this, run = m_run](Result<std::shared_ptr<const LedgerFacts>> facts) {
            if (run != m_run || !facts)
                return;
            m_facts.train = *facts;
            factsRead();
        },
        "runs page kin");
}

void LedgerView::factsRead()
{
    const RecordId current = m_model->recordAt(m_table->currentIndex().row());
    const auto &facts = m_part->current() == 0 ? m_facts.train : m_facts.heldOut;
    m_model->setFacts(facts);
    showCounts();
    const bool isEmpty = !facts || facts->table.isEmpty();
    m_stack->setCurrentIndex(isEmpty ? 1 : 0);
    m_detail->setVisible(!isEmpty);
    for (int row = 0; row < m_model->rowCount(); ++row) {
        if (m_model->recordAt(row) == current) {
            m_table->selectRow(row);
            return;
        }
    }
    if (m_model->rowCount() > 0)
        m_table->selectRow(0);
    showCurrent();
}

void LedgerView::choose(LedgerModel::Shown shown, data::Verdict verdict)
{
    for (const Filter &filter : m_filters)
        filter.chip->setChecked(filter.shown == shown && filter.verdict == verdict);
    m_model->show(shown, verdict);
    if (m_model->rowCount() > 0)
        m_table->selectRow(0);
    showCurrent();
}

void LedgerView::showCounts()
{
    const LedgerFacts *facts = m_model->facts();
    const data::VerdictBits worth = data::bitOf(data::Verdict::NeverLearnt) | data::bitOf(data::Verdict::Suspicious) | data::bitOf(data::Verdict::Forgotten);
    for (const Filter &filter : m_filters) {
        qint64 count = 0;
        if (facts && filter.shown == LedgerModel::All)
            count = qint64(facts->table.rows.size());
        else if (facts && filter.shown == LedgerModel::WorthALook)
            count = std::ranges::count_if(facts->verdicts, [&](data::VerdictBits bits) { return (bits & worth) != 0; });
        else if (facts)
            count = facts->count(filter.verdict);
        filter.chip->setCount(count);
    }
}

void LedgerView::showCurrent()
{
    const int row = m_table->currentIndex().row();
    const RecordId id = m_model->recordAt(row);
    updateButtons();
    for (QWidget *part : std::initializer_list<QWidget *>{m_verdict, m_why, m_question, m_answer, m_kin, m_chart})
        part->setVisible(id.isValid());
    if (!id.isValid()) {
        m_title->setText(tr("No record chosen"));
        m_count->setText({});
        return;
    }
    const LedgerFacts &facts = *m_model->facts();
    const int place = m_model->placeAt(row);
    const data::Verdict verdict = data::firstVerdict(facts.verdicts[std::size_t(place)]);
    m_title->setText(tr("No. %1").arg(countText(id.value)));
    m_count->setText(tr("%1 of %2").arg(countText(row + 1), countText(m_model->rowCount())));
    m_verdict->setText(verdictText(verdict));
    m_verdict->setInk(verdictInk(verdict));
    m_why->setText(verdictHelp(verdict));
    m_why->setVisible(verdict != data::Verdict::None);
    const bool isTrain = m_part->current() == 0;
    const auto label = [&](std::int64_t at) { return isTrain ? tr("epoch %1").arg(at) : tr("step %1").arg(countText(at)); };
    m_chart->show(m_model->courseAt(row), facts.bands, label(facts.table.at.front()), label(facts.table.at.back()));
    showKin(place);
    m_context.bridge.read<data::Record>(
        this,
        [id](const ProjectApi *project, const JobContext &) -> Result<data::Record> {
            if (!project)
                return data::Record{};
            return project->record(id);
        },
        [this, id](Result<data::Record> record) {
            if (m_model->recordAt(m_table->currentIndex().row()) != id)
                return;
            if (record)
                showRecord(*record);
            else
                m_question->setText(tr("The record has been deleted since the run."));
            m_answer->setVisible(record.has_value());
        },
        "runs page ledger record");
}

void LedgerView::showRecord(const data::Record &record)
{
    m_question->setText(QString::fromUtf8(data::instructionOf(record).data(), qsizetype(data::instructionOf(record).size())));
    m_answer->setText(QString::fromUtf8(data::responseOf(record).data(), qsizetype(data::responseOf(record).size())));
}

void LedgerView::showKin(int place)
{
    const LedgerFacts &facts = *m_model->facts();
    QStringList lines;
    if (std::size_t(place) < facts.kin.size()) {
        for (const std::int32_t other : facts.kin[std::size_t(place)]) {
            const RecordId id = facts.table.rows[std::size_t(other)];
            const float loss = facts.last[std::size_t(other)];
            lines.append(QStringLiteral("<a href=\"record %1\">%2</a>").arg(id.value).arg(std::isfinite(loss) ? tr("No. %1, loss %2").arg(countText(id.value), lossText(double(loss)))
                                                                                                         : tr("No. %1, not read").arg(countText(id.value))));
        }
    }
    m_kin->setText(lines.isEmpty() ? QString() : tr("Asked alike:") + QStringLiteral("<br>") + lines.join(QStringLiteral("<br>")));
    m_kin->setVisible(!lines.isEmpty());
}

std::vector<RecordId> LedgerView::selected() const
{
    std::vector<RecordId> ids;
    for (const QModelIndex &index : m_table->selectionModel()->selectedRows())
        ids.push_back(m_model->recordAt(index.row()));
    return ids;
}

void LedgerView::updateButtons()
{
    const auto count = int(m_table->selectionModel()->selectedRows().size());
    m_leaveOut->setText(count > 1 ? tr("Leave %n out next time", nullptr, count) : tr("Leave out next time"));
    for (Button *button : {m_leaveOut, m_tag, m_open})
        button->setEnabled(count > 0);
}

void LedgerView::leaveOut()
{
    const std::vector<RecordId> ids = selected();
    if (ids.empty())
        return;
    m_context.bridge.setStatus(ids, data::RecordStatus::Rejected);
    m_context.showMessage({MessageTone::Info, tr("%n record(s) are rejected: the next snapshot leaves them out. Ctrl+Z takes it back.", nullptr, int(ids.size())), {}, {}, {}, {}});
}

void LedgerView::addTag()
{
    const std::vector<RecordId> ids = selected();
    if (ids.empty())
        return;
    bool isGiven = false;
    const QString tag = QInputDialog::getText(this, tr("Tag records"), tr("Tag for %n record(s):", nullptr, int(ids.size())), QLineEdit::Normal, tr("check"), &isGiven).simplified();
    if (!isGiven || tag.isEmpty())
        return;
    m_context.bridge.addTag(ids, tag.toStdString());
    m_context.showMessage({MessageTone::Info, tr("%n record(s) have the tag \"%1\" now.", nullptr, int(ids.size())).arg(tag), {}, {}, {}, {}});
}

void LedgerView::openInData()
{
    if (const RecordId id = m_model->recordAt(m_table->currentIndex().row()); id.isValid())
        m_context.openPage(QStringLiteral("data"), QStringLiteral("record %1").arg(id.value));
}

bool LedgerView::eventFilter(QObject *object, QEvent *event)
{
    if (object == m_table && event->type() == QEvent::KeyPress) {
        auto *key = static_cast<QKeyEvent *>(event);
        static constexpr int kOwn[] = {Qt::Key_Escape, Qt::Key_J, Qt::Key_K, Qt::Key_X, Qt::Key_T, Qt::Key_Return, Qt::Key_Enter};
        if (key->modifiers() == Qt::NoModifier && std::ranges::find(kOwn, key->key()) != std::end(kOwn)) {
            keyPressEvent(key);
            return true;
        }
    }
    return QWidget::eventFilter(object, event);
}

void LedgerView::keyPressEvent(QKeyEvent *event)
{
    const int row = m_table->currentIndex().row();
    if (event->modifiers() != Qt::NoModifier) {
        QWidget::keyPressEvent(event);
        return;
    }
    switch (event->key()) {
    case Qt::Key_Escape: emit closeWished(); break;
    case Qt::Key_J: m_table->selectRow(std::min(row + 1, m_model->rowCount() - 1)); break;
    case Qt::Key_K: m_table->selectRow(std::max(row - 1, 0)); break;
    case Qt::Key_X: leaveOut(); break;
    case Qt::Key_T: addTag(); break;
    case Qt::Key_Return:
    case Qt::Key_Enter: openInData(); break;
    default: QWidget::keyPressEvent(event);
    }
}

} // namespace fettle::ui
