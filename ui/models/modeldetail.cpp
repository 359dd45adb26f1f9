// See modeldetail.h.
#include "ui/models/modeldetail.h"

#include "ui/frame/recentprojects.h"
#include "ui/models/carddialog.h"
#include "ui/models/methodmemoryview.h"
#include "ui/models/modeltable.h"
#include "ui/widgets/badge.h"
#include "ui/widgets/button.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/words.h"

#include <QDesktopServices>
#include <QFileInfo>
#include <QGridLayout>
#include <QHBoxLayout>
#include <QUrl>
#include <QVBoxLayout>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

namespace fettle::ui {

using namespace measure;

namespace {

constexpr int kNameColumn = 116;

// "3fa9 c1e7 0b52 ... d81c"
QString shortHash(const QString &hash)
{
    return QStringLiteral("%1 %2 %3 \u2026 %4").arg(hash.mid(0, 4), hash.mid(4, 4), hash.mid(8, 4), hash.right(4));
}

void clear(QGridLayout *rows)
{
    while (QLayoutItem *item = rows->takeAt(0)) {
        delete item->widget();
        delete item;
    }
}

// Runs and projects name a model by its path or by its name.
class ModelMatch {
public:
    ModelMatch(EngineApi &engine, std::filesystem::path model) : m_engine(engine), m_model(std::move(model)) { }
    [[nodiscard]] bool operator()(const std::string &name)
    {
        const auto [known, isNew] = m_known.try_emplace(name, false);
        if (isNew) {
            const auto path = m_engine.resolveModel(name);
            std::error_code error;
            known->second = path && (path->lexically_normal() == m_model.lexically_normal() || std::filesystem::equivalent(*path, m_model, error));
        }
        return known->second;
    }

private:
    EngineApi &m_engine;
    std::filesystem::path m_model;
    std::map<std::string, bool> m_known;
};

ModelUser useOf(const ProjectApi &project, ModelMatch &isModel)
{
    ModelUser user{QString::fromStdString(project.name())};
    if (const auto runs = project.runs())
        user.runs = int(std::ranges::count_if(*runs, [&](const engine::RunInfo &run) { return isModel(run.modelPath.empty() ? run.modelName : run.modelPath); }));
    const auto base = nlohmann::json::parse(project.setting("baseModel").value_or("null"), nullptr, false);
    user.isBase = isModel(base.is_string() ? base.get<std::string>() : engine::kDefaultModelName);
    return user;
}

} // namespace

JobId findModelUsers(Bridge &bridge, const std::filesystem::path &model, QObject *receiver, Done<std::vector<ModelUser>> done)
{
    std::vector<std::filesystem::path> folders;
    for (const RecentProject &project : recentProjects())
        folders.emplace_back(project.folder.toStdString());
    return bridge.readSlowly<std::vector<ModelUser>>(
        receiver,
        [model, folders = std::move(folders)](const ProjectApi *, const JobContext &context) -> Result<std::vector<ModelUser>> {
            ModelMatch isModel(context.engine, model);
            std::vector<ModelUser> users;
            for (const std::filesystem::path &folder : folders) {
                if (context.stop.stop_requested())
                    return fail(ErrorCode::Cancelled, "It was cancelled.");
                const auto project = context.engine.openProject(folder, engine::Access::ReadOnly);
                if (!project)
                    continue;
                if (ModelUser user = useOf(**project, isModel); user.runs > 0 || user.isBase)
                    users.push_back(std::move(user));
            }
            return users;
        },
        std::move(done), "model users");
}

ModelDetail::ModelDetail(Bridge &bridge, QWidget *parent) : Pane(Surface::Page, Qt::LeftEdge, parent), m_bridge(bridge)
{
    auto *column = new QVBoxLayout(this);
    column->setContentsMargins(0, kPaneSide, 0, 0);
    column->setSpacing(0);
    auto *head = new QVBoxLayout;
    head->setContentsMargins(kPaneSide, 0, kPaneSide, kPaneSide);
    head->setSpacing(kStep1);
    m_name = titleLabel({});
    m_name->setWordWrap(true);
    auto *title = new QHBoxLayout;
    title->setSpacing(kStep2);
    title->addWidget(m_name, 1);
    head->addLayout(title);
    m_line = mutedLabel({});
    m_line->setWordWrap(true);
    head->addWidget(m_line);
    m_cardLink = new Link(tr("Read the model card"));
    m_cardLink->setObjectName(QStringLiteral("readCard"));
    m_cardLink->setToolTip(tr("What the publisher says about the model: purpose, data, limits."));
    connect(m_cardLink, &Link::clicked, this, &ModelDetail::showCard);
    head->addWidget(m_cardLink);
    m_problem = new TextLabel({}, TextSize::Body, Weight::Regular, Ink::Bad);
    m_problem->setWordWrap(true);
    head->addWidget(m_problem);
    head->addSpacing(kStep1);
    auto *buttons = new QHBoxLayout;
    buttons->setSpacing(kStep2);
    m_train = primaryButton(tr("Train this model"), {}, tr("Makes it the base model of the project and opens Train."));
    m_try = new Button(tr("Try it"), QStringLiteral("columns-2"), tr("Makes it the base model of the project and opens the playground."));
    m_folder = new Button(tr("Show folder"), {}, tr("Opens the folder of the model in the file manager."));
    connect(m_train, &QPushButton::clicked, this, [this] { emit trainWanted(m_model); });
    connect(m_try, &QPushButton::clicked, this, [this] { emit tryWanted(m_model); });
    connect(m_folder, &QPushButton::clicked, this, [this] {
        const QFileInfo info(QString::fromStdString(m_model.path));
        QDesktopServices::openUrl(QUrl::fromLocalFile(info.isDir() ? info.absoluteFilePath() : info.absolutePath()));
    });
    buttons->addWidget(m_train);
    buttons->addWidget(m_try);
    buttons->addWidget(m_folder);
    m_delete = iconButton(QStringLiteral("trash-2"), tr("Delete this model..."), ButtonLook::Normal);
    m_delete->setObjectName(QStringLiteral("deleteModelButton"));
    connect(m_delete, &QPushButton::clicked, this, [this] { emit deleteWanted(m_model); });
    title->addWidget(m_delete, 0, Qt::AlignTop);
    buttons->addStretch(1);
    head->addLayout(buttons);
    column->addLayout(head);
    m_memorySection = new QWidget;
    auto *memory = new QVBoxLayout(m_memorySection);
    memory->setContentsMargins(0, 0, 0, 0);
    memory->setSpacing(0);
    memory->addWidget(new Separator);
    auto *memoryRows = new QVBoxLayout;
    memoryRows->setContentsMargins(kPaneSide, kStep3, kPaneSide, kPaneSide);
    memoryRows->setSpacing(kStep2);
    memoryRows->addWidget(sectionLabel(tr("Memory to train it, measured here")));
    m_memory = new MethodMemoryView(bridge);
    memoryRows->addWidget(m_memory);
    memory->addLayout(memoryRows);
    column->addWidget(m_memorySection);
    addSection(column, tr("What it is"), m_facts);
    addSection(column, tr("Proof"), m_proof);
    addSection(column, tr("Used by"), m_users);
    connect(&bridge, &Bridge::runsChanged, this, &ModelDetail::askForUsers);
    column->addWidget(new Separator);
    column->addStretch(1);
}

void ModelDetail::addSection(QVBoxLayout *column, const QString &title, QGridLayout *&rows)
{
    column->addWidget(new Separator);
    auto *section = new QVBoxLayout;
    section->setContentsMargins(kPaneSide, kStep3, kPaneSide, kPaneSide);
    section->setSpacing(kStep2);
    section->addWidget(sectionLabel(title));
    rows = new QGridLayout;
    rows->setColumnMinimumWidth(0, kNameColumn);
    rows->setColumnStretch(1, 1);
    rows->setHorizontalSpacing(kStep2);
    rows->setVerticalSpacing(kStep1);
    section->addLayout(rows);
    column->addLayout(section);
}

void ModelDetail::addRow(QGridLayout *rows, const QString &name, const QString &value)
{
    if (value.isEmpty())
        return;
    const int row = rows->rowCount();
    rows->addWidget(mutedLabel(name), row, 0, Qt::AlignTop);
    auto *label = new TextLabel(value);
    label->setWordWrap(true);
    label->setTextInteractionFlags(Qt::TextSelectableByMouse);
    rows->addWidget(label, row, 1);
}

void ModelDetail::show(const engine::Inspection &model)
{
    m_model = model;
    m_name->setText(QString::fromStdString(model.name));
    QStringList line;
    if (model.parameters > 0)
        line.append(tr("%1 parameters").arg(largeCountText(double(model.parameters))));
    if (model.context > 0)
        line.append(tr("reads %1 tokens").arg(countText(model.context)));
    line.append(tr("%1 on disk").arg(bytesText(model.fileBytes)));
    m_line->setText(line.join(QStringLiteral(", ")));
    QStringList problems;
    for (const engine::ModelProblem &problem : model.problems)
        problems.append(QString::fromStdString(problem.message + (problem.hint.empty() ? "" : " " + problem.hint)));
    m_problem->setText(problems.join(QLatin1Char('\n')));
    m_problem->setInk(model.trainable ? Ink::Warning : Ink::Bad);
    m_problem->setVisible(!problems.isEmpty());
    clear(m_facts);
    addRow(m_facts, tr("Family"), model.layers > 0 ? tr("%1, %2 blocks, width %3").arg(familyText(model)).arg(model.layers).arg(model.width)
                                                   : familyText(model));
    if (model.heads > 0)
        addRow(m_facts, tr("Heads"), model.keyValueHeads > 0 && model.keyValueHeads != model.heads
                   ? tr("%1, with %2 for keys and values").arg(model.heads).arg(model.keyValueHeads)
                   : countText(model.heads));
    if (model.vocabulary > 0)
        addRow(m_facts, tr("Vocabulary"), tr("%1 tokens").arg(countText(model.vocabulary)));
    addRow(m_facts, tr("Tokenizer"), QString::fromStdString(model.tokenizer));
    addRow(m_facts, tr("Chat template"), model.hasChatTemplate ? tr("yes") : tr("none; a plain one is used"));
    addRow(m_facts, tr("Storage"), QString::fromStdString(model.storage));
    if (const auto code = model.facts.find("code in the folder"); code != model.facts.end())
        addRow(m_facts, tr("Code in the folder"), QString::fromStdString(code->second));
    addRow(m_facts, tr("Licence"), model.licence.empty() ? tr("not stated") : QString::fromStdString(model.licence));
    clear(m_proof);
    m_hash = nullptr;
    auto *file = new ElidedLabel(QString::fromStdString(model.path)); // the cache's names are longer than the column
    file->setElideMode(Qt::ElideMiddle);
    m_proof->addWidget(mutedLabel(tr("File")), m_proof->rowCount(), 0, Qt::AlignTop);
    m_proof->addWidget(file, m_proof->rowCount() - 1, 1);
    if (model.tensors > 0)
        addRow(m_proof, tr("Checked"), tr("%n tensor(s)", nullptr, int(model.tensors)));
    m_memorySection->setVisible(model.trainable);
    if (model.trainable) {
        askForHash();
        m_memory->show(std::filesystem::path(model.path));
    }
    askForCard();
    clear(m_users);
    askForUsers();
    updateActions();
}

void ModelDetail::askForUsers()
{
    if (!isVisible() || m_model.path.empty())
        return;
    findModelUsers(m_bridge, m_model.path, this, [this, path = m_model.path](const Result<std::vector<ModelUser>> &users) {
        if (users && path == m_model.path)
            showUsers(*users);
    });
}

void ModelDetail::showUsers(const std::vector<ModelUser> &users)
{
    clear(m_users);
    if (users.empty())
        m_users->addWidget(mutedLabel(tr("None of the projects that were open lately.")), m_users->rowCount(), 0, 1, 2);
    for (const ModelUser &user : users) {
        auto *row = new QHBoxLayout;
        row->setSpacing(kStep2);
        row->addWidget(new IconLabel(QStringLiteral("activity"), Ink::Muted, kIconSmall));
        row->addWidget(new ElidedLabel(user.project), 1);
        row->addWidget(mutedLabel(user.runs > 0 ? tr("%n run(s)", nullptr, user.runs) : tr("base model, no run yet")));
        auto *line = new QWidget; // goes as a whole when the rows are made anew
        row->setContentsMargins(0, 0, 0, 0);
        line->setLayout(row);
        m_users->addWidget(line, m_users->rowCount(), 0, 1, 2);
    }
}

void ModelDetail::askForHash()
{
    m_bridge.hashModel(std::filesystem::path(m_model.path), this, [this, path = m_model.path](Result<std::string> hash) {
        if (!hash || path != m_model.path || m_hash)
            return;
        const QString text = QString::fromStdString(*hash);
        const int row = m_proof->rowCount();
        m_proof->addWidget(mutedLabel(tr("Weights")), row, 0);
        m_hash = new Badge(shortHash(text));
        m_hash->setMono(true);
        m_hash->setCopyText(text);
        m_hash->setToolTip(tr("SHA-256 of the weights. A click copies the whole of it."));
        m_proof->addWidget(m_hash, row, 1, Qt::AlignLeft);
    });
}

void ModelDetail::askForCard()
{
    m_card.clear();
    m_cardLink->setVisible(false);
    m_bridge.readModelCard(std::filesystem::path(m_model.path), this, [this, path = m_model.path](Result<std::string> card) {
        if (!card || path != m_model.path)
            return; // a model without a readable card is still a model
        m_card = QString::fromStdString(*card);
        m_cardLink->setVisible(!m_card.trimmed().isEmpty());
    });
}

void ModelDetail::showCard()
{
    auto *dialog = new CardDialog(QString::fromStdString(m_model.name), m_card, this);
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->open();
}

void ModelDetail::updateActions()
{
    const bool hasProject = m_bridge.project() != nullptr;
    const QString reason = hasProject ? tr("This model cannot be trained.") : tr("Open a project first.");
    const bool isPossible = hasProject && m_model.trainable;
    m_train->setEnabled(isPossible);
    m_try->setEnabled(isPossible);
    m_train->setToolTip(isPossible ? m_train->accessibleDescription() : reason);
    m_try->setToolTip(isPossible ? m_try->accessibleDescription() : reason);
}

} // namespace fettle::ui
