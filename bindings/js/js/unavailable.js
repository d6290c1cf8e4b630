import { unavailable as denied } from "./internal/answer.js";
import { unavailableHandling } from "./internal/evaluator.js";

/** Says what a gate does that has nothing to decide with: it answers 503, for the reason `gate:CODE`. */
export function unavailable(code, requestId) {
  if (!/^[a-z_-]{1,64}$/.test(code)) throw new TypeError("code must be 1 to 64 lower-case letters, _ and -");
  if (!/^[\x21-\x7e]{1,128}$/.test(requestId)) {
    throw new TypeError("requestId must be 1 to 128 printable ASCII characters without spaces");
  }
  return unavailableHandling(code, denied(code, null), requestId);
}
