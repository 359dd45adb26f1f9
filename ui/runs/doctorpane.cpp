// See doctorpane.h.
#include "ui/runs/doctorpane.h"

#include "ui/data/flowlayout.h"
#include "ui/runs/runwords.h"
#include "ui/widgets/button.h"
#include "ui/widgets/card.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/scrollpane.h"
#include "ui/widgets/words.h"

#include <QHBoxLayout>
#include <QScrollArea>
#include <QVBoxLayout>

#include <algorithm>

namespace fettle::ui {

using namespace measure;

namespace {

// Null where nothing can be done by a button.
Button *cureButton(const RunFinding &finding)
{
    switch (finding.cure) {
    case Cure::None: return nullptr;
    case Cure::MakeResult:
        return new Button(DoctorPane::tr("Make step %1 the result").arg(countText(finding.cureValue.toLongLong())), QStringLiteral("package-check"),
                          DoctorPane::tr("The checkpoint with the lowest held-out loss becomes what the run gives."));
    case Cure::TrainAgain:
        return new Button(DoctorPane::tr("Try %1").arg(assignmentText(finding.cureValue)), QStringLiteral("sliders-horizontal"),
                          DoctorPane::tr("Fills the Train page with the settings of this run and this one changed. Nothing starts yet."));
    case Cure::ShowRecords:
        return new Button(DoctorPane::tr("Show the records"), QStringLiteral("database"), DoctorPane::tr("Lists the records that this is about on the Data page."));
    }
    return nullptr;
}

} // namespace

DoctorPane::DoctorPane(QWidget *parent) : QWidget(parent)
{
    auto *content = new Pane(Surface::Page);
    m_column = new QVBoxLayout(content);
    m_column->setContentsMargins(0, 0, 0, 0);
    m_column->setSpacing(0);
    m_nothing = mutedLabel({});
    m_nothing->setWordWrap(true);
    m_nothing->setContentsMargins(kPaneSide, kStep3, kPaneSide, kStep3);
    m_column->addWidget(m_nothing);
    m_column->addStretch(1);
    auto *all = new QVBoxLayout(this);
    all->setContentsMargins(0, 0, 0, 0);
    all->addWidget(scrollPane(content));
    setDiagnosis({}, false);
}

void DoctorPane::setDiagnosis(Diagnosis diagnosis, bool hasSteps)
{
    std::vector<RunFinding> &findings = diagnosis.findings;
    showSound(std::move(diagnosis.sound));
    const auto isSame = [](const RunFinding &a, const RunFinding &b) { return a.what == b.what && a.remedy == b.remedy && a.from == b.from && a.to == b.to && a.cure == b.cure; };
    m_nothing->setText(hasSteps ? tr("Nothing found: the curves look as they should.") : tr("The doctor looks at the curves as soon as there are some."));
    m_nothing->setVisible(findings.empty());
    if (std::ranges::equal(findings, m_findings, isSame))
        return; // a button that is being pressed stays
    qDeleteAll(m_blocks);
    m_blocks.clear();
    m_findings = std::move(findings);
    for (const RunFinding &finding : m_findings)
        addBlock(finding);
}

void DoctorPane::showReading()
{
    m_nothing->setText(tr("The doctor is reading the curves."));
}

void DoctorPane::addBlock(const RunFinding &finding)
{
    auto *pane = new Pane(Surface::Page, Qt::BottomEdge);
    auto *rows = new QVBoxLayout(pane);
    rows->setContentsMargins(kPaneSide, kStep3, kPaneSide, kStep3);
    rows->setSpacing(kStep2);
    auto *head = new QHBoxLayout;
    head->setSpacing(kStep2);
    head->addWidget(new IconLabel(QStringLiteral("triangle-alert"), Ink::Warning));
    head->addWidget(strongLabel(ailmentTitle(finding.ailment)), 1);
    rows->addLayout(head);
    for (auto *label : {new TextLabel(finding.what), mutedLabel(finding.remedy)}) {
        label->setWordWrap(true);
        rows->addWidget(label);
    }
    auto *buttons = new FlowLayout(kStep2, kStep2);
    auto *show = new Button(tr("Show where"), QStringLiteral("zoom-in"), tr("Marks the steps that show it on the curve."));
    show->setHeight(kButtonSmall);
    connect(show, &QPushButton::clicked, this, [this, finding] { emit showWished(finding); });
    buttons->addWidget(show);
    if (Button *cure = cureButton(finding)) {
        cure->setHeight(kButtonSmall);
        connect(cure, &QPushButton::clicked, this, [this, finding] { emit cureWished(finding); });
        buttons->addWidget(cure);
    }
    rows->addLayout(buttons);
    m_column->insertWidget(m_column->indexOf(m_soundPane), pane);
    m_blocks.append(pane);
}

void DoctorPane::showSound(std::vector<SoundCheck> sound)
{
    const auto isSame = [](const SoundCheck &a, const SoundCheck &b) { return a.name == b.name && a.detail == b.detail; };
    if (m_soundPane && std::ranges::equal(sound, m_sound, isSame))
        return;
    m_sound = std::move(sound);
    delete m_soundPane;
    m_soundPane = new QWidget;
    auto *rows = new QVBoxLayout(m_soundPane);
    rows->setContentsMargins(kPaneSide, kStep3, kPaneSide, kStep3);
    rows->setSpacing(kStep1);
    if (!m_sound.empty())
        rows->addWidget(sectionLabel(tr("Looked at and in order")));
    for (const SoundCheck &check : m_sound) {
        auto *row = new QHBoxLayout;
        row->setSpacing(kStep2);
        row->addWidget(new IconLabel(QStringLiteral("check"), Ink::Good));
        row->addWidget(new TextLabel(check.name));
        row->addStretch(1);
        row->addWidget(smallLabel(check.detail));
        rows->addLayout(row);
    }
    m_column->insertWidget(m_column->count() - 1, m_soundPane); // above the room that is left
}

} // namespace fettle::ui
