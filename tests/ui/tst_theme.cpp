// The look: fonts, icons, contrast, and that no other file names a colour.
#include "ui/theme/icons.h"
#include "ui/theme/theme.h"
#include "ui/widgets/labels.h"

#include <QDir>
#include <QDirIterator>
#include <QFontDatabase>
#include <QFontInfo>
#include <QFontMetricsF>
#include <QPushButton>
#include <QRegularExpression>
#include <QTest>

#include <cmath>

using namespace fettle::ui;

namespace {

double luminance(const QColor &colour)
{
    const auto part = [](double value) { return value <= 0.03928 ? value / 12.92 : std::pow((value + 0.055) / 1.055, 2.4); };
    return 0.2126 * part(colour.redF()) + 0.7152 * part(colour.greenF()) + 0.0722 * part(colour.blueF());
}

double contrast(const QColor &a, const QColor &b)
{
    const double la = luminance(a), lb = luminance(b);
    return (std::max(la, lb) + 0.05) / (std::min(la, lb) + 0.05);
}

QStringList sources()
{
    QStringList files;
    QDirIterator it(QStringLiteral(FETTLE_SOURCE_DIR) + QStringLiteral("/ui"), {QStringLiteral("*.cpp"), QStringLiteral("*.h")}, QDir::Files,
                    QDirIterator::Subdirectories);
    while (it.hasNext())
        files.append(it.next());
    return files;
}

QString read(const QString &path)
{
    QFile file(path);
    return file.open(QIODevice::ReadOnly) ? QString::fromUtf8(file.readAll()) : QString();
}

} // namespace

class ThemeTest : public QObject {
    Q_OBJECT

private slots:
    void initTestCase() { m_theme = std::make_unique<Theme>(*qApp, ThemeChoice::Light); }

    void contrastOfTexts_data()
    {
        QTest::addColumn<bool>("isDark");
        QTest::newRow("light") << false;
        QTest::newRow("dark") << true;
    }
    void contrastOfTexts()
    {
        QFETCH(bool, isDark);
        const Tokens &t = tokensOf(isDark ? Scheme::Dark : Scheme::Light);
        for (const QColor &text : {t.text, t.muted, t.accent, t.good, t.warning, t.bad}) {
            for (const QColor &surface : {t.surface0, t.surface1, t.surface2, t.selection, t.accentSoft})
                QVERIFY2(contrast(text, surface) >= 4.49, qPrintable(text.name() + " on " + surface.name()));
        }
        QVERIFY(contrast(t.onAccent, t.accent) >= 4.5);
        QVERIFY(contrast(t.trainedText, t.trainedFill) >= 4.5);
        QVERIFY(contrast(t.cutText, t.cutFill) >= 4.5);
        QVERIFY(contrast(t.borderStrong, t.surface1) >= 3.0);
        for (const QColor &step : t.lossSteps)
            QVERIFY(contrast(t.text, step) >= 4.5);
        for (const QColor &series : t.series)
            QVERIFY(contrast(series, t.surface1) >= 3.0);
    }

    void fontsAreBundled()
    {
        for (const QFont &font : {textFont(), textFont(TextSize::Title, Weight::SemiBold), monoFont(), monoFont(TextSize::Small, Weight::SemiBold)})
            QCOMPARE(QFontInfo(font).family(), font.family());
        // The line heights of the design are part of the fonts: 13 on 20, 11 on 16.
        QCOMPARE(QFontMetrics(textFont()).height(), 20);
        QCOMPARE(QFontMetrics(textFont(TextSize::Small)).height(), 16);
    }
    void digitsAreTabular()
    {
        const QFontMetricsF metrics(textFont());
        for (const char digit : "0123456789") {
            if (digit)
                QCOMPARE(metrics.horizontalAdvance(QLatin1Char(digit)), metrics.horizontalAdvance(QLatin1Char('0')));
        }
        const QFontMetricsF mono(monoFont());
        QCOMPARE(mono.horizontalAdvance(QStringLiteral("->")), 2 * mono.horizontalAdvance(QLatin1Char('-')));
    }

