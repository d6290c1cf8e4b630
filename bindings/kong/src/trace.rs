//! The place of a request in its trace, laid out for C.

use gatelaw_host::{TRACEPARENT_HEADER, TRACESTATE_HEADER, Trace, TraceTrust};
use sha2::{Digest as _, Sha256};

use crate::border::Failure;
use crate::request::Lines;
use crate::text::GateText;

/// Fewer random bytes could be guessed.
const RANDOM_BYTES_MIN: usize = 16;

/// Names a trace, and the headers that carry it on: `gate_trace` of the header.
#[repr(C)]
#[derive(Debug)]
pub struct GateTrace {
    id: GateText,
    span: GateText,
    caller: GateText,
    traceparent: GateText,
    tracestate: GateText,
}

impl GateTrace {
    pub(crate) const NONE: Self = Self {
        id: GateText::NONE,
        span: GateText::NONE,
        caller: GateText::NONE,
        traceparent: GateText::NONE,
        tracestate: GateText::NONE,
    };
}

/// Holds the trace that was told last.
#[derive(Debug)]
pub(crate) struct Told {
    // INVARIANT: what was told to C points into these.
    trace: Trace,
    traceparent: String,
    tracestate: Option<String>,
}

/// Names one of the two headers that carry a trace, where a name is one.
fn carrier(name: &[u8]) -> Option<&'static str> {
    [TRACEPARENT_HEADER, TRACESTATE_HEADER]
        .into_iter()
        .find(|carrier| name.eq_ignore_ascii_case(carrier.as_bytes()))
}

impl Told {
    /// Takes the place of a request in a trace.
    ///
    /// # Errors
    /// `abi:random` for fewer than 16 random bytes.
    pub(crate) fn next(lines: &Lines<'_>, continues: bool, random: &[u8]) -> Result<Self, Failure> {
        if random.len() < RANDOM_BYTES_MIN {
            let message =
                format!("random must be {RANDOM_BYTES_MIN} bytes or more of a cryptographic generator");
            return Err(Failure::new("abi:random", message));
        }
        // A host's own number of the request is one already, and not to be read from what goes on.
        let digest: [u8; 32] = Sha256::digest(random).into();
        let mut bits = [0; 24];
        bits.iter_mut().zip(digest).for_each(|(bit, byte)| *bit = byte);
        let trust = if continues { TraceTrust::Continue } else { TraceTrust::Restart };
        let headers = lines.iter().filter_map(|(name, value)| Some((carrier(name)?, *value)));
        let trace = Trace::next(headers, trust, &bits);
        let (traceparent, tracestate) = (trace.traceparent(), trace.tracestate());
        Ok(Self { trace, traceparent, tracestate })
    }

    /// Lays it out; what it points to stands as long as this does, where it is.
    pub(crate) fn laid_out(&self) -> GateTrace {
        GateTrace {
            id: GateText::of(self.trace.id()),
            span: GateText::of(self.trace.parent()),
            caller: GateText::of_optional(self.trace.caller()),
            traceparent: GateText::of(&self.traceparent),
            tracestate: GateText::of_optional(self.tracestate.as_deref()),
        }
    }
}
