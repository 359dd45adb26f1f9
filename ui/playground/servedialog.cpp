// See servedialog.h.
#include "ui/playground/servedialog.h"

#include "ui/widgets/button.h"
#include "ui/widgets/labels.h"

#include <QCheckBox>
#include <QClipboard>
#include <QComboBox>
#include <QGuiApplication>
#include <QHBoxLayout>
#include <QLineEdit>
#include <QVBoxLayout>

namespace fettle::ui {

using namespace measure;

namespace {

constexpr int kDialogWidth = 560, kNameWidth = 76;

TextLabel *wrappedText(const QString &text)
{
    TextLabel *label = mutedLabel(text);
    label->setWordWrap(true);
    return label;
}

// What a program has to send, in a form that works in a terminal.
QString exampleOf(const engine::ServeAddress &address)
{
    return QStringLiteral("curl %1/chat/completions -H 'Authorization: Bearer %2' -H 'Content-Type: application/json' -d '{\"model\": \"%3\", \"messages\": [{\"role\": \"user\", \"content\": \"Hello\"}]}'")
        .arg(QString::fromStdString(address.url), QString::fromStdString(address.token), QString::fromStdString(address.models.empty() ? "base" : address.models.front()));
}

} // namespace

ServeDialog::ServeDialog(Bridge &bridge, const std::vector<AdapterChoice> &choices, QWidget *parent) : QDialog(parent), m_bridge(bridge)
{
    setWindowTitle(tr("Your own programs"));
    auto *rows = new QVBoxLayout(this);
    rows->setContentsMargins(kPaneSide, kPaneTop, kPaneSide, kPaneTop);
    rows->setSpacing(kStep3);
    rows->addWidget(wrappedText(tr("Programs on this computer can ask the model as they would ask OpenAI's service. Nothing is reachable from outside, and nothing without the key, "
                                   "which is new each time the switch is put on.")));
    auto *line = new QHBoxLayout;
    line->setSpacing(kStep2);
    m_served = new QComboBox;
    std::vector<AdapterChoice> all;
    for (const AdapterChoice &choice : choices)
        if (choice.model.empty())
            all.push_back(choice);
    all.push_back({tr("Base model"), "base"});
    setAdapterChoices(*m_served, all);
    auto *name = labelFor(m_served, "servedResult", tr("Answers"), tr("Which result answers the programs; they reach the base model under the name \"base\" too."));
    name->setFixedWidth(qRound(kNameWidth * textScale()));
    line->addWidget(name);
    line->addWidget(m_served, 1);
    rows->addLayout(line);
    m_switch = new QCheckBox(tr("Let my programs ask"));
    m_switch->setObjectName(QStringLiteral("serveSwitch"));
    m_switch->setAccessibleName(tr("Let my programs ask"));
    m_switch->setToolTip(tr("Off at every start. On until it is put off, the project is closed or the window ends."));
    rows->addWidget(m_switch);
    rows->addWidget(makeLine(tr("Address"), m_address, m_copyAddress, "serveAddress", tr("What programs call the base URL.")));
    rows->addWidget(makeLine(tr("Key"), m_key, m_copyKey, "serveKey", tr("What programs call the API key. Whoever has it can ask the model while the switch is on.")));
    m_state = wrappedText({});
    m_state->setObjectName(QStringLiteral("serveState"));
    rows->addWidget(m_state);
    rows->addStretch(1);
    auto *foot = new QHBoxLayout;
    foot->setSpacing(kStep2);
    m_copyExample = new Button(tr("Copy an example"), QStringLiteral("copy"), tr("A command for the terminal that asks one question. It contains the key."));
    m_copyExample->setObjectName(QStringLiteral("copyServeExample"));
    foot->addWidget(m_copyExample);
    foot->addStretch(1);
    auto *close = primaryButton(tr("Close"), {}, tr("The service goes on as the switch says."));
    close->setObjectName(QStringLiteral("closeServe"));
    foot->addWidget(close);
    rows->addLayout(foot);
    connect(close, &QPushButton::clicked, this, &QDialog::accept);
    connect(m_copyExample, &QPushButton::clicked, this, [this] { QGuiApplication::clipboard()->setText(exampleOf(m_bridge.serving().address)); });
    connect(m_switch, &QCheckBox::toggled, this, [this](bool isOn) {
        if (isOn)
            m_bridge.startServing(chosenAdapter(*m_served).adapter);
        else
            m_bridge.stopServing();
    });
    connect(&m_bridge, &Bridge::servingChanged, this, &ServeDialog::showState);
    chooseAdapter(*m_served, m_bridge.serving().served);
    showState();
    resize(kDialogWidth, layout()->totalHeightForWidth(kDialogWidth) + kStep4); // room for a second line of what went wrong
    m_switch->setFocus();
}

QWidget *ServeDialog::makeLine(const QString &name, QLineEdit *&field, Button *&copy, const char *objectName, const QString &help)
{
    auto *widget = new QWidget;
    auto *line = new QHBoxLayout(widget);
    line->setContentsMargins(0, 0, 0, 0);
    line->setSpacing(kStep2);
    field = new QLineEdit;
    field->setReadOnly(true);
    field->setFont(monoFont());
    field->setPlaceholderText(tr("while the switch is on"));
    auto *label = labelFor(field, objectName, name, help);
    label->setFixedWidth(qRound(kNameWidth * textScale()));
    line->addWidget(label);
    line->addWidget(field, 1);
    copy = iconButton(QStringLiteral("copy"), tr("Copy: %1").arg(name));
    copy->setObjectName(QLatin1String(objectName) + QStringLiteral("Copy"));
    connect(copy, &QPushButton::clicked, this, [field = field] { QGuiApplication::clipboard()->setText(field->text()); });
    line->addWidget(copy);
    return widget;
}

void ServeDialog::showState()
{
    const ServingState &state = m_bridge.serving();
    const QSignalBlocker blocker(m_switch);
    m_switch->setChecked(state.isOn);
    m_served->setEnabled(!state.isOn);
    m_address->setText(QString::fromStdString(state.address.url));
    m_key->setText(QString::fromStdString(state.address.token));
    const bool isReady = state.isOn && !state.address.url.empty();
    for (QWidget *widget : std::initializer_list<QWidget *>{m_copyAddress, m_copyKey, m_copyExample})
        widget->setEnabled(isReady);
    m_state->setInk(state.failure ? Ink::Bad : Ink::Muted);
    if (state.failure)
        m_state->setText(QString::fromStdString(state.failure->message + " " + state.failure->hint));
    else if (!state.isOn)
        m_state->setText(tr("Off. No program can ask."));
    else if (!isReady)
        m_state->setText(tr("Starting: the model is loaded and asked once."));
    else
        m_state->setText(tr("On. %n question(s) answered, ", nullptr, state.answered) + tr("%n refused.", nullptr, state.refused));
}

} // namespace fettle::ui
