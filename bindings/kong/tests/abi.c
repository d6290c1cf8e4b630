/* The C ABI as a C program sees it: the same cases and codes as in every other language. */
#include "gatelaw.h"

#include <stdio.h>
#include <string.h>

static int count = 0;
static int failed = 0;

static void ok(int passed, const char *name) {
  count += 1;
  failed += !passed;
  printf("%sok %d - %s\n", passed ? "" : "not ", count, name);
}

static void refused(const char *bytes, size_t bytes_len, const char *code) {
  gate_error error;
  int32_t status = gate_load_unsigned((const uint8_t *)bytes, bytes_len, &error);
  ok(status == GATE_ERROR && strcmp(error.code, code) == 0, code);
}

int main(void) {
  gate_error error;

  ok(strchr(gate_version(), '.') != NULL, "the version is a release");
  refused("allow GET /orders", 17, "artifact:magic");
  refused("", 0, "artifact:truncated");
  refused("GATELAW", 7, "artifact:truncated");
  refused("GATELAW\0\xff\xff", 10, "artifact:version");
  refused(NULL, 1, "abi:null");
  ok(gate_load_unsigned(NULL, 0, NULL) == GATE_ERROR, "an error may go nowhere");
  gate_load_unsigned((const uint8_t *)"x", 1, &error);
  ok(strstr(error.message, "no gatelaw artifact") != NULL, "the error tells a person");

  printf("1..%d\n", count);
  return failed != 0;
}
