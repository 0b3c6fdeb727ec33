#include "whit/data/leakage.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <string_view>
#include <unordered_map>

namespace whit::data {
namespace {

std::string_view bytes_of(std::span<const float> values) {
  return {reinterpret_cast<const char*>(values.data()), values.size_bytes()};
}

const char* name_of(Part part) { return kPartNames[static_cast<size_t>(part)]; }

std::optional<std::string> shared_groups(const Collection& all, const std::vector<Part>& parts) {
  std::map<std::string, Part> part_of;
  std::map<std::string, std::string> shared;  // group: its parts
  for (size_t i = 0; i < parts.size(); ++i) {
    const std::string& group = all.origins[i].group;
    if (parts[i] == Part::none || group.empty()) continue;
    const Part first = part_of.emplace(group, parts[i]).first->second;
    if (first != parts[i]) shared.emplace(group, fmt::format("{} and {}", name_of(first), name_of(parts[i])));
  }
  if (shared.empty()) return std::nullopt;
  return fmt::format("{} of {} groups are in two parts (group '{}' in {})", shared.size(), part_of.size(),
                     shared.begin()->first, shared.begin()->second);
}

std::optional<std::string> shared_rows(const Collection& all, const std::vector<Part>& parts) {
  std::vector<size_t> order;
  for (size_t i = 0; i < parts.size(); ++i) {
    if (parts[i] != Part::none) order.push_back(i);
  }
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return all.origins[a].first_row < all.origins[b].first_row; });
  // Of each part the sample that reaches farthest, among those that begin before.
  std::array<std::optional<size_t>, 3> farthest;
  int64_t count = 0;
  std::string example;
  for (const size_t i : order) {
    const Origin& origin = all.origins[i];
    bool shares = false;
    for (size_t part = 0; part < 3; ++part) {
      if (static_cast<Part>(part) == parts[i] || !farthest[part]) continue;
      const Origin& other = all.origins[*farthest[part]];
      if (other.last_row < origin.first_row) continue;
      shares = true;
      if (!example.empty()) continue;
      example = fmt::format("rows {} to {} in {}, {} to {} in {}", other.first_row, other.last_row, kPartNames[part],
                            origin.first_row, origin.last_row, name_of(parts[i]));
    }
    count += shares;
    std::optional<size_t>& own = farthest[static_cast<size_t>(parts[i])];
    if (!own || all.origins[*own].last_row < origin.last_row) own = i;
  }
  if (count == 0) return std::nullopt;
  return fmt::format("{} windows share rows with one of another part ({})", count, example);
}

std::optional<std::string> shared_values(const Collection& all, const std::vector<Part>& parts) {
  std::map<std::pair<std::string_view, double>, size_t> seen;
  int64_t count = 0;
  std::string example;
  for (size_t i = 0; i < parts.size(); ++i) {
    if (parts[i] == Part::none) continue;
    // A sensor may read the same at another time: only the same row again is a copy.
    const double time = all.is_series ? all.origins[i].last_s : 0;
    const std::pair key(bytes_of(all.samples.sample(static_cast<int64_t>(i))), time);
    const size_t first = seen.emplace(key, i).first->second;
    if (parts[first] == parts[i]) continue;
    if (count++ == 0) {
      const auto name = [&](size_t sample) {
        return all.samples.names.empty() ? fmt::format("row {}", all.origins[sample].last_row)
                                         : all.samples.names[sample];
      };
      example = fmt::format("{} in {}, {} in {}", name(first), name_of(parts[first]), name(i), name_of(parts[i]));
    }
  }
  if (count == 0) return std::nullopt;
  return fmt::format("{} samples equal one of another part ({})", count, example);
}

}  // namespace

std::vector<std::string> find_leaks(const Collection& all, const std::vector<Part>& parts, SplitBy by) {
  std::vector<std::string> leaks;
  if (all.is_series && (by == SplitBy::random || by == SplitBy::stratified)) {
    leaks.push_back(
        "a random split of a time series: neighbours in time are nearly equal, and one trains while the other tests");
  }
  const auto add = [&](const std::optional<std::string>& leak) {
    if (leak) leaks.push_back(*leak);
  };
  if (by != SplitBy::chronological) add(shared_groups(all, parts));
  add(shared_rows(all, parts));
  add(shared_values(all, parts));
  return leaks;
}

std::vector<std::pair<int64_t, int64_t>> shared_samples(const Samples& a, const Samples& b) {
  std::unordered_map<std::string_view, int64_t> known;
  for (int64_t i = 0; i < b.count(); ++i) known[bytes_of(b.sample(i))] = i;
  std::vector<std::pair<int64_t, int64_t>> shared;
  for (int64_t i = 0; i < a.count(); ++i) {
    const auto found = known.find(bytes_of(a.sample(i)));
    if (found != known.end()) shared.emplace_back(i, found->second);
  }
  return shared;
}

}  // namespace whit::data
