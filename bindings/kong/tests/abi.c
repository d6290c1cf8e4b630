/*
 * The C ABI as a C program sees it: the same cases and codes as in every other language.
 * `GATELAW_ARTIFACT` names policies/orders-api, compiled, `GATELAW_DIGEST` its digest. The argument is how often to decide.
 */
#include "gatelaw.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ARTIFACT_BYTES_MAX (1 << 20)
#define GROWN_PAGES_MAX 64

/* Sanitizers keep what was freed, to see whether it is used; so does valgrind, which GATELAW_UNDER names. */
#ifdef __SANITIZE_ADDRESS__
static const int keeps_freed = 1;
#else
static const int keeps_freed = 0;
#endif

/* Only in a library that was built for tests. */
void gate_panic_in_next_decision(uint32_t skip);

static long decisions = 1000;
static int count = 0;
static int failed = 0;

static void ok(int passed, const char *name) {
  count += 1;
  failed += !passed;
  printf("%sok %d - %s\n", passed ? "" : "not ", count, name);
}

static void refused(const char *bytes, size_t bytes_len, const char *code) {
  gate_error error;
  gate_policy *policy = NULL;
  int32_t status = gate_load_unsigned((const uint8_t *)bytes, bytes_len, &policy, &error);
  ok(status == GATE_ERROR && strcmp(error.code, code) == 0, code);
}

static gate_text text(const char *text) {
  gate_text made;
  made.bytes = (const uint8_t *)text;
  made.len = strlen(text);
  return made;
}

static int is(gate_text found, const char *expected) {
  return found.bytes != NULL && found.len == strlen(expected) && memcmp(found.bytes, expected, found.len) == 0;
}

/* A new request each time, its strings freed behind the call: nothing may be read later. */
static int32_t decide(gate_session *session, const char *target, const gate_identity *identity,
                      gate_decision *decision, gate_error *error) {
  gate_request request;
  gate_pair header;
  size_t len = strlen(target);
  char *copied = malloc(len);
  int32_t status;

  memcpy(copied, target, len);
  memset(&request, 0, sizeof request);
  header.name = text("X_Request_Id");
  header.value = text("mine");
  request.method = text("GET");
  request.scheme = text("https");
  request.host = text("api.acme.com");
  request.target.bytes = (const uint8_t *)copied;
  request.target.len = len;
  request.headers = &header;
  request.headers_len = 1;
  request.ip = text("203.0.113.9");
  request.now = 1795000000;
  status = gate_decide(session, &request, identity, decision, error);
  free(copied);
  return status;
}

/* Where the system doesn't tell, all is flat. */
static long resident_pages(void) {
  long size = 0, pages = 0;
  FILE *file = fopen("/proc/self/statm", "r");
  if (file == NULL) return 0;
  if (fscanf(file, "%ld %ld", &size, &pages) != 2) pages = 0;
  fclose(file);
  return pages;
}

/* A key whose other half is nobody's any more, and a token that it signed, valid for an hour around `now`. */
static const char *const KEYS =
    "{\"keys\":[{\"kty\":\"EC\",\"x\":\"hfIiRDWRUfImfQBM651y3M_rR8jUbi16xgHug4j4cOA\",\"y\":\"-1wq-IB"
    "_efomo0f6C8DIJU4St1dkt9ncANIM4BL1GCs\",\"crv\":\"P-256\",\"kid\":\"k1\",\"use\":\"sig\",\"alg\":"
    "\"ES256\"}]}";
static const char *const TOKEN =
    "Bearer eyJhbGciOiJFUzI1NiIsImtpZCI6ImsxIn0.eyJpc3MiOiJodHRwczovL2FjbWUub2t0YS5jb20vb2F1dGgyL2RlZ"
    "mF1bHQiLCJhdWQiOiJhcGk6Ly9vcmRlcnMiLCJzdWIiOiJ1MSIsImlhdCI6MTc5NDk5OTkwMCwiZXhwIjoxNzk1MDAzNTAwL"
    "CJncm91cHMiOlsiT3JkZXJzIFN0YWZmIl0sInNjcCI6W10sIm9yZ19pZCI6InQxIiwibWZhIjpmYWxzZX0.oxufBrRyq16yz"
    "s1TcRgLD-bNvVYfcnuOFKG1pJ-lhKBfHMghYK_0GPFg97VypeJ8y-QZZlMm96pt2IezpTKXVQ";
