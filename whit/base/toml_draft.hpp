// A TOML file in the making: tables of other files, laid over each other. For recipes that `whit make` writes.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "whit/base/toml.hpp"

namespace whit {

class TomlDraft {
 public:
  TomlDraft();
  ~TomlDraft();
  TomlDraft(TomlDraft&&) noexcept;
  TomlDraft& operator=(TomlDraft&&) noexcept;

  // Lays `table` over the table `key`: tables in it are merged in turn, all else is replaced.
  void merge(const std::string& key, const TomlTable& table);
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
  std::string text(const std::string& key) const;  // of one table; empty when there is none

 private:
  struct Document;
  std::unique_ptr<Document> document_;
};

}  // namespace whit
