#include "whit/cli/learn_program.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <iterator>

#include "whit/base/error.hpp"

namespace whit::cli {
namespace {

struct LearnVerb {
  const char *name, *description;
};
constexpr LearnVerb kLearnVerbs[] = {{"train", "a recipe becomes a trained model"},
                                     {"prune", "train, as [prune] of the recipe says: weights or whole channels go"},
                                     {"distill", "train, as [distill] of the recipe says: a teacher's outputs count"},
                                     {"search", "which nets of a space are best on a device: the Pareto front"}};

}  // namespace

void add_learn_verbs(CLI::App& app) {
  for (const LearnVerb& verb : kLearnVerbs) app.add_subcommand(verb.name, verb.description);
}

bool is_learn_verb(const char* verb) {
  return std::any_of(std::begin(kLearnVerbs), std::end(kLearnVerbs),
                     [&](const LearnVerb& known) { return std::strcmp(verb, known.name) == 0; });
}

void become_learn_program(char** argv) {
  std::error_code failure;
  const std::filesystem::path program =
      std::filesystem::read_symlink("/proc/self/exe", failure).parent_path() / "whit-learn";
  execv(program.c_str(), argv);
  throw Error(ErrorCode::tool_missing, fmt::format("cannot start it: {}", std::strerror(errno)), program.string(),
              "whit was built or installed without libtorch; build with -DWHIT_LEARN=ON, and install both programs");
}

}  // namespace whit::cli
