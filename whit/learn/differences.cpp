#include "whit/learn/differences.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <vector>

namespace whit::learn {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kMostCharacters = 40;  // of a value that is shown
constexpr const char* kModel = "the model";

std::string text_of(const Json* value) {
  if (value == nullptr) return "not given";
  const std::string text = value->dump();
  return text.size() <= kMostCharacters ? text : "";
}

void add(const std::string& key, const Json* old, const Json* now, std::vector<std::string>& found) {
  if (old != nullptr && now != nullptr && *old == *now) return;
  if ((old != nullptr && old->is_object()) || (now != nullptr && now->is_object())) {
    const Json none = Json::object();
    const Json &a = old != nullptr && old->is_object() ? *old : none,
               &b = now != nullptr && now->is_object() ? *now : none;
    const auto below = [&](const std::string& name) { return key.empty() ? name : key + "." + name; };
    const auto at = [](const Json& json, const std::string& name) {
      return json.contains(name) ? &json[name] : nullptr;
    };
    for (const auto& [name, value] : a.items()) add(below(name), &value, at(b, name), found);
    for (const auto& [name, value] : b.items()) {
      if (!a.contains(name)) add(below(name), nullptr, &value, found);
    }
    return;
  }
  const std::string was = text_of(old), is = text_of(now);
  const bool is_shown = !key.starts_with("the ") && !was.empty() && !is.empty();
  found.push_back(is_shown ? fmt::format("{} was {}, is {}", key, was, is) : key);
}

}  // namespace

std::string differences(const Json& old, const Json& now) {
  std::vector<std::string> found;
  add("", &old, &now, found);
  if (found.size() > 1) std::erase(found, kModel);
  return fmt::format("{}", fmt::join(found, "; "));
}

}  // namespace whit::learn
