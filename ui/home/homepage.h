// Home: without a project three ways in (firststart.h), with one the map of the work (overview.h).
#pragma once

#include "ui/frame/page.h"
#include "ui/home/homefacts.h"

#include <QTimer>

class QStackedWidget;

namespace fettle::ui {

class FirstStart;
class Overview;
class PageHead;

class HomePage : public Page {
    Q_OBJECT

public:
    explicit HomePage(const PageContext &context, QWidget *parent = nullptr);
    void setProject() override;
    void onShown() override;

private:
    void connectBridge();
    void readFacts();
    void showFacts(const HomeFacts &facts);
    void refreshSoon();

    PageHead *m_head;
    QStackedWidget *m_stack;
    FirstStart *m_firstStart;
    Overview *m_overview;
    QTimer m_refresh; // several changes in a row are read once
};

} // namespace fettle::ui
