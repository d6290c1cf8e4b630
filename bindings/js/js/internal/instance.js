// The border of one instance: bytes in, a call, bytes out. What goes wrong in it by itself is a `Trap`.

import { textOf } from "./text.js";

/** Bytes that are kept for requests, from one to the next, and how many of them come in front of each, for its host. */
const ROOM_BYTES = 16 * 1024;
export const HOST_BYTES = 256;

/** Says that an instance died: it ran into what WebAssembly forbids, or out of memory or stack. It must not be called again. */
export class Trap extends Error {
  constructor(cause) {
    super("the instance of WebAssembly died", { cause });
    this.name = "Trap";
  }
}

export class Instance {
  #exports;
  /** All of the memory, twice; memory that grew has a new buffer, and the old views are empty then. */
  bytes;
  view;
  #ruleNames = new Map();
  /** Where requests are written, where the room for them ends, and how many bytes of it are kept. */
  #room = 0;
  end = 0;
  #roomBytes = 0;
  /** INVARIANT: the text that stands in front of the request, in ASCII; `undefined` where that isn't known. */
  host;

  constructor(module) {
    try {
      // Members of a plain object are found faster.
      this.#exports = { ...module.instantiate().exports };
      this.#look();
    } catch (error) {
      throw error instanceof RangeError || error instanceof WebAssembly.RuntimeError ? new Trap(error) : error;
    }
  }

  /** Makes room for what the next call reads, and says where it is. */
  #input(length) {
    try {
      const at = this.#exports.input(length) >>> 0;
      // The pointer is 0 where no call reads as much.
      if (at === 0) throw new RangeError(`${length} bytes are too many`);
      if (this.bytes.length === 0) this.#look();
      return at;
    } catch (error) {
      throw new Trap(error);
    }
  }

  /** Makes room for a request of so many bytes, which says itself where it ends, behind room for its host. Says where the request is. */
  place(bytes) {
    const all = HOST_BYTES + bytes;
    if (all > this.#roomBytes) {
      const room = Math.max(all, ROOM_BYTES);
      this.#room = this.#input(room) + HOST_BYTES;
      this.end = this.#room + room - HOST_BYTES;
      // A giant's room is given back with the next one.
      this.#roomBytes = all > ROOM_BYTES ? 0 : ROOM_BYTES;
      this.host = undefined;
    } else if (this.bytes.length === 0) this.#look();
    return this.#room;
  }

  /** Has `call` call one of the exports on what was written. Answers what that does, as a number without a sign. */
  ask(call) {
    try {
      return call(this.#exports) >>> 0;
    } catch (error) {
      throw new Trap(error);
    }
  }

  /** Runs one export on what was written; answers whether it says that all is well. */
  run(name) {
    return this.runWith(name);
  }

  /** As `run`, with numbers. */
  runWith(name, ...numbers) {
    try {
      return this.#exports[name](...numbers) === 1;
    } catch (error) {
      throw new Trap(error);
    }
  }

  /** Runs one export on bytes that `write` leaves in the room of `length` bytes, and on numbers. */
  call(name, length, write, ...numbers) {
    const at = this.#input(length);
    // Now the room is of this length; and the call may take it.
    this.#roomBytes = 0;
    write(this.bytes.subarray(at, at + length));
    return this.runWith(name, ...numbers);
  }

  /** Finds the name of a rule. The answer that is being read stays as it is. */
  ruleName(number) {
    let name = this.#ruleNames.get(number);
    if (name === undefined) {
      name = textOf(this.#between(() => this.#exports.rule_name(number), () => this.#exports.rule_name_length(number)));
      this.#ruleNames.set(number, name);
    }
    return name;
  }

  /** Drops a caller that was kept; of an instance that died there is nothing to give back. */
  dropCaller(number) {
    try {
      this.#exports.drop_caller(number);
    } catch {
      // It died before, or now: whoever calls it next will see.
    }
  }

  /** Returns the answer to the last call; a view of the memory, good until the next call. */
  output() {
    return this.#between(() => this.#exports.output(), () => this.#exports.output_length());
  }

  /** Says where the answer to the last call stands in the memory: at `told`, where the call said so. */
  answered(told) {
    try {
      const at = told === 0 ? this.#exports.output() >>> 0 : told;
      if (this.bytes.length === 0) this.#look();
      // An instance that answers nothing at all is broken.
      if (at === 0) throw new RangeError("there is no answer");
      return at;
    } catch (error) {
      throw new Trap(error);
    }
  }

  #between(place, length) {
    try {
      const [at, count] = [place() >>> 0, length() >>> 0];
      if (this.bytes.length === 0) this.#look();
      return this.bytes.subarray(at, at + count);
    } catch (error) {
      throw new Trap(error);
    }
  }

  #look() {
    const { buffer } = this.#exports.memory;
    this.bytes = new Uint8Array(buffer);
    this.view = new DataView(buffer);
  }
}
