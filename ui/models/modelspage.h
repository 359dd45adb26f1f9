// Models: what lies on this computer, what it is, whether it can be trained; fetched by name, and deleted.
#pragma once

#include "ui/frame/page.h"

class QLineEdit;
class QTableView;
class QVBoxLayout;

namespace fettle::ui {

class ElidedLabel;
class EmptyState;
class ModelDetail;
struct ModelUser;
class ModelTable;
class DownloadStrip;
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
    static constexpr const char *kAddedKey = "models/added"; // paths that the user added

    void setupActions();
    void setupLayout();
    void setupTable();
    void readModels();
    void showModels(std::vector<engine::Inspection> models);
    void filterModels();
    void showUnusable(const std::vector<engine::Inspection> &models);
    void addUnfinishedRows();
    void addPath(const QString &path);
    void chooseModel(const engine::Inspection &model, const QString &page);
    void updateInUse();
    void select(const QString &path); // in the table, or beside it where it cannot be used
    // modelspagefiles.cpp
    void askForDownload(const QString &name = {});
    void cancelDownload();
    void discardDownload(const engine::UnfinishedDownload &download);
    void downloadChanged();
    void askToDelete(const engine::Inspection &model);
    void deleteModel(const engine::Inspection &model, const engine::ModelRemoval &removal, const std::vector<ModelUser> &users);
    void forgetPath(const std::string &path);
    [[nodiscard]] static QStringList addedPaths();

    std::vector<engine::Inspection> m_all;
    std::vector<engine::UnfinishedDownload> m_unfinished;
    bool m_hasRead = false, m_isDownloading = false;
    QString m_toDiscard; // the download that is thrown away when it has stopped
    QString m_toSelect;  // a path, when the models are read
    QAction *m_addFolder;
    QAction *m_addFile, *m_download, *m_delete;
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
