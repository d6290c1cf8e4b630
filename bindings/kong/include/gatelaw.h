/*
 * gatelaw: one law for every gate. The C ABI, which the Lua library stands on.
 *
 * Bytes go in as a pointer and a length and are only read during the call. What comes out points into the handle that
 * answered. An error goes into a struct of the caller; it may be NULL. No panic passes this border.
 *
 * Policies and identities may be used by any thread, by several at once; a session and a verifier by one at a time. A session
 * and a verifier that decide together may be used by any thread, but both by that one alone: one pair for each thread.
 */
#ifndef GATELAW_H
#define GATELAW_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The layout that this header describes. Where gate_abi() answers another number, call nothing else. */
#define GATE_ABI 4

/* What every call that can fail returns. Whoever gets GATE_ERROR denies the request. */
#define GATE_OK 0
#define GATE_ERROR 1

/* Bits of `given`, `wrong` and `lacks`. */
#define GATE_COUNTRY 1
#define GATE_ASN 2
#define GATE_BOT_SCORE 4
#define GATE_TLS_VERSION 8
#define GATE_CLIENT_CERT 16
#define GATE_SIZE 32
#define GATE_IP 64 /* in `lacks` alone */

/* The declarations from here to the next mark are those of lua/gatelaw.lua, word for word. */
/* begin cdef */
typedef struct gate_policy gate_policy;
typedef struct gate_session gate_session;
typedef struct gate_identity gate_identity;
typedef struct gate_verifier gate_verifier;

typedef struct gate_error {
  char code[64];
  char message[448];
} gate_error;

typedef struct gate_text {
  const uint8_t *bytes;
  size_t len;
} gate_text;

typedef struct gate_pair {
  gate_text name;
  gate_text value;
} gate_pair;

typedef struct gate_settings {
  uint32_t limits_reported;
  uint32_t lacks;
  gate_text trusted;
  gate_text client_header;
} gate_settings;

typedef struct gate_caller {
  gate_text issuer;
  gate_text id;
  const gate_text *roles;
  size_t roles_len;
} gate_caller;

typedef struct gate_fetch {
  gate_text issuer;
  gate_text url;
} gate_fetch;

typedef struct gate_request {
  gate_text method;
  gate_text scheme;
  gate_text host;
  gate_text target;
  const gate_pair *headers;
  size_t headers_len;
  gate_text ip;
  gate_text peer;
  gate_text country;
  gate_text tls_version;
  gate_text client_cert;
  int64_t asn;
  int64_t bot_score;
  int64_t size;
  int64_t now;
  uint32_t given;
  uint32_t wrong;
  uint32_t headers_cut;
} gate_request;

typedef struct gate_verdict {
  int32_t allowed;
  int32_t status;
  gate_text wanted;
} gate_verdict;

typedef struct gate_limit {
  gate_text name;
  gate_text key;
  uint32_t rate;
  uint32_t per_s;
  uint32_t burst;
} gate_limit;

typedef struct gate_decision {
  int32_t allowed;
  int32_t status;
  gate_text reason;
  gate_text rule;
  gate_text challenge;
  gate_text text;
  gate_text target;
  gate_text audit;
  gate_text policy;
  const gate_pair *set;
  size_t set_len;
  const gate_text *remove;
  size_t remove_len;
  const gate_limit *limits;
  size_t limits_len;
  const gate_pair *keep;
  size_t keep_len;
  const gate_text *observed;
  size_t observed_len;
} gate_decision;

typedef struct gate_handling {
  int32_t forwarded;
  int32_t status;
  gate_text target;
  const gate_text *drop;
  size_t drop_len;
  const gate_pair *headers;
  size_t headers_len;
  gate_text body;
} gate_handling;

typedef struct gate_trace {
  gate_text id;
  gate_text span;
  gate_text caller;
  gate_text traceparent;
  gate_text tracestate;
} gate_trace;

typedef struct gate_served {
  gate_decision decision;
  gate_handling handling;
  gate_caller caller;
  gate_trace trace;
  gate_text wanted;
  int32_t unchanged;
} gate_served;

typedef struct gate_fingerprint {
  uint8_t hex[64];
} gate_fingerprint;

uint32_t gate_abi(void);
const char *gate_version(void);

int32_t gate_load_unsigned(const uint8_t *bytes, size_t bytes_len,
                           gate_policy **policy, gate_error *error);
