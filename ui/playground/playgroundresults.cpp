// What becomes of answers: corrections for the data, text and picture for a report. See playgroundpage.h.
#include "ui/playground/playgroundpage.h"

#include "ui/frame/dialogs.h"
#include "ui/playground/answercolumn.h"
#include "ui/playground/columnhead.h"
#include "ui/playground/correctiondialog.h"
#include "ui/playground/servedialog.h"
#include "ui/playground/whydialog.h"
#include "ui/widgets/button.h"

#include <QBuffer>
#include <QClipboard>
#include <QGuiApplication>
#include <QStackedWidget>

namespace fettle::ui {

namespace {

// As a quotation, so that the answer's own marks do not leave it.
QString quoted(const QString &text)
{
    QString result;
    for (const QString &line : text.split(QLatin1Char('\n')))
        result += QStringLiteral("> ") + line + QLatin1Char('\n');
    return result;
}

} // namespace

void PlaygroundPage::setupResults()
{
    m_copyAction = addPageAction(QStringLiteral("copyComparison"), tr("Copy the comparison as Markdown"), QStringLiteral("copy"), QKeySequence(Qt::CTRL | Qt::SHIFT | Qt::Key_C),
                                 tr("Question, answers and settings as text for a report."), [this] { copyComparison(); });
    connect(&bridge(), &Bridge::servingChanged, this, &PlaygroundPage::showServing);
    showServing();
    m_pictureAction = addPageAction(QStringLiteral("saveComparison"), tr("Save a picture of the comparison..."), QStringLiteral("camera"), {},
                                    tr("The columns as they stand here, for a report."), [this] { saveComparison(); });
    m_correctAction = addPageAction(QStringLiteral("correctAnswer"), tr("Correct the answer..."), QStringLiteral("pen-line"), QKeySequence(Qt::CTRL | Qt::Key_K | Qt::SHIFT),
                                    tr("This answer is wrong: write the right one, and the next run learns it."), [this] { correct(m_tuned.answer->text().isEmpty() ? m_base : m_tuned); });
}

void PlaygroundPage::explain(const Side &side)
{
    if (bridge().project() == nullptr || m_job != 0)
        return;
    auto turns = m_conversation.turns(m_shown, side.number);
    turns.push_back({data::Role::Assistant, side.answer->text().toStdString(), {}});
    auto *dialog = new WhyDialog(context(), side.asked.adapter, side.head->columnName(), std::move(turns), this);
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->open();
}

void PlaygroundPage::openServing()
{
    if (bridge().project() == nullptr)
        return;
    std::vector<AdapterChoice> results = m_choices;
    std::erase_if(results, [](const AdapterChoice &choice) { return choice.adapter == engine::kLiveAdapter; }); // it ends before the service does
    auto *dialog = new ServeDialog(bridge(), results, this);
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->open();
}

void PlaygroundPage::showServing()
{
    const ServingState &state = bridge().serving();
    m_serveButton->setText(state.isOn ? tr("Serving") : tr("Serve..."));
    m_serveButton->setInk(state.isOn ? Ink::Accent : Ink::Text);
    m_serveButton->setEnabled(bridge().project() != nullptr);
    m_serveButton->setToolTip(state.isOn ? tr("Programs on this computer can ask: %n answered so far.", nullptr, state.answered)
                                         : tr("Lets your own programs on this computer ask the model. Off."));
}

void PlaygroundPage::correct(const Side &side)
{
    if (bridge().project() == nullptr || m_job != 0 || side.answer->text().isEmpty())
        return;
    auto *dialog = new CorrectionDialog(bridge(), {m_asked.text, m_asked.system, side.answer->text(), side.head->columnName(), side.head->choice().adapter}, this);
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    connect(dialog, &QDialog::accepted, this, [this, dialog] {
        bridge().write<std::vector<RecordId>>(
            Touched::Records, this, [record = dialog->record()](ProjectApi &project, const JobContext &) { return project.addRecords({record}, "correction"); },
            [this](Result<std::vector<RecordId>> added) {
                if (!added) {
                    context().showMessage(messageOf(added.error()));
                    return;
                }
                const QString target = QStringLiteral("record %1").arg(added->front().value);
                context().showMessage({MessageTone::Info, tr("Saved as record %1. The next run learns it.").arg(added->front().value), {}, {}, tr("Show in Data"),
                                       [this, target] { context().openPage(QStringLiteral("data"), target); }});
            });
    });
    dialog->open();
}

void PlaygroundPage::copyComparison()
{
    QString text;
    if (!m_asked.system.isEmpty())
        text += tr("**System prompt:** %1").arg(m_asked.system) + QLatin1String("\n\n");
    for (std::size_t i = 0; i < m_shown && i < m_conversation.exchanges.size(); ++i) { // what was said before
        text += tr("**Question:** %1").arg(m_conversation.exchanges[i].question) + QLatin1String("\n\n");
        for (const KeptAnswer &answer : m_conversation.exchanges[i].answers)
            text += QStringLiteral("**%1**\n\n").arg(answer.name) + quoted(answer.text) + QLatin1Char('\n');
    }
    text += tr("**Question:** %1").arg(m_asked.text) + QLatin1String("\n\n");
    for (const Side *side : m_columns)
        text += QStringLiteral("**%1** (%2)\n\n").arg(side->head->columnName(), side->head->proof()) + quoted(side->answer->text()) + QLatin1Char('\n');
    QGuiApplication::clipboard()->setText(text);
}

void PlaygroundPage::saveComparison()
{
    const QString file = context().dialogs.saveFile(this, tr("Picture of the comparison"), tr("comparison.png"), tr("Picture (*.png)"));
    if (file.isEmpty())
        return;
    QByteArray bytes;
    QBuffer buffer(&bytes);
    buffer.open(QIODevice::WriteOnly);
    m_columnArea->grab().save(&buffer, "PNG");
    bridge().readSlowly<void>(
        this, [file = file.toStdString(), bytes](const ProjectApi *, const JobContext &context) { return context.engine.writeFile(file, {bytes.constData(), static_cast<std::size_t>(bytes.size())}); },
        [this, file](Result<> written) { context().showMessage(written ? Message{MessageTone::Info, tr("Written to %1.").arg(file), {}, {}, {}, {}} : messageOf(written.error())); });
}

} // namespace fettle::ui
