# The instruction counter (targets/qemu_count) travels inside the binary: library whit_counter_plugin is
# whit/target/counter_plugin.hpp with its bytes.
add_custom_command(OUTPUT ${CMAKE_BINARY_DIR}/targets/whit_count.stamp DEPENDS whit_count
                   COMMAND ${CMAKE_COMMAND} -E touch ${CMAKE_BINARY_DIR}/targets/whit_count.stamp)

set(plugin_source ${CMAKE_BINARY_DIR}/generated/counter_plugin.cpp)
file(CONFIGURE OUTPUT ${plugin_source} @ONLY CONTENT [[
#include "whit/target/counter_plugin.hpp"

asm(".pushsection .rodata\n"
    ".globl whit_counter_begin, whit_counter_end\n"
    "whit_counter_begin: .incbin \"@CMAKE_BINARY_DIR@/targets/libwhit_count.so\"\n"
    "whit_counter_end: .byte 0\n"
    ".popsection");
extern const char whit_counter_begin[] asm("whit_counter_begin");
extern const char whit_counter_end[] asm("whit_counter_end");

namespace whit::target {

std::string_view counter_plugin() {
  return {whit_counter_begin, static_cast<size_t>(whit_counter_end - whit_counter_begin)};
}

}  // namespace whit::target
]])
add_library(whit_counter_plugin STATIC ${plugin_source} ${CMAKE_BINARY_DIR}/targets/whit_count.stamp)
set_source_files_properties(${plugin_source} PROPERTIES OBJECT_DEPENDS ${CMAKE_BINARY_DIR}/targets/whit_count.stamp)
target_include_directories(whit_counter_plugin PRIVATE ${CMAKE_SOURCE_DIR})
add_dependencies(whit_counter_plugin whit_count)
