#include "whit/formats/onnx/constant.hpp"

#include <fmt/format.h>

#include <cmath>
#include <cstring>
#include <limits>

#include "whit/base/error.hpp"
#include "whit/base/file.hpp"
#include "whit/base/half.hpp"
#include "whit/ir/verify.hpp"

namespace whit::onnx {
namespace {

using Proto = ::onnx::TensorProto;

[[noreturn]] void bad(const std::string& what, const std::string& where) {
  throw Error(ErrorCode::bad_input, what, where);
}

template <typename T>
T load(const uint8_t* from) {
  T value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

// Calls f with a value of the C++ type that stores `type`; float16 is left out.
template <typename F>
void with_type(int32_t type, F&& f) {
  switch (type) {
    case Proto::FLOAT:
      return f(float{});
    case Proto::DOUBLE:
      return f(double{});
    case Proto::INT8:
      return f(int8_t{});
    case Proto::UINT8:
    case Proto::BOOL:
      return f(uint8_t{});
    case Proto::INT16:
      return f(int16_t{});
    case Proto::UINT16:
      return f(uint16_t{});
    case Proto::INT32:
      return f(int32_t{});
    case Proto::UINT32:
      return f(uint32_t{});
    case Proto::INT64:
      return f(int64_t{});
    case Proto::UINT64:
      return f(uint64_t{});
    default:
      return;
  }
}

// A number as T; out of range the nearest, NaN becomes 0.
template <typename T, typename From>
T narrowed(From value) {
  if constexpr (std::is_floating_point_v<T> || std::is_same_v<From, int64_t>) {
    return static_cast<T>(value);
  } else {
    const double low = static_cast<double>(std::numeric_limits<T>::min());
    const double high = static_cast<double>(std::numeric_limits<T>::max());
    if (std::isnan(value)) return 0;
    if (value <= low) return std::numeric_limits<T>::min();
    return value >= high ? std::numeric_limits<T>::max() : static_cast<T>(value);
  }
}

template <typename To, typename Field>
void copy_field(Constant& constant, const Field& field, const std::string& where) {
  if (field.size() != constant.count())
    bad(fmt::format("{} values for {}", field.size(), ir::to_string(constant.shape)), where);
  for (int i = 0; i < field.size(); ++i) {
    const To value = static_cast<To>(field.Get(i));
    std::memcpy(constant.bytes.data() + static_cast<size_t>(i) * sizeof value, &value, sizeof value);
  }
}

void read_external(const Proto& tensor, const std::filesystem::path& folder, Constant& constant,
                   const std::string& where) {
  std::string location;
  int64_t offset = 0, length = -1;
  for (const auto& entry : tensor.external_data()) {
    if (entry.key() == "location") location = entry.value();
    if (entry.key() == "offset") offset = std::strtoll(entry.value().c_str(), nullptr, 10);
    if (entry.key() == "length") length = std::strtoll(entry.value().c_str(), nullptr, 10);
  }
  const std::filesystem::path relative(location);
  const bool outside = relative.is_absolute() || std::find(relative.begin(), relative.end(), "..") != relative.end();
  if (location.empty() || outside) bad(fmt::format("external data at '{}'", location), where);
  const std::filesystem::path path = folder / relative;
  if (!std::filesystem::is_regular_file(path)) {
    throw Error(ErrorCode::bad_input, fmt::format("its data lie in '{}', which is missing", location), where,
                "put that file beside the model, or save the model in one file");
  }
  const std::vector<uint8_t> bytes = read_file(path);
  const auto size = static_cast<int64_t>(constant.bytes.size()), total = static_cast<int64_t>(bytes.size());
  if (offset < 0 || offset > total || size > total - offset || (length >= 0 && length != size)) {
    bad(fmt::format("'{}' does not hold {} bytes at {}", location, size, offset), where);
  }
  std::copy_n(bytes.begin() + offset, size, constant.bytes.begin());
}

}  // namespace

int32_t computed_type(int32_t type) { return is_real(type) ? static_cast<int32_t>(Proto::FLOAT) : type; }

bool is_real(int32_t type) { return type == Proto::FLOAT || type == Proto::FLOAT16 || type == Proto::DOUBLE; }

int64_t element_bytes(int32_t type) {
  if (type == Proto::FLOAT16) return 2;
  int64_t bytes = 0;
  with_type(type, [&](auto value) { bytes = sizeof value; });
  return bytes;
}

std::string name_of_type(int32_t type) {
  switch (type) {
    case Proto::FLOAT:
      return "float32";
    case Proto::FLOAT16:
      return "float16";
    case Proto::DOUBLE:
      return "float64";
    case Proto::STRING:
      return "string";
    case Proto::BOOL:
      return "bool";
    case Proto::INT8:
      return "int8";
    case Proto::UINT8:
      return "uint8";
    case Proto::INT16:
      return "int16";
    case Proto::UINT16:
      return "uint16";
    case Proto::INT32:
      return "int32";
    case Proto::UINT32:
      return "uint32";
    case Proto::INT64:
      return "int64";
    case Proto::UINT64:
      return "uint64";
    case Proto::BFLOAT16:
      return "bfloat16";
    default:
      return fmt::format("type {}", type);
  }
}

bool to_dtype(int32_t type, ir::DType& dtype) {
  switch (type) {
    case Proto::FLOAT:
      dtype = ir::DType::f32;
      return true;
    case Proto::INT8:
      dtype = ir::DType::i8;
      return true;
    case Proto::UINT8:
      dtype = ir::DType::u8;
      return true;
    case Proto::INT16:
      dtype = ir::DType::i16;
      return true;
    case Proto::INT32:
      dtype = ir::DType::i32;
      return true;
    case Proto::INT64:
      dtype = ir::DType::i64;
      return true;
    case Proto::BOOL:
      dtype = ir::DType::boolean;
      return true;
    default:
      return false;
  }
}

double Constant::real(int64_t i) const {
  const uint8_t* at = bytes.data() + static_cast<size_t>(i) * static_cast<size_t>(element_bytes(type));
  if (type == Proto::FLOAT16) return half_to_float(load<uint16_t>(at));
  double value = 0;
  with_type(type, [&](auto zero) { value = static_cast<double>(load<decltype(zero)>(at)); });
  return value;
}

int64_t Constant::integer(int64_t i) const {
  if (is_real(type)) return narrowed<int64_t>(std::trunc(real(i)));
  const uint8_t* at = bytes.data() + static_cast<size_t>(i) * static_cast<size_t>(element_bytes(type));
  int64_t value = 0;
  with_type(type, [&](auto zero) { value = static_cast<int64_t>(load<decltype(zero)>(at)); });
  return value;
}

void Constant::set(int64_t i, double value) {
  with_type(type, [&](auto zero) {
    const auto stored = narrowed<decltype(zero)>(value);
    std::memcpy(bytes.data() + static_cast<size_t>(i) * sizeof stored, &stored, sizeof stored);
  });
}

void Constant::set(int64_t i, int64_t value) {
  with_type(type, [&](auto zero) {
    const auto stored = narrowed<decltype(zero)>(value);
    std::memcpy(bytes.data() + static_cast<size_t>(i) * sizeof stored, &stored, sizeof stored);
  });
}

ir::Shape checked_shape(const std::vector<int64_t>& dims, int64_t bytes_each, const std::string& where) {
  if (dims.size() > static_cast<size_t>(ir::kMaxRank)) bad(fmt::format("{} dimensions", dims.size()), where);
  ir::Shape shape;
  int64_t bytes = bytes_each;
  for (const int64_t dim : dims) {
    if (dim < 0 || dim > ir::kMaxTensorBytes) bad(fmt::format("a dimension of {}", dim), where);
    bytes *= dim;
    if (bytes > ir::kMaxTensorBytes) bad("a tensor of more than 2 GB", where);
    shape.push_back(static_cast<int32_t>(dim));
  }
  return shape;
}

Constant make_constant(int32_t type, const ir::Shape& shape, const std::string& where) {
  Constant constant;
  constant.type = type;
  constant.shape = checked_shape({shape.begin(), shape.end()}, std::max<int64_t>(1, element_bytes(type)), where);
  if (element_bytes(type) == 0 || type == Proto::FLOAT16) {
    throw Error(ErrorCode::unsupported, fmt::format("a constant of {}", name_of_type(type)), where);
  }
  const int64_t bytes = constant.count() * element_bytes(type);
  if (bytes > kMaxFoldedBytes) bad(fmt::format("a computed constant of {} bytes", bytes), where);
  constant.bytes.resize(static_cast<size_t>(bytes));
  return constant;
}

Constant make_constant(const std::vector<int64_t>& values) {
  Constant constant = make_constant(Proto::INT64, {static_cast<int32_t>(values.size())}, "");
  for (size_t i = 0; i < values.size(); ++i) constant.set(static_cast<int64_t>(i), values[i]);
  return constant;
}

// Other floats become float32 here: no other part need know them.
Constant read_tensor(const Proto& tensor, const std::filesystem::path& folder, const std::string& where) {
  Constant constant;
  constant.type = tensor.data_type();
  const int64_t each = element_bytes(constant.type);
  if (each == 0) {
    throw Error(ErrorCode::unsupported, fmt::format("a tensor of {}", name_of_type(constant.type)), where,
                "supported: float32, float16, float64, int8, uint8, int16, int32, int64, bool");
  }
  constant.shape = checked_shape({tensor.dims().begin(), tensor.dims().end()}, each, where);
  if (tensor.has_segment()) throw Error(ErrorCode::unsupported, "a tensor in segments", where);
  const auto bytes = static_cast<size_t>(constant.count() * each);
  if (tensor.has_raw_data()) {
    if (tensor.raw_data().size() != bytes) {
      bad(fmt::format("{} bytes of data for {} of {}", tensor.raw_data().size(), ir::to_string(constant.shape),
                      name_of_type(constant.type)),
          where);
    }
    constant.bytes.assign(tensor.raw_data().begin(), tensor.raw_data().end());
  } else if (tensor.data_location() == Proto::EXTERNAL) {
    constant.bytes.resize(bytes);
    read_external(tensor, folder, constant, where);
  } else {
    const int given = tensor.float_data_size() + tensor.int32_data_size() + tensor.int64_data_size() +
                      tensor.double_data_size() + tensor.uint64_data_size();
    if (given != constant.count()) bad(fmt::format("{} values for {}", given, ir::to_string(constant.shape)), where);
    constant.bytes.resize(bytes);
    if (constant.type == Proto::FLOAT) {
      copy_field<float>(constant, tensor.float_data(), where);
    } else if (constant.type == Proto::DOUBLE) {
      copy_field<double>(constant, tensor.double_data(), where);
    } else if (constant.type == Proto::INT64) {
      copy_field<int64_t>(constant, tensor.int64_data(), where);
    } else if (constant.type == Proto::FLOAT16) {
      copy_field<uint16_t>(constant, tensor.int32_data(), where);
    } else if (constant.type == Proto::UINT32 || constant.type == Proto::UINT64) {
      with_type(constant.type, [&](auto zero) { copy_field<decltype(zero)>(constant, tensor.uint64_data(), where); });
    } else {
      with_type(constant.type, [&](auto zero) { copy_field<decltype(zero)>(constant, tensor.int32_data(), where); });
    }
  }
  if (constant.type == computed_type(constant.type)) return constant;
  Constant computed;
  computed.shape = constant.shape;
  computed.bytes.resize(static_cast<size_t>(constant.count()) * sizeof(float));
  for (int64_t i = 0; i < computed.count(); ++i) computed.set(i, constant.real(i));
  return computed;
}

}  // namespace whit::onnx
