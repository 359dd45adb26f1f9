// One of two records that contradict each other: what it says, with the words marked that the other does not share, and what is known of it.
#pragma once

#include "core/base/worddiff.h"
#include "core/engine/project.h"

#include <QWidget>

class QLabel;

namespace fettle::ui {

class Badge;
class TextLabel;

class ComparedSide : public QWidget {
    Q_OBJECT

public:
    explicit ComparedSide(const QString &place, QWidget *parent = nullptr); // place: "left", "right"

    // loss: of the newest run that saw the record.
    void show(const data::Record &record, const std::vector<ByteRange> &instruction, const std::vector<ByteRange> &response, std::optional<double> loss);
    [[nodiscard]] QString responseText() const;

signals:
    void wordsActivated(const QString &words); // marked words of the response were clicked
    void openRequested();                      // to edit the whole record

protected:
    void changeEvent(QEvent *event) override;

private:
    void write();

    data::Record m_record;
    std::vector<ByteRange> m_instructionMarks, m_responseMarks;
    std::optional<double> m_loss;
    TextLabel *m_number = nullptr, *m_contextLabel = nullptr;
    Badge *m_status = nullptr;
    QLabel *m_instruction = nullptr, *m_context = nullptr, *m_response = nullptr;
    TextLabel *m_source = nullptr, *m_tags = nullptr, *m_rating = nullptr, *m_lossText = nullptr, *m_note = nullptr;
};

} // namespace fettle::ui
