/**
 * Says what went wrong: `code` names the kind, for programs; `message` tells a person.
 * An argument of a wrong type is a `TypeError` that names it.
 */
export class GatelawError extends Error {
  readonly name: "GatelawError";
  /** `artifact:…`, `request:…`, `gate:…`, `module:…`, `policy:…`; from the compiler that of the first error, such as `G0101`. */
  readonly code: string;
  /** The argument at fault, where there is one. */
  readonly at?: string;
  /** What the compiler says of a policy. */
  readonly diagnostics?: readonly Diagnostic[];
  /** What the compiler says, as `gatelaw check` prints it. */
  readonly text?: string;
  /** Where the first error is. */
  readonly span?: Place;
  constructor(code: string, message: string, more?: ErrorMembers);
}

/** What an error can hold beside its code and its message. */
export interface ErrorMembers {
  readonly at?: string;
  readonly diagnostics?: readonly Diagnostic[];
  readonly text?: string;
  readonly span?: Place;
  readonly cause?: unknown;
}

/** One error or warning of the compiler, as `gatelaw check --format json` has it. */
export interface Diagnostic {
  readonly code: string;
  readonly severity: "error" | "warning";
  readonly message: string;
  /** Absent for what belongs to no text. */
  readonly place: Place | null;
  readonly labels: readonly { readonly place: Place; readonly message: string }[];
  /** What to write instead, one way each. */
  readonly help: readonly string[];
  /** Where the code is explained, in the documents of gatelaw. */
  readonly page: string;
}

/** A place in a file. Lines and columns count from 1, columns in characters; the end is behind the last character. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly end_line: number;
  readonly end_column: number;
}

/** A type of the platform, where the libraries of your project declare it: Node.js, browsers and Workers declare other ones. */
type Platform<Name extends string> = typeof globalThis extends { readonly [key in Name]: { prototype: infer Type } } ? Type : never;

/** A compiled module of WebAssembly. */
export type WasmModule = typeof globalThis extends { WebAssembly: { Module: { prototype: infer Type } } } ? Type : object;

/** A `Request` of the Fetch standard. */
export type FetchRequest = Platform<"Request">;

/** Where a module is, its bytes, or the compiled module. */
export type Source = string | Platform<"URL"> | FetchRequest | Platform<"Response"> | ArrayBuffer | ArrayBufferView | WasmModule;

/** Makes the evaluator ready from where it is: by default the file beside this one. Node.js needs no call. */
export function init(source?: Source | Promise<Source>): Promise<void>;

/** Makes the evaluator ready from a compiled module or its bytes, without waiting. Node.js needs no call. */
export function initSync(module: WasmModule | ArrayBuffer | ArrayBufferView): void;

/** Names the version of gatelaw, the same for every package of one release. */
export function version(): string;

/** Holds a compiled policy that was loaded and checked. */
export class Policy {
  private constructor();
  /**
   * Loads an artifact that nobody signed: the caller answers for where the bytes come from.
   * Throws a `GatelawError` with a code `artifact:…` for bytes that are no artifact of this gatelaw.
   */
  static loadUnsigned(bytes: Uint8Array): Policy;
  /** The digest of what decides: `sha256:` and 64 hex digits. */
  readonly digest: string;
  /** Whether the policy has limits, which somebody must count. */
  readonly hasLimits: boolean;
  /** Lists what the policy reads of a request, and what it sets. */
  needs(): Needs;
  /**
   * Says who asks, for as many requests as the token serves: `identity` of a request takes it.
   * A token that is bound to a client certificate needs its fact, `clientCert`.
   */
  identity(identity: Identity, options?: { readonly clientCert?: string | undefined }): PreparedIdentity;
  /** Decides a request that is one line of JSON, and answers one line: a decision, or what is wrong with the line. */
  decideJson(line: string): string;
  /** Explains the decision of a request that is one line of JSON: the rules that could matter, with what each asked. */
  explainJson(line: string): string;
  /** Gives the memory back at once, instead of when nobody holds the policy any more. */
  free(): void;
}

/** Holds a caller, as one policy sees it: mapped and classified once, for all requests with the token. */
export class PreparedIdentity {
  private constructor();
  /** Gives the memory back at once, instead of when nobody holds the caller any more. */
  free(): void;
}

