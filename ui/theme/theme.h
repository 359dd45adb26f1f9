// Puts the token table to work in an application: fonts, palette, style. The one object that changes the look at run time.
#pragma once

#include "ui/theme/tokens.h"

#include <QObject>

class QApplication;

namespace fettle::ui {

enum class ThemeChoice { System, Light, Dark };

class Theme : public QObject {
    Q_OBJECT

public:
    // Loads the bundled fonts and sets style, font and palette. The application must outlive the theme.
    explicit Theme(QApplication &application, ThemeChoice choice = ThemeChoice::System, QObject *parent = nullptr);
    ~Theme() override;

    void apply(ThemeChoice choice);
    [[nodiscard]] ThemeChoice choice() const { return m_choice; }

signals:
    // After the palette changed. Painted widgets need not listen: they receive QEvent::PaletteChange. Charts do.
    void changed();

private:
    QApplication &m_application;
    ThemeChoice m_choice;
    bool m_isSystemDark = false; // as the desktop's own palette said before ours was set
};

} // namespace fettle::ui
