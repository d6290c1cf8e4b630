import type { Counters, Decision, Facts, FactName, Identity, IssuerCounters, Trace } from "gatelaw";

/**
 * Makes a gate. `options` is an object, or a function that makes one from the Worker's `env`.
 * Throws a `TypeError` for options that mean nothing; what a function makes is read at the first request.
 */
export function createGate<Env = unknown>(options: GateOptions<Env> | ((env: Env) => GateOptions<Env>)): WorkerGate<Env>;

export interface GateOptions<Env = unknown> {
  /** Where the policy is: in KV, or the bytes of an artifact that comes with the Worker. */
  readonly policy: StoredPolicy | ArrayBuffer | Uint8Array;
  /** Where allowed requests go: an origin such as `https://origin.example`, or a service binding. By default where they were sent. */
  readonly upstream?: string | ServiceBinding | undefined;
  /** The header that holds the client's address, by default `cf-connecting-ip`; `false` where there is none. */
  readonly address?: string | false | undefined;
  /** The facts that the zone knows, by default all; a policy that reads another is refused. */
  readonly facts?: readonly FactName[] | undefined;
  /** What to do with a policy that has limits: refuse to load it, or report what a request counts against, uncounted. */
  readonly limits?: "refuse" | "report" | undefined;
  /** Where keys of issuers come from, beside their endpoints. */
  readonly keys?: KeyOptions | undefined;
  /** How many valid tokens are remembered, from 1 to 1,000,000; by default 10,000. */
  readonly tokens_max?: number | undefined;
  /** Says who is asking, in place of the gate, which verifies tokens itself. */
  readonly identify?: Identify<Env> | undefined;
  /**
   * What becomes of a request's trace (W3C Trace Context): by default it begins anew, for anybody can call; behind a trusted edge it
   * may `continue`; `pass` leaves its headers as they came.
   */
  readonly trace?: "restart" | "continue" | "pass" | undefined;
  /** Seconds between two records of what was counted, from 1 to 86,400; by default none is written. */
  readonly counters_s?: number | undefined;
  /** Writes a record; by default a line of JSON on the console. A record that it throws on denies its request. */
  readonly log?: ((record: LogRecord) => void) | undefined;
  /** Is shown each decision whole, before it is acted upon; what it throws denies. */
  readonly decided?: ((decision: Decision, request: Request, requestId: string) => void) | undefined;
}

/** A policy in KV. */
export interface StoredPolicy {
  /** The name of the KV binding. */
  readonly binding: string;
  /** The key in KV, by default `policy`. */
  readonly key?: string | undefined;
  /** Seconds between two looks at KV, more than 0 and at most 86,400; by default 30. */
  readonly check_s?: number | undefined;
}

/** Where keys of issuers come from, beside their endpoints. */
export interface KeyOptions {
  /** Whether they are kept in the cache of the data centre, too; by default they are. */
  readonly cache?: boolean | undefined;
  /** The name of the KV binding in which they are kept, too; by default none. */
  readonly binding?: string | undefined;
  /** JWKS documents that come with the Worker, by the issuer's name in the policy: no endpoint is asked for them. */
  readonly sets?: { readonly [issuer: string]: string | object } | undefined;
}

export interface ServiceBinding {
  /** The name of the service binding. */
  readonly binding: string;
}

/** Says who is asking, whose token it verified: nobody where it answers `null`. It must leave the body of the request unread. */
export type Identify<Env> = (
  request: Request,
  env: Env,
  ctx: Waiting,
) => Identity | null | undefined | Promise<Identity | null | undefined>;

/** What a gate needs of an `ExecutionContext`. */
export interface Waiting {
  waitUntil(promise: Promise<unknown>): void;
}

