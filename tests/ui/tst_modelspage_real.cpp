// The Models page on the real engine and a hub of this computer: a model is fetched by its name, paused, gone on with, looked at, measured and deleted,
// by clicks and keys only. Nothing here reaches a network. FETTLE_PICTURES=FOLDER keeps pictures.
#include "tests/core/engine/hubmodel.h"
#include "tests/ui/support/openwindow.h"
#include "ui/bridge/realengine.h"
#include "ui/frame/dialogs.h"
#include "ui/theme/theme.h"
#include "ui/widgets/button.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/messagebar.h"

#include <QDialog>
#include <QLineEdit>
#include <QSettings>
#include <QStandardPaths>
#include <QTableView>
#include <QTemporaryDir>
#include <QTextBrowser>

#include <atomic>

using namespace fettle;
using namespace fettle::ui;
using fixture::WebAnswer;
using fixture::WebRequest;
namespace fs = std::filesystem;

namespace {

constexpr int kPatience = 120'000; // ms: the engine works beside the window, and other programs may be at work beside both

} // namespace

class ModelsPageRealTest : public QObject {
    Q_OBJECT

private slots:
    void init();
    void cleanup();
    void modelIsFetchedByName();
    void pausedDownloadGoesOn();
    void cancelledDownloadLeavesNothing();
    void failureSaysWhatToDo();
    void windowClosesDuringADownload();
    void methodsAreMeasured();
    void folderIsSearched();

private:
    template <class T>
    [[nodiscard]] T *inside(const char *name) const { return m_window.page->findChild<T *>(QLatin1String(name)); }
    [[nodiscard]] QTableView *table() const { return m_window.page->findChild<QTableView *>(); }
    [[nodiscard]] bool shows(const QString &part) const;
    [[nodiscard]] Link *link(const QString &text) const;
    void askFor(const QString &name);
    void pauseHalfway();
    [[nodiscard]] fs::path root() const { return fs::path(m_dir->path().toStdString()) / "hf/hub/models--acme--tinychat"; }
    void picture(const QString &name) const;

    std::unique_ptr<QTemporaryDir> m_dir;
    std::unique_ptr<fixture::HubServer> m_server;
    fixture::Files m_files;
    std::unique_ptr<Theme> m_theme;
    OpenWindow m_window;
    std::atomic<bool> m_isHeld = false; // the server sends half of the weights, and the rest byte by byte
};

void ModelsPageRealTest::init()
{
    QStandardPaths::setTestModeEnabled(true);
    QCoreApplication::setOrganizationName(QStringLiteral("fettle-test"));
    QCoreApplication::setApplicationName(QStringLiteral("tst_modelspage_real"));
    QSettings().clear();
    m_dir = std::make_unique<QTemporaryDir>();
    m_server = std::make_unique<fixture::HubServer>();
    m_files = fixture::tinychat();
    m_isHeld = false;
    m_server->answer = [this](const WebRequest &request) {
        WebAnswer answer = fixture::wellBehaved(m_files, request);
        if (m_isHeld && request.path.ends_with("safetensors"))
            answer.slowAfter = answer.body.size() / 2;
        return answer;
    };
    qputenv("HF_HOME", (m_dir->path() + "/hf").toUtf8());
    qputenv("XDG_CACHE_HOME", (m_dir->path() + "/cache").toUtf8());
    qputenv("FETTLE_MODELS", (m_dir->path() + "/models").toUtf8());
    qputenv("HF_ENDPOINT", QByteArray::fromStdString(m_server->url()));
    for (const char *name : {"HF_TOKEN", "HF_HUB_CACHE", "HF_HUB_OFFLINE", "http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY"})
        qunsetenv(name);
    m_theme = std::make_unique<Theme>(*qApp, ThemeChoice::Light);
    const QString project = m_dir->filePath(QStringLiteral("Clinic.fettle"));
    QVERIFY(engine::Project::create(project.toStdString()).has_value());
    m_window = openWindow(makeRealEngine(), *m_theme, project, QStringLiteral("models"));
    QVERIFY(m_window.page);
    QTRY_COMPARE_WITH_TIMEOUT(table()->model()->rowCount(), 1, kPatience); // what came with the program
}

void ModelsPageRealTest::cleanup()
{
    m_window = {};
    m_theme.reset();
    m_server.reset();
    m_dir.reset();
}

bool ModelsPageRealTest::shows(const QString &part) const
{
    for (const QLabel *label : m_window.window->findChildren<QLabel *>()) {
        if (label->isVisible() && label->text().contains(part))
            return true;
    }
    for (const ElidedLabel *label : m_window.window->findChildren<ElidedLabel *>()) {
        if (label->isVisible() && label->text().contains(part))
            return true;
    }
    return false;
}

