// The right side of Models: what the chosen model is, the proof of its weights, and what can be done with it.
#pragma once

#include "ui/bridge/bridge.h"
#include "ui/widgets/card.h"

class QGridLayout;
class QVBoxLayout;

namespace fettle::ui {

class Badge;
class Button;
class Link;
class MethodMemoryView;
class TextLabel;

// A project that has runs on a model, or that begins its next one with it.
struct ModelUser {
    QString project;
    int runs = 0; // whose results answer only with this model
    bool isBase = false;
};
// Among the projects that were open lately, newest first; one that cannot be read is left out. Newest wins.
JobId findModelUsers(Bridge &bridge, const std::filesystem::path &model, QObject *receiver, Done<std::vector<ModelUser>> done);

class ModelDetail : public Pane {
    Q_OBJECT

public:
    explicit ModelDetail(Bridge &bridge, QWidget *parent = nullptr);
    void show(const engine::Inspection &model);
    [[nodiscard]] const engine::Inspection &model() const { return m_model; }
    void updateActions(); // with project, without, in use
    void askForUsers();

signals:
    void trainWanted(const fettle::engine::Inspection &model);
    void tryWanted(const fettle::engine::Inspection &model);
    void deleteWanted(const fettle::engine::Inspection &model);

private:
    void addSection(QVBoxLayout *column, const QString &title, QGridLayout *&rows);
    void addRow(QGridLayout *rows, const QString &name, const QString &value);
    void askForHash();
    void askForCard();
    void showCard();
    void showUsers(const std::vector<ModelUser> &users);

    Bridge &m_bridge;
    engine::Inspection m_model;
    TextLabel *m_name;
    TextLabel *m_line;
    TextLabel *m_problem;
    Button *m_train;
    Button *m_try;
    Button *m_folder;
    Button *m_delete;
    Link *m_cardLink;
    QString m_card; // Markdown
    QWidget *m_memorySection;
    MethodMemoryView *m_memory;
    QGridLayout *m_facts = nullptr;
    QGridLayout *m_proof = nullptr;
    QGridLayout *m_users = nullptr;
    Badge *m_hash = nullptr;
};

} // namespace fettle::ui
