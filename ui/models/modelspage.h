// Models: what lies on this computer, what it is, whether it can be trained.
#pragma once

#include "ui/frame/page.h"

class QLineEdit;
class QTableView;
class QVBoxLayout;

namespace fettle::ui {

class ElidedLabel;
class EmptyState;
class ModelDetail;
class ModelTable;
class PageHead;
class TextLabel;

class ModelsPage : public Page {
    Q_OBJECT

public:
    explicit ModelsPage(const PageContext &context, QWidget *parent = nullptr);
    void setProject() override;
    void onShown() override;

protected:
    void resizeEvent(QResizeEvent *event) override;
    void dragEnterEvent(QDragEnterEvent *event) override;
    void dropEvent(QDropEvent *event) override;

private:
    void setupActions();
    void setupLayout();
    void setupTable();
    void readModels();
    void showModels(std::vector<engine::Inspection> models);
    void filterModels();
    void showUnusable(const std::vector<engine::Inspection> &models);
    void addPath(const QString &path);
    void chooseModel(const engine::Inspection &model, const QString &page);
    void updateInUse();

    std::vector<engine::Inspection> m_all;
    bool m_hasRead = false;
    QAction *m_addFolder;
    QAction *m_addFile;
    PageHead *m_head;
    QLineEdit *m_search;
    ModelTable *m_table;
    QTableView *m_view;
    QWidget *m_unusable;
    QVBoxLayout *m_unusableRows;
    ModelDetail *m_detail;
    QWidget *m_detailScroll;
    TextLabel *m_foot;
};

} // namespace fettle::ui
