// What a run begins with on the Train page: afresh, with what an earlier run learnt, or on top of it.
#include "ui/frame/dialogs.h"
#include "ui/train/methodchoice.h"
#include "ui/train/trainpage.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/words.h"

#include <QComboBox>
#include <QSignalBlocker>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace fettle::ui {

namespace {

const auto kFolder = QStringLiteral("folder"), kOnto = QStringLiteral("onto ");
constexpr int kRunsOffered = 8;
constexpr int kLeastWidth = 120; // in a narrow window

// What began as PiSSA is plain LoRA of another rank in its file; what full fine-tuning made is a base model itself.
bool canGoOn(const engine::RunInfo &run)
{
    const auto recipe = train::recipeFromJson(nlohmann::json::parse(run.recipeJson, nullptr, false));
    return recipe && recipe->method != "full" && (recipe->method != "lora" || recipe->text("init") != "pissa");
}

// What these methods learn can be written into the weights; full fine-tuning has done so itself.
bool canBeMerged(const engine::RunInfo &run)
{
    return run.method == "lora" || run.method == "ia3" || run.method == "full";
}

} // namespace

QComboBox *TrainPage::makeBegin()
{
    m_begin = new QComboBox;
    m_begin->setObjectName(QStringLiteral("begin"));
    m_begin->setAccessibleName(tr("What the run begins with"));
    m_begin->setToolTip(tr("A run can begin afresh, teach more to what an earlier run learnt, or put a new adapter on a base into which an earlier run is written."));
    m_begin->setSizeAdjustPolicy(QComboBox::AdjustToContents);
    m_begin->setMinimumWidth(kLeastWidth);
    m_begin->addItem(tr("Begins afresh"), QString());
    connect(m_begin, &QComboBox::activated, this, &TrainPage::chooseBegin);
    return m_begin;
}

// Of runs of this base that have a result.
void TrainPage::showBegins()
{
    const QSignalBlocker blocker(m_begin);
    m_begin->clear();
    m_begin->addItem(tr("Begins afresh"), QString());
    std::vector<const engine::RunInfo *> usable, mergeable;
    for (const engine::RunInfo &run : m_runs) {
        if (run.adapter.empty() || run.modelPath != m_modelPath)
            continue;
        if (usable.size() < kRunsOffered && canGoOn(run))
            usable.push_back(&run);
        if (mergeable.size() < kRunsOffered && canBeMerged(run))
            mergeable.push_back(&run);
    }
    for (const engine::RunInfo *run : usable)
        m_begin->addItem(tr("Goes on from %1 (%2)").arg(QString::fromStdString(run->name), methodText(run->method)), QString::number(run->id.value));
    for (const engine::RunInfo *run : mergeable)
        m_begin->addItem(tr("On top of %1 (%2)").arg(QString::fromStdString(run->name), methodText(run->method)), kOnto + QString::number(run->id.value));
    m_begin->addItem(tr("Goes on from a folder..."), kFolder);
    if (!m_adapter.empty() && m_begin->findData(QString::fromStdString(m_adapter)) < 0)
        m_begin->insertItem(1, tr("Goes on from %1").arg(QString::fromStdString(std::filesystem::path(m_adapter).filename().string())), QString::fromStdString(m_adapter));
    const QString chosen = m_onto.empty() ? QString::fromStdString(m_adapter) : kOnto + QString::fromStdString(m_onto);
    m_begin->setCurrentIndex(std::max(0, m_begin->findData(chosen)));
    if (m_begin->currentIndex() == 0)
        m_onto.clear(); // of another base
}

void TrainPage::chooseBegin()
{
    const QString chosen = m_begin->currentData().toString();
    if (chosen.startsWith(kOnto)) {
        beginWith({}, chosen.mid(kOnto.size()).toStdString());
        return;
    }
    if (chosen != kFolder) {
        beginWith(chosen.toStdString());
        return;
    }
    const QString folder = context().dialogs.openFolder(this, tr("Choose the folder of an adapter"));
    if (folder.isEmpty())
        showBegins(); // as it was
    else
        beginWith(folder.toStdString());
}

// adapter: a run's number or a folder; empty: afresh. onto: a run's number; empty: on the base as it is.
void TrainPage::beginWith(const std::string &adapter, const std::string &onto)
{
    m_form->commit();
    m_adapter = adapter;
    m_onto = onto;
    const auto run = std::ranges::find(m_runs, QString::fromStdString(adapter), [](const engine::RunInfo &each) { return QString::number(each.id.value); });
    m_form->setGiven(false);
    if (run != m_runs.end()) { // as it was trained so far
        const auto recipe = train::recipeFromJson(nlohmann::json::parse(run->recipeJson, nullptr, false));
        m_methods->setCurrent(recipe->method); // it was read when the run was offered
        m_form->setRecipe(*recipe, referenceOf(recipe->method));
        showMethod();
    }
    m_form->setGiven(run != m_runs.end());
    showBegins();
    settingsChanged();
}

} // namespace fettle::ui
