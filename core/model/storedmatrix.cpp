#include "core/model/storedmatrix.h"

#include "core/model/largememory.h"

#include <ATen/Parallel.h>
#include <algorithm>
#include <stdexcept>
#include <torch/csrc/autograd/custom_function.h>

namespace fettle::model {

namespace {

constexpr std::int64_t kDecodeGrain = 1 << 15; // values

thread_local LargeMemory unpackedValues;

at::Tensor unpackedMatrix(const StoredRows &weight)
{
    return at::from_blob(const_cast<float *>(weight.unpacked()), {weight.count, weight.columns()}, at::kFloat);
}

// Keeps the rows alive between the two passes.
struct HeldRows final : torch::CustomClassHolder {
    explicit HeldRows(StoredRows held) : rows(std::move(held)) { }
    StoredRows rows;
};

// y = x W^T; d x = dY W, with W unpacked once more.
class StoredProduct : public torch::autograd::Function<StoredProduct> {
public:
    static at::Tensor forward(torch::autograd::AutogradContext *context, const at::Tensor &x, const StoredRows &weight)
    {
        context->saved_data["weight"] = c10::IValue::make_capsule(c10::make_intrusive<HeldRows>(weight));
        return at::linear(x, unpackedMatrix(weight));
    }
    static torch::autograd::variable_list backward(torch::autograd::AutogradContext *context, const torch::autograd::variable_list &gradients)
    {
        const auto held = c10::static_intrusive_pointer_cast<HeldRows>(context->saved_data["weight"].toCapsule());
        return {at::mm(gradients[0], unpackedMatrix(held->rows)), at::Tensor()};
    }
};

} // namespace

void StoredMatrix::append(std::int64_t rows, Values values)
{
    m_parts.push_back({m_rows, rows, std::move(values)});
    m_rows += rows;
}

std::int64_t StoredMatrix::bytes() const
{
    std::int64_t total = 0;
    for (const Part &part : m_parts) {
        const auto *blocks = std::get_if<Blocks>(&part.values);
        total += blocks ? static_cast<std::int64_t>(blocks->bytes.size()) : std::get<Nf4Matrix>(part.values).bytes();
    }
    return total;
}

void StoredMatrix::decodeHere(std::int64_t first, std::int64_t count, float *target) const
{
    for (const Part &part : m_parts) {
        const std::int64_t begin = std::max(first, part.firstRow), end = std::min(first + count, part.firstRow + part.rows);
        if (begin >= end)
            continue;
        float *to = target + (begin - first) * m_columns;
        if (const auto *nf4 = std::get_if<Nf4Matrix>(&part.values)) {
            nf4->decode((begin - part.firstRow) * m_columns, (end - begin) * m_columns, to);
            continue;
        }
        const auto &blocks = std::get<Blocks>(part.values);
        const io::TensorEntry entry{"", blocks.type, {part.rows, m_columns}, blocks.bytes};
        if (!io::decodeRowsToFloat(entry, begin - part.firstRow, end - begin, {to, static_cast<std::size_t>((end - begin) * m_columns)}))
            throw std::logic_error("a stored matrix of a type that cannot be unpacked");
    }
}

void StoredMatrix::decode(std::int64_t first, std::int64_t count, float *target) const
{
    at::parallel_for(first, first + count, std::max<std::int64_t>(1, kDecodeGrain / m_columns),
                     [&](std::int64_t begin, std::int64_t end) { decodeHere(begin, end - begin, target + (begin - first) * m_columns); });
}

at::Tensor StoredRows::values() const
{
    at::Tensor all = at::empty({count, columns()}, at::kFloat);
    matrix->decode(first, count, all.data_ptr<float>());
    return all;
}

const float *StoredRows::unpacked() const
{
    const auto needed = static_cast<std::size_t>(count * columns()) * sizeof(float);
    if (unpackedValues.bytes() < needed) {
        unpackedValues = {};
        unpackedValues = LargeMemory(needed);
    }
    matrix->decode(first, count, unpackedValues.floats());
    return unpackedValues.floats();
}

StoredRows allRows(std::shared_ptr<const StoredMatrix> matrix)
{
    const std::int64_t rows = matrix->rows();
    return {std::move(matrix), 0, rows};
}

LinearWeight LinearWeight::rows(std::int64_t first, std::int64_t count) const
{
    return {stored ? at::Tensor() : weight.narrow(0, first, count), bias.defined() ? bias.narrow(0, first, count) : at::Tensor(),
            stored ? stored.rows(first, count) : StoredRows()};
}

at::Tensor LinearWeight::product(const at::Tensor &x) const
{
    if (!stored)
        return at::linear(x.to(weight.scalar_type()), weight).to(x.scalar_type()); // both conversions are nothing in fp32
    if (at::GradMode::is_enabled() && x.requires_grad())
        return StoredProduct::apply(x, stored);
    return at::linear(x, unpackedMatrix(stored));
}

at::Tensor LinearWeight::apply(const at::Tensor &x) const
{
    if (!stored && weight.scalar_type() == x.scalar_type())
        return at::linear(x, weight, bias);
    const at::Tensor y = product(x);
    return bias.defined() ? y + bias : y;
}

} // namespace fettle::model