gate_text gate_digest(const gate_policy *policy);
gate_text gate_needs_json(const gate_policy *policy);
int32_t gate_has_limits(const gate_policy *policy);
void gate_policy_free(gate_policy *policy);

int32_t gate_session_new(const gate_policy *policy,
                         const gate_settings *settings,
                         gate_session **session, gate_error *error);
void gate_session_free(gate_session *session);

int32_t gate_identity_verified(const gate_policy *policy, gate_text issuer,
                               gate_text claims, gate_text client_cert,
                               gate_identity **identity, gate_error *error);
int32_t gate_identity_invalid(const gate_policy *policy, gate_text code,
                              gate_identity **identity, gate_error *error);
int32_t gate_identity_unavailable(const gate_policy *policy, gate_text issuer,
                                  gate_identity **identity, gate_error *error);
int32_t gate_identity_caller(const gate_identity *identity,
                             gate_caller *caller);
void gate_identity_free(gate_identity *identity);

int32_t gate_verifier_new(const gate_policy *policy, uint32_t tokens_max,
                          gate_verifier **verifier, gate_error *error);
int32_t gate_verifier_keys(gate_verifier *verifier, gate_text issuer,
                           gate_text document, gate_error *error);
int32_t gate_verifier_adopt(gate_verifier *verifier,
                            const gate_verifier *other, gate_error *error);
int32_t gate_verifier_next(gate_verifier *verifier, int64_t now,
                           gate_fetch *fetch, gate_error *error);
int32_t gate_verifier_fetched(gate_verifier *verifier, gate_text issuer,
                              gate_text document, gate_text cache_control,
                              int64_t now, gate_fetch *next,
                              gate_error *error);
int32_t gate_verifier_failed(gate_verifier *verifier, gate_text issuer,
                             int64_t now, gate_error *error);
int32_t gate_verifier_caller(gate_verifier *verifier, gate_caller *caller);
int32_t gate_verifier_waits(gate_verifier *verifier, gate_error *error);
int32_t gate_verifier_counters_json(gate_verifier *verifier, gate_text *line,
                                    gate_error *error);
int32_t gate_verifier_prometheus(gate_verifier *verifier, gate_text *text,
                                 gate_error *error);
void gate_verifier_free(gate_verifier *verifier);

int32_t gate_certificate_read(gate_text chain, gate_fingerprint *fingerprint,
                              gate_error *error);

int32_t gate_decide(gate_session *session, const gate_request *request,
                    const gate_identity *identity, gate_decision *decision,
                    gate_error *error);
int32_t gate_decide_token(gate_session *session, gate_verifier *verifier,
                          const gate_request *request,
                          gate_decision *decision, gate_text *wanted,
                          gate_error *error);
int32_t gate_judge(gate_session *session, gate_verifier *verifier,
                   const gate_identity *identity, const gate_request *request,
                   gate_verdict *verdict, gate_error *error);
int32_t gate_decided(gate_session *session, gate_decision *decision,
                     gate_error *error);
int32_t gate_serve(gate_session *session, gate_verifier *verifier,
                   const gate_identity *identity, const gate_request *request,
                   const uint8_t *request_id, size_t request_id_len,
                   int32_t traces, gate_served *served, gate_error *error);
int32_t gate_handle(gate_session *session, const gate_request *request,
                    const uint8_t *request_id, size_t request_id_len,
                    gate_handling *handling, gate_error *error);
int32_t gate_trace_next(gate_session *session, const gate_pair *headers,
                        size_t headers_len, int32_t continues,
                        const uint8_t *random, size_t random_len,
                        gate_trace *trace, gate_error *error);
int32_t gate_decision_json(gate_session *session, gate_text *line,
                           gate_error *error);
int32_t gate_decide_json(gate_session *session, const uint8_t *line,
                         size_t line_len, const int64_t *now,
                         gate_text *answered, gate_error *error);
int32_t gate_explain_json(gate_session *session, const uint8_t *line,
                          size_t line_len, const int64_t *now,
                          gate_text *answered, gate_error *error);
/* end cdef */

