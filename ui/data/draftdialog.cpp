#include "ui/data/draftdialog.h"

#include "ui/data/recordwords.h"
#include "ui/widgets/button.h"
#include "ui/widgets/labels.h"

#include <QCheckBox>
#include <QComboBox>
#include <QGridLayout>
#include <QRadioButton>
#include <QSpinBox>

namespace fettle::ui {

using namespace measure;

DraftDialog::DraftDialog(const std::vector<AdapterChoice> &models, qint64 chosen, qint64 listed, QWidget *parent)
    : QDialog(parent), m_chosen(new QRadioButton(chosen == 1 ? tr("This record") : tr("The %1 chosen records").arg(countText(chosen)))),
      m_listed(new QRadioButton(tr("The whole list (%1)").arg(countText(listed)))), m_model(new QComboBox), m_longest(new QSpinBox),
      m_answered(new QCheckBox(tr("Records that have an answer too")))
{
    setWindowTitle(tr("Draft answers"));
    auto *column = new QVBoxLayout(this);
    column->setContentsMargins(kPaneSide, kPaneTop, kPaneSide, kStep3);
    column->setSpacing(kStep2);
    column->addWidget(titleLabel(windowTitle()));
    auto *why = mutedLabel(tr("A model proposes answers. They lie beside your records, and nothing is learnt from one before you accept it."));
    why->setWordWrap(true);
    column->addWidget(why);
    m_chosen->setToolTip(tr("Those that are selected in the table"));
    m_listed->setToolTip(tr("All records that the table lists now"));
    m_answered->setToolTip(tr("Their answers stay as they are until a draft is accepted. Without the tick they are passed over."));
    m_longest->setRange(8, 8192);
    m_longest->setValue(256);
    m_longest->setSuffix(tr(" tokens"));
    m_longest->setFixedWidth(120);
    setAdapterChoices(*m_model, models);
    // A single record is meant, answer or not.
    m_chosen->setChecked(true);
    m_answered->setChecked(chosen == 1);
    column->addWidget(m_chosen);
    column->addWidget(m_listed);
    column->addWidget(m_answered);
    auto *grid = new QGridLayout;
    grid->setHorizontalSpacing(kStep3);
    grid->setColumnStretch(2, 1);
    grid->addWidget(labelFor(m_model, "draftModel", tr("Written by"), tr("The base model, or what a run has made of it")), 0, 0);
    grid->addWidget(labelFor(m_longest, "draftLength", tr("Longest answer"), tr("An answer that is longer is cut, and the draft says so")), 1, 0);
    grid->addWidget(m_model, 0, 1, 1, 2);
    grid->addWidget(m_longest, 1, 1);
    column->addSpacing(kStep1);
    column->addLayout(grid);
    column->addSpacing(kStep2);
    auto *row = new QHBoxLayout;
    row->addStretch(1);
    auto *cancel = new Button(tr("Cancel"));
    auto *draft = primaryButton(tr("Draft"), QStringLiteral("wand-sparkles"), tr("Begins; you can go on working, and stop it at any time"));
    draft->setObjectName(QStringLiteral("startDrafting"));
    draft->setDefault(true);
    for (Button *button : {cancel, draft}) {
        button->setHeight(kButtonLarge);
        row->addWidget(button);
    }
    cancel->setToolTip(tr("Drafts nothing"));
    column->addLayout(row);
    setFixedWidth(440);
    connect(cancel, &QAbstractButton::clicked, this, &QDialog::reject);
    connect(draft, &QAbstractButton::clicked, this, &QDialog::accept);
}

engine::DraftWish DraftDialog::wish() const
{
    const AdapterChoice model = chosenAdapter(*m_model);
    return {model.adapter, model.text.toStdString(), m_longest->value(), m_answered->isChecked()};
}

bool DraftDialog::takesList() const
{
    return m_listed->isChecked();
}

} // namespace fettle::ui
