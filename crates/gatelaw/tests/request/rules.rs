//! Each rule of the canonical request by example, and the order in which codes are looked for.

use gatelaw::limits::{
    HEADER_BYTES_MAX, HEADER_LINES_MAX, MATCHED_VALUE_BYTES_MAX, PATH_BYTES_MAX, QUERY_BYTES_MAX,
    QUERY_PAIRS_MAX, SEGMENT_BYTES_MAX, SEGMENTS_MAX,
};
use gatelaw::needs::{FactNeeds, Named, Needs, PathParams, Relaxations};
use gatelaw::request::{Canonical, Fact, Facts, RefusalCode, TokenSource};

use super::{Ask, decoded_path, named};

const STRICT: Relaxations = Relaxations {
    encoded_slash: false,
    encoded_delims: false,
    path_params: PathParams::Refuse,
    empty_segments: false,
    case_fold: false,
};
const SLASH: Relaxations = Relaxations { encoded_slash: true, ..STRICT };
const DELIMS: Relaxations = Relaxations { encoded_delims: true, ..STRICT };
const STRIP: Relaxations = Relaxations { path_params: PathParams::Strip, ..STRICT };
const KEEP: Relaxations = Relaxations { path_params: PathParams::Keep, ..STRICT };
const MERGE: Relaxations = Relaxations { empty_segments: true, ..STRICT };

/// Checks the code that a request is refused with; `ok` where it is accepted.
#[track_caller]
fn check(ask: &Ask, expected: &str) {
    let found = ask.read().map_or_else(|code| code, |_| "ok".into());
    assert_eq!(found, expected);
}

/// Checks what a target is matched on and forwarded as, or its code.
#[track_caller]
fn check_target(relaxations: Relaxations, target: &str, expected: Result<(&str, &str), &str>) {
    let found = Ask { relaxations, ..Ask::get(target) }.read();
    let found = found.as_ref().map(|c| (decoded_path(c), c.target())).map_err(String::as_str);
    let expected = expected.map(|(path, written)| (path.to_owned(), written));
    assert_eq!(found, expected, "{target}");
}

/// Checks the reading of a target with escaped slashes as separators; `None` where it has no second reading.
#[track_caller]
fn check_split(relaxations: Relaxations, target: &str, expected: Option<&[&str]>) {
    let found = Ask { relaxations, ..Ask::get(target) }.read().unwrap();
    let split: Vec<_> = (0..found.split_count()).map(|k| found.split_segment(k).unwrap()).collect();
    assert_eq!(found.has_split().then_some(split.as_slice()), expected, "{target}");
}

#[test]
fn what_is_written_back_is_what_was_judged() {
    check_target(STRICT, "/%61%2D%2e%5f%7e/%c3%a9", Ok(("/a-._~/é", "/a-._~/%C3%A9")));
    check_target(STRICT, "/a+b%2bc", Ok(("/a+b+c", "/a+b%2Bc")));
    check_target(STRICT, "/a'%27", Ok(("/a''", "/a'%27")));
    check_target(STRICT, "/a?x='1'&y=%27%2f%7e", Ok(("/a", "/a?x=%271%27&y=%27%2f%7e")));
    check_target(STRICT, "/a?", Ok(("/a", "/a?")));
    check_target(STRICT, "/?a?b", Ok(("/", "/?a?b")));
    check_target(STRICT, "/a?%zz[]|^`{}", Ok(("/a", "/a?%zz[]|^`{}")));
    for bad in ["/a?\"", "/a?x=<", "/a?x=>"] {
        check_target(STRICT, bad, Err("raw-illegal"));
    }
}

#[test]
fn the_first_byte_at_fault_names_the_code() {
    check_target(STRICT, "/%2f%00", Err("pct-slash"));
    check_target(STRICT, "/%00%2f", Err("pct-ctl"));
    check_target(STRICT, "/|%2f", Err("raw-illegal"));
    check_target(STRICT, "/%ff%2f", Err("pct-slash"));
    check_target(STRICT, "/%ff;..", Err("bad-utf8"));
    check_target(STRICT, "/..;%20", Err("dot-segment"));
    check_target(STRICT, "/%20;", Err("path-param"));
    check_target(STRICT, "//%20", Err("edge-space"));
    check_target(STRICT, "/a/../%2f", Err("dot-segment"));
    check_target(STRICT, "/%7f", Err("pct-ctl"));
    check_target(STRICT, "/%3F", Err("pct-delim"));
    check_target(STRICT, "/%g0", Err("bad-pct"));
    check_target(STRICT, "/%+5", Err("bad-pct"));
}

