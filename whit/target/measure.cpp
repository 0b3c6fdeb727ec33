#include "whit/target/measure.hpp"

#include <cxxabi.h>
#include <elf.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <map>
#include <memory>
#include <sstream>

#include "whit/base/error.hpp"
#include "whit/base/file.hpp"
#include "whit/base/process.hpp"
#include "whit/target/counter_plugin.hpp"
#include "whit/target/elf.hpp"

namespace whit::target {
namespace {

RunResult run(const Target& target, const std::filesystem::path& elf, const std::vector<std::string>& more,
              double timeout_seconds, const std::vector<MemoryFile>& memory) {
  std::vector<std::string> command = {elf.string()};
  if (!target.is_host()) {
    if (!program_exists(target.emulator)) {
      throw Error(ErrorCode::tool_missing, fmt::format("{} is not installed", target.emulator), target.name,
                  fmt::format("install the Debian package {}", target.emulator_package));
    }
    command = {target.emulator};
    command.insert(command.end(), target.emulator_flags.begin(), target.emulator_flags.end());
    for (const char* flag :
         {"-nographic", "-monitor", "none", "-serial", "none", "-semihosting-config", "enable=on,target=native"}) {
      command.push_back(flag);
    }
    command.insert(command.end(), more.begin(), more.end());
    for (const MemoryFile& file : memory) {
      command.push_back("-device");
      command.push_back(fmt::format("loader,file={},addr={:#x},force-raw=on", file.path.string(), file.address));
    }
    command.insert(command.end(), {"-kernel", elf.string()});
  }
  const ProcessResult result = run_process(command, timeout_seconds);
  if (result.timed_out) {
    throw Error(ErrorCode::gate_failed, fmt::format("the image did not end within {} s", timeout_seconds), elf.string(),
                "its output so far: " + result.output.substr(0, 500));
  }
  return {result.exit_code, result.output};
}

// The markers of the image in the counter's form.
std::string markers_of(const ElfImage& image, const std::string& where) {
  static constexpr std::string_view kLayer = "whit_layer_";
  std::string text;
  int ends = 0;
  for (const ElfSymbol& symbol : image.symbols) {
    if (!symbol.is_defined) continue;
    if (symbol.name == "whit_profile_start" || symbol.name == "whit_profile_stop") {
      text += fmt::format("{} {:x}\n", symbol.name.substr(std::string_view("whit_profile_").size()), symbol.address);
      ++ends;
    } else if (symbol.name.starts_with(kLayer)) {
      int number = -1;
      const char* digits = symbol.name.c_str() + kLayer.size();
      const char* end = symbol.name.c_str() + symbol.name.size();
      const auto parsed = std::from_chars(digits, end, number);
      // A label in Thumb code may or may not bear the Thumb bit.
      if (parsed.ec == std::errc() && parsed.ptr == end && number >= 0) {
        text += fmt::format("layer {} {:x}\n", number, symbol.address & ~1u);
      }
    }
  }
  uint32_t begin = UINT32_MAX, end = 0;  // code and constants
  for (const ElfSection& section : image.sections) {
    if ((section.flags & SHF_ALLOC) == 0 || (section.flags & SHF_WRITE) != 0 || section.size_bytes == 0) continue;
    begin = std::min(begin, section.address);
    end = std::max(end, section.address + section.size_bytes);
  }
  if (begin < end) text += fmt::format("flash {:x} {:x}\n", begin, end);
  if (ends != 2) {
    throw Error(ErrorCode::bad_input, "the image has no whit_profile_start and whit_profile_stop", where,
                "call both functions of targets/common/support.h round the code to measure");
  }
  return text;
}

// A C++ name as people write it, without parameters.
std::string readable(const std::string& symbol) {
  int status = 0;
  const std::unique_ptr<char, decltype(&std::free)> plain(
      abi::__cxa_demangle(symbol.c_str(), nullptr, nullptr, &status), &std::free);
  return status == 0 ? std::string(plain.get()).substr(0, std::string_view(plain.get()).find('(')) : symbol;
}

// Names of functions by address.
class FunctionTable {
 public:
  explicit FunctionTable(const ElfImage& image) {
    for (const ElfSymbol& symbol : image.symbols) {
      if (symbol.is_function && symbol.is_defined) names_[symbol.address] = symbol.name;
    }
  }
  std::string at(uint32_t address) const {
    const auto after = names_.upper_bound(address);
    return after == names_.begin() ? "?" : readable(std::prev(after)->second);
  }

