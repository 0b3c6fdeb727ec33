// whit inspect model.tflite|model.whit [--json]
#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <numeric>
#include <set>

#include "whit/base/hash.hpp"
#include "whit/cli/graph.hpp"
#include "whit/cli/model.hpp"
#include "whit/cli/verbs.hpp"
#include "whit/compile/compile.hpp"
#include "whit/compile/program.hpp"
#include "whit/ir/half_weights.hpp"

namespace whit::cli {
namespace {

using Json = nlohmann::ordered_json;

struct Arguments {
  std::string model;
  bool json = false;
};

Json describe(const ir::Tensor& tensor) {
  Json json{{"name", tensor.name}, {"type", ir::name_of(tensor.type)}, {"shape", tensor.shape}};
  if (!tensor.quantization.empty()) {
    json["scale"] = tensor.quantization.scale[0];
    json["zero_point"] = tensor.quantization.zero_point[0];
  }
  return json;
}

Json describe(const compile::ProgramTensor& tensor) {
  static constexpr const char* kTypes[] = {"f32", "i8", "u8", "i16", "i32", "i64", "bool", "f16"};
  Json json{{"name", tensor.name}, {"type", kTypes[tensor.info.type]}, {"shape", tensor.shape}};
  if (tensor.scale > 0) {
    json["scale"] = tensor.scale;
    json["zero_point"] = tensor.info.zero_point;
  }
  return json;
}

template <typename Tensors>
Json describe_all(const Tensors& tensors) {
  Json list = Json::array();
  for (const auto& tensor : tensors) list.push_back(describe(tensor));
  return list;
}

std::vector<ir::Tensor> tensors_of(const ir::Graph& graph, const std::vector<ir::TensorId>& ids) {
  std::vector<ir::Tensor> tensors;
  tensors.reserve(ids.size());
  for (const ir::TensorId id : ids) tensors.push_back(graph.tensor(id));
  return tensors;
}

// One layer: parameters are the elements of its constants, bytes their size in the file's types.
Json describe_layer(const ir::Graph& graph, const ir::Node& node, size_t index, const std::vector<bool>& half) {
  int64_t parameters = 0, constant_bytes = 0;
  for (const ir::TensorId id : node.inputs) {
    if (id == ir::kNoTensor || !graph.tensor(id).is_constant) continue;
    parameters += ir::elements(graph.tensor(id).shape);
    constant_bytes += ir::stored_bytes(graph.tensor(id)) / (half[static_cast<size_t>(id)] ? 2 : 1);
  }
  Json json{{"index", index}, {"source_op", node.source_index}, {"op", ir::name_of(node.op)}};
  if (!node.outputs.empty()) json.update(describe(graph.tensor(node.outputs[0])));
  if (node.outputs.empty()) json["name"] = graph.tensor(node.inputs[0]).name;
  json["parameters"] = parameters;
  json["macs"] = ir::macs(graph, node);
  json["constant_bytes"] = constant_bytes;
  json["output_bytes"] = node.outputs.empty() ? 0 : ir::bytes_of(graph.tensor(node.outputs[0]));
  return json;
}

// By node, and one more for the end: bytes of activations that are alive at once, each in memory of its own.
std::vector<int64_t> alive_bytes(const ir::Graph& graph) {
  std::vector<int64_t> alive(graph.nodes.size() + 2);
  std::vector<size_t> first(graph.tensors.size()), last(graph.tensors.size());
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    for (const ir::TensorId id : graph.nodes[i].outputs)
      first[static_cast<size_t>(id)] = last[static_cast<size_t>(id)] = i;
    for (const ir::TensorId id : graph.nodes[i].inputs) {
      if (id != ir::kNoTensor) last[static_cast<size_t>(id)] = i;
    }
  }
  for (const ir::TensorId id : graph.outputs) last[static_cast<size_t>(id)] = graph.nodes.size();
  for (size_t t = 0; t < graph.tensors.size(); ++t) {
    if (graph.tensors[t].is_constant) continue;
    alive[first[t]] += ir::bytes_of(graph.tensors[t]);
    alive[last[t] + 1] -= ir::bytes_of(graph.tensors[t]);
  }
  std::partial_sum(alive.begin(), alive.end(), alive.begin());
  return alive;
}

Json inspect_graph(const ir::Graph& graph) {
  const std::vector<bool> half = ir::half_weights(graph);
  const std::vector<int64_t> alive = alive_bytes(graph);
  std::map<std::string, int> ops;
  Json layers = Json::array();
  std::set<ir::TensorId> constants;
  int64_t macs = 0, parameters = 0, constant_bytes = 0, state_bytes = 0;
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    const ir::Node& node = graph.nodes[i];
    ++ops[ir::name_of(node.op)];
    macs += ir::macs(graph, node);
    layers.push_back(describe_layer(graph, node, i, half));
    layers.back()["alive_bytes"] = alive[i];
    for (const ir::TensorId id : node.inputs) {
      if (id != ir::kNoTensor && graph.tensor(id).is_constant) constants.insert(id);
    }
  }
  for (const ir::TensorId id : constants) {
    parameters += ir::elements(graph.tensor(id).shape);
    constant_bytes += ir::stored_bytes(graph.tensor(id)) / (half[static_cast<size_t>(id)] ? 2 : 1);
  }
  for (const ir::Variable& variable : graph.variables) state_bytes += static_cast<int64_t>(variable.initial.size());
  Json json{{"inputs", describe_all(tensors_of(graph, graph.inputs))},
            {"outputs", describe_all(tensors_of(graph, graph.outputs))},
            {"ops", ops},
            {"layers", std::move(layers)}};
  json["totals"] = {{"layers", graph.nodes.size()},
                    {"parameters", parameters},
                    {"macs", macs},
                    {"constant_bytes", constant_bytes},
                    {"state_bytes", state_bytes},
                    {"peak_activation_bytes", *std::max_element(alive.begin(), alive.end())}};
  return json;
}

