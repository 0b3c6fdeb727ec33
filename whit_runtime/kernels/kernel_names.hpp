// The name of a kernel by its id, for tools that print Programs. Firmware has no need of it.
#ifndef WHIT_RUNTIME_KERNELS_KERNEL_NAMES_HPP_
#define WHIT_RUNTIME_KERNELS_KERNEL_NAMES_HPP_

#include <stdint.h>

namespace whit::rt {

// "conv2d_s8", or "unknown".
inline const char* kernel_name(uint16_t id) {
  switch (id) {
#define X(number, function, Params) \
  case number:                      \
    return #function;
#include "whit_runtime/kernels/kernels.def"
#undef X
    default:
      return "unknown";
  }
}

// "FullyConnectedS8": the record of a kernel.
inline const char* kernel_record_name(uint16_t id) {
  switch (id) {
#define X(number, function, Params) \
  case number:                      \
    return #Params;
#include "whit_runtime/kernels/kernels.def"
#undef X
    default:
      return "unknown";
  }
}

}  // namespace whit::rt

#endif  // WHIT_RUNTIME_KERNELS_KERNEL_NAMES_HPP_