#[test]
fn spaces_at_the_ends_of_a_segment_are_refused() {
    for bad in ["/%20", "/%20a", "/a%20", "/a%20.", "/a%20..", "/a/b%20/c", "/%20.%20", "/a.%20"] {
        check_target(STRICT, bad, Err("edge-space"));
    }
    check_target(STRICT, "/a%20b", Ok(("/a b", "/a%20b")));
    check_target(STRICT, "/.%20a", Ok(("/. a", "/.%20a")));
    check_target(STRICT, "/%C2%A0", Ok(("/\u{a0}", "/%C2%A0")));
}

#[test]
fn limits_are_exact() {
    let segments = |count: usize| "/a".repeat(count);
    let path = |bytes: usize| {
        format!("/{}", ["a".repeat(511), "b".repeat(511)].join("/").repeat(9)).split_at(bytes).0.to_owned()
    };
    let query = |text: &str, bytes: usize| format!("/a?{}", text.repeat(bytes));
    let pairs = |count: usize| format!("/a?{}", "a=1&".repeat(count));
    for (target, ok) in [
        (segments(SEGMENTS_MAX), true),
        (segments(SEGMENTS_MAX) + "/", true),
        (segments(SEGMENTS_MAX + 1), false),
        (format!("/{}", "a".repeat(SEGMENT_BYTES_MAX)), true),
        (format!("/{}", "a".repeat(SEGMENT_BYTES_MAX + 1)), false),
        (path(PATH_BYTES_MAX), true),
        (path(PATH_BYTES_MAX + 1), false),
        (query("a", QUERY_BYTES_MAX), true),
        (query("a", QUERY_BYTES_MAX + 1), false),
        // Each is forwarded as three bytes.
        (query("'", QUERY_BYTES_MAX / 3), true),
        (query("'", QUERY_BYTES_MAX / 3 + 1), false),
        (pairs(QUERY_PAIRS_MAX), true),
        (pairs(QUERY_PAIRS_MAX) + "a", false),
    ] {
        check(&Ask::get(&target), if ok { "ok" } else { "limits" });
    }
    let merged = |count: usize| Ask { relaxations: MERGE, ..Ask::get(&segments(count).replace('/', "///")) };
    check(&merged(SEGMENTS_MAX), "ok");
    check(&merged(SEGMENTS_MAX + 1), "limits");
    let split = |count: usize| Ask { relaxations: SLASH, ..Ask::get(&format!("/a{}", "%2fa".repeat(count))) };
    check(&split(SEGMENTS_MAX - 1), "ok");
    check(&split(SEGMENTS_MAX), "limits");
    // Only an escaped slash may separate.
    let letters = format!("/{}", "%61".repeat(SEGMENTS_MAX + 1));
    check(&Ask { relaxations: SLASH, ..Ask::get(&letters) }, "ok");
    check(&Ask::get(&"/".repeat(SEGMENTS_MAX + 1)), "empty-segment");
    check(&Ask::get(&"/".repeat(SEGMENTS_MAX + 2)), "limits");
}

#[test]
fn encoded_slash_keep_makes_a_slash_data_and_a_second_reading() {
    check_target(SLASH, "/a%2fb/c", Ok(("/a/b/c", "/a%2Fb/c")));
    check_split(SLASH, "/a%2fb/c", Some(&["a", "b", "c"]));
    check_split(SLASH, "/a/b", None);
    let found = Ask { relaxations: SLASH, ..Ask::get("/a%2fb/c") }.read().unwrap();
    assert_eq!((found.segment(0), found.segment(1), found.segment(2)), (Some("a/b"), Some("c"), None));
    for bad in ["/%2f", "/%2fa", "/a%2f", "/a%2F%2fb", "/x/%2f"] {
        check_target(SLASH, bad, Err("empty-segment"));
        check_target(Relaxations { empty_segments: true, ..SLASH }, bad, Err("empty-segment"));
    }
    for bad in ["/..%2fa", "/a%2f.", "/a%2f%2e%2e%2fb", "/a%2F..%2F"] {
        check_target(SLASH, bad, Err("dot-segment"));
    }
    check_target(SLASH, "/a%20%2fb", Err("edge-space"));
    check_target(SLASH, "/a%252fb", Err("pct-pct"));
    check_target(SLASH, "/a%2fb;x", Err("path-param"));
    check_target(SLASH, "/a%5cb", Err("pct-backslash"));
}

