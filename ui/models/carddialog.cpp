// See carddialog.h.
#include "ui/models/carddialog.h"

#include "ui/widgets/button.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/listdialog.h"

#include <QDesktopServices>
#include <QTextBrowser>
#include <QTextDocument>

namespace fettle::ui {

namespace {

class CardText : public QTextBrowser {
public:
    CardText()
    {
        setOpenLinks(false);
        connect(this, &QTextBrowser::anchorClicked, this, [](const QUrl &link) {
            if (link.scheme() == QLatin1String("https") || link.scheme() == QLatin1String("http"))
                QDesktopServices::openUrl(link);
        });
    }

protected:
    QVariant loadResource(int, const QUrl &) override { return {}; } // neither the network nor files of this computer
};

} // namespace

CardDialog::CardDialog(const QString &name, const QString &markdown, QWidget *parent) : QDialog(parent)
{
    setWindowTitle(name);
    auto *text = new CardText;
    text->setObjectName(QStringLiteral("modelCard"));
    text->setAccessibleName(tr("Model card"));
    text->setToolTip(tr("What the publisher says about the model"));
    text->setFont(textFont());
    text->document()->setMarkdown(markdown, QTextDocument::MarkdownFeatures(QTextDocument::MarkdownDialectGitHub) | QTextDocument::MarkdownNoHTML);
    auto *close = primaryButton(tr("Close"), {}, tr("Back to the models"));
    layOutListDialog(*this, text, mutedLabel(tr("Links open in your browser. Pictures are not fetched.")), {close});
    connect(close, &QAbstractButton::clicked, this, &QDialog::accept);
    resize(760, 620);
}

} // namespace fettle::ui
