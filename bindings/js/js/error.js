/**
 * Says what went wrong: `code` names the kind, for programs; `message` tells a person. `at` names the argument at fault, where
 * there is one; `diagnostics` and `text` come from the compiler.
 */
export class GatelawError extends Error {
  constructor(code, message, more = {}) {
    super(message, more.cause === undefined ? undefined : { cause: more.cause });
    this.name = "GatelawError";
    this.code = code;
    for (const member of ["at", "diagnostics", "text", "span"]) {
      if (more[member] !== undefined) this[member] = more[member];
    }
  }
}
