// Digests: SHA-256 to name a model, CRC-32 to find a damaged blob.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>

namespace whit {

using Sha256 = std::array<uint8_t, 32>;

Sha256 sha256(std::span<const uint8_t> bytes);

// CRC-32 of IEEE 802.3 (the one of zlib).
uint32_t crc32(std::span<const uint8_t> bytes);

// Lower-case hexadecimal.
std::string hex(std::span<const uint8_t> bytes);

}  // namespace whit