    void everyIconDraws()
    {
        const QStringList names = QDir(QStringLiteral(":/icons")).entryList({QStringLiteral("*.svg")});
        QVERIFY(names.size() > 50);
        for (const QString &file : names) {
            const QString name = file.chopped(4);
            for (const int size : {14, 16, 20}) {
                const QImage image = iconPixmap(name, size, Qt::black, 2.0).toImage();
                QCOMPARE(image.size(), QSize(2 * size, 2 * size));
                bool hasInk = false;
                for (int y = 0; y < image.height() && !hasInk; ++y) {
                    for (int x = 0; x < image.width() && !hasInk; ++x)
                        hasInk = qAlpha(image.pixel(x, y)) > 128;
                }
                QVERIFY2(hasInk, qPrintable(name));
            }
            QVERIFY(!icon(name).isNull());
            QVERIFY(!icon(name).pixmap(QSize(16, 16)).isNull());
        }
        QVERIFY(icon(QStringLiteral("no-such-icon")).isNull());
    }
    void iconsInUseExist()
    {
        static const QRegularExpression use(QStringLiteral(
            "(?:\\bicon|iconButton|IconLabel|setIconName|iconName =|setIcon)\\(?\\s*\\(?\\s*(?:QStringLiteral|QLatin1String)\\(\"([a-z0-9-]+)\"\\)"));
        static const QRegularExpression painted(QStringLiteral("paintIcon\\([^;]*?QStringLiteral\\(\"([a-z0-9-]+)\"\\)"));
        int found = 0;
        for (const QString &path : sources()) {
            const QString text = read(path);
            for (const auto &pattern : {use, painted}) {
                auto it = pattern.globalMatch(text);
                while (it.hasNext()) {
                    const QString name = it.next().captured(1);
                    QVERIFY2(QFile::exists(QStringLiteral(":/icons/%1.svg").arg(name)), qPrintable(path + ": " + name));
                    ++found;
                }
            }
        }
        QVERIFY(found > 20);
    }
    void iconsFollowTheTheme()
    {
        const QIcon themed = icon(QStringLiteral("database"));
        m_theme->apply(ThemeChoice::Light);
        const QImage light = themed.pixmap(QSize(16, 16)).toImage();
        m_theme->apply(ThemeChoice::Dark);
        const QImage dark = themed.pixmap(QSize(16, 16)).toImage();
        m_theme->apply(ThemeChoice::Light);
        QVERIFY(light != dark);
    }

    void onlyTheTableNamesColours()
    {
        static const QRegularExpression colour(
            QStringLiteral("\"#[0-9A-Fa-f]{6}\"|0x[0-9A-Fa-f]{6}\\b|Qt::(red|green|blue|black|white|gray|yellow|cyan|magenta)\\b|"
                           "QColor\\(\\s*[0-9\"]|setStyleSheet\\("));
        for (const QString &path : sources()) {
            if (path.endsWith(QLatin1String("/theme/tokens.cpp")))
                continue;
            const auto match = colour.match(read(path));
            QVERIFY2(!match.hasMatch(), qPrintable(path + ": " + match.captured()));
        }
    }

    void controlsHaveTheHeightsOfTheDesign()
    {
        QPushButton button(QStringLiteral("Text"));
        QCOMPARE(button.sizeHint().height(), 28);
        QPushButton small(QStringLiteral("Text"));
        small.setProperty("controlHeight", 24); // before the first layout
        QCOMPARE(small.sizeHint().height(), 24);
    }
    void themeSignals()
    {
        bool isTold = false;
        connect(m_theme.get(), &Theme::changed, this, [&] { isTold = true; });
        m_theme->apply(ThemeChoice::Dark);
        QVERIFY(isTold);
        QCOMPARE(tokens().scheme, Scheme::Dark);
        QCOMPARE(qApp->palette().color(QPalette::Window), tokens().surface0);
        m_theme->apply(ThemeChoice::Light);
    }

    void linksFollowTheTheme()
    {
        TextLabel label;
        label.setTextFormat(Qt::RichText);
        label.setText(QStringLiteral("<a href=\"record 3\">No. 3, loss 0.40</a>"));
        label.show();
        const auto underlined = [&label](const QColor &colour) {
            const QImage image = label.grab().toImage();
            int found = 0;
            for (int y = 0; y < image.height(); ++y) {
                for (int x = 0; x < image.width(); ++x)
                    found += image.pixelColor(x, y) == colour ? 1 : 0;
            }
            return found > 20;
        };
        QTRY_VERIFY(underlined(tokensOf(Scheme::Light).accent));
        m_theme->apply(ThemeChoice::Dark);
        QTRY_VERIFY(underlined(tokensOf(Scheme::Dark).accent));
        m_theme->apply(ThemeChoice::Light);
    }

private:
    std::unique_ptr<Theme> m_theme;
};

QTEST_MAIN(ThemeTest)
#include "tst_theme.moc"