/** A gate: itself the handler of a Worker, or around one. */
export interface WorkerGate<Env = unknown> {
  /** Answers a request: what the upstream answers where it is allowed, else what the gate answers. */
  fetch(request: Request, env: Env, ctx: Waiting): Promise<Response>;
  /** Puts the gate in front of a handler, which gets each allowed request as it would be forwarded. */
  around<Ctx extends Waiting = ExecutionContext>(
    handler: Handler<Env, Ctx> | { fetch: Handler<Env, Ctx> },
  ): { fetch(request: Request, env: Env, ctx: Ctx): Promise<Response> };
  /** Makes a middleware for Hono: `app.use(gate.hono())`, before all routes. It sets the variable `gatelaw`. */
  hono(): HonoMiddleware;
  /** Decides a request: `request` of the answer is what goes on, else `response` is what to answer. Never throws. */
  handle(request: Request, env: Env, ctx: Waiting): Promise<Handled>;
  /**
   * Answers what this isolate counted of tokens and keys, by the policy that decided last and those before it; nothing before the first request, and where the
   * gate verifies no tokens.
   */
  counters(): Counters | undefined;
  /** Writes the same in the text format of Prometheus, version 0.0.4; an empty text where there is nothing. */
  prometheus(): string;
  /** Answers the decision and the correlation id of a request that this gate handed to a handler. */
  handledOf(request: Request): Judged | undefined;
}

export type Handler<Env, Ctx> = (request: Request, env: Env, ctx: Ctx) => Response | Promise<Response>;

/** The decision on a request, its correlation id (128 random bits, in hex), and its place in a trace. */
export interface Judged {
  readonly decision: Decision;
  readonly requestId: string;
  /** Absent where traces are left to others, or nothing was decided. */
  readonly trace?: Trace | undefined;
}

export type Handled =
  | (Judged & { readonly request: Request; readonly response?: undefined })
  | (Judged & { readonly response: Response; readonly request?: undefined });

/** What the middleware uses of Hono's context; `app.use` takes it as it is. */
export type HonoMiddleware = (c: any, next: () => Promise<void>) => Promise<Response | undefined>;

/** The variables that the middleware sets, for the types of a Hono app: `new Hono<{ Variables: GateVariables }>()`. */
export interface GateVariables {
  gatelaw: Judged;
}

/** One line of the log. */
export type LogRecord = DecisionRecord | PolicyRecord | KeysRecord | CountersRecord | ProblemRecord | ErrorRecord;

interface Timed {
  /** RFC 3339, UTC. */
  readonly time: string;
}

/** A decision. Values of headers that the policy sets are never recorded. */
export interface DecisionRecord extends Timed {
  readonly event: "decision";
  readonly request_id: string;
  /** The trace, this gate's span in it, and the id of the caller's trace; absent where traces are left to others. */
  readonly trace?: Trace;
  readonly effect: "allow" | "deny";
  readonly status: number;
  readonly reason: string;
  readonly rule: string | null;
  readonly observed: readonly string[];
  readonly keep: readonly (readonly [name: string, text: string])[];
  readonly policy: string | null;
  /** The limits that the request counts against, where there are any. */
  readonly limits?: Decision["limits"];
  /** From here on at the level `full` alone. */
  readonly scheme?: string;
  readonly method?: string;
  readonly host?: string;
  readonly target?: string | null;
  /** Names of the headers that were set. */
  readonly set?: readonly string[];
  readonly remove?: readonly string[];
}

/** A policy is in force from now on. */
export interface PolicyRecord extends Timed {
  readonly event: "policy";
  readonly policy: string;
}

/** Keys of an issuer are had. */
export interface KeysRecord extends Timed {
  readonly event: "keys";
  readonly issuer: string;
}

/** What this isolate counted since its record before, without what is 0: those of all isolates add up. */
export interface CountersRecord extends Timed {
  readonly event: "counters";
  readonly policy: string;
  readonly refused?: { readonly [reason: string]: number };
  readonly issuers?: { readonly [issuer: string]: Came<IssuerCounters> };
}

/** Counters without those that are 0. */
export type Came<Counted> = { readonly [Name in keyof Counted]?: Counted[Name] extends number ? number : Came<Counted[Name]> };

/** Something keeps the gate from its work, or from taking a new policy or new keys: told once for as long as it is the same. */
export interface ProblemRecord extends Timed {
  readonly event: "problem";
  readonly what: "options" | "policy" | "keys" | "counters";
  /** The issuer whose keys can't be had. */
  readonly issuer?: string;
  readonly code?: string;
  readonly message: string;
}

/** One request couldn't be decided, and was denied; or its upstream didn't answer. */
export interface ErrorRecord extends Timed {
  readonly event: "error" | "upstream";
  readonly request_id: string;
  readonly trace?: Trace;
  readonly code?: string;
  readonly message: string;
}

export type { Counters, Decision, Facts, FactName, Identity, IssuerCounters, Trace };
