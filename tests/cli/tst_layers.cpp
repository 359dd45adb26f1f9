// The arrows of the architecture, read off the include lines: a layer may include itself and what it depends on, nothing above.
#include <QDirIterator>
#include <QFile>
#include <QMap>
#include <QRegularExpression>
#include <QSet>
#include <QtTest>

namespace {

// Layer -> layers it may include (transitive closure of core/CMakeLists.txt).
const QMap<QString, QSet<QString>> kAllowed = {
    {"base", {}},
    {"io", {"base"}},
    {"store", {"base"}},
    {"text", {"base", "io"}},
    {"data", {"base", "io", "text", "store"}},
    {"model", {"base", "io", "text"}},
    {"tune", {"base", "io", "text", "model"}},
    {"train", {"base", "io", "text", "store", "data", "model", "tune"}},
    {"generate", {"base", "io", "text", "model", "tune"}},
    {"evaluate", {"base", "io", "text", "store", "data", "model", "tune", "train", "generate"}},
    {"export", {"base", "io", "text", "model", "tune", "generate"}},
    {"engine", {"base", "io", "text", "store", "data", "model", "tune", "train", "generate", "evaluate", "export"}},
};

QStringList sourceFiles(const QString &folder)
{
    QStringList files;
    QDirIterator it(QString(FETTLE_SOURCE_DIR "/") + folder, {"*.h", "*.cpp"}, QDir::Files, QDirIterator::Subdirectories);
    while (it.hasNext())
        files << it.next();
    files.sort();
    return files;
}

QStringList includesOf(const QString &path)
{
    QFile file(path);
    if (!file.open(QIODevice::ReadOnly))
        return {};
    static const QRegularExpression line("^\\s*#\\s*include\\s*[<\"]([^>\"]+)[>\"]", QRegularExpression::MultilineOption);
    QStringList includes;
    auto matches = line.globalMatch(QString::fromUtf8(file.readAll()));
    while (matches.hasNext())
        includes << matches.next().captured(1);
    return includes;
}

bool isTorch(const QString &include)
{
    return include == "core/torch.h" || include.startsWith("torch/") || include.startsWith("ATen/") || include.startsWith("c10/");
}

} // namespace

class TestLayers : public QObject {
    Q_OBJECT
private slots:
    void coreIncludesOnlyDownwards();
    void coreKnowsNoQt();
    void windowAndCommandLineKnowOnlyTheEngine();
    void headersGuardThemselves();
    void failuresCanBeTranslated();
    void systemIsAskedInFewPlaces();
};

void TestLayers::coreIncludesOnlyDownwards()
{
    QStringList wrong;
    int seen = 0;
    for (auto layer = kAllowed.begin(); layer != kAllowed.end(); ++layer) {
        for (const QString &file : sourceFiles("core/" + layer.key())) {
            for (const QString &include : includesOf(file)) {
                ++seen;
                static const QRegularExpression own("^core/(\\w+)/");
                const auto match = own.match(include);
                if (match.hasMatch() && match.captured(1) != layer.key() && !layer.value().contains(match.captured(1)))
                    wrong << file + " includes " + include;
            }
        }
    }
    QVERIFY2(seen > 100, "the sources were not found");
    QVERIFY2(wrong.isEmpty(), qPrintable(wrong.join('\n')));
}

void TestLayers::coreKnowsNoQt()
{
    static const QRegularExpression qt("^(Q[A-Z]|Qt|qt)");
    QStringList wrong;
    for (const QString &file : sourceFiles("core"))
        for (const QString &include : includesOf(file))
            if (qt.match(include).hasMatch())
                wrong << file + " includes " + include;
    QVERIFY2(wrong.isEmpty(), qPrintable(wrong.join('\n')));
}

