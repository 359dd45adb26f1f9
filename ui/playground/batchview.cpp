// See batchview.h.
#include "ui/playground/batchview.h"

#include "ui/frame/dialogs.h"
#include "ui/playground/columnhead.h"
#include "ui/playground/evaluationmodel.h"
#include "ui/playground/evaluationsummary.h"
#include "ui/playground/evaluationwords.h"
#include "ui/widgets/card.h"
#include "ui/widgets/chip.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/progressline.h"
#include "ui/widgets/words.h"

#include <QComboBox>
#include <QFileInfo>
#include <QPlainTextEdit>
#include <QSpinBox>
#include <QStackedWidget>
#include <QTableView>

#include <cmath>

namespace fettle::ui {

using evaluate::Verdict;

namespace {

enum Rows { HeldOut, Test, Training, File };
constexpr int kWaitingPage = 0, kResultsPage = 1;

} // namespace

BatchView::BatchView(const PageContext &pageContext, const BatchActions &actions, QWidget *parent) : QWidget(parent), m_context(pageContext), m_actions(actions)
{
    setupLayout();
    connect(m_table->selectionModel(), &QItemSelectionModel::currentRowChanged, this, &BatchView::showRow);
    connect(&bridge(), &Bridge::jobChanged, this, &BatchView::showProgress);
    showProgress();
    updateActions();
}

void BatchView::setProject()
{
    bridge().cancel(m_job);
    m_job = 0;
    m_comparison.reset();
    m_model->setComparison({});
    m_said.clear();
    m_file.clear();
    m_rows->setItemText(File, tr("A file..."));
    m_rows->setCurrentIndex(HeldOut);
    m_stack->setCurrentIndex(kWaitingPage);
    setChoices({});
    showProgress();
}

void BatchView::setActive(bool isActive)
{
    m_isActive = isActive;
    updateActions();
}

void BatchView::setChoices(const std::vector<AdapterChoice> &choices)
{
    m_choices = choices;
    {
        const QSignalBlocker blocker(m_result);
        setAdapterChoices(*m_result, choices);
    }
    showJudges();
    showProgress();
    updateActions();
}

void BatchView::setModels(const std::vector<AdapterChoice> &models)
{
    m_models = models;
    showJudges();
}

// Nobody, the base model, other models, and what was trained.
void BatchView::showJudges()
{
    std::vector<AdapterChoice> judges{{tr("Nobody"), {}}, {tr("Base model"), "base"}};
    judges.insert(judges.end(), m_models.begin(), m_models.end());
    judges.insert(judges.end(), m_choices.begin(), m_choices.end());
    setAdapterChoices(*m_judge, judges);
}

void BatchView::choose(const std::string &adapter)
{
    chooseAdapter(*m_result, adapter);
}

void BatchView::chooseRows(int index)
{
    if (index != File)
        return;
    const QString file = m_context.dialogs.openFile(this, tr("Questions with expected answers"), tr("Data (*.jsonl *.json *.csv *.tsv *.xlsx *.txt *.gz)"));
    if (file.isEmpty() && m_file.isEmpty())
        m_rows->setCurrentIndex(HeldOut);
    if (file.isEmpty())
        return;
    m_file = file;
    m_rows->setItemText(File, tr("%1...").arg(QFileInfo(file).fileName()));
}

Bridge::RowsToAsk BatchView::rowsToAsk() const
{
    using Records = Result<std::vector<data::Record>>;
    const int rows = m_rows->currentIndex();
    if (rows == File)
        return [file = m_file.toStdString()](const ProjectApi &, const JobContext &context) -> Records {
            auto read = context.engine.readRecords(file, {}, {}, context.progress, context.stop);
            if (!read)
                return passError(read);
            return std::move(read->records);
        };
    const RunId run{m_result->currentData().toString().section(QLatin1Char('@'), 0, 0).toLongLong()};
    const data::Split split = rows == HeldOut ? data::Split::HeldOut : rows == Test ? data::Split::Test : data::Split::Train;
    return [run, split](const ProjectApi &project, const JobContext &) -> Records {
        const auto info = project.run(run); // its own snapshot: what it has learnt and what it has not
        if (!info)
            return passError(info);
        return project.snapshotRecords(info->snapshot, split);
    };
}

void BatchView::evaluate()
{
    if (m_job != 0 || m_result->currentIndex() < 0)
        return;
    engine::EvaluationRequest request;
    request.model = bridge().baseModel();
    request.columns = {"base", m_result->currentData().toString().toStdString()};
    request.maxTokens = m_longest->value();
    if (const AdapterChoice judge = chosenAdapter(*m_judge); !judge.adapter.empty())
        request.judge = {judge.model.empty() ? bridge().baseModel() : judge.model, judge.adapter, m_rubric->toPlainText().trimmed().toStdString()};
    m_said = tr("%1 against base · %2").arg(m_result->currentText(), m_rows->currentText());
    // The number of the job is known only after the call; the result comes later still.
    auto job = std::make_shared<JobId>(0);
    *job = m_job = bridge().evaluate(request, rowsToAsk(), this, [this, job](Result<engine::EvaluationResult> result) { endEvaluation(*job, std::move(result)); });
    m_stack->setCurrentIndex(kWaitingPage);
    showProgress();
    updateActions();
}

void BatchView::cancel()
{
    bridge().cancel(m_job);
}

void BatchView::endEvaluation(JobId job, Result<engine::EvaluationResult> result)
{
    if (job != m_job)
        return; // of another project
    m_job = 0;
    if (result) {
        showResult(std::move(*result));
    } else {
        if (result.error().code != ErrorCode::Cancelled)
            m_context.showMessage(messageOf(result.error()));
        m_stack->setCurrentIndex(m_comparison ? kResultsPage : kWaitingPage);
        m_said = result.error().code == ErrorCode::Cancelled ? tr("Stopped. The answers so far are kept: Evaluate goes on there.") : QString();
    }
    showProgress();
    updateActions();
}

void BatchView::showResult(engine::EvaluationResult result)
{
    m_comparison = std::make_shared<const evaluate::Comparison>(std::move(result.comparison));
    m_said = tr("%1, %n question(s)", nullptr, static_cast<int>(m_comparison->rows.size())).arg(m_said);
    if (result.answered == 0)
        m_said = tr("%1, all answers known from before").arg(m_said);
    m_summary->showComparison(*m_comparison);
    m_model->setComparison(m_comparison);
    m_table->setColumnHidden(EvaluationModel::Judged, !m_comparison->judge);
    for (const Filter &each : m_filters)
        each.chip->setCount(m_model->count(each.verdict));
    filter({});
    m_stack->setCurrentIndex(kResultsPage);
    if (m_isActive)
        m_table->setFocus();
    if (!result.leftOut.empty())
        m_context.showMessage({MessageTone::Info, tr("%n row(s) left out.", nullptr, static_cast<int>(result.leftOut.size())),
                               tr("The first: \"%1\". %2").arg(QString::fromStdString(result.leftOut.front().question), QString::fromStdString(result.leftOut.front().reason)), {}, {}, {}});
}

void BatchView::filter(std::optional<Verdict> verdict)
{
    for (const Filter &each : m_filters)
        each.chip->setChecked(each.verdict == verdict);
    m_model->setFilter(verdict);
    if (m_model->rowCount() > 0)
        m_table->selectRow(0);
    showRow();
    updateActions();
}

void BatchView::moveBy(int rows)
{
    const int next = m_table->currentIndex().row() + rows;
    if (next < 0 || next >= m_model->rowCount())
        return;
    m_table->selectRow(next);
    m_table->scrollTo(m_model->index(next, EvaluationModel::Question));
}

void BatchView::showRow()
{
    const int index = m_table->currentIndex().row();
    const bool isShown = index >= 0 && index < m_model->rowCount();
    m_detail->setVisible(isShown);
    if (!isShown)
        return;
    const evaluate::QuestionRow &row = m_model->row(index);
    m_detailHead->setText(tr("%1 of %2").arg(countText(index + 1), countText(m_model->rowCount())));
    m_question->setText(QString::fromStdString(row.question));
    m_expected->setText(QString::fromStdString(row.expected));
    m_tuned->setText(QString::fromStdString(row.answers.back().text));
    m_base->setText(QString::fromStdString(row.answers.front().text));
    m_judged->setVisible(m_comparison->judge.has_value());
    const auto percent = [](double share) { return QString::number(std::lround(100 * share)); };
    m_judged->setText(row.judged ? tr("Judge: %1. It takes the tuned answer with %2 % where that stands first, with %3 % where it stands second.")
                                       .arg(judgedName(row), percent(row.judged->shownFirst), percent(row.judged->shownSecond))
                                 : tr("Judge: %1.").arg(judgedName(row)));
}

void BatchView::showProgress()
{
    const JobInfo &job = bridge().currentJob();
    const bool isRunning = m_job != 0, isOurs = isRunning && job.id == m_job;
    m_progress->setVisible(isRunning);
    m_progress->setShare(isOurs ? job.share : -1);
    if (!isRunning) {
        m_waiting->setText(m_result->currentIndex() < 0 ? tr("Train first: there is no result to compare yet.") : tr("How much better is the tuned model, and where is it worse?"));
        m_waitingDetail->setText(tr("Both models answer the rows; the answers are measured against the house answers and compared row by row."));
        return;
    }
    m_waiting->setText(isOurs ? tr("Evaluating") : tr("Waits for other work"));
    const QString left = isOurs ? timeLeftText(job.secondsLeft) : QString();
    m_waitingDetail->setText(!isOurs ? tr("It begins as soon as the work before it has ended.") : left.isEmpty() ? job.detail : tr("%1, %2").arg(job.detail, left));
}

void BatchView::updateActions()
{
    const bool isRunning = m_job != 0, hasRows = m_isActive && m_stack->currentIndex() == kResultsPage && m_model->rowCount() > 0;
    const bool hasChoice = m_result->currentIndex() >= 0;
    setActionPossible(m_actions.evaluate, m_isActive && !isRunning && hasChoice, !m_isActive ? tr("Open the batch evaluation first.") : isRunning ? tr("An evaluation is under way.") : tr("Train first: there is no result yet."));
    setActionPossible(m_actions.cancel, m_isActive && isRunning, tr("No evaluation is under way."));
    m_actions.cancel->setVisible(m_isActive && isRunning);
    setActionPossible(m_actions.save, m_isActive && m_comparison != nullptr && !isRunning, tr("Evaluate first."));
    m_actions.save->setVisible(m_isActive);
    setActionPossible(m_actions.next, hasRows, tr("Evaluate first."));
    setActionPossible(m_actions.previous, hasRows, tr("Evaluate first."));
    emit stateChanged();
}

QString BatchView::state() const
{
    return m_said.isEmpty() ? tr("Many rows, measured and compared.") : m_said;
}

void BatchView::saveReport()
{
    if (!m_comparison)
        return;
    const QString file = m_context.dialogs.saveFile(this, tr("Report"), tr("Evaluation of %1.html").arg(QString::fromStdString(m_comparison->columns.back())),
                                                    tr("Page to read (*.html);;Table for a spreadsheet (*.csv);;Everything for programs (*.json)"));
    if (file.isEmpty())
        return;
    bridge().readSlowly<void>(
        this, [file = file.toStdString(), comparison = m_comparison](const ProjectApi *, const JobContext &context) { return context.engine.writeEvaluation(*comparison, file); },
        [this, file](Result<> written) {
            if (!written)
                m_context.showMessage(messageOf(written.error()));
            else
                m_context.showMessage({MessageTone::Info, tr("Written to %1.").arg(file), {}, {}, {}, {}});
        });
}

} // namespace fettle::ui
