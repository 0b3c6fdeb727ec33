// Holds the includes of the repository against the file LAYERS.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;
using Layers = std::map<std::string, std::set<std::string>>;

const fs::path kRoot = WHIT_SOURCE_DIR;
const std::vector<std::string> kFolders = {"whit", "whit_runtime", "targets", "tests", "bench"};

Layers read_layers() {
  Layers layers;
  std::ifstream stream(kRoot / "LAYERS");
  for (std::string line; std::getline(stream, line);) {
    if (line.empty() || line[0] == '#') continue;
    const size_t colon = line.find(':');
    std::istringstream allowed(line.substr(colon + 1));
    std::set<std::string>& entry = layers[line.substr(0, colon)];
    for (std::string folder; allowed >> folder;) entry.insert(folder);
  }
  return layers;
}

// The closest listed folder that holds `path` ("whit_runtime/kernels/arch/x.hpp" lies in "whit_runtime/kernels").
std::string layer_of(const Layers& layers, fs::path path) {
  for (path = path.parent_path(); !path.empty(); path = path.parent_path()) {
    if (layers.count(path.generic_string()) > 0) return path.generic_string();
  }
  return "";
}

// True when a folder of the list allows `to`: by its own name, or as one below a folder that is no layer itself
// ("whit").
bool allows(const Layers& layers, const std::set<std::string>& allowed, const std::string& to) {
  if (allowed.count(to) > 0) return true;
  for (fs::path above = fs::path(to).parent_path(); !above.empty(); above = above.parent_path()) {
    if (allowed.count(above.generic_string()) > 0 && layers.count(above.generic_string()) == 0) return true;
  }
  return false;
}

// Only what trains, and its benchmark, see libtorch, which other programs do not link.
bool is_of_torch(const std::string& header) {
  return header.rfind("ATen/", 0) == 0 || header.rfind("c10/", 0) == 0 || header.rfind("torch/", 0) == 0;
}

// Only readers and writers of models see the libraries of their formats.
bool is_of_a_format_library(const std::string& header) {
  for (const char* part : {"flatbuffers/", "schema_generated", "google/protobuf", ".pb.h", "onnx/"}) {
    if (header.find(part) != std::string::npos && header.rfind("whit", 0) != 0) return true;
  }
  return false;
}

// Why the line of `file` breaks the layers; empty when it does not.
std::string breach(const Layers& layers, const fs::path& file, const std::string& line) {
  static const std::regex kInclude(R"(\s*#\s*include\s*["<]([^">]+)[">].*)");
  std::smatch match;
  if (!std::regex_match(line, match, kInclude)) return "";
  const std::string target = match[1];
  if (is_of_a_format_library(target)) {
    return file.generic_string().rfind("whit/formats/", 0) == 0
               ? ""
               : file.string() + " includes " + target + ", which only whit/formats may";
  }
  if (is_of_torch(target)) {
    return file.parent_path() == "whit/learn" || file == "bench/learn_speed.cpp"
               ? ""
               : file.string() + " includes " + target + ", which only whit/learn may";
  }
  if (target == "mpi.h") {
    return file == "whit/learn/search/team.cpp" ? "" : file.string() + " includes mpi.h, which only team.cpp may";
  }
  if (std::find(kFolders.begin(), kFolders.end(), target.substr(0, target.find('/'))) == kFolders.end()) return "";
  const std::string from = layer_of(layers, file);
  const std::string to = layer_of(layers, target);
  if (to.empty()) return file.string() + " includes " + target + ", which lies in no listed folder";
  if (from == to || allows(layers, layers.at(from), to)) return "";
  return file.string() + " includes " + target + ": " + from + " may not include " + to;
}

std::vector<fs::path> source_files() {
  std::vector<fs::path> files;
  for (const std::string& top : kFolders) {
    for (const auto& entry : fs::recursive_directory_iterator(kRoot / top)) {
      const std::string extension = entry.path().extension().string();
      if (extension == ".cpp" || extension == ".hpp" || extension == ".h" || extension == ".c") {
        files.push_back(fs::relative(entry.path(), kRoot));
      }
    }
  }
  return files;
}

TEST(Layers, EveryIncludeIsAllowed) {
  const Layers layers = read_layers();
  size_t checked = 0;
  for (const fs::path& file : source_files()) {
    ASSERT_NE(layer_of(layers, file), "") << file << " lies in no folder that LAYERS lists";
    std::ifstream stream(kRoot / file);
    // A unit test stands beside its code but may look at all of the workshop.
    const bool is_test = file.stem().string().find("_test") != std::string::npos;
    bool in_text = false;  // a source that is emitted: a raw string over several lines
    for (std::string line; std::getline(stream, line);) {
      if (line.find("R\"(") != std::string::npos) in_text = true;
      if (line.find(")\"") != std::string::npos) in_text = false;
      if (!is_test && !in_text) {
        EXPECT_EQ(breach(layers, file, line), "");
      }
      ++checked;
    }
  }
  EXPECT_GT(checked, 1000u);
}

TEST(Layers, EveryListedFolderExists) {
  for (const auto& [folder, allowed] : read_layers()) {
    EXPECT_TRUE(fs::is_directory(kRoot / folder)) << folder;
    for (const std::string& other : allowed) EXPECT_TRUE(fs::is_directory(kRoot / other)) << folder << ": " << other;
  }
}

TEST(Layers, RuntimeNeverIncludesTheWorkshop) {
  for (const auto& [folder, allowed] : read_layers()) {
    if (folder.rfind("whit_runtime", 0) != 0 && folder != "targets") continue;
    for (const std::string& other : allowed) EXPECT_NE(other.rfind("whit/", 0), 0u) << folder << ": " << other;
  }
}

TEST(Layers, ABreachIsFound) {
  const Layers layers = read_layers();
  EXPECT_NE(breach(layers, "whit_runtime/program.hpp", "#include \"whit/ir/graph.hpp\""), "");
  EXPECT_NE(breach(layers, "whit/ir/graph.cpp", "#include \"whit/compile/compile.hpp\""), "");
  EXPECT_NE(breach(layers, "whit/ir/graph.cpp", "#include \"whit/nowhere/x.hpp\""), "");
  EXPECT_NE(breach(layers, "whit/ir/graph.cpp", "#include <flatbuffers/flatbuffers.h>"), "");
  EXPECT_NE(breach(layers, "bench/host_speed.cpp", "#include \"schema_generated.h\""), "");
  EXPECT_NE(breach(layers, "whit/target/build.cpp", "#include \"whit_runtime/kernels/copy.hpp\""), "");  // not listed
  EXPECT_NE(breach(layers, "whit/target/build.cpp", "#include \"tests/golden.hpp\""), "");
  EXPECT_EQ(breach(layers, "whit/compile/compile.cpp", "#include \"whit/ir/graph.hpp\""), "");
  EXPECT_EQ(breach(layers, "whit/formats/tflite/import.hpp", "#include \"schema_generated.h\""), "");
  EXPECT_EQ(breach(layers, "bench/host_speed.cpp", "#include \"whit/compile/compile.hpp\""), "");  // all below whit
}

}  // namespace
