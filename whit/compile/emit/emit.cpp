#include "whit/compile/emit/emit.hpp"

#include <fmt/format.h>

#include <cstring>
#include <set>

#include "whit/base/embedded.hpp"
#include "whit/base/error.hpp"
#include "whit/base/file.hpp"
#include "whit/base/hash.hpp"
#include "whit/compile/emit/templates.hpp"
#include "whit/compile/emit/text.hpp"
#include "whit_runtime/kernels/kernel_names.hpp"

namespace whit::compile {
namespace {

// A name from a model file, safe inside a comment of either kind: names are untrusted text.
std::string comment_text(const std::string& name) {
  std::string text;
  for (const char c : name) {
    const bool is_plain = c >= ' ' && c <= '~' && c != '\\' && c != '*' && c != '"' && c != '?';
    text += is_plain ? c : '_';
  }
  return text;
}

// The header among the embedded files that defines a kernel.
std::string header_of(const std::string& kernel_name) {
  const std::string definition = fmt::format("WHIT_KERNEL void {}(", kernel_name);
  for (const auto& [path, content] : embedded_files()) {
    if (path.starts_with("whit_runtime/kernels/") && content.find(definition) != std::string_view::npos) {
      return std::string(path);
    }
  }
  throw std::logic_error("no header defines kernel " + kernel_name);
}

// 32-bit words of `bytes`, little-endian, zero-padded: compilers parse words four times as fast as bytes.
std::string words(std::span<const uint8_t> bytes) {
  std::string text;
  text.reserve(bytes.size() * 3);
  for (size_t i = 0; i < bytes.size(); i += 4) {
    uint32_t word = 0;
    for (size_t b = 0; b < 4 && i + b < bytes.size(); ++b) word |= static_cast<uint32_t>(bytes[i + b]) << (8 * b);
    fmt::format_to(std::back_inserter(text), "0x{:x},{}", word, i % 48 == 44 ? "\n" : "");
  }
  return text.empty() ? "0" : text;
}

std::string shape_text(const ProgramTensor& tensor) {
  std::string text = fmt::format("{}[", element_c_name(static_cast<rt::ElementType>(tensor.info.type)));
  for (size_t i = 0; i < tensor.shape.size(); ++i) text += fmt::format("{}{}", i > 0 ? "," : "", tensor.shape[i]);
  return text + "]";
}

bool is_quantized_8bit(const ProgramTensor& tensor) {
  const auto type = static_cast<rt::ElementType>(tensor.info.type);
  return tensor.scale > 0 && (type == rt::ElementType::i8 || type == rt::ElementType::u8);
}

// The declarations of one input or output in NAME.hpp.
std::string declare_tensor(const std::string& name, const char* role, size_t index, const ProgramTensor& tensor) {
  const char* type = element_c_name(static_cast<rt::ElementType>(tensor.info.type));
  const bool is_input = std::string_view(role) == "input";
  std::string text = fmt::format("/* {} {} \"{}\": {}", role, index, comment_text(tensor.name), shape_text(tensor));
  if (is_quantized_8bit(tensor))
    text += fmt::format(", real = {} * (stored - {})", tensor.scale, tensor.info.zero_point);
  text += fmt::format(" */\n#define {}_{}_{}_BYTES {}u\n", upper(name), upper(role), index, tensor.info.bytes);
  text += fmt::format("{}{}* {}_{}_{}({}void* arena);\n", is_input ? "" : "const ", type, name, role, index,
                      is_input ? "" : "const ");
  if (is_quantized_8bit(tensor)) {
    text += is_input ? fmt::format("{} {}_quantize_input_{}(float real);\n", type, name, index)
                     : fmt::format("float {}_dequantize_output_{}({} stored);\n", name, index, type);
  }
  return text;
}

std::string define_tensor(const std::string& name, const char* role, size_t index, const ProgramTensor& tensor) {
  const auto element = static_cast<rt::ElementType>(tensor.info.type);
  const char* type = element_c_name(element);
  const bool is_input = std::string_view(role) == "input";
  const char* constness = is_input ? "" : "const ";
  std::string text = fmt::format(
      "{0}{1}* {2}_{3}_{4}({0}void* arena) {{ return reinterpret_cast<{0}{1}*>(static_cast<{0}uint8_t*>(arena) + "
      "{5}u); }}\n",
      constness, type, name, role, index, tensor.info.where);
  if (!is_quantized_8bit(tensor)) return text;
  if (!is_input) {
    return text +
           fmt::format(
               "float {}_dequantize_output_{}({} stored) {{ return {:.9e}f * static_cast<float>(stored - {}); }}\n",
               name, index, type, tensor.scale, tensor.info.zero_point);
  }
  const bool is_signed = element == rt::ElementType::i8;
  return text + fmt::format(
                    "{0} {1}_quantize_input_{2}(float real) {{\n"
                    "  const float steps = real / {3:.9e}f;\n"
                    "  if (!(steps > -1e6f)) return {5};  // NaN as well\n"
                    "  if (steps > 1e6f) return {6};\n"
                    "  const int32_t stored = static_cast<int32_t>(steps + (steps < 0 ? -0.5f : 0.5f)) + ({4});\n"
                    "  return static_cast<{0}>(stored < {5} ? {5} : (stored > {6} ? {6} : stored));\n}}\n",
                    type, name, index, tensor.scale, tensor.info.zero_point, is_signed ? -128 : 0,
                    is_signed ? 127 : 255);
}

// One op: its record as a constant. The words after the head are the fields of the record in their order.
std::string define_record(size_t index, const ProgramOp& op) {
  rt::OpHead head;
  std::memcpy(&head, op.record.data(), sizeof head);
  std::string text = fmt::format("constexpr whit::rt::{} kOp{} = {{{}, {}, {}", rt::kernel_record_name(op.kernel),
                                 index, head.kernel, head.refs, head.words);
  for (size_t i = 1; i < op.record.size(); ++i) {
    const uint32_t word = op.record[i];
    text += i <= head.refs ? fmt::format(", 0x{:x}u", word) : fmt::format(", {}", static_cast<int32_t>(word));
  }
  return text + "};\n";
}

const char* kernel_attribute(Optimize optimize) {
  switch (optimize) {
    case Optimize::size:
      return "static __attribute__((noinline, noclone, unused))";
    case Optimize::balanced:
      return "static inline";
    case Optimize::speed:
      return "static inline __attribute__((always_inline))";
  }
  return "static inline";
}

std::string model_source(const Program& program, const EmitOptions& options, const std::set<std::string>& headers) {
  std::string includes;
  for (const std::string& header : headers) includes += fmt::format("#include \"{}\"\n", header);
  std::string records;
  std::string calls;
  for (size_t i = 0; i < program.ops().size(); ++i) {
    const ProgramOp& op = program.ops()[i];
    records += define_record(i, op);
    calls += fmt::format("  WHIT_LAYER({})  // {} \"{}\", {} MAC\n  whit::rt::{}(kOp{}, memory);\n", i,
                         comment_text(op.op), comment_text(op.name), op.macs, op.kernel_name, i);
  }
  std::string tensors;
  for (size_t i = 0; i < program.inputs().size(); ++i)
    tensors += define_tensor(options.name, "input", i, program.inputs()[i]);
  for (size_t i = 0; i < program.outputs().size(); ++i)
    tensors += define_tensor(options.name, "output", i, program.outputs()[i]);
  std::string digest;
  for (const uint8_t byte : program.header().model_sha256) digest += fmt::format("0x{:02x}, ", byte);
  std::string reset = "  (void)arena;\n";
  if (program.header().state_bytes > 0) {
    reset = fmt::format("  memcpy(arena, reinterpret_cast<const uint8_t*>(kConstants) + {}u, {}u);\n",
                        program.header().state_init, program.header().state_bytes);
  }
  return fmt::format(fmt::runtime(kModelSource), fmt::arg("name", options.name), fmt::arg("upper", upper(options.name)),
                     fmt::arg("kernel_attribute", kernel_attribute(options.optimize)), fmt::arg("includes", includes),
                     fmt::arg("constants", words(program.constants())), fmt::arg("records", records),
                     fmt::arg("calls", calls), fmt::arg("tensors", tensors), fmt::arg("digest", digest),
                     fmt::arg("reset", reset), fmt::arg("version", WHIT_VERSION));
}

std::string model_header(const Program& program, const EmitOptions& options) {
  std::string tensors;
  for (size_t i = 0; i < program.inputs().size(); ++i)
    tensors += declare_tensor(options.name, "input", i, program.inputs()[i]);
  for (size_t i = 0; i < program.outputs().size(); ++i)
    tensors += declare_tensor(options.name, "output", i, program.outputs()[i]);
  return fmt::format(fmt::runtime(kModelHeader), fmt::arg("name", options.name), fmt::arg("upper", upper(options.name)),
                     fmt::arg("arena_bytes", program.header().arena_bytes), fmt::arg("tensors", tensors),
                     fmt::arg("version", WHIT_VERSION), fmt::arg("sha256", hex(program.header().model_sha256)));
}

std::string selftest_source(const Program& program, const EmitOptions& options) {
  std::string fills;
  std::string compares;
  std::string expected;
  HostPlayer player(program);
  for (uint32_t test = 0; test < kSelftestCases; ++test) {
    player.reset();
    for (size_t i = 0; i < program.inputs().size(); ++i) {
      player.set_input(i, selftest_input(program.inputs()[i].info, test));
    }
    player.invoke();
    for (size_t o = 0; o < program.outputs().size(); ++o) {
      expected +=
          fmt::format("alignas(8) const uint32_t kExpected{}Of{}[] = {{\n{}}};\n", o, test, words(player.output(o)));
    }
  }
  for (size_t i = 0; i < program.inputs().size(); ++i) {
    const rt::TensorInfo& info = program.inputs()[i].info;
    const auto type = static_cast<rt::ElementType>(info.type);
    const bool is_float = type == rt::ElementType::f32;
    const bool is_byte = type == rt::ElementType::i8 || type == rt::ElementType::u8;
    fills +=
        fmt::format("  {}(reinterpret_cast<uint8_t*>({}_input_{}(arena)), {}u, 12345u + test);\n",
                    is_float ? "fill_floats" : (is_byte ? "fill_bytes" : "fill_zeros"), options.name, i, info.bytes);
  }
  for (size_t o = 0; o < program.outputs().size(); ++o) {
    const rt::TensorInfo& info = program.outputs()[o].info;
    const bool is_float = static_cast<rt::ElementType>(info.type) == rt::ElementType::f32;
    compares += fmt::format(
        "  if (!same_{}({}_output_{}(arena), kExpected{}Of0, kExpected{}Of1, test, {}u, print)) return 1;\n",
        is_float ? "floats" : "bytes", options.name, o, o, o, info.bytes);
  }
  return fmt::format(fmt::runtime(kSelftestSource), fmt::arg("name", options.name),
                     fmt::arg("upper", upper(options.name)), fmt::arg("expected", expected), fmt::arg("fills", fills),
                     fmt::arg("compares", compares), fmt::arg("cases", kSelftestCases));
}

}  // namespace

void add_runtime(const std::string& path, Firmware& firmware) {
  if (!firmware.emplace(path, embedded_files().at(path)).second) return;
  static constexpr std::string_view kInclude = "#include \"whit_runtime/";
  const std::string_view content = embedded_files().at(path);
  for (size_t at = content.find(kInclude); at != std::string_view::npos; at = content.find(kInclude, at + 1)) {
    const size_t begin = at + std::string_view("#include \"").size();
    add_runtime(std::string(content.substr(begin, content.find('"', begin) - begin)), firmware);
  }
}

std::vector<uint8_t> selftest_input(const rt::TensorInfo& info, uint32_t index) {
  std::vector<uint8_t> bytes(info.bytes);
  const auto type = static_cast<rt::ElementType>(info.type);
  const uint32_t size = element_bytes(type);
  const bool is_float = type == rt::ElementType::f32;
  if (!is_float && type != rt::ElementType::i8 && type != rt::ElementType::u8) return bytes;
  uint32_t state = 12345 + index;
  for (size_t i = 0; i < bytes.size(); i += size) {
    state = state * 1664525u + 1013904223u;
    const auto x = static_cast<int32_t>(state >> 24) - 128;
    if (is_float) {
      const float real = static_cast<float>(x) / 128.0f;
      std::memcpy(&bytes[i], &real, sizeof real);
    } else {
      bytes[i] = static_cast<uint8_t>(x);
    }
  }
  return bytes;
}

Firmware emit(const Program& program, const EmitOptions& options) {
  Firmware firmware;
  std::set<std::string> headers;
  for (const ProgramOp& op : program.ops()) headers.insert(header_of(op.kernel_name));
  add_runtime("whit_runtime/status.h", firmware);
  add_runtime("whit_runtime/program.hpp", firmware);
  for (const std::string& header : headers) add_runtime(header, firmware);
  headers.insert("whit_runtime/program.hpp");
  const auto fill = [&](const char* text) {
    return fmt::format(
        fmt::runtime(text), fmt::arg("name", options.name), fmt::arg("upper", upper(options.name)),
        fmt::arg("target", options.target), fmt::arg("compiler", options.compiler), fmt::arg("flags", options.flags),
        fmt::arg("level", options.optimize == Optimize::size ? "-Os" : "-O2"),
        fmt::arg("arena_bytes", program.header().arena_bytes),
        fmt::arg("constants_bytes", program.header().constants_bytes),
        fmt::arg("reset", program.header().state_bytes == 0 ? ""
                                                            : fmt::format(" The model keeps state between inferences: "
                                                                          "`{}_reset(arena)` starts a new sequence.",
                                                                          options.name)));
  };
  firmware[options.name + ".hpp"] = model_header(program, options);
  firmware[options.name + ".cpp"] = model_source(program, options, headers);
  firmware[options.name + "_selftest.hpp"] = fill(kSelftestHeader);
  firmware[options.name + "_selftest.cpp"] = selftest_source(program, options);
  firmware[options.name + "_selftest_main.cpp"] = fill(kSelftestMain);
  firmware["Makefile"] = fill(kMakefile);
  firmware["README.md"] = fill(kReadme);
  return firmware;
}

void write_firmware(const Firmware& firmware, const std::filesystem::path& directory) {
  namespace fs = std::filesystem;
  std::error_code failure;
  const auto is_ours = [&](const fs::directory_entry& entry) {
    const fs::path name = entry.path().filename();
    const bool is_made_by_its_makefile = name == "selftest" || name.extension() == ".o" || name.extension() == ".a";
    return firmware.count(name.string()) > 0 || name == "whit_runtime" || is_made_by_its_makefile;
  };
  if (fs::exists(directory, failure)) {
    bool ours = true;
    bool empty = true;
    for (const auto& entry : fs::directory_iterator(directory, failure)) {
      empty = false;
      ours = ours && is_ours(entry);
    }
    if (failure || (!empty && !(ours && fs::exists(directory / "whit_runtime")))) {
      throw Error(ErrorCode::bad_input, "this holds something else than firmware of this model", directory.string(),
                  "give a new directory with -o, or empty this one");
    }
  }
  // All files first beside the directory, then the directory at once.
  const fs::path beside = fs::path(directory / "").parent_path().string() + ".part";
  fs::remove_all(beside, failure);
  const OnInterrupt removed([&] { remove_quietly(beside); });
  try {
    for (const auto& [path, content] : firmware) {
      fs::create_directories((beside / path).parent_path(), failure);
      write_file(beside / path, content);
    }
  } catch (const Error& error) {
    remove_quietly(beside);
    throw error.at(directory.string());
  }
  fs::remove_all(directory, failure);
  fs::rename(beside, directory, failure);
  if (failure) {
    const std::string reason = failure.message();
    fs::remove_all(beside, failure);
    throw Error(ErrorCode::bad_input, fmt::format("cannot write the directory: {}", reason), directory.string(),
                "give another directory with -o");
  }
}

}  // namespace whit::compile
