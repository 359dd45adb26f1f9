// See englishplurals.h.
#include "ui/frame/englishplurals.h"

#include <QCoreApplication>

namespace fettle::ui {

QString EnglishPlurals::translate(const char *, const char *sourceText, const char *, int n) const
{
    QString text = QString::fromUtf8(sourceText);
    if (n < 0 || !text.contains(QLatin1String("(s)")))
        return {}; // the text itself is used
    return text.replace(QLatin1String("(s)"), n == 1 ? QString() : QStringLiteral("s"));
}

void installEnglishPlurals()
{
    if (!qApp->findChild<EnglishPlurals *>())
        QCoreApplication::installTranslator(new EnglishPlurals(qApp));
}

} // namespace fettle::ui
