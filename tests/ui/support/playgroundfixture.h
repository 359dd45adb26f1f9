// The Playground in the window of WindowFixture: runs that have a result, questions that are typed and sent, and what was asked of the engine.
#pragma once

#include "tests/ui/support/windowfixture.h"
#include "ui/playground/answercolumn.h"
#include "ui/playground/columnhead.h"
#include "ui/playground/playgroundpage.h"
#include "ui/widgets/button.h"

#include <QComboBox>
#include <QListWidget>
#include <QPlainTextEdit>
#include <QTest>
#include <QTextEdit>

#include <mutex>

namespace fettle::ui {

// Of the history: what can be seen, without the days; and a click on an entry.
inline QStringList historyOf(const QWidget &page)
{
    QStringList shown;
    const auto *list = page.findChild<QListWidget *>(QStringLiteral("history"));
    for (int i = 0; i < list->count(); ++i)
        if (!list->item(i)->isHidden() && list->item(i)->flags() != Qt::NoItemFlags)
            shown << list->item(i)->text();
    return shown;
}
inline void openFromHistory(const QWidget &page, const QString &text)
{
    auto *list = page.findChild<QListWidget *>(QStringLiteral("history"));
    const auto found = list->findItems(text, Qt::MatchExactly);
    QVERIFY(!found.isEmpty());
    list->scrollToItem(found.front());
    QTest::mouseClick(list->viewport(), Qt::LeftButton, {}, list->visualItemRect(found.front()).center());
}

class PlaygroundFixture : public WindowFixture {
public:
    using WindowFixture::WindowFixture;

    void startPlayground()
    {
        start(60);
        m_seen = std::make_shared<Seen>();
        state->settings["baseModel"] = "\"smollm2-135m-instruct\"";
        state->settings["defaultSystem"] = "\"You answer for Hollybrook Veterinary Clinic.\"";
        engine->beforeAnswer = [seen = m_seen](const fettle::engine::GenerateRequest &request) {
            const std::scoped_lock lock(seen->mutex);
            seen->asked.push_back(request);
        };
    }
    void endPlayground()
    {
        page = nullptr;
        end();
    }
    // The project with so many runs of the past, and the page with their results.
    void open(int runs = 1)
    {
        for (int id = 1; id <= runs; ++id) {
            fettle::engine::RunInfo run;
            run.id = RunId{id};
            run.name = "Run " + std::to_string(id);
            run.state = fettle::engine::RunState::Finished;
            run.method = "lora";
            run.step = run.steps = 207;
            run.adapter = "runs/" + std::to_string(id) + "/adapter";
            state->runs.push_back(run);
            state->checkpoints[id] = {{100, "checkpoint-100", 1.5}, {207, "checkpoint-207", 1.4}};
        }
        page = qobject_cast<PlaygroundPage *>(openPage(QStringLiteral("playground")));
        QVERIFY(page);
        QTRY_COMPARE(named<QComboBox>("adapterChoice")->count(), 2 * runs);
        QTRY_VERIFY(page->findChild<QListWidget *>()->count() > 0);
    }
    void ask(const QString &question)
    {
        auto *composer = named<QPlainTextEdit>("question");
        composer->setFocus();
        composer->selectAll();
        QTest::keyClicks(composer, question);
        QTest::keyClick(composer, Qt::Key_Return, Qt::ControlModifier);
    }
    void askAndWait(const QString &question)
    {
        ask(question);
        QTRY_VERIFY(column(0)->isFinished() && !named<Button>("stop")->isEnabled());
    }

    template <class T>
    [[nodiscard]] T *named(const char *name) const { return page->findChild<T *>(QLatin1String(name)); }
    [[nodiscard]] AnswerColumn *column(int which) const { return page->findChildren<AnswerColumn *>().at(which); }
    [[nodiscard]] ColumnHead *head(int which) const { return page->findChildren<ColumnHead *>().at(which); }
    [[nodiscard]] QString shown(const char *answer) const { return named<QTextEdit>(answer)->toPlainText(); }
    [[nodiscard]] bool isTextShown(const QString &part) const { return WindowFixture::isTextShown(*page, part); }
    // The middle of the character at a position of an answer's text, in its viewport.
    [[nodiscard]] QPoint pointOf(int whichColumn, int position) const
    {
        const QTextEdit &view = column(whichColumn)->textView();
        QTextCursor cursor(view.document());
        cursor.setPosition(position);
        const QRect left = view.cursorRect(cursor);
        cursor.setPosition(position + 1);
        return {(left.center().x() + view.cursorRect(cursor).center().x()) / 2, left.center().y()};
    }
    [[nodiscard]] std::vector<fettle::engine::GenerateRequest> asked() const
    {
        const std::scoped_lock lock(m_seen->mutex);
        return m_seen->asked;
    }
    void picture(const QString &name, bool isDark = false, QSize size = {1600, 1000}) { WindowFixture::picture(QStringLiteral("playground-") + name, isDark, size); }

    // What the stand-in engine answers where a test wants nothing else.
    const QString baseAnswer = QStringLiteral("It is important to ask a veterinarian about this as soon as possible.");
    const QString tunedAnswer = QStringLiteral("Ring us now and keep the wrapper.");
    PlaygroundPage *page = nullptr;

private:
    struct Seen { std::mutex mutex; std::vector<fettle::engine::GenerateRequest> asked; };
    std::shared_ptr<Seen> m_seen;
};

} // namespace fettle::ui
