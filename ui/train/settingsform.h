// The settings of a run as a form, made from the one table of settings (core/train/settings.h): basic fields, advanced ones on demand, a dot
// and "was ..." at what differs from the preset. Knows no project and starts nothing.
#pragma once

#include "core/train/settings.h"

#include <QWidget>

#include <functional>
#include <vector>

class QGridLayout;

namespace fettle::ui {

class TextLabel;

// Texts of the table in the user's language.
[[nodiscard]] QString settingHelp(const train::SettingField &field);
[[nodiscard]] QString settingRangeText(const train::SettingField &field); // "1 to 1024", empty where there is none

class SettingsForm : public QWidget {
    Q_OBJECT

public:
    static constexpr int kFieldEdge = 176; // from the edge of the card: fields, presets and summaries share this line

    explicit SettingsForm(QWidget *parent = nullptr);

    // Shows the fields of the recipe's method. reference: the preset that differences are marked against.
    void setRecipe(const train::Recipe &recipe, const train::Recipe &reference);
    [[nodiscard]] const train::Recipe &recipe() const { return m_recipe; }
    void setValue(const std::string &key, const train::SettingValue &value); // as if the user had typed it
    void setGiven(bool isGiven); // what an adapter that the run goes on from has settled stays as it is, also with another recipe of its method
    void commit(); // takes over what is still being typed
    void setAdvancedVisible(bool isVisible);
    [[nodiscard]] const train::Recipe &reference() const { return m_reference; }
    [[nodiscard]] int advancedCount() const;
    [[nodiscard]] int differences() const;
    [[nodiscard]] QSize minimumSizeHint() const override;

signals:
    void changed();
    void fieldFocused(const QString &help); // the sentence for the foot of the form; empty when no field has the focus

protected:
    bool eventFilter(QObject *watched, QEvent *event) override;
    void resizeEvent(QResizeEvent *event) override;

private:
    struct Row {
        const train::SettingField *field;
        QWidget *editor;
        TextLabel *label;
        QWidget *mark;     // dot and "was ..."
        TextLabel *was;
        std::function<void(const train::SettingValue &)> show;
    };
    void addRow(const train::SettingField &field);
    void arrange(int columns);
    [[nodiscard]] bool isShown(const Row &row) const { return train::isSettingOf(*row.field, m_recipe.method); }
    [[nodiscard]] int count(train::SettingLevel level) const;
    [[nodiscard]] QWidget *makeEditor(const train::SettingField &field, Row &row);
    void edited(const train::SettingField &field, train::SettingValue value);
    void updateMarks();
    void updateGiven();
    [[nodiscard]] train::SettingValue valueOf(const train::Recipe &recipe, const train::SettingField &field) const;

    train::Recipe m_recipe, m_reference;
    std::vector<Row> m_rows;
    QWidget *m_advanced = nullptr;
    QGridLayout *m_basicGrid = nullptr, *m_advancedGrid = nullptr;
    int m_columns = 0;
    bool m_isGiven = false;   // what an adapter settles
    bool m_isShowing = false; // values are being put in, not edited
};

} // namespace fettle::ui
