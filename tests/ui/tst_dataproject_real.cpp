// The Data page on a real project and a real tokenizer: import a CSV, see the lens, edit, find it again after a restart, undo.
#include "tests/ui/support/openwindow.h"

#include "ui/bridge/bridge.h"
#include "ui/bridge/realengine.h"
#include "ui/data/datapage.h"
#include "ui/data/growingtext.h"
#include "ui/data/healthbar.h"
#include "ui/data/importdialog.h"
#include "ui/data/recordeditor.h"
#include "ui/data/recordmodel.h"
#include "ui/data/recordtable.h"
#include "ui/data/tokenlens.h"
#include "ui/frame/mainwindow.h"
#include "ui/theme/theme.h"
#include "ui/widgets/button.h"
#include "ui/widgets/chip.h"

#include <QSettings>
#include <QTemporaryDir>
#include <QTest>

using namespace fettle;
using namespace fettle::ui;

class DataProjectTest : public QObject {
    Q_OBJECT

private slots:
    void initTestCase()
    {
        QCoreApplication::setOrganizationName(QStringLiteral("fettle-test"));
        QSettings().clear();
        m_theme = std::make_unique<Theme>(*qApp, ThemeChoice::Light);
        QVERIFY(m_folder.isValid());
        m_project = m_folder.filePath(QStringLiteral("clinic.fettle"));
        auto created = engine::Project::create(m_project.toStdString());
        QVERIFY2(created, created ? "" : created.error().message.c_str());
        const QString model = QStringLiteral(FETTLE_FIXTURES "/tinychat");
        QVERIFY(created->setSetting("baseModel", '"' + model.toStdString() + '"'));
    }

    void importsEditsAndUndoes()
    {
        open();
        QTRY_COMPARE(m_model->rowCount(), 0);
        const QString file = m_folder.filePath(QStringLiteral("answers.csv"));
        QFile csv(file);
        QVERIFY(csv.open(QIODevice::WriteOnly));
        csv.write("question,answer\nCan I book?,\"Yes, on Tuesdays.\"\nWho calls?,Ines calls.\nWho calls?,Ines calls.\n");
        csv.close();
        m_window->dialogs().setNextFileName(file);
        m_page->openImport({});
        QVERIFY(m_page->importDialog());
        QTRY_VERIFY(m_page->importDialog()->isReady());
        QCOMPARE(m_page->importDialog()->importButton()->text(), QStringLiteral("Import 3 records"));
        QTest::mouseClick(m_page->importDialog()->importButton(), Qt::LeftButton);
        QTRY_COMPARE(m_model->rowCount(), 3);
        QTRY_VERIFY(m_lens->tiles());
        QTRY_VERIFY(m_health->chip(engine::RecordFlag::Duplicate)->count().value_or(0) > 0);
        QTRY_VERIFY(m_model->rowAt(0) && m_model->rowAt(0)->tokens);
        QCOMPARE(*m_model->rowAt(0)->tokens, std::int64_t(m_lens->tiles()->count())); // the table counts what the lens shows

        const int before = m_lens->tiles()->trained;
        GrowingText *answer = response();
        QVERIFY(answer);
        answer->setFocus();
        answer->moveCursor(QTextCursor::End);
        QTest::keyClicks(answer, QStringLiteral(" Ring us."));
        QTRY_VERIFY(m_lens->tiles()->trained > before);
        QTRY_VERIFY(!m_editor->hasUnsavedChanges());
        QTest::keyClick(answer, Qt::Key_Escape);
        QTRY_COMPARE(storedAnswer(), QStringLiteral("Yes, on Tuesdays. Ring us."));
    }

    void whatWasTypedIsThereAfterARestart()
    {
        open();
        QTRY_COMPARE(m_model->rowCount(), 3);
        QTRY_VERIFY(response() && response()->exactText() == QStringLiteral("Yes, on Tuesdays. Ring us."));
        m_table->setFocus();
        QTRY_VERIFY(m_window->windowAction(QStringLiteral("undo"))->isEnabled());
        QTest::keyClick(m_window.get(), Qt::Key_Z, Qt::ControlModifier);
        QTRY_COMPARE(storedAnswer(), QStringLiteral("Yes, on Tuesdays."));
        QTRY_COMPARE(response()->exactText(), QStringLiteral("Yes, on Tuesdays."));
    }

    void cleanup()
    {
        m_window.reset();
        m_bridge.reset();
    }

private:
    void open()
    {
        OpenWindow opened = openWindow(makeRealEngine(), *m_theme, m_project, QStringLiteral("data"));
        m_bridge = std::move(opened.bridge);
        m_window = std::move(opened.window);
        m_page = qobject_cast<DataPage *>(opened.page);
        QVERIFY(m_page);
        m_model = m_page->findChild<RecordModel *>();
        m_table = m_page->findChild<RecordTable *>();
        m_editor = m_page->findChild<RecordEditor *>();
        m_lens = m_page->findChild<TokenLens *>();
        m_health = m_page->findChild<HealthBar *>();
    }
    [[nodiscard]] GrowingText *response() const
    {
        for (GrowingText *field : m_editor->findChildren<GrowingText *>())
            if (field->isVisible() && field->accessibleName() == QStringLiteral("Response"))
                return field;
        return nullptr;
    }
    [[nodiscard]] QString storedAnswer() const
    {
        const auto project = engine::Project::open(m_project.toStdString(), engine::Access::ReadOnly);
        const auto record = project ? project->record(RecordId{1}) : Result<data::Record>(passError(project));
        return record ? QString::fromStdString(std::string(data::responseOf(*record))) : QStringLiteral("?");
    }

    std::unique_ptr<Theme> m_theme;
    QTemporaryDir m_folder;
    QString m_project;
    std::unique_ptr<Bridge> m_bridge;
    std::unique_ptr<MainWindow> m_window;
    DataPage *m_page = nullptr;
    RecordModel *m_model = nullptr;
    RecordTable *m_table = nullptr;
    RecordEditor *m_editor = nullptr;
    TokenLens *m_lens = nullptr;
    HealthBar *m_health = nullptr;
};

QTEST_MAIN(DataProjectTest)
#include "tst_dataproject_real.moc"
