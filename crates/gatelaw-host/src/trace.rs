//! The trace that a request belongs to (W3C Trace Context, level 2): read, then restarted at the edge or continued behind it.
//!
//! Pure: the random bits are the host's, and the headers that it sets are told, not set.
//!
//! ```
//! use gatelaw_host::{Trace, TraceTrust};
//!
//! let caller = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
//! let random = [7; 24]; // of the host's generator, fresh for each request
//!
//! // At the edge anybody calls: the trace begins anew, and the caller's is an attribute of the record.
//! let trace = Trace::next([("traceparent", caller.as_bytes())], TraceTrust::Restart, &random);
//! assert_eq!(trace.id(), "07070707070707070707070707070707");
//! assert_eq!(trace.caller(), Some("4bf92f3577b34da6a3ce929d0e0e4736"));
//!
//! // Behind the edge it goes on.
//! let edge = trace.traceparent();
//! let trace = Trace::next([("traceparent", edge.as_bytes())], TraceTrust::Continue, &random);
//! assert_eq!(trace.id(), "07070707070707070707070707070707");
//! ```

mod state;

use gatelaw::limits::TRACE_PARENT_BYTES_MAX;

use state::State;

/// The header that carries trace, parent and flags.
pub const TRACEPARENT_HEADER: &str = "traceparent";
/// The header that carries what tracing systems note beside them.
pub const TRACESTATE_HEADER: &str = "tracestate";

/// How long `00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01` is.
const TRACEPARENT_BYTES: usize = 55;

/// Bits of the flags that are understood: `sampled` and `random-trace-id` (§2.2.2.4). Others are not passed on.
const SAMPLED: u8 = 1;
const RANDOM: u8 = 2;

/// Says whose traces a gate goes on with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TraceTrust {
    /// Anybody can call: every request begins a trace of its own (§4.4), which is sampled as the host samples.
    Restart,
    /// Only a trusted edge can call: its traces go on. One that can't be read begins anew.
    Continue,
}

/// Holds the place of a request in its trace: what goes on to the upstream, and stands in the record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trace {
    id: String,
    parent: String,
    flags: u8,
    state: State,
    caller: Option<String>,
}

impl Trace {
    /// Reads the headers of a request, in order and apart as they came, and takes its place in a trace. `random` is 24 bytes of a
    /// cryptographic generator, fresh for each request.
    #[must_use]
    pub fn next<'h>(
        headers: impl IntoIterator<Item = (&'h str, &'h [u8])>,
        trust: TraceTrust,
        random: &[u8; 24],
    ) -> Self {
        let [first @ .., _, _, _, _, _, _, _, _] = random;
        let [_, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, last @ ..] = random;
        let (new_id, parent) = (hex(first), hex(last));
        let received = Received::of(headers);
        match (received, trust) {
            (Some(Received { id, flags, state }), TraceTrust::Continue) => {
                Self { id, parent, flags, state, caller: None }
            }
            (received, TraceTrust::Restart | TraceTrust::Continue) => Self {
                id: new_id,
                parent,
                flags: RANDOM,
                state: State::default(),
                caller: received.map(|received| received.id),
            },
        }
    }

    /// Says whether the trace is recorded, where it begins here. Where a trusted edge began it, the edge said so.
    #[must_use]
    pub fn sampled(mut self, is_sampled: bool) -> Self {
        self.flags = if is_sampled { self.flags | SAMPLED } else { self.flags & !SAMPLED };
        self
    }

    /// Returns the id of the trace: 32 hex digits.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Returns the id of this gate's span, which is the parent of the upstream's: 16 hex digits.
    #[must_use]
    pub fn parent(&self) -> &str {
        &self.parent
    }

    /// Returns the id of the caller's trace where another one began here: an attribute of the record, and never trusted.
    #[must_use]
    pub fn caller(&self) -> Option<&str> {
        self.caller.as_deref()
    }

    /// Says whether the trace is recorded.
    #[must_use]
    pub fn is_sampled(&self) -> bool {
        self.flags & SAMPLED != 0
    }

    /// Writes the header `traceparent` of the upstream request. It takes the place of what was received.
    #[must_use]
    pub fn traceparent(&self) -> String {
        let mut text = String::with_capacity(TRACEPARENT_BYTES);
        for part in ["00-", &self.id, "-", &self.parent, "-"] {
            text.push_str(part);
        }
        text.extend(hex_of(self.flags).map(char::from));
        text
    }

    /// Writes the header `tracestate` of the upstream request; `None`: it goes without one, whatever was received.
    #[must_use]
    pub fn tracestate(&self) -> Option<String> {
        self.state.written()
    }
}

/// What a request says of its trace, once it was checked.
struct Received {
    id: String,
    flags: u8,
    state: State,
}

impl Received {
    fn of<'h>(headers: impl IntoIterator<Item = (&'h str, &'h [u8])>) -> Option<Self> {
        let (mut parents, mut states) = (Vec::new(), Vec::new());
        for (name, value) in headers {
            if name.eq_ignore_ascii_case(TRACEPARENT_HEADER) {
                parents.push(value);
            } else if name.eq_ignore_ascii_case(TRACESTATE_HEADER) {
                states.push(value);
            }
        }
        // Of two, nobody knows which one is the caller's.
        let [parent] = parents.as_slice() else { return None };
        let (id, flags) = traceparent(parent)?;
        // A state that can't be read is dropped, and the trace stays (§3.3.1).
        Some(Self { id, flags, state: State::read(&states).unwrap_or_default() })
    }
}