/** What a policy reads of a request, and what it sets. */
export interface Needs {
  /** Names of headers that are read; lower case. */
  headers: string[];
  query: string[];
  cookies: string[];
  facts: FactName[];
  /** Whether the client's address is read. */
  ip: boolean;
  /** Whether the policy has an issuer, so that a token can be valid. */
  tokens: boolean;
  token_headers: string[];
  token_cookies: string[];
  /** Headers that the policy sets. */
  sets: string[];
}

/** Decides requests by one policy. */
export class Gate {
  /** Throws a `GatelawError` where the policy asks for what this gate can't do: `gate:limits`, `gate:facts` or `gate:ip`. */
  constructor(policy: Policy, options?: GateOptions);
  /** The policy that decides. */
  readonly policy: Policy;
  /** Decides a request. A gate that can't decide denies: status 503, reason `gate:trap`. */
  decide(request: RequestInput | FetchRequest, context?: Context): Decision;
  /** Decides a request, and answers no more than whether it may pass: that costs no object. A gate that can't decide denies. */
  allows(request: RequestInput | FetchRequest, context?: Context): boolean;
  /** Explains the decision on a request: the rules that could matter, with what each asked. */
  explain(request: RequestInput | FetchRequest, context?: Context): Explanation;
  /** Decides a request, and says what a gate does about it: forward it, changed, or answer it. */
  handle(request: RequestInput | FetchRequest, context?: HandleContext): Handling;
}

export interface GateOptions {
  /** What to do with a policy that has limits: refuse to load it, or report what a request counts against, uncounted. */
  readonly limits?: "refuse" | "report";
  /** The facts that this host can give; a policy that reads another is refused. By default none is. */
  readonly facts?: readonly FactName[];
  /** Whether this host can give the client's address. */
  readonly ip?: boolean;
}

export type FactName = "country" | "asn" | "bot_score" | "tls_version" | "client_cert" | "size";

/** A request, as docs/request.md has it. */
export interface RequestInput {
  readonly method: string;
  readonly scheme: "http" | "https";
  /** The authority: host, and port where there is one. */
  readonly host: string;
  /** Path and query, as received. */
  readonly target: string | Uint8Array;
  /** Pairs of name and value, lines apart and in their order. */
  readonly headers?: readonly (readonly [name: string | Uint8Array, value: string | Uint8Array])[];
  readonly ip?: string | undefined;
  readonly facts?: Facts | undefined;
  readonly now?: number | bigint | undefined;
  readonly identity?: Identity | PreparedIdentity | undefined;
}

/** What a host knows beside the request. What stands here must not stand in the request too. */
export interface Context {
  /** The client's address. */
  readonly ip?: string | undefined;
  readonly facts?: Facts | undefined;
  /** Unix seconds; by default the clock's. */
  readonly now?: number | bigint | undefined;
  /** Who is asking; nobody where it is left out. */
  readonly identity?: Identity | PreparedIdentity | undefined;
}

/**
 * Decides requests by the tokens that they carry: reads and judges them, with signatures verified by WebCrypto. It fetches nothing and
 * has no timers: its host fetches what `nextFetch` names, and tells what came of it. What is valid is remembered, so that the next request
 * with it costs no signature.
 */
