// The player: runs a Program in place, from RAM or flash. Used by the host for evaluation and by firmware for updates.
// Checks a Program once, at init, as a whole and record by record; a run checks nothing more.
#ifndef WHIT_RUNTIME_PLAYER_PLAYER_HPP_
#define WHIT_RUNTIME_PLAYER_PLAYER_HPP_

#include "whit_runtime/program.hpp"
#include "whit_runtime/status.h"

namespace whit::rt {

// Called after each op, for tests and tools; null for none.
using OpObserver = void (*)(void* context, uint32_t op_index);

// A checked Program with its arena. Plain data, copyable; owns nothing.
struct Player {
  const ProgramHeader* program;
  const TensorInfo* tensors;  // inputs, then outputs
  Memory memory;
};

// Checks `blob` (aligned to 16, `blob_bytes` long) and binds it to `arena` (aligned to 16, at least
// arena_bytes of the header). On ok the player is ready and the state has its initial value. Both memories must outlive
// the player and the blob must not change. Any other status leaves `player` untouched.
whit_status player_init(Player* player, const void* blob, size_t blob_bytes, void* arena, size_t arena_bytes);

// The part of player_init that needs no arena: is `blob` a Program that is safe to run?
whit_status program_check(const void* blob, size_t blob_bytes);

// Address of input or output `index`; null when there is none. An input must be written before every invoke: its
// memory is reused by the run.
void* player_input(const Player& player, uint32_t index);
const void* player_output(const Player& player, uint32_t index);

// Runs all ops. Cannot fail once init was ok.
void player_invoke(const Player& player, OpObserver observer = nullptr, void* context = nullptr);

// Sets the state back to its initial value.
void player_reset(const Player& player);

}  // namespace whit::rt

#endif  // WHIT_RUNTIME_PLAYER_PLAYER_HPP_
