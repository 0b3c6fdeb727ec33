// Numbers from files of arrays: .npz archives, elements of any type, and what xz has compressed. The only place that
// sees libzip and liblzma.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "whit/formats/npy/npy.hpp"

namespace whit::data {

// All bytes of a file, decompressed when its name ends with ".xz". Error bad_input when that fails.
std::vector<uint8_t> read_data_file(const std::string& file);

// `type` as NumPy writes it, or as the verbs' --type does. Error bad_input at `where` for another type.
std::vector<float> numbers(std::span<const uint8_t> bytes, const std::string& type, const std::string& where);

// An array of an .npz by name; the first one when `name` is empty. None when there is no such array.
std::optional<npy::Array> read_npz(const std::string& file, const std::string& name);
// The names of its arrays, in the order of the archive.
std::vector<std::string> npz_names(const std::string& file);
// As numpy.savez_compressed; appears whole or not at all. The same bytes for the same arrays.
void write_npz(const std::string& file, const std::vector<std::pair<std::string, npy::Array>>& arrays);

}  // namespace whit::data