#[test]
fn encoded_delims_keep_makes_delimiters_data() {
    check_target(DELIMS, "/50%25", Ok(("/50%", "/50%25")));
    check_target(DELIMS, "/a%3bb%3fc%23d", Ok(("/a;b?c#d", "/a%3Bb%3Fc%23d")));
    check_target(DELIMS, "/%25g0", Ok(("/%g0", "/%25g0")));
    check_target(DELIMS, "/%252", Ok(("/%2", "/%252")));
    for bad in ["/%2541", "/a%25%34%31", "/%254%31", "/a%252fb", "/%25%32%35"] {
        check_target(DELIMS, bad, Err("pct-pct"));
    }
    check_target(DELIMS, "/%2", Err("bad-pct"));
    check_target(DELIMS, "/a%2fb", Err("pct-slash"));
    check_target(DELIMS, "/a;b", Err("path-param"));
    check_target(DELIMS, "/..%3bx", Err("dot-segment"));
    check_target(DELIMS, "/%3bx", Ok(("/;x", "/%3Bx")));
}

#[test]
fn path_params_are_matched_without_and_forwarded_as_told() {
    check_target(STRIP, "/a;x=1/b;c?q", Ok(("/a/b", "/a/b?q")));
    check_target(KEEP, "/a;x=%7e/b;c?q", Ok(("/a/b", "/a;x=~/b;c?q")));
    for relaxations in [STRIP, KEEP] {
        check_target(relaxations, "/;/admin", Err("path-param"));
        check_target(relaxations, "/a/;x", Err("path-param"));
        check_target(relaxations, "/..;/b", Err("dot-segment"));
        check_target(relaxations, "/%2e;x/b", Err("dot-segment"));
        check_target(relaxations, "/a%20;x", Err("edge-space"));
        check_target(relaxations, "/a%3bx", Err("pct-semicolon"));
        check_target(relaxations, "/a;%ff", Err("bad-utf8"));
        check_target(relaxations, "/a;|", Err("raw-illegal"));
        check_target(relaxations, "/a;x//", Err("empty-segment"));
    }
    let both = Relaxations { encoded_delims: true, ..STRIP };
    check_target(both, "/%3Bx;y", Ok(("/;x", "/%3Bx")));
    check_target(both, "/a%3bb;c", Ok(("/a;b", "/a%3Bb")));
}

#[test]
fn path_params_and_encoded_slashes_together() {
    let keep = Relaxations { encoded_slash: true, ..KEEP };
    let strip = Relaxations { encoded_slash: true, ..STRIP };
    check_target(keep, "/a;x%2fb/c", Ok(("/a/c", "/a;x%2Fb/c")));
    // An upstream that decodes the slash sees `/a;x/b/c`.
    check_split(keep, "/a;x%2fb/c", Some(&["a", "b", "c"]));
    check_split(keep, "/a%2fb;x/c", Some(&["a", "b", "c"]));
    check_split(keep, "/a;x%2fb;y", Some(&["a", "b"]));
    check_target(strip, "/a;x%2fb/c", Ok(("/a/c", "/a/c")));
    check_split(strip, "/a;x%2fb/c", None);
    check_target(strip, "/a%2fb;x/c", Ok(("/a/b/c", "/a%2Fb/c")));
    check_split(strip, "/a%2fb;x%2fy/c", Some(&["a", "b", "c"]));
    for bad in ["/a%2f;x", "/;x%2fb"] {
        check_target(keep, bad, Err("path-param"));
        check_target(strip, bad, Err("path-param"));
    }
    for bad in ["/a;x%2f..", "/a;x%2f..;y", "/..;%2fb"] {
        check_target(keep, bad, Err("dot-segment"));
    }
}

#[test]
fn empty_segments_merge() {
    check_target(MERGE, "//a///b//", Ok(("/a/b/", "/a/b/")));
    check_target(MERGE, "///", Ok(("/", "/")));
    check_target(MERGE, "//..", Err("dot-segment"));
    check_target(STRICT, "/a//", Err("empty-segment"));
}

#[test]
fn the_root_has_no_segments_and_a_trailing_slash() {
    for (target, count, slash) in [("/", 0, true), ("/a", 1, false), ("/a/", 1, true), ("/?x", 0, true)] {
        let found = Ask::get(target).read().unwrap();
        assert_eq!((found.segment_count(), found.trailing_slash()), (count, slash), "{target}");
    }
}

