// The tags of a record as chips that can be removed, and a plus that opens a field with the project's tags as completions.
#pragma once

#include <QStringList>
#include <QWidget>

class QLineEdit;
class QStringListModel;


namespace fettle::ui {

class Button;
class FlowLayout;

class TagRow : public QWidget {
    Q_OBJECT
public:
    explicit TagRow(QWidget *parent = nullptr);
    void setTags(const QStringList &tags); // tells nobody
    [[nodiscard]] const QStringList &tags() const { return m_tags; }
    void setKnownTags(const QStringList &tags);
    void startAdding(); // opens the field and gives it the focus

signals:
    void tagsChanged(const QStringList &tags);
    void addingFinished(); // the field closed; whoever opened it may take the focus back

protected:
    bool eventFilter(QObject *watched, QEvent *event) override;

private:
    void rebuild();
    void acceptField();
    void hideField();
    void closeField();

    QStringList m_tags;
    FlowLayout *m_layout = nullptr;
    Button *m_plus = nullptr;
    QLineEdit *m_field = nullptr;
    QStringListModel *m_known = nullptr;
    QList<QWidget *> m_chips;
};

} // namespace fettle::ui
