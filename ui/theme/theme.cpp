// Fonts, palette and style of the application. See theme.h.
#include "ui/theme/theme.h"

#include "ui/theme/focusring.h"
#include "ui/theme/style.h"

#include <QApplication>
#include <QFontDatabase>
#include <QPalette>
#include <QToolTip>

// Outside any namespace, as Qt demands; a static library has to ask for its resources.
static void loadResources()
{
    Q_INIT_RESOURCE(fettle);
}

namespace fettle::ui {

namespace {

QPalette paletteOf(const Tokens &t)
{
    QPalette p;
    p.setColor(QPalette::Window, t.surface0);
    p.setColor(QPalette::WindowText, t.text);
    p.setColor(QPalette::Base, t.surface1);
    p.setColor(QPalette::AlternateBase, t.surface0);
    p.setColor(QPalette::Text, t.text);
    p.setColor(QPalette::PlaceholderText, t.muted);
    p.setColor(QPalette::Button, t.surface1);
    p.setColor(QPalette::ButtonText, t.text);
    p.setColor(QPalette::BrightText, t.bad);
    p.setColor(QPalette::Light, t.surface1);
    p.setColor(QPalette::Midlight, t.surface2);
    p.setColor(QPalette::Mid, t.border);
    p.setColor(QPalette::Dark, t.borderStrong);
    p.setColor(QPalette::Shadow, t.borderStrong);
    p.setColor(QPalette::Highlight, t.selection);
    p.setColor(QPalette::HighlightedText, t.text);
    p.setColor(QPalette::Link, t.accent);
    p.setColor(QPalette::LinkVisited, t.accent);
    p.setColor(QPalette::ToolTipBase, t.surface1);
    p.setColor(QPalette::ToolTipText, t.text);
    for (const auto role : {QPalette::WindowText, QPalette::Text, QPalette::ButtonText, QPalette::HighlightedText})
        p.setColor(QPalette::Disabled, role, t.disabled);
    p.setColor(QPalette::Disabled, QPalette::Highlight, t.surface2);
    return p;
}

} // namespace

Theme::Theme(QApplication &application, ThemeChoice choice, QObject *parent)
    : QObject(parent), m_application(application), m_choice(choice)
{
    loadResources();
    for (const char *file : {"FettleSans-Regular.otf", "FettleSans-Bold.otf", "FettleMono-Regular.ttf", "FettleMono-Bold.ttf"})
        QFontDatabase::addApplicationFont(QStringLiteral(":/fonts/") + QString::fromLatin1(file));
    m_isSystemDark = application.palette().color(QPalette::Window).lightness() < 128;
    application.setStyle(new Style);
    application.setFont(textFont());
    QToolTip::setFont(textFont());
    installFocusRing(application);
    apply(choice);
}

Theme::~Theme() = default;

void Theme::apply(ThemeChoice choice)
{
    m_choice = choice;
    const bool isDark = choice == ThemeChoice::Dark || (choice == ThemeChoice::System && m_isSystemDark);
    setCurrentScheme(isDark ? Scheme::Dark : Scheme::Light);
    const QPalette palette = paletteOf(tokens());
    m_application.setPalette(palette);
    QToolTip::setPalette(palette);
    emit changed();
}

} // namespace fettle::ui
