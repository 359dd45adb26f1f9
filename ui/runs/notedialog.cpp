// See notedialog.h.
#include "ui/runs/notedialog.h"

#include "ui/theme/tokens.h"
#include "ui/widgets/button.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/words.h"

#include <QHBoxLayout>
#include <QPlainTextEdit>
#include <QVBoxLayout>

namespace fettle::ui {

using namespace measure;

NoteDialog::NoteDialog(const engine::CurveNote &note, QWidget *parent) : QDialog(parent), m_note(note)
{
    setWindowTitle(tr("Note at step %1").arg(countText(note.step)));
    setMinimumWidth(380);
    m_text = new QPlainTextEdit(QString::fromStdString(note.text));
    m_text->setTabChangesFocus(true);
    m_text->setMinimumHeight(96);
    m_text->setPlaceholderText(tr("What you saw or did here"));
    m_save = primaryButton(tr("Save"), {}, tr("Keeps the note with the run."));
    m_save->setDefault(true);
    auto *cancel = new Button(tr("Cancel"), {}, tr("Leaves everything as it was."));
    auto *buttons = new QHBoxLayout;
    buttons->setSpacing(kStep2);
    if (note.id != 0) {
        auto *remove = new Button(tr("Remove"), QStringLiteral("trash-2"), tr("Takes the note off the curve."));
        connect(remove, &QPushButton::clicked, this, [this] { done(Removed); });
        buttons->addWidget(remove);
    }
    buttons->addStretch(1);
    buttons->addWidget(cancel);
    buttons->addWidget(m_save);
    auto *column = new QVBoxLayout(this);
    column->setContentsMargins(kPaneSide, kPaneTop, kPaneSide, kStep3);
    column->setSpacing(kStep2);
    column->addWidget(labelFor(m_text, "curveNote", windowTitle(), tr("It is shown as a mark on the curve and in the log of the run.")));
    column->addWidget(m_text);
    column->addLayout(buttons);
    const auto showChoice = [this] { m_save->setEnabled(!m_text->toPlainText().trimmed().isEmpty()); };
    connect(m_text, &QPlainTextEdit::textChanged, this, showChoice);
    connect(cancel, &QPushButton::clicked, this, &QDialog::reject);
    connect(m_save, &QPushButton::clicked, this, &QDialog::accept);
    showChoice();
    m_text->setFocus();
}

engine::CurveNote NoteDialog::note() const
{
    engine::CurveNote note = m_note;
    note.text = m_text->toPlainText().trimmed().toStdString();
    return note;
}

} // namespace fettle::ui
