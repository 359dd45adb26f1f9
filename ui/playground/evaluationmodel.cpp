// See evaluationmodel.h.
#include "ui/playground/evaluationmodel.h"

#include "ui/playground/evaluationwords.h"
#include "ui/theme/tokens.h"
#include "ui/widgets/words.h"

#include <cmath>

namespace fettle::ui {

using evaluate::Verdict;

namespace {

QString textOf(const std::string &text)
{
    return QString::fromStdString(text).simplified();
}

bool isText(int column)
{
    return column == EvaluationModel::Question || column == EvaluationModel::Tags || column == EvaluationModel::Judged || column == EvaluationModel::Standing;
}

QString lossOf(const evaluate::ColumnAnswer &answer)
{
    return answer.loss ? lossText(*answer.loss) : QString();
}

} // namespace

void EvaluationModel::setComparison(std::shared_ptr<const evaluate::Comparison> comparison)
{
    beginResetModel();
    m_comparison = std::move(comparison);
    m_standings.clear();
    m_counts = {};
    m_order = m_comparison ? evaluate::regressionsFirst(m_comparison->rows, m_comparison->columns.size() - 1) : std::vector<std::size_t>();
    if (m_comparison) {
        for (const auto &row : m_comparison->rows) {
            m_standings.push_back(evaluate::standing(row, m_comparison->columns.size() - 1));
            ++m_counts[static_cast<std::size_t>(m_standings.back().verdict)];
        }
    }
    m_filter.reset();
    m_shown = m_order;
    endResetModel();
}

void EvaluationModel::setFilter(std::optional<Verdict> verdict)
{
    beginResetModel();
    m_filter = verdict;
    m_shown.clear();
    for (const std::size_t row : m_order) {
        if (!m_filter || m_standings[row].verdict == *m_filter)
            m_shown.push_back(row);
    }
    endResetModel();
}

qint64 EvaluationModel::count(std::optional<Verdict> verdict) const
{
    return verdict ? m_counts[static_cast<std::size_t>(*verdict)] : static_cast<qint64>(m_order.size());
}

const evaluate::QuestionRow &EvaluationModel::row(int row) const
{
    return m_comparison->rows[m_shown[static_cast<std::size_t>(row)]];
}

evaluate::Standing EvaluationModel::standing(int row) const
{
    return m_standings[m_shown[static_cast<std::size_t>(row)]];
}

int EvaluationModel::rowCount(const QModelIndex &parent) const
{
    return parent.isValid() ? 0 : static_cast<int>(m_shown.size());
}

int EvaluationModel::columnCount(const QModelIndex &parent) const
{
    return parent.isValid() ? 0 : ColumnCount;
}

QVariant EvaluationModel::data(const QModelIndex &index, int role) const
{
    if (!checkIndex(index, CheckIndexOption::IndexIsValid))
        return {};
    const evaluate::QuestionRow &shown = row(index.row());
    const evaluate::Standing stands = standing(index.row());
    if (role == Qt::TextAlignmentRole)
        return QVariant::fromValue<int>(Qt::AlignVCenter | (isText(index.column()) ? Qt::AlignLeft : Qt::AlignRight));
    if (role == kAnswerRole)
        return index.column() == Question ? QVariant(textOf(shown.answers.back().text)) : QVariant();
    if (role == kInkRole && (index.column() == Standing || index.column() == Gain))
        return static_cast<int>(stands.verdict == Verdict::Worse ? Ink::Bad : stands.verdict == Verdict::Better ? Ink::Good : Ink::Muted);
    if (role == Qt::ToolTipRole)
        return QString::fromStdString(index.column() == Question ? shown.question : std::string());
    if (role != Qt::DisplayRole)
        return {};
    switch (index.column()) {
    case Number: return shown.record > 0 ? countText(shown.record) : countText(static_cast<qint64>(m_shown[static_cast<std::size_t>(index.row())]) + 1);
    case Question: return textOf(shown.question);
    case Tags: {
        QStringList tags;
        for (const std::string &tag : shown.tags)
            tags.append(QString::fromStdString(tag));
        return tags.join(QStringLiteral(", "));
    }
    case Base: return lossOf(shown.answers.front());
    case Tuned: return lossOf(shown.answers.back());
    case Gain: return changeText(shown.answers.back().loss ? evaluate::Measure::Loss : evaluate::Measure::Chrf, shown.answers.back().loss ? -stands.gain : stands.gain);
    case Judged: return m_comparison->judge ? judgedName(shown) : QString();
    default: return verdictName(stands.verdict);
    }
}

QVariant EvaluationModel::headerData(int section, Qt::Orientation orientation, int role) const
{
    if (orientation != Qt::Horizontal)
        return {};
    if (role == Qt::TextAlignmentRole)
        return QVariant::fromValue<int>(Qt::AlignVCenter | (isText(section) ? Qt::AlignLeft : Qt::AlignRight));
    if (role != Qt::DisplayRole)
        return {};
    switch (section) {
    case Number: return tr("No.");
    case Question: return tr("Question and tuned answer");
    case Tags: return tr("Tag");
    case Base: return tr("Base loss");
    case Tuned: return tr("Tuned loss");
    case Gain: return tr("Change");
    case Judged: return tr("Judge prefers");
    default: return tr("Against base");
    }
}

} // namespace fettle::ui
