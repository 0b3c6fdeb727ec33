#include "whit/data/arrays.hpp"

#include <fmt/format.h>
#include <lzma.h>
#include <zip.h>

#include <cstring>
#include <memory>

#include "whit/base/error.hpp"
#include "whit/base/file.hpp"

namespace whit::data {
namespace {

[[noreturn]] void bad(const std::string& what, const std::string& where, const std::string& hint = "") {
  throw Error(ErrorCode::bad_input, what, where, hint);
}

// No table of a device's data is larger.
constexpr size_t kMaxBytes = size_t{1} << 32;

std::vector<uint8_t> decompress(const std::vector<uint8_t>& packed, const std::string& file) {
  lzma_stream stream = LZMA_STREAM_INIT;
  if (lzma_stream_decoder(&stream, UINT64_MAX, LZMA_CONCATENATED) != LZMA_OK) throw std::bad_alloc();
  const std::unique_ptr<lzma_stream, void (*)(lzma_stream*)> ended(&stream, lzma_end);
  stream.next_in = packed.data();
  stream.avail_in = packed.size();
  std::vector<uint8_t> bytes;
  uint8_t block[65536];
  lzma_ret status = LZMA_OK;
  while (status == LZMA_OK) {
    stream.next_out = block;
    stream.avail_out = sizeof(block);
    status = lzma_code(&stream, LZMA_FINISH);
    bytes.insert(bytes.end(), block, stream.next_out);
    if (bytes.size() > kMaxBytes) bad("more than 4 GiB when decompressed", file);
  }
  if (status != LZMA_STREAM_END) bad("cannot be decompressed", file, "xz --test says what is wrong");
  return bytes;
}

using Archive = std::unique_ptr<zip_t, void (*)(zip_t*)>;

Archive open_npz(const std::string& file) {
  int code = 0;
  Archive archive(zip_open(file.c_str(), ZIP_RDONLY, &code), zip_discard);
  if (!archive) bad("cannot be opened as .npz", file, "save it with numpy.savez");
  return archive;
}

template <typename T>
std::vector<float> widen(std::span<const uint8_t> bytes) {
  std::vector<float> values(bytes.size() / sizeof(T));
  for (size_t i = 0; i < values.size(); ++i) {
    T value;
    memcpy(&value, bytes.data() + i * sizeof(T), sizeof(T));
    values[i] = static_cast<float>(value);
  }
  return values;
}

}  // namespace

std::vector<uint8_t> read_data_file(const std::string& file) {
  std::vector<uint8_t> bytes = read_file(file);
  return file.ends_with(".xz") ? decompress(bytes, file) : bytes;
}

std::vector<float> numbers(std::span<const uint8_t> bytes, const std::string& type, const std::string& where) {
  if (type == "<f4" || type == "f32") return widen<float>(bytes);
  if (type == "|i1" || type == "i8") return widen<int8_t>(bytes);
  if (type == "|u1" || type == "|b1" || type == "u8") return widen<uint8_t>(bytes);
  if (type == "<i2" || type == "i16") return widen<int16_t>(bytes);
  if (type == "<i4") return widen<int32_t>(bytes);
  if (type == "<i8") return widen<int64_t>(bytes);
  if (type == "<f8") return widen<double>(bytes);
  bad(fmt::format("elements of type {}", type), where, "supported: f32, i8, u8, i16");
}

std::optional<npy::Array> read_npz(const std::string& file, const std::string& name) {
  const Archive archive = open_npz(file);
  const zip_int64_t index = name.empty() ? 0 : zip_name_locate(archive.get(), (name + ".npy").c_str(), 0);
  zip_stat_t stat;
  if (index < 0 || zip_stat_index(archive.get(), static_cast<zip_uint64_t>(index), 0, &stat) != 0) return std::nullopt;
  const std::unique_ptr<zip_file_t, int (*)(zip_file_t*)> entry(
      zip_fopen_index(archive.get(), static_cast<zip_uint64_t>(index), 0), zip_fclose);
  std::vector<uint8_t> bytes;
  // Read in steps: the size that the file claims need not be true.
  uint8_t block[65536];
  zip_int64_t got = 0;
  while (entry && (got = zip_fread(entry.get(), block, sizeof(block))) > 0)
    bytes.insert(bytes.end(), block, block + got);
  if (!entry || got < 0) bad(fmt::format("'{}' is damaged", stat.name), file);
  return npy::read(bytes, fmt::format("{}: {}", file, stat.name));
}

std::vector<std::string> npz_names(const std::string& file) {
  const Archive archive = open_npz(file);
  std::vector<std::string> names;
  for (zip_int64_t i = 0; i < zip_get_num_entries(archive.get(), 0); ++i) {
    const std::string name = zip_get_name(archive.get(), static_cast<zip_uint64_t>(i), 0);
    if (name.ends_with(".npy")) names.push_back(name.substr(0, name.size() - 4));
  }
  return names;
}

void write_npz(const std::string& file, const std::vector<std::pair<std::string, npy::Array>>& arrays) {
  const auto check = [&](bool good) {
    if (!good) bad("cannot be written as .npz", file);
  };
  zip_error_t error;
  zip_error_init(&error);
  zip_source_t* memory = zip_source_buffer_create(nullptr, 0, 0, &error);
  check(memory != nullptr);
  zip_source_keep(memory);
  const std::unique_ptr<zip_source_t, void (*)(zip_source_t*)> kept(memory, zip_source_free);
  Archive archive(zip_open_from_source(memory, ZIP_TRUNCATE, &error), zip_discard);
  check(archive != nullptr);
  std::vector<std::vector<uint8_t>> files;
  files.reserve(arrays.size());  // libzip reads them when the archive is closed
  for (const auto& [name, array] : arrays) {
    files.push_back(npy::write(array));
    zip_source_t* source = zip_source_buffer(archive.get(), files.back().data(), files.back().size(), 0);
    const zip_int64_t index = zip_file_add(archive.get(), (name + ".npy").c_str(), source, 0);
    check(index >= 0);
    zip_file_set_dostime(archive.get(), static_cast<zip_uint64_t>(index), 0, 33, 0);  // 1 January 1980
  }
  check(zip_close(archive.release()) == 0);
  check(zip_source_open(memory) == 0);
  zip_source_seek(memory, 0, SEEK_END);
  std::string bytes(static_cast<size_t>(zip_source_tell(memory)), 0);
  zip_source_seek(memory, 0, SEEK_SET);
  check(zip_source_read(memory, bytes.data(), bytes.size()) == static_cast<zip_int64_t>(bytes.size()));
  zip_source_close(memory);
  write_file(file, bytes);
}

}  // namespace whit::data
