// The ids of kernels, without the kernels: what makes records includes this and the headers of the records it makes.
#ifndef WHIT_RUNTIME_KERNELS_KERNEL_ID_HPP_
#define WHIT_RUNTIME_KERNELS_KERNEL_ID_HPP_

#include "whit_runtime/program.hpp"

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

#endif  // WHIT_RUNTIME_KERNELS_KERNEL_ID_HPP_
