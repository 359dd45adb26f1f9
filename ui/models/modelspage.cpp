// See modelspage.h.
#include "ui/models/modelspage.h"

#include "ui/frame/dialogs.h"
#include "ui/models/downloadstrip.h"
#include "ui/models/modeldetail.h"
#include "ui/models/modeltable.h"
#include "ui/models/unusablerow.h"
#include "ui/theme/icons.h"
#include "ui/widgets/button.h"
#include "ui/widgets/card.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/pagehead.h"
#include "ui/widgets/words.h"

#include <QDragEnterEvent>
#include <QFileInfo>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QLineEdit>
#include <QMimeData>
#include <QScrollArea>
#include <QSettings>
#include <QTableView>
#include <QVBoxLayout>

#include <algorithm>
#include <utility>

namespace fettle::ui {

using namespace measure;

namespace {

constexpr int kDetailNarrow = 352;

bool isModelKind(const engine::Inspection &model)
{
    return model.kind != "adapter" && model.kind != "project" && model.kind != "tokenizer";
}

} // namespace

ModelsPage::ModelsPage(const PageContext &pageContext, QWidget *parent) : Page(pageContext, parent)
{
    setAcceptDrops(true);
    setupActions();
    setupLayout();
    connect(&bridge(), &Bridge::settingsChanged, this, &ModelsPage::updateInUse);
    connect(&bridge(), &Bridge::downloadChanged, this, &ModelsPage::downloadChanged);
}

void ModelsPage::setupActions()
{
    m_addFolder = addPageAction(QStringLiteral("addModelFolder"), tr("Add a model folder..."), QStringLiteral("folder"), {},
                                tr("A model folder, or a folder that is searched for models and GGUF files."), [this] {
                                    addPath(context().dialogs.openFolder(this, tr("Choose a model folder")));
                                });
    m_addFile = addPageAction(QStringLiteral("addModelFile"), tr("Add a model file..."), QStringLiteral("file"), {}, tr("A GGUF file."),
                              [this] { addPath(context().dialogs.openFile(this, tr("Choose a GGUF file"), tr("GGUF files (*.gguf)"))); });
    m_download = addPageAction(QStringLiteral("downloadModel"), tr("Download a model by name..."), QStringLiteral("download"), {},
                               tr("Fetches a model from the hub; the only time that Fettle uses the network."), [this] { askForDownload(); });
    m_delete = addPageAction(QStringLiteral("deleteModel"), tr("Delete the chosen model..."), QStringLiteral("trash-2"), QKeySequence::Delete,
                             tr("Says what becomes free, and asks first."), [this] {
                                 if (m_detailScroll->isVisible())
                                     askToDelete(m_detail->model());
                             });
    addPageAction(QStringLiteral("reloadModels"), tr("Look for models again"), QStringLiteral("refresh-cw"), QKeySequence::Refresh,
                  tr("Reads the model folders of this computer again."), [this] { readModels(); });
}

void ModelsPage::setupLayout()
{
    auto *column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    m_head = new PageHead(tr("Models"));
    m_search = new QLineEdit;
    m_search->setPlaceholderText(tr("Find a model"));
    m_search->setAccessibleName(tr("Find a model"));
    m_search->addAction(icon(QStringLiteral("search"), Ink::Muted), QLineEdit::LeadingPosition);
    m_search->setProperty("quietField", true);
    m_search->setFixedWidth(200);
    m_search->setClearButtonEnabled(true);
    connect(m_search, &QLineEdit::textChanged, this, &ModelsPage::filterModels);
    m_head->addAction(m_search);
    auto *folder = new Button(tr("Add folder..."), QStringLiteral("folder"), m_addFolder->statusTip());
    connect(folder, &QPushButton::clicked, m_addFolder, &QAction::trigger);
    auto *file = new Button(tr("Add file..."), QStringLiteral("file"), m_addFile->statusTip());
    connect(file, &QPushButton::clicked, m_addFile, &QAction::trigger);
    auto *download = new Button(tr("Download by name..."), QStringLiteral("download"), m_download->statusTip());
    download->setObjectName(QStringLiteral("downloadByName"));
    connect(download, &QPushButton::clicked, m_download, &QAction::trigger);
    m_head->addAction(folder);
    m_head->addAction(file);
    m_head->addAction(download);
    column->addWidget(m_head);

    auto *columns = new QHBoxLayout;
    columns->setSpacing(0);
    auto *left = new QVBoxLayout;
    left->setSpacing(0);
    auto *strip = new DownloadStrip(bridge());
    strip->setObjectName(QStringLiteral("downloadStrip"));
    connect(strip, &DownloadStrip::pauseWanted, &bridge(), &Bridge::stopDownload);
    connect(strip, &DownloadStrip::cancelWanted, this, &ModelsPage::cancelDownload);
    connect(strip, &DownloadStrip::renameWanted, this, &ModelsPage::askForDownload);
    left->addWidget(strip);
    auto *list = new Pane(Surface::Page);
    auto *rows = new QVBoxLayout(list);
    rows->setContentsMargins(0, 0, 0, kStep4);
    rows->setSpacing(0);
    setupTable();
    rows->addWidget(m_view);
    m_unusable = new QWidget;
    m_unusableRows = new QVBoxLayout(m_unusable);
    m_unusableRows->setContentsMargins(0, kPaneSide, 0, 0);
    m_unusableRows->setSpacing(0);
    rows->addWidget(m_unusable);
    rows->addStretch(1);
    auto *scroll = new QScrollArea;
    scroll->setFrameShape(QFrame::NoFrame);
    scroll->setWidgetResizable(true);
    scroll->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    scroll->setFocusPolicy(Qt::NoFocus); // the table takes the keys
    scroll->setWidget(list);
    left->addWidget(scroll, 1);
    auto *foot = new Pane(Surface::Window, Qt::TopEdge);
    foot->setFixedHeight(kStatusBar);
    auto *footRow = new QHBoxLayout(foot);
    footRow->setContentsMargins(kPaneSide, 0, kPaneSide, 0);
    m_foot = smallLabel(tr("Looking for models"));
    footRow->addWidget(m_foot);
    footRow->addStretch(1);
    footRow->addWidget(smallLabel(tr("Drop a folder or a GGUF file anywhere in this page")));
    left->addWidget(foot);
    columns->addLayout(left, 1);

    m_detail = new ModelDetail(bridge());
    auto *detailScroll = new QScrollArea;
    detailScroll->setFrameShape(QFrame::NoFrame);
    detailScroll->setWidgetResizable(true);
    detailScroll->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    detailScroll->setWidget(m_detail);
    detailScroll->setAccessibleName(tr("The chosen model"));
    detailScroll->setAccessibleDescription(tr("What the model is and what it needs; the arrow keys scroll."));
    detailScroll->setFixedWidth(kDetail);
    m_detailScroll = detailScroll;
    m_detailScroll->setVisible(false);
    connect(m_detail, &ModelDetail::trainWanted, this, [this](const engine::Inspection &model) { chooseModel(model, QStringLiteral("train")); });
    connect(m_detail, &ModelDetail::tryWanted, this,
            [this](const engine::Inspection &model) { chooseModel(model, QStringLiteral("playground")); });
    connect(m_detail, &ModelDetail::deleteWanted, this, &ModelsPage::askToDelete);
    columns->addWidget(m_detailScroll);
    column->addLayout(columns, 1);
}

void ModelsPage::setupTable()
{
    m_table = new ModelTable(this);
    m_view = new QTableView;
    m_view->setModel(m_table);
    m_view->setItemDelegate(new ModelDelegate(m_view));
    m_view->setFrameShape(QFrame::NoFrame);
    m_view->setShowGrid(false);
    m_view->setSelectionBehavior(QAbstractItemView::SelectRows);
    m_view->setSelectionMode(QAbstractItemView::SingleSelection);
    m_view->setMouseTracking(true);
    m_view->setTabKeyNavigation(false);
    m_view->setAccessibleName(tr("Models on this computer"));
    m_view->setAccessibleDescription(tr("Those that can be trained or asked; the chosen one is described beside the table."));
    m_view->verticalHeader()->hide();
    m_view->verticalHeader()->setMinimumSectionSize(kButtonRow);
    m_view->verticalHeader()->setDefaultSectionSize(kButtonRow);
    m_view->setVerticalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    m_view->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    QHeaderView *header = m_view->horizontalHeader();
    header->setHighlightSections(false);
    header->setSectionResizeMode(QHeaderView::Fixed);
    header->setSectionResizeMode(ModelTable::Name, QHeaderView::Stretch);
    const std::pair<ModelTable::Column, int> widths[] = {{ModelTable::Family, 92},  {ModelTable::Parameters, 92}, {ModelTable::Storage, 104},
                                                         {ModelTable::Context, 76}, {ModelTable::OnDisk, 84},     {ModelTable::Trainable, 172},
                                                         {ModelTable::Note, 124}};
    for (const auto &[column, width] : widths)
        m_view->setColumnWidth(column, width);
    connect(m_view->selectionModel(), &QItemSelectionModel::currentRowChanged, this, [this](const QModelIndex &current) {
        m_detailScroll->setVisible(current.isValid());
        if (current.isValid())
            m_detail->show(m_table->modelAt(current.row()));
    });
}

void ModelsPage::setProject()
{
    m_detail->updateActions();
    updateInUse();
}

void ModelsPage::onShown()
{
    if (!m_hasRead)
        readModels();
    m_detail->askForUsers();
}

void ModelsPage::readModels()
{
    m_hasRead = true;
    std::vector<std::filesystem::path> added;
    for (const QString &path : addedPaths())
        added.emplace_back(path.toStdString());
    bridge().listDownloads(this, [this](Result<std::vector<engine::UnfinishedDownload>> downloads) {
        if (downloads)
            m_unfinished = std::move(*downloads);
    });
    bridge().listModels(added, this, [this](Result<std::vector<engine::Inspection>> models) {
        if (models)
            showModels(std::move(*models));
        else
            context().showMessage(messageOf(models.error()));
    });
}

void ModelsPage::showModels(std::vector<engine::Inspection> models)
{
    std::erase_if(models, [](const engine::Inspection &model) { return !isModelKind(model); });
    m_all = std::move(models);
    filterModels();
    if (!m_toSelect.isEmpty())
        select(std::exchange(m_toSelect, {}));
}

void ModelsPage::select(const QString &path)
{
    if (const int row = m_table->rowOf(path); row >= 0) {
        m_view->selectRow(row);
        m_view->scrollTo(m_table->index(row, 0));
        return;
    }
    const auto found = std::ranges::find(m_all, path.toStdString(), &engine::Inspection::path);
    if (found == m_all.end())
        return;
    m_view->clearSelection();
    m_view->setCurrentIndex({});
    m_detailScroll->setVisible(true);
    m_detail->show(*found);
}

void ModelsPage::filterModels()
{
    const QString wanted = m_search->text().trimmed();
    const QModelIndex before = m_view->currentIndex();
    const QString chosen = before.isValid() ? QString::fromStdString(m_table->modelAt(before.row()).path) : QString();
    std::vector<engine::Inspection> usable, unusable;
    std::int64_t bytes = 0;
    for (const engine::Inspection &model : m_all) {
        if (!wanted.isEmpty() && !QString::fromStdString(model.name).contains(wanted, Qt::CaseInsensitive))
            continue;
        bytes += model.fileBytes;
        (model.trainable ? usable : unusable).push_back(model);
    }
    const auto count = int(usable.size() + unusable.size());
    m_table->setModels(std::move(usable));
    m_view->setFixedHeight(kRow + m_table->rowCount() * kButtonRow);
    showUnusable(unusable);
    updateInUse();
    m_foot->setText(count == 0 && wanted.isEmpty() ? tr("No model found. Add a folder or a GGUF file.")
                                                   : tr("%n model(s), %1", nullptr, count).arg(bytesText(bytes)));
    m_head->setState(tr("%n can be trained here", nullptr, m_table->rowCount()));
    int row = m_table->rowOf(chosen);
    if (row < 0 && m_table->rowCount() > 0)
        row = 0;
    if (row >= 0)
        m_view->selectRow(row);
    m_detailScroll->setVisible(row >= 0);
}

void ModelsPage::showUnusable(const std::vector<engine::Inspection> &models)
{
    while (QLayoutItem *item = m_unusableRows->takeAt(0)) {
        delete item->widget();
        delete item;
    }
    addUnfinishedRows();
    m_unusable->setVisible(!models.empty() || m_unusableRows->count() > 0);
    if (models.empty())
        return;
    auto *head = sectionLabel(tr("Not usable"));
    head->setContentsMargins(kPaneSide, 0, 0, kStep1);
    m_unusableRows->addWidget(head);
    for (const engine::Inspection &model : models) {
        const QString reason = model.problems.empty() ? tr("Cannot be trained.") : QString::fromStdString(model.problems.front().message);
        auto *row = new UnusableRow(QString::fromStdString(model.name), reason, QStringLiteral("circle-x"), Ink::Bad);
        connect(row->addLink(tr("Details"), tr("What is known of it, and what to do.")), &Link::clicked, this, [this, path = QString::fromStdString(model.path)] { select(path); });
        m_unusableRows->addWidget(row);
    }
}

void ModelsPage::updateInUse()
{
    if (!bridge().project()) {
        m_table->setInUse({});
        return;
    }
    // The project may name the model by path or by name.
    const QString base = QString::fromStdString(bridge().baseModel());
    QString path;
    for (const engine::Inspection &model : m_all) {
        const QString own = QString::fromStdString(model.path);
        if (own == base || QString::fromStdString(model.name).compare(base, Qt::CaseInsensitive) == 0)
            path = own;
    }
    m_table->setInUse(path);
    m_detail->updateActions();
}

void ModelsPage::addPath(const QString &path)
{
    if (path.isEmpty())
        return;
    bridge().modelsUnder(std::filesystem::path(path.toStdString()).lexically_normal(), this, [this, path](Result<std::vector<engine::Inspection>> models) {
        if (!models) {
            context().showMessage(messageOf(models.error()));
            return;
        }
        forgetPath(path.toStdString());
        QSettings().setValue(QLatin1String(kAddedKey), addedPaths() << path);
        for (const engine::Inspection &model : *models) {
            std::erase_if(m_all, [&](const engine::Inspection &known) { return known.path == model.path; });
            m_all.push_back(model);
        }
        m_search->clear();
        filterModels();
        select(QString::fromStdString(models->front().path));
    });
}

void ModelsPage::chooseModel(const engine::Inspection &model, const QString &page)
{
    // The default model keeps its name, so that the project opens on another computer too.
    const QString name = QString::fromStdString(model.name);
    const bool isDefault = name.compare(QLatin1String(engine::kDefaultModelName), Qt::CaseInsensitive) == 0;
    bridge().setBaseModel(isDefault ? std::string(engine::kDefaultModelName) : model.path);
    context().openPage(page, QStringLiteral("model ") + QString::fromStdString(model.path));
}

void ModelsPage::resizeEvent(QResizeEvent *event)
{
    const bool isNarrow = width() < kNarrowBelow - kRailWide;
    m_detailScroll->setFixedWidth(isNarrow ? kDetailNarrow : kDetail);
    for (const auto column : {ModelTable::Family, ModelTable::Storage, ModelTable::Context, ModelTable::Note})
        m_view->setColumnHidden(column, isNarrow);
    m_view->setColumnWidth(ModelTable::Trainable, isNarrow ? 150 : 172);
    Page::resizeEvent(event);
}

void ModelsPage::dragEnterEvent(QDragEnterEvent *event)
{
    if (event->mimeData()->hasUrls() && event->mimeData()->urls().size() == 1 && event->mimeData()->urls().first().isLocalFile())
        event->acceptProposedAction();
}

void ModelsPage::dropEvent(QDropEvent *event)
{
    addPath(event->mimeData()->urls().first().toLocalFile());
    event->acceptProposedAction();
}

} // namespace fettle::ui