#[test]
fn a_host_line_must_name_the_host() {
    let host = |lines: &[&str]| lines.iter().fold(Ask::get("/"), |ask, line| ask.header("Host", line));
    check(&host(&[]), "ok");
    check(&host(&["API.example:443"]), "ok");
    check(&host(&[" api.example "]), "ok");
    check(&host(&["other.example"]), "host");
    check(&host(&[""]), "host");
    check(&host(&["api.example."]), "host");
    check(&host(&["api.example", "api.example"]), "header-repeated:host");
    check(&host(&["api.example, api.example"]), "header-repeated:host");
}

#[test]
fn header_names_are_tokens_and_limits_are_exact() {
    for bad in ["", " ", "x role", "x-role ", "x:role", ":path", "x-r\u{f6}le", "x\0", "x/y", "x\u{7f}"] {
        check(&Ask::get("/").header(bad, "1"), "header-name");
    }
    check(&Ask::get("/").header("x!#$%&'*+.^_`|~9", "1"), "ok");
    let lines = |count: usize| (0..count).fold(Ask::get("/"), |ask, k| ask.header(format!("x-{k}"), "1"));
    check(&lines(HEADER_LINES_MAX), "ok");
    check(&lines(HEADER_LINES_MAX + 1), "header-limits");
    check(&Ask::get("/").header("x", "1".repeat(HEADER_BYTES_MAX - 1)), "ok");
    check(&Ask::get("/").header("x", "1".repeat(HEADER_BYTES_MAX)), "header-limits");
    check(&Ask { headers_cut: true, ..Ask::get("/") }, "header-limits");
}

#[test]
fn headers_with_one_value_come_once() {
    for name in ["authorization", "traceparent", "content-length", "txn-token"] {
        let refused = format!("header-repeated:{name}");
        check(&Ask::get("/").header(name, "1").header(name.to_uppercase(), "1"), &refused);
        check(&Ask::get("/").header(name, "Basic a,b"), &refused);
    }
    let repeated =
        Ask::get("/").header("traceparent", "1,2").header("authorization", "A").header("authorization", "B");
    check(&repeated, "header-repeated:authorization");
    check(&Ask::get("/").reads(&["x-role"]).header("x-role", "a").header("x-role", "a"), "ok");
}

#[test]
fn commas_in_authorization_stand_between_parameters_only() {
    let check = |value: &str, expected: &str| check(&Ask::get("/").header("authorization", value), expected);
    for good in [
        "Bearer a.b.c",
        "Basic YWJjZA==",
        "Digest username=\"x\", realm=\"y\",nc=1",
        "AWS4-HMAC-SHA256 Credential=AKID/20260101/eu/s3/aws4_request, SignedHeaders=host;range, Signature=ab",
        "",
    ] {
        check(good, "ok");
    }
    for bad in [
        "Bearer a, Bearer b",
        "bearer a,",
        "Bearer,",
        "Bearer a, b=c",
        "Basic YWJjZA==, Bearer b",
        "Basic YWJj, a=b",
        "Basic YWI=, a=b",
        "Digest a=b, Bearer c",
        "Digest a=b, Bearer =c",
        "Digest a=b, Bearer",
        "Digest a=b,, c=d",
        "Digest=x a=b, c=d",
        "Digest, Bearer b",
        "Digest a=\"x, Bearer y\"",
        ", Bearer b",
    ] {
        check(bad, "header-repeated:authorization");
    }
}

#[test]
fn values_that_are_read_are_text() {
    let role = |value: &[u8]| Ask::get("/").reads(&["x-role"]).header("X-Role", value);
    for good in [&b" admin\t"[..], b"a\tb", "é".as_bytes(), b""] {
        check(&role(good), "ok");
    }
    for bad in
        [&b"a\0b"[..], b"a\x01", b"a\nb", b"\x0badmin", b"a\x7f", b"\xe9", b"\xc0\xaf", "\u{fffd}".as_bytes()]
    {
        check(&role(bad), "header-value:x-role");
        check(&Ask::get("/").header("x-role", bad), "ok");
        for judged in ["transfer-encoding", "connection", "authorization"] {
            check(&Ask::get("/").header(judged, bad), &format!("header-value:{judged}"));
        }
    }
}

