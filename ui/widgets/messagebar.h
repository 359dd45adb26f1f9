// A bar across the page, never a dialog: what happened and where in bold, what to do, one button that removes the cause, details, copy.
#pragma once

#include "core/base/result.h"

#include <QWidget>

#include <functional>

class QPlainTextEdit;

namespace fettle::ui {

class Button;

enum class MessageTone { Info, Warning, Bad };

struct Message {
    MessageTone tone = MessageTone::Info;
    QString what;   // one sentence: what happened and where
    QString remedy; // what is lost, what to do
    QString detail; // for the curious; shown on demand
    QString actionText; // empty: no button
    std::function<void()> action;
};

[[nodiscard]] Message messageOf(const Error &error);

class MessageBar : public QWidget {
    Q_OBJECT

public:
    explicit MessageBar(Message message, QWidget *parent = nullptr);
    [[nodiscard]] const Message &message() const { return m_message; }

signals:
    void closed();

protected:
    void paintEvent(QPaintEvent *event) override;

private:
    void setupLayout();
    void copyAll() const;

    Message m_message;
    QPlainTextEdit *m_detail = nullptr;
};

} // namespace fettle::ui
