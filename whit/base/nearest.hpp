// What a user who mistyped a name may have meant.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace whit {

// The one of `known` (not empty) that the fewest insertions, deletions and replacements of characters make of `name`;
// the first of several.
const std::string& nearest(std::string_view name, const std::vector<std::string>& known);

}  // namespace whit
