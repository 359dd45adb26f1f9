// What becomes of answers: corrections for the data, text and picture for a report. See playgroundpage.h.
#include "ui/playground/playgroundpage.h"

#include "ui/frame/dialogs.h"
#include "ui/playground/answercolumn.h"
#include "ui/playground/columnhead.h"
#include "ui/playground/comparisonpicture.h"
#include "ui/playground/correctiondialog.h"
#include "ui/playground/pastturn.h"
#include "ui/playground/promptparts.h"
#include "ui/playground/samplingbar.h"
#include "ui/playground/servedialog.h"
#include "ui/playground/whydialog.h"
#include "ui/widgets/button.h"

#include <QBuffer>
#include <QClipboard>
#include <QGuiApplication>
#include <QStackedWidget>

namespace fettle::ui {

namespace {

constexpr qsizetype kPictureContext = 2000; // characters of it that a picture shows

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
                                    tr("The question and every answer at its full length, for a report."), [this] { saveComparison(); });
    m_correctAction = addPageAction(QStringLiteral("correctAnswer"), tr("Correct the answer..."), QStringLiteral("pen-line"), QKeySequence(Qt::CTRL | Qt::SHIFT | Qt::Key_K),
                                    tr("This answer is wrong: write the right one, and the next run learns it."), [this] { correct(m_tuned.answer->text().isEmpty() ? m_base : m_tuned); });
}

void PlaygroundPage::explain(const Side &side)
{
    if (bridge().project() == nullptr || m_job != 0)
        return;
    auto *dialog = new WhyDialog(context(), side.asked.adapter, side.head->columnName(), m_conversation.recordOf(m_shown, side.number, side.answer->text()), this);
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
    auto *dialog = new CorrectionDialog(bridge(), {m_conversation.recordOf(m_shown, side.number, side.answer->text().trimmed()), side.head->columnName(), side.asked.adapter}, this);
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

QString PlaygroundPage::settingsText() const
{
    return m_conversation.settings.isEmpty() ? tr("seed %1").arg(m_conversation.seed) : m_conversation.settings;
}

void PlaygroundPage::copyComparison()
{
    QString text;
    if (!m_asked.system.isEmpty())
        text += tr("**System prompt:** %1").arg(m_asked.system) + QLatin1String("\n\n");
    if (!m_asked.context.isEmpty())
        text += tr("**Context:**") + QLatin1String("\n\n") + quoted(m_asked.context) + QLatin1Char('\n');
    if (!m_asked.tools.isEmpty())
        text += tr("**Tools:** %1").arg(toolNames(m_asked.tools).names.join(QStringLiteral(", "))) + QLatin1String("\n\n");
    for (std::size_t i = 0; i < m_shown && i < m_conversation.exchanges.size(); ++i) { // what was said before
        text += tr("**Question:** %1").arg(m_conversation.exchanges[i].question) + QLatin1String("\n\n");
        for (const KeptAnswer &answer : m_conversation.exchanges[i].answers)
            text += QStringLiteral("**%1**\n\n").arg(answer.name) + quoted(answer.text) + QLatin1Char('\n');
    }
    text += tr("**Question:** %1").arg(m_asked.text) + QLatin1String("\n\n");
    text += tr("**Settings:** %1").arg(settingsText()) + QLatin1String("\n\n");
    for (const Side *side : m_columns)
        text += QStringLiteral("**%1** (%2)\n\n").arg(side->head->columnName(), side->head->proof()) + quoted(side->answer->text()) + QLatin1Char('\n');
    QGuiApplication::clipboard()->setText(text);
}

void PlaygroundPage::saveComparison()
{
    const QString file = context().dialogs.saveFile(this, tr("Picture of the comparison"), tr("comparison.png"), tr("Picture (*.png)"));
    if (file.isEmpty())
        return;
    QStringList notes{tr("Settings: %1").arg(settingsText())};
    if (!m_asked.system.isEmpty())
        notes.prepend(tr("System prompt: %1").arg(m_asked.system));
    if (!m_asked.context.isEmpty())
        notes.append(tr("Context: %1").arg(m_asked.context.size() > kPictureContext ? m_asked.context.left(kPictureContext) + QChar(0x2026) : m_asked.context));
    if (!m_asked.tools.isEmpty())
        notes.append(tr("Tools: %1").arg(toolNames(m_asked.tools).names.join(QStringLiteral(", "))));
    std::vector<ColumnHead *> heads;
    for (const Side *side : m_columns)
        heads.push_back(side->head);
    std::vector<PictureTurn> turns;
    for (std::size_t i = 0; i <= m_shown && i < m_conversation.exchanges.size(); ++i) {
        PictureTurn turn{m_conversation.exchanges[i].question.trimmed(), {}};
        for (const Side *side : m_columns)
            turn.answers.push_back(i == m_shown ? side->answer : m_pastTurns[i] != nullptr ? m_pastTurns[i]->answerOf(side->number) : nullptr);
        turns.push_back(std::move(turn));
    }
    bridge().readSlowly<void>(
        this,
        [file = file.toStdString(), image = pictureOf(notes, heads, turns)](const ProjectApi *, const JobContext &context) {
            QByteArray bytes;
            QBuffer buffer(&bytes);
            buffer.open(QIODevice::WriteOnly);
            image.save(&buffer, "PNG");
            return context.engine.writeFile(file, {bytes.constData(), static_cast<std::size_t>(bytes.size())});
        },
        [this, file](Result<> written) { context().showMessage(written ? Message{MessageTone::Info, tr("Written to %1.").arg(file), {}, {}, {}, {}} : messageOf(written.error())); });
}

} // namespace fettle::ui
