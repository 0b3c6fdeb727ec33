// In what two runs differ, in words: why a checkpoint or a folder is not gone on with.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace whit::learn {

// Of two objects, "epochs was 5, is 6; model.sizes was [8], is [16]; the training data": keys of tables within are
// dotted, values that are long are left out, and so are those of keys that are words and not keys of a recipe ("the
// training data"). What follows from the seed or from [model] is "the model", and named only where nothing else is.
// Empty when they are the same.
std::string differences(const nlohmann::ordered_json& old, const nlohmann::ordered_json& now);

}  // namespace whit::learn
