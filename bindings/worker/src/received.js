// What a Worker knows of a request, in the form that a decision takes.

/**
 * Takes a request apart as it was received. Its URL is split, never parsed: what parses it might repair it.
 * Values of headers stay text: Workers decode them as UTF-8, and what is none has U+FFFD, which is refused.
 */
export function received(request) {
  const [, scheme, host, target] = /^(https?):\/\/([^/?#]*)(.*)$/s.exec(request.url) ?? [];
  if (scheme === undefined) throw new TypeError("the request's URL begins with neither http:// nor https://");
  const headers = [];
  // One call of the platform, where an iterator is two for each line.
  request.headers.forEach((value, name) => headers.push([name, value]));
  return { method: request.method, scheme, host, target, headers };
}

/**
 * Reads the facts from `request.cf`. What is unknown there is left out; what has a wrong type goes on as it is, so that the
 * policy that reads it denies.
 */
export function factsOf(cf) {
  return {
    country: known(cf.country),
    asn: known(cf.asn),
    bot_score: known(cf.botManagement?.score),
    tls_version: tlsVersion(cf.tlsVersion),
    client_cert: clientCert(cf.tlsClientAuth),
  };
}

function known(value) {
  return value ?? undefined;
}

/** Without TLS there is no version. */
function tlsVersion(version) {
  return version === "" || version === "none" ? undefined : known(version);
}

/** Only a certificate that Cloudflare verified, and knows of no revocation of, says who the client is. */
function clientCert(client) {
  const { certPresented, certVerified, certRevoked, certFingerprintSHA256 } = client ?? {};
  const counts = certPresented === "1" && certVerified === "SUCCESS" && certRevoked !== "1";
  return counts ? known(certFingerprintSHA256) : undefined;
}
