// Device profiles: what a board or chip has and costs, each figure with the place that it was read from.
// One file a device, devices/NAME.toml, carried inside the binary; users may write their own (docs/formats/device.md).
// Read by the cost model, `whit fit` and `whit decide`. Knows no models and computes nothing.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "whit/base/toml.hpp"

namespace whit::device {

// A number and its source, "KIND: where": a kind of document such as "data sheet", or "estimate" with its reason.
struct Figure {
  double value = 0;
  std::string source;  // empty when the profile does not give this figure

  bool is_given() const { return !source.empty(); }
  bool is_estimate() const { return source.rfind("estimate: ", 0) == 0; }
};

enum class Kind { mcu, linux_board, cloud };
enum class CodeIn { flash, ram };

struct Profile {
  std::string name;   // the file's stem: "stm32l4r5"
  std::string title;  // "ST STM32L4R5 (Nucleo-L4R5ZI)"
  std::string vendor;
  Kind kind = Kind::mcu;

  std::string core;              // "cortex-m4"; with several kinds of core the one that runs inference
  int64_t core_count = 1;        // of that kind; figures are of one core at work unless their source says otherwise
  std::vector<std::string> isa;  // features: "dsp", "fpu", "mve", "rv32imc", ...
  std::string target;            // whit target whose code the core runs, "qemu-cortex-m4"; empty: then macs_per_cycle
  Figure clock_hz;

  // Code and weights stay in flash while they are used, or are loaded into RAM first and then take part of it.
  CodeIn code_in = CodeIn::flash;
  Figure ram_bytes;
  Figure ram_free_bytes;  // what a firmware of the usual kind (drivers, RTOS, radio stack) leaves for a model
  Figure flash_bytes;
  Figure flash_free_bytes;  // the same
  // Of the memory that holds code and weights; only with a target.
  Figure flash_wait_states;  // core cycles that an access which no cache or prefetch serves takes beyond the usual one
  Figure flash_fetch_bits;   // bits that such an access brings: a flash word, or a cache line
  Figure icache_bytes;       // 0: none
  Figure dcache_bytes;  // of constants; 0: they share icache_bytes; when they pass no cache, the bytes of one fetch

  Figure supply_v;   // at the two powers; not of a cloud machine
  Figure active_mw;  // one core running from code's memory at clock_hz, radio off
  Figure sleep_uw;   // the deepest sleep that keeps RAM; not of a cloud machine

  Figure usd;           // once; not of a cloud machine
  Figure usd_per_hour;  // only of a cloud machine

  Figure macs_per_cycle;  // int8, one core with the best known kernels; only without a target

  std::string accelerator;               // empty: none, and so are the rest
  std::string accelerator_accepts;       // for people: "full-integer TFLite, compiled by edgetpu_compiler"
  bool accelerator_runs_tflite = false;  // starts from the full-integer .tflite that whit writes
  Figure accelerator_macs_per_s;         // reached on a published network; the peak when the source says so
  Figure accelerator_mw;                 // of the whole device while it works

  bool has_accelerator() const { return !accelerator.empty(); }
};

// Where a figure stands in the file, and what may stand there.
struct FigureField {
  const char* section;
  const char* key;
  Figure Profile::*figure;
  Range range;
  bool (*is_needed)(const Profile&);  // a figure that is not needed is refused
};
std::span<const FigureField> figure_fields();

// Profile `name` from `text`; `file` stands in messages. Error bad_input for whatever the format does not allow.
Profile parse_profile(std::string_view text, const std::string& name, const std::string& file);

// The profiles inside the binary, by name. Static storage.
const std::vector<Profile>& all_profiles();

// One of them by its name, or the file when `device` ends in ".toml". Error bad_input with the nearest name.
Profile find_profile(const std::string& device);

// As in the file: "mcu", "linux" or "cloud"; "flash" or "ram".
const char* name_of(Kind kind);
const char* name_of(CodeIn code_in);

}  // namespace whit::device
