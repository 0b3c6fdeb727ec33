// ONNX's own backend tests of nodes through whit's reader, compiler and player: what passes, what is refused, and that
// nothing gives a wrong answer. A program, because it writes docs/results/onnx_nodes.md too:
//   onnx_nodes ../shared/onnx_node_tests [--write docs/results/onnx_nodes.md] [--at-least PASSES]
// Exit code 1 on a wrong answer or fewer passes, 77 when the tests are not there.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>
#include <set>

#include "whit/base/error.hpp"
#include "whit/base/file.hpp"
#include "whit/base/hash.hpp"
#include "whit/base/process.hpp"
#include "whit/compile/compile.hpp"
#include "whit/formats/onnx/constant.hpp"
#include "whit/formats/onnx/reader.hpp"

namespace whit {
namespace {

namespace fs = std::filesystem;

enum class Outcome { passed, refused, wrong };

struct Result {
  Outcome outcome;
  std::string detail;
  bool bound = false;  // passed with all inputs but the first as constants
};

struct Case {
  std::string suite, name, ops;
  int64_t opset = 0;
  Result result{};
};

::onnx::TensorProto read_proto(const fs::path& path) {
  const std::vector<uint8_t> bytes = read_file(path);
  ::onnx::TensorProto tensor;
  if (!tensor.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    throw Error(ErrorCode::unsupported, "data that are no tensor");
  }
  return tensor;
}

std::vector<::onnx::TensorProto> read_protos(const fs::path& folder, const char* kind) {
  std::vector<::onnx::TensorProto> tensors;
  for (size_t i = 0; fs::exists(folder / fmt::format("{}_{}.pb", kind, i)); ++i) {
    tensors.push_back(read_proto(folder / fmt::format("{}_{}.pb", kind, i)));
  }
  return tensors;
}

// The elements in the graph's order of dimensions.
std::vector<uint8_t> permuted(const onnx::Constant& constant, const onnx::Permutation& permutation) {
  if (permutation.empty()) return constant.bytes;
  const size_t rank = permutation.size();
  std::vector<int64_t> from(rank, 1), strides(rank, 1);
  ir::Shape shape(rank);
  for (size_t d = rank; d-- > 1;) strides[d - 1] = strides[d] * constant.shape[d];
  for (size_t d = 0; d < rank; ++d) {
    const auto source = static_cast<size_t>(permutation[d]);
    shape[d] = constant.shape[source];
    from[d] = strides[source];
  }
  return onnx::gathered(constant, shape, "",
                        [&](int64_t i) {
                          int64_t at = 0;
                          for (size_t d = rank; d-- > 0;) {
                            at += i % shape[d] * from[d];
                            i /= shape[d];
                          }
                          return at;
                        })
      .bytes;
}

// The tolerances of ONNX's own runner.
bool close(double actual, double expected) {
  if (std::isnan(expected)) return std::isnan(actual);
  if (std::isinf(expected)) return actual == expected;
  return std::abs(actual - expected) <= 1e-7 + 1e-3 * std::abs(expected);
}

Result run_model(const ::onnx::ModelProto& proto, const std::vector<::onnx::TensorProto>& inputs,
                 const std::vector<::onnx::TensorProto>& outputs, const std::string& name) {
  const std::string serialized = proto.SerializeAsString();
  const auto* data = reinterpret_cast<const uint8_t*>(serialized.data());
  onnx::Model model;
  try {
    model = onnx::read_onnx({data, serialized.size()}, name);
    compile::Compiled compiled = compile::compile(model.graph, {}, sha256({data, serialized.size()}));
    compile::HostPlayer player(compiled.program);
    const auto index_of = [](const std::vector<compile::ProgramTensor>& tensors, const std::string& wanted) {
      const auto found =
          std::find_if(tensors.begin(), tensors.end(), [&](const auto& tensor) { return tensor.name == wanted; });
      return static_cast<size_t>(found - tensors.begin());
    };
    size_t next = 0;
    for (const auto& tensor : inputs) {
      const size_t i = index_of(compiled.program.inputs(), tensor.name());
      if (i == compiled.program.inputs().size()) continue;
      player.set_input(i, permuted(onnx::read_tensor(tensor, "", name), model.inputs[i]));
      ++next;
    }
    if (next != compiled.program.inputs().size()) return {Outcome::refused, "an input without data"};
    player.invoke();
    for (const auto& tensor : outputs) {
      onnx::Constant expected = onnx::read_tensor(tensor, "", name);
      const size_t i = index_of(compiled.program.outputs(), tensor.name());
      if (expected.count() == 0 && i == compiled.program.outputs().size()) continue;  // left out
      if (i == compiled.program.outputs().size()) return {Outcome::wrong, "an output is missing"};
      expected.bytes = permuted(expected, model.outputs[i]);
      onnx::Constant actual = expected;
      actual.bytes = player.output(i);
      if (actual.bytes.size() != expected.bytes.size()) return {Outcome::wrong, "an output of another size or type"};
      for (int64_t k = 0; k < expected.count(); ++k) {
        if (!close(actual.real(k), expected.real(k))) {
          return {Outcome::wrong,
                  fmt::format("output {}, element {}: {} instead of {}", i, k, actual.real(k), expected.real(k))};
        }
      }
    }
  } catch (const Error& error) {
    return {Outcome::refused, error.what()};
  }
  return {Outcome::passed, ""};
}

// As it is; else with all inputs but the first as initializers, as they are in a trained model.
Result run_case(const fs::path& folder, const std::string& name) {
  const std::vector<uint8_t> bytes = read_file(folder / "model.onnx");
  ::onnx::ModelProto model;
  if (!model.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return {Outcome::refused, "does not parse"};
  std::vector<::onnx::TensorProto> inputs, outputs;
  try {
    inputs = read_protos(folder / "test_data_set_0", "input");
    outputs = read_protos(folder / "test_data_set_0", "output");
  } catch (const Error& error) {
    return {Outcome::refused, error.what()};
  }
  // Test data are in the order of the graph's inputs; some lack names.
  size_t next = 0;
  for (const auto& info : model.graph().input()) {
    if (next < inputs.size()) inputs[next++].set_name(info.name());
  }
  next = 0;
  for (const auto& info : model.graph().output()) {
    if (next < outputs.size()) outputs[next++].set_name(info.name());
  }
  const Result result = run_model(model, inputs, outputs, name);
  if (result.outcome != Outcome::refused || inputs.size() < 2) return result;
  for (size_t i = 1; i < inputs.size(); ++i) *model.mutable_graph()->add_initializer() = inputs[i];
  Result bound = run_model(model, {inputs[0]}, outputs, name);
  bound.bound = true;
  return bound.outcome == Outcome::refused ? Result{Outcome::refused, bound.detail} : bound;
}

std::vector<Case> read_index(const fs::path& file) {
  const std::vector<uint8_t> bytes = read_file(file);
  std::vector<Case> cases;
  std::string line;
  for (const uint8_t byte : bytes) {
    if (byte != '\n') {
      line += static_cast<char>(byte);
      continue;
    }
    std::vector<std::string> cells(1);
    for (const char c : line) {
      if (c == ',') cells.emplace_back();
      if (c != ',') cells.back() += c;
    }
    if (cells.size() > 5 && cells[0] != "suite" && cells[0] != "light") {
      cases.push_back({cells[0], cells[1], cells[2], std::atoll(cells[4].c_str())});
      if (!cells[5].empty()) cases.back().opset = 99;  // of another domain
    }
    line.clear();
  }
  return cases;
}

struct Count {
  int total = 0, passed = 0, bound = 0, refused = 0, wrong = 0;
  void add(const Result& result) {
    ++total;
    passed += result.outcome == Outcome::passed ? 1 : 0;
    bound += result.outcome == Outcome::passed && result.bound ? 1 : 0;
    refused += result.outcome == Outcome::refused ? 1 : 0;
    wrong += result.outcome == Outcome::wrong ? 1 : 0;
  }
};

// What whit sets out to read. A test belongs to the group that holds all its ops, Constant aside.
struct Group {
  const char* name;
  std::set<std::string> ops;
};
const Group kGroups[] = {
    {"convolution", {"Conv", "ConvTranspose"}},
    {"gemm, matmul", {"Gemm", "MatMul"}},
    {"batch norm and its kin",
     {"BatchNormalization", "InstanceNormalization", "LayerNormalization", "GroupNormalization", "LpNormalization",
      "MeanVarianceNormalization"}},
    {"pools", {"AveragePool", "MaxPool", "GlobalAveragePool", "GlobalMaxPool"}},
    {"activations",
     {"Relu", "LeakyRelu",       "PRelu",       "Elu",       "Celu",     "Selu", "Gelu",    "Mish",    "Sigmoid",
      "Tanh", "Softplus",        "HardSigmoid", "HardSwish", "Softsign", "Clip", "Softmax", "Hardmax", "Shrink",
      "Erf",  "ThresholdedRelu", "LogSoftmax"}},
    {"LSTM, GRU", {"LSTM", "GRU"}},
    {"reshape family",
     {"Reshape", "Flatten", "Squeeze", "Unsqueeze", "Transpose", "Concat", "Split", "Slice", "Pad", "Expand", "Tile",
      "Gather", "GatherElements", "DepthToSpace", "SpaceToDepth", "Identity", "Dropout", "OneHot"}},
    {"resize", {"Resize", "Upsample"}},
    {"reductions",
     {"ReduceSum", "ReduceMean", "ReduceMax", "ReduceMin", "ReduceProd", "ReduceL1", "ReduceL2", "ReduceLogSum",
      "ReduceLogSumExp", "ReduceSumSquare", "ArgMax", "ArgMin"}},
    {"elementwise with broadcasting",
     {"Add",   "Sub",  "Mul",  "Div",  "Pow",   "Max",   "Min",     "Sum",           "Mean",       "Abs",
      "Neg",   "Sign", "Sqrt", "Exp",  "Log",   "Floor", "Ceil",    "Round",         "Reciprocal", "Sin",
      "Cos",   "Tan",  "Sinh", "Cosh", "Asinh", "Acosh", "Atanh",   "Equal",         "Less",       "LessOrEqual",
      "Where", "And",  "Or",   "Xor",  "Not",   "Cast",  "Greater", "GreaterOrEqual"}},
};

bool belongs(const Case& c, const Group& group) {
  bool any = false;
  for (size_t at = 0; at < c.ops.size();) {
    const size_t end = std::min(c.ops.find('+', at), c.ops.size());
    const std::string op = c.ops.substr(at, end - at);
    if (op != "Constant" && !group.ops.contains(op)) return false;
    any = any || op != "Constant";
    at = end + 1;
  }
  return any;
}

std::string summary(const std::vector<Case>& cases) {
  std::string text =
      "\n| op group | up to 17: pass | refused | 18 to 22: pass | refused | why refused, up to 17 | why refused, above "
      "|\n|---|---|---|---|---|---|---|\n";
  for (const Group& group : kGroups) {
    Count old, recent;
    std::map<std::string, int> old_reasons, recent_reasons;
    for (const Case& c : cases) {
      if (c.opset > onnx::kMaxOpset || !belongs(c, group)) continue;
      (c.opset <= 17 ? old : recent).add(c.result);
      if (c.result.outcome != Outcome::passed) ++(c.opset <= 17 ? old_reasons : recent_reasons)[c.result.detail];
    }
    const auto listed = [](const std::map<std::string, int>& reasons) {
      std::string list;
      for (const auto& [reason, count] : reasons)
        list += fmt::format("{}{} times {}", list.empty() ? "" : "; ", count, reason);
      return list;
    };
    text += fmt::format("| {} | {} | {} | {} | {} | {} | {} |\n", group.name, old.passed, old.refused + old.wrong,
                        recent.passed, recent.refused + recent.wrong, listed(old_reasons), listed(recent_reasons));
  }
  return text;
}

std::string report(const std::vector<Case>& cases) {
  struct Row {
    Count old, recent;
    std::map<std::string, int> reasons;
  };
  std::map<std::string, Row> rows;
  Count old, recent;
  for (const Case& c : cases) {
    // The first op of a test's name says what it is about, its expansion into simpler ops what it consists of.
    const std::string key = c.ops.size() > 60 ? c.ops.substr(0, 57) + "..." : c.ops;
    Row& row = rows[key.empty() ? "(none)" : key];
    (c.opset <= 17 ? row.old : row.recent).add(c.result);
    (c.opset <= 17 ? old : recent).add(c.result);
    if (c.result.outcome != Outcome::passed) ++row.reasons[c.result.detail];
  }
  std::string text = R"(# ONNX's backend tests of nodes

Generated by `onnx_nodes` (tests/onnx_nodes.cpp); do not edit. Each test of ../shared/onnx_node_tests is read, compiled and
run in the player, and compared with the tolerances of ONNX's own runner (relative 1e-3, absolute 1e-7). A test that is
refused as it is runs again with all inputs but the first as constants, as weights, shapes and axes are in a trained model
("as constants"). A refused test gives an error, never a number.

)";
  text += "| operator set | tests | pass | of them as constants | refused | wrong |\n|---|---|---|---|---|---|\n";
  for (const auto& [name, count] : {std::pair{"up to 17", old}, std::pair{"above 17 or of another domain", recent}}) {
    text += fmt::format("| {} | {} | {} | {} | {} | {} |\n", name, count.total, count.passed, count.bound,
                        count.refused, count.wrong);
  }
  text += summary(cases);
  text +=
      "\n| ops of the test | up to 17: pass | refused | above: pass | refused | most frequent reason "
      "|\n|---|---|---|---|---|---|\n";
  for (const auto& [name, row] : rows) {
    std::string reason;
    int most = 0;
    for (const auto& [detail, count] : row.reasons) {
      if (count > most) reason = detail, most = count;
    }
    std::replace(reason.begin(), reason.end(), '|', '/');
    text += fmt::format("| {} | {} | {} | {} | {} | {} |\n", name, row.old.passed, row.old.refused + row.old.wrong,
                        row.recent.passed, row.recent.refused + row.recent.wrong, reason);
  }
  return text;
}

int run(const std::vector<std::string>& arguments) {
  std::string write;
  int at_least = 0;
  bool verbose = false;
  for (size_t i = 1; i < arguments.size(); ++i) {
    if (arguments[i] == "--write") write = arguments.at(++i);
    if (arguments[i] == "--at-least") at_least = std::stoi(arguments.at(++i));
    if (arguments[i] == "--verbose") verbose = true;
  }
  const fs::path shared = arguments.at(0);
  if (!fs::exists(shared / "index.csv")) {
    fmt::print("skipped: no ../shared\n");
    return 77;
  }
  TemporaryDirectory folder;
  for (const char* part : {"node", "pytorch_simple_light"}) {
    const fs::path archive = shared / fmt::format("onnx_backend_{}_tests.tar.xz", part);
    const ProcessResult tar = run_process({"tar", "xf", archive.string(), "-C", folder.path().string()}, 300);
    if (tar.exit_code != 0) throw Error(ErrorCode::bad_input, tar.output, archive.string());
  }
  std::vector<Case> cases = read_index(shared / "index.csv");
  Count all;
  setvbuf(stdout, nullptr, _IOLBF, 0);
  for (Case& c : cases) {
    c.result = run_case(folder.path() / "data" / c.suite / c.name, c.name);
    all.add(c.result);
    if (c.result.outcome == Outcome::wrong) fmt::print("wrong: {} ({}): {}\n", c.name, c.ops, c.result.detail);
    if (verbose && c.result.outcome == Outcome::refused)
      fmt::print("refused: {} {} ({}): {}\n", c.opset, c.name, c.ops, c.result.detail);
  }
  fmt::print("{} tests: {} pass, {} refused, {} wrong\n", all.total, all.passed, all.refused, all.wrong);
  if (!write.empty()) write_file(write, report(cases));
  if (all.passed < at_least) fmt::print("{} passes are needed\n", at_least);
  return all.wrong > 0 || all.passed < at_least ? 1 : 0;
}

}  // namespace
}  // namespace whit

int main(int argc, char** argv) {
  try {
    return whit::run({argv + 1, argv + argc});
  } catch (const whit::Error& error) {
    fmt::print("{}: {}\n", error.where(), error.what());
    return 1;
  }
}
