// The transformer block as a drawing in which the parts that a recipe trains are lit.
#pragma once

#include "core/train/settings.h"

#include <QSet>
#include <QString>
#include <QWidget>

namespace fettle::ui {

class MethodDrawing : public QWidget {
    Q_OBJECT

public:
    explicit MethodDrawing(QWidget *parent = nullptr);
    void setRecipe(const train::Recipe &recipe);
    void setBlocks(int blocks); // 0: not known yet
    [[nodiscard]] QSize sizeHint() const override { return {216, 196}; }

    // What is lit. Maps: "q", "k", "v", "o", "gate", "up", "down".
    struct Lit {
        QSet<QString> pairs;          // two narrow matrices beside the map
        QSet<QString> whole;          // the map itself
        QSet<QString> outputs, inputs; // a factor behind or in front of the map
        bool norms = false, embeddings = false, head = false;
        bool behindAttention = false, behindMlp = false, besideMlp = false; // small networks
        bool prefix = false, prompt = false;
    };
    [[nodiscard]] const Lit &lit() const { return m_lit; }

protected:
    void paintEvent(QPaintEvent *event) override;

private:
    void paintBox(QPainter &painter, const QRectF &box, const QString &title, const QStringList &maps);
    void describe();
    train::Recipe m_recipe;
    Lit m_lit;
    int m_blocks = 0;
};

// The maps that a value such as that of "targets" chooses: "all", "attention", "mlp", or names such as "q_proj,v_proj".
[[nodiscard]] QSet<QString> mapsOfTargets(const QString &targets);

} // namespace fettle::ui
