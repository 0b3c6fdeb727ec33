#include "tests/player_image.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

namespace whit::tests {
namespace {

namespace fs = std::filesystem;

// Plays whatever blob the emulator has put into memory, on the input that it has put beside it.
constexpr char kPlayerMain[] = R"(#include "targets/common/support.h"
#include <string.h>

#include "whit_runtime/player/player.hpp"

__attribute__((section(".noinit"), aligned(16))) uint8_t whit_blob[1 << 20];
__attribute__((section(".noinit"), aligned(16))) uint8_t whit_bench_input[1 << 16];
alignas(16) static uint8_t arena[1 << 18];

int main() {
  whit::rt::Player player;
  const auto* header = reinterpret_cast<const whit::rt::ProgramHeader*>(whit_blob);
  const whit_status status = whit::rt::player_init(&player, whit_blob, header->total_bytes, arena, sizeof arena);
  if (status != whit_status_ok) return 1;
  memcpy(whit::rt::player_input(player, 0), whit_bench_input, player.tensors[0].bytes);
  whit::rt::player_invoke(player);
  whit_write_hex(whit::rt::player_output(player, 0), player.tensors[header->input_count].bytes);
  return 0;
}
)";

}  // namespace

PlayerImage::PlayerImage(const target::Target& target) : target_(target) {
  write_file(directory_.path() / "main.cpp", kPlayerMain);
  target::BuildInput build;
  build.include_directories = {WHIT_SOURCE_DIR};
  build.sources = {directory_.path() / "main.cpp"};
  for (const auto& entry : fs::directory_iterator(fs::path(WHIT_SOURCE_DIR) / "whit_runtime/player")) {
    const std::string name = entry.path().filename().string();
    if (name.ends_with(".cpp") && !name.ends_with("_test.cpp")) build.sources.push_back(entry.path());
  }
  target::build_image(target, build, file_);
  elf_ = target::read_elf(file_);
}

std::string PlayerImage::play(const compile::Program& program, const std::vector<uint8_t>& input) const {
  write_file(directory_.path() / "blob", program.bytes());
  write_file(directory_.path() / "input", input);
  const target::RunResult result = target::run_image(target_, file_, 300,
                                                     {{address_of("whit_blob"), directory_.path() / "blob"},
                                                      {address_of("whit_bench_input"), directory_.path() / "input"}});
  EXPECT_EQ(result.exit_code, 0);
  return result.output;
}

uint32_t PlayerImage::address_of(const std::string& name) const {
  for (const target::ElfSymbol& symbol : elf_.symbols) {
    if (symbol.name == name) return symbol.address;
  }
  throw std::runtime_error("no symbol " + name);
}

}  // namespace whit::tests