static const char *const DISCOVERY =
    "{\"issuer\":\"https://acme.okta.com/oauth2/default\",\"jwks_uri\":\"https://acme.okta.com/keys\"}";

/* A request with a token; it points into `headers`. */
static gate_request with_token(gate_pair headers[2], const char *token, int64_t now) {
  gate_request request;

  memset(&request, 0, sizeof request);
  headers[0].name = text("Authorization");
  headers[0].value = text(token);
  headers[1].name = text("x-tenant");
  headers[1].value = text("t1");
  request.method = text("GET");
  request.scheme = text("https");
  request.host = text("api.acme.com");
  request.target = text("/v1/orders/1");
  request.headers = headers;
  request.headers_len = 2;
  request.ip = text("203.0.113.9");
  request.now = now;
  return request;
}

static int32_t decide_token(gate_session *session, gate_verifier *verifier, const char *token, int64_t now,
                            gate_decision *decision, gate_text *wanted, gate_error *error) {
  gate_pair headers[2];
  gate_request request = with_token(headers, token, now);

  return gate_decide_token(session, verifier, &request, decision, wanted, error);
}

/* Two issuers have no keys: each is asked for once. */
static void fetches(gate_verifier *verifier, int64_t now) {
  gate_fetch fetch, next;
  gate_error error;
  gate_text none = {NULL, 0};

  ok(gate_verifier_fetched(verifier, text("okta"), text(KEYS), none, now, &next, &error) == GATE_ERROR &&
         strcmp(error.code, "abi:order") == 0,
     "no fetch was begun");
  ok(gate_verifier_next(verifier, now, &fetch, NULL) == GATE_OK && is(fetch.issuer, "aws") &&
         is(fetch.url, "https://0f1e2d3c.tokens.sts.global.api.aws/.well-known/openid-configuration"),
     "keys are due");
  ok(gate_verifier_failed(verifier, fetch.issuer, now, NULL) == GATE_OK, "a fetch failed");
  ok(gate_verifier_next(verifier, now, &fetch, NULL) == GATE_OK && is(fetch.issuer, "okta") &&
         is(fetch.url, "https://acme.okta.com/oauth2/default/.well-known/openid-configuration"),
     "discovery is due");
  ok(gate_verifier_next(verifier, now, &next, NULL) == GATE_OK && next.url.bytes == NULL, "nothing else is due");
  ok(gate_verifier_fetched(verifier, text("okta"), text(DISCOVERY), none, now, &next, NULL) == GATE_OK &&
         is(next.url, "https://acme.okta.com/keys"),
     "discovery names the keys");
  ok(gate_verifier_fetched(verifier, text("okta"), text("<html>"), none, now, &next, &error) == GATE_ERROR &&
         strcmp(error.code, "keys:json") == 0,
     "what is no key set is refused");
  ok(gate_verifier_next(verifier, now + 30, &fetch, NULL) == GATE_OK && is(fetch.issuer, "aws") &&
         gate_verifier_next(verifier, now + 30, &fetch, NULL) == GATE_OK && is(fetch.issuer, "okta") &&
         gate_verifier_fetched(verifier, text("okta"), text(DISCOVERY), none, now + 30, &next, NULL) == GATE_OK &&
         gate_verifier_fetched(verifier, text("okta"), text(KEYS), text("max-age=600"), now + 30, &next, NULL) == GATE_OK &&
         next.url.bytes == NULL,
     "keys are fetched once the failure has cooled down");
}

