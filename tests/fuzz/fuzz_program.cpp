// Any bytes as a Program: refused by program_check, or played cleanly in an arena of exactly arena_bytes.
// The CRC is repaired first, so that the checks of header and records are what stands between the bytes and the
// kernels.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "whit/base/error.hpp"
#include "whit/base/hash.hpp"
#include "whit/compile/program.hpp"
#include "whit_runtime/player/player.hpp"

namespace {

constexpr size_t kAlignment = whit::rt::kProgramAlignment;
constexpr size_t kCrcEnd = offsetof(whit::rt::ProgramHeader, crc32) + sizeof(uint32_t);
constexpr uint32_t kMaxArenaBytes = 1 << 16;

// Aligned, and of exactly `bytes`, so that the sanitizer sees one byte too many.
struct Block {
  explicit Block(size_t bytes) {
    if (posix_memalign(&data, kAlignment, bytes == 0 ? 1 : bytes) != 0) abort();
  }
  ~Block() { free(data); }
  Block(const Block&) = delete;
  Block& operator=(const Block&) = delete;
  void* data = nullptr;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < sizeof(whit::rt::ProgramHeader)) {
    const Block blob(size);
    if (size != 0) memcpy(blob.data, data, size);
    if (whit::rt::program_check(blob.data, size) == whit_status_ok) abort();
    return 0;
  }
  const Block blob(size);
  memcpy(blob.data, data, size);
  auto* header = static_cast<whit::rt::ProgramHeader*>(blob.data);
  const uint32_t total =
      header->total_bytes <= size && header->total_bytes >= kCrcEnd ? header->total_bytes : static_cast<uint32_t>(size);
  header->crc32 = whit::crc32({static_cast<const uint8_t*>(blob.data) + kCrcEnd, total - kCrcEnd});
  try {  // the workshop's view of it, which reads shapes, scales and notes as well
    const uint8_t* bytes = static_cast<const uint8_t*>(blob.data);
    const whit::compile::Program program({bytes, bytes + size}, "fuzz");
  } catch (const whit::Error&) {  // a refusal
  }
  if (whit::rt::program_check(blob.data, size) != whit_status_ok || header->arena_bytes > kMaxArenaBytes) return 0;
  const Block arena(header->arena_bytes);
  memset(arena.data, 0x5A, header->arena_bytes);
  whit::rt::Player player;
  if (whit::rt::player_init(&player, blob.data, size, arena.data, header->arena_bytes) != whit_status_ok) abort();
  whit::rt::player_invoke(player);
  whit::rt::player_invoke(player);
  return 0;
}