export class Verifier {
  /** Judges tokens for a gate; a policy has one verifier. */
  constructor(gate: Gate, options?: VerifierOptions);
  /** The gate that decides. */
  readonly gate: Gate;
  /** How many instances have judged until now: a new one, in place of one that died, has none of the keys that were fetched. */
  readonly instances: number;
  /**
   * Takes an issuer's keys, a JWKS document, which are not fetched then. Throws a `GatelawError` with a code `keys:…` for what is no key
   * set, or no issuer of the policy.
   */
  setKeys(issuer: string, document: string | Uint8Array): void;
  /** Begins the next fetch that is due at `now`, in Unix seconds, by default the clock's. */
  nextFetch(now?: number | bigint): KeyFetch | undefined;
  /**
   * Takes a document that was fetched at `now`, with its `Cache-Control`. Names the document to fetch next, where the keys aren't had by
   * it yet. Throws a `GatelawError` with a code `keys:…` or `discovery:…` for one that gives no keys: the fetch failed then.
   */
  fetched(issuer: string, document: string | Uint8Array, cacheControl: string, now?: number | bigint): KeyFetch | undefined;
  /** Notes that a fetch failed; keys that were had before stay. */
  failed(issuer: string, now?: number | bigint): void;
  /**
   * Answers what was counted of tokens and keys: plain numbers, which only grow. An instance in place of one that died begins where its
   * verifier began: at 0, or with what the verifier `after` which it came had counted.
   */
  counters(): Counters;
  /** Writes what was counted in the text format of Prometheus, version 0.0.4: the same bytes in every runtime. */
  prometheus(): string;
  /**
   * Decides a request by the token that it carries, and says what a gate does about it. Where keys are missing that may be fetched, it
   * asks `wait` for those of the token's issuer, and decides anew once that says that there may be news.
   */
  handle(
    request: Omit<RequestInput, "identity"> | FetchRequest,
    context?: Omit<HandleContext, "identity">,
    wait?: (issuer: string) => boolean | Promise<boolean>,
  ): Promise<Handling>;
}

/** What a verifier counted, each answer once: the same object as in every language. */
export interface Counters {
  readonly v: 1;
  /** Tokens that were refused before their issuer was known, by the reason of the decision: `token:format`. */
  readonly refused: { readonly [reason: string]: number };
  /** By the issuer's name in the policy. */
  readonly issuers: { readonly [issuer: string]: IssuerCounters };
}

/** What was counted of the tokens and keys of one issuer. */
export interface IssuerCounters {
  /** Tokens that were accepted, their signature verified. */
  readonly verified: number;
  /** Tokens that were accepted because they were verified before. */
  readonly remembered: number;
  /** Of the accepted ones, those of a key that was stale: its endpoint gave no newer set in time. */
  readonly by_stale_keys: number;
  /** Tokens that were answered 503, since no keys of this issuer were ever had. */
  readonly keys_unavailable: number;
  /** Tokens that were refused, by the reason of the decision: `token:expired`. */
  readonly refused: { readonly [reason: string]: number };
  /**
   * Tokens whose time lies inside the issuer's leeway, or no more than five minutes beyond: of the future where the gate's clock is
   * `behind` the issuer's; just expired where it is `ahead`, or where a caller is slow to get a new token.
   */
  readonly clock_skew_suspected: { readonly behind: Suspicions; readonly ahead: Suspicions };
  /** Fetches of the issuer's keys; the failed ones by the word before the colon of their codes. */
  readonly key_fetches: {
    readonly begun: number;
    readonly succeeded: number;
    readonly failed: { readonly fetch: number; readonly discovery: number; readonly keys: number };
  };
}

/** Tokens that make a wrong clock likely, by what became of them. */
export interface Suspicions {
  /** Those that leeway alone let through; their signature is right. */
  readonly accepted: number;
  /** Those that were refused; their signature is not looked at, so anybody can make them. */
  readonly refused: number;
}

export interface VerifierOptions {
  /** How many valid tokens are remembered, from 1 to 1,000,000; by default 10,000. */
  readonly tokensMax?: number;
  /** The verifier of the policy before: counting goes on from what it has counted, for issuers that keep their name. */
  readonly after?: Verifier | undefined;
}

/** A document to fetch: an issuer's discovery document, or its keys. */
export interface KeyFetch {
  /** The issuer's name in the policy. */
  readonly issuer: string;
  readonly url: string;
}

/**
 * Fetches the keys that a verifier wants, by discovery or from where the policy says: within five seconds and 256 KiB, by https, and from
 * nowhere that a redirect names. What was good is kept in memory, and in the stores of the host.
 *
 * `env` is what its stores are told: a Worker's bindings, say. `ctx` is a Worker's, or what has its `waitUntil`: then a fetch outlives its
 * request, and requests don't wait for what another one began, which Workers don't allow; they look again until it is done.
 */
