// Runs steps in a run folder. What a step made is kept while its command, its inputs and the program stay the same;
// what it makes appears whole or not at all; what a killed step left is gone on with.
//
// In the folder: manifest.json (steps with digests), logs/ (what each printed), .work/ (outputs in the making).
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "whit/recipe/step.hpp"

namespace whit::recipe {

enum class StepState { cached, started, done };

struct RunOptions {
  std::filesystem::path program;                                        // whit; whit-learn lies beside it
  int jobs = 1;                                                         // steps at a time
  std::function<bool(const Step&)> again;                               // runs although nothing changed; may be empty
  std::function<void(const Step&, StepState, double seconds)> on_step;  // from any thread, one at a time; may be empty
};

class Run {
 public:
  // `folder` is made. Error bad_input when it cannot be, or when another process works in it.
  Run(std::filesystem::path folder, RunOptions options);
  ~Run();
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

  // Runs all that are not cached, independent ones side by side. An input that no step makes must exist. Error with the
  // exit code of the first step that failed, and what it said; std::runtime_error when that was a bug of ours. No other
  // is started then.
  void execute(const std::vector<Step>& steps);

  // Removes what steps that are not among `planned` made, and forgets them.
  void forget_others(const std::vector<Step>& planned);

  const std::filesystem::path& folder() const { return folder_; }
  // {"recipe": ..., "steps": {name: {command, key, inputs, outputs, seconds}}}; written after each step.
  nlohmann::ordered_json& manifest() { return manifest_; }
  void write_manifest() const;

 private:
  struct Batch;
  std::string key_of(const Step& step, nlohmann::ordered_json& inputs);  // one at a time
  bool is_cached(const Step& step, const std::string& key) const;
  void run(const Step& step, const std::string& key) const;
  void work(Batch& batch);

  std::filesystem::path folder_;
  RunOptions options_;
  nlohmann::ordered_json manifest_;
  std::map<std::filesystem::path, std::string> program_digests_;
  int lock_ = -1;
};

// SHA-256 of a file, or of a folder's files and their names. Error bad_input when there is none.
std::string digest_of(const std::filesystem::path& path);

}  // namespace whit::recipe
