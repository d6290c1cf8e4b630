//! `--fetch` against endpoints on this machine: by https with a certificate of an authority made for tests, and by http.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::folder::{Folder, Run};

const KEYS: &str = include_str!("../sessions/verified/keys.json");
const TLS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/program/tls");

/// An endpoint that answers every request with the keys.
struct Endpoint {
    port: u16,
    asked: Arc<AtomicUsize>,
}

impl Endpoint {
    fn new(serve: impl Fn(TcpStream, &str, &AtomicUsize) + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&asked);
        let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{KEYS}", KEYS.len());
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                serve(stream, &answer, &counted);
            }
        });
        Self { port, asked }
    }

    fn plain() -> Self {
        Self::new(answer_to)
    }

    fn secure() -> Self {
        let certificate = std::fs::read(format!("{TLS}/server.der")).unwrap();
        let key = PrivateKeyDer::try_from(std::fs::read(format!("{TLS}/server.key.der")).unwrap()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let config = config.unwrap().with_no_client_auth().with_single_cert(vec![certificate.into()], key);
        let config = Arc::new(config.unwrap());
        Self::new(move |stream, answer, asked| {
            let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
            answer_to(StreamOwned::new(connection, stream), answer, asked);
        })
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

/// Answers a request, if one comes. It is counted before, so that whoever has the answer finds it counted.
fn answer_to(mut stream: impl Read + Write, answer: &str, asked: &AtomicUsize) {
    let mut request = [0; 2_048];
    if matches!(stream.read(&mut request), Ok(1..)) {
        asked.fetch_add(1, Ordering::SeqCst);
        stream.write_all(answer.as_bytes()).and_then(|()| stream.flush()).unwrap();
    }
}

/// A folder with the policy, its issuer's keys at a URL.
fn folder(keys: &str) -> Folder {
    let folder = Folder::new();
    folder.copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sessions/verified"));
    folder.write("policy.gate", folder.read("insecure.gate").replace("http://127.0.0.1:9/keys", keys));
    folder
}

/// Checks the token, whose signature the keys are for.
fn check(folder: &Folder, fetch: &str, roots: Option<&str>) -> Run {
    let arguments =
        ["token", "check", "--policy", "policy.gate", fetch, "--now", "1800000000", "--format", "json", "-"];
    let mut command = folder.command(&arguments);
    command.env_remove("SSL_CERT_DIR").env_remove("SSL_CERT_FILE");
    if let Some(roots) = roots {
        command.env("SSL_CERT_FILE", roots);
    }
    folder.ended(command, folder.read("good.jwt").as_bytes())
}

#[test]
fn keys_are_fetched_by_https_from_whom_the_machine_trusts() {
    let endpoint = Endpoint::secure();
    let folder = folder(&format!("https://localhost:{}/keys", endpoint.port));
    let run = check(&folder, "--fetch", Some(&format!("{TLS}/ca.pem")));
    assert!(run.stdout.contains(r#""accepted":true"#), "{}{}", run.stdout, run.stderr);
    assert_eq!((run.exit, endpoint.asked()), (0, 1));
    // The same endpoint, of an authority that nobody trusts.
    let run = check(&folder, "--fetch", None);
    assert!(run.stdout.contains(r#""code":"keys_unavailable""#), "{}", run.stdout);
    assert!(run.stderr.contains(r#""code":"fetch:unreachable""#), "{}", run.stderr);
    assert_eq!((run.exit, endpoint.asked()), (1, 1));
}

#[test]
fn a_certificate_of_another_name_is_refused() {
    let endpoint = Endpoint::secure();
    let folder = folder(&format!("https://127.0.0.2:{}/keys", endpoint.port));
    let run = check(&folder, "--fetch", Some(&format!("{TLS}/ca.pem")));
    assert!(run.stderr.contains(r#""code":"fetch:unreachable""#), "{}", run.stderr);
    assert_eq!((run.exit, endpoint.asked()), (1, 0));
}

#[test]
fn keys_on_this_machine_are_fetched_by_http_where_that_is_asked_for() {
    let endpoint = Endpoint::plain();
    let folder = folder(&format!("http://127.0.0.1:{}/keys", endpoint.port));
    let run = check(&folder, "--fetch", None);
    assert!(run.stderr.contains(r#""code":"fetch:insecure""#), "{}", run.stderr);
    assert_eq!((run.exit, endpoint.asked()), (1, 0));
    let run = check(&folder, "--fetch=loopback", None);
    assert!(run.stdout.contains(r#""accepted":true"#), "{}{}", run.stdout, run.stderr);
    assert_eq!((run.exit, endpoint.asked()), (0, 1));
}

#[test]
fn requests_of_any_times_fetch_once() {
    let endpoint = Endpoint::plain();
    let folder = folder(&format!("http://127.0.0.1:{}/keys", endpoint.port));
    let request = folder.read("requests.jsonl").lines().next().unwrap().to_owned();
    let good = folder.read("good.jwt");
    // Of a key that is not in the set, at times when a gate would look for it anew.
    let unknown = include_str!("../sessions/token/unknown_kid.jwt");
    let lines: String = [(good.as_str(), 0), (unknown, 100), (unknown, 200), (good.as_str(), 300)]
        .map(|(token, later)| {
            let line = request.replace(good.trim(), token.trim());
            line.replacen('{', &format!(r#"{{"now":{},"#, 1_800_000_000 + later), 1) + "\n"
        })
        .concat();
    let arguments = ["decide", "--policy", "policy.gate", "--fetch=loopback", "--format", "text"];
    let run = folder.run_with(&arguments, lines.as_bytes());
    let counts = ["allow 200 by `orders.read`", "`token:key`"].map(|text| run.stdout.matches(text).count());
    assert_eq!(counts, [2, 2], "{}{}", run.stdout, run.stderr);
    assert_eq!(endpoint.asked(), 1);
}
