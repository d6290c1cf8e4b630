// Moves the time of a Worker, before gatelaw reads it: `/test-clock?SECONDS`.

const { now } = Date;
let offset_ms = 0;

Date.now = () => now() + offset_ms;

/** Takes a request that moves the time; answers nothing to any other. */
export function movesClock({ url }) {
  const [, offset_s] = /\/test-clock\?(.*)$/.exec(url) ?? [];
  if (offset_s === undefined) return undefined;
  offset_ms = 1000 * Number(offset_s);
  return new Response("ok");
}
