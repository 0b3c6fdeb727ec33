#include "whit/recipe/run.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <set>
#include <stdexcept>
#include <thread>

#include "whit/base/error.hpp"
#include "whit/base/file.hpp"
#include "whit/base/hash.hpp"
#include "whit/base/process.hpp"
#include "whit/device/measured.hpp"

namespace whit::recipe {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr int kSignalled = 128;  // and the signal: exit code of what a signal ended
constexpr double kMostSeconds = 7 * 24 * 3600.0;

std::string sha256_of(std::string_view text) {
  return hex(sha256({reinterpret_cast<const uint8_t*>(text.data()), text.size()}));
}

std::string file_name_of(std::string name) {
  std::replace(name.begin(), name.end(), ' ', '-');
  return name;
}

bool trains(const Step& step) { return !step.command.empty() && step.command[0] == "train"; }

// What a step printed ends with "whit: WHERE: WHAT" and "  try: HINT".
[[noreturn]] void fail(const Step& step, const std::string& said, int exit_code, const fs::path& log) {
  const auto line_after = [&](const std::string& mark) -> std::string {
    const size_t at = said.rfind(mark);
    if (at == std::string::npos || (at > 0 && said[at - 1] != '\n')) return "";
    const size_t begin = at + mark.size();
    return said.substr(begin, said.find('\n', begin) - begin);
  };
  const std::string what = line_after("whit: "), hint = line_after("  try: ");
  const int signal = exit_code > kSignalled ? exit_code - kSignalled : 0;
  if (signal == SIGKILL || signal == SIGTERM || signal == SIGINT || signal == SIGHUP) {  // from outside
    throw Error(ErrorCode::unsupported, fmt::format("ended by signal {} ({})", signal, strsignal(signal)), step.name,
                "is memory short? The same command goes on where it stopped");
  }
  if (exit_code == 0) {
    throw std::runtime_error(fmt::format("{} ended well without its output; see {}", step.name, log.string()));
  }
  if (exit_code < 1 || exit_code > 5) {
    const std::string end =
        signal > 0 ? fmt::format("signal {} ({})", signal, strsignal(signal)) : fmt::format("exit code {}", exit_code);
    throw std::runtime_error(
        fmt::format("{} ended with {}{}{}; see {}", step.name, end, what.empty() ? "" : ": ", what, log.string()));
  }
  const auto code = static_cast<ErrorCode>(exit_code);
  const std::string where = step.origin.empty() ? step.name : step.origin + ": " + step.name;
  if (!what.empty()) throw Error(code, what, where, hint);
  throw Error(code, fmt::format("{} ended with exit code {}", step.name, exit_code), log.string(),
              "its output is there");
}

}  // namespace

std::string digest_of(const fs::path& path) {
  if (!fs::is_directory(path)) return hex(sha256(read_file(path)));
  std::vector<std::string> lines;
  for (const auto& entry : fs::recursive_directory_iterator(path)) {
    if (!entry.is_regular_file()) continue;
    lines.push_back(fmt::format("{} {}", fs::relative(entry.path(), path).string(), digest_of(entry.path())));
  }
  std::sort(lines.begin(), lines.end());
  return sha256_of(fmt::format("{}", fmt::join(lines, "\n")));
}

