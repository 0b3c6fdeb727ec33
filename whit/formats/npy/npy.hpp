// NumPy .npy files, version 1 and 2, C order: how people hand tensors to and from `whit run`.
// Reads and writes only the element types that a model can have. Does not read .npz or Fortran order.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace whit::npy {

struct Array {
  std::string descr;  // NumPy's type: "|i1", "<f4", ...
  std::vector<int64_t> shape;
  std::vector<uint8_t> data;  // little-endian elements in C order
};

// Error bad_input naming `file` when the bytes are not such an array.
Array read(std::span<const uint8_t> bytes, const std::string& file);

// The bytes of a version 1.0 file. `data` must be as long as shape and descr say.
std::vector<uint8_t> write(const Array& array);

}  // namespace whit::npy
