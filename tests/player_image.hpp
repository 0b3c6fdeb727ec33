// The player as an image for an emulated machine: plays any Program on it, as a blob beside its input.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "whit/base/file.hpp"
#include "whit/compile/program.hpp"
#include "whit/target/build.hpp"
#include "whit/target/elf.hpp"
#include "whit/target/measure.hpp"

namespace whit::tests {

class PlayerImage {
 public:
  // Builds the image. `target` must outlive it.
  explicit PlayerImage(const target::Target& target);

  // The first output, in hexadecimal.
  std::string play(const compile::Program& program, const std::vector<uint8_t>& input) const;

  const target::ElfImage& elf() const { return elf_; }

 private:
  uint32_t address_of(const std::string& name) const;

  const target::Target& target_;
  TemporaryDirectory directory_;
  std::filesystem::path file_ = directory_.path() / "player.elf";
  target::ElfImage elf_;
};

}  // namespace whit::tests
