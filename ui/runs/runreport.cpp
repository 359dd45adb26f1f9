// See runreport.h.
#include "ui/runs/runreport.h"

#include "core/base/worddiff.h"
#include "core/train/settingcomparison.h"
#include "ui/runs/chartfile.h"
#include "ui/runs/curvefigure.h"
#include "ui/runs/runwords.h"
#include "ui/theme/tokens.h"
#include "ui/widgets/words.h"

#include <nlohmann/json.hpp>

#include <QAbstractTextDocumentLayout>
#include <QBuffer>
#include <QCoreApplication>
#include <QPageSize>
#include <QPainter>
#include <QPdfWriter>
#include <QTextDocument>

#include <algorithm>
#include <map>

namespace fettle::ui {

namespace {

struct Report {
    Q_DECLARE_TR_FUNCTIONS(fettle::ui::Report)
};

// The colours of the window's table, light: a report lies on paper.
QString reportStyle()
{
    const Tokens &t = tokensOf(Scheme::Light);
    return QStringLiteral("body{font:15px/1.5 'Fettle Sans',system-ui,sans-serif;color:%1;background:%2;max-width:960px;margin:32px auto;padding:0 16px}"
                          "h1{font-size:24px}h2{font-size:17px;margin-top:32px}table{border-collapse:collapse;width:100%}"
                          "td,th{text-align:left;padding:4px 12px 4px 0;border-bottom:1px solid %3;vertical-align:top}"
                          "mark{color:%1;background:%4;text-decoration:underline}svg{width:100%;height:auto;overflow:visible}svg *{font-family:inherit}.muted{color:%5}")
        .arg(t.text.name(), t.surface1.name(), t.grid.name(), t.accentSoft.name(), t.muted.name());
}

QString escaped(const std::string &text)
{
    return QString::fromStdString(text).toHtmlEscaped().replace(QLatin1Char('\n'), QStringLiteral("<br>"));
}

QString row(const QString &name, const QString &value)
{
    return QStringLiteral("<tr><th>%1</th><td>%2</td></tr>").arg(name.toHtmlEscaped(), value);
}

QString section(const QString &title)
{
    return QStringLiteral("<h2>%1</h2>").arg(title.toHtmlEscaped());
}

QString factsTable(const ReportParts &parts)
{
    const engine::RunInfo &run = parts.run;
    QString text = QStringLiteral("<table>");
    text += row(Report::tr("State"), runStateText(run.state).toHtmlEscaped());
    text += row(Report::tr("Method"), runMethodLine(run).toHtmlEscaped());
    text += row(Report::tr("Base model"), escaped(run.modelName));
    text += row(Report::tr("Hash of the base model"), escaped(run.modelHash));
    text += row(Report::tr("Steps"), Report::tr("%1 of %2").arg(countText(run.step), countText(run.steps)));
    text += row(Report::tr("Tokens read"), countText(run.tokens));
    text += row(Report::tr("Time"), durationText(run.seconds).toHtmlEscaped());
    if (run.trainLoss)
        text += row(Report::tr("Training loss"), lossText(*run.trainLoss));
    if (run.evalLoss)
        text += row(Report::tr("Held-out loss"), lossText(*run.evalLoss));
    if (const auto best = bestCheckpoint(parts.curves))
        text += row(Report::tr("Best checkpoint"), Report::tr("step %1").arg(countText(*best)));
    if (run.resultStep)
        text += row(Report::tr("Result"), Report::tr("step %1").arg(countText(*run.resultStep)));
    return text + QStringLiteral("</table>");
}

QString dataTable(const ReportParts &parts)
{
    if (!parts.snapshot)
        return QStringLiteral("<p class=\"muted\">%1</p>").arg(Report::tr("The snapshot of the data is not kept."));
    const engine::SnapshotInfo &snapshot = *parts.snapshot;
    QString text = QStringLiteral("<table>");
    text += row(Report::tr("Snapshot"), snapshot.name.empty() ? QString::number(snapshot.id.value) : Report::tr("%1: %2").arg(QString::number(snapshot.id.value), escaped(snapshot.name)));
    text += row(Report::tr("Records"), Report::tr("%1: %2 learnt, %3 held out, %4 kept for tests")
                                           .arg(countText(snapshot.rows), countText(snapshot.train), countText(snapshot.heldOut), countText(snapshot.test)));
    QStringList tags;
    for (const auto &[tag, count] : parts.tags)
        tags.append(Report::tr("%1 (%2)").arg(escaped(tag), countText(count)));
    if (!tags.isEmpty())
        text += row(Report::tr("Most frequent tags"), tags.join(QStringLiteral(", ")));
    text += row(Report::tr("Frozen"), escaped(snapshot.when));
    text += row(Report::tr("Hash of the data"), escaped(snapshot.hash));
    return text + QStringLiteral("</table>");
}

QString settingsTable(const nlohmann::json &recipe)
{
    QString text = QStringLiteral("<table>");
    for (const train::SettingField &field : train::settingFields()) {
        if (const auto value = storedSetting(recipe, field))
            text += row(settingLabel(field), settingValueText(field, *value).toHtmlEscaped());
    }
    return text + QStringLiteral("</table>");
}

// The answer with the words marked that the base did not say.
QString markedAnswer(const std::string &base, const std::string &answer)
{
    QString text;
    std::size_t at = 0;
    for (const ByteRange &range : diffWords(base, answer).onlyRight) {
        text += escaped(answer.substr(at, range.begin - at)) + QStringLiteral("<mark>") + escaped(answer.substr(range.begin, range.end - range.begin)) + QStringLiteral("</mark>");
        at = range.end;
    }
    return text + escaped(answer.substr(at));
}

QString answers(const data::RunProbes &probes)
{
    const std::int64_t last = probes.answers.empty() ? data::kBaseStep : probes.answers.back().step;
    QString text = QStringLiteral("<table><tr><th>%1</th><th>%2</th><th>%3</th></tr>").arg(Report::tr("Question"), Report::tr("Base model"), Report::tr("Step %1").arg(countText(last)));
    for (std::size_t i = 0; i < probes.questions.size(); ++i) {
        std::string base, end;
        for (const data::ProbeAnswer &answer : probes.answers) {
            if (answer.position == std::int64_t(i) && answer.step == data::kBaseStep)
                base = answer.text;
            if (answer.position == std::int64_t(i) && answer.step == last)
                end = answer.text;
        }
        text += QStringLiteral("<tr><td>%1</td><td>%2</td><td>%3</td></tr>").arg(escaped(probes.questions[i].question), escaped(base), markedAnswer(base, end));
    }
    return text + QStringLiteral("</table>");
}

// Title, note and facts: what stands above the curves.
QString reportHead(const ReportParts &parts)
{
    QString text = QStringLiteral("<h1>%1</h1>").arg(escaped(parts.run.name));
    if (!parts.run.note.empty())
        text += QStringLiteral("<p>%1</p>").arg(escaped(parts.run.note));
    return text + factsTable(parts);
}

QString reportBody(const ReportParts &parts)
{
    const nlohmann::json recipe = nlohmann::json::parse(parts.run.recipeJson, nullptr, false);
    QString text = section(Report::tr("What the doctor says"));
    const auto findings = runFindings(parts.curves, parts.run);
    if (findings.empty())
        text += QStringLiteral("<p class=\"muted\">%1</p>").arg(Report::tr("Nothing found: the curves look as they should."));
    for (const RunFinding &finding : findings)
        text += QStringLiteral("<p><b>%1.</b> %2 <span class=\"muted\">%3</span></p>").arg(ailmentTitle(finding.ailment).toHtmlEscaped(), finding.what.toHtmlEscaped(), finding.remedy.toHtmlEscaped());
    if (!parts.probes.questions.empty())
        text += section(Report::tr("Answers to the probe prompts")) + answers(parts.probes);
    text += section(Report::tr("Data")) + dataTable(parts);
    return text + section(Report::tr("Settings")) + settingsTable(recipe);
}

QString whole(const QString &title, const QString &body)
{
    return QStringLiteral("<!DOCTYPE html><html><head><meta charset=\"utf-8\"><title>%1</title><style>%2</style></head><body>%3</body></html>\n").arg(title, reportStyle(), body);
}

constexpr QSize kLossSize(920, 360), kSmallSize(920, 200);

QByteArray figureSvg(const CurveFigure &figure, QSize size)
{
    const QByteArray file = svgBytes(size, [&](QPaintDevice &device) {
        QPainter painter(&device);
        paintFigure(painter, QRectF(QPointF(), QSizeF(size)), figure, tokensOf(Scheme::Light));
    });
    return file.mid(std::max<qsizetype>(0, file.indexOf("<svg")));
}

// A document over as many pages as it needs, from y of the present page on; answers where it ends.
class PaperPages {
public:
    explicit PaperPages(QPdfWriter &writer) : m_writer(writer), m_painter(&writer) {}

