// A Worker that judges nothing, and does to a request and its response what any gate has to: it sets a header of each, for which the platform
// has both copied.

export default {
  async fetch(request, { ORIGIN }) {
    const id = crypto.randomUUID();
    const onward = new Request(request.url, request);
    onward.headers.set("x-request-id", id);
    const response = await ORIGIN.fetch(onward, { redirect: "manual" });
    const answer = new Response(response.body, response);
    answer.headers.set("x-request-id", id);
    return answer;
  },
};
