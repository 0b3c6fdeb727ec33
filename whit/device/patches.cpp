#include "whit/device/patches.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "whit/base/error.hpp"
#include "whit/compile/passes/rewrite.hpp"
#include "whit/ir/verify.hpp"

namespace whit::device {
namespace {

constexpr size_t kRows = 1;  // of [N,H,W,C]

struct Window {
  int64_t kernel = 1, stride = 1;
};

// How many rows of the input an output row reads; none for an op that does not work on rows.
std::optional<Window> window_of(const ir::Graph& graph, const ir::Node& node) {
  switch (node.op) {
    case ir::Op::conv2d:
    case ir::Op::depthwise_conv2d: {
      const auto& conv = ir::attributes<ir::ConvAttributes>(node);
      return Window{(graph.tensor(node.inputs[1]).shape[1] - 1) * conv.dilation_h + 1, conv.stride_h};
    }
    case ir::Op::average_pool2d:
    case ir::Op::max_pool2d: {
      const auto& pool = ir::attributes<ir::PoolAttributes>(node);
      return Window{pool.kernel_h, pool.stride_h};
    }
    case ir::Op::add:
    case ir::Op::mul:
    case ir::Op::relu:
    case ir::Op::relu6:
    case ir::Op::hard_swish:
    case ir::Op::leaky_relu:
    case ir::Op::logistic:
    case ir::Op::tanh:
    case ir::Op::quantize:
      return Window{};
    default:
      return std::nullopt;
  }
}

bool is_image(const ir::Graph& graph, ir::TensorId id) {
  const ir::Shape& shape = graph.tensor(id).shape;
  return shape.size() == 4 && shape[0] == 1;
}

// Converters chain the names of all that they fused: the first part will do.
std::string name_of(const ir::Tensor& tensor) { return tensor.name.substr(0, tensor.name.find(';')); }

bool is_read(const ir::Node& node, ir::TensorId id) {
  return std::find(node.inputs.begin(), node.inputs.end(), id) != node.inputs.end();
}

// True when nodes after `last` read nothing of those up to it but its output.
bool cuts(const ir::Graph& graph, size_t last) {
  std::vector<ir::TensorId> inner = graph.inputs;
  for (size_t n = 0; n < last; ++n)
    inner.insert(inner.end(), graph.nodes[n].outputs.begin(), graph.nodes[n].outputs.end());
  for (const ir::TensorId id : inner) {
    for (size_t n = last + 1; n < graph.nodes.size(); ++n) {
      if (is_read(graph.nodes[n], id)) return false;
    }
    if (std::find(graph.outputs.begin(), graph.outputs.end(), id) != graph.outputs.end()) return false;
  }
  return true;
}

// Rows of the graph's input that `rows` rows of the output of node `last` need.
int32_t rows_needed(const ir::Graph& graph, size_t last, int32_t rows) {
  std::vector<int64_t> needed(graph.tensors.size());
  needed[static_cast<size_t>(graph.nodes[last].outputs[0])] = rows;
  for (size_t n = last + 1; n-- > 0;) {
    const ir::Node& node = graph.nodes[n];
    const Window window = *window_of(graph, node);
    const int64_t in = (needed[static_cast<size_t>(node.outputs[0])] - 1) * window.stride + window.kernel;
    for (const ir::TensorId id : node.inputs) {
      if (id == ir::kNoTensor || graph.tensor(id).is_constant || !is_image(graph, id)) continue;
      auto& mine = needed[static_cast<size_t>(id)];
      mine = std::max(mine, std::min<int64_t>(in, graph.tensor(id).shape[kRows]));
    }
  }
  return static_cast<int32_t>(needed[static_cast<size_t>(graph.inputs[0])]);
}

// The nodes up to `last` on an input of `rows` rows.
ir::Graph strip_of(const ir::Graph& graph, size_t last, int32_t rows) {
  ir::Graph strip = graph;
  strip.nodes.resize(last + 1);
  strip.outputs = {strip.nodes[last].outputs[0]};
  strip.tensor(strip.inputs[0]).shape[kRows] = rows;
  for (const ir::Node& node : strip.nodes) strip.tensor(node.outputs[0]).shape = ir::infer_shapes(strip, node)[0];
  return strip;
}

ir::Graph rest_of(const ir::Graph& graph, size_t last) {
  ir::Graph rest = graph;
  rest.nodes.erase(rest.nodes.begin(), rest.nodes.begin() + static_cast<ptrdiff_t>(last) + 1);
  rest.inputs = {graph.nodes[last].outputs[0]};
  return rest;
}

int64_t arena_of(const ir::Graph& graph, const compile::CompileOptions& options) {
  return compile::compile(graph, options, {}).program.header().arena_bytes;
}

int64_t macs_of(const ir::Graph& graph) {
  int64_t sum = 0;
  for (const ir::Node& node : graph.nodes) sum += ir::macs(graph, node);
  return sum;
}

}  // namespace

std::optional<PatchedArena> patched_arena(ir::Graph graph, int strips, const compile::CompileOptions& options) {
  compile::run_passes(graph, options.passes);
  if (graph.inputs.size() != 1 || !is_image(graph, graph.inputs[0]) || !graph.variables.empty()) return std::nullopt;
  std::optional<PatchedArena> best;
  for (size_t last = 0; last + 1 < graph.nodes.size(); ++last) {
    const ir::Node& node = graph.nodes[last];
    if (!window_of(graph, node) || !is_image(graph, node.outputs[0])) break;
    const ir::Tensor& output = graph.tensor(node.outputs[0]);
    if (!cuts(graph, last) || output.shape[kRows] < strips) continue;
    const int64_t whole = ir::bytes_of(graph.tensor(graph.inputs[0])) + ir::bytes_of(output);
    if (best && whole >= best->arena_bytes) continue;
    const int32_t rows = rows_needed(graph, last, (output.shape[kRows] + strips - 1) / strips);
    const ir::Graph strip = strip_of(graph, last, rows);
    const int64_t arena = std::max(whole + arena_of(strip, options), arena_of(rest_of(graph, last), options));
    if (best && arena >= best->arena_bytes) continue;
    ir::Graph first = graph;
    first.nodes.resize(last + 1);
    best = PatchedArena{arena, name_of(output), static_cast<int>(last) + 1,
                        static_cast<double>(strips * macs_of(strip) - macs_of(first)) /
                            static_cast<double>(std::max<int64_t>(1, macs_of(graph)))};
  }
  return best;
}

std::string peak_layer(ir::Graph graph, const compile::PassOptions& passes) {
  compile::run_passes(graph, passes);
  const compile::Uses uses(graph);
  std::string peak;
  int64_t most = -1;
  for (size_t n = 0; n < graph.nodes.size(); ++n) {
    int64_t in = 0, out = 0, others = 0;
    for (size_t i = 0; i < graph.tensors.size(); ++i) {
      const auto id = static_cast<ir::TensorId>(i);
      const int32_t born = uses.producer[i];
      if (graph.tensors[i].is_constant || (born == compile::kNoNode && !uses.is_input[i])) continue;
      const auto now = static_cast<int32_t>(n);
      const auto& readers = uses.consumers[i];
      const bool later =
          uses.is_output[i] || std::any_of(readers.begin(), readers.end(), [&](int32_t r) { return r >= now; });
      if (born > now || (born != now && !later)) continue;
      (born == now ? out : is_read(graph.nodes[n], id) ? in : others) += ir::bytes_of(graph.tensors[i]);
    }
    if (in + out + others <= most) continue;
    most = in + out + others;
    const ir::Node& node = graph.nodes[n];
    peak = fmt::format("{} '{}': {} bytes in, {} out{}", ir::name_of(node.op), name_of(graph.tensor(node.outputs[0])),
                       in, out, others > 0 ? fmt::format(", {} kept for later", others) : "");
  }
  return peak;
}

}  // namespace whit::device