/* Says whether a text has another one in it. */
static int has(gate_text whole, const char *part) {
  size_t len = strlen(part), at;

  for (at = 0; at + len <= whole.len; at++)
    if (memcmp(whole.bytes + at, part, len) == 0) return 1;
  return 0;
}

static void counts(gate_session *session, const gate_policy *policy, int64_t now) {
  gate_verifier *verifier = NULL;
  gate_decision decision;
  gate_text counted;
  gate_error error;
  gate_text wanted;

  ok(gate_verifier_new(policy, 0, &verifier, NULL) == GATE_OK &&
         decide_token(session, verifier, TOKEN, now, &decision, &wanted, NULL) == GATE_OK && is(wanted, "okta") &&
         gate_verifier_waits(verifier, NULL) == GATE_OK &&
         gate_verifier_counters_json(verifier, &counted, NULL) == GATE_OK && !has(counted, "\"keys_unavailable\":1"),
     "who waits for keys isn't counted yet");
  ok(decide_token(session, verifier, TOKEN, now, &decision, &wanted, NULL) == GATE_OK &&
         gate_verifier_counters_json(verifier, &counted, NULL) == GATE_OK && has(counted, "\"keys_unavailable\":1"),
     "who doesn't is");
  ok(gate_verifier_keys(verifier, text("okta"), text(KEYS), NULL) == GATE_OK &&
         decide_token(session, verifier, TOKEN, now, &decision, &wanted, NULL) == GATE_OK && decision.allowed == 1 &&
         decide_token(session, verifier, "Bearer x", now, &decision, &wanted, NULL) == GATE_OK && decision.status == 401 &&
         gate_verifier_prometheus(verifier, &counted, NULL) == GATE_OK &&
         has(counted, "\ngatelaw_tokens_total{issuer=\"okta\",result=\"accepted\"} 1\n") &&
         has(counted, "\ngatelaw_token_refusals_total{code=\"token:format\"} 1\n"),
     "what is accepted and what is refused is counted");
  ok(gate_verifier_prometheus(NULL, &counted, &error) == GATE_ERROR && strcmp(error.code, "abi:null") == 0 &&
         gate_verifier_counters_json(verifier, NULL, &error) == GATE_ERROR && strcmp(error.code, "abi:null") == 0 &&
         gate_verifier_waits(NULL, &error) == GATE_ERROR && strcmp(error.code, "abi:null") == 0,
     "a NULL is refused");
  gate_verifier_free(verifier);
}

