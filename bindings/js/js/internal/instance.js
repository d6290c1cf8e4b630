// The border of one instance: bytes in, a call, bytes out. What goes wrong in it by itself is a `Trap`.

/** Says that an instance died: it ran into what WebAssembly forbids, or out of memory or stack. It must not be called again. */
export class Trap extends Error {
  constructor(cause) {
    super("the instance of WebAssembly died", { cause });
    this.name = "Trap";
  }
}

export class Instance {
  #exports;
  #memory;

  constructor(module) {
    try {
      this.#exports = module.instantiate().exports;
      this.#memory = new Uint8Array(this.#exports.memory.buffer);
    } catch (error) {
      throw error instanceof RangeError || error instanceof WebAssembly.RuntimeError ? new Trap(error) : error;
    }
  }

  /** Runs one export on bytes that `write` leaves in the room of `length` bytes, and answers whether it says that all is well. */
  call(name, length, write) {
    try {
      const at = this.#exports.input(length) >>> 0;
      // The pointer is 0 where no call reads as much.
      if (at === 0) throw new RangeError(`${length} bytes are too many`);
      write(this.#bytes(at, length));
      return this.#exports[name]() === 1;
    } catch (error) {
      throw new Trap(error);
    }
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
    try {
      return this.#bytes(this.#exports.output() >>> 0, this.#exports.output_length() >>> 0);
    } catch (error) {
      throw new Trap(error);
    }
  }

  /** Memory that grew has a new buffer; the old view is empty then. */
  #bytes(at, length) {
    if (this.#memory.length === 0) this.#memory = new Uint8Array(this.#exports.memory.buffer);
    return this.#memory.subarray(at, at + length);
  }
}
