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
  // As nearly all are; to ask for the prototype or the tag takes longer.
  return value.constructor === Object || isA("Object", value);
}

/** The members that an object may have. A misspelt one must not be passed over. */
export class Members {
  constructor(name, members) {
    this.name = name;
    this.members = members;
    /**
     * INVARIANT: each is one of the members. They stand where the last object had them: a program makes such objects in one place, in one
     * order.
     */
    this.seen = [...members];
  }

  /** Throws where a value is no object, or has another member of its own. */
  check(value) {
    if (typeof value !== "object" || value === null) throw wrong(this.name, "an object", value);
    const { seen } = this;
    let at = 0;
    for (const member in value) {
      if (seen[at] !== member) this.checkOne(value, member, at);
      at += 1;
    }
    // Most have some, and then need no further look: what the language gives a meaning, such as a Map, has none of these.
    if (at === 0 && !isObject(value)) throw wrong(this.name, "an object", value);
  }

  checkOne(value, member, at) {
    const { name, members, seen } = this;
    if (members.includes(member)) {
      if (at < seen.length) seen[at] = member;
      return;
    }
    if (!isObject(value)) throw wrong(name, "an object", value);
    if (Object.hasOwn(value, member)) throw new TypeError(`${name}.${member} means nothing: ${name} has ${members.join(", ")}`);
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