static void serves(gate_session *session, gate_verifier *verifier, int64_t now) {
  gate_pair headers[2];
  gate_request request = with_token(headers, TOKEN, now);
  const uint8_t *id = (const uint8_t *)"0123456789abcdef";
  gate_verdict verdict;
  gate_decision decision;
  gate_served served;
  gate_fingerprint fingerprint;
  gate_error error;

  ok(gate_judge(session, verifier, NULL, &request, &verdict, NULL) == GATE_OK && verdict.allowed == 1 &&
         verdict.status == 200 && verdict.wanted.bytes == NULL && gate_decided(session, &decision, NULL) == GATE_OK &&
         is(decision.rule, "orders.read"),
     "a verdict is told, and the decision if it is asked for");
  ok(gate_judge(session, NULL, NULL, &request, &verdict, NULL) == GATE_OK && verdict.allowed == 0 &&
         verdict.status == 401,
     "nobody judges a token where nobody can");
  ok(gate_judge(session, verifier, NULL, NULL, &verdict, &error) == GATE_ERROR &&
         strcmp(error.code, "abi:null") == 0 && gate_decided(session, &decision, &error) == GATE_ERROR &&
         strcmp(error.code, "abi:order") == 0,
     "what is not judged is not told");
  ok(gate_serve(session, verifier, NULL, &request, id, 16, 1, &served, NULL) == GATE_OK &&
         served.decision.allowed == 1 && served.handling.forwarded == 1 && served.unchanged == 1 &&
         is(served.handling.target, "/v1/orders/1") && is(served.caller.id, "u1") && served.caller.roles_len == 2 &&
         served.trace.id.len == 32 && served.wanted.bytes == NULL,
     "a request is served in one call");
  request.target = text("/v1/orders/%31");
  ok(gate_serve(session, verifier, NULL, &request, id, 16, 0, &served, NULL) == GATE_OK &&
         served.handling.forwarded == 1 && served.unchanged == 0 && is(served.handling.target, "/v1/orders/1") &&
         served.trace.id.bytes == NULL,
     "a target that changes is told");
  request.target = text("/v1/else");
  ok(gate_serve(session, verifier, NULL, &request, id, 16, 2, &served, NULL) == GATE_OK &&
         served.handling.forwarded == 0 && served.handling.status == 403 && served.caller.id.bytes == NULL &&
         served.trace.id.len == 32,
     "who is denied is not named");
  request.scheme = text("ftp");
  ok(gate_serve(session, verifier, NULL, &request, id, 16, 1, &served, &error) == GATE_ERROR &&
         strcmp(error.code, "request:wrong-value") == 0 && served.trace.id.len == 32 &&
         gate_serve(session, verifier, NULL, &request, id, 15, 1, &served, &error) == GATE_ERROR &&
         strcmp(error.code, "abi:random") == 0 && served.trace.id.bytes == NULL &&
         gate_serve(session, verifier, NULL, &request, (const uint8_t *)"\377", 1, 0, &served, &error) == GATE_ERROR,
     "what can't be served has a trace if one was taken");
  ok(gate_serve(NULL, NULL, NULL, NULL, NULL, 0, 0, NULL, &error) == GATE_ERROR &&
         strcmp(error.code, "abi:null") == 0 && gate_decided(NULL, NULL, &error) == GATE_ERROR &&
         gate_certificate_read(text("x"), &fingerprint, &error) == GATE_ERROR &&
         strcmp(error.code, "certificate:pem") == 0,
     "nothing is served to nobody");
  ok(gate_certificate_read(text("-----BEGIN CERTIFICATE-----\nYWJj\n-----END CERTIFICATE-----\n"), &fingerprint, NULL) ==
             GATE_OK &&
         memcmp(fingerprint.hex, "ba7816bf8f01cfea", 16) == 0,
     "a certificate has a fingerprint");
}

