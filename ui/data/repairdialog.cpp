#include "ui/data/repairdialog.h"

#include "ui/data/recordwords.h"
#include "ui/widgets/button.h"
#include "ui/widgets/labels.h"

#include <QPlainTextEdit>
#include <QVBoxLayout>

namespace fettle::ui {

using namespace measure;

namespace {

constexpr std::size_t kWholeBelow = 4000; // bytes; the report keeps the first 4,096 of a row

bool isTable(const data::ImportReport &report)
{
    return report.format == "csv" || report.format == "tsv";
}

// The line with the names, as the file has it.
std::string headerLine(const data::ImportReport &report)
{
    const std::string mark = report.quote == "none" ? "" : report.quote == "single" ? "'" : "\"";
    std::string head;
    for (const std::string &column : report.columns) {
        if (&column != &report.columns.front())
            head += report.delimiter;
        head += mark;
        for (const char c : column)
            head += mark == std::string(1, c) ? mark + mark : std::string(1, c);
        head += mark;
    }
    return head + '\n';
}

} // namespace

bool RepairDialog::canRepair(const data::ImportReport &report, const data::RejectedRow &row)
{
    const bool isText = isTable(report) || report.format == "json" || report.format == "jsonl" || report.format == "parquet";
    return isText && !row.raw.empty() && row.raw.size() < kWholeBelow && (!isTable(report) || !report.columns.empty());
}

RepairDialog::RepairDialog(const data::ImportReport &report, const data::RejectedRow &row, const data::ImportOptions &options, const QString &file, QWidget *parent)
    : QDialog(parent), m_row(row), m_options(options), m_file(file)
{
    m_report.format = report.format;
    m_report.columns = report.columns;
    m_report.delimiter = report.delimiter;
    m_report.quote = report.quote;
    setWindowTitle(tr("Repair line %1").arg(countText(row.line)));
    auto *column = new QVBoxLayout(this);
    column->setContentsMargins(kPaneSide, kPaneTop, kPaneSide, kStep3);
    column->setSpacing(kStep2);
    column->addWidget(titleLabel(windowTitle()));
    auto *why = mutedLabel(isTable(report) ? tr("The columns are %1. The corrected row is imported; the file is not changed.").arg(QString::fromStdString(headerLine(report)).trimmed())
                                           : tr("The corrected row is imported; the file is not changed."));
    why->setWordWrap(true);
    column->addWidget(why);
    m_text = new QPlainTextEdit(QString::fromStdString(row.raw));
    m_text->setFont(monoFont(TextSize::Body));
    m_text->setAccessibleName(tr("The row as it stands in the file"));
    m_text->setToolTip(tr("Correct the row here"));
    m_text->setTabChangesFocus(report.format != "tsv");
    column->addWidget(m_text, 1);
    m_problem = mutedLabel({});
    m_problem->setWordWrap(true);
    m_use = primaryButton(tr("Use this row"), QStringLiteral("check"), tr("Imports the row as it stands here, with the others"));
    auto *cancel = new Button(tr("Cancel"));
    auto *row2 = new QHBoxLayout;
    row2->addWidget(m_problem, 1);
    for (Button *button : {cancel, m_use}) {
        button->setHeight(kButtonLarge);
        row2->addWidget(button);
    }
    column->addLayout(row2);
    resize(680, 340);
    connect(cancel, &QAbstractButton::clicked, this, &QDialog::reject);
    connect(m_use, &QAbstractButton::clicked, this, &QDialog::accept);
    connect(m_text, &QPlainTextEdit::textChanged, this, &RepairDialog::check);
    check();
}

void RepairDialog::check()
{
    data::ImportOptions options = m_options;
    options.encoding = "UTF-8"; // what is typed here
    options.format = isTable(m_report) ? m_report.format : "json";
    options.delimiter = isTable(m_report) ? m_report.delimiter : '\0';
    options.quote = m_report.quote;
    const std::string text = (isTable(m_report) ? headerLine(m_report) : std::string()) + m_text->toPlainText().toStdString();
    auto read = data::readRecordsFromMemory(text, m_file.toStdString(), options);
    m_records.clear();
    QString problem;
    if (!read)
        problem = QString::fromStdString(read.error().message);
    else if (!read->report.rejected.empty())
        problem = QString::fromStdString(read->report.rejected.front().field.empty() ? read->report.rejected.front().reason
                                                                                     : read->report.rejected.front().field + ": " + read->report.rejected.front().reason);
    else if (read->records.empty())
        problem = tr("There is no row.");
    else
        m_records = std::move(read->records);
    for (data::Record &record : m_records)
        record.source = tr("%1, line %2").arg(m_file).arg(m_row.line).toStdString();
    m_problem->setInk(problem.isEmpty() ? Ink::Good : Ink::Bad);
    m_problem->setText(problem.isEmpty() ? tr("The row can be read.") : problem);
    m_use->setEnabled(problem.isEmpty());
}

QString RepairDialog::problem() const
{
    return m_problem->text();
}

} // namespace fettle::ui
