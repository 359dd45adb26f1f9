#include "ui/train/settingsform.h"

#include "ui/runs/runwords.h"
#include "ui/theme/tokens.h"
#include "ui/train/realspinbox.h"
#include "ui/widgets/labels.h"

#include <QAbstractSpinBox>
#include <QCheckBox>
#include <QComboBox>
#include <QCoreApplication>
#include <QEvent>
#include <QGridLayout>
#include <QHBoxLayout>
#include <QLineEdit>
#include <QPainter>
#include <QSpinBox>
#include <QVBoxLayout>

#include <algorithm>
#include <limits>

namespace fettle::ui {

using namespace measure;
using train::SettingField;
using train::SettingKind;
using train::SettingLevel;
using train::SettingValue;

namespace {

constexpr int kEditorWidth = 148, kMarkWidth = 80;
constexpr int kFrame = 1; // of the card around the form
constexpr int kLabelWidth = SettingsForm::kFieldEdge - kPaneSide - kStep2; // "Activation checkpointing" fits
constexpr int kColumnWidth = kLabelWidth + kEditorWidth + kMarkWidth + 2 * kStep2;

QString translated(std::string_view text)
{
    return text.empty() ? QString() : QCoreApplication::translate("fettle::train::Settings", std::string(text).c_str());
}

// The accent dot of a value that differs.
class Dot : public QWidget {
public:
    Dot() { setFixedSize(8, 8); }

protected:
    void paintEvent(QPaintEvent *) override
    {
        QPainter painter(this);
        painter.setRenderHint(QPainter::Antialiasing);
        painter.setPen(Qt::NoPen);
        painter.setBrush(tokens().accent);
        painter.drawEllipse(rect());
    }
};

double asReal(const SettingValue &value)
{
    if (const auto *whole = std::get_if<std::int64_t>(&value))
        return static_cast<double>(*whole);
    if (const auto *real = std::get_if<double>(&value))
        return *real;
    return 0;
}

// What belongs to the method lies in its adapter, but for what happens only while it is trained.
bool isSettledByAdapter(const SettingField &field, std::string_view method)
{
    return method != "full" && !field.method.empty() && field.key != "dropout" && field.key != "loraPlusRatio";
}

} // namespace

QString settingHelp(const SettingField &field)
{
    return translated(field.help);
}

QString settingRangeText(const SettingField &field)
{
    if (field.kind != SettingKind::Integer && field.kind != SettingKind::Real)
        return {};
    return SettingsForm::tr("%1 to %2").arg(plainNumber(field.minimum), plainNumber(field.maximum));
}

SettingsForm::SettingsForm(QWidget *parent) : QWidget(parent)
{
    auto *column = new QVBoxLayout(this);
    column->setContentsMargins(kPaneSide - kFrame, kPaneTop, kPaneSide - kFrame, kPaneTop);
    column->setSpacing(kStep4);
    m_basicGrid = new QGridLayout;
    m_advanced = new QWidget;
    m_advanced->setVisible(false);
    m_advancedGrid = new QGridLayout(m_advanced);
    m_advancedGrid->setContentsMargins(0, 0, 0, 0);
    // A row for each field of any method, so that the order of the tab key stays that of the table; those of other methods are hidden.
    for (const SettingField &field : train::settingFields())
        addRow(field);
    for (QGridLayout *grid : {m_basicGrid, m_advancedGrid}) {
        grid->setHorizontalSpacing(kStep2);
        grid->setVerticalSpacing(kStep2);
    }
    arrange(2);
    column->addLayout(m_basicGrid);
    column->addWidget(m_advanced);
}

// Each column is read to its end before the next one begins.
void SettingsForm::arrange(int columns)
{
    m_columns = columns;
    for (const SettingLevel level : {SettingLevel::Basic, SettingLevel::Advanced}) {
        QGridLayout *grid = level == SettingLevel::Basic ? m_basicGrid : m_advancedGrid;
        const int perColumn = (count(level) + columns - 1) / columns;
        int index = 0;
        for (const Row &row : m_rows) {
            if (row.field->level != level)
                continue;
            for (QWidget *widget : std::initializer_list<QWidget *>{row.label, row.editor, row.mark})
                grid->removeWidget(widget);
            row.label->setVisible(isShown(row));
            row.editor->setVisible(isShown(row));
            if (!isShown(row)) {
                row.mark->hide();
                continue;
            }
            const int line = index % perColumn, first = index / perColumn * 3;
            row.label->setMinimumWidth(kLabelWidth);
            grid->addWidget(row.label, line, first);
            grid->addWidget(row.editor, line, first + 1);
            grid->addWidget(row.mark, line, first + 2);
            ++index;
        }
        grid->setColumnStretch(2, 1);
        grid->setColumnStretch(5, columns > 1 ? 1 : 0);
    }
}

int SettingsForm::count(SettingLevel level) const
{
    return static_cast<int>(std::ranges::count_if(m_rows, [&](const Row &row) { return row.field->level == level && isShown(row); }));
}

int SettingsForm::advancedCount() const
{
    return count(SettingLevel::Advanced);
}

void SettingsForm::addRow(const SettingField &field)
{
    Row row{&field, nullptr, nullptr, nullptr, nullptr, {}};
    QWidget *parent = field.level == SettingLevel::Advanced ? m_advanced : this; // from the start: a row that is hidden lies in no layout
    row.label = new TextLabel(settingLabel(field));
    row.label->setParent(parent);
    row.editor = makeEditor(field, row);
    row.editor->setParent(parent);
    row.editor->setFixedWidth(kEditorWidth);
    row.editor->setAccessibleName(settingLabel(field));
    row.editor->setToolTip(settingHelp(field) + QStringLiteral("\n\n") + translated(field.why));
    row.editor->setObjectName(QString::fromUtf8(field.key.data(), static_cast<qsizetype>(field.key.size())));
    row.label->setBuddy(row.editor);
    row.label->setToolTip(row.editor->toolTip());
    row.editor->installEventFilter(this);
    for (QWidget *child : row.editor->findChildren<QWidget *>())
        child->installEventFilter(this);
    row.mark = new QWidget(parent);
    auto *mark = new QHBoxLayout(row.mark);
    mark->setContentsMargins(0, 0, 0, 0);
    mark->setSpacing(kStep2 - 2);
    row.was = smallLabel({});
    mark->addWidget(new Dot);
    mark->addWidget(row.was);
    mark->addStretch(1);
    QSizePolicy keep = row.mark->sizePolicy();
    keep.setRetainSizeWhenHidden(true);
    row.mark->setSizePolicy(keep);
    row.mark->setMinimumWidth(kMarkWidth);
    row.mark->hide();
    m_rows.push_back(std::move(row));
}

QWidget *SettingsForm::makeEditor(const SettingField &field, Row &row)
{
    const SettingField *key = &field;
    const QString suffix = field.unit.empty() ? QString() : QStringLiteral(" ") + translated(field.unit);
    switch (field.kind) {
    case SettingKind::Boolean: {
        auto *box = new QCheckBox(tr("on"));
        connect(box, &QCheckBox::toggled, this, [this, key](bool isOn) { edited(*key, isOn); });
        row.show = [box](const SettingValue &value) { box->setChecked(std::get<bool>(value)); };
        return box;
    }
    case SettingKind::Choice: {
        auto *box = new QComboBox;
        for (std::size_t i = 0; i < field.choices.size(); ++i)
            box->addItem(translated(i < field.choiceLabels.size() ? field.choiceLabels[i] : field.choices[i]), QString::fromStdString(std::string(field.choices[i])));
        connect(box, &QComboBox::currentIndexChanged, this, [this, key, box] { edited(*key, box->currentData().toString().toStdString()); });
        row.show = [box](const SettingValue &value) { box->setCurrentIndex(std::max(0, box->findData(QString::fromStdString(std::get<std::string>(value))))); };
        return box;
    }
    case SettingKind::Text: {
        auto *line = new QLineEdit;
        connect(line, &QLineEdit::editingFinished, this, [this, key, line] { edited(*key, line->text().trimmed().toStdString()); });
        row.show = [line](const SettingValue &value) { line->setText(QString::fromStdString(std::get<std::string>(value))); };
        return line;
    }
    case SettingKind::Integer:
        if (field.maximum <= std::numeric_limits<int>::max()) {
            auto *box = new QSpinBox;
            box->setRange(static_cast<int>(field.minimum), static_cast<int>(field.maximum));
            box->setSuffix(suffix);
            box->setGroupSeparatorShown(true);
            box->setAlignment(Qt::AlignRight);
            box->setKeyboardTracking(false);
            connect(box, &QSpinBox::valueChanged, this, [this, key](int value) { edited(*key, std::int64_t{value}); });
            row.show = [box](const SettingValue &value) { box->setValue(static_cast<int>(asReal(value))); };
            return box;
        }
        [[fallthrough]];
    case SettingKind::Real: {
        auto *box = new RealSpinBox;
        box->setRange(field.minimum, field.maximum);
        box->setSuffix(suffix);
        box->setAlignment(Qt::AlignRight);
        const bool isWhole = field.kind == SettingKind::Integer;
        if (isWhole)
            box->setDecimals(0);
        connect(box, &QDoubleSpinBox::valueChanged, this, [this, key, isWhole](double value) {
            if (isWhole)
                edited(*key, static_cast<std::int64_t>(value));
            else
                edited(*key, value);
        });
        row.show = [box](const SettingValue &value) { box->setValue(asReal(value)); };
        return box;
    }
    }
    return new QLineEdit;
}

SettingValue SettingsForm::valueOf(const train::Recipe &recipe, const SettingField &field) const
{
    const auto found = recipe.values.find(field.key);
    return found != recipe.values.end() ? found->second : field.standard;
}

void SettingsForm::setRecipe(const train::Recipe &recipe, const train::Recipe &reference)
{
    const train::Recipe before = m_recipe; // which the caller may have given
    m_recipe = recipe;
    const bool isOtherMethod = recipe.method != before.method;
    m_reference = reference;
    for (const Row &row : m_rows) {
        if (m_isGiven && !isOtherMethod && isSettledByAdapter(*row.field, recipe.method))
            m_recipe.values[std::string(row.field->key)] = valueOf(before, *row.field);
    }
    m_isShowing = true;
    for (const Row &row : m_rows)
        row.show(valueOf(m_recipe, *row.field));
    m_isShowing = false;
    if (isOtherMethod)
        arrange(m_columns);
    updateMarks();
    updateGiven();
}

void SettingsForm::setGiven(bool isGiven)
{
    m_isGiven = isGiven;
    updateGiven();
}

void SettingsForm::updateGiven()
{
    for (const Row &row : m_rows) {
        const bool isFixed = m_isGiven && isSettledByAdapter(*row.field, m_recipe.method);
        row.editor->setEnabled(!isFixed);
        row.editor->setToolTip(isFixed ? tr("The adapter that the run goes on from has settled this.") : row.label->toolTip());
    }
}

void SettingsForm::setValue(const std::string &key, const SettingValue &value)
{
    for (const Row &row : m_rows)
        if (row.field->key == key) {
            row.show(value);
            edited(*row.field, value); // a line of text says so only when somebody has typed
        }
}

void SettingsForm::edited(const SettingField &field, SettingValue value)
{
    if (m_isShowing || valueOf(m_recipe, field) == value)
        return;
    m_recipe.values[std::string(field.key)] = std::move(value);
    updateMarks();
    emit changed();
}

void SettingsForm::updateMarks()
{
    for (const Row &row : m_rows) {
        if (!isShown(row))
            continue;
        const SettingValue was = valueOf(m_reference, *row.field);
        const bool isDifferent = settingValueText(*row.field, valueOf(m_recipe, *row.field)) != settingValueText(*row.field, was);
        row.was->setText(tr("was %1").arg(settingValueText(*row.field, was)));
        row.mark->setVisible(isDifferent);
    }
}

int SettingsForm::differences() const
{
    int count = 0;
    for (const Row &row : m_rows)
        count += isShown(row) && settingValueText(*row.field, valueOf(m_recipe, *row.field)) != settingValueText(*row.field, valueOf(m_reference, *row.field));
    return count;
}

void SettingsForm::commit()
{
    for (const Row &row : m_rows) {
        if (!row.editor->hasFocus())
            continue;
        if (auto *number = qobject_cast<QAbstractSpinBox *>(row.editor))
            number->interpretText();
        else if (auto *line = qobject_cast<QLineEdit *>(row.editor))
            edited(*row.field, line->text().trimmed().toStdString());
        return;
    }
}

QSize SettingsForm::minimumSizeHint() const
{
    return {kColumnWidth + 2 * kPaneSide, QWidget::minimumSizeHint().height()};
}

void SettingsForm::resizeEvent(QResizeEvent *event)
{
    QWidget::resizeEvent(event);
    if (const int columns = width() >= 2 * (kColumnWidth + kPaneSide) ? 2 : 1; columns != m_columns)
        arrange(columns);
}

void SettingsForm::setAdvancedVisible(bool isVisible)
{
    m_advanced->setVisible(isVisible);
}

bool SettingsForm::eventFilter(QObject *watched, QEvent *event)
{
    if (event->type() == QEvent::FocusIn) {
        for (const Row &row : m_rows) {
            if (watched != row.editor && watched->parent() != row.editor)
                continue;
            const QString range = settingRangeText(*row.field);
            emit fieldFocused(range.isEmpty() ? tr("%1: %2").arg(settingLabel(*row.field), settingHelp(*row.field))
                                              : tr("%1: %2 %3.").arg(settingLabel(*row.field), settingHelp(*row.field), range));
        }
    }
    // A wheel that scrolls the page must not change numbers on its way.
    if (event->type() == QEvent::Wheel)
        if (auto *widget = qobject_cast<QWidget *>(watched); widget != nullptr && !widget->hasFocus()) {
            event->ignore();
            return true;
        }
    return QWidget::eventFilter(watched, event);
}

} // namespace fettle::ui
