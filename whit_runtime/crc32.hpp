// CRC-32 (IEEE 802.3), of Programs and of saved state.
#ifndef WHIT_RUNTIME_CRC32_HPP_
#define WHIT_RUNTIME_CRC32_HPP_

#include <stddef.h>
#include <stdint.h>

namespace whit::rt {

// `crc`: the result for the bytes before these, 0 for none.
inline uint32_t crc32(const uint8_t* bytes, size_t count, uint32_t crc = 0) {
  // Four bits at a time: 64 bytes of table instead of 1 KB.
  static constexpr uint32_t kTable[16] = {0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4,
                                          0x4db26158, 0x5005713c, 0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
                                          0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c};
  crc = ~crc;
  for (size_t i = 0; i < count; ++i) {
    crc ^= bytes[i];
    crc = (crc >> 4) ^ kTable[crc & 15];
    crc = (crc >> 4) ^ kTable[crc & 15];
  }
  return ~crc;
}

}  // namespace whit::rt

#endif  // WHIT_RUNTIME_CRC32_HPP_
