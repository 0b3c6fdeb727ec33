// Holds the includes of the repository against the file LAYERS.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>

namespace {

namespace fs = std::filesystem;
using Layers = std::map<std::string, std::set<std::string>>;

const fs::path kRoot = WHIT_SOURCE_DIR;

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

// Why the line of `file` breaks the layers; empty when it does not.
std::string breach(const Layers& layers, const fs::path& file, const std::string& line) {
  static const std::string kInclude = "#include \"whit";
  if (line.rfind(kInclude, 0) != 0) return "";
  const std::string target = line.substr(10, line.find('"', 10) - 10);
  const std::string from = layer_of(layers, file);
  const std::string to = layer_of(layers, target);
  if (to.empty()) return file.string() + " includes " + target + ", which lies in no listed folder";
  const std::set<std::string>& allowed = layers.at(from);
  if (from == to || allowed.count(to) > 0 || allowed.count(to.substr(0, to.find('/'))) > 0) return "";
  return file.string() + " includes " + target + ": " + from + " may not include " + to;
}

std::vector<fs::path> source_files() {
  std::vector<fs::path> files;
  for (const char* top : {"whit", "whit_runtime", "targets", "tests"}) {
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
    for (std::string line; std::getline(stream, line);) {
      if (!is_test) {
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
  EXPECT_EQ(breach(layers, "whit/compile/compile.cpp", "#include \"whit/ir/graph.hpp\""), "");
}

}  // namespace