#[test]
fn other_spellings_of_a_header_that_is_read_are_refused() {
    let ask =
        Ask { needs: Needs { token_headers: vec!["x-jwt".into()], ..Needs::default() }, ..Ask::get("/") };
    let ask = ask.reads(&["x-role", "x-tenant"]);
    check(&ask.clone().header("X-Role", "1"), "ok");
    check(&ask.clone().header("X_Role", "1"), "header-alias:x_role");
    check(&ask.clone().header("x-role", "1").header("x.role", "1"), "header-alias:x.role");
    check(&ask.clone().header("x_tenant", "1").header("x_role", "1"), "header-alias:x_role");
    check(&ask.clone().header("x_jwt", "1"), "header-alias:x_jwt");
    check(&ask.clone().header("x_other", "1"), "ok");
    let mut sized = ask.header("content_length", "1");
    check(&sized, "ok");
    sized.needs.facts.size = true;
    check(&sized, "header-alias:content_length");
}

#[test]
fn connection_may_name_no_header_that_matters() {
    let mut ask = Ask::get("/").reads(&["x-role"]);
    ask.needs.sets = vec!["x-user-id".into()];
    let check = |value: &str, expected: &str| {
        check(&ask.clone().header("Connection", value), expected);
        check(&ask.clone().header("Connection", "close").header("connection", value), expected);
        check(&ask.clone().header("proxy-connection", value), expected);
    };
    check("close, Upgrade, keep-alive, TE", "ok");
    check("x-forwarded-for", "ok");
    check("close,X_Role", "hop-by-hop:x_role");
    check("X-User.ID", "hop-by-hop:x-user.id");
    check("authorization", "hop-by-hop:authorization");
    check("x-consumer-name, x-auth-request-user", "hop-by-hop:x-auth-request-user");
    check("Txn-Token", "hop-by-hop:txn-token");
    check("x-gatelaw-signature", "hop-by-hop:x-gatelaw-signature");
    check("cookie", "ok");
}

#[test]
fn header_sets_are_split_at_every_comma() {
    let role = |lines: &[&str]| {
        let ask =
            lines.iter().fold(Ask::get("/").reads(&["a", "x-role", "z"]), |ask, l| ask.header("X-Role", l));
        ask.header("z", "last").header("a", "first").read().unwrap()
    };
    let view = |c: &Canonical| -> (Vec<String>, Option<String>, Option<String>) {
        let own = |text: Option<&str>| text.map(str::to_owned);
        (c.header(1).map(str::to_owned).collect(), own(c.header_line(1)), own(c.header_only(1)))
    };
    let check = |lines: &[&str], set: &[&str], line: Option<&str>, only: Option<&str>| {
        let set: Vec<_> = set.iter().map(|s| (*s).to_owned()).collect();
        assert_eq!(view(&role(lines)), (set, line.map(str::to_owned), only.map(str::to_owned)), "{lines:?}");
        assert_eq!(role(lines).header_line(0), Some("first"));
        assert_eq!(role(lines).header_line(2), Some("last"));
    };
    check(&[], &[], None, None);
    check(&["admin"], &["admin"], Some("admin"), Some("admin"));
    check(&[""], &[], Some(""), None);
    check(&["user,admin"], &["user", "admin"], Some("user,admin"), None);
    check(&["user", " admin "], &["user", "admin"], Some("user, admin"), None);
    check(&["\"a,b\""], &["\"a", "b\""], Some("\"a,b\""), None);
    check(&["a,,a,"], &["a", "a"], Some("a,,a,"), None);
    // One value and an empty line: it doesn't occur exactly once.
    check(&["a", ""], &["a"], Some("a,"), None);
    check(&["", "a"], &["a"], Some(", a"), None);
    check(&["", ""], &[], Some(","), None);
}

