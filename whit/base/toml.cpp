#include "whit/base/toml.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <toml++/toml.h>

#include <algorithm>
#include <map>
#include <set>
#include <sstream>

#include "whit/base/file.hpp"
#include "whit/base/nearest.hpp"

namespace whit {
namespace {

std::string place(const std::string& file, const toml::source_region& region) {
  return region.begin.line == 0 ? file : fmt::format("{}: line {}", file, region.begin.line);
}

struct Document {
  std::string file;
  toml::table root;
  std::map<const toml::table*, std::set<std::string>> asked;
  std::map<const toml::node*, toml::source_region> origins;  // of copied nodes, which have no region of their own

  const toml::source_region& region(const toml::node& node) const {
    const auto found = origins.find(&node);
    return found == origins.end() ? node.source() : found->second;
  }

  void remember(const toml::node& copy, const toml::node& original, const Document& from) {
    origins[&copy] = from.region(original);
    if (const toml::table* table = copy.as_table()) {
      for (const auto& [key, node] : *table) remember(node, *original.as_table()->get(key.str()), from);
    }
    if (const toml::array* array = copy.as_array()) {
      for (size_t i = 0; i < array->size(); ++i) remember(*array->get(i), *original.as_array()->get(i), from);
    }
  }

  void lay_over(toml::table& below, const toml::table& above, const Document& from) {
    origins[&below] = from.region(above);
    for (const auto& [key, node] : above) {
      toml::table* old = below.get_as<toml::table>(key.str());
      if (old != nullptr && node.is_table()) {
        lay_over(*old, *node.as_table(), from);
        continue;
      }
      below.erase(key.str());  // with its key, which knows its line too
      below.insert(key, node);
      remember(*below.get(key.str()), node, from);
    }
  }
};

std::string name_of(toml::node_type type) {
  switch (type) {
    case toml::node_type::table:
      return "a table";
    case toml::node_type::array:
      return "an array";
    case toml::node_type::string:
      return "a text";
    case toml::node_type::integer:
      return "an integer";
    case toml::node_type::floating_point:
      return "a number";
    case toml::node_type::boolean:
      return "a boolean";
    default:
      return "a date or time";
  }
}

}  // namespace

struct TomlTable::Position {
  std::shared_ptr<Document> document;
  const toml::table* table = nullptr;
  std::string path;  // "memory", "" for the root

  std::string full(const std::string& key) const { return path.empty() ? key : path + "." + key; }

  Error error(const toml::node* node, const std::string& key, const std::string& what, const std::string& hint) const {
    const toml::source_region& region = document->region(node == nullptr ? *table : *node);
    return {ErrorCode::bad_input, fmt::format("{} {}", full(key), what), place(document->file, region), hint};
  }

  const toml::node* find(const std::string& key) const {
    document->asked[table].insert(key);
    return table->get(key);
  }

  const toml::node& get(const std::string& key) const {
    const toml::node* node = find(key);
    if (node != nullptr) return *node;
    std::string hint = fmt::format("add {} = ...", key);
    for (const auto& [other, value] : *table) {
      if (document->asked[table].count(std::string(other.str())) > 0 || !is_nearly(other.str(), key)) continue;
      hint = fmt::format("did you mean it by {} on line {}?", other.str(), document->region(value).begin.line);
    }
    throw error(nullptr, key, "is missing", hint);
  }

  template <typename T>
  T as(const toml::node& node, const std::string& key, const char* wanted) const {
    const toml::value<T>* value = node.as<T>();
    if (value == nullptr) throw error(&node, key, fmt::format("is {}, not {}", name_of(node.type()), wanted), "");
    return value->get();
  }

  void check(double value, const toml::node& node, const std::string& key, Range range) const {
    if (value >= range.lowest && value <= range.highest) return;
    const bool above = range.highest == Range{}.highest;
    const bool below = range.lowest == Range{}.lowest;
    const std::string wanted = above && below ? "a finite number"
                               : above        ? fmt::format("{} or more", range.lowest)
                               : below        ? fmt::format("{} or less", range.highest)
                                              : fmt::format("from {} to {}", range.lowest, range.highest);
    throw error(&node, key, fmt::format("is {}; it must be {}", value, wanted), "");
  }

  double number(const toml::node& node, const std::string& key, Range range) const {
    const double value =
        node.is_integer() ? static_cast<double>(node.as_integer()->get()) : as<double>(node, key, "a number");
    check(value, node, key, range);
    return value;
  }

  int64_t integer(const toml::node& node, const std::string& key, Range range) const {
    const int64_t value = as<int64_t>(node, key, "an integer");
    check(static_cast<double>(value), node, key, range);
    return value;
  }

