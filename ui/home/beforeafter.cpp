// See beforeafter.h.
#include "ui/home/beforeafter.h"

#include "ui/widgets/badge.h"
#include "ui/widgets/button.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/words.h"

#include <QHBoxLayout>
#include <QVBoxLayout>

#include <nlohmann/json.hpp>

namespace fettle::ui {

using namespace measure;

namespace {

constexpr const char *kResultKey = "homeAnswers"; // {"run": 7, "answers": {"12": ["base", "tuned"]}}
constexpr int kLongestAnswer = 96;                 // tokens

} // namespace

BeforeAfter::BeforeAfter(Bridge &bridge, QWidget *parent) : Card(parent), m_bridge(bridge)
{
    setupLayout();
    connectBridge();
    setVisible(false);
}

void BeforeAfter::setupLayout()
{
    auto *column = new QVBoxLayout(this);
    column->setContentsMargins(1, 1, 1, 1);
    column->setSpacing(0);
    auto *head = new QHBoxLayout;
    head->setContentsMargins(kPaneSide, kStep2, kPaneSide, kStep2);
    head->setSpacing(kStep2);
    head->addWidget(strongLabel(tr("Before and after")));
    m_place = new ElidedLabel({}, TextSize::Body, Weight::Regular, Ink::Muted);
    head->addWidget(m_place, 1);
    m_previous = iconButton(QStringLiteral("chevron-left"), tr("Previous question"));
    m_next = iconButton(QStringLiteral("chevron-right"), tr("Next question"));
    auto *playground = new Button(tr("Open in playground"), QStringLiteral("columns-2"), tr("Asks this question there, with all settings."));
    for (Button *button : {m_previous, m_next, playground})
        button->setHeight(kButtonSmall);
    head->addWidget(m_previous);
    head->addWidget(m_next);
    head->addWidget(playground);
    column->addLayout(head);
    auto *band = new Pane(Surface::Window, Qt::TopEdge | Qt::BottomEdge);
    auto *bandRow = new QHBoxLayout(band);
    bandRow->setContentsMargins(kPaneSide, kStep3, kPaneSide, kStep3);
    m_question = strongLabel({});
    m_question->setWordWrap(true);
    bandRow->addWidget(m_question, 1);
    m_ask = new Button(tr("Ask both"), QStringLiteral("play"), tr("Lets the base model and the tuned model answer, with the same settings."));
    m_ask->setHeight(kButtonSmall);
    bandRow->addWidget(m_ask);
    column->addWidget(band);

    auto *sides = new QHBoxLayout;
    sides->setSpacing(0);
    const auto addSide = [&](TextLabel *name, Badge *badge, TextLabel *answer) {
        auto *side = new QVBoxLayout;
        side->setContentsMargins(kPaneSide, kStep3, kPaneSide, kStep3);
        side->setSpacing(6);
        auto *title = new QHBoxLayout;
        title->setSpacing(kStep2);
        title->addWidget(name);
        title->addWidget(badge);
        title->addStretch(1);
        side->addLayout(title);
        answer->setWordWrap(true);
        answer->setAlignment(Qt::AlignTop | Qt::AlignLeft);
        answer->setTextInteractionFlags(Qt::TextSelectableByMouse);
        side->addWidget(answer, 1);
        sides->addLayout(side, 1);
    };
    m_base = mutedLabel({});
    m_tuned = new TextLabel;
    m_tunedName = strongLabel({});
    m_adapterBadge = new Badge(tr("Adapter on"), BadgeTone::Accent, QStringLiteral("power"));
    addSide(strongLabel(tr("Base")), new Badge(tr("Adapter off"), BadgeTone::Neutral, QStringLiteral("power-off")), m_base);
    sides->addWidget(new Separator(Qt::Vertical));
    addSide(m_tunedName, m_adapterBadge, m_tuned);
    column->addLayout(sides);

    connect(m_previous, &QPushButton::clicked, this, [this] { step(-1); });
    connect(m_next, &QPushButton::clicked, this, [this] { step(1); });
    connect(m_ask, &QPushButton::clicked, this, &BeforeAfter::ask);
    connect(playground, &QPushButton::clicked, this, [this] { emit playgroundWanted(m_question->text()); });
}

void BeforeAfter::connectBridge()
{
    connect(&m_bridge, &Bridge::tokensGenerated, this, [this](JobId job, const std::vector<engine::GeneratedToken> &tokens) {
        if (job != m_job)
            return;
        Answers &answers = m_answers[m_asked.value];
        for (const engine::GeneratedToken &token : tokens)
            (token.column == 0 ? answers.base : answers.tuned) += QString::fromStdString(token.text);
        showAnswers();
    });
}

void BeforeAfter::show(const engine::RunInfo *run, const std::vector<RecordId> &heldOut)
{
    const bool hasBoth = run && !heldOut.empty();
    setVisible(hasBoth);
    if (!hasBoth)
        return;
    if (run->id != m_run.id || m_answers.isEmpty()) {
        m_run = *run;
        m_answers.clear();
        loadKept();
    }
    m_heldOut = heldOut;
    m_index = qBound(0, m_index, int(heldOut.size()) - 1);
    m_tunedName->setText(QString::fromStdString(run->name));
    m_tunedName->setMaximumWidth(QWIDGETSIZE_MAX);
    loadQuestion();
}

void BeforeAfter::step(int by)
{
    m_index = qBound(0, m_index + by, int(m_heldOut.size()) - 1);
    loadQuestion();
}

void BeforeAfter::loadQuestion()
{
    m_place->setText(tr("held-out question %1 of %2, never seen in training").arg(m_index + 1).arg(countText(qint64(m_heldOut.size()))));
    m_ask->setVisible(false); // until the question is here
    m_previous->setEnabled(m_index > 0);
    m_next->setEnabled(m_index + 1 < int(m_heldOut.size()));
    m_bridge.read<data::Record>(
        this,
        [id = m_heldOut[std::size_t(m_index)]](const ProjectApi *project, const JobContext &) -> Result<data::Record> {
            if (!project)
                return fail(ErrorCode::NotFound, tr("No project is open.").toStdString());
            return project->record(id);
        },
        [this](Result<data::Record> record) {
            if (record)
                showQuestion(*record);
        },
        "home question");
}

void BeforeAfter::showQuestion(const data::Record &record)
{
    m_record = record;
    m_question->setText(QString::fromStdString(std::string(data::instructionOf(record))));
    showAnswers();
}

void BeforeAfter::showAnswers()
{
    const auto found = m_answers.constFind(m_record.id.value);
    const bool isAsking = m_job != 0 && m_asked == m_record.id;
    const bool hasAnswers = found != m_answers.constEnd();
    m_base->setText(hasAnswers ? found->base : QString());
    m_tuned->setText(hasAnswers ? found->tuned : QString());
    if (!hasAnswers && !isAsking) {
        m_base->setText(tr("Not asked yet."));
        m_tuned->setText(tr("Not asked yet."));
    } else if (isAsking && !hasAnswers) {
        m_base->setText(tr("Loading the model..."));
    }
    m_tuned->setInk(hasAnswers ? Ink::Text : Ink::Muted);
    m_ask->setVisible(m_record.id.isValid() && !hasAnswers && !isAsking);
    m_ask->setEnabled(m_job == 0);
}

void BeforeAfter::ask()
{
    engine::GenerateRequest request;
    request.columns = {{"base", 1.0}, {std::to_string(m_run.id.value), 1.0}};
    for (const data::Turn &turn : m_record.turns) {
        if (turn.role == data::Role::Assistant)
            break; // the model writes this one
        request.conversation.push_back(turn);
    }
    if (!m_record.context.empty()) {
        for (data::Turn &turn : request.conversation) {
            if (turn.role == data::Role::User) {
                turn.text += "\n" + m_record.context;
                break;
            }
        }
    }
    if (data::systemOf(m_record).empty()) {
        const QString system = m_bridge.settingText("defaultSystem");
        if (!system.isEmpty())
            request.conversation.insert(request.conversation.begin(), {data::Role::System, system.toStdString(), {}});
    }
    request.sampling.greedy = true;
    request.sampling.maxTokens = kLongestAnswer;
    m_asked = m_record.id;
    const std::string model = m_run.modelPath.empty() ? m_bridge.baseModel() : m_run.modelPath;
    m_job = m_bridge.generate(model, request, this, [this](auto results) { finish(std::move(results)); });
    showAnswers();
}

void BeforeAfter::finish(Result<std::vector<engine::ColumnResult>> results)
{
    m_job = 0;
    if (!results || results->size() < 2) {
        m_answers.remove(m_asked.value);
        if (!results)
            emit m_bridge.errorOccurred(results.error());
    } else {
        m_answers[m_asked.value] = {QString::fromStdString((*results)[0].text), QString::fromStdString((*results)[1].text)};
        keep();
    }
    showAnswers();
}

void BeforeAfter::loadKept()
{
    const QString text = m_bridge.settingText(kResultKey);
    const auto json = nlohmann::json::parse(text.toStdString(), nullptr, false);
    if (!json.is_object() || json.value("run", std::int64_t{0}) != m_run.id.value || !json.contains("answers")
        || !json["answers"].is_object())
        return;
    for (const auto &[key, value] : json["answers"].items()) {
        if (value.is_array() && value.size() == 2 && value[0].is_string() && value[1].is_string())
            m_answers[QString::fromStdString(key).toLongLong()] = {QString::fromStdString(value[0].get<std::string>()),
                                                                   QString::fromStdString(value[1].get<std::string>())};
    }
}

void BeforeAfter::keep()
{
    nlohmann::json answers = nlohmann::json::object();
    for (auto it = m_answers.constBegin(); it != m_answers.constEnd(); ++it)
        answers[std::to_string(it.key())] = {it->base.toStdString(), it->tuned.toStdString()};
    const nlohmann::json json{{"run", m_run.id.value}, {"answers", answers}};
    m_bridge.setSettingText(kResultKey, QString::fromStdString(json.dump()));
}

} // namespace fettle::ui