#[test]
fn cookies_stand_in_one_line() {
    let mut ask = Ask::get("/");
    ask.needs.cookies = named(&["role", "session"]);
    check(&ask.clone().header("cookie", "role=a").header("Cookie", "x=1"), "cookie");
    for bad in ["role=a, x=1", "x=\u{1}", "x=a\tb", "x=\u{7f}", "x=\u{fffd}", "role=a b", "session=é"] {
        check(&ask.clone().header("cookie", bad), "cookie");
        check(&Ask::get("/").header("cookie", bad).header("cookie", bad), "ok");
    }
    check(&ask.clone().header("cookie", b"x=\xff"), "cookie");
    let found = ask.header("cookie", "role=a; session=1; role=b; other=a b").read().unwrap();
    assert_eq!(found.cookie(0).collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!((found.cookie_only(0), found.cookie_only(1)), (None, Some("1")));
}

#[test]
fn a_token_comes_from_one_place() {
    let mut ask = Ask::get("/");
    ask.needs.tokens = true;
    ask.needs.token_headers = vec!["x-jwt".into()];
    ask.needs.token_cookies = vec!["session".into()];
    let token = |ask: Ask| ask.read().map(|c| c.token().map(|t| (t.source, t.value.to_owned())));
    let some = |source, value: &str| Ok(Some((source, value.to_owned())));
    assert_eq!(token(ask.clone()), Ok(None));
    for value in ["Bearer a.b.c", "bearer  a.b.c ", "BEARER\ta.b.c"] {
        assert_eq!(
            token(ask.clone().header("authorization", value)),
            some(TokenSource::Authorization, "a.b.c")
        );
    }
    assert_eq!(token(ask.clone().header("authorization", "Bearer")), some(TokenSource::Authorization, ""));
    // Servers that cut off a prefix, or split at any white space, would find a token in these.
    for value in [
        "BearerA",
        "Bearer:a",
        "bearer=a.b.c",
        "Bearer\u{a0}a.b.c",
        "Bearer\u{2003} a.b.c",
        "\u{a0}Bearer a.b.c",
        "\u{feff} Bearer a.b.c",
    ] {
        assert_eq!(
            token(ask.clone().header("authorization", value)),
            some(TokenSource::Authorization, ""),
            "{value}"
        );
    }
    for value in ["Basic a", "Beare r", "Bear", "Token Bearer a", "\u{a0}Basic a", "béarer a", ""] {
        assert_eq!(token(ask.clone().header("authorization", value)), Ok(None), "{value}");
    }
    assert_eq!(token(ask.clone().header("X-Jwt", " t ")), some(TokenSource::Header(0), "t"));
    assert_eq!(token(ask.clone().header("x-jwt", "")), some(TokenSource::Header(0), ""));
    assert_eq!(token(ask.clone().header("cookie", "a=b; session=t")), some(TokenSource::Cookie(0), "t"));
    let bearer = ask.clone().header("authorization", "Bearer t");
    for two in [
        bearer.clone().header("cookie", "session=t"),
        bearer.clone().header("x-jwt", "t"),
        ask.clone().header("x-jwt", "t").header("cookie", "session="),
        ask.clone().header("cookie", "session=t; session=t"),
    ] {
        check(&two, "two-tokens");
        let ignored = Ask { tokens_ignored: true, ..two };
        assert_eq!(token(ignored), Ok(None));
    }
    check(&ask.clone().header("authorization", "Basic t").header("x-jwt", "t"), "ok");
    check(&ask.clone().header("x-jwt", "t").header("x-jwt", "t"), "header-repeated:x-jwt");
    check(&ask.header("x-jwt", "t,t"), "header-repeated:x-jwt");
    // A policy without issuers can't verify it, and doesn't take it for none.
    let open = Ask::get("/").header("authorization", "Bearer t");
    assert_eq!(token(open), some(TokenSource::Authorization, "t"));
}

#[test]
fn values_that_are_matched_have_a_limit() {
    let matched = |name: &str| vec![Named { name: name.into(), matched: true }];
    let long = |bytes: usize| "a".repeat(bytes);
    let header = |bytes: usize| {
        let mut ask = Ask::get("/").header("x-role", long(bytes));
        ask.needs.headers = matched("x-role");
        ask
    };
    let query = |bytes: usize| {
        let mut ask = Ask::get(&format!("/?role={}", long(bytes)));
        ask.needs.query = matched("role");
        ask
    };
    let cookie = |bytes: usize| {
        let mut ask = Ask::get("/").header("cookie", format!("role={}", long(bytes)));
        ask.needs.cookies = matched("role");
        ask
    };
    for (ask, code) in [
        (&header as &dyn Fn(usize) -> Ask, "value-limits:x-role"),
        (&query, "value-limits"),
        (&cookie, "value-limits"),
    ] {
        check(&ask(MATCHED_VALUE_BYTES_MAX), "ok");
        check(&ask(MATCHED_VALUE_BYTES_MAX + 1), code);
    }
    check(&Ask::get("/").reads(&["x-role"]).header("x-role", long(MATCHED_VALUE_BYTES_MAX + 1)), "ok");
}

#[test]
fn facts_have_one_form() {
    let all = FactNeeds {
        country: true,
        asn: true,
        bot_score: true,
        tls_version: true,
        client_cert: true,
        size: true,
        tls_version_matched: false,
    };
    let read = |facts: Facts<'static>, reads: FactNeeds| {
        let mut ask = Ask { facts, ..Ask::get("/") };
        ask.needs.facts = reads;
        ask.read().unwrap()
    };
    let country = |c| Facts { country: Fact::Present(c), ..Facts::default() };
    assert_eq!(read(country("DE"), all).country(), Some("DE"));
    assert_eq!(read(country("T1"), all).country(), Some("T1"));
    assert_eq!((read(country("XX"), all).country(), read(country("XX"), all).wrong_fact()), (None, None));
    for bad in ["de", "D", "DEU", "", "T2", "Ä"] {
        assert_eq!(read(country(bad), all).wrong_fact(), Some("country"), "{bad}");
        assert_eq!(read(country(bad), FactNeeds::default()).wrong_fact(), None);
        assert_eq!(read(country(bad), FactNeeds::default()).country(), None);
    }
    for (good, bad, fact) in [
        (4_294_967_295, 4_294_967_296, "asn"),
        (0, -1, "asn"),
        (100, 101, "bot_score"),
        (0, -1, "bot_score"),
        (0, -1, "size"),
        (i64::MAX, i64::MIN, "size"),
    ] {
        let facts = |value| match fact {
            "asn" => Facts { asn: Fact::Present(value), ..Facts::default() },
            "bot_score" => Facts { bot_score: Fact::Present(value), ..Facts::default() },
            _ => Facts { size: Fact::Present(value), ..Facts::default() },
        };
        let found = read(facts(good), all);
        assert_eq!(found.asn().or(found.bot_score()).or(found.size()), Some(good));
        assert_eq!(read(facts(bad), all).wrong_fact(), Some(fact));
    }
    let tls = |v| Facts { tls_version: Fact::Present(v), ..Facts::default() };
    assert_eq!(read(tls("TLSv1.3"), all).tls_version(), Some("TLSv1.3"));
    for bad in ["", "é", "a\n"] {
        assert_eq!(read(tls(bad), all).wrong_fact(), Some("tls_version"));
    }
    let cert = |v| Facts { client_cert: Fact::Present(v), ..Facts::default() };
    let hex = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    assert_eq!(read(cert(hex), all).client_cert(), Some(hex));
    for bad in ["", &hex[1..], "0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef"] {
        assert_eq!(read(cert(bad), all).wrong_fact(), Some("client_cert"));
    }
}

