// See probedialog.h.
#include "ui/runs/probedialog.h"

#include "ui/theme/tokens.h"
#include "ui/widgets/button.h"
#include "ui/widgets/labels.h"

#include <QFormLayout>
#include <QHBoxLayout>
#include <QPlainTextEdit>
#include <QRegularExpression>
#include <QSpinBox>
#include <QVBoxLayout>

namespace fettle::ui {

using namespace measure;

ProbeDialog::ProbeDialog(const data::ProbeChoice &choice, QWidget *parent) : QDialog(parent)
{
    setWindowTitle(tr("Probe prompts"));
    setMinimumWidth(480);
    auto *column = new QVBoxLayout(this);
    column->setSpacing(kStep3);
    auto *about = mutedLabel(tr("The next runs answer these at every evaluation, so that you can watch the answers change. It costs some seconds each time "
                                "and does not change what is learnt."));
    about->setWordWrap(true);
    column->addWidget(about);
    m_own = new QPlainTextEdit;
    QStringList own;
    for (const std::string &question : choice.own)
        own.append(QString::fromStdString(question));
    m_own->setPlainText(own.join(QStringLiteral("\n\n")));
    m_own->setPlaceholderText(tr("Can I give my dog paracetamol?"));
    m_own->setTabChangesFocus(true);
    m_own->setMinimumHeight(140);
    column->addWidget(labelFor(m_own, "probeQuestions", tr("Your own questions, an empty line between two"), tr("Asked first, as a user would write them.")));
    column->addWidget(m_own);
    auto *form = new QFormLayout;
    form->setHorizontalSpacing(kStep4);
    m_fromHeldOut = new QSpinBox;
    m_fromHeldOut->setRange(0, 64);
    m_fromHeldOut->setValue(int(choice.fromHeldOut));
    form->addRow(labelFor(m_fromHeldOut, "probeRows", tr("Drawn from held-out records"), tr("Records that the run never learns from, some of every tag; 0 draws none.")), m_fromHeldOut);
    m_maxTokens = new QSpinBox;
    m_maxTokens->setRange(1, 1024);
    m_maxTokens->setSuffix(tr(" tokens"));
    m_maxTokens->setValue(int(choice.maxTokens));
    form->addRow(labelFor(m_maxTokens, "probeTokens", tr("Longest answer"), tr("A longer answer is cut off; shorter ones cost less time.")), m_maxTokens);
    column->addLayout(form);
    auto *line = new QHBoxLayout;
    line->addStretch(1);
    auto *cancel = new Button(tr("Cancel"));
    auto *save = primaryButton(tr("Use for the next runs"));
    save->setDefault(true);
    line->addWidget(cancel);
    line->addWidget(save);
    column->addLayout(line);
    connect(cancel, &QPushButton::clicked, this, &QDialog::reject);
    connect(save, &QPushButton::clicked, this, &QDialog::accept);
}

data::ProbeChoice ProbeDialog::choice() const
{
    data::ProbeChoice choice;
    static const QRegularExpression between(QStringLiteral("\\n[ \\t]*\\n\\s*"));
    for (const QString &part : m_own->toPlainText().split(between, Qt::SkipEmptyParts)) {
        if (const QString question = part.trimmed(); !question.isEmpty())
            choice.own.push_back(question.toStdString());
    }
    choice.fromHeldOut = m_fromHeldOut->value();
    choice.maxTokens = m_maxTokens->value();
    return choice;
}

} // namespace fettle::ui
