/*
 * The C ABI as a C program sees it: the same cases and codes as in every other language.
 * `GATELAW_ARTIFACT` names a compiled policy, `GATELAW_DIGEST` its digest.
 */
#include "gatelaw.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ARTIFACT_BYTES_MAX (1 << 20)

static int count = 0;
static int failed = 0;

static void ok(int passed, const char *name) {
  count += 1;
  failed += !passed;
  printf("%sok %d - %s\n", passed ? "" : "not ", count, name);
}

static void refused(const char *bytes, size_t bytes_len, const char *code) {
  gate_error error;
  gate_plan *plan = NULL;
  int32_t status = gate_load_unsigned((const uint8_t *)bytes, bytes_len, &plan, &error);
  ok(status == GATE_ERROR && strcmp(error.code, code) == 0, code);
}

static void loads(void) {
  static char bytes[ARTIFACT_BYTES_MAX];
  const char *expected = getenv("GATELAW_DIGEST");
  FILE *file = fopen(getenv("GATELAW_ARTIFACT"), "rb");
  size_t bytes_len = fread(bytes, 1, sizeof bytes, file);
  gate_plan *plan = NULL;
  size_t digest_len = 0;
  const char *digest;

  fclose(file);
  ok(gate_load_unsigned((const uint8_t *)bytes, bytes_len, &plan, NULL) == GATE_OK, "an artifact loads");
  digest = gate_digest(plan, &digest_len);
  ok(digest_len == strlen(expected) && memcmp(digest, expected, digest_len) == 0, "its digest is told");
  gate_free(plan);

  bytes[bytes_len - 1] ^= 1;
  refused(bytes, bytes_len, "artifact:digest");
  refused(bytes, bytes_len - 1, "artifact:truncated");
}

int main(void) {
  gate_plan *plan = NULL;
  gate_error error;

  if (getenv("GATELAW_ARTIFACT") == NULL || getenv("GATELAW_DIGEST") == NULL) {
    fputs("GATELAW_ARTIFACT and GATELAW_DIGEST must be set\n", stderr);
    return 2;
  }

  ok(strchr(gate_version(), '.') != NULL, "the version is a release");
  refused("allow GET /orders", 17, "artifact:magic");
  refused("", 0, "artifact:truncated");
  refused("GATELAW", 7, "artifact:truncated");
  refused("GATELAW\0\xff\xff", 10, "artifact:version");
  refused(NULL, 1, "abi:null");
  loads();
  ok(gate_load_unsigned(NULL, 0, &plan, NULL) == GATE_ERROR, "an error may go nowhere");
  gate_free(NULL);
  gate_load_unsigned((const uint8_t *)"x", 1, &plan, &error);
  ok(strstr(error.message, "no gatelaw artifact") != NULL, "the error tells a person");

  printf("1..%d\n", count);
  return failed != 0;
}