Link *ModelsPageRealTest::link(const QString &text) const
{
    for (Link *each : m_window.page->findChildren<Link *>()) {
        if (each->isVisible() && each->text() == text)
            return each;
    }
    return nullptr;
}

void ModelsPageRealTest::picture(const QString &name) const
{
    const QString to = qEnvironmentVariable("FETTLE_PICTURES");
    if (!to.isEmpty())
        m_window.window->grab().save(QStringLiteral("%1/%2.png").arg(to, name));
}

void ModelsPageRealTest::askFor(const QString &name)
{
    QTest::mouseClick(inside<Button>("downloadByName"), Qt::LeftButton);
    QDialog *dialog = nullptr;
    QTRY_VERIFY_WITH_TIMEOUT((dialog = m_window.page->findChild<QDialog *>()) && dialog->isVisible(), kPatience);
    auto *field = dialog->findChild<QLineEdit *>(QStringLiteral("downloadName"));
    auto *begin = dialog->findChild<Button *>(QStringLiteral("beginDownload"));
    field->selectAll();
    QTest::keyClicks(field, QStringLiteral("tinychat"));
    QVERIFY(!begin->isEnabled()); // no publisher
    field->selectAll();
    QTest::keyClicks(field, name);
    QVERIFY(begin->isEnabled());
    picture(QStringLiteral("models-dialog"));
    QTest::mouseClick(begin, Qt::LeftButton);
    QTRY_VERIFY_WITH_TIMEOUT(!m_window.page->findChild<QDialog *>(), kPatience);
}

void ModelsPageRealTest::pauseHalfway()
{
    m_isHeld = true;
    askFor(QStringLiteral("acme/tinychat"));
    const auto half = std::int64_t(m_files["model.safetensors"].size() / 2);
    QTRY_VERIFY_WITH_TIMEOUT(m_window.bridge->download().progress.done >= half, kPatience);
    QTRY_VERIFY_WITH_TIMEOUT(inside<Button>("pauseDownload")->isVisible(), kPatience);
    QVERIFY(shows(QStringLiteral("acme/tinychat")));
    picture(QStringLiteral("models-downloading"));
}

void ModelsPageRealTest::modelIsFetchedByName()
{
    const int before = table()->model()->rowCount();
    askFor(QStringLiteral("acme/tinychat"));
    QTRY_COMPARE_WITH_TIMEOUT(table()->model()->rowCount(), before + 1, kPatience);
    QTRY_VERIFY_WITH_TIMEOUT(table()->currentIndex().isValid() && table()->currentIndex().siblingAtColumn(0).data().toString() == QLatin1String("acme/tinychat"), kPatience);
    QVERIFY(!m_window.page->findChild<QWidget *>(QStringLiteral("downloadStrip"))->isVisible());
    QTRY_VERIFY_WITH_TIMEOUT(shows(QStringLiteral("mit")), kPatience); // its licence, from its card
    picture(QStringLiteral("models-fetched"));

    // Its card, without what lies in its head.
    Link *card = inside<Link>("readCard");
    QTRY_VERIFY_WITH_TIMEOUT(card->isVisible(), kPatience);
    QTest::mouseClick(card, Qt::LeftButton);
    QTextBrowser *text = nullptr;
    QTRY_VERIFY_WITH_TIMEOUT((text = m_window.page->findChild<QTextBrowser *>()) && text->isVisible(), kPatience);
    QCOMPARE(text->toPlainText().trimmed(), QStringLiteral("Tiny chat"));
    picture(QStringLiteral("models-card"));
    text->window()->close();

    // Kept first, then deleted: the disk has it no more, and the list neither.
    m_window.window->dialogs().setNextAnswer(1);
    QTest::mouseClick(inside<Button>("deleteModelButton"), Qt::LeftButton);
    QTRY_VERIFY_WITH_TIMEOUT(m_window.window->dialogs().lastQuestion().has_value(), kPatience);
    const auto question = *m_window.window->dialogs().lastQuestion();
    QVERIFY2(question.title.contains(QStringLiteral("acme/tinychat")) && question.text.contains(QStringLiteral("become free")), qPrintable(question.text));
    QVERIFY(fs::exists(root() / "refs/main"));
    m_window.window->dialogs().setNextAnswer(0);
    QTest::mouseClick(inside<Button>("deleteModelButton"), Qt::LeftButton);
    QTRY_VERIFY_WITH_TIMEOUT(!fs::exists(root()), kPatience);
    QTRY_COMPARE_WITH_TIMEOUT(table()->model()->rowCount(), before, kPatience);
    QTRY_VERIFY_WITH_TIMEOUT(shows(QStringLiteral("is deleted")), kPatience);

    // What came with the program says why it stays.
    QTRY_VERIFY_WITH_TIMEOUT(table()->currentIndex().isValid(), kPatience);
    QTest::mouseClick(inside<Button>("deleteModelButton"), Qt::LeftButton);
    QTRY_VERIFY_WITH_TIMEOUT(shows(QStringLiteral("came with Fettle")), kPatience);
    QCOMPARE(table()->model()->rowCount(), before);
}