  // What `read` makes of each element of an array.
  template <typename T, typename Read>
  std::vector<T> array(const std::string& key, const Read& read) const {
    std::vector<T> values;
    const toml::node* node = find(key);
    if (node == nullptr) return values;
    if (!node->is_array()) throw error(node, key, fmt::format("is {}, not an array", name_of(node->type())), "");
    for (const toml::node& element : *node->as_array()) values.push_back(read(element));
    return values;
  }

  std::shared_ptr<const Position> below(const toml::node& node, const std::string& key) const {
    if (!node.is_table()) throw error(&node, key, fmt::format("is {}, not a table", name_of(node.type())), "");
    return std::make_shared<Position>(Position{document, node.as_table(), full(key)});
  }

  void know_all(const toml::table& at) const {
    for (const auto& [key, node] : at) know(at, key, node);
  }

  // The key of that table, and all below.
  void know(const toml::table& at, const toml::key& key, const toml::node& node) const {
    document->asked[&at].insert(std::string(key.str()));
    if (node.is_table()) know_all(*node.as_table());
    if (!node.is_array()) return;
    for (const toml::node& element : *node.as_array()) {
      if (element.is_table()) know_all(*element.as_table());
    }
  }

  // `key` of the table at `prefix` is none of `names`.
  Error unknown(const toml::key& key, const toml::node& node, const std::string& prefix,
                const std::vector<std::string>& names) const {
    const bool is_list = node.is_array_of_tables();
    const bool is_table = is_list || (node.is_table() && !node.as_table()->is_inline());
    const auto shown = [&](std::string_view name) {
      const std::string path = prefix.empty() ? std::string(name) : fmt::format("{}.{}", prefix, name);
      return fmt::format(fmt::runtime(is_list ? "[[{}]]" : is_table ? "[{}]" : "{}"), path);
    };
    std::string hint;
    if (!names.empty()) {
      const std::string& meant = nearest(key.str(), names);
      hint = fmt::format("did you mean {}? {}: {}", is_table ? shown(meant) : meant,
                         is_table ? "There are" : "Keys here are", fmt::join(names, ", "));
    }
    return {ErrorCode::bad_input, fmt::format("there is no {} {}", is_table ? "table" : "key", shown(key.str())),
            place(document->file, key.source()), hint};
  }

