#include "whit/compile/program.hpp"

#include <gtest/gtest.h>

#include <cstring>

#include "whit/base/error.hpp"
#include "whit/compile/compile.hpp"
#include "whit/ir/text.hpp"

namespace whit::compile {
namespace {

std::vector<uint8_t> tiny_blob() {
  return compile(ir::parse_text(R"(graph "tiny"
input %0 "x": i8 [1,3] scale 0.5 zero_point -1
const %1 "w": i8 [2,3] scale 0.25 zero_point 0 = {1 -2 3 127 -127 0}
const %2 "b": i32 [2] scale 0.125 zero_point 0 = {10 -20}
%3 "y": i8 [1,2] scale 1 zero_point 3 = fully_connected(%0, %1, %2) {activation=relu}
output %3
)"),
                 {}, Sha256{})
      .program.bytes();
}

// A hostile sender mends the checksum.
void mend(std::vector<uint8_t>& blob) {
  constexpr size_t kCovered = offsetof(rt::ProgramHeader, crc32) + 4;
  const uint32_t crc = crc32(std::span<const uint8_t>(blob).subspan(kCovered));
  std::memcpy(blob.data() + offsetof(rt::ProgramHeader, crc32), &crc, sizeof crc);
}

ErrorCode refusal(const std::vector<uint8_t>& blob) {
  try {
    const Program program(blob, "x.whit");
  } catch (const Error& error) {
    return error.code();
  }
  return ErrorCode{};
}

TEST(Program, RefusesEveryTruncationAndEveryBitFlip) {
  const std::vector<uint8_t> blob = tiny_blob();
  for (size_t length = 0; length < blob.size(); ++length) {
    EXPECT_EQ(refusal({blob.begin(), blob.begin() + static_cast<std::ptrdiff_t>(length)}), ErrorCode::bad_input)
        << length;
  }
  for (size_t bit = 0; bit < blob.size() * 8; ++bit) {
    std::vector<uint8_t> damaged = blob;
    damaged[bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
    EXPECT_EQ(refusal(damaged), ErrorCode::bad_input) << bit;
  }
}

// With the checksum mended a flip is refused, or harmless to run: the sanitizers watch.
TEST(Program, RunsOrRefusesWhatHasAMendedChecksum) {
  const std::vector<uint8_t> blob = tiny_blob();
  size_t ran = 0;
  for (size_t bit = 0; bit < blob.size() * 8; ++bit) {
    std::vector<uint8_t> damaged = blob;
    damaged[bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
    mend(damaged);
    rt::ProgramHeader header;
    std::memcpy(&header, damaged.data(), sizeof header);
    if (header.arena_bytes > 1 << 20) continue;  // valid, but not worth the memory
    try {
      const Program program(damaged, "x.whit");
      HostPlayer(program).invoke();
      ++ran;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::bad_input);
    }
  }
  EXPECT_GT(ran, 100u);  // flips in weights and notes
}

TEST(Program, RefusesHandMadeHeaders) {
  struct Change {
    const char* what;
    void (*apply)(rt::ProgramHeader&, rt::TensorInfo&);
  };
  const Change changes[] = {
      {"another version", [](rt::ProgramHeader& h, rt::TensorInfo&) { h.version = 2; }},
      {"notes out of line", [](rt::ProgramHeader& h, rt::TensorInfo&) { h.notes_offset += 1; }},
      {"notes in the header", [](rt::ProgramHeader& h, rt::TensorInfo&) { h.notes_offset = 16; }},
      {"more ops than records", [](rt::ProgramHeader& h, rt::TensorInfo&) { h.op_count = 0xffffffffu; }},
      {"constants past the end", [](rt::ProgramHeader& h, rt::TensorInfo&) { h.constants_bytes = 0x7fffffffu; }},
      {"state larger than the arena", [](rt::ProgramHeader& h, rt::TensorInfo&) { h.state_bytes = 1u << 30; }},
      {"a shape that overflows",
       [](rt::ProgramHeader&, rt::TensorInfo& t) {
         t.rank = 4, t.bytes = 0;
         for (int32_t& dim : t.dims) dim = 65536;
       }},
      {"a negative dimension", [](rt::ProgramHeader&, rt::TensorInfo& t) { t.dims[0] = -1; }},
      {"an infinite scale", [](rt::ProgramHeader&, rt::TensorInfo& t) { t.scale_bits = 0x7f800000u; }},
      {"an input outside the arena", [](rt::ProgramHeader&, rt::TensorInfo& t) { t.where = 1u << 30; }},
  };
  for (const Change& change : changes) {
    std::vector<uint8_t> blob = tiny_blob();
    auto& header = *reinterpret_cast<rt::ProgramHeader*>(blob.data());
    change.apply(header, *reinterpret_cast<rt::TensorInfo*>(blob.data() + header.tensors_offset));
    mend(blob);
    EXPECT_EQ(refusal(blob), ErrorCode::bad_input) << change.what;
  }
}

}  // namespace
}  // namespace whit::compile
