#include "ui/data/markedtext.h"

#include "ui/theme/tokens.h"

#include <QLabel>

namespace fettle::ui {

namespace {

QString escaped(std::string_view text)
{
    return QString::fromUtf8(text.data(), qsizetype(text.size())).toHtmlEscaped();
}

QString styleOf(Mark mark)
{
    const Tokens &look = tokens();
    switch (mark) {
    case Mark::Removed: return QStringLiteral("background-color:%1; color:%2; text-decoration:line-through;").arg(look.badSoft.name(), look.bad.name());
    case Mark::Added: return QStringLiteral("background-color:%1; color:%2; text-decoration:underline;").arg(look.goodSoft.name(), look.good.name());
    case Mark::Differs:
    case Mark::Link: break;
    }
    return QStringLiteral("background-color:%1; color:%2; text-decoration:underline;").arg(look.accentSoft.name(), look.text.name());
}

} // namespace

QString markedHtml(std::string_view text, const std::vector<ByteRange> &ranges, Mark mark)
{
    const QString style = styleOf(mark);
    QString html = QStringLiteral("<span style=\"white-space:pre-wrap\">");
    std::size_t at = 0;
    for (std::size_t i = 0; i < ranges.size(); ++i) {
        html += escaped(text.substr(at, ranges[i].begin - at));
        const QString words = escaped(text.substr(ranges[i].begin, ranges[i].end - ranges[i].begin));
        html += mark == Mark::Link ? QStringLiteral("<a href=\"%1\" style=\"%2\">%3</a>").arg(QString::number(i), style, words)
                                   : QStringLiteral("<span style=\"%1\">%2</span>").arg(style, words);
        at = ranges[i].end;
    }
    return html + escaped(text.substr(at)) + QStringLiteral("</span>");
}

QLabel *markedLabel(const QString &name)
{
    auto *label = new QLabel;
    label->setTextFormat(Qt::RichText);
    label->setWordWrap(true);
    label->setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::LinksAccessibleByMouse);
    label->setAccessibleName(name);
    label->setAlignment(Qt::AlignLeft | Qt::AlignTop);
    return label;
}

} // namespace fettle::ui
