#include "core/model/recompute.h"

#include <torch/csrc/autograd/custom_function.h>
#include <utility>

namespace fettle::model {

namespace {

using Layer = std::function<at::Tensor(const at::Tensor &)>;

struct HeldLayer final : torch::CustomClassHolder {
    explicit HeldLayer(Layer held) : layer(std::move(held)) { }
    Layer layer;
};

class Again : public torch::autograd::Function<Again> {
public:
    // trained: a tensor with a gradient that nobody asks for, so that the way back comes here even where h has none.
    static at::Tensor forward(torch::autograd::AutogradContext *context, const at::Tensor &h, const at::Tensor & /*trained*/, const Layer &layer)
    {
        context->save_for_backward({h});
        context->saved_data["layer"] = c10::IValue::make_capsule(c10::make_intrusive<HeldLayer>(layer));
        return layer(h);
    }
    static torch::autograd::variable_list backward(torch::autograd::AutogradContext *context, const torch::autograd::variable_list &gradients)
    {
        const auto held = c10::static_intrusive_pointer_cast<HeldLayer>(context->saved_data["layer"].toCapsule());
        const at::AutoGradMode enable(true);
        const at::Tensor h = context->get_saved_variables()[0].detach().requires_grad_(context->needs_input_grad(0));
        const at::Tensor out = held->layer(h);
        // Kept graph: layers may share what a method computed before them.
        if (out.requires_grad())
            torch::autograd::backward({out}, {gradients[0]}, /*retain_graph=*/true);
        return {h.grad(), at::Tensor(), at::Tensor()};
    }
};

} // namespace

at::Tensor computedAgain(const at::Tensor &h, Layer layer)
{
    if (!at::GradMode::is_enabled())
        return layer(h);
    return Again::apply(h, at::zeros({1}, h.options().requires_grad(false)).requires_grad_(), layer);
}

} // namespace fettle::model
