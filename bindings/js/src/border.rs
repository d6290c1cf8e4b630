//! What stands behind the exports: one policy, and the buffers that cross the border.

use gatelaw::limits::ARTIFACT_BYTES_MAX;
use gatelaw::{Decision, Plan, Session, artifact};
use gatelaw_host::{Handling, decide_line, explain_line, needs_line};

use crate::answer::Answer;
use crate::fault::Fault;
use crate::frame::Frame;

/// Bytes of a buffer that are kept from one call to the next: more than that were for an artifact, or for a giant.
const KEPT_BYTES_MAX: usize = 256 * 1024;

/// Holds one policy and its buffers: an instance of the module is one of these.
#[derive(Debug, Default)]
pub struct Border {
    session: Option<Session<Plan>>,
    input: Vec<u8>,
    answer: Answer,
    output: Vec<u8>,
}

impl Border {
    /// Makes room for what the next call reads, filled with zeros; `None` where no call reads as much.
    pub fn input(&mut self, length: usize) -> Option<&mut [u8]> {
        if length > ARTIFACT_BYTES_MAX {
            return None;
        }
        self.input.clear();
        self.input.shrink_to(KEPT_BYTES_MAX);
        self.input.resize(length, 0);
        Some(&mut self.input)
    }

    /// Returns what the last call answered.
    #[must_use]
    pub fn output(&self) -> &[u8] {
        &self.output
    }

    /// Loads the artifact that was written, in place of what was loaded before. Answers the digest, whether there are limits,
    /// and the needs as JSON; or what is wrong.
    pub fn load(&mut self) -> bool {
        self.session = None;
        let bytes = std::mem::take(&mut self.input);
        let loaded = artifact::load_unsigned(&bytes);
        drop(bytes);
        match loaded {
            Ok(plan) => {
                self.answer.clear();
                self.answer.text(plan.digest());
                self.answer.word(u32::from(plan.has_limits()));
                self.answer.text(&needs_line(plan.needs()));
                self.answer.write_to(&mut self.output);
                self.session = Some(Session::new(plan));
                true
            }
            Err(error) => self.fail(&Fault::from(error)),
        }
    }

    /// Decides the request in the frame that was written. Answers a decision, or what is wrong.
    pub fn decide(&mut self) -> bool {
        self.judge(|decision, _, answer| answer.decision(decision))
    }

    /// Decides the request in the frame that was written, and says what a gate does about it. Answers a decision and the
    /// handling, or what is wrong.
    pub fn handle(&mut self) -> bool {
        self.judge(|decision, frame, answer| {
            answer.decision(decision);
            answer.handling(&Handling::of(decision, frame.header_names(), frame.request_id()));
        })
    }

    /// Answers the line that was written with a decision as one line of JSON, or with what is wrong with it.
    pub fn decide_line(&mut self) -> bool {
        self.line(|session, line| decide_line(session, line, None))
    }

    /// Answers the line that was written with an explanation as one line of JSON, or with what is wrong with it.
    pub fn explain_line(&mut self) -> bool {
        self.line(|session, line| explain_line(session, line, None))
    }

    /// Answers as a gate does that can't decide: the code and the correlation id stand in what was written, with a line feed
    /// between them.
    pub fn unavailable(&mut self) -> bool {
        let text = std::str::from_utf8(&self.input).unwrap_or_default();
        let (code, request_id) = text.split_once('\n').unwrap_or((text, ""));
        self.answer.clear();
        self.answer.handling(&Handling::Answer(gatelaw_host::Answer::unavailable(code, request_id)));
        self.answer.write_to(&mut self.output);
        true
    }

    /// Answers the version of gatelaw, the same for every package of one release.
    pub fn version(&mut self) -> bool {
        self.output = gatelaw::version().into();
        true
    }

    fn judge(&mut self, answer: impl FnOnce(&Decision, &Frame<'_>, &mut Answer)) -> bool {
        match judged(self.session.as_mut(), &self.input) {
            Ok((decision, frame)) => {
                self.answer.clear();
                answer(&decision, &frame, &mut self.answer);
                self.answer.write_to(&mut self.output);
                true
            }
            Err(fault) => self.fail(&fault),
        }
    }

    fn line(&mut self, answer: impl FnOnce(&mut Session<Plan>, &str) -> String) -> bool {
        match (self.session.as_mut(), std::str::from_utf8(&self.input)) {
            (Some(session), Ok(line)) => {
                self.output = answer(session, line).into_bytes();
                true
            }
            (None, _) => self.fail(&Fault::no_policy()),
            (Some(_), Err(_)) => self.fail(&Fault::no_frame()),
        }
    }

    fn fail(&mut self, fault: &Fault) -> bool {
        self.answer.clear();
        self.answer.fault(fault);
        self.answer.write_to(&mut self.output);
        false
    }
}

fn judged<'f>(session: Option<&mut Session<Plan>>, bytes: &'f [u8]) -> Result<(Decision, Frame<'f>), Fault> {
    let session = session.ok_or_else(Fault::no_policy)?;
    let frame = Frame::read(bytes)?;
    if session.plan().needs().ip {
        frame.require_ip()?;
    }
    let caller = frame.caller(session.plan().identity_model())?;
    Ok((session.decision(&frame.raw(), caller.caller()), frame))
}
