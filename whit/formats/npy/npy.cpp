#include "whit/formats/npy/npy.hpp"

#include <fmt/format.h>

#include <cctype>
#include <cstdlib>
#include <string_view>

#include "whit/base/error.hpp"

namespace whit::npy {
namespace {

constexpr std::string_view kMagic = "\x93NUMPY";

// Text after `'key': ` in the header dictionary.
std::string_view value_of(std::string_view header, std::string_view key, const std::string& file) {
  const size_t at = header.find(fmt::format("'{}':", key));
  if (at == std::string_view::npos) {
    throw Error(ErrorCode::bad_input, fmt::format("the .npy header has no '{}'", key), file,
                "write it with numpy.save");
  }
  std::string_view rest = header.substr(at + key.size() + 3);
  rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
  return rest;
}

}  // namespace

Array read(std::span<const uint8_t> bytes, const std::string& file) {
  const auto bad = [&](const std::string& what) {
    return Error(ErrorCode::bad_input, what, file, "write it with numpy.save");
  };
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (!text.starts_with(kMagic) || text.size() < 12) throw bad("not a .npy file");
  const bool is_long = bytes[6] >= 2;
  const size_t begin = is_long ? 12 : 10;
  size_t length = bytes[8] | static_cast<size_t>(bytes[9]) << 8;
  if (is_long) length |= static_cast<size_t>(bytes[10]) << 16 | static_cast<size_t>(bytes[11]) << 24;
  if (length > text.size() - begin) throw bad("the .npy file is truncated");
  const std::string_view header = text.substr(begin, length);

  if (!value_of(header, "fortran_order", file).starts_with("False"))
    throw bad("the array is in Fortran order, C order is expected");
  Array array;
  const std::string_view descr = value_of(header, "descr", file);
  if (descr.size() < 5 || descr[0] != '\'') throw bad("the .npy file holds records, one element type is expected");
  array.descr = std::string(descr.substr(1, descr.find('\'', 1) - 1));
  std::string_view dims = value_of(header, "shape", file);
  dims = dims.substr(0, dims.find(')'));
  uint64_t elements = 1;
  for (size_t i = 0; i < dims.size();) {
    if (!std::isdigit(static_cast<unsigned char>(dims[i]))) {
      ++i;
      continue;
    }
    uint64_t dim = 0;
    for (; i < dims.size() && std::isdigit(static_cast<unsigned char>(dims[i])); ++i) {
      dim = dim * 10 + static_cast<uint64_t>(dims[i] - '0');
      if (dim > bytes.size()) throw bad("the .npy shape is larger than the file");
    }
    array.shape.push_back(static_cast<int64_t>(dim));
    elements *= dim;
    if (elements > bytes.size()) throw bad("the .npy shape is larger than the file");
  }
  if (array.descr.size() < 3 || array.descr[0] == '>')
    throw bad("the elements are big-endian, little-endian is expected");
  const uint64_t size = std::strtoull(array.descr.c_str() + 2, nullptr, 10);
  if (size == 0 || size > 16 || elements * size != text.size() - begin - length) {
    throw bad(fmt::format("the .npy header promises {} elements of type {}, the file holds {} bytes", elements,
                          array.descr, text.size() - begin - length));
  }
  array.data.assign(bytes.begin() + static_cast<std::ptrdiff_t>(begin + length), bytes.end());
  return array;
}

std::vector<uint8_t> write(const Array& array) {
  std::string shape;
  for (const int64_t dim : array.shape) shape += fmt::format("{},", dim);
  std::string header = fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': ({}), }}", array.descr, shape);
  header.append(63 - (kMagic.size() + 4 + header.size()) % 64, ' ');
  header += '\n';
  std::string text(kMagic);
  text += {'\1', '\0', static_cast<char>(header.size() & 255), static_cast<char>(header.size() >> 8)};
  text += header;
  std::vector<uint8_t> bytes(text.begin(), text.end());
  bytes.insert(bytes.end(), array.data.begin(), array.data.end());
  return bytes;
}

}  // namespace whit::npy
