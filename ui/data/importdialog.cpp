#include "ui/data/importdialog.h"

#include "ui/data/badrows.h"
#include "ui/data/importpreview.h"
#include "ui/data/mappingtable.h"
#include "ui/data/recordwords.h"
#include "ui/data/repairdialog.h"
#include "ui/frame/dialogs.h"
#include "ui/widgets/button.h"
#include "ui/widgets/card.h"
#include "ui/widgets/labels.h"

#include <QComboBox>
#include <QFileInfo>
#include <QHBoxLayout>
#include <QKeyEvent>
#include <QLocale>
#include <QPainter>

#include <algorithm>

namespace fettle::ui {

using namespace measure;

namespace {

constexpr std::int64_t kPreviewRows = 2000; // enough to judge a mapping, read in a blink
constexpr std::size_t kShownRecords = 50;

struct Choice { const char *key; const char *name; };
constexpr Choice kFormats[] = {{"json", "JSON"}, {"jsonl", "JSON Lines"}, {"csv", "CSV"}, {"tsv", "TSV"}, {"text", "Text"}, {"xlsx", "XLSX"}, {"parquet", "Parquet"}};
constexpr Choice kEncodings[] = {{"UTF-8", "UTF-8"}, {"ISO-8859-1", "Latin-1"}, {"windows-1252", "Windows-1252"}, {"UTF-16LE", "UTF-16 LE"},
                                 {"UTF-16BE", "UTF-16 BE"}, {"ISO-8859-15", "Latin-9 (with €)"}, {"windows-1250", "Windows-1250, Central Europe"},
                                 {"windows-1251", "Windows-1251, Cyrillic"}, {"KOI8-R", "KOI8-R, Cyrillic"}, {"windows-1253", "Windows-1253, Greek"},
                                 {"windows-1254", "Windows-1254, Turkish"}, {"windows-1255", "Windows-1255, Hebrew"}, {"windows-1256", "Windows-1256, Arabic"},
                                 {"GB18030", "GB18030, Chinese"}, {"Big5", "Big5, Chinese"}, {"Shift_JIS", "Shift JIS, Japanese"}, {"EUC-JP", "EUC-JP, Japanese"},
                                 {"EUC-KR", "EUC-KR, Korean"}, {"macintosh", "Mac Roman"}};
struct Delimiter { char key; const char *name; };
constexpr Delimiter kDelimiters[] = {{',', QT_TRANSLATE_NOOP("fettle::ui::ImportDialog", "Comma")},
                                     {';', QT_TRANSLATE_NOOP("fettle::ui::ImportDialog", "Semicolon")},
                                     {'\t', QT_TRANSLATE_NOOP("fettle::ui::ImportDialog", "Tab")},
                                     {'|', QT_TRANSLATE_NOOP("fettle::ui::ImportDialog", "Bar |")}};

constexpr Choice kQuotes[] = {{"double", QT_TRANSLATE_NOOP("fettle::ui::ImportDialog", "Double \"")},
                              {"single", QT_TRANSLATE_NOOP("fettle::ui::ImportDialog", "Single '")},
                              {"none", QT_TRANSLATE_NOOP("fettle::ui::ImportDialog", "None, they are text")}};

QComboBox *choiceBox(const QString &name, const QString &help, int width)
{
    auto *box = new QComboBox;
    box->setAccessibleName(name);
    box->setToolTip(help);
    box->setMinimumWidth(width);
    return box;
}

// The first entry stands for what was found in the file; its text says what that was.
void showRecognisedIn(QComboBox *box, const QString &value, bool isRecognised)
{
    box->setItemText(0, value.isEmpty() ? ImportDialog::tr("Recognise") : ImportDialog::tr("%1, found").arg(value));
    if (isRecognised)
        box->setCurrentIndex(0);
}

// What to do where no record can be read.
QString adviceFor(const data::ImportReport &report)
{
    for (const data::SpeakerFacts &speaker : report.speakers)
        if (!speaker.role)
            return ImportDialog::tr("Say on the left who “%1” is: the user, the assistant or somebody else.").arg(QString::fromStdString(speaker.name));
    if (!report.columns.empty() && report.mapping.empty())
        return ImportDialog::tr("Say on the left which column is the instruction and which the response.");
    return ImportDialog::tr("No record can be read this way.");
}

} // namespace

ImportDialog::ImportDialog(const PageContext &context, const QString &file, QWidget *parent) : QDialog(parent), m_context(context), m_file(file)
{
    setWindowTitle(tr("Import"));
    setupLayout();
    const QSize room = parent ? parent->window()->size() : QSize(1600, 1000);
    resize(std::min(1086, room.width() - 2 * kStep5), std::min(734, room.height() - 2 * kStep5));
    updateButton();
    read();
}

void ImportDialog::setupLayout()
{
    const QFileInfo info(m_file);
    auto *head = new QHBoxLayout;
    head->setContentsMargins(kPaneSide, kStep2, kPaneSide, kStep2);
    head->setSpacing(kStep3);
    head->addWidget(titleLabel(tr("Import")));
    auto *name = new ElidedLabel(info.fileName());
    name->setElideMode(Qt::ElideMiddle);
    head->addWidget(name);
    head->addWidget(mutedLabel(QLocale().formattedDataSize(info.size(), 0, QLocale::DataSizeSIFormat)));
    head->addStretch(1);

    m_mapping = new MappingTable;
    m_preview = new ImportPreview;
    m_badRows = new BadRows;
    auto *middle = new QHBoxLayout;
    middle->setSpacing(0);
    middle->addWidget(m_mapping, 5);
    middle->addWidget(new Separator(Qt::Vertical));
    middle->addWidget(m_preview, 3);

    auto *all = new QVBoxLayout(this);
    all->setContentsMargins(0, 0, 0, 0);
    all->setSpacing(0);
    all->addLayout(head);
    all->addWidget(makeChoices());
    all->addLayout(middle, 3);
    all->addWidget(new Separator);
    all->addWidget(m_badRows, 2);
    all->addWidget(makeFoot());

    connect(m_mapping, &MappingTable::mappingChanged, this, [this] {
        m_isMappingCorrected = true;
        read();
    });
    connect(m_mapping, &MappingTable::rolesChanged, this, &ImportDialog::read);
    connect(m_badRows, &BadRows::saveRequested, this, &ImportDialog::saveReport);
    connect(m_badRows, &BadRows::repairWanted, this, &ImportDialog::repair);
}

QWidget *ImportDialog::makeChoices()
{
    auto *bar = new Pane(Surface::Window, Qt::TopEdge | Qt::BottomEdge);
    auto *row = new QHBoxLayout(bar);
    row->setContentsMargins(kPaneSide, kStep3, kPaneSide, kStep3);
    row->setSpacing(kStep2);
    m_format = choiceBox(tr("Format"), tr("How the file is built; correct it where it was recognised wrongly"), 176);
    m_encoding = choiceBox(tr("Encoding"), tr("How the file's bytes stand for characters; correct it where umlauts or accents look wrong"), 168);
    m_delimiter = choiceBox(tr("Separator"), tr("What stands between the columns"), 164);
    m_quote = choiceBox(tr("Quotes"), tr("What stands around a field that holds separators or line breaks; correct it where fields run into each other"), 148);
    for (QComboBox *box : {m_format, m_encoding, m_delimiter, m_quote})
        box->addItem(tr("Recognise"), QString());
    for (const Choice &format : kFormats)
        m_format->addItem(QString::fromLatin1(format.name), QString::fromLatin1(format.key));
    for (const Choice &encoding : kEncodings)
        m_encoding->addItem(QString::fromLatin1(encoding.name), QString::fromLatin1(encoding.key));
    for (const Delimiter &delimiter : kDelimiters)
        m_delimiter->addItem(tr(delimiter.name), QString(QLatin1Char(delimiter.key)));
    for (const Choice &quote : kQuotes)
        m_quote->addItem(tr(quote.name), QString::fromLatin1(quote.key));
    m_delimiterLabel = mutedLabel(tr("Separator"));
    m_quoteLabel = mutedLabel(tr("Quotes"));
    m_sheet = choiceBox(tr("Sheet"), tr("The sheet of the workbook that is read"), 196);
    m_sheetLabel = mutedLabel(tr("Sheet"));
    m_encodingLabel = mutedLabel(tr("Encoding"));
    m_sheet->hide();
    m_sheetLabel->hide();
    const std::pair<TextLabel *, QComboBox *> pairs[] = {{mutedLabel(tr("Format")), m_format}, {m_encodingLabel, m_encoding},
                                                         {m_delimiterLabel, m_delimiter}, {m_quoteLabel, m_quote}, {m_sheetLabel, m_sheet}};
    for (const auto &[label, box] : pairs) {
        label->setBuddy(box);
        row->addWidget(label);
        row->addWidget(box);
        row->addSpacing(kStep2);
        connect(box, &QComboBox::activated, this, [this] {
            m_isMappingCorrected = false; // other columns may come out
            read();
        });
    }
    row->addStretch(1);
    return bar;
}

QWidget *ImportDialog::makeFoot()
{
    auto *foot = new Pane(Surface::Window, Qt::TopEdge);
    auto *row = new QHBoxLayout(foot);
    row->setContentsMargins(kPaneSide, kStep3, kPaneSide, kStep3);
    row->setSpacing(kStep2);
    m_summary = mutedLabel({});
    m_cancel = new Button(tr("Cancel"), {}, tr("Closes this dialog; nothing is imported"));
    m_cancel->setHeight(kButtonLarge);
    m_import = primaryButton(tr("Import"), {}, tr("Adds the records to the project; undo takes them back"));
    m_import->setHeight(kButtonLarge);
    m_import->setKeyHint(keyHintText(QKeySequence(Qt::CTRL | Qt::Key_Return)));
    m_summary->setAlignment(Qt::AlignRight | Qt::AlignVCenter);
    row->addWidget(m_summary, 1);
    row->addWidget(m_cancel);
    row->addWidget(m_import);
    connect(m_cancel, &QAbstractButton::clicked, this, &QDialog::reject);
    connect(m_import, &QAbstractButton::clicked, this, &ImportDialog::startImport);
    connect(this, &QDialog::rejected, this, [this] { m_context.bridge.cancel(m_job); });
    return foot;
}

data::ImportOptions ImportDialog::options() const
{
    data::ImportOptions options;
    options.format = m_format->currentData().toString().toStdString();
    options.encoding = m_encoding->currentData().toString().toStdString();
    const QString delimiter = m_delimiter->currentData().toString();
    options.delimiter = delimiter.isEmpty() ? '\0' : delimiter.at(0).toLatin1();
    options.quote = m_quote->currentData().toString().toStdString();
    if (m_sheet->currentIndex() > 0)
        options.sheet = m_sheet->currentText().toStdString();
    if (m_isMappingCorrected)
        options.mapping = m_mapping->mapping();
    options.roles = m_mapping->roles();
    return options;
}

void ImportDialog::read()
{
    m_isReady = false;
    m_repaired.clear(); // read in another way, other rows are bad
    m_summary->setText(tr("Reading the file"));
    m_context.bridge.cancel(m_job);
    readRows(kPreviewRows);
    updateButton();
}

void ImportDialog::readRows(std::int64_t limit)
{
    const int reading = ++m_reading;
    m_job = m_context.bridge.previewImport(std::filesystem::path(m_file.toStdString()), options(), limit, this,
                                           [this, limit, reading](Result<data::ImportResult> result) {
                                               if (reading != m_reading)
                                                   return; // something was corrected since
                                               if (!result) {
                                                   showFailure(result.error());
                                                   return;
                                               }
                                               // Longer than the preview: the button counts, and every bad row is listed, when all is read.
                                               m_isCounting = limit > 0 && result->report.rowsInFile >= limit;
                                               receive(*result);
                                               if (m_isCounting)
                                                   readRows(0);
                                           });
}

void ImportDialog::receive(const data::ImportResult &result)
{
    m_isReady = !m_isCounting;
    m_report = result.report;
    showRecognised(m_report);
    m_mapping->setReport(m_report);
    m_badRows->setReport(m_report);
    m_preview->setRecords({result.records.begin(), result.records.begin() + static_cast<std::ptrdiff_t>(std::min(result.records.size(), kShownRecords))}, adviceFor(m_report));
    m_summary->setInk(Ink::Muted);
    const auto left = static_cast<qint64>(m_report.rejected.size());
    m_summary->setText(m_isCounting ? tr("Counting the rows")
                       : left == 0  ? tr("The file is not changed")
                       : left == 1  ? tr("1 row is left out; the file is not changed")
                                    : tr("%1 rows are left out; the file is not changed").arg(countText(left)));
    updateButton();
    if (m_isReady)
        emit previewed();
}

void ImportDialog::showFailure(const Error &error)
{
    if (error.code == ErrorCode::Cancelled)
        return;
    m_report = {};
    m_isCounting = false;
    m_mapping->setReport({});
    m_badRows->showUnreadable();
    m_preview->setRecords({});
    m_summary->setInk(Ink::Bad);
    m_summary->setText(QString::fromStdString(error.message + ' ' + error.hint));
    m_summary->setWordWrap(true);
    updateButton();
    emit previewed();
}

void ImportDialog::showRecognised(const data::ImportReport &report)
{
    QString format = QString::fromStdString(report.format).toUpper();
    for (const Choice &choice : kFormats)
        if (report.format == choice.key)
            format = report.isPacked ? tr("%1, gzip").arg(QString::fromLatin1(choice.name)) : QString::fromLatin1(choice.name);
    QString encoding = QString::fromStdString(report.encoding);
    for (const Choice &choice : kEncodings)
        if (report.encoding == choice.key)
            encoding = QString::fromLatin1(choice.name);
    QString delimiter;
    for (const Delimiter &choice : kDelimiters)
        if (report.delimiter == choice.key)
            delimiter = tr(choice.name);
    QString quote;
    for (const Choice &choice : kQuotes)
        if (report.quote == choice.key)
            quote = tr(choice.name);
    showRecognisedIn(m_format, format, m_format->currentIndex() == 0);
    showRecognisedIn(m_encoding, encoding, m_encoding->currentIndex() == 0);
    showRecognisedIn(m_delimiter, delimiter, m_delimiter->currentIndex() == 0);
    showRecognisedIn(m_quote, quote, m_quote->currentIndex() == 0);
    const bool hasDelimiter = report.format == "csv" || report.format == "tsv";
    m_delimiter->setVisible(hasDelimiter);
    m_delimiterLabel->setVisible(hasDelimiter);
    m_quote->setVisible(hasDelimiter);
    m_quoteLabel->setVisible(hasDelimiter);
    const bool isText = report.format != "xlsx" && report.format != "parquet"; // these say themselves how its characters are written
    m_encoding->setVisible(isText);
    m_encodingLabel->setVisible(isText);
    showSheets(report);
}

void ImportDialog::showSheets(const data::ImportReport &report)
{
    m_sheet->setVisible(!report.sheet.empty());
    m_sheetLabel->setVisible(!report.sheet.empty());
    if (m_sheet->count() > 0)
        return; // the file does not change while the dialog is open: what was chosen stays
    m_sheet->addItem(QString::fromStdString(report.sheet));
    for (const std::string &name : report.sheets)
        m_sheet->addItem(QString::fromStdString(name));
    if (report.sheet.empty())
        m_sheet->clear();
}

void ImportDialog::updateButton()
{
    std::int64_t count = m_report.records;
    for (const auto &[row, records] : m_repaired)
        count += std::int64_t(records.size());
    const bool hasRecords = count > 0 && (m_isReady || m_isCounting);
    m_import->setText(m_isImporting ? tr("Importing") : !hasRecords || !m_isReady ? tr("Import") : count == 1 ? tr("Import 1 record") : tr("Import %1 records").arg(countText(count)));
    m_import->setEnabled(hasRecords && !m_isImporting);
    m_import->updateGeometry();
}

void ImportDialog::startImport()
{
    if (!m_import->isEnabled())
        return;
    m_isImporting = true;
    updateButton();
    m_job = m_context.bridge.importFile(std::filesystem::path(m_file.toStdString()), options(), this, [this](Result<data::ImportReport> report) {
        m_isImporting = false;
        if (!report) {
            showFailure(report.error());
            return;
        }
        finish(std::move(*report));
    });
}

void ImportDialog::repair(int row)
{
    if (!m_isReady || row >= int(m_report.rejected.size()))
        return;
    auto *dialog = new RepairDialog(m_report, m_report.rejected[std::size_t(row)], options(), QFileInfo(m_file).fileName(), this);
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    connect(dialog, &QDialog::accepted, this, [this, dialog, row] {
        m_repaired[row] = dialog->records();
        m_badRows->markRepaired(row);
        updateButton();
    });
    dialog->open();
}

// The corrected rows follow the file as a step of their own.
void ImportDialog::finish(data::ImportReport report)
{
    std::vector<data::Record> records;
    for (auto place = m_repaired.rbegin(); place != m_repaired.rend(); ++place) {
        records.insert(records.begin(), place->second.begin(), place->second.end());
        if (place->first < int(report.rejected.size()))
            report.rejected.erase(report.rejected.begin() + place->first);
    }
    report.records += std::int64_t(records.size());
    if (records.empty()) {
        emit imported(report);
        accept();
        return;
    }
    const QString name = QFileInfo(m_file).fileName();
    const std::string what = (m_repaired.size() == 1 ? tr("Repaired 1 row of %1").arg(name) : tr("Repaired %1 rows of %2").arg(m_repaired.size()).arg(name)).toStdString();
    m_context.bridge.write<std::vector<RecordId>>(
        Touched::Records, this, [records, what](ProjectApi &project, const JobContext &) { return project.addRecords(records, what); },
        [this, report](Result<std::vector<RecordId>> ids) {
            if (!ids) {
                showFailure(ids.error());
                return;
            }
            emit imported(report);
            accept();
        });
}

void ImportDialog::saveReport()
{
    const QString name = m_context.dialogs.saveFile(this, tr("Save report"), QFileInfo(m_file).completeBaseName() + QStringLiteral("-report.txt"),
                                                    tr("Text (*.txt)"));
    if (name.isEmpty())
        return;
    m_context.bridge.readSlowly<void>(
        this,
        [file = name.toStdString(), text = reportText(m_report).toStdString()](const ProjectApi *, const JobContext &context) { return context.engine.writeFile(file, text); },
        [this](Result<> result) {
            if (!result) {
                m_summary->setInk(Ink::Bad); // the report itself stays
                m_summary->setText(QString::fromStdString(result.error().message + ' ' + result.error().hint));
            }
        });
}

void ImportDialog::keyPressEvent(QKeyEvent *event)
{
    const bool isReturn = event->key() == Qt::Key_Return || event->key() == Qt::Key_Enter;
    if (isReturn && (event->modifiers() & Qt::ControlModifier)) {
        startImport();
        return;
    }
    QDialog::keyPressEvent(event);
}

void ImportDialog::paintEvent(QPaintEvent *)
{
    QPainter painter(this);
    painter.fillRect(rect(), tokens().surface1);
}

} // namespace fettle::ui