    void add(const QString &html)
    {
        QTextDocument document;
        document.setDocumentMargin(0);
        document.setDefaultFont(textFont());
        document.documentLayout()->setPaintDevice(&m_writer);
        document.setHtml(html);
        document.setTextWidth(width());
        // Blocks and table rows are drawn where they fit; a page is cut between lines of text only.
        if (m_y > 0 && document.size().height() > height() - m_y && document.size().height() <= height())
            nextPage();
        if (document.size().height() <= height() - m_y) {
            draw(document, QRectF(0, 0, width(), document.size().height()));
            m_y += document.size().height();
            return;
        }
        if (m_y > 0)
            nextPage();
        document.setPageSize(QSizeF(width(), height()));
        for (int page = 0; page < document.pageCount(); ++page) {
            if (page > 0)
                nextPage();
            draw(document, QRectF(0, page * height(), width(), height()));
        }
        m_y = height();
    }

    void add(const CurveFigure &figure, double figureHeight)
    {
        if (m_y + figureHeight > height())
            nextPage();
        paintFigure(m_painter, QRectF(0, m_y, width(), figureHeight), figure, tokensOf(Scheme::Light));
        m_y += figureHeight;
    }

    void addSpace(double space) { m_y = std::min(m_y + space, height()); }

private:
    [[nodiscard]] double width() const { return m_writer.width(); }
    [[nodiscard]] double height() const { return m_writer.height(); }
    void nextPage()
    {
        m_writer.newPage();
        m_y = 0;
    }
    void draw(QTextDocument &document, const QRectF &part)
    {
        m_painter.save();
        m_painter.translate(0, m_y - part.top());
        QAbstractTextDocumentLayout::PaintContext context;
        context.clip = part;
        context.palette.setColor(QPalette::Text, tokensOf(Scheme::Light).text);
        m_painter.setClipRect(part);
        document.documentLayout()->draw(&m_painter, context);
        m_painter.restore();
    }

