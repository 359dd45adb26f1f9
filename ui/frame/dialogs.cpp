// See dialogs.h.
#include "ui/frame/dialogs.h"

#include "ui/theme/tokens.h"

#include <QDir>
#include <QFileDialog>
#include <QFileInfo>
#include <QLabel>
#include <QMessageBox>
#include <QPushButton>
#include <QSettings>

namespace fettle::ui {

namespace {

constexpr int kTextWidth = 400;

} // namespace

QString Dialogs::startFolder() const
{
    return QSettings().value(QStringLiteral("dialogs/folder"), QDir::homePath()).toString();
}

void Dialogs::remember(const QString &chosen)
{
    if (!chosen.isEmpty())
        QSettings().setValue(QStringLiteral("dialogs/folder"), QFileInfo(chosen).absolutePath());
}

QString Dialogs::openFile(QWidget *parent, const QString &title, const QString &filter)
{
    if (!m_nextFileNames.isEmpty())
        return m_nextFileNames.takeFirst();
    const QString chosen = QFileDialog::getOpenFileName(parent, title, startFolder(), filter);
    remember(chosen);
    return chosen;
}

QString Dialogs::saveFile(QWidget *parent, const QString &title, const QString &suggestion, const QString &filter)
{
    if (!m_nextFileNames.isEmpty())
        return m_nextFileNames.takeFirst();
    const QString chosen = QFileDialog::getSaveFileName(parent, title, QDir(startFolder()).filePath(suggestion), filter);
    remember(chosen);
    return chosen;
}

QString Dialogs::openFolder(QWidget *parent, const QString &title)
{
    if (!m_nextFileNames.isEmpty())
        return m_nextFileNames.takeFirst();
    const QString chosen = QFileDialog::getExistingDirectory(parent, title, startFolder());
    remember(chosen);
    return chosen;
}

int Dialogs::ask(QWidget *parent, const Question &question)
{
    m_lastQuestion = question;
    if (!m_nextAnswers.isEmpty())
        return m_nextAnswers.takeFirst();
    QMessageBox box(parent);
    box.setWindowTitle(question.title);
    box.setText(question.title);
    box.setInformativeText(question.text);
    QList<QPushButton *> buttons;
    for (const QString &answer : question.answers) {
        const bool isLast = buttons.size() + 1 == question.answers.size();
        buttons.append(box.addButton(answer, isLast ? QMessageBox::RejectRole : QMessageBox::AcceptRole));
    }
    if (!buttons.isEmpty()) {
        box.setDefaultButton(buttons.first());
        box.setEscapeButton(buttons.last());
    }
    // The native layout is as narrow as its longest word allows; a sentence wants a line.
    for (QLabel *label : box.findChildren<QLabel *>()) {
        if (label->text() == question.title)
            label->setFont(textFont(TextSize::Body, Weight::SemiBold));
        if (label->text() == question.title || label->text() == question.text)
            label->setMinimumWidth(kTextWidth);
    }
    box.exec();
    const qsizetype index = buttons.indexOf(box.clickedButton());
    return int(index < 0 ? question.answers.size() - 1 : index);
}

} // namespace fettle::ui