Json inspect_program(const compile::Program& program) {
  std::map<std::string, int> kernels;
  Json layers = Json::array();
  int64_t macs = 0;
  for (size_t i = 0; i < program.ops().size(); ++i) {
    const compile::ProgramOp& op = program.ops()[i];
    ++kernels[op.kernel_name];
    macs += op.macs;
    Json layer{{"index", i}, {"source_op", op.source_op}, {"op", op.op}, {"kernel", op.kernel_name}};
    // Of the tensors between the layers a Program knows the bytes only; of the model's outputs all.
    for (const compile::ProgramTensor& output : program.outputs()) {
      if (op.result == output.info.where && op.result_bytes == output.info.bytes && op.name == output.name) {
        layer.update(describe(output));
      }
    }
    layer.update(Json{{"name", op.name},
                      {"macs", op.macs},
                      {"record_bytes", op.record.size_bytes()},
                      {"output_bytes", op.result_bytes}});
    layers.push_back(std::move(layer));
  }
  const rt::ProgramHeader& h = program.header();
  Json json{{"inputs", describe_all(program.inputs())},
            {"outputs", describe_all(program.outputs())},
            {"kernels", kernels},
            {"layers", std::move(layers)}};
  json["totals"] = {{"layers", program.ops().size()},   {"macs", macs},
                    {"arena_bytes", h.arena_bytes},     {"state_bytes", h.state_bytes},
                    {"weights_bytes", h.weights_bytes}, {"constant_bytes", h.constants_bytes},
                    {"op_bytes", h.ops_bytes}};
  return json;
}

// A tensor in one line: "i8 [1,49,10,1] scale 0.58 zero point 83".
std::string line_of(const Json& tensor) {
  std::string line = tensor["type"].get<std::string>() + " " + tensor["shape"].dump();
  if (tensor.contains("scale")) {
    line += fmt::format(" scale {:.6g} zero point {}", tensor["scale"].get<float>(), tensor["zero_point"].get<int>());
  }
  return line + "  " + tensor["name"].get<std::string>();
}

// The same facts as the JSON, in columns.
void print_text(const Json& json) {
  fmt::print("{}  {} bytes  sha256 {}\n", json["model"]["name"].get<std::string>(),
             json["model"]["bytes"].get<int64_t>(), json["model"]["sha256"].get<std::string>());
  for (const char* kind : {"inputs", "outputs"}) {
    for (const Json& tensor : json[kind])
      fmt::print("{:<8} {}\n", std::string(kind, strlen(kind) - 1), line_of(tensor));
  }
  for (const Json& note : json.value("notes", Json::array())) fmt::print("note     {}\n", note.get<std::string>());
  const bool program = json.contains("kernels");
  fmt::print("\n{:>5} {:<26} {:<5} {:<20} {:>10} {:>12} {:>10} {:>10}  {}\n", "layer", program ? "kernel" : "op",
             "type", "shape", program ? "" : "parameters", "MACs", program ? "record" : "constants", "output", "name");
  for (const Json& layer : json["layers"]) {
    const auto text = [&](const char* key) {
      return layer.contains(key) ? layer[key].get<std::string>() : std::string();
    };
    const auto number = [&](const char* key) {
      return layer.contains(key) ? std::to_string(layer[key].get<int64_t>()) : std::string();
    };
    fmt::print("{:>5} {:<26} {:<5} {:<20} {:>10} {:>12} {:>10} {:>10}  {}\n", layer["index"].get<size_t>(),
               text(program ? "kernel" : "op"), text("type"), layer.contains("shape") ? layer["shape"].dump() : "",
               number("parameters"), number("macs"), number(program ? "record_bytes" : "constant_bytes"),
               number("output_bytes"), text("name"));
  }
  fmt::print("\n");
  for (const auto& [key, value] : json["totals"].items()) fmt::print("{:<22} {:>12}\n", key, value.get<int64_t>());
  fmt::print("\n");
  for (const auto& [key, value] : json[program ? "kernels" : "ops"].items())
    fmt::print("{:<22} {:>12}\n", key, value.get<int>());
}

void inspect(const Arguments& arguments) {
  std::vector<uint8_t> bytes = read_model(arguments.model);
  Json json{
      {"model",
       {{"name", compile::identifier(arguments.model)}, {"bytes", bytes.size()}, {"sha256", hex(sha256(bytes))}}}};
  if (compile::is_program(bytes)) {
    json.update(inspect_program(compile::Program(std::move(bytes), arguments.model)));
  } else {
    const ReadModel model = read_graph(bytes, arguments.model);
    json.update(inspect_graph(model.graph));
    if (!model.notes.empty()) json["notes"] = model.notes;
  }
  // Names come from the file and need not be UTF-8.
  if (arguments.json) return fmt::print("{}\n", json.dump(2, ' ', false, Json::error_handler_t::replace));
  print_text(json);
}

}  // namespace

void add_inspect(CLI::App& app) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* verb = app.add_subcommand("inspect", "what a model consists of: ops, shapes, parameters, MACs, bytes");
  verb->add_option("model", arguments->model, "model.onnx, model.tflite or model.whit")->required();
  verb->add_flag("--json", arguments->json, "print JSON");
  verb->callback([arguments] { inspect(*arguments); });
}

}  // namespace whit::cli