void ModelsPageRealTest::pausedDownloadGoesOn()
{
    pauseHalfway();
    QTest::mouseClick(inside<Button>("pauseDownload"), Qt::LeftButton);
    QTRY_VERIFY_WITH_TIMEOUT(!m_window.bridge->download().isOn, kPatience);
    QTRY_VERIFY_WITH_TIMEOUT(link(QStringLiteral("Resume")), kPatience);
    QVERIFY(shows(QStringLiteral("have come")) && shows(QStringLiteral("Not complete")));
    picture(QStringLiteral("models-paused"));
    m_isHeld = false;
    const auto requests = m_server->requests().size();
    QTest::mouseClick(link(QStringLiteral("Resume")), Qt::LeftButton);
    QTRY_VERIFY_WITH_TIMEOUT(fs::exists(root() / "refs/main"), kPatience);
    QTRY_VERIFY_WITH_TIMEOUT(!link(QStringLiteral("Resume")) && table()->currentIndex().siblingAtColumn(0).data().toString() == QLatin1String("acme/tinychat"), kPatience);
    const auto all = m_server->requests();
    QVERIFY(std::ranges::any_of(all.begin() + std::ptrdiff_t(requests), all.end(), [](const WebRequest &request) { return !request.range.empty(); }));
    QCOMPARE(fixture::contentOf(root() / "snapshots" / fixture::hubRevision() / "model.safetensors"), m_files["model.safetensors"]);
}

void ModelsPageRealTest::cancelledDownloadLeavesNothing()
{
    pauseHalfway();
    m_window.window->dialogs().setNextAnswer(1); // go on
    QTest::mouseClick(inside<Button>("cancelDownload"), Qt::LeftButton);
    QVERIFY(m_window.window->dialogs().lastQuestion()->text.contains(QStringLiteral("lie on the disk")));
    QVERIFY(m_window.bridge->download().isOn);
    m_window.window->dialogs().setNextAnswer(0);
    QTest::mouseClick(inside<Button>("cancelDownload"), Qt::LeftButton);
    QTRY_VERIFY_WITH_TIMEOUT(!fs::exists(root()), kPatience);
    QVERIFY(!link(QStringLiteral("Resume")));
    // The same from the list, later.
    pauseHalfway();
    QTest::mouseClick(inside<Button>("pauseDownload"), Qt::LeftButton);
    QTRY_VERIFY_WITH_TIMEOUT(link(QStringLiteral("Throw away")), kPatience);
    m_window.window->dialogs().setNextAnswer(0);
    QTest::mouseClick(link(QStringLiteral("Throw away")), Qt::LeftButton);
    QTRY_VERIFY_WITH_TIMEOUT(!fs::exists(root()), kPatience);
    QTRY_VERIFY_WITH_TIMEOUT(!link(QStringLiteral("Throw away")), kPatience);
}

void ModelsPageRealTest::failureSaysWhatToDo()
{
    askFor(QStringLiteral("acme/nothing"));
    auto *problem = inside<QLabel>("downloadProblem");
    QTRY_VERIFY_WITH_TIMEOUT(problem->isVisible(), kPatience);
    QVERIFY2(problem->text().contains(QStringLiteral("does not have this")) && problem->text().contains(QStringLiteral("Check the name")), qPrintable(problem->text()));
    picture(QStringLiteral("models-failed"));
    // The name is corrected where it was wrong.
    QTest::mouseClick(inside<Button>("renameDownload"), Qt::LeftButton);
    QDialog *dialog = nullptr;
    QTRY_VERIFY_WITH_TIMEOUT((dialog = m_window.page->findChild<QDialog *>()) && dialog->isVisible(), kPatience);
    auto *field = dialog->findChild<QLineEdit *>(QStringLiteral("downloadName"));
    QCOMPARE(field->text(), QStringLiteral("acme/nothing"));
    field->selectAll();
    QTest::keyClicks(field, QStringLiteral("acme/tinychat"));
    QTest::keyClick(field, Qt::Key_Return);
    QTRY_VERIFY_WITH_TIMEOUT(fs::exists(root() / "refs/main"), kPatience);
    QTRY_VERIFY_WITH_TIMEOUT(!problem->isVisible(), kPatience);
}

