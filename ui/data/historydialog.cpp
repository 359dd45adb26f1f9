#include "ui/data/historydialog.h"

#include "ui/bridge/bridge.h"
#include "ui/data/markedtext.h"
#include "ui/data/recordwords.h"
#include "ui/widgets/button.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/scrollpane.h"

#include <QDateTime>
#include <QEvent>
#include <QGridLayout>
#include <QLabel>
#include <QListWidget>

#include <algorithm>

namespace fettle::ui {

using namespace measure;

namespace {

QString timeOf(const engine::JournalEntry &entry)
{
    const auto when = QDateTime::fromString(QString::fromStdString(entry.when), Qt::ISODate);
    if (!when.isValid())
        return QString::fromStdString(entry.when);
    const bool isToday = when.date() == QDate::currentDate(); // which whenText says by the time alone
    return isToday ? HistoryDialog::tr("today, %1").arg(whenText(when)) : HistoryDialog::tr("%1, %2").arg(whenText(when), when.toString(QStringLiteral("HH:mm")));
}

// Tags, rating and note in one line.
QString aboutOf(const data::Record &record)
{
    QStringList tags;
    for (const std::string &tag : record.tags)
        tags << QString::fromStdString(tag);
    QStringList parts{tags.isEmpty() ? HistoryDialog::tr("no tags") : HistoryDialog::tr("tags: %1").arg(tags.join(QStringLiteral(", "))),
                      record.rating > 0 ? HistoryDialog::tr("rated %1 of 5").arg(record.rating) : HistoryDialog::tr("not rated"), statusName(record.status)};
    if (!record.note.empty())
        parts << HistoryDialog::tr("note: %1").arg(QString::fromStdString(record.note));
    return parts.join(QStringLiteral("; "));
}

// Of a conversation, or where the system text is another one: every turn with who speaks.
std::string wholeText(const data::Record &record)
{
    std::string text;
    for (const data::Turn &turn : record.turns)
        text += (text.empty() ? "" : "\n\n") + roleName(turn.role).toStdString() + ":\n" + turn.text + turn.extraJson;
    return text;
}

// Whether putting a version back would change nothing.
bool isSameText(const data::Record &a, const data::Record &b)
{
    return a.turns == b.turns && a.context == b.context && a.toolsJson == b.toolsJson && a.tags == b.tags && a.rating == b.rating && a.note == b.note;
}

} // namespace

HistoryDialog::HistoryDialog(Bridge &bridge, const data::Record &now, QWidget *parent) : QDialog(parent), m_now(now)
{
    setWindowTitle(tr("History of record %1").arg(countText(now.id.value)));
    m_list = new QListWidget;
    m_list->setAccessibleName(tr("Versions, newest first"));
    m_list->setToolTip(tr("Every change of this record, newest first; the last one is how it came into the project"));
    m_list->setFixedWidth(280);
    m_list->setWordWrap(true);
    m_list->setSpacing(kStep1);
    m_problem = mutedLabel(tr("Reading the history"));
    m_problem->setWordWrap(true);
    m_putBack = primaryButton(tr("Put this version back"), QStringLiteral("history"), tr("Gives the record the text, tags, rating and note of this version; undo takes it back"));
    m_putBack->setHeight(kButtonLarge);
    m_putBack->setEnabled(false);
    auto *close = new Button(tr("Close"));
    close->setHeight(kButtonLarge);

    auto *middle = new QHBoxLayout;
    middle->setSpacing(kStep3);
    middle->addWidget(m_list);
    middle->addWidget(makeComparison(), 1);
    auto *row = new QHBoxLayout;
    row->addWidget(m_problem, 1);
    row->addWidget(close);
    row->addWidget(m_putBack);
    auto *column = new QVBoxLayout(this);
    column->setContentsMargins(kPaneSide, kPaneTop, kPaneSide, kStep3);
    column->setSpacing(kStep3);
    column->addWidget(titleLabel(windowTitle()));
    column->addLayout(middle, 1);
    column->addLayout(row);
    resize(960, 560);

    connect(close, &QAbstractButton::clicked, this, &QDialog::reject);
    connect(m_list, &QListWidget::currentRowChanged, this, &HistoryDialog::showVersion);
    connect(m_putBack, &QAbstractButton::clicked, this, [this] {
        data::Record record = m_versions[std::size_t(m_list->currentRow())].record;
        record.status = m_now.status;
        record.split = m_now.split;
        emit putBack(record);
        accept();
    });
    bridge.read<std::vector<engine::RecordVersion>>(
        this,
        [id = now.id](const ProjectApi *project, const JobContext &) -> Result<std::vector<engine::RecordVersion>> {
            return project ? project->recordHistory(id) : Result<std::vector<engine::RecordVersion>>();
        },
        [this](Result<std::vector<engine::RecordVersion>> versions) {
            if (versions)
                receive(std::move(*versions));
            else
                m_problem->setText(QString::fromStdString(versions.error().message + " " + versions.error().hint));
        });
}

QWidget *HistoryDialog::makeComparison()
{
    auto *content = new QWidget;
    auto *grid = new QGridLayout(content);
    grid->setContentsMargins(0, 0, kStep2, 0);
    grid->setHorizontalSpacing(kStep5);
    grid->setVerticalSpacing(3);
    grid->setColumnStretch(0, 1);
    grid->setColumnStretch(1, 1);
    m_thenHead = strongLabel({});
    m_thenHead->setWordWrap(true);
    grid->addWidget(m_thenHead, 0, 0);
    grid->addWidget(strongLabel(tr("Now")), 0, 1);
    int column = 0;
    for (Side *side : {&m_then, &m_present}) {
        const QString when = column == 0 ? tr("then") : tr("now");
        side->instruction = markedLabel(tr("Instruction, %1").arg(when));
        side->context = markedLabel(tr("Context, %1").arg(when));
        side->response = markedLabel(tr("Response, %1").arg(when));
        side->about = smallLabel({});
        side->about->setWordWrap(true);
        int line = 1;
        for (const auto &[name, label] : {std::pair{tr("Instruction"), side->instruction}, std::pair{tr("Context"), side->context}, std::pair{tr("Response"), side->response}}) {
            auto *head = sectionLabel(name);
            head->setContentsMargins(0, kStep2, 0, 0);
            grid->addWidget(head, line++, column);
            grid->addWidget(label, line++, column);
            if (label == side->context)
                m_contextParts << head << label;
            else if (label == side->response)
                m_responseParts << head << label;
            else
                m_instructionHeads << head;
        }
        side->about->setContentsMargins(0, kStep3, 0, 0);
        grid->addWidget(side->about, line, column++);
    }
    grid->setRowStretch(8, 1);
    return scrollPane(content);
}

void HistoryDialog::receive(std::vector<engine::RecordVersion> versions)
{
    m_versions = std::move(versions);
    m_problem->setText(m_versions.size() == 1 ? tr("This record has not been changed.") : QString());
    for (const engine::RecordVersion &version : m_versions)
        m_list->addItem(timeOf(version.entry) + QLatin1Char('\n') + QString::fromStdString(version.entry.what));
    // What one looks for is the last text that was another one.
    const auto other = std::ranges::find_if(m_versions, [this](const engine::RecordVersion &version) { return !isSameText(version.record, m_now); });
    m_list->setCurrentRow(other == m_versions.end() ? 0 : int(other - m_versions.begin()));
    m_list->setFocus();
}

void HistoryDialog::showVersion(int index)
{
    if (index < 0 || index >= int(m_versions.size()))
        return;
    const data::Record &then = m_versions[std::size_t(index)].record;
    m_thenHead->setText(index == int(m_versions.size()) - 1 ? tr("As it came in") : timeOf(m_versions[std::size_t(index)].entry));
    const auto compare = [](QLabel *left, QLabel *right, std::string_view before, std::string_view after) {
        const WordDiff diff = diffWords(before, after);
        left->setText(markedHtml(before, diff.onlyLeft, Mark::Removed));
        right->setText(markedHtml(after, diff.onlyRight, Mark::Added));
    };
    const bool isWhole = !data::isPair(then) || !data::isPair(m_now) || data::systemOf(then) != data::systemOf(m_now);
    for (TextLabel *head : m_instructionHeads)
        head->setText(isWhole ? tr("Conversation") : tr("Instruction"));
    if (isWhole)
        compare(m_then.instruction, m_present.instruction, wholeText(then), wholeText(m_now));
    else
        compare(m_then.instruction, m_present.instruction, data::instructionOf(then), data::instructionOf(m_now));
    compare(m_then.context, m_present.context, then.context, m_now.context);
    compare(m_then.response, m_present.response, data::responseOf(then), data::responseOf(m_now));
    for (QWidget *part : m_responseParts)
        part->setVisible(!isWhole);
    for (QWidget *part : m_contextParts)
        part->setVisible(!then.context.empty() || !m_now.context.empty());
    m_then.about->setText(aboutOf(then));
    m_present.about->setText(aboutOf(m_now));
    m_putBack->setEnabled(!isSameText(then, m_now));
}

void HistoryDialog::changeEvent(QEvent *event)
{
    QDialog::changeEvent(event);
    if (event->type() == QEvent::PaletteChange && m_list)
        showVersion(m_list->currentRow()); // the marks carry colours
}

} // namespace fettle::ui
