#include <fmt/format.h>

#include <charconv>
#include <cstring>
#include <limits>

#include "whit/base/error.hpp"
#include "whit/ir/text.hpp"

namespace whit::ir {
namespace {

constexpr int32_t kMaxTensors = 1 << 16;

class Parser {
 public:
  explicit Parser(std::string_view text) : rest_(text) {}

  Graph parse() {
    while (next_line()) {
      space();
      if (line_.empty()) continue;
      statement();
      space();
      if (!line_.empty()) fail("cannot read on from here: " + std::string(line_.substr(0, 40)));
    }
    if (!has_name_) fail("a graph begins with: graph \"NAME\"");
    return std::move(graph_);
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw Error(ErrorCode::bad_input, what, fmt::format("line {}", number_));
  }

  // ---- characters and words ----

  bool next_line() {
    if (rest_.empty()) return false;
    const size_t end = rest_.find('\n');
    line_ = rest_.substr(0, end);
    rest_ = end == std::string_view::npos ? std::string_view{} : rest_.substr(end + 1);
    ++number_;
    return true;
  }

  void space() {
    while (!line_.empty() && (line_[0] == ' ' || line_[0] == '\t' || line_[0] == '\r')) line_.remove_prefix(1);
    if (!line_.empty() && line_[0] == '#') line_ = {};
  }

  bool skip(char c) {
    space();
    if (line_.empty() || line_[0] != c) return false;
    line_.remove_prefix(1);
    return true;
  }

  void expect(char c) {
    if (!skip(c)) fail(fmt::format("'{}' is missing before: {}", c, line_.substr(0, 40)));
  }

  std::string_view peek_word() {
    space();
    size_t n = 0;
    while (n < line_.size() && (std::isalnum(static_cast<unsigned char>(line_[n])) || line_[n] == '_')) ++n;
    return line_.substr(0, n);
  }

  std::string word(const char* what) {
    std::string result(peek_word());
    if (result.empty()) fail(fmt::format("{} is missing before: {}", what, line_.substr(0, 40)));
    line_.remove_prefix(result.size());
    return result;
  }

  bool skip_word(std::string_view expected) {
    if (peek_word() != expected) return false;
    line_.remove_prefix(expected.size());
    return true;
  }

  template <typename T>
  T number() {
    space();
    T value{};
    const auto [end, error] = std::from_chars(line_.data(), line_.data() + line_.size(), value);
    if (error != std::errc{}) fail(fmt::format("no number that fits here: {}", line_.substr(0, 40)));
    line_.remove_prefix(static_cast<size_t>(end - line_.data()));
    return value;
  }

  std::string quoted() {
    expect('"');
    std::string result;
    while (!line_.empty() && line_[0] != '"') {
      char c = line_[0];
      line_.remove_prefix(1);
      if (c == '\\') {
        if (line_.empty()) break;
        c = line_[0];
        line_.remove_prefix(1);
        if (c == 'x') {
          int value = 0;
          const auto [end, error] =
              std::from_chars(line_.data(), line_.data() + std::min<size_t>(2, line_.size()), value, 16);
          if (error != std::errc{}) fail("\\x needs two hexadecimal digits");
          line_.remove_prefix(static_cast<size_t>(end - line_.data()));
          c = static_cast<char>(value);
        }
      }
      result += c;
    }
    if (line_.empty()) fail("a name is not closed by \"");
    line_.remove_prefix(1);
    return result;
  }

  template <typename T>
  std::vector<T> list() {
    std::vector<T> values;
    expect('[');
    while (!skip(']')) {
      values.push_back(number<T>());
      skip(',');
    }
    return values;
  }

  template <typename T>
  std::vector<T> list_or_one() {
    space();
    if (!line_.empty() && line_[0] == '[') return list<T>();
    return {number<T>()};
  }

  // ---- types and constants ----

  void type(DType& type, Shape& shape, Quantization& quantization) {
    const std::string name = word("a type");
    if (!from_name(name, type)) fail("unknown type " + name);
    shape = list<int32_t>();
    int64_t count = 1;
    for (const int32_t dim : shape) {
      count *= dim;
      if (dim < 0 || count > std::numeric_limits<int32_t>::max()) fail("a shape that no memory holds");
    }
    if (skip_word("scale")) quantization.scale = list_or_one<float>();
    if (skip_word("zero_point")) quantization.zero_point = list_or_one<int32_t>();
    if (skip_word("axis")) quantization.axis = number<int32_t>();
    if (quantization.scale.size() != quantization.zero_point.size()) fail("as many zero points as scales are needed");
  }

  template <typename T>
  void append(std::vector<uint8_t>& data) {
    T value{};
    if constexpr (sizeof(T) == 1) {
      const int wide = number<int>();
      if (wide < std::numeric_limits<T>::min() || wide > std::numeric_limits<T>::max()) fail("an element does not fit");
      value = static_cast<T>(wide);
    } else {
      value = number<T>();
    }
    const auto* bytes = reinterpret_cast<const uint8_t*>(&value);
    data.insert(data.end(), bytes, bytes + sizeof value);
  }

  void append(DType type, std::vector<uint8_t>& data) {
    switch (type) {
      case DType::f32:
        return append<float>(data);
      case DType::f16:
        return append<uint16_t>(data);
      case DType::i4:
      case DType::i8:
        return append<int8_t>(data);
      case DType::u8:
      case DType::boolean:
        return append<uint8_t>(data);
      case DType::i16:
        return append<int16_t>(data);
      case DType::i32:
        return append<int32_t>(data);
      case DType::i64:
        return append<int64_t>(data);
    }
  }

