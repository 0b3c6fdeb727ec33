#include "whit/compile/passes/passes.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "whit/base/error.hpp"
#include "whit/ir/text.hpp"

namespace whit::compile {
namespace {

void check_name(const std::string& name) {
  if (std::any_of(kPasses.begin(), kPasses.end(), [&](const Pass& pass) { return name == pass.name; })) return;
  std::string names;
  for (const Pass& pass : kPasses) names += (names.empty() ? "" : ", ") + std::string(pass.name);
  throw Error(ErrorCode::usage, fmt::format("there is no pass '{}'", name), "", "the passes are: " + names);
}

// Every input is defined before it is used.
void check_order(const ir::Graph& graph, const char* pass) {
  std::vector<bool> defined(graph.tensors.size(), false);
  for (size_t i = 0; i < defined.size(); ++i) defined[i] = graph.tensors[i].is_constant;
  for (const ir::TensorId id : graph.inputs) defined.at(static_cast<size_t>(id)) = true;
  const auto check = [&](ir::TensorId id) {
    if (id != ir::kNoTensor && !defined.at(static_cast<size_t>(id))) {
      throw std::logic_error(fmt::format("after {}: tensor %{} is used before it is defined", pass, id));
    }
  };
  for (const ir::Node& node : graph.nodes) {
    std::for_each(node.inputs.begin(), node.inputs.end(), check);
    for (const ir::TensorId id : node.outputs) defined.at(static_cast<size_t>(id)) = true;
  }
  std::for_each(graph.outputs.begin(), graph.outputs.end(), check);
}

}  // namespace

void run_passes(ir::Graph& graph, const PassOptions& options) {
  for (const std::string& name : options.skip) check_name(name);
  if (!options.dump_after.empty()) check_name(options.dump_after);
  for (const Pass& pass : kPasses) {
    if (!options.skip.contains(pass.name)) {
      pass.run(graph);
      check_order(graph, pass.name);
    }
    if (options.dump_after == pass.name && options.dump) options.dump(ir::print_text(graph));
  }
}

}  // namespace whit::compile
