// Moves one QFocusFrame to the button that was reached by the keyboard. See focusring.h.
#include "ui/theme/focusring.h"

#include <QAbstractButton>
#include <QAbstractSlider>
#include <QApplication>
#include <QEvent>
#include <QFocusEvent>
#include <QFocusFrame>
#include <QPointer>

namespace fettle::ui {

namespace {

class FocusRing : public QObject {
public:
    using QObject::QObject;

    bool eventFilter(QObject *object, QEvent *event) override
    {
        if (event->type() == QEvent::FocusIn)
            follow(qobject_cast<QWidget *>(object), static_cast<QFocusEvent *>(event)->reason());
        else if (event->type() == QEvent::FocusOut && m_frame && m_frame->widget() == object)
            m_frame->setWidget(nullptr);
        return false;
    }

private:
    void follow(QWidget *widget, Qt::FocusReason reason)
    {
        const bool isKeyboard = reason == Qt::TabFocusReason || reason == Qt::BacktabFocusReason || reason == Qt::ShortcutFocusReason;
        const bool wantsRing = widget && !widget->isWindow()
            && (qobject_cast<QAbstractButton *>(widget) || qobject_cast<QAbstractSlider *>(widget)
                || widget->property("focusRing").toBool());
        if (!isKeyboard || !wantsRing) {
            if (m_frame)
                m_frame->setWidget(nullptr);
            return;
        }
        if (!m_frame) { // its parent may have been deleted with it
            m_frame = new QFocusFrame;
            m_frame->setAttribute(Qt::WA_TransparentForMouseEvents);
        }
        m_frame->setWidget(widget);
    }

    QPointer<QFocusFrame> m_frame;
};

} // namespace

void installFocusRing(QApplication &application)
{
    application.installEventFilter(new FocusRing(&application));
}

} // namespace fettle::ui
