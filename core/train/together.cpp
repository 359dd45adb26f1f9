// Small things travel as numbers of one sum; gradients by themselves.
#include "core/train/together.h"

#include "core/base/words.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace fettle::train {
namespace {

// Loss and tokens of documents, two numbers each.
std::vector<DocumentLoss> documentsIn(std::span<const double> numbers, std::span<const std::int64_t> documents)
{
    std::vector<DocumentLoss> losses;
    for (std::size_t i = 0; i < documents.size(); ++i) {
        if (numbers[2 * i + 1] > 0)
            losses.push_back({documents[i], numbers[2 * i], std::llround(numbers[2 * i + 1])});
    }
    return losses;
}

void putDocuments(std::span<const DocumentLoss> losses, std::span<const std::int64_t> documents, std::span<double> numbers)
{
    for (const DocumentLoss &loss : losses) {
        const auto place = static_cast<std::size_t>(std::ranges::find(documents, loss.document) - documents.begin());
        numbers[2 * place] = loss.loss;
        numbers[2 * place + 1] = static_cast<double>(loss.tokens);
    }
}

} // namespace

std::vector<std::int64_t> Together::ownShare(std::span<const Document> documents, std::vector<std::int64_t> chosen) const
{
    if (isAlone())
        return chosen;
    std::vector<std::int64_t> lengths, own;
    for (const std::int64_t index : chosen)
        lengths.push_back(documents[static_cast<std::size_t>(index)].length());
    for (const std::int64_t place : shareOf(lengths, m_setup.ranks->rank(), m_setup.ranks->count()))
        own.push_back(chosen[static_cast<std::size_t>(place)]);
    return own;
}

std::uint64_t Together::firstPass(std::uint64_t passesPerStep) const
{
    return isAlone() ? 0 : passesPerStep / static_cast<std::uint64_t>(m_setup.ranks->count()) * static_cast<std::uint64_t>(m_setup.ranks->rank());
}

Result<> Together::begin(Result<> ready, const std::string &hash) const
{
    if (isAlone())
        return ready;
    std::string first = hash;
    if (auto received = m_setup.ranks->broadcast(first); !received)
        return received;
    if (ready && first != hash)
        ready = fail(ErrorCode::BadInput, tr("What is trained here does not begin as in process 0."), tr("Give all machines the same model files and the same program."));
    return m_setup.ranks->agree(ready);
}

Result<double> Together::epochs(double own) const
{
    std::array<double, 1> sum = {own}; // the others have no wish
    if (isAlone())
        return own;
    if (auto summed = m_setup.ranks->sum(std::span<double>(sum)); !summed)
        return passError(summed);
    return sum[0];
}

Result<Wish> Together::wish(Wish own) const
{
    if (isAlone())
        return own;
    const bool isFirst = m_setup.ranks->rank() == 0;
    std::array<double, 2> sums = {isFirst ? static_cast<double>(own) : 0.0, !isFirst && own != Wish::Continue ? 1.0 : 0.0};
    if (auto summed = m_setup.ranks->sum(std::span<double>(sums)); !summed)
        return passError(summed);
    if (sums[0] == 0 && sums[1] > 0)
        return Wish::StopAndKeep;
    return static_cast<Wish>(std::lround(sums[0]));
}

Result<Together::Step> Together::step(const Result<> &own, const Step &sums, std::span<const std::int64_t> chosen, AdamW &optimizer) const
{
    Ranks &ranks = *m_setup.ranks;
    if (auto agreed = ranks.agree(own); !agreed)
        return passError(agreed);
    std::vector<double> numbers(3 + 2 * chosen.size(), 0.0);
    numbers[0] = sums.isInterrupted ? 1 : 0;
    numbers[1] = sums.lossSum;
    numbers[2] = static_cast<double>(sums.correct);
    putDocuments(sums.read, chosen, std::span(numbers).subspan(3));
    if (auto summed = ranks.sum(std::span(numbers)); !summed)
        return passError(summed);
    if (numbers[0] > 0)
        return Step{true, 0, 0, {}};
    if (auto summed = ranks.sum(optimizer.gradients()); !summed)
        return passError(summed);
    return Step{false, numbers[1], std::llround(numbers[2]), documentsIn(std::span(numbers).subspan(3), chosen)};
}

Result<LossTotals> Together::totals(Result<LossTotals> own) const
{
    if (isAlone())
        return own;
    Ranks &ranks = *m_setup.ranks;
    const bool isCancelled = !own && own.error().code == ErrorCode::Cancelled;
    if (auto agreed = ranks.agree(own || isCancelled ? Result<>() : Result<>(passError(own))); !agreed)
        return passError(agreed);
    std::vector<std::int64_t> documents(m_setup.heldOutDocuments.size());
    for (std::size_t i = 0; i < documents.size(); ++i)
        documents[i] = static_cast<std::int64_t>(i);
    std::vector<double> numbers(4 + 2 * documents.size(), 0.0);
    numbers[0] = isCancelled ? 1 : 0;
    if (own) {
        numbers[1] = own->sum;
        numbers[2] = static_cast<double>(own->tokens);
        numbers[3] = static_cast<double>(own->correct);
        putDocuments(own->documents, documents, std::span(numbers).subspan(4));
    }
    if (auto summed = ranks.sum(std::span(numbers)); !summed)
        return passError(summed);
    if (numbers[0] > 0)
        return fail(ErrorCode::Cancelled, tr("The evaluation was cancelled."));
    LossTotals totals;
    totals.sum = numbers[1];
    totals.tokens = std::llround(numbers[2]);
    totals.correct = std::llround(numbers[3]);
    totals.documents = documentsIn(std::span(numbers).subspan(4), documents);
    return totals;
}

} // namespace fettle::train