#[test]
fn the_first_wrong_fact_is_named() {
    let wrong = Facts {
        country: Fact::Wrong,
        asn: Fact::Wrong,
        bot_score: Fact::Wrong,
        tls_version: Fact::Wrong,
        client_cert: Fact::Wrong,
        size: Fact::Wrong,
    };
    let mut ask = Ask { facts: wrong, ..Ask::get("/") };
    assert_eq!(ask.read().unwrap().wrong_fact(), None);
    #[expect(clippy::type_complexity, reason = "a table reads best with its type in sight")]
    let reads: [(&str, fn(&mut Needs)); 7] = [
        ("size", |n| n.facts.size = true),
        ("client_cert", |n| n.facts.client_cert = true),
        ("tls_version", |n| n.facts.tls_version = true),
        ("bot_score", |n| n.facts.bot_score = true),
        ("asn", |n| n.facts.asn = true),
        ("country", |n| n.facts.country = true),
        ("ip", |n| n.ip = true),
    ];
    for (name, read) in reads {
        read(&mut ask.needs);
        assert_eq!(ask.read().unwrap().wrong_fact(), Some(name));
    }
    ask.ip = Some("::ffff:192.0.2.1".parse().unwrap());
    let found = ask.read().unwrap();
    assert_eq!(found.wrong_fact(), Some("country"));
    assert_eq!(found.ip(), Some("192.0.2.1".parse().unwrap()));
}

#[test]
fn the_size_is_the_fact_or_the_header() {
    let size = |fact, header: &str| {
        let mut ask = Ask::get("/").header("Content-Length", header);
        ask.facts.size = fact;
        ask.needs.facts.size = true;
        ask.read().map(|c| c.size())
    };
    assert_eq!(size(Fact::Absent, " 007 "), Ok(Some(7)));
    assert_eq!(size(Fact::Present(3), "7"), Ok(Some(3)));
    for bad in ["", "+1", "-1", "1.0", "0x1", "1 2", "9223372036854775808"] {
        assert_eq!(size(Fact::Present(3), bad), Err("header-value:content-length".into()), "{bad}");
        check(&Ask::get("/").header("content-length", bad), "ok");
    }
    let mut ask = Ask::get("/");
    ask.needs.facts.size = true;
    assert_eq!(ask.read().unwrap().size(), None);
}

