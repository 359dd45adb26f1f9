// A line edit with a magnifying glass in front and, while it is empty, the key that leads here at its end. Completes what its owner offers
// for the word at the cursor.
#pragma once

#include <QLineEdit>

#include <functional>

class QCompleter;
class QStandardItemModel;

namespace fettle::ui {

// What can stand for the word that is being typed, and what it means.
struct SearchOffer {
    QString text;
    QString help;
};

class SearchField : public QLineEdit {
    Q_OBJECT
public:
    explicit SearchField(const QString &placeholder, const QString &keyHint, QWidget *parent = nullptr);
    // word: from the last space to the cursor. Called while somebody types.
    void setOffers(std::function<QList<SearchOffer>(const QString &word)> offers);
    // A wrong query: red frame and words in the tooltip. Empty: all is well.
    void setProblem(const QString &problem);
    [[nodiscard]] QCompleter *completer() const { return m_completer; }

signals:
    void left(); // Escape; the text is gone

protected:
    bool eventFilter(QObject *watched, QEvent *event) override;
    void keyPressEvent(QKeyEvent *event) override;
    void paintEvent(QPaintEvent *event) override;

private:
    void offer();
    void take(const QString &text);
    [[nodiscard]] int wordBegin() const;

    QString m_keyHint, m_help;
    bool m_isWrong = false;
    std::function<QList<SearchOffer>(const QString &)> m_offers;
    QCompleter *m_completer = nullptr;
    QStandardItemModel *m_list = nullptr;
};

} // namespace fettle::ui
