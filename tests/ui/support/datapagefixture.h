// The Data page in the real window on the stand-in engine, for the tests of that page: what they look for in it, press and read back.
#pragma once

#include "tests/ui/support/fakeengine.h"
#include "tests/ui/support/openwindow.h"
#include "ui/data/datapage.h"
#include "ui/data/recordeditor.h"
#include "ui/data/recordmodel.h"
#include "ui/data/recordtable.h"
#include "ui/data/tokenlens.h"
#include "ui/theme/theme.h"

#include <QDir>
#include <QSettings>
#include <QTemporaryDir>
#include <QTest>

namespace fettle::ui {

class DataPageFixture {
public:
    void begin() // once, where there is an application
    {
        QCoreApplication::setOrganizationName(QStringLiteral("fettle-test"));
        m_theme = std::make_unique<Theme>(*qApp, ThemeChoice::Light);
    }
    void renew() // before each test
    {
        QSettings().clear();
        m_folder = std::make_unique<QTemporaryDir>();
    }
    void close()
    {
        m_window.reset();
        m_bridge.reset();
        m_page = nullptr;
        m_engine = nullptr;
    }

    // The project is open on the page; prepare: what the project is told before.
    void openWith(std::vector<data::Record> records, const std::function<void(FakeProjectState &)> &prepare = {})
    {
        auto engine = std::make_unique<FakeEngine>();
        m_engine = engine.get();
        QDir().mkpath(project());
        const std::size_t count = records.size();
        m_engine->addProject(project().toStdString(), std::move(records));
        if (prepare)
            prepare(*state());
        OpenWindow opened = openWindow(std::move(engine), *m_theme, project(), QStringLiteral("data"));
        m_bridge = std::move(opened.bridge);
        m_window = std::move(opened.window);
        m_page = qobject_cast<DataPage *>(opened.page);
        QVERIFY(m_page);
        QTRY_COMPARE(find<RecordModel>()->rowCount(), static_cast<int>(count));
        if (count > 0)
            QTRY_VERIFY(find<RecordEditor>()->hasRecord() && find<TokenLens>()->tiles());
    }
    [[nodiscard]] QString project() const { return m_folder->filePath(QStringLiteral("clinic.fettle")); }
    [[nodiscard]] std::shared_ptr<FakeProjectState> state() const { return m_engine->state(project().toStdString()); }
    [[nodiscard]] data::Record stored(std::int64_t id) const
    {
        const auto all = state();
        const std::lock_guard lock(all->mutex);
        const auto found = all->records.find(id);
        return found == all->records.end() ? data::Record{} : found->second;
    }
    template <class T>
    T *find() const { return m_page->findChild<T *>(); }
    void press(int key, Qt::KeyboardModifiers modifiers = {}) { QTest::keyClick(find<RecordTable>(), Qt::Key(key), modifiers); }
    // Set FETTLE_PICTURES to a folder to look at what the test sees.
    void picture(const QString &name) const
    {
        const QString folder = qEnvironmentVariable("FETTLE_PICTURES");
        if (!folder.isEmpty())
            m_window->grab().save(folder + QLatin1Char('/') + name + QStringLiteral(".png"));
    }

    std::unique_ptr<Theme> m_theme;
    std::unique_ptr<QTemporaryDir> m_folder;
    std::unique_ptr<Bridge> m_bridge;
    std::unique_ptr<MainWindow> m_window;
    DataPage *m_page = nullptr;
    FakeEngine *m_engine = nullptr;
};

} // namespace fettle::ui
