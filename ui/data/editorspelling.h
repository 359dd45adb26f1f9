// Spelling in the fields of the editor: words that the dictionary does not know are underlined after a pause of typing, the context menu offers
// others and keeps words of one's field with the project. The dictionary is read and asked away from the GUI thread. Without a dictionary there
// is nothing to see but a line in the menu that says so.
#pragma once

#include "core/data/spelling.h"
#include "ui/bridge/bridge.h"

#include <QObject>
#include <QPointer>
#include <QTimer>

class QMenu;

namespace fettle::ui {

class GrowingText;

class EditorSpelling : public QObject {
    Q_OBJECT
public:
    EditorSpelling(Bridge &bridge, QObject *parent);

    void watch(GrowingText *field);
    // Another project: its language and its words.
    void readProject();

private:
    void useLanguage(const QString &language); // empty: none
    [[nodiscard]] QString standardLanguage() const;
    void keepLanguage(const QString &language);
    void addWord(const QString &word);
    void checkAll();
    void checkChanged();
    void check(GrowingText *field);
    void extendMenu(GrowingText *field, QMenu *menu, int position);
    void offerWords(QMenu *menu, QTextCursor word);
    void offerLanguages(QMenu *menu);

    Bridge &m_bridge;
    QTimer m_pause;
    std::vector<QPointer<GrowingText>> m_fields, m_changed;
    std::vector<data::Dictionary> m_dictionaries;
    std::shared_ptr<const data::Speller> m_speller; // null: nothing is checked
    QString m_language;
    std::vector<std::string> m_words; // of the project, sorted
};

} // namespace fettle::ui
