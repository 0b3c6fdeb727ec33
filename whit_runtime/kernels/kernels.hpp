// All kernels and their ids: what the player and the workshop include. Emitted firmware includes only what it uses.
#ifndef WHIT_RUNTIME_KERNELS_KERNELS_HPP_
#define WHIT_RUNTIME_KERNELS_KERNELS_HPP_

#include "whit_runtime/kernels/add_affine_s8.hpp"
#include "whit_runtime/kernels/arch/arm_dsp/conv2d_s8_dsp.hpp"
#include "whit_runtime/kernels/arch/arm_dsp/depthwise3x3_s8.hpp"
#include "whit_runtime/kernels/arch/arm_dsp/fully_connected_s8_dsp.hpp"
#include "whit_runtime/kernels/arch/arm_dsp/pointwise8_s8_dsp.hpp"
#include "whit_runtime/kernels/arch/host/conv2d_s8_host.hpp"
#include "whit_runtime/kernels/arch/host/depthwise_conv2d_s8_host.hpp"
#include "whit_runtime/kernels/arch/swar/conv2d_s8_swar.hpp"
#include "whit_runtime/kernels/arch/swar/depthwise3x3_s8_swar.hpp"
#include "whit_runtime/kernels/arch/swar/fully_connected_s8_swar.hpp"
#include "whit_runtime/kernels/arch/swar/winograd_s8.hpp"
#include "whit_runtime/kernels/arg_extreme.hpp"
#include "whit_runtime/kernels/batch_matmul.hpp"
#include "whit_runtime/kernels/binary_32.hpp"
#include "whit_runtime/kernels/binary_s8.hpp"
#include "whit_runtime/kernels/cast.hpp"
#include "whit_runtime/kernels/compare.hpp"
#include "whit_runtime/kernels/conv2d_f32.hpp"
#include "whit_runtime/kernels/conv2d_s8.hpp"
#include "whit_runtime/kernels/copy.hpp"
#include "whit_runtime/kernels/copy_bytes.hpp"
#include "whit_runtime/kernels/depthwise_conv2d_s8.hpp"
#include "whit_runtime/kernels/fill.hpp"
#include "whit_runtime/kernels/fully_connected_s8.hpp"
#include "whit_runtime/kernels/gather.hpp"
#include "whit_runtime/kernels/lookup_s8.hpp"
#include "whit_runtime/kernels/one_hot.hpp"
#include "whit_runtime/kernels/pad.hpp"
#include "whit_runtime/kernels/pool2d_f32.hpp"
#include "whit_runtime/kernels/pool2d_s8.hpp"
#include "whit_runtime/kernels/quantize.hpp"
#include "whit_runtime/kernels/reduce.hpp"
#include "whit_runtime/kernels/resize.hpp"
#include "whit_runtime/kernels/select.hpp"
#include "whit_runtime/kernels/softmax_f32.hpp"
#include "whit_runtime/kernels/softmax_s8.hpp"
#include "whit_runtime/kernels/transpose_conv2d.hpp"
#include "whit_runtime/kernels/unary_f32.hpp"

namespace whit::rt {

// KernelId::fully_connected_s8 and so on, from kernels.def.
enum class KernelId : uint16_t {
#define X(id, function, Params) function = id,
#include "whit_runtime/kernels/kernels.def"
#undef X
};

// The head that a record of type Params must carry.
template <typename Params>
constexpr OpHead op_head(KernelId kernel) {
  static_assert(sizeof(Params) % 4 == 0 && sizeof(Params) / 4 <= 255);
  return OpHead{static_cast<uint16_t>(kernel), Params::kRefs, static_cast<uint8_t>(sizeof(Params) / 4)};
}

}  // namespace whit::rt

#endif  // WHIT_RUNTIME_KERNELS_KERNELS_HPP_