    QPdfWriter &m_writer;
    QPainter m_painter;
    double m_y = 0;
};

} // namespace

std::vector<std::pair<std::string, std::int64_t>> frequentTags(const std::vector<data::Record> &records, std::size_t most)
{
    std::map<std::string, std::int64_t> counts;
    for (const data::Record &record : records) {
        for (const std::string &tag : record.tags)
            ++counts[tag];
    }
    std::vector<std::pair<std::string, std::int64_t>> tags(counts.begin(), counts.end());
    std::ranges::stable_sort(tags, std::ranges::greater(), &std::pair<std::string, std::int64_t>::second);
    tags.resize(std::min(tags.size(), most));
    return tags;
}

QByteArray runReportHtml(const ReportParts &parts)
{
    QString figures = section(Report::tr("Curves"));
    bool isFirst = true;
    for (const CurveFigure &figure : runFigures(parts.curves, parts.smoothing)) {
        figures += QString::fromUtf8(figureSvg(figure, isFirst ? kLossSize : kSmallSize));
        isFirst = false;
    }
    return whole(escaped(parts.run.name), reportHead(parts) + figures + reportBody(parts)).toUtf8();
}

QByteArray runReportPdf(const ReportParts &parts)
{
    constexpr int kDotsPerInch = 96; // sizes of text are those of the screen
    constexpr double kMargin = 15;   // mm
    constexpr double kLossHeight = 270, kSmallHeight = 150, kGap = 16;
    QBuffer buffer;
    buffer.open(QIODevice::WriteOnly);
    {
        QPdfWriter writer(&buffer);
        writer.setTitle(QString::fromStdString(parts.run.name));
        writer.setCreator(QStringLiteral("Fettle"));
        writer.setResolution(kDotsPerInch);
        writer.setPageSize(QPageSize(QPageSize::A4));
        writer.setPageMargins(QMarginsF(kMargin, kMargin, kMargin, kMargin), QPageLayout::Millimeter);
        PaperPages pages(writer);
        pages.add(whole({}, reportHead(parts)));
        bool isFirst = true;
        for (const CurveFigure &figure : runFigures(parts.curves, parts.smoothing)) {
            pages.addSpace(kGap);
            pages.add(figure, isFirst ? kLossHeight : kSmallHeight);
            isFirst = false;
        }
        pages.add(whole({}, reportBody(parts)));
    }
    return buffer.data();
}

} // namespace fettle::ui