static void verifies(const gate_policy *policy) {
  gate_settings settings;
  gate_session *session = NULL;
  gate_verifier *verifier = NULL, *other = NULL;
  gate_caller caller;
  gate_decision decision;
  gate_error error;
  gate_text wanted = text("?");
  int64_t now = 1795000000;
  long i, warm_pages = 0, grown_pages;

  memset(&settings, 0, sizeof settings);
  settings.limits_reported = 1;
  ok(gate_verifier_new(policy, 0, &verifier, NULL) == GATE_OK &&
         gate_session_new(policy, &settings, &session, NULL) == GATE_OK,
     "a verifier is made");
  ok(decide_token(session, verifier, TOKEN, now, &decision, &wanted, NULL) == GATE_OK && decision.status == 503 &&
         is(decision.reason, "keys_unavailable") && is(wanted, "okta") && gate_verifier_caller(verifier, &caller) == 0,
     "a token without keys wants some");
  fetches(verifier, now);
  ok(decide_token(session, verifier, TOKEN, now + 30, &decision, &wanted, NULL) == GATE_OK && decision.allowed == 1 &&
         is(decision.rule, "orders.read") && wanted.bytes == NULL && gate_verifier_caller(verifier, &caller) == 1 &&
         is(caller.issuer, "okta") && is(caller.id, "u1") && caller.roles_len == 2 && is(caller.roles[0], "staff"),
     "a token is verified, and its caller named");
  ok(decide_token(session, verifier, TOKEN, now + 30 * 86400, &decision, &wanted, NULL) == GATE_OK &&
         decision.status == 401 && is(decision.reason, "token:expired") &&
         is(decision.challenge, "Bearer error=\"invalid_token\"") && gate_verifier_caller(verifier, &caller) == 0,
     "a token that was remembered expires");
  ok(decide_token(session, verifier, "Bearer a.b", now, &decision, &wanted, NULL) == GATE_OK &&
         is(decision.reason, "token:format") && wanted.bytes == NULL,
     "what is no token is denied");
  ok(decide_token(session, verifier, "Basic dTpw", now, &decision, &wanted, NULL) == GATE_OK &&
         is(decision.reason, "unauthenticated"),
     "another scheme is nobody");

  counts(session, policy, now);
  ok(gate_verifier_new(policy, 1, &other, NULL) == GATE_OK && gate_verifier_adopt(other, verifier, NULL) == GATE_OK &&
         decide_token(session, other, TOKEN, now + 30, &decision, &wanted, NULL) == GATE_OK && decision.allowed == 1,
     "another verifier takes the keys over");
  ok(gate_verifier_adopt(other, other, &error) == GATE_ERROR && strcmp(error.code, "abi:verifier") == 0,
     "but not its own");
  gate_verifier_free(other);
  ok(gate_verifier_keys(verifier, text("nobody"), text(KEYS), &error) == GATE_ERROR &&
         strcmp(error.code, "abi:issuer") == 0 &&
         gate_verifier_keys(verifier, text("okta"), text("{}"), &error) == GATE_ERROR &&
         strcmp(error.code, "keys:member") == 0 &&
         gate_verifier_keys(verifier, text("okta"), text("{\"keys\":[]}"), NULL) == GATE_OK &&
         decide_token(session, verifier, TOKEN, now + 30, &decision, &wanted, NULL) == GATE_OK &&
         is(decision.reason, "token:key") && wanted.bytes == NULL,
     "keys are given, and those from before count no more");
  ok(gate_verifier_keys(verifier, text("okta"), text(KEYS), NULL) == GATE_OK, "a key set is taken");

  serves(session, verifier, now);

  gate_panic_in_next_decision(0);
  ok(decide_token(session, verifier, TOKEN, now, &decision, &wanted, &error) == GATE_ERROR &&
         strcmp(error.code, "abi:panic") == 0,
     "a panic while verifying is an error");
  ok(gate_decide_token(session, NULL, NULL, NULL, NULL, &error) == GATE_ERROR && strcmp(error.code, "abi:null") == 0 &&
         gate_verifier_next(NULL, now, NULL, &error) == GATE_ERROR && gate_verifier_caller(NULL, NULL) == 0,
     "no verifier is an error");

  for (i = 0; i < decisions; i += 1) {
    int32_t status = decide_token(session, verifier, TOKEN, now + i % 3500, &decision, &wanted, NULL);
    if (status != GATE_OK || decision.allowed != 1) break;
    if (i == decisions / 10) warm_pages = resident_pages();
  }
  grown_pages = resident_pages() - warm_pages;
  ok(i == decisions, "every token is as the first");
  ok(keeps_freed || getenv("GATELAW_UNDER") != NULL || grown_pages <= GROWN_PAGES_MAX, "memory stays flat with tokens");
  gate_session_free(session);
  gate_verifier_free(verifier);
  gate_verifier_free(NULL);
}

