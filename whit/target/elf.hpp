// Reads linked firmware images (ELF, 32-bit, little-endian): sections, symbols, what takes flash and RAM.
// Used for sizes, for the counter's markers and for the proof that an image has no heap.
// Does not read code, relocations or debug information.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace whit::target {

struct ElfSection {
  std::string name;
  uint32_t type = 0;
  uint32_t flags = 0;
  uint32_t address = 0;
  uint32_t size_bytes = 0;
};

struct ElfSymbol {
  std::string name;
  uint32_t address = 0;  // of a function without the Thumb bit
  uint32_t size_bytes = 0;
  bool is_function = false;
  bool is_defined = false;
};

struct ElfImage {
  std::vector<ElfSection> sections;
  std::vector<ElfSymbol> symbols;
};

// Error bad_input when the file is not such an image or is damaged.
ElfImage read_elf(const std::filesystem::path& path);

// Of a symbol that the image is known to have.
uint32_t symbol_address(const ElfImage& image, const std::string& name);

// Bytes of the linked image by what they are. Flash holds code + weights + data.
struct SectionSizes {
  uint32_t code_bytes = 0;     // instructions and read-only data, without weights
  uint32_t weights_bytes = 0;  // section .whit_weights
  uint32_t data_bytes = 0;     // initial values of variables: flash and RAM
  uint32_t bss_bytes = 0;      // RAM only
};

SectionSizes section_sizes(const ElfImage& image);

// Names in the image that only a heap or stdio brings: malloc and its kin, operator new and delete, printf and its kin,
// sbrk, heap boundaries. Empty for firmware as whit makes it.
std::vector<std::string> forbidden_symbols(const ElfImage& image);

}  // namespace whit::target
