// Every action of the window by its name (Ctrl+K). Opens over the page without dimming it; a disabled action stays findable and says why.
#pragma once

#include <QWidget>

class QAction;
class QLineEdit;
class QListView;
class QStandardItemModel;

namespace fettle::ui {

class MainWindow;
class TextLabel;

class CommandBar : public QWidget {
    Q_OBJECT

public:
    explicit CommandBar(MainWindow *window);

    // field: of the top bar, over which the bar opens.
    void open(const QWidget *field);
    void placeOver(const QWidget *field);
    [[nodiscard]] QLineEdit *field() const { return m_field; }
    [[nodiscard]] QListView *list() const { return m_list; }

protected:
    void paintEvent(QPaintEvent *event) override;
    bool eventFilter(QObject *object, QEvent *event) override;

private:
    void setupLayout();
    void fill(const QString &text);
    void moveBy(int rows);
    void execute();
    void showPlace();
    void closeBar();
    [[nodiscard]] int heightFor(int rowsHeight) const;

    MainWindow *m_window;
    QLineEdit *m_field = nullptr;
    TextLabel *m_count = nullptr;
    QListView *m_list = nullptr;
    QStandardItemModel *m_rows = nullptr;
    QWidget *m_before = nullptr; // had the keyboard before
    QPoint m_anchor;
};

} // namespace fettle::ui