export class KeyFetcher<Env = unknown> {
  constructor(verifier: Verifier, options?: KeyFetcherOptions<Env>);
  /**
   * Begins all fetches that are due, and waits for that of an issuer's keys, or for all where none is named; answers whether there was
   * one, so that there may be news. Hand it to `verifier.handle`: a slow issuer holds no request with a token of another one.
   */
  readonly wait: (issuer?: string, env?: Env, ctx?: KeyFetchContext) => Promise<boolean>;
  /**
   * Begins all fetches that are due, and waits for none: call it with each request, or now and then, and keys are had before a request
   * needs them. It looks once a second at most.
   */
  readonly tend: (env?: Env, ctx?: KeyFetchContext) => void;
  /** Lists the key sets that the verifier took last, by issuer: what `checkToken` of `gatelaw/tokens` takes. */
  keySets(): { [issuer: string]: Uint8Array };
}

/** What keeps a fetch going when the request ends that began it. */
export interface KeyFetchContext {
  waitUntil(promise: Promise<unknown>): void;
}

export interface KeyFetcherOptions<Env = unknown> {
  /** Fetches, in place of the platform's `fetch`: through a proxy, say. */
  readonly fetch?: (url: string, init: KeyFetchInit) => Promise<KeyFetchResponse>;
  /** Whether `http` to this machine is allowed, for tests and behind a proxy of one's own; by default it isn't. */
  readonly allowLoopback?: boolean;
  /**
   * Where good documents are kept beyond this process or isolate, the nearest first. All of them are given each new document; the first
   * that has one newer than the verifier's spares a fetch. One that is older than a day counts only where the endpoint fails: who took a
   * key away meant it. Keys are fresh from when they were fetched on, wherever they were kept.
   */
  readonly stores?: readonly KeyStore<Env>[];
  /** The fetcher of the policy before: the documents in its memory serve the next policy, too. */
  readonly after?: KeyFetcher<Env> | undefined;
  /** Is told when keys of an issuer were had. */
  readonly onKeys?: (issuer: string) => void;
  /** Is told of each fetch that failed: the error's code is `fetch:…`, `discovery:…` or `keys:…`. Keys that were had before stay. */
  readonly onFailure?: (issuer: string, error: unknown, url: string) => void;
}

/**
 * Keeps bytes under a key, which is the URL of a document. What it throws, answers in a second only, or answers of another form, is as if
 * it held nothing. Whoever can write into it says which keys verify tokens: it is to be trusted like the policy.
 */
export interface KeyStore<Env = unknown> {
  /** Answers what was put under a key last; nothing where there is none. */
  get(key: string, env: Env | undefined): KeptBytes | Promise<KeptBytes>;
  /** Keeps bytes, for a week or so: the last good keys are kept while their endpoint fails. */
  put(key: string, bytes: Uint8Array, env: Env | undefined): unknown;
}

export type KeptBytes = Uint8Array | ArrayBuffer | null | undefined;

/** How a document is fetched; a function that passes it on to `fetch` does all that is needed. */
export interface KeyFetchInit {
  readonly redirect: "manual";
  readonly headers: { readonly accept: string };
  /** Says when the time is up. */
  readonly signal: Platform<"AbortSignal">;
}

/** What is read of a response. */
export type KeyFetchResponse = Platform<"Response">;

export interface HandleContext extends Context {
  /** The correlation id, printable ASCII; by default 128 random bits in hex. */
  readonly requestId?: string | undefined;
  /**
   * What becomes of the request's trace (W3C Trace Context): it begins anew, or goes on where only a trusted edge can call. By
   * default it is left to others, and its headers go on as they came.
   */
  readonly trace?: "restart" | "continue" | undefined;
}

/** What the edge knows of the connection. What is not known is left out; a value of a wrong form denies, 503 `fact:NAME`. */
export interface Facts {
  readonly country?: string | undefined;
  readonly asn?: number | bigint | undefined;
  readonly bot_score?: number | bigint | undefined;
  readonly tls_version?: string | undefined;
  readonly client_cert?: string | undefined;
  readonly size?: number | bigint | undefined;
}

/** Who is asking. */
export type Identity =
  /** A token that was verified; claims as JSON text keep numbers beyond 2^53, and members that stand twice are refused. */
  | { readonly issuer: string; readonly claims: { readonly [name: string]: unknown } | string }
  /** A token that was refused, with its code. */
  | { readonly invalid: string; readonly issuer?: string }
  /** No keys of this issuer were to be had. */
  | { readonly unavailable: string }
  /** A token, and nothing that verifies it: 401 `token:no_verifier`. */
  | { readonly token: string };

