// See downloaddialog.h.
#include "ui/models/downloaddialog.h"

#include "ui/widgets/button.h"
#include "ui/widgets/labels.h"

#include <QHBoxLayout>
#include <QLineEdit>
#include <QVBoxLayout>

namespace fettle::ui {

using namespace measure;

DownloadDialog::DownloadDialog(const QString &name, QWidget *parent) : QDialog(parent), m_name(new QLineEdit(name))
{
    setWindowTitle(tr("Download a model"));
    auto *column = new QVBoxLayout(this);
    column->setContentsMargins(kPaneSide, kPaneTop, kPaneSide, kStep3);
    column->setSpacing(kStep2);
    column->addWidget(titleLabel(windowTitle()));
    auto *why = mutedLabel(tr("This is the only time that Fettle uses the network. Every file is checked against the hub's own list, and what has come stays when the connection breaks off."));
    why->setWordWrap(true);
    column->addWidget(why);
    column->addSpacing(kStep1);
    m_name->setPlaceholderText(QStringLiteral("HuggingFaceTB/SmolLM2-360M-Instruct"));
    column->addWidget(labelFor(m_name, "downloadName", tr("Name on the hub"), tr("Publisher and model as on the model's page, or the address of that page.")));
    column->addWidget(m_name);
    auto *example = smallLabel(tr("Publisher and model, as on its page. Of GGUF files one is chosen behind a colon: publisher/model:Q4_K_M. "
                                  "Models that ask for your consent need an access token in HF_TOKEN."));
    example->setWordWrap(true);
    column->addWidget(example);
    column->addStretch(1);
    column->addSpacing(kStep2);
    auto *row = new QHBoxLayout;
    row->setSpacing(kStep2);
    row->addStretch(1);
    auto *cancel = new Button(tr("Cancel"), {}, tr("Fetches nothing"));
    auto *download = primaryButton(tr("Download"), QStringLiteral("download"), tr("Begins; you can go on working, and pause it at any time"));
    download->setObjectName(QStringLiteral("beginDownload"));
    download->setDefault(true);
    for (Button *button : {cancel, download}) {
        button->setHeight(kButtonLarge);
        row->addWidget(button);
    }
    column->addLayout(row);
    const auto update = [this, download] { download->setEnabled(this->name().contains(QLatin1Char('/'))); };
    connect(m_name, &QLineEdit::textChanged, this, update);
    connect(cancel, &QAbstractButton::clicked, this, &QDialog::reject);
    connect(download, &QAbstractButton::clicked, this, &QDialog::accept);
    update();
    setFixedWidth(480);
    m_name->selectAll();
    m_name->setFocus();
}

QString DownloadDialog::name() const
{
    return m_name->text().simplified().remove(QLatin1Char(' '));
}

} // namespace fettle::ui
