#include "ui/playground/correctiondialog.h"

#include "ui/theme/tokens.h"
#include "ui/widgets/button.h"
#include "ui/widgets/labels.h"

#include <QHBoxLayout>
#include <QLineEdit>
#include <QPlainTextEdit>
#include <QTextBrowser>
#include <QVBoxLayout>

#include <algorithm>

namespace fettle::ui {

using namespace measure;

namespace {

// Of the turns of a record, counted from its end.
QString textOf(const data::Record &record, std::size_t fromEnd)
{
    return QString::fromStdString(record.turns[record.turns.size() - fromEnd].text);
}

} // namespace

CorrectionDialog::CorrectionDialog(Bridge &bridge, const Wrong &wrong, QWidget *parent)
    : QDialog(parent), m_bridge(bridge), m_wrong(wrong), m_wrongAnswer(textOf(wrong.record, 1))
{
    setWindowTitle(tr("Correct the answer"));
    auto *column = new QVBoxLayout(this);
    column->setContentsMargins(kPaneSide, kPaneTop, kPaneSide, kStep3);
    column->setSpacing(kStep2);
    column->addWidget(titleLabel(tr("Correct the answer")));
    auto *why = mutedLabel(tr("Write the answer that you want to hear. It becomes an approved record, and the next run learns it."));
    why->setWordWrap(true);
    column->addWidget(why);
    const auto before = std::count_if(wrong.record.turns.begin(), wrong.record.turns.end(), [](const data::Turn &turn) { return turn.role == data::Role::User; }) - 1;
    if (before > 0) {
        auto *whole = mutedLabel(tr("The %n question(s) before it stay in the record: the model reads them, but learns only the right answer.", nullptr, static_cast<int>(before)));
        whole->setObjectName(QStringLiteral("correctBefore"));
        whole->setWordWrap(true);
        column->addWidget(whole);
    }
    m_system = new QLineEdit(QString::fromStdString(std::string(data::systemOf(wrong.record))));
    m_context = new QPlainTextEdit(QString::fromStdString(wrong.record.context));
    m_question = new QPlainTextEdit(textOf(wrong.record, 2));
    m_answer = new QPlainTextEdit(m_wrongAnswer);
    m_tags = new QLineEdit(tr("corrected"));
    for (QPlainTextEdit *edit : {m_context, m_question, m_answer})
        edit->setTabChangesFocus(true);
    m_context->setFixedHeight(72);
    m_question->setFixedHeight(72);
    column->addWidget(labelFor(m_system, "correctSystem", tr("System prompt"), tr("Stands before the question; usually that of the project.")));
    column->addWidget(m_system);
    TextLabel *contextName = labelFor(m_context, "correctContext", tr("Context"), tr("What the first question is about."));
    column->addWidget(contextName);
    column->addWidget(m_context);
    for (QWidget *widget : std::initializer_list<QWidget *>{contextName, m_context})
        widget->setVisible(!wrong.record.context.empty());
    column->addWidget(labelFor(m_question, "correctQuestion", tr("Question"), tr("What was asked.")));
    column->addWidget(m_question);
    column->addWidget(labelFor(m_answer, "correctAnswer", tr("Right answer"), tr("What the model should have said, word for word.")));
    column->addWidget(m_answer, 1);
    column->addWidget(labelFor(m_tags, "correctTags", tr("Tags"), tr("Names to find it by in Data, separated by commas.")));
    column->addWidget(m_tags);

    m_trial = new QTextBrowser;
    m_trial->setAccessibleName(tr("What the trial changed"));
    m_trial->setToolTip(tr("What the copy says after learning, and which other answers changed."));
    m_trial->setObjectName(QStringLiteral("correctTrial"));
    m_trial->setMinimumHeight(150);
    m_trial->hide();
    column->addWidget(m_trial, 1);

    auto *row = new QHBoxLayout;
    m_hint = mutedLabel({});
    m_hint->setObjectName(QStringLiteral("correctHint"));
    row->addWidget(m_hint, 1);
    auto *cancel = new Button(tr("Cancel"), {}, tr("Changes nothing."));
    cancel->setHeight(kButtonLarge);
    m_save = primaryButton(tr("Save as record"), QStringLiteral("save"), tr("Puts question and right answer into Data."));
    m_save->setObjectName(QStringLiteral("saveCorrection"));
    m_save->setHeight(kButtonLarge);
    m_save->setDefault(true);
    m_try = new Button(tr("Try it"), QStringLiteral("wand-sparkles"), tr("A copy of the model learns the right answer for a few steps; then you see what it says, here and to other questions. Nothing is kept."));
    m_try->setObjectName(QStringLiteral("tryCorrection"));
    m_try->setHeight(kButtonLarge);
    connect(m_try, &QPushButton::clicked, this, &CorrectionDialog::tryIt);
    row->addWidget(cancel);
    row->addWidget(m_try);
    row->addWidget(m_save);
    column->addLayout(row);
    connect(cancel, &QPushButton::clicked, this, &QDialog::reject);
    connect(m_save, &QPushButton::clicked, this, &QDialog::accept);
    connect(m_question, &QPlainTextEdit::textChanged, this, &CorrectionDialog::updateState);
    connect(m_answer, &QPlainTextEdit::textChanged, this, &CorrectionDialog::updateState);
    resize(560, 520);
    m_answer->setFocus();
    m_answer->selectAll();
    updateState();
}

CorrectionDialog::~CorrectionDialog()
{
    if (m_job != 0)
        m_bridge.cancel(m_job);
}

data::Record CorrectionDialog::record() const
{
    data::Record record = m_wrong.record;
    std::erase_if(record.turns, [](const data::Turn &turn) { return turn.role == data::Role::System; });
    if (const QString system = m_system->text().trimmed(); !system.isEmpty())
        record.turns.insert(record.turns.begin(), {data::Role::System, system.toStdString(), {}});
    record.context = m_context->toPlainText().toStdString();
    record.turns[record.turns.size() - 2].text = m_question->toPlainText().trimmed().toStdString();
    record.turns.back().text = m_answer->toPlainText().trimmed().toStdString();
    for (const QString &tag : m_tags->text().split(QLatin1Char(','), Qt::SkipEmptyParts))
        if (!tag.trimmed().isEmpty())
            record.tags.push_back(tag.trimmed().toStdString());
    record.status = data::RecordStatus::Approved;
    record.split = data::Split::Train; // a correction is there to be learnt
    record.source = tr("Playground, %1").arg(m_wrong.columnName).toStdString();
    record.note = tr("The model had answered: %1").arg(m_wrongAnswer).toStdString();
    return record;
}

void CorrectionDialog::updateState()
{
    const QString answer = m_answer->toPlainText().trimmed();
    const bool isSame = answer == m_wrongAnswer, isEmpty = answer.isEmpty() || m_question->toPlainText().trimmed().isEmpty();
    m_save->setEnabled(!isSame && !isEmpty);
    m_try->setEnabled(!isSame && !isEmpty && m_job == 0);
    m_hint->setText(m_job != 0 ? tr("A copy is learning it...")
                    : isEmpty ? tr("A question and an answer are needed.") : isSame ? tr("This is still what the model said.") : QString());
}

void CorrectionDialog::tryIt()
{
    engine::CorrectionRequest request;
    request.model = m_bridge.baseModel();
    request.adapter = m_wrong.adapter;
    request.record = record();
    request.steps = 8; // enough for one row; more would move everything else
    const auto folder = m_bridge.project() != nullptr ? m_bridge.project()->folder() : std::filesystem::path();
    m_job = m_bridge.work<engine::CorrectionTrial>(
        tr("Trial of a correction"), JobInfo::Kind::Other, this,
        [request, folder](const JobContext &context) -> Result<engine::CorrectionTrial> {
            auto project = context.engine.openProject(folder, engine::Access::ReadOnly);
            if (!project)
                return passError(project);
            return context.engine.tryCorrection(request, project->get(), context.progress, context.stop);
        },
        [this](Result<engine::CorrectionTrial> trial) { showTrial(trial); });
    updateState();
}

void CorrectionDialog::showTrial(const Result<engine::CorrectionTrial> &trial)
{
    m_job = 0;
    updateState();
    m_trial->show();
    if (!trial) {
        m_trial->setPlainText(QString::fromStdString(trial.error().message) + QLatin1Char('\n') + QString::fromStdString(trial.error().hint));
        return;
    }
    const auto html = [](const std::string &text) { return QString::fromStdString(text).trimmed().toHtmlEscaped().replace(QLatin1Char('\n'), QLatin1String("<br>")); };
    QString page = tr("<p><b>After %n step(s) it says:</b> %1</p>", nullptr, trial->steps).arg(html(trial->corrected.after));
    page += tr("<p>Surprise at the right answer: %1 before, %2 after (0 is none).</p>").arg(trial->lossBefore, 0, 'f', 2).arg(trial->lossAfter, 0, 'f', 2);
    const auto moved = std::count_if(trial->others.begin(), trial->others.end(), [](const auto &other) { return other.before != other.after; });
    if (!trial->others.empty())
        page += moved == 0 ? tr("<p>%n other question(s) were asked: every answer is what it was.</p>", nullptr, static_cast<int>(trial->others.size()))
                                    : tr("<p><b>What else moved:</b> %1 of %2 other answers.</p>").arg(moved).arg(trial->others.size());
    for (const auto &other : trial->others)
        if (other.before != other.after)
            page += tr("<p><b>%1</b><br>before: %2<br>after: %3</p>").arg(html(other.question), html(other.before), html(other.after));
    m_trial->setHtml(page);
    resize(width(), std::max(height(), 720));
}

} // namespace fettle::ui