  std::vector<uint8_t> data(DType type, const Shape& shape) {
    expect('=');
    if (skip('.')) fail("a constant that was printed without its elements cannot be read back");
    expect('{');
    std::vector<uint8_t> data;
    int64_t count = 0;
    for (; !skip('}'); ++count) {
      append(type, data);
      skip(',');
    }
    if (count != elements(shape)) fail(fmt::format("{} elements for the shape {}", count, to_string(shape)));
    return data;
  }

  // ---- tensors and nodes ----

  TensorId new_id() {
    expect('%');
    const int32_t id = number<int32_t>();
    if (id < 0 || id >= kMaxTensors) fail(fmt::format("tensor ids go from 0 to {}", kMaxTensors - 1));
    if (static_cast<size_t>(id) >= graph_.tensors.size()) {
      graph_.tensors.resize(static_cast<size_t>(id) + 1);
      defined_.resize(graph_.tensors.size(), false);
    }
    if (defined_[static_cast<size_t>(id)]) fail(fmt::format("%{} is defined twice", id));
    defined_[static_cast<size_t>(id)] = true;
    return id;
  }

  TensorId definition() {
    const TensorId id = new_id();
    Tensor& tensor = graph_.tensor(id);
    tensor.name = quoted();
    expect(':');
    type(tensor.type, tensor.shape, tensor.quantization);
    if (skip_word("source")) tensor.source_index = number<int32_t>();
    return id;
  }

  TensorId reference() {
    if (skip('-')) return kNoTensor;
    expect('%');
    const int32_t id = number<int32_t>();
    if (id < 0 || static_cast<size_t>(id) >= defined_.size() || !defined_[static_cast<size_t>(id)]) {
      fail(fmt::format("%{} is used before it is defined", id));
    }
    return id;
  }

  void read(int32_t& value) { value = number<int32_t>(); }
  void read(float& value) { value = number<float>(); }
  void read(std::vector<int32_t>& value) { value = list<int32_t>(); }
  void read(bool& value) {
    const std::string text = word("true or false");
    if (text != "true" && text != "false") fail("true or false is needed, not " + text);
    value = text == "true";
  }
  void read(Activation& value) {
    const std::string text = word("an activation");
    if (!from_name(text, value)) fail("unknown activation " + text);
  }

  template <size_t I = 0>
  void set_kind(const std::string& name, Attributes& attributes) {
    if constexpr (I == std::variant_size_v<Attributes>) {
      fail("unknown kind of attributes: " + name);
    } else if (name == name_of_attributes(I)) {
      attributes.emplace<I>();
    } else {
      set_kind<I + 1>(name, attributes);
    }
  }

  void attributes(Attributes& attributes) {
    if (!skip('{')) return;
    while (!skip('}')) {
      const std::string name = word("an attribute");
      expect('=');
      if (name == "kind") {
        set_kind(word("a kind of attributes"), attributes);
      } else {
        bool found = false;
        const auto match = [&](const char* field, auto& value) {
          if (name != field) return;
          found = true;
          read(value);
        };
        std::visit([&](auto& kind) { kind.fields(match); }, attributes);
        if (!found) fail("this op has no attribute " + name);
      }
      skip(',');
    }
  }

  void node() {
    Node node;
    // An output is defined after the inputs are read, so that no node reads its own result.
    space();
    if (!line_.empty() && line_[0] == '%') {
      do {
        node.outputs.push_back(definition());
      } while (skip(','));
      expect('=');
    }
    for (const TensorId id : node.outputs) defined_[static_cast<size_t>(id)] = false;
    const std::string name = word("an op");
    if (!from_name(name, node.op)) fail("unknown op " + name);
    node.attributes = default_attributes(node.op);
    expect('(');
    while (!skip(')')) {
      node.inputs.push_back(reference());
      skip(',');
    }
    attributes(node.attributes);
    if (skip_word("op")) node.source_index = number<int32_t>();
    for (const TensorId id : node.outputs) defined_[static_cast<size_t>(id)] = true;
    graph_.nodes.push_back(std::move(node));
  }

  void variable() {
    if (number<size_t>() != graph_.variables.size()) fail("variables are numbered from 0 on");
    Variable variable;
    variable.name = quoted();
    expect(':');
    type(variable.type, variable.shape, variable.quantization);
    variable.initial = data(variable.type, variable.shape);
    graph_.variables.push_back(std::move(variable));
  }

  void statement() {
    if (!has_name_) {
      if (!skip_word("graph")) fail("a graph begins with: graph \"NAME\"");
      graph_.name = quoted();
      has_name_ = true;
    } else if (skip_word("variable")) {
      variable();
    } else if (skip_word("input")) {
      graph_.inputs.push_back(definition());
    } else if (skip_word("const")) {
      Tensor& tensor = graph_.tensor(definition());
      tensor.is_constant = true;
      tensor.data = data(tensor.type, tensor.shape);
    } else if (skip_word("output")) {
      do {
        graph_.outputs.push_back(reference());
      } while (skip(','));
    } else {
      node();
    }
  }

  std::string_view rest_;
  std::string_view line_;
  int number_ = 0;
  bool has_name_ = false;
  Graph graph_;
  std::vector<bool> defined_;
};

}  // namespace

Graph parse_text(std::string_view text) { return Parser(text).parse(); }

}  // namespace whit::ir
