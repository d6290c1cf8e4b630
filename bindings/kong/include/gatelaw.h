/*
 * gatelaw: one law for every gate. The C ABI, which the Lua library stands on.
 *
 * Text is UTF-8. Bytes go in as a pointer and a length and are only read during the call. An error goes into a struct of
 * the caller; it may be NULL. Any thread may call any function. No panic passes this border.
 */
#ifndef GATELAW_H
#define GATELAW_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What every call that can fail returns. */
#define GATE_OK 0
#define GATE_ERROR 1

/* The declarations from here to the next mark are those of lua/gatelaw.lua, word for word. */
/* begin cdef */
typedef struct gate_plan gate_plan;

typedef struct gate_error {
  char code[64];
  char message[448];
} gate_error;

const char *gate_version(void);
int32_t gate_load_unsigned(const uint8_t *bytes, size_t bytes_len,
                           gate_plan **plan, gate_error *error);
const char *gate_digest(const gate_plan *plan, size_t *digest_len);
void gate_free(gate_plan *plan);
/* end cdef */

/*
 * gate_error: `code` names the kind of the error, for programs to compare; `message` tells a person. Both end with a zero
 * byte; a message that is too long is cut between two characters.
 *
 * gate_version: names the version of gatelaw, the same for every package of one release. The text ends with a zero byte
 * and is never freed.
 *
 * gate_load_unsigned: loads an artifact that nobody signed: the caller answers for where the bytes come from. On GATE_OK it
 * writes `plan`, which the caller owns and gives to gate_free once. GATE_ERROR with a code `artifact:...` for bytes that are
 * no artifact of this gatelaw.
 *
 * gate_digest: answers the digest of what decides, `sha256:` and 64 hex digits, and writes its length. The text has no zero
 * byte at its end and stands as long as the plan.
 *
 * gate_free: frees a plan; NULL is none.
 *
 * Codes of the border itself: `abi:null` for a NULL where a pointer was promised, `abi:panic` for a defect of gatelaw:
 * deny the request, report the message.
 */

#ifdef __cplusplus
}
#endif

#endif