static void handles(gate_session *session) {
  gate_request request;
  gate_pair header;
  gate_handling handling;
  gate_pair trace_header;
  gate_trace trace;
  gate_error error;
  gate_text line;

  memset(&request, 0, sizeof request);
  header.name = text("X_Request_Id");
  header.value = text("mine");
  request.headers = &header;
  request.headers_len = 1;
  ok(gate_handle(session, &request, (const uint8_t *)"id", 2, &handling, NULL) == GATE_OK &&
         handling.forwarded == 1 && is(handling.target, "/healthz") && handling.drop_len == 1 &&
         is(handling.drop[0], "X_Request_Id"),
     "the last decision is handled");
  trace_header.name = text("traceparent");
  trace_header.value = text("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
  ok(gate_trace_next(session, &trace_header, 1, 1, (const uint8_t *)"0123456789abcdef", 16, &trace, NULL) == GATE_OK &&
         is(trace.id, "4bf92f3577b34da6a3ce929d0e0e4736") && trace.span.len == 16 && trace.caller.bytes == NULL &&
         trace.traceparent.len == 55 && trace.tracestate.bytes == NULL,
     "a trace goes on");
  ok(gate_trace_next(session, &trace_header, 1, 0, (const uint8_t *)"0123456789abcdef", 16, &trace, NULL) == GATE_OK &&
         is(trace.caller, "4bf92f3577b34da6a3ce929d0e0e4736") && trace.id.len == 32 &&
         gate_trace_next(session, NULL, 0, 0, (const uint8_t *)"0123", 4, &trace, &error) == GATE_ERROR &&
         strcmp(error.code, "abi:random") == 0,
     "or begins anew, of random bytes");
  ok(gate_decision_json(session, &line, NULL) == GATE_OK && line.len > 2 && line.bytes[0] == '{',
     "the last decision is told as a line");
}

static void decides(const gate_policy *policy) {
  gate_settings settings;
  gate_session *session = NULL;
  gate_identity *identity = NULL;
  gate_caller caller;
  gate_decision decision;
  gate_error error;
  gate_text none = {NULL, 0};
  gate_text answered;
  long i, warm_pages = 0, grown_pages;

  ok(gate_has_limits(policy) == 1 && gate_session_new(policy, NULL, &session, &error) == GATE_ERROR &&
         strcmp(error.code, "gate:limits") == 0,
     "a policy with limits is refused");
  memset(&settings, 0, sizeof settings);
  settings.limits_reported = 1;
  settings.trusted = text("192.0.2.0/24, nowhere");
  ok(gate_session_new(policy, &settings, &session, &error) == GATE_ERROR && strcmp(error.code, "gate:trusted") == 0,
     "a network that is none is refused");
  settings.trusted = text("192.0.2.0/24");
  ok(gate_session_new(policy, &settings, &session, NULL) == GATE_OK, "a session is made");

  ok(gate_decision_json(session, &answered, &error) == GATE_ERROR && strcmp(error.code, "abi:order") == 0,
     "nothing was decided yet");
  ok(decide(session, "/%68ealthz", NULL, &decision, NULL) == GATE_OK && decision.allowed == 1 &&
         decision.status == 200 && is(decision.reason, "rule") && is(decision.target, "/healthz"),
     "a request is allowed");
  handles(session);
  ok(decide(session, "/a//../b", NULL, &decision, NULL) == GATE_OK && decision.allowed == 0 &&
         decision.status == 400 && is(decision.reason, "refused:dot-segment") && decision.target.bytes == NULL,
     "a request is refused");

  ok(gate_identity_invalid(policy, text("Not A Code"), &identity, &error) == GATE_ERROR &&
         strcmp(error.code, "request:wrong-value") == 0,
     "a code has a form");
  ok(gate_identity_verified(policy, text("nobody"), text("[1]"), none, &identity, &error) == GATE_ERROR &&
         strcmp(error.code, "request:wrong-type") == 0,
     "claims are an object");
  ok(gate_identity_verified(policy, text("nobody"), text("{}"), none, &identity, NULL) == GATE_OK &&
         decide(session, "/orders/1", identity, &decision, NULL) == GATE_OK && decision.status == 401 &&
         is(decision.reason, "token:issuer"),
     "claims of a stranger are denied");
  ok(gate_identity_caller(identity, &caller) == 0 && gate_identity_caller(NULL, &caller) == 0 &&
         gate_identity_caller(identity, NULL) == 0,
     "a stranger has no name");
  gate_identity_free(identity);
  ok(gate_identity_verified(policy, text("okta"), text("{\"sub\":\"u1\",\"groups\":[\"Orders Staff\"],\"org_id\":\"t1\"}"), none, &identity, NULL) == GATE_OK &&
         gate_identity_caller(identity, &caller) == 1 && is(caller.issuer, "okta") && is(caller.id, "u1") &&
         caller.roles_len == 2 && is(caller.roles[0], "staff") && is(caller.roles[1], "viewer"),
     "a caller has a name");
  gate_identity_free(identity);
  ok(gate_identity_invalid(policy, text("expired"), &identity, NULL) == GATE_OK, "a token is invalid");

  gate_panic_in_next_decision(0);
  ok(decide(session, "/healthz", NULL, &decision, &error) == GATE_ERROR && strcmp(error.code, "abi:panic") == 0,
     "a panic is an error");
  ok(gate_decision_json(session, &answered, NULL) == GATE_ERROR, "a panic leaves no decision behind");
  ok(decide(session, "/healthz", NULL, &decision, NULL) == GATE_OK && decision.allowed == 1,
     "the session decides again");

  for (i = 0; i < decisions; i += 1) {
    int32_t status = i % 3 == 0 ? decide(session, "/orders/1", identity, &decision, NULL)
                                : decide(session, i % 3 == 1 ? "/healthz" : "/a//b", NULL, &decision, NULL);
    if (status != GATE_OK || decision.allowed != (i % 3 == 1)) break;
    if (i == decisions / 10) warm_pages = resident_pages();
  }
  grown_pages = resident_pages() - warm_pages;
  printf("# %ld decisions, %ld pages more than after a tenth of them\n", i, grown_pages);
  ok(i == decisions, "every decision is as the first");
  ok(keeps_freed || getenv("GATELAW_UNDER") != NULL || grown_pages <= GROWN_PAGES_MAX, "memory stays flat");
  gate_identity_free(identity);
  gate_session_free(session);
}

static void loads(void) {
  static char bytes[ARTIFACT_BYTES_MAX];
  const char *expected = getenv("GATELAW_DIGEST");
  FILE *file = fopen(getenv("GATELAW_ARTIFACT"), "rb");
  size_t bytes_len = fread(bytes, 1, sizeof bytes, file);
  gate_policy *policy = NULL;
  gate_text digest;

  fclose(file);
  ok(gate_load_unsigned((const uint8_t *)bytes, bytes_len, &policy, NULL) == GATE_OK, "an artifact loads");
  digest = gate_digest(policy);
  ok(is(digest, expected), "its digest is told");
  ok(gate_needs_json(policy).len > 2 && gate_needs_json(policy).bytes[0] == '{', "its needs are told");
  decides(policy);
  verifies(policy);
  gate_policy_free(policy);

  bytes[120] ^= 1; /* what decides begins behind the header */
  refused(bytes, bytes_len, "artifact:digest");
  refused(bytes, bytes_len - 1, "artifact:truncated");
}

int main(int argc, char **argv) {
  gate_policy *policy = NULL;
  gate_error error;

  if (getenv("GATELAW_ARTIFACT") == NULL || getenv("GATELAW_DIGEST") == NULL) {
    fputs("GATELAW_ARTIFACT and GATELAW_DIGEST must be set\n", stderr);
    return 2;
  }

  if (argc > 1) decisions = atol(argv[1]);
  ok(gate_abi() == GATE_ABI, "the ABI is the header's");
  ok(strchr(gate_version(), '.') != NULL, "the version is a release");
  refused("allow GET /orders", 17, "artifact:magic");
  refused("", 0, "artifact:truncated");
  refused("GATELAW", 7, "artifact:truncated");
  refused("GATELAW\0\xff\xff", 10, "artifact:version");
  refused(NULL, 1, "abi:null");
  loads();
  ok(gate_load_unsigned(NULL, 0, &policy, NULL) == GATE_ERROR, "an error may go nowhere");
  gate_policy_free(NULL);
  gate_load_unsigned((const uint8_t *)"x", 1, &policy, &error);
  ok(strstr(error.message, "no gatelaw artifact") != NULL, "the error tells a person");

  printf("1..%d\n", count);
  return failed != 0;
}