/// Reads `00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01` (§3.2): the id of the trace, and the flags that are understood.
///
/// Of a later version the same fields are read; what follows them has to be set apart by a dash.
fn traceparent(value: &[u8]) -> Option<(String, u8)> {
    let text = std::str::from_utf8(value).ok()?.trim_matches([' ', '\t']);
    if text.len() > TRACE_PARENT_BYTES_MAX {
        return None;
    }
    let mut fields = text.splitn(5, '-');
    let mut field = |digits: usize| fields.next().filter(|field| is_hex(field, digits));
    let [version, id, parent, flags] = [field(2)?, field(32)?, field(16)?, field(2)?];
    let more = fields.next();
    let is_version = version != "ff" && (version != "00" || more.is_none());
    if !is_version || is_zero(id) || is_zero(parent) {
        return None;
    }
    let flags = u8::from_str_radix(flags, 16).ok()? & (SAMPLED | RANDOM);
    Some((id.to_owned(), flags))
}

/// Says whether a field has so many hex digits; upper-case ones are wrong (§3.2.2).
fn is_hex(field: &str, digits: usize) -> bool {
    field.len() == digits && field.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

fn is_zero(field: &str) -> bool {
    field.bytes().all(|byte| byte == b'0')
}

/// Writes an id. All zeros are none: a generator that fails so is not followed.
fn hex(bytes: &[u8]) -> String {
    let mut digits = Vec::with_capacity(2 * bytes.len());
    bytes.iter().for_each(|byte| digits.extend_from_slice(&hex_of(*byte)));
    if digits.iter().all(|digit| *digit == b'0')
        && let Some(last) = digits.last_mut()
    {
        *last = b'1';
    }
    // At once: digit by digit into a text takes longer than all else of a trace. Hex is UTF-8.
    String::from_utf8(digits).unwrap_or_default()
}

fn hex_of(byte: u8) -> [u8; 2] {
    [byte >> 4, byte & 15].map(|digit| if digit < 10 { b'0' + digit } else { b'a' - 10 + digit })
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECEIVED: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-03";

    fn next(headers: &[(&str, &str)], trust: TraceTrust) -> Trace {
        let headers = headers.iter().map(|(name, value)| (*name, value.as_bytes()));
        Trace::next(headers, trust, &[7; 24])
    }

    #[test]
    fn strangers_neither_name_a_trace_nor_have_it_recorded() {
        let trace = next(&[("traceparent", RECEIVED), ("tracestate", "a=1")], TraceTrust::Restart);
        assert_eq!(trace.traceparent(), format!("00-{}-{}-02", "07".repeat(16), "07".repeat(8)));
        assert_eq!((trace.tracestate(), trace.is_sampled()), (None, false));
        assert_eq!(trace.caller(), Some("4bf92f3577b34da6a3ce929d0e0e4736"));
        assert!(trace.sampled(true).traceparent().ends_with("-03"));
    }

    #[test]
    fn a_trusted_edge_is_followed_with_its_flags_and_its_state() {
        let trace = next(&[("traceparent", RECEIVED), ("tracestate", "a=1,b=2")], TraceTrust::Continue);
        assert_eq!(trace.traceparent(), format!("00-4bf92f3577b34da6a3ce929d0e0e4736-{}-03", "07".repeat(8)));
        assert_eq!(trace.tracestate().as_deref(), Some("a=1,b=2"));
        assert_eq!((trace.caller(), trace.is_sampled()), (None, true));
    }

    #[test]
    fn flags_that_nobody_understands_are_not_passed_on() {
        for (flags, expected) in [("00", "00"), ("01", "01"), ("ff", "03"), ("fc", "00")] {
            let received = format!("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-{flags}");
            let trace = next(&[("traceparent", &received)], TraceTrust::Continue);
            assert_eq!(trace.traceparent().get(53..), Some(expected));
        }
    }

    #[test]
    fn what_no_trace_is_begins_anew() {
        for received in [
            "",
            "00",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01, 00",
            "00\u{2010}4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            &format!("01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-{}", "x".repeat(10_000)),
        ] {
            let trace = next(&[("traceparent", received)], TraceTrust::Continue);
            assert_eq!((trace.id(), trace.caller()), ("07".repeat(16).as_str(), None), "{received}");
        }
        let bytes: &[u8] = b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-\xff1";
        let trace = Trace::next([("traceparent", bytes)], TraceTrust::Continue, &[7; 24]);
        assert_eq!(trace.id(), "07".repeat(16));
    }

    #[test]
    fn a_generator_that_gives_zeros_gives_no_trace_of_zeros() {
        let trace = Trace::next([], TraceTrust::Restart, &[0; 24]);
        assert_eq!(trace.traceparent(), format!("00-{}1-{}1-02", "0".repeat(31), "0".repeat(15)));
    }
}
