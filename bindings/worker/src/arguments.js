// What is said of an option that is something else.

/** Throws where a value is no object, or has a member that means nothing: a misspelt one must not be passed over. */
export function checkMembers(value, members, name) {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw wrong(name, "an object", value);
  for (const member of Object.keys(value)) {
    if (!members.includes(member)) throw new TypeError(`${name}.${member} means nothing: ${name} has ${members.join(", ")}`);
  }
}

export function wrong(name, expected, value) {
  const shown = value === undefined ? "absent" : (JSON.stringify(value) ?? typeof value);
  return new TypeError(`${name} must be ${expected}; it is ${shown.slice(0, 200)}`);
}
