// What arguments are, and what is said of one that is something else.

/** Handed to constructors by this package alone. */
export const PRIVATE = Symbol("made by gatelaw alone");

/** Knows an object of the platform also where it comes from another realm. */
export function isA(name, value) {
  return Object.prototype.toString.call(value) === `[object ${name}]`;
}

export function isBytes(value) {
  return value instanceof Uint8Array || isA("Uint8Array", value);
}

export function isBufferSource(value) {
  return ArrayBuffer.isView(value) || isA("ArrayBuffer", value);
}

/** Knows an object with members of its own, not one that the language or the platform gives a meaning. */
export function isObject(value) {
  if (typeof value !== "object" || value === null) return false;
  // As nearly all are; to ask for the tag takes longer.
  return Object.getPrototypeOf(value) === Object.prototype || isA("Object", value);
}

/**
 * Throws where a value is no object, or has a member that is none of a Set: a misspelt one must not be passed over.
 *
 * `seen` remembers from call to call which name of the Set stood where: a program makes such objects in one place, in one order.
 */
export function checkMembers(value, members, name, seen = []) {
  if (!isObject(value)) throw wrong(name, "an object", value);
  let at = 0;
  for (const member in value) {
    if (seen[at] !== member) checkMember(value, member, at, members, name, seen);
    at += 1;
  }
}

function checkMember(value, member, at, members, name, seen) {
  // INVARIANT: what is remembered is in the Set, and there are no more places than it has names.
  if (members.has(member)) {
    if (at < members.size) seen[at] = member;
  } else if (Object.hasOwn(value, member)) {
    throw new TypeError(`${name}.${member} means nothing: ${name} has ${[...members].join(", ")}`);
  }
}

/** Makes the error for an argument of another type. */
export function wrong(name, expected, value) {
  return new TypeError(`${name} must be ${expected}, not ${kindOf(value)}`);
}

function kindOf(value) {
  if (value === null || value === undefined) return `${value}`;
  if (Array.isArray(value)) return "an array";
  const name = typeof value === "object" ? Object.prototype.toString.call(value).slice("[object ".length, -1) : typeof value;
  return `${/^(?!U)[aeiou]/i.test(name) ? "an" : "a"} ${name === "Object" ? "object" : name}`;
}
