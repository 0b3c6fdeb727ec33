/* The results that device code can give, one list for C and C++: enum and text.
 * Used by the player and by emitted firmware. Codes are stable: firmware in the field reports them. */
#ifndef WHIT_RUNTIME_STATUS_H_
#define WHIT_RUNTIME_STATUS_H_

/* clang-format off */
#define WHIT_STATUS_LIST(X)                                                   \
  X(ok,                0, "ok")                                               \
  X(arena_too_small,   1, "the arena is smaller than the model needs")        \
  X(arena_misaligned,  2, "the arena must be aligned to 16 bytes")            \
  X(bad_magic,         3, "not a whit Program")                               \
  X(bad_version,       4, "a Program of another format version")              \
  X(bad_size,          5, "the Program is truncated or its sizes disagree")   \
  X(bad_checksum,      6, "the Program's checksum does not match its bytes")  \
  X(bad_record,        7, "an op record points outside its memory")           \
  X(unknown_kernel,    8, "the Program needs a kernel that is not linked in") \
  X(bad_argument,      9, "null pointer or index out of range")
/* clang-format on */

typedef enum whit_status {
#define WHIT_STATUS_ENUM(name, value, text) whit_status_##name = value,
  WHIT_STATUS_LIST(WHIT_STATUS_ENUM)
#undef WHIT_STATUS_ENUM
} whit_status;

/* The text of a status; "unknown status" for a value that is not in the list. Never null. */
static inline const char* whit_status_text(whit_status status) {
  switch (status) {
#define WHIT_STATUS_CASE(name, value, text) \
  case whit_status_##name:                  \
    return text;
    WHIT_STATUS_LIST(WHIT_STATUS_CASE)
#undef WHIT_STATUS_CASE
  }
  return "unknown status";
}

#endif /* WHIT_RUNTIME_STATUS_H_ */
