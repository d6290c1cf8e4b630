// Where allowed requests go.

import { checkMembers, wrong } from "./arguments.js";

/** Reads the option: nothing, the origin of a URL, or a service binding. */
export function upstreamOf(upstream) {
  if (upstream === undefined) return { originOf: ownOrigin, fetchFrom: () => fetch };
  if (typeof upstream === "string") {
    if (!isOrigin(upstream)) {
      throw wrong("options.upstream", "an origin such as `https://origin.example`, without a path", upstream);
    }
    return { originOf: () => upstream, fetchFrom: () => fetch };
  }
  checkMembers(upstream, ["binding"], "options.upstream");
  const { binding } = upstream;
  if (typeof binding !== "string" || binding === "") {
    throw wrong("options.upstream.binding", "the name of a service binding", binding);
  }
  return { originOf: ownOrigin, fetchFrom: (env) => serviceIn(env, binding) };
}

/** The origin that the request was sent to, as it was written: it was judged so. */
function ownOrigin({ scheme, host }) {
  return `${scheme}://${host}`;
}

function isOrigin(text) {
  return /^https?:/.test(text) && URL.canParse(text) && new URL(text).origin === text;
}

function serviceIn(env, binding) {
  const service = env[binding];
  if (typeof service?.fetch !== "function") throw new TypeError(`no service is bound as \`${binding}\``);
  return (request, init) => service.fetch(request, init);
}
