// TOML files of users, read strictly: an Error names file, line and key; a key that nobody asks for is refused.
// For device profiles, scenarios and recipes. This and toml_draft.hpp are the only places that see toml++.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "whit/base/error.hpp"

namespace whit {

// Both ends are allowed.
struct Range {
  double lowest = std::numeric_limits<double>::lowest();
  double highest = std::numeric_limits<double>::max();
};
inline constexpr Range kNotNegative = {0};

// One table of a document; copies share it. Reading a key marks it as known. All readers throw Error bad_input: for a
// key that is missing, of another type, or outside of its range (NaN and infinity always are). With a `fallback` a
// missing key is that value.
class TomlTable {
 public:
  // The root of `text`; `file` stands in messages. Error bad_input with the line of a syntax error.
  static TomlTable parse(std::string_view text, const std::string& file);
  static TomlTable read(const std::string& file);

  bool has(const std::string& key) const;  // marks the key too
  std::vector<std::string> keys() const;   // in the file's order

  std::string text(const std::string& key) const;
  std::string text(const std::string& key, const std::string& fallback) const;
  // One of `names`; anything else is an Error with the nearest.
  std::string choice(const std::string& key, const std::vector<std::string>& names) const;
  std::string choice(const std::string& key, const std::vector<std::string>& names, const std::string& fallback) const;
  double number(const std::string& key, Range range = {}) const;
  double number(const std::string& key, Range range, double fallback) const;
  int64_t integer(const std::string& key, Range range = {}) const;
  int64_t integer(const std::string& key, Range range, int64_t fallback) const;
  bool boolean(const std::string& key) const;
  bool boolean(const std::string& key, bool fallback) const;

  // Arrays; empty when the key is missing.
  std::vector<std::string> texts(const std::string& key) const;
  std::vector<double> numbers(const std::string& key, Range range = {}) const;
  std::vector<int64_t> integers(const std::string& key, Range range = {}) const;

  TomlTable table(const std::string& key) const;
  std::optional<TomlTable> find_table(const std::string& key) const;
  std::vector<TomlTable> tables(const std::string& key) const;  // [[key]]; empty when there are none

  // Error for the first key of this table, or of one below it, that was not asked for.
  void refuse_unknown_keys() const;
  // Error for the first key of this table that is none of `names`, before anything is asked for.
  void allow_only(const std::vector<std::string>& names) const;

  // Where `key` stands in the file; 0 when it does not.
  int line_of(const std::string& key) const;

  // An Error bad_input at `key` of this table, for what only the caller can judge.
  Error error(const std::string& key, const std::string& what, const std::string& hint = "") const;
  const std::string& file() const;

  // This table as TOML, without its comments. All its keys count as known: who reads the copy judges them.
  std::string source() const;

  // Copies whose keys keep their lines; the keys that are copied count as known here.
  TomlTable only(const std::vector<std::string>& keys) const;
  // This table laid over `below`, which is of the same file: tables in both are merged in turn, else this one's count.
  TomlTable over(const TomlTable& below) const;

 private:
  struct Position;
  explicit TomlTable(std::shared_ptr<const Position> position) : position_(std::move(position)) {}
  std::shared_ptr<const Position> position_;
};

}  // namespace whit
