#include "ui/playground/exportdialog.h"

#include "ui/frame/dialogs.h"
#include "ui/theme/icons.h"
#include "ui/theme/tokens.h"
#include "ui/widgets/button.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/plaintable.h"
#include "ui/widgets/progressline.h"
#include "ui/widgets/words.h"

#include <QClipboard>
#include <QComboBox>
#include <QGuiApplication>
#include <QLineEdit>
#include <QListWidget>
#include <QPlainTextEdit>
#include <QProcess>
#include <QStandardPaths>
#include <QTreeWidget>

namespace fettle::ui {

namespace {

// "run-3-step-207": what file systems and Ollama accept.
QString plainName(const QString &text)
{
    QString name;
    for (const QChar c : text.toLower())
        name += c.isLetterOrNumber() && c.unicode() < 128 ? c : QLatin1Char(' ');
    return name.simplified().replace(QLatin1Char(' '), QLatin1Char('-'));
}

constexpr int kCheckHeight = 28;

} // namespace

ExportDialog::ExportDialog(const PageContext &context, std::string adapter, const QString &resultName, QWidget *parent)
    : QDialog(parent), m_context(context), m_adapter(std::move(adapter)), m_resultName(resultName)
{
    setupLayout();
    m_name->setText(plainName(resultName));
    m_system->setText(m_context.bridge.settingText("defaultSystem"));
    connect(m_list, &QListWidget::currentRowChanged, this, &ExportDialog::showTarget);
    connect(m_export, &QPushButton::clicked, this, &ExportDialog::startExport);
    connect(m_close, &QPushButton::clicked, this, &ExportDialog::reject);
    connect(m_copy, &QPushButton::clicked, this, [this] { QGuiApplication::clipboard()->setText(m_next->toPlainText()); });
    connect(m_ollama, &QPushButton::clicked, this, &ExportDialog::createInOllama);
    connect(m_name, &QLineEdit::textChanged, this, [this] { m_export->setEnabled(m_job == 0 && !m_name->text().trimmed().isEmpty() && m_reason->text().isEmpty()); });
    connect(&m_context.bridge, &Bridge::jobChanged, this, &ExportDialog::showProgress);
    m_list->setCurrentRow(0);
    readMethod();
}

ExportDialog::~ExportDialog()
{
    if (m_job != 0)
        m_context.bridge.cancel(m_job);
    if (m_process != nullptr) // its end reaches nobody
        m_process->disconnect(this);
}

void ExportDialog::choose(const std::string &target)
{
    for (std::size_t i = 0; i < m_targets.size(); ++i)
        if (m_targets[i].key == target)
            m_list->setCurrentRow(static_cast<int>(i));
}

const ExportTarget &ExportDialog::target() const
{
    return m_targets[static_cast<std::size_t>(std::max(0, m_list->currentRow()))];
}

// The method decides what can be written.
void ExportDialog::readMethod()
{
    m_context.bridge.read<TrainedResult>(
        this,
        [adapter = m_adapter](const ProjectApi *project, const JobContext &) -> Result<TrainedResult> {
            auto runs = project != nullptr ? project->runs() : Result<std::vector<engine::RunInfo>>();
            if (!runs)
                return passError(runs);
            for (const auto &run : *runs)
                if (std::to_string(run.id.value) == adapter.substr(0, adapter.find('@')))
                    return trainedResult(run);
            return TrainedResult{};
        },
        [this](Result<TrainedResult> trained) {
            if (!trained)
                return;
            m_trained = *trained;
            for (std::size_t i = 0; i < m_targets.size(); ++i) {
                const QString reason = whyNotExported(m_trained, m_targets[i].key);
                QListWidgetItem *item = m_list->item(static_cast<int>(i));
                item->setToolTip(reason.isEmpty() ? m_targets[i].what : reason);
                item->setForeground(reason.isEmpty() ? QBrush() : QBrush(tokens().muted));
            }
            showTarget();
        });
}

void ExportDialog::showTarget()
{
    const ExportTarget &chosen = target();
    const QString reason = whyNotExported(m_trained, chosen.key);
    m_title->setText(chosen.title);
    m_what->setText(chosen.what);
    m_where->setText(chosen.where);
    m_reason->setText(reason);
    m_reason->setVisible(!reason.isEmpty());
    m_type->clear();
    for (const ExportType &type : chosen.types)
        m_type->addItem(type.text, QString::fromStdString(type.key));
    for (QWidget *each : {static_cast<QWidget *>(m_type), static_cast<QWidget *>(m_typeLabel)})
        each->setVisible(!chosen.types.empty());
    for (QWidget *each : {static_cast<QWidget *>(m_system), static_cast<QWidget *>(m_systemLabel)})
        each->setVisible(chosen.hasSystem);
    m_export->setEnabled(m_job == 0 && reason.isEmpty() && !m_name->text().trimmed().isEmpty());
    if (m_job == 0)
        m_result->hide();
}

void ExportDialog::startExport()
{
    const ExportTarget &chosen = target();
    const QString name = plainName(m_name->text());
    const bool isPlaced = chosen.key == "lmstudio"; // into a folder that is there already
    const QString place = isPlaced ? m_context.dialogs.openFolder(this, tr("LM Studio's folder of models"))
                                   : m_context.dialogs.saveFile(this, tr("New folder for \"%1\"").arg(chosen.title), name + QLatin1Char('-') + QString::fromStdString(chosen.key));
    if (place.isEmpty())
        return;
    engine::ExportRequest request;
    request.model = m_context.bridge.baseModel();
    request.adapter = m_adapter;
    request.target = chosen.key;
    request.type = m_type->currentData().toString().toStdString();
    request.folder = place.toStdString();
    request.name = name.toStdString();
    request.system = chosen.hasSystem ? m_system->text().toStdString() : std::string();
    m_result->hide();
    m_list->setEnabled(false);
    m_export->setEnabled(false);
    m_close->setText(tr("Cancel"));
    m_status->setText(tr("Waiting for the engine"));
    m_progress->setShare(-1);
    m_progress->show();
    m_job = m_context.bridge.exportAdapter(request, this, [this, request](Result<engine::ExportResult> result) { showResult(request, result); });
}

void ExportDialog::showProgress()
{
    const JobInfo &job = m_context.bridge.currentJob();
    if (m_job == 0 || job.id != m_job)
        return;
    m_status->setText(job.detail);
    m_progress->setShare(job.share);
}

void ExportDialog::showResult(const engine::ExportRequest &request, const Result<engine::ExportResult> &result)
{
    m_job = 0;
    m_list->setEnabled(true);
    m_export->setEnabled(true);
    m_close->setText(tr("Close"));
    m_progress->hide();
    m_status->clear();
    m_checks->clear();
    const bool isWritten = result.has_value();
    const bool hasPassed = isWritten && result->selfTest.hasPassed;
    m_sign->setIcon(hasPassed ? QStringLiteral("circle-check") : QStringLiteral("circle-alert"), hasPassed ? Ink::Good : Ink::Bad);
    if (!isWritten) {
        m_verdict->setText(QString::fromStdString(result.error().message));
        m_files->setText(QString::fromStdString(result.error().hint));
    } else {
        const auto &test = result->selfTest;
        m_verdict->setText(hasPassed && test.isRounded ? tr("Written, and read back undamaged. With so few bits some answers differ from those of %1, see below.").arg(m_resultName)
                           : hasPassed                 ? tr("Written, read back, and proved: it answers like %1.").arg(m_resultName)
                                                       : tr("Written, but read back it does not answer the same. Do not use it. %1").arg(QString::fromStdString(test.cause)));
        m_files->setText(tr("%1 in %n file(s) at %2", nullptr, static_cast<int>(result->files.size())).arg(bytesText(result->bytes), QString::fromStdString(request.folder.string())));
        for (const auto &check : test.checks) {
            auto *row = new QTreeWidgetItem(m_checks, {QString::fromStdString(check.what), QString::fromStdString(check.result), QString::fromStdString(check.wanted)});
            row->setIcon(0, icon(check.hasPassed ? QStringLiteral("check") : QStringLiteral("x"), check.hasPassed ? Ink::Good : Ink::Bad));
            row->setToolTip(1, row->text(1));
            alignRight(*row, 1, 2);
        }
        if (test.checks.empty()) {
            auto *row = new QTreeWidgetItem(m_checks, {tr("Scores of the next token, %n prompt(s)", nullptr, test.prompts), tr("at most %1 apart").arg(test.maxLogitDifference, 0, 'g', 2), tr("within rounding")});
            alignRight(*row, 1, 2);
        }
    }
    m_checks->setVisible(isWritten);
    m_checks->setFixedHeight(kCheckHeight * (m_checks->topLevelItemCount() + 1) + 4);
    m_next->setPlainText(hasPassed ? nextSteps(request, *result) : QString());
    m_next->setFixedHeight(m_next->fontMetrics().lineSpacing() * std::max(3, m_next->blockCount() + 1) + 16); // a long path takes a second line
    for (QWidget *widget : std::initializer_list<QWidget *>{m_nextLabel, m_next, m_copy})
        widget->setVisible(!m_next->toPlainText().isEmpty());
    const bool canCreate = hasPassed && request.target == "ollama" && !QStandardPaths::findExecutable(QStringLiteral("ollama")).isEmpty();
    m_ollama->setVisible(canCreate);
    m_written = request;
    m_result->show();
}

// Only with the user's click: it hands the files to another program.
void ExportDialog::createInOllama()
{
    if (m_process != nullptr)
        return;
    m_process = new QProcess(this);
    m_process->setWorkingDirectory(QString::fromStdString(m_written.folder.string()));
    m_process->setProcessChannelMode(QProcess::MergedChannels);
    m_ollama->setEnabled(false);
    m_status->setText(tr("Ollama takes the model over..."));
    const auto end = [this](const QString &text) {
        m_status->setText(text);
        m_ollama->setEnabled(true);
        m_process->deleteLater();
        m_process = nullptr;
    };
    const QString name = QString::fromStdString(m_written.name);
    connect(m_process, &QProcess::finished, this, [this, end, name](int code, QProcess::ExitStatus status) {
        const QString said = QString::fromUtf8(m_process->readAll()).simplified().right(200);
        end(status == QProcess::NormalExit && code == 0 ? tr("Ollama has it: ollama run %1").arg(name) : tr("Ollama refused: %1").arg(said));
    });
    connect(m_process, &QProcess::errorOccurred, this, [end](QProcess::ProcessError error) {
        if (error == QProcess::FailedToStart)
            end(tr("Ollama could not be started."));
    });
    m_process->start(QStringLiteral("ollama"), {QStringLiteral("create"), name, QStringLiteral("-f"), QStringLiteral("Modelfile")});
}

void ExportDialog::reject()
{
    if (m_job == 0) {
        QDialog::reject();
        return;
    }
    m_context.bridge.cancel(m_job); // the answer comes as "cancelled"
}

} // namespace fettle::ui
