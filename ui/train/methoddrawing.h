// The transformer block as a drawing in which the trained parts are lit: for LoRA, two narrow matrices beside each chosen map.
#pragma once

#include <QSet>
#include <QString>
#include <QWidget>

namespace fettle::ui {

class MethodDrawing : public QWidget {
    Q_OBJECT

public:
    explicit MethodDrawing(QWidget *parent = nullptr);
    // Maps with a pair of matrices: "q", "k", "v", "o", "gate", "up", "down".
    void setLit(const QSet<QString> &maps);
    void setBlocks(int blocks); // 0: not known yet
    [[nodiscard]] QSize sizeHint() const override { return {216, 196}; }

protected:
    void paintEvent(QPaintEvent *event) override;

private:
    void paintBox(QPainter &painter, const QRectF &box, const QString &title, const QStringList &maps);
    void describe();
    QSet<QString> m_lit;
    int m_blocks = 0;
};

// The maps that a value of the setting "targets" chooses: "all", "attention", "mlp", or names such as "q_proj,v_proj".
[[nodiscard]] QSet<QString> mapsOfTargets(const QString &targets);

} // namespace fettle::ui
