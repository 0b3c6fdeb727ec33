#include "whit/compile/passes/passes.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <stdexcept>

#include "whit/base/error.hpp"
#include "whit/base/nearest.hpp"
#include "whit/ir/text.hpp"
#include "whit/ir/verify.hpp"

namespace whit::compile {
namespace {

void check_name(const std::string& name) {
  if (std::any_of(kPasses.begin(), kPasses.end(), [&](const Pass& pass) { return name == pass.name; })) return;
  std::vector<std::string> names;
  names.reserve(kPasses.size());
  for (const Pass& pass : kPasses) names.emplace_back(pass.name);
  throw Error(ErrorCode::usage, fmt::format("there is no pass \"{}\"", name), "",
              fmt::format("did you mean {}? Passes are: {}", nearest(name, names), fmt::join(names, ", ")));
}

// A pass that breaks a sound graph is a bug of ours, not of the model.
void check(const ir::Graph& graph, const char* pass) {
  try {
    ir::verify(graph);
  } catch (const Error& error) {
    throw std::logic_error(fmt::format("{} broke the graph: {} ({})", pass, error.what(), error.where()));
  }
}

}  // namespace

void run_passes(ir::Graph& graph, const PassOptions& options) {
  for (const std::string& name : options.skip) check_name(name);
  if (!options.dump_after.empty()) check_name(options.dump_after);
  for (const Pass& pass : kPasses) {
    if (!options.skip.contains(pass.name)) {
      pass.run(graph);
      check(graph, pass.name);
    }
    if (options.dump_after == pass.name && options.dump) options.dump(ir::print_text(graph));
  }
}

}  // namespace whit::compile
