// A TOML file in the making: a copy of a table, with changes. For recipes that `whit make` writes.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "whit/base/toml.hpp"

namespace whit {

class TomlDraft {
 public:
  explicit TomlDraft(const TomlTable& table);
  ~TomlDraft();
  TomlDraft(TomlDraft&&) noexcept;
  TomlDraft& operator=(TomlDraft&&) noexcept;

  // Keys are dotted: "data.path". Tables on the way are made.
  void set(const std::string& key, const std::string& value);
  void set(const std::string& key, double value);
  void set(const std::string& key, int64_t value);
  void remove(const std::string& key);
  bool has(const std::string& key) const;
  // Replaces a text, or each text of an array, by what `change` makes of it; nothing when there is none.
  void change(const std::string& key, const std::function<std::string(const std::string&)>& change);

  std::string value(const std::string& key) const;  // a text; empty when there is none

  std::string text() const;
  std::string json() const;
  std::string text(const std::string& key) const;  // of one table; empty when there is none

 private:
  struct Document;
  std::unique_ptr<Document> document_;
};

}  // namespace whit
