// See promptparts.h.
#include "ui/playground/promptparts.h"

#include "ui/theme/tokens.h"
#include "ui/widgets/button.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/textfield.h"

#include <QHBoxLayout>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QVBoxLayout>

namespace fettle::ui {

using namespace measure;

ToolNames toolNames(const QString &json)
{
    if (json.trimmed().isEmpty())
        return {};
    QJsonParseError error;
    const QJsonDocument document = QJsonDocument::fromJson(json.toUtf8(), &error);
    if (error.error != QJsonParseError::NoError)
        return {{}, PromptParts::tr("The tools are no JSON, from character %1 on: %2.").arg(error.offset).arg(error.errorString())};
    if (!document.isArray())
        return {{}, PromptParts::tr("The tools must be a list: [ ... ].")};
    ToolNames tools;
    for (const QJsonValue &value : document.array()) {
        const QJsonObject tool = value.toObject();
        const QJsonObject function = tool.value(QLatin1String("function")).toObject(); // as OpenAI writes them
        const QString name = (function.isEmpty() ? tool : function).value(QLatin1String("name")).toString();
        if (name.isEmpty())
            return {{}, PromptParts::tr("Tool %1 has no name.").arg(tools.names.size() + 1)};
        tools.names.append(name);
    }
    return tools;
}

PromptParts::PromptParts(QWidget *parent) : QWidget(parent)
{
    m_button = quietButton({}, QStringLiteral("chevron-right"), tr("A text that the question is about, and tools that the model may call."));
    m_button->setObjectName(QStringLiteral("promptParts"));
    m_button->setCheckable(true);
    connect(m_button, &QPushButton::toggled, this, &PromptParts::setOpen);
    auto *row = new QHBoxLayout(this);
    row->setContentsMargins(0, 0, 0, 0);
    row->setSpacing(kStep3);
    m_note = smallLabel({});
    m_note->setObjectName(QStringLiteral("toolNote"));
    auto *nothing = smallLabel(tr("joined to the first question, as in training"));
    m_context = addField(row, "context", tr("Context"), tr("A text that the first question is about: a letter, a table, a report."), nothing);
    m_tools = addField(row, "tools", tr("Tools"), tr("What the model may call: a JSON list of tool definitions, as OpenAI has them."), m_note);
    m_tools->setFont(monoFont());
    setVisible(false);
    update();
}

QPlainTextEdit *PromptParts::addField(QHBoxLayout *row, const char *objectName, const QString &name, const QString &help, TextLabel *note)
{
    auto *edit = new TextField;
    edit->setFixedHeight(qRound(76 * textScale()));
    edit->setPlaceholderText(tr("none"));
    auto *column = new QVBoxLayout;
    column->setSpacing(kStep1);
    auto *head = new QHBoxLayout;
    head->setSpacing(kStep2);
    head->addWidget(labelFor(edit, objectName, name, help));
    note->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred); // a long list of names does not widen the window
    head->addWidget(note, 1);
    column->addLayout(head);
    column->addWidget(edit);
    row->addLayout(column, 1);
    connect(edit, &QPlainTextEdit::textChanged, this, &PromptParts::update);
    return edit;
}

QString PromptParts::context() const
{
    return m_context->toPlainText();
}

QString PromptParts::tools() const
{
    return m_tools->toPlainText().trimmed();
}

void PromptParts::setParts(const QString &context, const QString &tools)
{
    if (context != this->context())
        m_context->setPlainText(context);
    if (tools != this->tools())
        m_tools->setPlainText(tools);
}

void PromptParts::setOpen(bool isOpen)
{
    setVisible(isOpen);
    m_button->setIconName(isOpen ? QStringLiteral("chevron-down") : QStringLiteral("chevron-right"));
    if (isOpen)
        m_context->setFocus();
}

void PromptParts::update()
{
    const ToolNames found = toolNames(tools());
    m_problem = found.problem;
    m_note->setText(found.problem.isEmpty() ? found.names.join(QStringLiteral(", ")) : found.problem);
    m_note->setToolTip(m_note->text());
    m_note->setInk(found.problem.isEmpty() ? Ink::Muted : Ink::Bad);
    const bool hasContext = !context().trimmed().isEmpty(), hasTools = !tools().isEmpty();
    const QString count = tr("%n tool(s)", nullptr, static_cast<int>(found.names.size()));
    m_button->setText(hasContext && hasTools ? tr("Context, %1").arg(count) : hasTools ? count : hasContext ? tr("With context") : tr("Context and tools"));
    m_button->setInk(!m_problem.isEmpty() ? Ink::Bad : hasContext || hasTools ? Ink::Accent : Ink::Muted);
    emit changed();
}

} // namespace fettle::ui
