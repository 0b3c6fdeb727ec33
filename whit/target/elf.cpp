#include "whit/target/elf.hpp"

#include <elf.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <set>
#include <string_view>

#include "whit/base/error.hpp"
#include "whit/base/file.hpp"

namespace whit::target {
namespace {

// A file whose every access is checked: an image may come from anywhere.
class Reader {
 public:
  Reader(std::vector<uint8_t> bytes, std::string path) : bytes_(std::move(bytes)), path_(std::move(path)) {}

  template <typename T>
  T at(uint64_t offset) const {
    require(offset, sizeof(T));
    T value;
    std::memcpy(&value, bytes_.data() + offset, sizeof value);
    return value;
  }

  std::string text(const Elf32_Shdr& table, uint32_t offset) const {
    if (offset >= table.sh_size) damaged();
    require(table.sh_offset, table.sh_size);
    const char* begin = reinterpret_cast<const char*>(bytes_.data()) + table.sh_offset + offset;
    return std::string(begin, strnlen(begin, table.sh_size - offset));
  }

  [[noreturn]] void damaged() const {
    throw Error(ErrorCode::bad_input, "this is not a whole 32-bit little-endian ELF image", path_);
  }

 private:
  void require(uint64_t offset, uint64_t size) const {
    if (size > bytes_.size() || offset > bytes_.size() - size) damaged();
  }

  std::vector<uint8_t> bytes_;
  std::string path_;
};

void read_symbols(const Reader& reader, const Elf32_Shdr& table, const Elf32_Shdr& names, bool is_arm,
                  ElfImage& image) {
  for (uint32_t offset = 0; offset + sizeof(Elf32_Sym) <= table.sh_size; offset += sizeof(Elf32_Sym)) {
    const auto symbol = reader.at<Elf32_Sym>(uint64_t{table.sh_offset} + offset);
    ElfSymbol out;
    out.name = reader.text(names, symbol.st_name);
    out.is_function = ELF32_ST_TYPE(symbol.st_info) == STT_FUNC;
    out.is_defined = symbol.st_shndx != SHN_UNDEF;
    out.address = symbol.st_value & ~uint32_t{is_arm && out.is_function ? 1u : 0u};
    out.size_bytes = symbol.st_size;
    if (!out.name.empty()) image.symbols.push_back(std::move(out));
  }
}

}  // namespace

ElfImage read_elf(const std::filesystem::path& path) {
  const Reader reader(read_file(path), path.string());
  const auto header = reader.at<Elf32_Ehdr>(0);
  if (std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 || header.e_ident[EI_CLASS] != ELFCLASS32 ||
      header.e_ident[EI_DATA] != ELFDATA2LSB || header.e_shentsize != sizeof(Elf32_Shdr) ||
      header.e_shstrndx >= header.e_shnum) {
    reader.damaged();
  }
  std::vector<Elf32_Shdr> sections;
  for (uint32_t i = 0; i < header.e_shnum; ++i) {
    sections.push_back(reader.at<Elf32_Shdr>(uint64_t{header.e_shoff} + i * sizeof(Elf32_Shdr)));
  }
  ElfImage image;
  for (const Elf32_Shdr& section : sections) {
    image.sections.push_back({reader.text(sections[header.e_shstrndx], section.sh_name), section.sh_type,
                              section.sh_flags, section.sh_addr, section.sh_size});
    if (section.sh_type != SHT_SYMTAB) continue;
    if (section.sh_link >= sections.size()) reader.damaged();
    read_symbols(reader, section, sections[section.sh_link], header.e_machine == EM_ARM, image);
  }
  return image;
}

uint32_t symbol_address(const ElfImage& image, const std::string& name) {
  for (const ElfSymbol& symbol : image.symbols) {
    if (symbol.name == name) return symbol.address;
  }
  throw std::logic_error("the image lacks " + name);
}

SectionSizes section_sizes(const ElfImage& image) {
  SectionSizes sizes;
  for (const ElfSection& section : image.sections) {
    if ((section.flags & SHF_ALLOC) == 0) continue;
    if (section.type == SHT_NOBITS) {
      sizes.bss_bytes += section.size_bytes;
    } else if (section.name == ".whit_weights") {
      sizes.weights_bytes += section.size_bytes;
    } else if ((section.flags & SHF_WRITE) != 0) {
      sizes.data_bytes += section.size_bytes;
    } else {
      sizes.code_bytes += section.size_bytes;
    }
  }
  return sizes;
}

std::vector<std::string> forbidden_symbols(const ElfImage& image) {
  static constexpr std::array<std::string_view, 24> kNames = {
      "malloc",   "calloc",   "realloc",   "free",    "memalign", "aligned_alloc", "posix_memalign", "strdup",
      "sbrk",     "brk",      "mmap",      "printf",  "fprintf",  "sprintf",       "snprintf",       "vprintf",
      "vfprintf", "vsprintf", "vsnprintf", "iprintf", "puts",     "putchar",       "fputs",          "fwrite"};
  static constexpr std::array<std::string_view, 4> kOperators = {"_Znw", "_Zna", "_Zdl", "_Zda"};
  std::set<std::string> found;
  for (const ElfSymbol& symbol : image.symbols) {
    std::string_view plain = symbol.name;
    plain.remove_prefix(std::min(plain.find_first_not_of('_'), plain.size()));
    if (plain.ends_with("_r")) plain.remove_suffix(2);  // newlib's reentrant variant
    const bool is_operator = std::any_of(kOperators.begin(), kOperators.end(),
                                         [&](std::string_view prefix) { return symbol.name.starts_with(prefix); });
    const bool is_name = std::find(kNames.begin(), kNames.end(), plain) != kNames.end();
    const bool is_heap = plain.find("heap") != std::string_view::npos && !symbol.is_function;
    if (is_operator || is_name || is_heap) found.insert(symbol.name);
  }
  return {found.begin(), found.end()};
}

}  // namespace whit::target
