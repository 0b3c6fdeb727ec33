// The one exception of the workshop: whatever a user, a file, a tool or a budget can cause.
// Thrown anywhere in whit/, caught once, in the CLI's main. A broken promise of our own is an assertion, never an
// Error.
#pragma once

#include <stdexcept>
#include <string>

namespace whit {

// The value is the exit code of the process.
enum class ErrorCode {
  gate_failed = 1,  // accuracy, budget, mismatch
  usage = 2,
  bad_input = 3,
  unsupported = 4,
  tool_missing = 5,
};

// `what`: one sentence on what is wrong. `where`: file, and the node or line in it; may be empty.
// `hint`: what to try next; may be empty.
class Error : public std::runtime_error {
 public:
  Error(ErrorCode code, const std::string& what, std::string where = "", std::string hint = "")
      : std::runtime_error(what), code_(code), where_(std::move(where)), hint_(std::move(hint)) {}

  ErrorCode code() const { return code_; }
  const std::string& where() const { return where_; }
  const std::string& hint() const { return hint_; }

  // The same error, for a caller that knows the place better.
  Error at(const std::string& where) const { return Error(code_, what(), where, hint_); }

 private:
  ErrorCode code_;
  std::string where_;
  std::string hint_;
};

}  // namespace whit