 private:
  std::map<uint32_t, std::string> names_;
};

Measurement read_counts(const std::string& text, const ElfImage& image) {
  Measurement measured;
  const FunctionTable table(image);
  std::map<std::string, Cost> functions;
  std::istringstream lines(text);
  for (std::string word; lines >> word;) {
    Cost cost;
    if (word == "layer") {
      int number = 0;
      lines >> number >> cost.instructions >> cost.cycles[0] >> cost.cycles[1] >> cost.cycles[2];
      measured.layers.push_back({number, cost});
      measured.total += cost;
    } else if (word == "code" || word == "data" || word == "both") {
      Traffic& traffic = measured.traffic;
      for (uint64_t& accesses : word == "code" ? traffic.code : word == "data" ? traffic.data : traffic.both) {
        lines >> accesses;
      }
    } else {
      uint64_t address = 0;
      uint64_t instructions = 0;
      uint64_t executions = 0;
      lines >> std::hex >> address >> std::dec >> instructions >> executions;
      lines >> cost.cycles[0] >> cost.cycles[1] >> cost.cycles[2];
      cost.instructions = instructions * executions;
      functions[table.at(static_cast<uint32_t>(address))] += cost;
    }
  }
  for (auto& [name, cost] : functions) measured.functions.push_back({name, cost});
  std::stable_sort(measured.functions.begin(), measured.functions.end(),
                   [](const auto& a, const auto& b) { return a.cost.instructions > b.cost.instructions; });
  return measured;
}

}  // namespace

Cost& Cost::operator+=(const Cost& other) {
  instructions += other.instructions;
  for (size_t i = 0; i < cycles.size(); ++i) cycles[i] += other.cycles[i];
  return *this;
}

std::vector<uint8_t> printed_bytes(const RunResult& run, size_t expected_bytes, const std::string& where) {
  const auto digit = [](char c) { return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1; };
  const std::string& text = run.output;
  std::vector<uint8_t> bytes;
  for (size_t i = 0; i + 1 < text.size(); i += 2) {
    if (digit(text[i]) < 0 || digit(text[i + 1]) < 0) break;
    bytes.push_back(static_cast<uint8_t>(digit(text[i]) * 16 + digit(text[i + 1])));
  }
  if (bytes.size() != expected_bytes || text.size() != 2 * expected_bytes) {
    throw Error(ErrorCode::gate_failed, "the firmware did not run to its end", where, text.substr(0, 500));
  }
  return bytes;
}

RunResult run_image(const Target& target, const std::filesystem::path& elf, double timeout_seconds,
                    const std::vector<MemoryFile>& memory) {
  return run(target, elf, {}, timeout_seconds, memory);
}

Measurement measure_image(const Target& target, const std::filesystem::path& elf, double timeout_seconds,
                          const std::vector<MemoryFile>& memory) {
  if (target.is_host()) {
    throw Error(ErrorCode::unsupported, "instructions are counted in an emulator only", target.name,
                "choose an emulated target such as qemu-cortex-m4");
  }
  const ElfImage image = read_elf(elf);
  const TemporaryDirectory directory;
  const std::filesystem::path plugin = directory.path() / "count.so";
  const std::filesystem::path markers = directory.path() / "markers";
  const std::filesystem::path counts = directory.path() / "counts";
  write_file(plugin, counter_plugin());
  write_file(markers, markers_of(image, elf.string()));
  const RunResult result = run(target, elf,
                               {"-plugin", fmt::format("{},core={},markers={},out={}", plugin.string(),
                                                       target.counter_core, markers.string(), counts.string())},
                               timeout_seconds, memory);
  if (!std::filesystem::exists(counts)) {
    throw Error(ErrorCode::bad_input, fmt::format("the image ended with {} before whit_profile_stop", result.exit_code),
                elf.string(), result.output.substr(0, 500));
  }
  const std::vector<uint8_t> text = read_file(counts);
  Measurement measured = read_counts(std::string(text.begin(), text.end()), image);
  measured.run = result;
  return measured;
}

}  // namespace whit::target