void ModelsPageRealTest::windowClosesDuringADownload()
{
    pauseHalfway();
    m_window = {};
    QVERIFY(!fs::exists(root() / "refs/main"));
    // The next start offers to go on.
    m_window = openWindow(makeRealEngine(), *m_theme, m_dir->filePath(QStringLiteral("Clinic.fettle")), QStringLiteral("models"));
    QVERIFY(m_window.page);
    QTRY_VERIFY_WITH_TIMEOUT(link(QStringLiteral("Resume")), kPatience);
    m_isHeld = false;
    QTest::mouseClick(link(QStringLiteral("Resume")), Qt::LeftButton);
    QTRY_VERIFY_WITH_TIMEOUT(fs::exists(root() / "refs/main"), kPatience);
}

void ModelsPageRealTest::methodsAreMeasured()
{
    askFor(QStringLiteral("acme/tinychat"));
    QTRY_VERIFY_WITH_TIMEOUT(table()->currentIndex().isValid() && table()->currentIndex().siblingAtColumn(0).data().toString() == QLatin1String("acme/tinychat"), kPatience);
    auto *measure = inside<Button>("measureMethods");
    QTRY_VERIFY_WITH_TIMEOUT(measure->isEnabled(), kPatience);
    QTRY_VERIFY_WITH_TIMEOUT(shows(QStringLiteral("not measured")), kPatience); // rows are seen one turn of the loop after the button is enabled
    QTest::mouseClick(measure, Qt::LeftButton);
    QTRY_VERIFY_WITH_TIMEOUT(inside<Button>("cancelMethods")->isVisible(), kPatience);
    QTRY_VERIFY_WITH_TIMEOUT(measure->isVisible() && measure->text() == QLatin1String("Measure again"), kPatience);
    QVERIFY(!shows(QStringLiteral("not measured")) && shows(QStringLiteral("of free memory")));
    picture(QStringLiteral("models-measured"));
}

// A folder that is no model itself: what lies below it is listed, now and at the next start.
void ModelsPageRealTest::folderIsSearched()
{
    const fs::path shelf = m_dir->path().toStdString() + "/shelf";
    fs::create_directories(shelf / "more");
    fs::copy_file(FETTLE_FIXTURES "/models/llama-q8.gguf", shelf / "one.gguf");
    fs::copy_file(FETTLE_FIXTURES "/models/llama-gqa.gguf", shelf / "two.gguf");
    fs::copy(FETTLE_FIXTURES "/tinychat", shelf / "more/three");
    const auto names = [this] {
        QStringList all;
        for (const QLabel *label : m_window.page->findChildren<QLabel *>())
            all << label->text();
        for (const ElidedLabel *label : m_window.page->findChildren<ElidedLabel *>())
            all << label->text();
        for (int row = 0; row < table()->model()->rowCount(); ++row)
            all << table()->model()->index(row, 0).data().toString();
        return all;
    };
    m_window.window->dialogs().setNextFileName(QString::fromStdString(shelf.string()));
    m_window.page->findChild<QAction *>(QStringLiteral("addModelFolder"))->trigger();
    for (const char *name : {"one", "two", "three"})
        QTRY_VERIFY2_WITH_TIMEOUT(names().contains(QLatin1String(name)), name, kPatience);
    m_window = {};
    m_window = openWindow(makeRealEngine(), *m_theme, m_dir->filePath(QStringLiteral("Clinic.fettle")), QStringLiteral("models"));
    for (const char *name : {"one", "two", "three"})
        QTRY_VERIFY2_WITH_TIMEOUT(names().contains(QLatin1String(name)), name, kPatience);
    // A folder without any says so, and is not kept.
    fs::create_directories(shelf / "empty");
    m_window.window->dialogs().setNextFileName(QString::fromStdString((shelf / "empty").string()));
    m_window.page->findChild<QAction *>(QStringLiteral("addModelFolder"))->trigger();
    QTRY_VERIFY_WITH_TIMEOUT(m_window.window->findChild<MessageBar *>(), kPatience);
    QCOMPARE(QSettings().value(QStringLiteral("models/added")).toStringList().size(), 1);
}

QTEST_MAIN(ModelsPageRealTest)
#include "tst_modelspage_real.moc"
