// "Does it fit?": the memory and the time that a run would take, measured by computing its longest row once, and changes that make it fit.
#pragma once

#include "core/base/result.h"
#include "core/engine/fit.h"

#include <QStringList>
#include <QWidget>

class QGridLayout;
class QVBoxLayout;

namespace fettle::ui {

class Button;
class IconLabel;
class MemoryBar;
class ProgressLine;
class TextLabel;
enum class MemoryPart;

class FitView : public QWidget {
    Q_OBJECT

public:
    explicit FitView(QWidget *parent = nullptr);

    void setPossible(bool isPossible); // whether there is something to measure
    void showNothing();                // not measured for these settings
    void showWaiting(const QString &reason);
    void showProgress(const QString &what, double share, double secondsLeft);
    void showFit(const engine::FitResult &fit, const QString &clock);
    void showFailure(const Error &error);

signals:
    void measureWanted();
    void cancelWanted();
    void changeWanted(const QStringList &settings); // "tokensPerMicroBatch=512"

private:
    enum class Show { Nothing, Work, Figures };
    void addHead(QVBoxLayout *column);
    void addWork(QVBoxLayout *column);
    void addFigures(QVBoxLayout *column);
    void addPart(QGridLayout *grid, MemoryPart part, const QString &name, const QString &help);
    void setShown(Show shown);
    void setHint(const QString &hint);
    void setVerdict(const QString &icon, int ink, const QString &text);
    void showSuggestions(const std::vector<engine::FitSuggestion> &suggestions);

    IconLabel *m_icon = nullptr;
    TextLabel *m_verdict = nullptr, *m_when = nullptr, *m_hint = nullptr, *m_what = nullptr, *m_total = nullptr, *m_time = nullptr;
    Button *m_measure = nullptr, *m_cancel = nullptr;
    QWidget *m_work = nullptr, *m_figures = nullptr, *m_suggestions = nullptr;
    ProgressLine *m_progress = nullptr;
    MemoryBar *m_bar = nullptr;
    QVBoxLayout *m_suggestionRows = nullptr;
    std::vector<TextLabel *> m_values; // in the order of MemoryPart
};

} // namespace fettle::ui
