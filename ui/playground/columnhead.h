// The head of one column of the playground: who answers, how strongly, and the badges that prove it, computed from the tensors in use.
// Knows no engine.
#pragma once

#include "core/engine/playground.h"
#include "ui/playground/adapterchoice.h"

#include <QWidget>

#include <vector>

class QComboBox;
class QSlider;

namespace fettle::ui {

class Badge;
class Button;
class ElidedLabel;
class TextLabel;

class ColumnHead : public QWidget {
    Q_OBJECT

public:
    // The base column has no choice and no strength. number: of a further column, from 3, which can be removed; 0: base or tuned.
    explicit ColumnHead(bool isBase, int number = 0, QWidget *parent = nullptr);

    void setBaseName(const QString &name);
    void setChoices(const std::vector<AdapterChoice> &choices); // keeps the chosen one where it is still there
    // A second line, in every column where one of them has it, so that names and badges stay on one line.
    void setTall(bool isTall);
    [[nodiscard]] bool isMixing() const;
    void choose(const std::string &adapter, const std::string &model = {});
    [[nodiscard]] engine::ColumnChoice choice() const;
    [[nodiscard]] bool hasChoice() const;
    [[nodiscard]] QString columnName() const; // "Base", "Run 3, step 207"

    [[nodiscard]] QString proof() const;      // the badges as text: weights, adapter, seed; empty while nothing has answered
    void clearBadges(); // nothing has answered
    void setBadges(const engine::ColumnBadge &badge, quint64 seed);

signals:
    void removalWanted();
    void mixingChanged(); // see isMixing()

protected:
    void resizeEvent(QResizeEvent *event) override;

private:
    void addChoice(class QHBoxLayout *line, int number);
    struct Part { QComboBox *choice = nullptr; QSlider *strength = nullptr; TextLabel *text = nullptr; };
    [[nodiscard]] Part addPart(class QHBoxLayout *line, const QString &name, const QString &help, const char *choiceName, const char *strengthName);
    [[nodiscard]] QWidget *makeSecond();
    void updateStrength();
    QWidget *makeBadges();
    void fitBadges(); // those that have no room are in the tooltip of the first

    bool m_isBase;
    QString m_proof;
    ElidedLabel *m_detail = nullptr;
    Part m_first, m_second;
    QWidget *m_secondLine = nullptr; // room for the second adapter
    Button *m_mix = nullptr;
    Badge *m_adapterBadge, *m_templateBadge, *m_hashBadge, *m_secondBadge, *m_weightBadge, *m_seedBadge;
    std::vector<Badge *> m_shown; // of this answer, the most telling first
};

} // namespace fettle::ui
