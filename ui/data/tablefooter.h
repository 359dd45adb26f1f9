// The line below the table: how many records are shown and chosen, and the keys that triage them. With several records chosen it offers
// what can be done to all of them; it also holds the field for a tag that goes on all.
#pragma once

#include <QStringList>
#include <QTimer>
#include <QWidget>

class QLineEdit;
class QStringListModel;

namespace fettle::ui {

class Button;
class TextLabel;

class TableFooter : public QWidget {
    Q_OBJECT
public:
    explicit TableFooter(QWidget *parent = nullptr);
    void setCounts(qint64 shown, int chosen);
    void setNote(const QString &note); // what just happened; the counts come back after a while
    void setKnownTags(const QStringList &tags);
    void askForTag(int records);
    void setNarrow(bool isNarrow);
    [[nodiscard]] QString text() const;

signals:
    void tagEntered(const QString &tag);
    void tagCancelled();
    void menuRequested(const QPoint &globalPosition);

protected:
    void paintEvent(QPaintEvent *event) override;
    bool eventFilter(QObject *watched, QEvent *event) override;

private:
    TextLabel *m_text = nullptr;
    QWidget *m_keys = nullptr;
    Button *m_change = nullptr;
    QLineEdit *m_field = nullptr;
    QStringListModel *m_known = nullptr;
    bool m_isNarrow = false, m_areKeysHidden = false;
    int m_chosen = 0;
    QString m_counts;
    QTimer m_noteTimer;
};

} // namespace fettle::ui
