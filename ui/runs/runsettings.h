// What a run was made of: facts first, then its recipe through the table of settings; what differs from the default is bold and says so.
// Values in, nothing out.
#pragma once

#include "core/engine/project.h"
#include "core/train/settings.h"

#include <QWidget>

class QVBoxLayout;

namespace fettle::ui {

class Chip;

class SettingRow : public QWidget {
    Q_OBJECT

public:
    // standard: the default in words where the value differs from it, else empty.
    SettingRow(const QString &name, const QString &value, const QString &standard, const QString &help, QWidget *parent = nullptr);
    [[nodiscard]] bool isChanged() const { return !m_standard.isEmpty(); }
    [[nodiscard]] QString name() const { return m_name; }
    [[nodiscard]] QString value() const { return m_value; }
    [[nodiscard]] QSize sizeHint() const override;

protected:
    void paintEvent(QPaintEvent *event) override;

private:
    QString m_name, m_value, m_standard;
};

class RunSettings : public QWidget {
    Q_OBJECT

public:
    explicit RunSettings(QWidget *parent = nullptr);
    void show(const engine::RunInfo &run);
    using QWidget::show;

private:
    void addFacts(const engine::RunInfo &run);
    void addSection(const QString &title);
    void addFields(const std::string &recipe, std::string_view method, train::SettingLevel level);
    void filter();

    QVBoxLayout *m_rows;
    Chip *m_changedOnly;
    std::string m_shown; // of what is laid out, so that a step of the run does not lay it out anew
};

} // namespace fettle::ui
