// A Worker that passes all on: what any Worker costs.

export default {
  fetch: (request, { ORIGIN }) => ORIGIN.fetch(request),
};
