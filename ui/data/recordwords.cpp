#include "ui/data/recordwords.h"

#include <QCoreApplication>
#include <QLocale>

namespace fettle::ui {

namespace {
QString translated(const char *text)
{
    return QCoreApplication::translate("RecordWords", text);
}
} // namespace

QString statusName(data::RecordStatus status)
{
    switch (status) {
    case data::RecordStatus::New: return translated(QT_TRANSLATE_NOOP("RecordWords", "To review"));
    case data::RecordStatus::Edited: return translated(QT_TRANSLATE_NOOP("RecordWords", "Edited"));
    case data::RecordStatus::Approved: return translated(QT_TRANSLATE_NOOP("RecordWords", "Approved"));
    case data::RecordStatus::Rejected: return translated(QT_TRANSLATE_NOOP("RecordWords", "Rejected"));
    }
    return {};
}

QString splitName(data::Split split)
{
    switch (split) {
    case data::Split::Unassigned: return translated(QT_TRANSLATE_NOOP("RecordWords", "none"));
    case data::Split::Train: return translated(QT_TRANSLATE_NOOP("RecordWords", "train"));
    case data::Split::HeldOut: return translated(QT_TRANSLATE_NOOP("RecordWords", "held out"));
    case data::Split::Test: return translated(QT_TRANSLATE_NOOP("RecordWords", "test"));
    }
    return {};
}

QString splitLabel(data::Split split)
{
    switch (split) {
    case data::Split::Unassigned: return translated(QT_TRANSLATE_NOOP("RecordWords", "No split yet"));
    case data::Split::Train: return translated(QT_TRANSLATE_NOOP("RecordWords", "Train"));
    case data::Split::HeldOut: return translated(QT_TRANSLATE_NOOP("RecordWords", "Held out"));
    case data::Split::Test: return translated(QT_TRANSLATE_NOOP("RecordWords", "Test"));
    }
    return {};
}

QString roleName(data::Role role)
{
    switch (role) {
    case data::Role::System: return translated(QT_TRANSLATE_NOOP("RecordWords", "System"));
    case data::Role::User: return translated(QT_TRANSLATE_NOOP("RecordWords", "User"));
    case data::Role::Assistant: return translated(QT_TRANSLATE_NOOP("RecordWords", "Assistant"));
    case data::Role::Tool: return translated(QT_TRANSLATE_NOOP("RecordWords", "Tool"));
    }
    return {};
}

QString flagName(engine::RecordFlag flag)
{
    switch (flag) {
    case engine::RecordFlag::TooLong: return translated(QT_TRANSLATE_NOOP("RecordWords", "Too long"));
    case engine::RecordFlag::Contradiction: return translated(QT_TRANSLATE_NOOP("RecordWords", "Contradictions"));
    case engine::RecordFlag::Duplicate: return translated(QT_TRANSLATE_NOOP("RecordWords", "Duplicates"));
    case engine::RecordFlag::NearDuplicate: return translated(QT_TRANSLATE_NOOP("RecordWords", "Near-duplicates"));
    case engine::RecordFlag::Leak: return translated(QT_TRANSLATE_NOOP("RecordWords", "Leaks into held out"));
    case engine::RecordFlag::Empty: return translated(QT_TRANSLATE_NOOP("RecordWords", "Empty"));
    case engine::RecordFlag::OddEncoding: return translated(QT_TRANSLATE_NOOP("RecordWords", "Odd encodings"));
    case engine::RecordFlag::Boilerplate: return translated(QT_TRANSLATE_NOOP("RecordWords", "Boilerplate"));
    case engine::RecordFlag::PersonalData: return translated(QT_TRANSLATE_NOOP("RecordWords", "Personal data"));
    case engine::RecordFlag::Placeholder: return translated(QT_TRANSLATE_NOOP("RecordWords", "Placeholders"));
    case engine::RecordFlag::UnbalancedMarkup: return translated(QT_TRANSLATE_NOOP("RecordWords", "Open marks"));
    case engine::RecordFlag::Outlier: return translated(QT_TRANSLATE_NOOP("RecordWords", "Other language"));
    case engine::RecordFlag::AnswerCut: return translated(QT_TRANSLATE_NOOP("RecordWords", "Answer cut away"));
    case engine::RecordFlag::RareTag: return translated(QT_TRANSLATE_NOOP("RecordWords", "Rare tags"));
    case engine::RecordFlag::KnownAlready: return translated(QT_TRANSLATE_NOOP("RecordWords", "Known already"));
    case engine::RecordFlag::Surprising: return translated(QT_TRANSLATE_NOOP("RecordWords", "Surprising"));
    case engine::RecordFlag::OddWording: return translated(QT_TRANSLATE_NOOP("RecordWords", "Odd wording"));
    }
    return {};
}

QString flagSentence(engine::RecordFlag flag)
{
    switch (flag) {
    case engine::RecordFlag::TooLong:
        return translated(QT_TRANSLATE_NOOP("RecordWords", "Too long: the end is cut off before training."));
    case engine::RecordFlag::Contradiction:
        return translated(QT_TRANSLATE_NOOP("RecordWords", "Contradiction: another record gives the same question a different answer."));
    case engine::RecordFlag::Duplicate:
        return translated(QT_TRANSLATE_NOOP("RecordWords", "Duplicate: another record has the same text."));
    case engine::RecordFlag::NearDuplicate:
        return translated(QT_TRANSLATE_NOOP("RecordWords", "Near-duplicate: another record says almost the same."));
    case engine::RecordFlag::Leak:
        return translated(QT_TRANSLATE_NOOP("RecordWords", "Leak: the same or nearly the same question is both trained on and held out."));
    case engine::RecordFlag::Empty:
        return translated(QT_TRANSLATE_NOOP("RecordWords", "Empty: the question or the answer is missing."));
    case engine::RecordFlag::OddEncoding:
        return translated(QT_TRANSLATE_NOOP("RecordWords", "Odd encoding: characters look damaged."));
    case engine::RecordFlag::Boilerplate:
        return translated(QT_TRANSLATE_NOOP("RecordWords", "Boilerplate: the answer holds a phrase of a chat assistant, such as \"as an AI\"."));
    case engine::RecordFlag::PersonalData:
        return translated(QT_TRANSLATE_NOOP("RecordWords", "Personal data: an e-mail address, a telephone, account or card number."));
    case engine::RecordFlag::Placeholder:
        return translated(QT_TRANSLATE_NOOP("RecordWords", "Placeholder: something was never filled in, such as [name] or TODO."));
    case engine::RecordFlag::UnbalancedMarkup:
        return translated(QT_TRANSLATE_NOOP("RecordWords", "Open mark: a tag or a code block is opened and not closed, or closed and not opened."));
    case engine::RecordFlag::Outlier:
        return translated(QT_TRANSLATE_NOOP("RecordWords", "Other language: the text is in another language or script than the rest."));
    case engine::RecordFlag::AnswerCut:
        return translated(QT_TRANSLATE_NOOP("RecordWords", "Answer cut away: the question fills the whole length, nothing of the answer is learnt."));
    case engine::RecordFlag::RareTag:
        return translated(QT_TRANSLATE_NOOP("RecordWords", "Rare tag: the most frequent tag has more than fifty times as many records."));
    case engine::RecordFlag::KnownAlready:
        return translated(QT_TRANSLATE_NOOP("RecordWords", "Known already: the base model nearly gives this answer by itself, so there is little to learn."));
    case engine::RecordFlag::Surprising:
        return translated(QT_TRANSLATE_NOOP("RecordWords", "Surprising: the base model expects this answer far less than the others. Often a mistake, sometimes your best record."));
    case engine::RecordFlag::OddWording:
        return translated(QT_TRANSLATE_NOOP("RecordWords", "Odd wording: the question is written unlike the others: another language, damaged text, a table."));
    }
    return {};
}

QString statusIcon(data::RecordStatus status)
{
    switch (status) {
    case data::RecordStatus::New: return QStringLiteral("circle");
    case data::RecordStatus::Edited: return QStringLiteral("pencil");
    case data::RecordStatus::Approved: return QStringLiteral("circle-check");
    case data::RecordStatus::Rejected: return QStringLiteral("circle-x");
    }
    return {};
}

Ink statusInk(data::RecordStatus status)
{
    switch (status) {
    case data::RecordStatus::Approved: return Ink::Good;
    case data::RecordStatus::Edited: return Ink::Accent;
    default: return Ink::Muted;
    }
}

Ink flagInk(engine::RecordFlag flag)
{
    switch (flag) {
    case engine::RecordFlag::TooLong:
    case engine::RecordFlag::Leak:
    case engine::RecordFlag::AnswerCut:
    case engine::RecordFlag::PersonalData:
    case engine::RecordFlag::Empty: return Ink::Bad;
    default: return Ink::Warning;
    }
}

} // namespace fettle::ui