/// One fault for each code, which no other fault hides.
#[expect(clippy::type_complexity, reason = "a table reads best with its type in sight")]
const FAULTS: &[(RefusalCode, fn(&mut Ask))] = &[
    (RefusalCode::Host, |ask| ask.host = b"a..b".to_vec()),
    (RefusalCode::Method, |ask| ask.method = b"get".to_vec()),
    (RefusalCode::NotOriginForm, |ask| ask.target[0] = b'*'),
    (RefusalCode::RawHash, |ask| ask.target.push(b'#')),
    (RefusalCode::CtlOrNonascii, |ask| ask.target.push(b' ')),
    (RefusalCode::Backslash, |ask| ask.target.push(b'\\')),
    (RefusalCode::Limits, |ask| prepend(ask, &format!("/{}", "a".repeat(1025)))),
    (RefusalCode::BadPct, |ask| prepend(ask, "/%zz")),
    (RefusalCode::BadUtf8, |ask| prepend(ask, "/%ff")),
    (RefusalCode::DotSegment, |ask| prepend(ask, "/..")),
    (RefusalCode::PathParam, |ask| prepend(ask, "/;")),
    (RefusalCode::EdgeSpace, |ask| prepend(ask, "/%20")),
    (RefusalCode::EmptySegment, |ask| prepend(ask, "/")),
    (RefusalCode::HeaderName, |ask| push(ask, "", "")),
    (RefusalCode::HeaderLimits, |ask| ask.headers_cut = true),
    (RefusalCode::HeaderRepeated, |ask| push(ask, "traceparent", ",")),
    (RefusalCode::HeaderValue, |ask| push(ask, "x-role", "\u{1}")),
    (RefusalCode::HeaderAlias, |ask| push(ask, "x_role", "")),
    (RefusalCode::HopByHop, |ask| push(ask, "connection", "x-role")),
    (RefusalCode::Cookie, |ask| push(ask, "cookie", ",")),
    (RefusalCode::Query, |ask| ask.target.extend(b"?role=%")),
    (RefusalCode::ClientIp, |ask| ask.ip_unreadable = true),
    (RefusalCode::TwoTokens, |ask| {
        push(ask, "authorization", "Bearer a");
        push(ask, "x-jwt", "a");
    }),
    (RefusalCode::ValueLimits, |ask| push(ask, "x-long", &"a".repeat(MATCHED_VALUE_BYTES_MAX + 1))),
];

fn prepend(ask: &mut Ask, path: &str) {
    // Behind a first segment, so that the target stays in origin form for the faults that follow.
    let at = ask.target.iter().skip(1).position(|b| *b == b'/').map_or(ask.target.len(), |at| at + 1);
    ask.target.splice(at..at, path.bytes());
}

fn push(ask: &mut Ask, name: &str, value: &str) {
    ask.headers.push((name.into(), value.into()));
}

#[test]
fn of_two_faults_the_first_in_order_is_named() {
    let mut base = Ask::get("/a/b").reads(&["x-long", "x-role"]);
    base.needs.headers[0].matched = true;
    base.needs.query = named(&["role"]);
    base.needs.cookies = named(&["role"]);
    base.needs.token_headers = vec!["x-jwt".into()];
    base.needs.ip = true;
    check(&base, "ok");
    for (k, (first, make_first)) in FAULTS.iter().enumerate() {
        // One fault alone, then with each that comes later; never twice the same, which may be a fault of its own.
        let later = FAULTS[k + 1..].iter().map(|(_, make)| Some(make));
        for make_second in std::iter::once(None).chain(later) {
            let mut ask = base.clone();
            if let Some(make_second) = make_second {
                make_second(&mut ask);
            }
            make_first(&mut ask);
            let code = ask.read().map(|_| ()).unwrap_err();
            assert_eq!(
                code.split(':').next(),
                Some(first.name()),
                "{}",
                String::from_utf8_lossy(&ask.target)
            );
        }
    }
    let tried = FAULTS.iter().map(|(code, _)| *code);
    let untried = RefusalCode::ALL.iter().filter(|c| !tried.clone().any(|t| t == **c)).map(|c| c.name());
    // These depend on bytes within one segment, see above.
    let bytes =
        ["pct-ctl", "pct-slash", "pct-backslash", "pct-pct", "pct-semicolon", "pct-delim", "raw-illegal"];
    assert_eq!(untried.collect::<Vec<_>>(), bytes);
}
