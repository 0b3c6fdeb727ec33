// The predictive controller as firmware beside a model and its features: NAME_control.hpp (the API for C) and
// NAME_control.cpp.
#pragma once

#include <span>

#include "whit/compile/emit/emit.hpp"
#include "whit_runtime/control/controller.hpp"

namespace whit::compile {

// `sensors`: which sensor each channel of the window is (whit_runtime/control/minute.hpp). The firmware has the files
// of emit_features already, and whatever else belongs to it: a state that was saved by any other is refused.
void emit_control(const rt::ControlOptions& options, std::span<const int32_t> sensors, const std::string& name,
                  Firmware& firmware);

}  // namespace whit::compile
