// See labeldialog.h.
#include "ui/runs/labeldialog.h"

#include "ui/theme/tokens.h"
#include "ui/widgets/button.h"
#include "ui/widgets/labels.h"

#include <QHBoxLayout>
#include <QLineEdit>
#include <QPlainTextEdit>
#include <QVBoxLayout>

namespace fettle::ui {

using namespace measure;

LabelDialog::LabelDialog(const engine::RunLabel &label, QWidget *parent) : QDialog(parent), m_label(label)
{
    setWindowTitle(tr("Name, tags and note"));
    setMinimumWidth(420);
    m_name = new QLineEdit(QString::fromStdString(label.name));
    m_name->setMaxLength(120);
    QStringList tags;
    for (const std::string &tag : label.tags)
        tags.append(QString::fromStdString(tag));
    m_tags = new QLineEdit(tags.join(QStringLiteral(", ")));
    m_tags->setPlaceholderText(tr("baseline, clinic"));
    m_note = new QPlainTextEdit(QString::fromStdString(label.note));
    m_note->setTabChangesFocus(true);
    m_note->setMinimumHeight(96);
    auto *column = new QVBoxLayout(this);
    column->setSpacing(kStep2);
    for (const auto &[editor, object, name, help] : {std::tuple<QWidget *, const char *, QString, QString>{m_name, "runName", tr("Name"), tr("What the run is called everywhere.")},
                                                     {m_tags, "runTags", tr("Tags, with commas between them"), tr("Words by which you find the run again.")},
                                                     {m_note, "runNote", tr("Note"), tr("Why you made the run and what came of it.")}}) {
        column->addWidget(labelFor(editor, object, name, help));
        column->addWidget(editor);
    }
    auto *line = new QHBoxLayout;
    line->addStretch(1);
    auto *cancel = new Button(tr("Cancel"));
    m_save = primaryButton(tr("Save"));
    m_save->setDefault(true);
    line->addWidget(cancel);
    line->addWidget(m_save);
    column->addLayout(line);
    connect(cancel, &QPushButton::clicked, this, &QDialog::reject);
    connect(m_save, &QPushButton::clicked, this, &QDialog::accept);
    connect(m_name, &QLineEdit::textChanged, this, [this](const QString &text) { m_save->setEnabled(!text.simplified().isEmpty()); });
}

engine::RunLabel LabelDialog::label() const
{
    engine::RunLabel label = m_label;
    label.name = m_name->text().simplified().toStdString();
    label.tags.clear();
    for (const QString &tag : m_tags->text().split(QLatin1Char(','), Qt::SkipEmptyParts)) {
        if (!tag.simplified().isEmpty())
            label.tags.push_back(tag.simplified().toStdString());
    }
    label.note = m_note->toPlainText().toStdString();
    return label;
}

} // namespace fettle::ui
