#include "ui/data/dataexportdialog.h"

#include "ui/data/recordwords.h"
#include "ui/frame/dialogs.h"
#include "ui/widgets/button.h"
#include "ui/widgets/labels.h"

#include <QButtonGroup>
#include <QFileInfo>
#include <QRadioButton>
#include <QVBoxLayout>

namespace fettle::ui {

using namespace measure;
using data::DataFormat;

namespace {

QString filterOf(DataFormat format)
{
    switch (format) {
    case DataFormat::Messages:
    case DataFormat::PromptCompletion: return DataExportDialog::tr("JSON lines (*.jsonl)");
    case DataFormat::Alpaca:
    case DataFormat::ShareGpt: return DataExportDialog::tr("JSON (*.json)");
    case DataFormat::Csv: return DataExportDialog::tr("Table (*.csv)");
    case DataFormat::Parquet: return DataExportDialog::tr("Parquet (*.parquet)");
    }
    return {};
}

QString suffixOf(DataFormat format)
{
    if (format == DataFormat::Parquet)
        return QStringLiteral("parquet");
    return format == DataFormat::Csv ? QStringLiteral("csv") : format == DataFormat::Alpaca || format == DataFormat::ShareGpt ? QStringLiteral("json") : QStringLiteral("jsonl");
}

} // namespace

DataExportDialog::DataExportDialog(const PageContext &context, const engine::RecordFilter &filter, qint64 rows, QWidget *parent)
    : QDialog(parent), m_context(context), m_filter(filter), m_formats(new QButtonGroup(this))
{
    setWindowTitle(rows == 1 ? tr("Export 1 record") : tr("Export %1 records").arg(countText(rows)));
    auto *column = new QVBoxLayout(this);
    column->setContentsMargins(kPaneSide, kPaneTop, kPaneSide, kStep3);
    column->setSpacing(kStep1);
    column->addWidget(titleLabel(windowTitle()));
    auto *why = mutedLabel(tr("The records of the list, with tags, split, rating, status and note. Importing the file gives the same records again."));
    why->setWordWrap(true);
    column->addWidget(why);
    column->addSpacing(kStep2);
    const std::tuple<DataFormat, QString, QString> forms[] = {
        {DataFormat::Messages, tr("Messages, JSONL"), tr("What most trainers read: TRL, Axolotl, OpenAI. Holds everything.")},
        {DataFormat::PromptCompletion, tr("Prompt and completion, JSONL"), tr("TRL and many others. Every record needs an answer at its end.")},
        {DataFormat::Alpaca, tr("Alpaca, JSON"), tr("Instruction, input and output. No tools.")},
        {DataFormat::ShareGpt, tr("ShareGPT, JSON"), tr("Conversations, as Axolotl and LLaMA-Factory read them. Holds everything.")},
        {DataFormat::Csv, tr("Table, CSV"), tr("For spreadsheets. One question and its answer in a row.")},
        {DataFormat::Parquet, tr("Messages, Parquet"), tr("Packed, for Hugging Face datasets, pandas, DuckDB. Holds everything.")},
    };
    for (const auto &[format, name, help] : forms) {
        auto *form = new QRadioButton(name);
        form->setToolTip(help);
        form->setChecked(format == DataFormat::Messages);
        m_formats->addButton(form, int(format));
        column->addWidget(form);
        auto *sentence = smallLabel(help);
        sentence->setContentsMargins(kStep5, 0, 0, kStep1);
        column->addWidget(sentence);
    }
    m_note = mutedLabel({});
    m_note->setWordWrap(true);
    column->addWidget(m_note);
    auto *row = new QHBoxLayout;
    row->addStretch(1);
    auto *cancel = new Button(tr("Cancel"));
    m_export = primaryButton(tr("Export..."), QStringLiteral("file-output"), tr("Asks for the file and writes it"));
    m_export->setDefault(true);
    m_export->setEnabled(rows > 0);
    for (Button *button : {cancel, m_export}) {
        button->setHeight(kButtonLarge);
        row->addWidget(button);
    }
    column->addLayout(row);
    setFixedWidth(480);
    connect(cancel, &QAbstractButton::clicked, this, &QDialog::reject);
    connect(m_export, &QAbstractButton::clicked, this, &DataExportDialog::choose);
    connect(this, &QDialog::rejected, this, [this] { m_context.bridge.cancel(m_job); });
}

void DataExportDialog::choose()
{
    const auto format = DataFormat(m_formats->checkedId());
    const QString name = QString::fromStdString(m_context.bridge.project() ? m_context.bridge.project()->name() : std::string());
    QString file = m_context.dialogs.saveFile(this, windowTitle(), name + QLatin1Char('.') + suffixOf(format), filterOf(format));
    if (file.isEmpty())
        return;
    if (QFileInfo(file).suffix().isEmpty())
        file += QLatin1Char('.') + suffixOf(format);
    m_export->setEnabled(false);
    m_note->setText(tr("Writing %1").arg(file));
    m_job = m_context.bridge.readSlowly<data::DataExportReport>(
        this,
        [filter = m_filter, format, path = std::filesystem::path(file.toStdString())](const ProjectApi *project, const JobContext &job) -> Result<data::DataExportReport> {
            if (!project)
                return data::DataExportReport{};
            const auto ids = project->recordIds(filter);
            if (!ids)
                return passError(ids);
            return project->exportRecords(*ids, format, path, job.progress, job.stop);
        },
        [this, file](Result<data::DataExportReport> report) { receive(file, std::move(report)); });
}

void DataExportDialog::receive(const QString &file, Result<data::DataExportReport> report)
{
    m_export->setEnabled(true);
    if (!report) {
        m_note->setInk(Ink::Bad);
        m_note->setText(QString::fromStdString(report.error().message + ' ' + report.error().hint));
        return;
    }
    QString note = tr("%1 records written to %2.").arg(countText(report->rows), QFileInfo(file).fileName());
    if (!report->skipped.empty())
        note += QLatin1Char(' ') + tr("%1 left out, the first is record %2: %3.").arg(countText(qint64(report->skipped.size())), countText(report->skipped.front().id.value), QString::fromStdString(report->skipped.front().reason));
    emit exported(note);
    accept();
}

} // namespace fettle::ui
