#include "whit/cli/data_flags.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "whit/base/error.hpp"

namespace whit::cli {
namespace {

std::vector<int64_t> dimensions(const std::string& text) {
  std::vector<int64_t> dims;
  for (const char* at = text.c_str(); *at != '\0';) {
    char* end = nullptr;
    const int64_t dim = std::strtoll(at, &end, 10);
    if (end == at || dim < 1 || (*end != ',' && *end != '\0')) {
      throw Error(ErrorCode::usage, fmt::format("'{}' is no shape", text), "", "such as --shape 49,10,1");
    }
    dims.push_back(dim);
    at = *end == ',' ? end + 1 : end;
  }
  return dims;
}

// FILE in the order of the inputs, or NAME=FILE.
std::vector<std::string> paths_by_input(const std::vector<std::string>& paths, const ir::Graph& graph) {
  std::vector<std::string> names;
  for (const ir::TensorId id : graph.inputs) names.push_back(graph.tensor(id).name);
  if (paths.size() != names.size()) {
    throw Error(ErrorCode::usage,
                fmt::format("--data is given {} time{}, the model has {} input{}", paths.size(),
                            paths.size() == 1 ? "" : "s", names.size(), names.size() == 1 ? "" : "s"),
                graph.name, fmt::format("--data once for each of: {}", fmt::join(names, ", ")));
  }
  std::vector<std::string> ordered(names.size());
  for (size_t i = 0; i < paths.size(); ++i) {
    size_t input = i;
    std::string path = paths[i];
    const size_t equals = path.find('=');
    if (equals != std::string::npos && !std::filesystem::exists(path)) {
      const auto found = std::find(names.begin(), names.end(), path.substr(0, equals));
      if (found == names.end()) {
        throw Error(ErrorCode::usage, fmt::format("there is no input '{}'", path.substr(0, equals)), graph.name,
                    fmt::format("the inputs are: {}", fmt::join(names, ", ")));
      }
      input = static_cast<size_t>(found - names.begin());
      path = path.substr(equals + 1);
    }
    if (!ordered[input].empty()) {
      throw Error(ErrorCode::usage, fmt::format("input '{}' is given data twice", names[input]), graph.name,
                  fmt::format("NAME=FILE for each of: {}", fmt::join(names, ", ")));
    }
    ordered[input] = path;
  }
  return ordered;
}

}  // namespace

void add_data_flags(CLI::App& verb, DataFlags& flags) {
  data::Source& source = flags.source;
  verb.add_option("--data", flags.paths,
                  ".npy, .npz (x, y), .csv, raw elements with --shape, or a folder of images or audio; once for each "
                  "input of the model, in their order or as NAME=FILE")
      ->required()
      ->allow_extra_args(false);
  verb.add_option("--labels", source.labels, "CSV (FILE or FILE:COLUMN) or .npy; classes from 0, or targets");
  verb.add_option("--shape", flags.shape, "of one sample in a raw file, such as 49,10,1");
  verb.add_option("--type", source.type, "of the elements of a raw file")
      ->check(CLI::IsMember({"f32", "i8", "u8", "i16"}))
      ->capture_default_str();
  verb.add_option("--mean", source.mean, "the model gets (value - mean) / std; one, or one for each channel")
      ->delimiter(',')
      ->capture_default_str();
  verb.add_option("--std", source.std, "see --mean")->delimiter(',')->capture_default_str();
  verb.add_flag("--swap-red-blue", source.swap_red_blue, "the images hold blue first");
}

data::Samples load_samples(const DataFlags& flags, const std::string& split, const ir::Graph& graph) {
  data::Source source = flags.source;
  source.shape = dimensions(flags.shape);
  source.split = split;
  std::vector<data::Source> sources;
  for (const std::string& path : paths_by_input(flags.paths, graph)) {
    sources.push_back(source);
    sources.back().path = path;
  }
  std::vector<data::Samples> inputs;
  for (const data::Source& each : sources) inputs.push_back(data::load(each));
  return data::join(inputs, sources);
}

}  // namespace whit::cli