void TestLayers::windowAndCommandLineKnowOnlyTheEngine()
{
    // The value headers that the engine's headers show to everyone.
    const QSet<QString> values = {"core/data/record.h", "core/data/importer.h", "core/data/labelledtokens.h", "core/train/settings.h", "core/train/settingcomparison.h", "core/train/commandtext.h", "core/train/race.h", "core/data/recordview.h", "core/data/filterlanguage.h", "core/data/spelling.h", "core/train/mixshares.h", "core/data/bulkchange.h"};
    QStringList wrong;
    for (const QString &file : sourceFiles("ui") + sourceFiles("app")) {
        for (const QString &include : includesOf(file)) {
            const bool isAllowed = !include.startsWith("core/") || include.startsWith("core/engine/") || include.startsWith("core/base/") || values.contains(include);
            if (!isAllowed || isTorch(include))
                wrong << file + " includes " + include;
        }
    }
    QVERIFY2(wrong.isEmpty(), qPrintable(wrong.join('\n')));
}

void TestLayers::headersGuardThemselves()
{
    QStringList wrong;
    for (const QString &file : sourceFiles("core") + sourceFiles("ui") + sourceFiles("app")) {
        QFile source(file);
        if (file.endsWith("-inl.h") || !file.endsWith(".h") || !source.open(QIODevice::ReadOnly))
            continue;
        if (!source.readAll().contains("#pragma once"))
            wrong << file;
    }
    QVERIFY2(wrong.isEmpty(), qPrintable(wrong.join('\n')));
}

// A message or hint that is written out where an error is made goes through tr(), in core as in the command line.
void TestLayers::failuresCanBeTranslated()
{
    static const QRegularExpression bare(R"re(\b(?:fail|Error)\s*[({]\s*\{?\s*ErrorCode::\w+,\s*(?:[^;"]{0,200},\s*)?(?:fmt::format\(\s*)?"[A-Za-z]{2,} [^;]{0,60})re");
    QStringList wrong;
    int failures = 0;
    for (const QString &file : sourceFiles("core") + sourceFiles("app")) {
        QFile source(file);
        QVERIFY(source.open(QIODevice::ReadOnly));
        const QString text = QString::fromUtf8(source.readAll());
        failures += text.count("ErrorCode::");
        auto matches = bare.globalMatch(text);
        while (matches.hasNext()) {
            const QString found = matches.next().captured(0);
            if (!found.contains("tr("))
                wrong << file + ": " + found;
        }
    }
    QVERIFY2(failures > 300, "the sources were not found");
    QVERIFY2(wrong.isEmpty(), qPrintable(wrong.join('\n')));
}

// One small file for each need that the language does not serve; what ports the program to another system is written there.
void TestLayers::systemIsAskedInFewPlaces()
{
    const QSet<QString> places = {"core/base/folders.cpp", "core/base/memory.cpp", "core/base/nvidia.cpp", "core/base/process.cpp", "core/base/processor.cpp", "core/io/appendline.cpp", "core/io/atomicfile.cpp", "core/io/loopback.cpp",
                                  "core/io/mappedfile.cpp", "core/io/partialfile.cpp", "core/io/removal.cpp", "core/model/largememory.cpp", "core/store/filelock.cpp", "app/commandline/terminal.cpp", "ui/desktop/desktopbus.cpp"};
    static const QRegularExpression system("^(unistd|fcntl|dlfcn|malloc|sched|pthread|termios|sys/.*|linux/.*|windows)\\.h$");
    QStringList wrong;
    for (const QString &file : sourceFiles("core") + sourceFiles("ui") + sourceFiles("app")) {
        const QString place = QDir(FETTLE_SOURCE_DIR).relativeFilePath(file);
        for (const QString &include : includesOf(file)) {
            if (system.match(include).hasMatch() && !places.contains(place))
                wrong << place + " includes " + include;
        }
    }
    QVERIFY2(wrong.isEmpty(), qPrintable(wrong.join('\n')));
}

QTEST_GUILESS_MAIN(TestLayers)
#include "tst_layers.moc"
