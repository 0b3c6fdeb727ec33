#include "whit/learn/linear.hpp"

#include <torch/optim/lbfgs.h>

#include <cstring>

#include "whit/base/error.hpp"
#include "whit/ir/verify.hpp"
#include "whit/learn/classical.hpp"

namespace whit::learn {
namespace {

// Weights [O,F] and bias [O].
struct Solution {
  at::Tensor weights, bias;
};

at::Tensor doubles(const std::vector<float>& values, at::IntArrayRef shape) {
  return at::tensor(values, at::kDouble).reshape(shape);
}

// Least squares by the normal equations of centred samples when there is a penalty, else by SVD, which also takes
// features that depend on each other.
Solution least_squares(const at::Tensor& x, const at::Tensor& y, double penalty) {
  const at::Tensor x_mean = x.mean(0, true), y_mean = y.mean(0, true);
  const at::Tensor xc = x - x_mean, yc = y - y_mean;
  at::Tensor w;
  if (penalty > 0) {
    const at::Tensor gram = at::matmul(xc.t(), xc) + penalty * at::eye(x.size(1), at::kDouble);
    w = at::linalg_solve(gram, at::matmul(xc.t(), yc));
  } else {
    w = std::get<0>(at::linalg_lstsq(xc, yc, c10::nullopt, "gelsd"));
  }
  return {w.t(), (y_mean - at::matmul(x_mean, w)).reshape(-1)};
}

// Cross entropy of softmax, or of logistic for two classes. The features are scaled to deviation 1 while the solver
// works, which alters the way to the solution and not the solution: the penalty is that of the weights as they are.
Solution logistic(const at::Tensor& x, const at::Tensor& labels, int64_t classes, const LinearOptions& options) {
  const int64_t outputs = classes > 2 ? classes : 1;
  const at::Tensor mean = x.mean(0, true);
  const at::Tensor scale = x.std(0, true).clamp_min(1e-12);
  const at::Tensor scaled = (x - mean) / scale;
  at::Tensor weights = at::ones({x.size(0)}, at::kDouble);
  if (!options.class_weights.empty()) weights = at::tensor(options.class_weights, at::kDouble).index_select(0, labels);
  at::Tensor w = at::zeros({outputs, x.size(1)}, at::kDouble).requires_grad_(true);
  at::Tensor b = at::zeros({outputs}, at::kDouble).requires_grad_(true);
  const at::Tensor targets = labels.to(at::kDouble);
  const auto count = static_cast<double>(x.size(0));
  torch::optim::LBFGS solver({w, b}, torch::optim::LBFGSOptions(1.0)
                                         .max_iter(2000)
                                         .max_eval(4000)
                                         .history_size(20)
                                         .tolerance_grad(1e-9)
                                         .tolerance_change(1e-13)
                                         .line_search_fn("strong_wolfe"));
  solver.step([&] {
    solver.zero_grad();
    const at::Tensor scores = at::matmul(scaled, w.t()) + b;
    const at::Tensor losses = outputs == 1 ? at::softplus(scores.squeeze(1)) - targets * scores.squeeze(1)
                                           : at::nll_loss(at::log_softmax(scores, 1), labels, {}, at::Reduction::None);
    at::Tensor loss = ((losses * weights).sum() + options.penalty / 2 * (w / scale).square().sum()) / count;
    loss.backward();
    return loss;
  });
  const at::Tensor result = w.detach() / scale;
  return {result, b.detach() - at::matmul(mean, result.t()).reshape(-1)};
}

ir::TensorId add_constant(ir::Graph& graph, const char* name, ir::Shape shape, const at::Tensor& values) {
  const at::Tensor real = values.to(at::kFloat).contiguous();
  ir::Tensor tensor;
  tensor.name = name;
  tensor.shape = std::move(shape);
  tensor.is_constant = true;
  tensor.data.resize(static_cast<size_t>(real.numel()) * sizeof(float));
  std::memcpy(tensor.data.data(), real.data_ptr<float>(), tensor.data.size());
  return graph.add_tensor(std::move(tensor));
}

}  // namespace

ir::Graph train_linear(const data::Samples& samples, int64_t classes, const LinearOptions& options) {
  const bool classifies = options.kind == LinearOptions::Kind::logistic;
  if (classifies != (classes > 0)) {
    throw Error(ErrorCode::bad_input, classifies ? "logistic needs classes" : "the labels are classes", "[model] kind",
                classifies ? "kind = \"ridge\" for targets that are numbers" : "kind = \"logistic\" for classes");
  }
  check_labels(samples, classes);
  const int64_t count = samples.count(), features = samples.elements();
  const at::Tensor x = doubles(samples.values, {count, features});
  const at::Tensor y = doubles(samples.labels, {count, 1});
  const double penalty = options.kind == LinearOptions::Kind::linear ? 0.0 : options.penalty;
  const Solution solution =
      classifies ? logistic(x, y.to(at::kLong).reshape(-1), classes, options) : least_squares(x, y, penalty);
  static constexpr const char* kNames[] = {"linear", "ridge", "logistic"};
  ir::Graph graph = flat_input(samples, kNames[static_cast<size_t>(options.kind)]);
  const auto outputs = static_cast<int32_t>(solution.bias.numel());
  ir::Node node;
  node.op = ir::Op::fully_connected;
  node.attributes = ir::ActivationAttributes{};
  node.inputs = {graph.outputs[0],
                 add_constant(graph, "weights", {outputs, static_cast<int32_t>(features)}, solution.weights),
                 add_constant(graph, "bias", {outputs}, solution.bias)};
  ir::Tensor output;
  output.name = classifies ? "scores" : "value";
  output.shape = {1, outputs};
  graph.outputs = node.outputs = {graph.add_tensor(std::move(output))};
  graph.nodes.push_back(std::move(node));
  if (classifies) add_probabilities(graph);
  ir::verify(graph);
  return graph;
}

}  // namespace whit::learn
