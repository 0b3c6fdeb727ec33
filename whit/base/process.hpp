// Runs another program and waits for it: compilers, emulators. No shell, a time limit, output captured.
// Used by whit/target. Does not keep programs running in the background.
#pragma once

#include <string>
#include <vector>

namespace whit {

struct ProcessResult {
  int exit_code = 0;       // 128 + signal when one ended it
  bool timed_out = false;  // the program and its children were killed
  std::string output;      // standard output and standard error, as they came
};

struct ProcessOptions {
  double timeout_seconds = 0;
  std::string folder;       // where it runs; empty: here
  std::string output_file;  // gets the standard output, which ProcessResult then lacks
};

// Runs arguments[0] (looked up in PATH) with an empty standard input. Error tool_missing when it cannot be started.
ProcessResult run_process(const std::vector<std::string>& arguments, const ProcessOptions& options);
inline ProcessResult run_process(const std::vector<std::string>& arguments, double timeout_seconds) {
  return run_process(arguments, ProcessOptions{timeout_seconds, {}, {}});
}

// True when `program` is found in PATH.
bool program_exists(const std::string& program);

}  // namespace whit
