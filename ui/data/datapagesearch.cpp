// The search of the Data page: its language, completion, what is wrong with it, and the searches that are kept in the project.
#include "core/data/filterlanguage.h"
#include "ui/data/datapage.h"
#include "ui/data/filterpane.h"
#include "ui/data/recordmodel.h"
#include "ui/data/searchfield.h"
#include "ui/widgets/labels.h"

namespace fettle::ui {

namespace {

constexpr auto kSavedKey = "savedFilters"; // one query on each line
constexpr qsizetype kOffers = 12;

QString helpFor(std::string_view key)
{
    struct Help { std::string_view key; const char *text; };
    static constexpr Help kHelp[] = {
        {"tag", QT_TRANSLATE_NOOP("fettle::ui::DataPage", "has this tag")},
        {"status", QT_TRANSLATE_NOOP("fettle::ui::DataPage", "how far the review is")},
        {"split", QT_TRANSLATE_NOOP("fettle::ui::DataPage", "what the record is for")},
        {"finding", QT_TRANSLATE_NOOP("fettle::ui::DataPage", "what the check found")},
        {"has", QT_TRANSLATE_NOOP("fettle::ui::DataPage", "a part that is there")},
        {"length", QT_TRANSLATE_NOOP("fettle::ui::DataPage", "tokens that the model reads")},
        {"loss", QT_TRANSLATE_NOOP("fettle::ui::DataPage", "loss in the newest run")},
        {"base", QT_TRANSLATE_NOOP("fettle::ui::DataPage", "loss of the base model, before any run")},
        {"rating", QT_TRANSLATE_NOOP("fettle::ui::DataPage", "stars, 1 to 5")},
        {"turns", QT_TRANSLATE_NOOP("fettle::ui::DataPage", "messages in the conversation")},
        {"no", QT_TRANSLATE_NOOP("fettle::ui::DataPage", "number of the record")},
        {"source", QT_TRANSLATE_NOOP("fettle::ui::DataPage", "part of the file's name")},
        {"note", QT_TRANSLATE_NOOP("fettle::ui::DataPage", "words in the note")},
    };
    for (const Help &help : kHelp)
        if (help.key == key)
            return DataPage::tr(help.text);
    return {};
}

} // namespace

bool DataPage::readSearch()
{
    const QString query = m_find->text().simplified();
    const auto compiled = data::compileFilter(query.toStdString());
    const QString problem = compiled ? QString() : QString::fromStdString(compiled.error().message + ' ' + compiled.error().hint);
    m_find->setProblem(problem);
    m_problem->setText(problem);
    m_problem->setVisible(!problem.isEmpty());
    showSaved();
    if (!compiled)
        return false;
    m_filter.query = query.toStdString();
    QStringList marks;
    for (const std::string &word : compiled->words)
        marks.append(QString::fromStdString(word));
    m_model->setMarks(marks);
    return true;
}

QList<SearchOffer> DataPage::offersFor(const QString &word) const
{
    const bool isNegated = word.startsWith(u'-');
    const QString typed = isNegated ? word.mid(1) : word;
    const QString minus = isNegated ? QStringLiteral("-") : QString();
    QList<SearchOffer> offers;
    const qsizetype colon = typed.indexOf(u':');
    if (colon < 0) {
        if (typed.isEmpty())
            return offers;
        for (const data::FilterKey &key : data::filterKeys()) {
            const QString name = QString::fromUtf8(key.name.data(), qsizetype(key.name.size()));
            if (name.startsWith(typed, Qt::CaseInsensitive))
                offers.append({minus + name + QString::fromUtf8(key.sign.data(), qsizetype(key.sign.size())), helpFor(key.name)});
        }
        return offers;
    }
    // The last of several alternatives is the one that is being typed.
    const qsizetype begin = std::max(colon, typed.lastIndexOf(u',')) + 1;
    const QString before = minus + typed.left(begin), part = typed.mid(begin);
    const auto add = [&](const QString &value, const QString &help) {
        if (offers.size() < kOffers && value.startsWith(part, Qt::CaseInsensitive) && value != part)
            offers.append({before + value, help});
    };
    if (typed.left(colon) == QLatin1String("tag")) {
        for (const auto &[tag, count] : m_counts.byTag) {
            const QString name = QString::fromStdString(tag);
            const bool isPlain = !name.contains(u' ') && !name.contains(u',') && !name.contains(u'"');
            if (isPlain || begin == colon + 1)
                add(isPlain ? name : u'"' + name + u'"', tr("%n records", nullptr, int(count)));
        }
        return offers;
    }
    for (const data::FilterKey &key : data::filterKeys())
        if (typed.left(colon) == QString::fromUtf8(key.name.data(), qsizetype(key.name.size())))
            for (const std::string_view value : key.values)
                add(QString::fromUtf8(value.data(), qsizetype(value.size())), {});
    return offers;
}

QStringList DataPage::savedSearches() const
{
    return bridge().settingText(kSavedKey).split(u'\n', Qt::SkipEmptyParts);
}

void DataPage::keepSearches(const QStringList &queries)
{
    bridge().setSettingText(kSavedKey, queries.join(u'\n'));
}

void DataPage::showSaved()
{
    m_filterPane->setSaved(bridge().project() ? savedSearches() : QStringList(), m_problem->isHidden() ? m_find->text().simplified() : QString());
}

} // namespace fettle::ui
