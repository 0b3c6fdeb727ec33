// The code between the sensors and a model's input as firmware: NAME_features.hpp (the API for C), NAME_features.cpp
// and NAME_feature_table.hpp (the figures), which go beside the model's files.
#pragma once

#include "whit/compile/emit/emit.hpp"
#include "whit_runtime/features/table.hpp"

namespace whit::compile {

// The table with the scales of the model's edges. Error bad_input at `where` when the model does not take these
// features, unsupported for edges other than int8 and float32.
rt::FeatureTable bind_features(rt::FeatureTable table, const Program& program, const std::string& where);

// Adds the three files, and what they include, to the firmware of the model `name`. `table`: of bind_features.
void emit_features(const rt::FeatureTable& table, const std::string& name, Firmware& firmware);

// Names one more source in the Makefile, after the model's.
void add_source(const std::string& source, const std::string& name, Firmware& firmware);

}  // namespace whit::compile
