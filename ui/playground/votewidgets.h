// Small painted parts of the blind vote: the ticks of the questions, the curve of certainty, the interval of a share.
#pragma once

#include <QWidget>

namespace fettle::ui {

// One tick for each question: judged, shown, ready, still being answered.
class VoteTicks : public QWidget {
    Q_OBJECT

public:
    explicit VoteTicks(QWidget *parent = nullptr);
    void setCounts(qint64 judged, qint64 ready, qint64 wanted);
    [[nodiscard]] QSize sizeHint() const override { return {200, 12}; }
    [[nodiscard]] QSize minimumSizeHint() const override { return {40, 12}; }

protected:
    void paintEvent(QPaintEvent *event) override;

private:
    qint64 m_judged = 0, m_ready = 0, m_wanted = 0;
};

// How wide the interval can be after so many votes, with a dot at the votes that there are.
class CertaintyCurve : public QWidget {
    Q_OBJECT

public:
    explicit CertaintyCurve(QWidget *parent = nullptr);
    void setVotes(qint64 votes, qint64 wanted);
    [[nodiscard]] QSize sizeHint() const override { return {280, 120}; }

protected:
    void paintEvent(QPaintEvent *event) override;

private:
    qint64 m_votes = 0, m_wanted = 30;
};

// A share with its interval on a scale from 0 to 100 %, one half marked.
class ShareScale : public QWidget {
    Q_OBJECT

public:
    explicit ShareScale(QWidget *parent = nullptr);
    void setShare(double share, double low, double high, bool isKnown);
    [[nodiscard]] QSize sizeHint() const override { return {320, 44}; }

protected:
    void paintEvent(QPaintEvent *event) override;

private:
    double m_share = 0.5, m_low = 0, m_high = 1;
    bool m_isKnown = false;
};

} // namespace fettle::ui
