#include "whit_runtime/player/player.hpp"

#include "whit_runtime/crc32.hpp"
#include "whit_runtime/kernels/kernels.hpp"

namespace whit::rt {
namespace {

const uint8_t* bytes_at(const ProgramHeader* program, uint32_t offset) {
  return reinterpret_cast<const uint8_t*>(program) + offset;
}

// A section lies behind the header, within the blob, aligned.
bool section_ok(const ProgramHeader& h, uint32_t offset, uint64_t bytes) {
  return offset >= sizeof(ProgramHeader) && offset % kProgramAlignment == 0 && offset <= h.total_bytes &&
         bytes <= h.total_bytes - offset;
}

template <typename Params>
whit_status check_record(const uint32_t* record, const Extent& extent) {
  OpHead head;
  memcpy(&head, record, sizeof head);
  if (head.words != sizeof(Params) / 4 || head.refs != Params::kRefs) return whit_status_bad_record;
  return check(*reinterpret_cast<const Params*>(record), extent) ? whit_status_ok : whit_status_bad_record;
}

whit_status check_op(const uint32_t* record, uint16_t kernel, const Extent& extent) {
  switch (kernel) {
#define X(id, function, Params) \
  case id:                      \
    return check_record<Params>(record, extent);
#include "whit_runtime/kernels/kernels.def"
#undef X
    default:
      return whit_status_unknown_kernel;
  }
}

void run_op(const uint32_t* record, uint16_t kernel, const Memory& memory) {
  switch (kernel) {
#define X(id, function, Params)                                 \
  case id:                                                      \
    function(*reinterpret_cast<const Params*>(record), memory); \
    break;
#include "whit_runtime/kernels/kernels.def"
#undef X
    default:
      break;  // player_init refused it
  }
}

whit_status check_ops(const ProgramHeader& h) {
  const Extent extent = {h.arena_bytes, h.constants_bytes, bytes_at(&h, h.constants_offset)};
  const auto* record = reinterpret_cast<const uint32_t*>(bytes_at(&h, h.ops_offset));
  uint32_t words_left = h.ops_bytes / 4;
  for (uint32_t op = 0; op < h.op_count; ++op) {
    if (words_left == 0) return whit_status_bad_size;
    OpHead head;
    memcpy(&head, record, sizeof head);
    if (head.words == 0 || head.words > words_left) return whit_status_bad_size;
    const whit_status status = check_op(record, head.kernel, extent);
    if (status != whit_status_ok) return status;
    record += head.words;
    words_left -= head.words;
  }
  return words_left == 0 ? whit_status_ok : whit_status_bad_size;
}

}  // namespace

whit_status program_check(const void* blob, size_t blob_bytes) {
  if (blob == nullptr || reinterpret_cast<uintptr_t>(blob) % kProgramAlignment != 0) return whit_status_bad_argument;
  if (blob_bytes < sizeof(ProgramHeader)) return whit_status_bad_size;
  const ProgramHeader& h = *static_cast<const ProgramHeader*>(blob);
  if (h.magic != kProgramMagic) return whit_status_bad_magic;
  if (h.version != kProgramVersion) return whit_status_bad_version;
  if (h.total_bytes < sizeof(ProgramHeader) || h.total_bytes > blob_bytes) return whit_status_bad_size;
  constexpr size_t kCovered = offsetof(ProgramHeader, crc32) + sizeof h.crc32;
  if (crc32(bytes_at(&h, kCovered), h.total_bytes - kCovered) != h.crc32) return whit_status_bad_checksum;

  const uint64_t tensor_count = uint64_t{h.input_count} + h.output_count;
  if (!section_ok(h, h.tensors_offset, tensor_count * sizeof(TensorInfo)) ||
      !section_ok(h, h.ops_offset, h.ops_bytes) || !section_ok(h, h.constants_offset, h.constants_bytes) ||
      h.ops_bytes % 4 != 0 || h.arena_bytes >= kConstantBit || h.constants_bytes >= kConstantBit ||
      h.state_bytes > h.arena_bytes ||
      (h.state_bytes > 0 && uint64_t{h.state_init} + h.state_bytes > h.constants_bytes)) {
    return whit_status_bad_size;
  }
  const auto* tensors = reinterpret_cast<const TensorInfo*>(bytes_at(&h, h.tensors_offset));
  const Extent arena = {h.arena_bytes, 0, nullptr};
  for (uint64_t i = 0; i < tensor_count; ++i) {
    if (!writable(arena, tensors[i].where, tensors[i].bytes) || tensors[i].rank > kMaxRank)
      return whit_status_bad_record;
  }
  return check_ops(h);
}

whit_status player_init(Player* player, const void* blob, size_t blob_bytes, void* arena, size_t arena_bytes) {
  if (player == nullptr || arena == nullptr) return whit_status_bad_argument;
  const whit_status status = program_check(blob, blob_bytes);
  if (status != whit_status_ok) return status;
  const auto* program = static_cast<const ProgramHeader*>(blob);
  if (arena_bytes < program->arena_bytes) return whit_status_arena_too_small;
  if (reinterpret_cast<uintptr_t>(arena) % kProgramAlignment != 0) return whit_status_arena_misaligned;
  player->program = program;
  player->tensors = reinterpret_cast<const TensorInfo*>(bytes_at(program, program->tensors_offset));
  player->memory = {static_cast<uint8_t*>(arena), bytes_at(program, program->constants_offset)};
  player_reset(*player);
  return whit_status_ok;
}

void* player_input(const Player& player, uint32_t index) {
  if (index >= player.program->input_count) return nullptr;
  return player.memory.arena + player.tensors[index].where;
}

const void* player_output(const Player& player, uint32_t index) {
  if (index >= player.program->output_count) return nullptr;
  return player.memory.arena + player.tensors[player.program->input_count + index].where;
}

void player_invoke(const Player& player, OpObserver observer, void* context) {
  const auto* record = reinterpret_cast<const uint32_t*>(bytes_at(player.program, player.program->ops_offset));
  for (uint32_t op = 0; op < player.program->op_count; ++op) {
    OpHead head;
    memcpy(&head, record, sizeof head);
    run_op(record, head.kernel, player.memory);
    record += head.words;
    if (observer != nullptr) observer(context, op);
  }
}

void player_reset(const Player& player) {
  const ProgramHeader& h = *player.program;
  if (h.state_bytes > 0) memcpy(player.memory.arena, player.memory.constants + h.state_init, h.state_bytes);
}

}  // namespace whit::rt