  void refuse_unknown_keys(const toml::table& at, const std::string& prefix) const {
    const auto known = document->asked.find(&at);
    for (const auto& [key, node] : at) {
      const std::string name(key.str());
      const std::string shown = prefix.empty() ? name : fmt::format("{}.{}", prefix, name);
      if (known == document->asked.end() || known->second.count(name) == 0) {
        std::vector<std::string> names;
        if (known != document->asked.end()) names.assign(known->second.begin(), known->second.end());
        throw unknown(key, node, prefix, names);
      }
      if (node.is_table()) refuse_unknown_keys(*node.as_table(), shown);
      if (!node.is_array()) continue;
      for (const toml::node& element : *node.as_array()) {
        if (element.is_table()) refuse_unknown_keys(*element.as_table(), shown);
      }
    }
  }
};

TomlTable TomlTable::parse(std::string_view text, const std::string& file) {
  auto document = std::make_shared<Document>();
  document->file = file;
  try {
    document->root = toml::parse(text);
  } catch (const toml::parse_error& error) {
    throw Error(ErrorCode::bad_input, std::string(error.description()), place(file, error.source()),
                "the syntax is that of TOML 1.0");
  }
  const toml::table* root = &document->root;
  return TomlTable(std::make_shared<Position>(Position{std::move(document), root, ""}));
}

TomlTable TomlTable::read(const std::string& file) {
  const std::vector<uint8_t> bytes = read_file(file);
  return parse({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, file);
}

bool TomlTable::has(const std::string& key) const { return position_->find(key) != nullptr; }

std::vector<std::string> TomlTable::keys() const {
  std::map<std::pair<uint32_t, uint32_t>, std::string> by_place;
  for (const auto& [key, node] : *position_->table) {
    by_place[{key.source().begin.line, key.source().begin.column}] = key.str();
  }
  std::vector<std::string> names;
  names.reserve(by_place.size());
  for (const auto& [place, name] : by_place) names.push_back(name);
  return names;
}

std::string TomlTable::text(const std::string& key) const {
  return position_->as<std::string>(position_->get(key), key, "a text");
}

std::string TomlTable::text(const std::string& key, const std::string& fallback) const {
  return has(key) ? text(key) : fallback;
}

std::string TomlTable::choice(const std::string& key, const std::vector<std::string>& names) const {
  std::string name = text(key);
  for (const std::string& known : names) {
    if (name == known) return name;
  }
  throw error(key, fmt::format("is \"{}\"", name),
              fmt::format("did you mean {}? It is one of: {}", nearest(name, names), fmt::join(names, ", ")));
}

std::string TomlTable::choice(const std::string& key, const std::vector<std::string>& names,
                              const std::string& fallback) const {
  return has(key) ? choice(key, names) : fallback;
}

double TomlTable::number(const std::string& key, Range range) const {
  return position_->number(position_->get(key), key, range);
}

double TomlTable::number(const std::string& key, Range range, double fallback) const {
  return has(key) ? number(key, range) : fallback;
}

int64_t TomlTable::integer(const std::string& key, Range range) const {
  return position_->integer(position_->get(key), key, range);
}

int64_t TomlTable::integer(const std::string& key, Range range, int64_t fallback) const {
  return has(key) ? integer(key, range) : fallback;
}

bool TomlTable::boolean(const std::string& key) const {
  return position_->as<bool>(position_->get(key), key, "true or false");
}

bool TomlTable::boolean(const std::string& key, bool fallback) const { return has(key) ? boolean(key) : fallback; }

std::vector<std::string> TomlTable::texts(const std::string& key) const {
  return position_->array<std::string>(
      key, [&](const toml::node& node) { return position_->as<std::string>(node, key, "a text"); });
}

std::vector<double> TomlTable::numbers(const std::string& key, Range range) const {
  return position_->array<double>(key, [&](const toml::node& node) { return position_->number(node, key, range); });
}

std::vector<int64_t> TomlTable::integers(const std::string& key, Range range) const {
  return position_->array<int64_t>(key, [&](const toml::node& node) { return position_->integer(node, key, range); });
}

TomlTable TomlTable::table(const std::string& key) const {
  const toml::node* node = position_->find(key);
  if (node == nullptr) {
    throw position_->error(nullptr, key, "is missing", fmt::format("add the table [{}]", position_->full(key)));
  }
  return TomlTable(position_->below(*node, key));
}

std::optional<TomlTable> TomlTable::find_table(const std::string& key) const {
  return has(key) ? std::optional(table(key)) : std::nullopt;
}

std::vector<TomlTable> TomlTable::tables(const std::string& key) const {
  const toml::node* node = position_->find(key);
  if (node != nullptr && node->is_table()) {
    throw error(key, "is one table, not a list of them", fmt::format("[[{}]]", position_->full(key)));
  }
  return position_->array<TomlTable>(key,
                                     [&](const toml::node& node) { return TomlTable(position_->below(node, key)); });
}

void TomlTable::refuse_unknown_keys() const { position_->refuse_unknown_keys(*position_->table, position_->path); }

void TomlTable::allow_only(const std::vector<std::string>& names) const {
  for (const auto& [key, node] : *position_->table) {
    if (std::find(names.begin(), names.end(), key.str()) == names.end()) {
      throw position_->unknown(key, node, position_->path, names);
    }
  }
}

int TomlTable::line_of(const std::string& key) const {
  const toml::node* node = position_->table->get(key);
  return node == nullptr ? 0 : static_cast<int>(position_->document->region(*node).begin.line);
}

Error TomlTable::error(const std::string& key, const std::string& what, const std::string& hint) const {
  return position_->error(position_->find(key), key, what, hint);
}

const std::string& TomlTable::file() const { return position_->document->file; }

std::string TomlTable::source() const {
  position_->know_all(*position_->table);
  toml::table copy = *position_->table;
  copy.is_inline(false);  // an inline table would be no document
  std::ostringstream text;
  text << copy;
  return text.str();
}

TomlTable TomlTable::only(const std::vector<std::string>& keys) const {
  auto copy = std::make_shared<Document>();
  copy->file = file();
  copy->origins[&copy->root] = position_->document->region(*position_->table);
  for (const auto& [key, node] : *position_->table) {
    if (std::find(keys.begin(), keys.end(), key.str()) == keys.end()) continue;
    position_->know(*position_->table, key, node);
    copy->root.insert(key, node);
    copy->remember(*copy->root.get(key.str()), node, *position_->document);
  }
  const toml::table* root = &copy->root;
  return TomlTable(std::make_shared<Position>(Position{std::move(copy), root, position_->path}));
}

TomlTable TomlTable::over(const TomlTable& below) const {
  TomlTable merged = below.only(below.keys());
  Document& document = *merged.position_->document;
  document.lay_over(document.root, *position_->table, *position_->document);
  return merged;
}

}  // namespace whit
