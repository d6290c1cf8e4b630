import type { Source, WasmModule } from "./index.js";

export { GatelawError } from "./index.js";
export type { Source } from "./index.js";

/** Makes it ready from where it is: by default the file beside this one. Node.js needs no call. */
export function init(source?: Source | Promise<Source>): Promise<void>;

/** Makes it ready from a compiled module or its bytes, without waiting. Node.js needs no call. */
export function initSync(module: WasmModule | ArrayBuffer | ArrayBufferView): void;

/**
 * Says step by step why a token is accepted or refused by a policy, and whom it names, as `gatelaw token check` does. The token is never
 * shown whole, nor a value of an attribute that is `secret`.
 * Throws a `GatelawError` for what is no artifact or no key set, with the argument in `at`; never for a token.
 */
export function checkToken(artifact: Uint8Array, token: string, options?: TokenOptions): Promise<TokenCheck>;

export interface TokenOptions {
  /** Key sets (JWKS) by the names of issuers: `keySets()` of a `KeyFetcher`, say. */
  readonly keys?: { readonly [issuer: string]: string | Uint8Array };
  /** The fact of that name, for a token that is bound to a certificate: lower-case hex of its SHA-256. */
  readonly clientCert?: string | undefined;
  /** Unix seconds; by default the clock's. */
  readonly now?: number | bigint | undefined;
}

/** Why a token is accepted or refused: the same object as in every language. */
export interface TokenCheck {
  readonly v: 1;
  readonly accepted: boolean;
  /** Why it isn't accepted, as a decision's reason says it: `token:expired`, `keys_unavailable`. */
  readonly code: string | null;
  /** The same for a person. */
  readonly message: string | null;
  /** The time of the check, in Unix seconds. */
  readonly now: number;
  /** The issuer, by its name in the policy. */
  readonly issuer: string | null;
  /** Every check, in order. */
  readonly checks: readonly TokenStep[];
  /** Who asks; `null` where the token isn't accepted. */
  readonly caller: TokenCaller | null;
  /** Who a token says asks of which only the key or the signature is at fault: nobody vouches for it. */
  readonly claimed: TokenCaller | null;
}

/** One check of a token. */
export interface TokenStep {
  /** What was checked: the code of a token that fails here, behind `token:`. */
  readonly check: string;
  readonly outcome: "passed" | "failed" | "not_reached";
  /** What the token and the policy say there; empty for what was not reached. */
  readonly says: string;
}

/** What the claims of a token map to. */
export interface TokenCaller {
  readonly id: string;
  readonly client: string | null;
  readonly actor: string | null;
  readonly token_id: string | null;
  /** The roles, with those that they include. */
  readonly roles: readonly string[];
  readonly scopes: readonly string[];
  readonly attributes: readonly TokenAttribute[];
}

/** One attribute that the policy declares, as a token has it. */
export interface TokenAttribute {
  /** Its name: `user.NAME`. */
  readonly name: string;
  /** Its type in the policy. */
  readonly type: string;
  /** Whether the policy calls it `secret`: its value isn't shown. */
  readonly secret: boolean;
  /** Whether the token gives it a value. */
  readonly present: boolean;
  /** Its value, unless it is absent or secret; instants and durations as seconds. */
  readonly value: boolean | number | string | readonly string[] | null;
}