Run::Run(fs::path folder, RunOptions options) : folder_(std::move(folder)), options_(std::move(options)) {
  std::error_code failure;
  fs::create_directories(folder_, failure);
  lock_ = open((folder_ / ".lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (lock_ < 0) throw Error(ErrorCode::bad_input, "cannot write in this folder", folder_.string(), "another with -o");
  if (flock(lock_, LOCK_EX | LOCK_NB) != 0) {
    close(lock_);
    throw Error(ErrorCode::bad_input, "another `whit make` is at work in this folder", folder_.string(),
                "wait for it, or another folder with -o");
  }
  manifest_ = Json{{"steps", Json::object()}};
  if (!fs::exists(folder_ / "manifest.json")) return;
  const std::vector<uint8_t> bytes = read_file(folder_ / "manifest.json");
  Json found = Json::parse(bytes.begin(), bytes.end(), nullptr, false);
  if (found.is_object() && found.contains("steps") && found["steps"].is_object()) manifest_ = std::move(found);
}

Run::~Run() { close(lock_); }

void Run::write_manifest() const { write_file(folder_ / "manifest.json", manifest_.dump(2) + "\n"); }

// Of all that decides what a step makes.
std::string Run::key_of(const Step& step, Json& inputs) {
  inputs = Json::object();
  for (const std::string& input : step.inputs) inputs[input] = digest_of(folder_ / input);
  const fs::path program = trains(step) ? options_.program.parent_path() / "whit-learn" : options_.program;
  std::string& digest = program_digests_[program];  // once for all steps: the programs are large
  if (digest.empty()) digest = digest_of(program);
  Json all{{"command", step.command}, {"inputs", inputs}, {"program", digest}};
  if (step.uses_toolchain) all["toolchain"] = device::toolchain_versions();
  return sha256_of(all.dump());
}

void Run::forget_others(const std::vector<Step>& planned) {
  std::set<std::string> names, outputs;
  for (const Step& step : planned) {
    names.insert(step.name);
    outputs.insert(step.outputs.begin(), step.outputs.end());
  }
  std::vector<std::string> gone;
  for (const auto& [name, record] : manifest_["steps"].items()) {
    if (names.contains(name)) continue;
    gone.push_back(name);
    const Json made = record.value("outputs", Json::object());
    for (const auto& [output, digest] : made.items()) {
      const std::string path = fs::path(output).lexically_normal().string();
      if (outputs.contains(output) || path.starts_with("..") || path.starts_with("/") || path == ".") continue;
      fs::remove_all(folder_ / path);
    }
    fs::remove(folder_ / "logs" / (file_name_of(name) + ".txt"));
    fs::remove_all(folder_ / ".work" / file_name_of(name));
  }
  if (gone.empty()) return;
  for (const std::string& name : gone) manifest_["steps"].erase(name);
  write_manifest();
}

bool Run::is_cached(const Step& step, const std::string& key) const {
  if (options_.again && options_.again(step)) return false;
  const auto found = manifest_["steps"].find(step.name);
  if (found == manifest_["steps"].end() || found->value("key", "") != key) return false;
  for (const std::string& output : step.outputs) {
    if (!fs::exists(folder_ / output)) return false;
    if ((*found)["outputs"].value(output, "") != digest_of(folder_ / output)) return false;
  }
  return true;
}

// The command runs in the run folder, with .work/NAME/ before each output; at the end the outputs move to their places.
// What an interrupted run of the same step left in .work/NAME, such as a checkpoint, is there for it.
void Run::run(const Step& step, const std::string& key) const {
  const std::string work = ".work/" + file_name_of(step.name);
  const fs::path key_file = folder_ / work / "key";
  if (!fs::exists(key_file) || read_file(key_file) != std::vector<uint8_t>(key.begin(), key.end())) {
    fs::remove_all(folder_ / work);
    fs::create_directories(folder_ / work);
    write_file(key_file, key);
  }
  std::vector<std::string> command = {options_.program.string()};
  for (const std::string& argument : step.command) {
    const bool is_output = std::find(step.outputs.begin(), step.outputs.end(), argument) != step.outputs.end();
    command.push_back(is_output ? work + "/" + argument : argument);
  }
  for (const std::string& output : step.outputs) {
    fs::create_directories((folder_ / work / output).parent_path());
    fs::create_directories((folder_ / output).parent_path());
  }
  const ProcessResult result =
      run_process(command, {kMostSeconds, folder_.string(), step.json.empty() ? "" : work + "/" + step.json});
  const fs::path log = folder_ / "logs" / (file_name_of(step.name) + ".txt");
  fs::create_directories(log.parent_path());
  write_file(log, result.output);
  const bool missed_gate = step.may_miss_gate && result.exit_code == static_cast<int>(ErrorCode::gate_failed);
  if (result.exit_code != 0 && !missed_gate) fail(step, result.output, result.exit_code, log);
  for (const std::string& output : step.outputs) {
    if (!fs::exists(folder_ / work / output)) fail(step, result.output, result.exit_code, log);
  }
  for (const std::string& output : step.outputs) {
    fs::remove_all(folder_ / output);
    fs::rename(folder_ / work / output, folder_ / output);
  }
  fs::remove_all(folder_ / work);
}

struct Run::Batch {
  explicit Batch(const std::vector<Step>& all) : steps(all), state(all.size(), State::waiting) {}

  enum class State { waiting, running, done };
  const std::vector<Step>& steps;
  std::vector<State> state;
  std::exception_ptr failure;
  std::mutex mutex;
  std::condition_variable changed;

  // The first that waits for nothing; none: steps.size().
  size_t next() const {
    for (size_t i = 0; i < steps.size(); ++i) {
      if (state[i] == State::waiting && is_ready(i)) return i;
    }
    return steps.size();
  }
  bool is_ready(size_t step) const {
    for (size_t i = 0; i < steps.size(); ++i) {
      if (state[i] == State::done || i == step) continue;
      for (const std::string& output : steps[i].outputs) {
        const auto reads = [&](const std::string& input) { return input == output || input.starts_with(output + "/"); };
        if (std::any_of(steps[step].inputs.begin(), steps[step].inputs.end(), reads)) return false;
      }
    }
    return true;
  }
  bool is_over() const {
    return failure || std::none_of(state.begin(), state.end(), [](State s) { return s == State::waiting; });
  }
};

void Run::work(Batch& batch) {
  std::unique_lock lock(batch.mutex);
  const auto tell = [&](const Step& step, StepState state, double seconds) {
    if (options_.on_step) options_.on_step(step, state, seconds);
  };
  while (!batch.is_over()) {
    const size_t i = batch.next();
    if (i == batch.steps.size()) {
      batch.changed.wait(lock);
      continue;
    }
    const Step& step = batch.steps[i];
    batch.state[i] = Batch::State::running;
    try {
      Json inputs;
      const std::string key = key_of(step, inputs);
      if (is_cached(step, key)) {
        tell(step, StepState::cached, manifest_["steps"][step.name].value("seconds", 0.0));
      } else {
        manifest_["steps"].erase(step.name);
        tell(step, StepState::started, 0);
        const auto begin = std::chrono::steady_clock::now();
        lock.unlock();
        try {
          run(step, key);
        } catch (...) {
          lock.lock();
          throw;
        }
        lock.lock();
        const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
        Json record{{"stage", step.stage}, {"command", step.command}, {"key", key}, {"inputs", inputs}};
        for (const std::string& output : step.outputs) record["outputs"][output] = digest_of(folder_ / output);
        record["seconds"] = seconds;
        manifest_["steps"][step.name] = record;
        write_manifest();
        tell(step, StepState::done, seconds);
      }
      batch.state[i] = Batch::State::done;
    } catch (...) {
      if (!batch.failure) batch.failure = std::current_exception();
      batch.state[i] = Batch::State::done;
    }
    batch.changed.notify_all();
  }
}

void Run::execute(const std::vector<Step>& steps) {
  Batch batch(steps);
  std::vector<std::thread> others;
  for (int i = 1; i < options_.jobs; ++i) others.emplace_back([&] { work(batch); });
  work(batch);
  for (std::thread& other : others) other.join();
  if (batch.failure) std::rethrow_exception(batch.failure);
}

}  // namespace whit::recipe
