#include "whit/base/toml_draft.hpp"

#include <toml++/toml.h>

#include <sstream>

namespace whit {
namespace {

std::string text_of(const toml::table& table) {
  std::ostringstream text;
  text << table;
  return text.str();
}

}  // namespace

struct TomlDraft::Document {
  toml::table root;

  // The table that holds the last part of a dotted key, and that part.
  std::pair<toml::table*, std::string> find(const std::string& key, bool make) {
    toml::table* table = &root;
    size_t begin = 0;
    for (size_t dot = key.find('.'); dot != std::string::npos && table != nullptr; dot = key.find('.', begin)) {
      const std::string part = key.substr(begin, dot - begin);
      if (make && !table->contains(part)) table->insert(part, toml::table{});
      table = table->contains(part) ? table->get(part)->as_table() : nullptr;
      begin = dot + 1;
    }
    return {table, key.substr(begin)};
  }

  template <typename T>
  void set(const std::string& key, const T& value) {
    const auto [table, last] = find(key, true);
    table->insert_or_assign(last, value);
  }
};

TomlDraft::TomlDraft(const TomlTable& table) : document_(std::make_unique<Document>()) {
  document_->root = toml::parse(table.source());
}
TomlDraft::~TomlDraft() = default;
TomlDraft::TomlDraft(TomlDraft&&) noexcept = default;
TomlDraft& TomlDraft::operator=(TomlDraft&&) noexcept = default;

void TomlDraft::set(const std::string& key, const std::string& value) { document_->set(key, value); }
void TomlDraft::set(const std::string& key, double value) { document_->set(key, value); }
void TomlDraft::set(const std::string& key, int64_t value) { document_->set(key, value); }

void TomlDraft::remove(const std::string& key) {
  const auto [table, last] = document_->find(key, false);
  if (table != nullptr) table->erase(last);
}

bool TomlDraft::has(const std::string& key) const {
  const auto [table, last] = document_->find(key, false);
  return table != nullptr && table->contains(last);
}

void TomlDraft::change(const std::string& key, const std::function<std::string(const std::string&)>& change) {
  if (!has(key)) return;
  const auto [table, last] = document_->find(key, false);
  toml::node* node = table->get(last);
  if (auto* text = node->as_string()) *text = change(text->get());
  if (!node->is_array()) return;
  for (toml::node& element : *node->as_array()) {
    if (auto* text = element.as_string()) *text = change(text->get());
  }
}

std::string TomlDraft::value(const std::string& key) const {
  const auto [table, last] = document_->find(key, false);
  return table == nullptr ? "" : (*table)[last].value_or(std::string());
}

std::string TomlDraft::text() const { return text_of(document_->root); }

std::string TomlDraft::json() const {
  std::ostringstream text;
  text << toml::json_formatter(document_->root);
  return text.str();
}

std::string TomlDraft::text(const std::string& key) const {
  const auto [table, last] = document_->find(key, false);
  if (table == nullptr || !table->contains(last)) return "";
  const toml::table* found = table->get(last)->as_table();
  return found == nullptr ? "" : text_of(*found);
}

}  // namespace whit