/** The answer to one request; `JSON.stringify` makes of it the line that `decideJson` answers. */
export interface Decision {
  /** Whether the request may pass. A denied decision is an object too, and so is true: ask for this. */
  readonly allowed: boolean;
  readonly v: 1;
  readonly effect: "allow" | "deny";
  /** The HTTP status to answer with: 200 on allow, else 400 to 503. */
  readonly status: number;
  readonly reason: string;
  /** The full name of the rule that decided. */
  readonly rule: string | null;
  /** The value of `WWW-Authenticate`, where one is due. */
  readonly challenge: string | null;
  /** The text that a `respond` sends. */
  readonly text: string | null;
  /** Headers to set on the request that goes on. */
  readonly set: readonly (readonly [name: string, value: string])[];
  /** Headers to remove by fold from the request that goes on. */
  readonly remove: readonly string[];
  /** The limits that an allowed request counts against. */
  readonly limits: readonly LimitUse[];
  readonly audit: "none" | "brief" | "full";
  /** Attributes that the record keeps, with their text. */
  readonly keep: readonly (readonly [name: string, text: string])[];
  /** Full names of the `observe` rules that matched. */
  readonly observed: readonly string[];
  /** What to forward: the canonical target; absent where the request was refused. */
  readonly target: string | null;
  /** The digest of the policy that decided; `null` of `unavailable` alone, which has none. */
  readonly policy: string | null;
}

export interface LimitUse {
  readonly name: string;
  readonly key: string;
  readonly rate: number;
  /** The period, in seconds. */
  readonly per_s: number;
  readonly burst: number;
}

/** Why a decision is as it is. */
export interface Explanation {
  v: 1;
  decision: Omit<Decision, "allowed">;
  /** The rules whose host, method and path are the request's; none where the answer came before any rule. */
  rules: ExplainedRule[];
  /** Full names of the others. */
  elsewhere: string[];
}

export interface ExplainedRule {
  name: string;
  kind: "allow" | "deny" | "limit" | "forward" | "audit";
  observe: boolean;
  file: string;
  line: number;
  annotations: { [name: string]: string };
  /** Its patterns as written; none: everywhere. */
  on: string[];
  matched: boolean;
  /** The tests that were asked, in written order, up to the one that decided. */
  asked: { test: string; outcome: boolean; file: string; line: number }[];
}

/** What a gate does with a request: one of the two. */
export type Handling =
  | { decision: Decision; forward: Forward; answer?: undefined; trace?: Trace }
  | { decision: Decision; answer: Answer; forward?: undefined; trace?: Trace };

/** The place of a request in its trace, for the record; what goes on carries it where the context says so. */
export interface Trace {
  /** The id of the trace: 32 hex digits. */
  readonly id: string;
  /** The id of this gate's span, the parent of the upstream's: 16 hex digits. */
  readonly span: string;
  /** The id of the caller's trace, where another one began here; never to be trusted. */
  readonly caller?: string;
}

/** Makes a correlation id, of 128 random bits in hex: for a host that needs `requestId` before anything is decided. */
export function correlationId(): string;

/**
 * Says what a gate does that has nothing to decide with: it answers 503, for the reason `gate:CODE`.
 * `code` is 1 to 64 lower-case letters, `_` and `-`; `requestId` is the correlation id, printable ASCII.
 */
export function unavailable(code: string, requestId: string): Unavailable;

export interface Unavailable {
  readonly decision: Decision;
  readonly answer: Answer;
  readonly forward?: undefined;
}

/** How a request goes on: drop, then set. */
export interface Forward {
  /** The path and query to send: the canonical target. */
  target: string;
  /** The names among the request's own headers that must not go on, as they came. */
  drop: string[];
  /** The headers to set, by lower-case name. */
  set: [name: string, value: string][];
}

/** An answer of the gate itself; a HEAD request gets the headers alone. */
export interface Answer {
  status: number;
  headers: [name: string, value: string][];
  /** A problem detail (RFC 9457) as JSON. */
  body: string;
}
