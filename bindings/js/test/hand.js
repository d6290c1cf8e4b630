// What somebody would write in JavaScript for the one policy of the benches: a Map by place, Sets of networks, roles and scopes.
//
// It reads no header, and no request that isn't canonical, refuses nothing, and gives no reasons. Its statuses are held to gatelaw's.

/** Makes a matcher of what `gatelaw-benches runtimes` writes. */
export function matcherOf({ rules, burned, embargoed, roles }) {
  const places = new Map();
  for (const rule of rules) {
    const known = places.get(rule.place);
    const entry = { ...rule, methods: new Set(rule.methods) };
    if (known === undefined) places.set(rule.place, [entry]);
    else known.push(entry);
  }
  const networks = new Set(burned);
  const countries = new Set(embargoed);

  /** Reduces claims to what is compared, as a host can do once a token. */
  function prepare(claims) {
    return {
      roles: new Set(claims.groups.flatMap((name) => roles[name] ?? [])),
      scopes: new Set(claims.scp),
      tenant: claims.org_id,
      mfa: claims.mfa === true,
      suspended: claims.status === "suspended",
    };
  }

  function decide({ method, target, ip, facts }, caller) {
    if (networks.has(ip.slice(0, ip.lastIndexOf(".")))) return 403;
    if (countries.has(facts.country)) return 451;
    if (caller === undefined) return 401;
    if (caller.suspended) return 403;
    const query = target.indexOf("?");
    const end = target.indexOf("/", target.indexOf("/", target.indexOf("/", 1) + 1) + 1);
    const rest = query < 0 ? target.slice(end + 1) : target.slice(end + 1, query);
    const candidates = places.get(target.slice(1, end));
    if (candidates === undefined) return 403;
    const isSingle = !rest.includes("/");
    const holds = (rule) =>
      rule.methods.has(method) && (isSingle || !rule.single) && caller.roles.has(rule.role) && caller.scopes.has(rule.scope) &&
      (rule.network === null || ip.startsWith(rule.network)) && (!rule.mfa || caller.mfa) && (!rule.tenant || rest === caller.tenant);
    return candidates.some(holds) ? 200 : 403;
  }

  return { prepare, decide };
}
