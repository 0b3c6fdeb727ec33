// Packs int8 weights in pairs of channels, "A + 256 B", for gemm_2x3 and gemv_4x1 (see there for the streams).
// Used by the arm_dsp lowerings and their tests. Emits nothing.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "whit/compile/lower/arch/arm_requant.hpp"
#include "whit_runtime/kernels/conv_geometry.hpp"

namespace whit::compile {

// For each place of a pixel's row as im2col.hpp lays it out the index of the tap in the weights [KH,KW,I], -1 for
// filling.
std::vector<int32_t> im2col_order(const rt::ConvGeometry& geometry);

// The stream of gemm_2x3, `order` as above; std::nullopt when the layer does not meet the preconditions.
std::optional<std::vector<uint32_t>> pack_gemm_2x3(const QuantizedLayer& layer, const std::vector<int32_t>& order);

// The stream of pointwise8; std::nullopt when the layer does not meet the preconditions.
std::optional<std::vector<uint32_t>> pack_pointwise8(const QuantizedLayer& layer);

// The stream of gemm_2x3_w4 for a layer of int4 weights, likewise.
std::optional<std::vector<uint32_t>> pack_gemm_2x3_w4(const QuantizedLayer& layer, const std::vector<int32_t>& order);

struct GemvPack {
  std::vector<uint32_t> stream;
  DspRequant requant;  // of all channels
};
// The stream of gemv_4x1; std::nullopt when the layer does not meet the preconditions or its channels differ in scale.
std::optional<GemvPack> pack_gemv_4x1(const QuantizedLayer& layer);
// The stream of gemv_4x1_w4 for a layer of int4 weights, likewise.
std::optional<GemvPack> pack_gemv_4x1_w4(const QuantizedLayer& layer);

}  // namespace whit::compile
