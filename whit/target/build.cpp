#include "whit/target/build.hpp"

#include <fmt/format.h>

#include "whit/base/embedded.hpp"
#include "whit/base/error.hpp"
#include "whit/base/file.hpp"
#include "whit/base/process.hpp"

namespace whit::target {
namespace {

constexpr double kCompileSeconds = 300;
constexpr size_t kQuotedBytes = 2000;

// The start-up files as they stand in the repository, below a directory of their own.
void write_target_files(const std::filesystem::path& directory) {
  for (const auto& [path, content] : embedded_files()) {
    if (!path.starts_with("targets/")) continue;
    const std::filesystem::path file = directory / path;
    std::filesystem::create_directories(file.parent_path());
    write_file(file, content);
  }
}

}  // namespace

void build_image(const Target& target, const BuildInput& input, const std::filesystem::path& elf) {
  if (!program_exists(target.compiler)) {
    throw Error(ErrorCode::tool_missing, fmt::format("{} is not installed", target.compiler), target.name,
                fmt::format("install the Debian packages {}", target.compiler_package));
  }
  const TemporaryDirectory support;
  std::vector<std::string> command = {target.compiler};
  const auto append = [&](const std::vector<std::string>& more) {
    command.insert(command.end(), more.begin(), more.end());
  };
  append(target.machine_flags);
  append(common_compile_flags());
  append(input.flags);
  for (const std::string& define : input.defines) command.push_back("-D" + define);
  for (const auto& directory : input.include_directories) command.push_back("-I" + directory.string());
  for (const auto& source : input.sources) command.push_back(source.string());
  if (!target.is_host()) {
    write_target_files(support.path());
    const std::filesystem::path script = support.path() / target.linker_script;
    append({"-I" + support.path().string(), (support.path() / target.start_source).string(),
            (support.path() / "targets/common/support.cpp").string(), "-nostdlib", "-nostartfiles", "-static",
            "-Wl,--gc-sections", "-Wl,--no-warn-rwx-segments", "-L" + (support.path() / "targets/common").string(),
            "-T", script.string()});
  }
  append({"-o", elf.string()});
  append(target.libraries);
  const ProcessResult result = run_process(command, kCompileSeconds);
  if (result.exit_code != 0 && result.output.find("will not fit in region") != std::string::npos) {
    throw Error(
        ErrorCode::unsupported, "the image is larger than the memory of the emulated machine", target.name,
        fmt::format("it has {} MB of flash and {} MB of RAM", target.flash_bytes >> 20, target.ram_bytes >> 20));
  }
  if (result.exit_code != 0) {
    throw Error(ErrorCode::bad_input, fmt::format("{} refused the sources", target.compiler), elf.string(),
                result.output.substr(0, kQuotedBytes));
  }
}

}  // namespace whit::target
