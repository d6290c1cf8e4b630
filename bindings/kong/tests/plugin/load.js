// Asks again and again, to see that nothing fails meanwhile.

import { reasonOf } from "./client.js";

const CLIENTS = 4;

/** Begins to ask, each time over a new connection; what it answers ends that, and says how often which answer came. */
export function load(kong, path, init) {
  let asking = true;
  const answers = new Map();
  const ask = async () => {
    while (asking) {
      let came;
      try {
        came = await reasonOf(kong, path, init);
      } catch (error) {
        came = `failed: ${error.message}`;
      }
      answers.set(came, (answers.get(came) ?? 0) + 1);
    }
  };
  const clients = Array.from({ length: CLIENTS }, ask);
  return async () => {
    asking = false;
    await Promise.all(clients);
    return Object.fromEntries(answers);
  };
}
