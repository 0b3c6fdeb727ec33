// The instruction counter (targets/qemu_count) as a shared library for QEMU, carried inside the binary.
// Generated at build time; written to a temporary file for each measurement. Does not depend on where whit is
// installed.
#pragma once

#include <string_view>

namespace whit::target {

// The bytes of the shared library. Static storage.
std::string_view counter_plugin();

}  // namespace whit::target
