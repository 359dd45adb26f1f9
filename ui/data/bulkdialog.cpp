#include "ui/data/bulkdialog.h"

#include "ui/data/changepreview.h"
#include "ui/data/recordwords.h"
#include "ui/widgets/button.h"
#include "ui/widgets/labels.h"

#include <QCheckBox>
#include <QGridLayout>
#include <QLineEdit>
#include <QRadioButton>

namespace fettle::ui {

using namespace measure;

namespace {

constexpr int kPreviewPauseMs = 250; // of typing, before the preview is made again

// What the fix does, in one sentence.
QString fixSentence(engine::RecordFlag flag)
{
    using enum engine::RecordFlag;
    switch (flag) {
    case OddEncoding: return BulkDialog::tr("Letters that were read in the wrong encoding are turned back; control characters go. What cannot be turned back stays.");
    case Boilerplate: return BulkDialog::tr("Sentences in which an assistant speaks of itself are taken out. An answer that holds nothing else is rejected.");
    case PersonalData: return BulkDialog::tr("Addresses and numbers are replaced by [MAIL], [PHONE], [IBAN] and [CARD].");
    case Leak: return BulkDialog::tr("Held-out records whose question is also trained on move to the training part: they would say nothing about what was learnt.");
    case Duplicate: return BulkDialog::tr("The later copies are rejected: the first one of each stays. Nothing is deleted.");
    case NearDuplicate: return BulkDialog::tr("Records that ask nearly the same as an earlier one are rejected. Look at them first: a number may be the point.");
    default: return BulkDialog::tr("These records are rejected: they are left out of training, nothing is deleted.");
    }
}

QCheckBox *box(const QString &text, const QString &help, bool isChecked)
{
    auto *check = new QCheckBox(text);
    check->setToolTip(help);
    check->setChecked(isChecked);
    return check;
}

} // namespace

BulkDialog::BulkDialog(Bridge &bridge, engine::RecordFlag flag, const engine::RecordFilter &filter, QWidget *parent)
    : QDialog(parent), m_bridge(bridge), m_flag(flag), m_filter(filter)
{
    setup(tr("%1: what a fix would change").arg(flagName(flag)), fixSentence(flag));
    lookAgain();
}

BulkDialog::BulkDialog(Bridge &bridge, const engine::RecordFilter &filter, std::vector<RecordId> selected, QWidget *parent)
    : QDialog(parent), m_bridge(bridge), m_filter(filter), m_selected(std::move(selected))
{
    setup(tr("Find and replace"), {});
    m_find->setFocus();
    m_preview->setMessage(tr("Type what shall be replaced; what would change is shown here."));
}

void BulkDialog::setup(const QString &title, const QString &why)
{
    setWindowTitle(title);
    m_pause.setSingleShot(true);
    m_pause.setInterval(kPreviewPauseMs);
    connect(&m_pause, &QTimer::timeout, this, &BulkDialog::lookAgain);
    auto *column = new QVBoxLayout(this);
    column->setContentsMargins(kPaneSide, kPaneTop, kPaneSide, kStep3);
    column->setSpacing(kStep2);
    column->addWidget(titleLabel(title));
    if (m_flag) {
        auto *sentence = mutedLabel(why);
        sentence->setWordWrap(true);
        column->addWidget(sentence);
    } else {
        setupForm(column);
    }
    m_preview = new ChangePreview;
    column->addWidget(m_preview, 1);
    m_problem = mutedLabel({});
    m_problem->setWordWrap(true);
    m_cancel = new Button(tr("Cancel"));
    m_apply = primaryButton(tr("Change"), QStringLiteral("check"), tr("Changes the ticked records as one step, which undo takes back"));
    m_apply->setDefault(true);
    auto *row = new QHBoxLayout;
    row->addWidget(m_problem, 1);
    for (Button *button : {m_cancel, m_apply}) {
        button->setHeight(kButtonLarge);
        row->addWidget(button);
    }
    column->addLayout(row);
    connect(m_cancel, &QAbstractButton::clicked, this, &QDialog::reject);
    connect(m_apply, &QAbstractButton::clicked, this, &BulkDialog::apply);
    connect(m_preview, &ChangePreview::chosenChanged, this, &BulkDialog::showCount);
    connect(this, &QDialog::rejected, this, [this] { m_bridge.cancel(m_job); });
    showCount(0);
    resize(960, 600);
}

void BulkDialog::setupForm(QVBoxLayout *column)
{
    m_find = new QLineEdit;
    m_with = new QLineEdit;
    auto *grid = new QGridLayout;
    grid->setHorizontalSpacing(kStep3);
    grid->setVerticalSpacing(kStep2);
    grid->addWidget(labelFor(m_find, "findText", tr("Find"), tr("The text that is looked for")), 0, 0);
    grid->addWidget(m_find, 0, 1);
    grid->addWidget(labelFor(m_with, "replaceText", tr("Replace with"), tr("The text that is put in its place; empty takes the text out. In a regular expression $1 is the first group.")), 1, 0);
    grid->addWidget(m_with, 1, 1);
    m_case = box(tr("Match case"), tr("Finds only what is written in the same case"), false);
    m_words = box(tr("Whole words"), tr("Leaves longer words that hold the text alone"), false);
    m_regex = box(tr("Regular expression"), tr("Reads the text as a pattern, such as (\\d+) ?mg"), false);
    m_questions = box(tr("Questions"), tr("Looks in what users say"), true);
    m_answers = box(tr("Answers"), tr("Looks in what the assistant says"), true);
    m_context = box(tr("Contexts"), tr("Looks in the context of the question"), true);
    m_other = box(tr("System and tools"), tr("Looks in system texts and results of tools"), false);
    m_notes = box(tr("Notes"), tr("Looks in your notes, which no model reads"), false);
    m_shown = new QRadioButton(tr("Records of the list"));
    m_shown->setToolTip(tr("All records that the filters show"));
    m_chosen = new QRadioButton(tr("Selected %1").arg(countText(qint64(m_selected.size()))));
    m_chosen->setToolTip(tr("Only the records that are selected in the list"));
    const bool hasSelection = m_selected.size() > 1;
    (hasSelection ? m_chosen : m_shown)->setChecked(true);
    m_chosen->setVisible(hasSelection);
    m_shown->setVisible(hasSelection);
    auto *row = new QHBoxLayout;
    row->setSpacing(kStep3);
    for (QWidget *widget : std::initializer_list<QWidget *>{m_case, m_words, m_regex, m_shown, m_chosen})
        row->addWidget(widget);
    row->addStretch(1);
    auto *where = new QHBoxLayout;
    where->setSpacing(kStep3);
    for (QWidget *widget : std::initializer_list<QWidget *>{m_questions, m_answers, m_context, m_other, m_notes})
        where->addWidget(widget);
    where->addStretch(1);
    grid->addLayout(row, 2, 1);
    grid->addWidget(mutedLabel(tr("In")), 3, 0);
    grid->addLayout(where, 3, 1);
    column->addLayout(grid);
    const auto changed = [this] {
        m_apply->setEnabled(false); // what it would do is not what is shown
        m_pause.start();
    };
    for (QLineEdit *field : {m_find, m_with})
        connect(field, &QLineEdit::textChanged, this, changed);
    for (QAbstractButton *button : std::initializer_list<QAbstractButton *>{m_case, m_words, m_regex, m_questions, m_answers, m_context, m_other, m_notes, m_shown})
        connect(button, &QAbstractButton::toggled, this, changed);
}

data::BulkChange BulkDialog::change() const
{
    if (m_flag)
        return *m_flag;
    data::Replacement replacement{m_find->text().toStdString(), m_with->text().toStdString()};
    replacement.isRegex = m_regex->isChecked();
    replacement.isCaseSensitive = m_case->isChecked();
    replacement.isWholeWords = m_words->isChecked();
    replacement.inQuestions = m_questions->isChecked();
    replacement.inAnswers = m_answers->isChecked();
    replacement.inContext = m_context->isChecked();
    replacement.inOtherTurns = m_other->isChecked();
    replacement.inNotes = m_notes->isChecked();
    return replacement;
}

void BulkDialog::lookAgain()
{
    m_bridge.cancel(m_job);
    m_problem->setInk(Ink::Muted);
    m_problem->setText({});
    if (m_find && m_find->text().isEmpty()) {
        m_preview->setMessage(tr("Type what shall be replaced; what would change is shown here."));
        return;
    }
    m_apply->setEnabled(false);
    m_problem->setText(tr("Looking for what would change"));
    const bool isChosen = m_chosen && m_chosen->isChecked();
    m_job = m_bridge.readSlowly<data::BulkPreview>(
        this,
        [change = change(), filter = m_filter, chosen = isChosen ? m_selected : std::vector<RecordId>()](const ProjectApi *project, const JobContext &job) -> Result<data::BulkPreview> {
            if (!project)
                return data::BulkPreview{};
            auto ids = chosen.empty() ? project->recordIds(filter) : Result<std::vector<RecordId>>(chosen);
            if (!ids)
                return passError(ids);
            return project->previewChange(change, *ids, kPreviewedRecords, job.progress, job.stop);
        },
        [this](Result<data::BulkPreview> preview) { receive(std::move(preview)); }, "data bulk");
}

void BulkDialog::receive(Result<data::BulkPreview> preview)
{
    if (!preview) {
        if (preview.error().code == ErrorCode::Cancelled)
            return; // a newer question is on its way
        m_preview->setMessage({});
        m_problem->setInk(Ink::Bad);
        m_problem->setText(QString::fromStdString(preview.error().message + ' ' + preview.error().hint));
        return;
    }
    m_problem->setText({});
    if (preview->changed.empty())
        m_preview->setMessage(m_flag ? tr("There is nothing that a fix would change.") : tr("Nothing was found."));
    else
        m_preview->setPreview(std::move(*preview));
}

void BulkDialog::showCount(qint64 count)
{
    if (!m_apply)
        return; // still being put together
    m_apply->setEnabled(count > 0);
    m_apply->setText(count == 1 ? tr("Change 1 record") : count > 1 ? tr("Change %1 records").arg(countText(count)) : tr("Change"));
}

void BulkDialog::apply()
{
    m_apply->setEnabled(false);
    m_problem->setText(tr("Changing the records"));
    m_job = m_bridge.write<std::int64_t>(
        Touched::Records, this,
        [change = change(), ids = m_preview->chosen()](ProjectApi &project, const JobContext &job) { return project.applyChange(change, ids, job.progress, job.stop); },
        [this](Result<std::int64_t> count) {
            if (!count) {
                m_problem->setInk(Ink::Bad);
                m_problem->setText(QString::fromStdString(count.error().message + ' ' + count.error().hint));
                m_apply->setEnabled(true);
                return;
            }
            m_job = 0;
            emit applied(*count);
            accept();
        });
}

QString BulkDialog::problem() const
{
    return m_problem->text();
}

} // namespace fettle::ui