/*
 * Structs
 *
 * gate_error: `code` names the kind of the error, for programs to compare; `message` tells a person. Both end with a zero
 * byte; a message that is too long is cut between two characters.
 *
 * gate_text: bytes and their number; a NULL pointer is no text, which differs from an empty one. Texts that come out are
 * UTF-8 without a zero byte at their end.
 *
 * gate_settings: what a host can do; all zero is the strictest. `limits_reported` 1: the host counts the limits that
 * decisions name; 0: a policy with limits is refused. `lacks`: bits of what the host doesn't have; a policy that reads it is
 * refused. `trusted`: addresses and networks of proxies, separated by commas, whose word in the header `client_header` counts
 * for `peer`.
 *
 * gate_caller: who asks, in the words of the policy: the name of the issuer, the caller's id, the names of the roles, those
 * that other roles include among them.
 *
 * gate_fetch: a document to fetch with GET, of the issuer of that name in the policy; a NULL `url` is none. Ask https alone,
 * with the certificate verified, or the `http` of this machine where the URL says so; follow no redirect; take status 200 and
 * at most 256 KiB; give up after 5 seconds.
 *
 * gate_request: the request as it was received, before any decoding. `scheme` is `http` or `https`, `host` the request's
 * authority, `target` path and query, `headers` all lines apart and in order: those a policy reads wouldn't do, since spellings
 * that an upstream takes for the same header, hop-by-hop lists and limits are judged too. `ip` is the client's address, or
 * `peer` the other end of the connection, from which the client's address is found (then `ip` is NULL). Facts count where
 * their bit stands in `given`; a bit in `wrong` says that the host had a value of another type. `now` is in Unix seconds.
 * `headers_cut` 1: the host stopped before the last header; such a request is refused. Set all bytes to zero before.
 *
 * gate_verdict: whether a request may pass, and with which `status` it is answered if not; `wanted` as gate_decide_token has it.
 *
 * gate_limit: a limit that an allowed request counts against: `rate` requests in `per_s` seconds, `burst` at once.
 *
 * gate_decision: the members of a decision as docs/decision.md has them; `rule`, `challenge`, `text` and `target` may be NULL.
 *
 * gate_handling: what a gate does. `forwarded` 1: send the request to `target`, without the headers named in `drop`, with
 * `headers` set. `forwarded` 0: answer with `status`, `headers` and `body`.
 *
 * gate_trace: the place of a request in a trace (W3C Trace Context): the trace's `id`, the id of this gate's `span`, and where
 * another trace was left for a new one, the id that the `caller` named, which is never trusted. `traceparent` and `tracestate` are
 * for the request that goes on, in place of what came; a NULL `tracestate` is none.
 *
 * gate_served: all that a proxy does with a request. `caller` is who asked, where the request goes on and a valid token or an
 * identity says it: else its texts are NULL, as those of `trace` are without one. `wanted` as gate_decide_token has it. `unchanged`
 * 1: the target that goes on is the one that came, byte for byte.
 *
 * gate_fingerprint: the SHA-256 of a certificate in lower-case hex: the fact `client_cert`. No zero byte ends it.
 *
 * Functions
 *
 * gate_abi, gate_version: number the ABI; name the version of gatelaw, in text that ends with a zero byte and is never freed.
 *
 * gate_load_unsigned: loads an artifact that nobody signed: the caller answers for where the bytes come from. On GATE_OK it
 * writes `policy`, which the caller owns and gives to gate_policy_free once. Codes: `artifact:...`.
 *
 * gate_digest, gate_needs_json, gate_has_limits: answer the digest of what decides, `sha256:` and 64 hex digits; what the policy
 * reads and sets, as one JSON object; 1 where it has limits, else 0. Both texts stand as long as the policy.
 *
 * gate_session_new: makes a session, which decides. `settings` may be NULL, which is all zero. A session outlives its policy.
 * Codes: `gate:limits`, `gate:facts`, `gate:ip`, `gate:trusted`.
 *
 * gate_identity_verified, gate_identity_invalid, gate_identity_unavailable: say who asks: the claims of a token that the host
 * verified, as JSON; a token that it refused, with a code (`token:CODE`); a token whose keys are not to be had. `client_cert` is
 * the fact of that name, or NULL. An identity serves any number of requests to sessions of its policy. Codes: `request:...`.
 *
 * gate_identity_caller: writes who an identity is, and answers 1; answers 0 for a token that wasn't valid or whose claims the
 * policy doesn't take. The texts stand as long as the identity.
 *
 * gate_verifier_new: makes a verifier, which judges the tokens of requests for the sessions of its policy, and outlives it.
 * It remembers `tokens_max` valid tokens (0: 10,000), so that the next request with one costs no signature. It has no keys yet:
 * give it documents, or ask what it needs.
 *
 * gate_verifier_keys: gives it the keys of an issuer, a JWKS document (RFC 7517 §5), in place of those that would be fetched.
 * Codes: `keys:...`, `abi:issuer` for a name that the policy doesn't have.
 *
 * gate_verifier_adopt: takes over what `other`, a verifier of another policy, has of the same issuers' keys.
 *
 * gate_verifier_next: begins the next fetch that is due at `now`, and writes its document to `fetch`. Call it each second or so,
 * until it writes none, and when an issuer is `wanted`. gatelaw itself asks nobody and has no clock.
 *
 * gate_verifier_fetched, gate_verifier_failed: end what gate_verifier_next began: with the document that came at `now` and its
 * header `cache_control`, or with none. `next` names the document that has to be fetched then, for an issuer's discovery
 * document says where its keys are. What is no such document is an error, and the fetch has failed: the keys from before stay.
 * Codes: `discovery:...`, `keys:...`, `abi:issuer`, `abi:order` for a fetch that nobody began.
 *
 * gate_verifier_caller: as gate_identity_caller, of the request that was decided last with this verifier.
 *
 * gate_verifier_waits: says that the request that was decided last with this verifier, where an issuer was `wanted`, waits for its keys
 * and is decided again, so that it counts by its last answer alone. Call it before any other request is decided.
 *
 * gate_verifier_counters_json, gate_verifier_prometheus: write what the verifier counted of tokens and keys, as docs/metrics.md has it: one
 * line of JSON; the text format of Prometheus 0.0.4. The text points into the verifier, until the next call of either with it.
 * gate_verifier_adopt goes on from what the other verifier counted.
 *
 * gate_decide: decides a request; `identity` is NULL for nobody. `decision` points into the session, until the next call with
 * it. A bearer token in a request without an identity is denied, `token:no_verifier`. Codes: `request:...`.
 *
 * gate_decide_token: decides a request by the token that it carries, wherever the policy's issuers say that one stands; a request
 * without one is nobody's. `wanted` names the issuer whose keys may be fetched now and could change the decision; a caller may wait for
 * them, and ask again, or take it as it is. It is NULL where none could, and points into the policy else. Codes: `request:...`,
 * `abi:verifier` for a verifier of another policy.
 *
 * gate_certificate_read: takes the fingerprint of the first certificate, the client's own, in a chain in PEM as TLS libraries write it. The
 * fact means that the certificate was verified: that is the caller's to see to. Code: `certificate:pem`.
 *
 * gate_judge: decides a request, and writes no more than whether it may pass. `verifier` judges the request's token; where it is
 * NULL, `identity` says who asks, NULL for nobody. gate_decided writes the rest of the decision made last, if it is asked for;
 * what it writes points into the session, until the next call with it. Codes: as gate_decide_token; `abi:order`.
 *
 * gate_serve: does all that a proxy asks for in one call: gate_decide or gate_decide_token, gate_handle, gate_trace_next (`traces`
 * 0: none, 1: a new trace, 2: the one that came goes on), and names the caller of what goes on. `request_id` is the correlation id,
 * and the random bytes of the trace. `served` points into the session and the verifier, until the next call with either. After an
 * error `served->trace` has the trace, if it was taken before.
 *
 * gate_handle: says what a gate does with the request decided last, which is given again. `request_id` is the correlation id.
 * `handling` points into the session, until the next call with it.
 *
 * gate_trace_next: takes the place of a request in a trace: in a new one, or where `continues` isn't 0, in the one that `headers`
 * name, which a trusted neighbour must have written. `random` is 16 bytes or more of a cryptographic generator, fresh for each
 * request. `trace` points into the session, until the next call of this function with it. Code: `abi:random`.
 *
 * gate_decision_json: writes the decision made last as a line.
 *
 * gate_decide_json, gate_explain_json: answer a request that is a line of JSON, as docs/request.md has it, with a line. `now`
 * stands in for a missing member of that name; NULL for none.
 *
 * gate_policy_free, gate_session_free, gate_identity_free, gate_verifier_free: free a handle; NULL is none.
 *
 * Codes of the border itself: `abi:null` for a NULL where a pointer was promised, `abi:text` for a text that is not UTF-8,
 * `abi:identity` for an identity of another policy, `abi:order` for a call before the one it depends on, and `abi:panic` for a
 * defect of gatelaw: deny the request, report the message; the session can be used on.
 */

#ifdef __cplusplus
}
#endif

#endif
