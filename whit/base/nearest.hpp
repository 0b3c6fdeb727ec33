// Names that users type: which of the known ones it is, and which one a mistyped one may have meant.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace whit {

// The one of `known` (not empty) that the fewest insertions, deletions and replacements of characters make of `name`;
// the first of several.
const std::string& nearest(std::string_view name, const std::vector<std::string>& known);

// Two insertions, deletions and replacements at most make one of the other, and half of it stays.
bool is_nearly(std::string_view name, std::string_view known);

// Where `name` stands in `known`. Error usage that lists them; `what` they are names of: "observer".
size_t index_of_name(std::string_view name, std::span<const char* const> known, std::string_view what);

}  // namespace whit
