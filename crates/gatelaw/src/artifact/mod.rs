//! The artifact: a compiled policy as bytes, hostile until checked.
//!
//! All numbers are little-endian; inside records, those of 32 bits and lengths take seven bits a byte (LEB128). Four words of a table
//! share a byte that says how many bytes each takes. A text of the notes stands once, and is named by its number from then on; a line
//! of a source stands as its distance from the line before.
//!
//! | bytes | what |
//! |---|---|
//! | 8 | [`MAGIC`] |
//! | 2, 2, 2, 2 | [`FORMAT_VERSION`], [`LANGUAGE_VERSION`], [`CANONICALISER_VERSION`], zero |
//! | 32 | digest of the policy: SHA-256 over the versions and all sections but the notes |
//! | 32 | digest of the notes: SHA-256 over their section |
//! | 4 each | the length in bytes of each section, in the order below |
//! | … | the sections, one behind the other |
//!
//! The digest of the file is that of all bytes before the sections: of these the two digests in it speak.
//!
//! | section | what |
//! |---|---|
//! | identity | issuers, roles and attributes: how claims become an identity |
//! | needs | what the policy reads of a request |
//! | strings | every text that tables name |
//! | variables | kind and arguments of each |
//! | nodes, tables, states | words, as the modules of the plan say |
//! | entry | where a decision starts |
//! | rules | names, kinds, instances, ranks |
//! | cost | bounds of what one decision can cost |
//! | notes | file names, lines, annotations and the texts of tests: they decide nothing |
//!
//! File names are relative to the policy's root, so that equal sources give equal bytes on every machine; formatting and the
//! order of files and items change the notes alone, and leave the digest of the policy as it is.

mod check;
mod cost;
mod forms;
mod record;
mod words;

use sha2::{Digest, Sha256};

use crate::eval::{KeptNotes, Notes};
use crate::plan::Plan;
use crate::request::Reading;
use record::{Reader, Record, Writer};

/// Begins every artifact.
pub const MAGIC: [u8; 8] = *b"GATELAW\0";

/// Names the byte layout that this gatelaw writes and reads; any other is refused.
pub const FORMAT_VERSION: u16 = 3;

/// Names the version of the language that rules are written in.
pub const LANGUAGE_VERSION: u16 = 1;

/// Names the version of the canonical request: two gates decide alike only with the same.
pub const CANONICALISER_VERSION: u16 = 1;

/// Says why bytes were refused as an artifact.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// The bytes begin as no artifact does.
    #[error("these bytes are no gatelaw artifact: an artifact begins with `GATELAW` and a zero byte")]
    Magic,
    /// The bytes end too early.
    #[error("the artifact ends after {found_bytes} bytes, before all of it was read: copy the whole file")]
    Truncated {
        /// How many bytes there were.
        found_bytes: usize,
    },
    /// The bytes are of another gatelaw.
    #[error(
        "the artifact has format version {found}, and this gatelaw reads version {FORMAT_VERSION}: \
         compile the policy again with the gatelaw that loads it"
    )]
    Version {
        /// The format version that was found.
        found: u16,
    },
    /// The bytes are of a gatelaw with another language or another canonical request.
    #[error(
        "the artifact is of language {language} and canonical request {canonicaliser}, and this gatelaw has \
         {LANGUAGE_VERSION} and {CANONICALISER_VERSION}: compile the policy again with the gatelaw that loads it"
    )]
    Meaning {
        /// The version of the language that was found.
        language: u16,
        /// The version of the canonical request that was found.
        canonicaliser: u16,
    },
    /// The bytes are not those that were saved.
    #[error(
        "the artifact was changed after it was saved, its digest does not fit: copy it again, or compile it again"
    )]
    Digest,
    /// The bytes are of no plan.
    #[error("the artifact is malformed, {0}: compile the policy again")]
    Malformed(&'static str),
}

impl LoadError {
    /// Names the kind of this error: stable, for programs to compare.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Magic => "artifact:magic",
            Self::Truncated { .. } => "artifact:truncated",
            Self::Version { .. } => "artifact:version",
            Self::Meaning { .. } => "artifact:meaning",
            Self::Digest => "artifact:digest",
            Self::Malformed(_) => "artifact:malformed",
        }
    }
}

/// Checks that `bytes` begin as an artifact of this gatelaw does: with the magic and the format version.
///
/// # Errors
/// [`LoadError::Magic`] for bytes that can't be the beginning of an artifact, [`LoadError::Truncated`] for bytes that end
/// inside of it, [`LoadError::Version`] for an artifact of another format version.
pub fn check_magic(bytes: &[u8]) -> Result<(), LoadError> {
    let truncated = LoadError::Truncated { found_bytes: bytes.len() };
    let Some((magic, rest)) = bytes.split_first_chunk::<8>() else {
        return Err(if MAGIC.starts_with(bytes) { truncated } else { LoadError::Magic });
    };
    if *magic != MAGIC {
        return Err(LoadError::Magic);
    }
    let Some((version, _)) = rest.split_first_chunk::<2>() else {
        return Err(truncated);
    };
    match u16::from_le_bytes(*version) {
        FORMAT_VERSION => Ok(()),
        found => Err(LoadError::Version { found }),
    }
}

const SECTIONS: usize = 10;
const SECTION_NAMES: [&str; SECTIONS] =
    ["identity", "needs", "strings", "variables", "nodes", "tables", "states", "entry", "rules", "notes"];
const HEADER_BYTES: usize = 16;
const DIGESTS_AT: usize = HEADER_BYTES;
const LENGTHS_AT: usize = HEADER_BYTES + 64;
const SECTIONS_AT: usize = LENGTHS_AT + 4 * SECTIONS;

/// Loads an artifact that nobody signed: the caller answers for where the bytes come from.
///
/// Everything that decides is held to its digest and checked here, in one pass; deciding then checks nothing again. The notes decide
/// nothing: they are held to their digest, and read, when an explanation first asks for them; [`Plan::rules`] says what is wrong with them.
///
/// # Errors
/// Where the bytes are no artifact of this version, were changed, or hold no well-formed plan.
pub fn load_unsigned(bytes: &[u8]) -> Result<Plan, LoadError> {
    check_magic(bytes)?;
    let truncated = LoadError::Truncated { found_bytes: bytes.len() };
    let header = bytes.first_chunk::<HEADER_BYTES>().ok_or(truncated.clone())?;
    check_meaning(header)?;
    let digests = bytes.get(DIGESTS_AT..LENGTHS_AT).ok_or(truncated.clone())?;
    let (lengths, _) = bytes.get(LENGTHS_AT..SECTIONS_AT).ok_or(truncated.clone())?.as_chunks::<4>();
    let mut rest = Reader::new(bytes.get(SECTIONS_AT..).ok_or(truncated.clone())?);
    let mut sections = Vec::with_capacity(SECTIONS);
    for length in lengths {
        let length = usize::try_from(u32::from_le_bytes(*length)).unwrap_or(usize::MAX);
        sections.push(rest.take(length).map_err(|_| truncated.clone())?);
    }
    if !rest.is_empty() {
        return Err(LoadError::Malformed("bytes follow its end"));
    }
    let (policy, notes) = digests.split_first_chunk::<32>().ok_or(truncated.clone())?;
    if policy_digest(header, &sections) != *policy {
        return Err(LoadError::Digest);
    }
    let notes = notes.first_chunk::<32>().ok_or(truncated)?;
    let mut plan = plan_of(&sections, *notes)?;
    (plan.digest, plan.file_digest) = (digest_text(policy), file_digest(bytes));
    check::check(&plan)?;
    Ok(plan)
}

fn check_meaning(header: &[u8; HEADER_BYTES]) -> Result<(), LoadError> {
    let [.., a, b, c, d, e, f] = *header;
    let (language, canonicaliser) = (u16::from_le_bytes([a, b]), u16::from_le_bytes([c, d]));
    if (language, canonicaliser) != (LANGUAGE_VERSION, CANONICALISER_VERSION) {
        return Err(LoadError::Meaning { language, canonicaliser });
    }
    if [e, f] == [0, 0] {
        Ok(())
    } else {
        Err(LoadError::Malformed("its header ends with bytes that mean nothing"))
    }
}

fn plan_of(sections: &[&[u8]], notes_digest: [u8; 32]) -> Result<Plan, LoadError> {
    let [identity, needs, strings, variables, nodes, tables, states, entry, rules, notes] = sections else {
        return Err(LoadError::Malformed("it has another number of sections"));
    };
    let (entry, cost) = whole(entry)?;
    let ((rule_names, rules), (instances, ranked)): ((_, Vec<_>), (_, Vec<_>)) = whole(rules)?;
    Ok(Plan {
        identity: whole(identity)?,
        reading: Reading::new(whole(needs)?),
        strings: whole(strings)?,
        variables: whole(variables)?,
        nodes: words::take(nodes)?,
        tables: words::take(tables)?,
        states: words::take(states)?,
        entry,
        allows_from: crate::plan::allows_from(&rules, &ranked),
        rules,
        rule_names,
        instances,
        ranked,
        cost,
        digest: String::new(),
        file_digest: String::new(),
        notes: KeptNotes::unread(notes, notes_digest),
    })
}

/// Reads the notes of a plan, and checks all that an explanation follows.
fn read_notes(plan: &Plan, section: &[u8], expected: &[u8; 32]) -> Result<Notes, LoadError> {
    if digest(section) != *expected {
        return Err(LoadError::Digest);
    }
    let notes = whole(section)?;
    check::notes(plan, &notes)?;
    Ok(notes)
}

/// Reads a section that is one record.
fn whole<T: Record>(section: &[u8]) -> Result<T, LoadError> {
    let mut reader = Reader::new(section);
    let record = T::take(&mut reader)?;
    if reader.is_empty() {
        Ok(record)
    } else {
        Err(LoadError::Malformed("bytes follow the end of a section"))
    }
}

impl Plan {
    /// Writes the plan as an artifact. Equal sources give equal bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let header = header();
        let sections = self.sections();
        let refs: Vec<&[u8]> = sections.iter().map(Vec::as_slice).collect();
        let mut bytes = header.to_vec();
        bytes.extend_from_slice(&policy_digest(&header, &refs));
        bytes.extend_from_slice(&match &self.notes {
            KeptNotes::Compiled(_) => digest(refs.last().copied().unwrap_or(&[])),
            // As it was loaded: notes that were changed must not become good ones.
            KeptNotes::Loaded { digest, .. } => *digest,
        });
        bytes.extend(sections.iter().flat_map(|s| length(s.len()).to_le_bytes()));
        sections.iter().for_each(|s| bytes.extend_from_slice(s));
        bytes
    }

    /// Computes the digests of a plan that was just compiled.
    pub(crate) fn seal(&mut self) {
        let bytes = self.to_bytes();
        let policy = bytes.get(DIGESTS_AT..).and_then(<[u8]>::first_chunk::<32>);
        (self.digest, self.file_digest) = (digest_text(policy.unwrap_or(&[0; 32])), file_digest(&bytes));
    }

    /// Returns what explanations say of rules and tests.
    pub(crate) fn notes(&self) -> Result<&Notes, LoadError> {
        self.notes.get(|section, digest| read_notes(self, section, digest))
    }

    /// Returns the digest of what decides: `sha256:` and 64 hex digits.
    #[must_use]
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// Returns the digest of the whole artifact: `sha256:` and 64 hex digits.
    #[must_use]
    pub fn file_digest(&self) -> &str {
        &self.file_digest
    }

    /// Lists the sections of its artifact, by name, each with its length in bytes.
    #[must_use]
    pub fn section_bytes(&self) -> Vec<(&'static str, usize)> {
        SECTION_NAMES.into_iter().zip(self.sections().iter().map(Vec::len)).collect()
    }

    fn sections(&self) -> [Vec<u8>; SECTIONS] {
        let record = |put: &dyn Fn(&mut Writer)| {
            let mut section = Writer::default();
            put(&mut section);
            section.finish()
        };
        [
            record(&|s| self.identity.put(s)),
            record(&|s| self.reading.needs().put(s)),
            record(&|s| self.strings.put(s)),
            record(&|s| self.variables.put(s)),
            words::put(&self.nodes),
            words::put(&self.tables),
            words::put(&self.states),
            record(&|s| {
                self.entry.put(s);
                self.cost.put(s);
            }),
            record(&|s| {
                self.rule_names.put(s);
                self.rules.put(s);
                self.instances.put(s);
                self.ranked.put(s);
            }),
            match &self.notes {
                KeptNotes::Compiled(notes) => record(&|s| notes.put(s)),
                KeptNotes::Loaded { section, .. } => section.to_vec(),
            },
        ]
    }
}

fn header() -> [u8; HEADER_BYTES] {
    let mut header = [0; HEADER_BYTES];
    let versions =
        [FORMAT_VERSION, LANGUAGE_VERSION, CANONICALISER_VERSION, 0].into_iter().flat_map(u16::to_le_bytes);
    header.iter_mut().zip(MAGIC.into_iter().chain(versions)).for_each(|(to, from)| *to = from);
    header
}

/// Hashes what decides: the versions, and every section but the notes with its length.
fn policy_digest(header: &[u8], sections: &[&[u8]]) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(header);
    for section in sections.iter().take(SECTIONS - 1) {
        hash.update(length(section.len()).to_le_bytes());
        hash.update(section);
    }
    hash.finalize().into()
}

fn digest(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// Hashes what stands before the sections of an artifact.
fn file_digest(bytes: &[u8]) -> String {
    digest_text(&digest(bytes.get(..SECTIONS_AT).unwrap_or(bytes)))
}

fn digest_text(digest: &[u8; 32]) -> String {
    use std::fmt::Write;
    digest.iter().fold("sha256:".to_owned(), |mut text, byte| {
        // Writing to a `String` can't fail.
        _ = write!(text, "{byte:02x}");
        text
    })
}

/// Turns a length into what an artifact holds.
fn length(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(bytes: &[u8], expected: Result<(), &str>) {
        assert_eq!(check_magic(bytes).as_ref().map_err(LoadError::code).copied(), expected);
    }

    #[test]
    fn bytes_that_begin_otherwise_are_no_artifact() {
        check(b"allow GET /orders", Err("artifact:magic"));
        check(b"GATELAW ", Err("artifact:magic"));
        check(b"gate", Err("artifact:magic"));
    }

    #[test]
    fn bytes_that_end_early_are_truncated() {
        check(b"", Err("artifact:truncated"));
        check(b"GATELAW", Err("artifact:truncated"));
        check(b"GATELAW\0\x03", Err("artifact:truncated"));
    }

    #[test]
    fn only_this_format_version_is_read() {
        check(b"GATELAW\0\x03\x00", Ok(()));
        check(b"GATELAW\0\x02\x00", Err("artifact:version"));
        check(b"GATELAW\0\x00\x03", Err("artifact:version"));
        check(b"GATELAW\0\x00\x00", Err("artifact:version"));
    }

    fn plan() -> Plan {
        let text = "allow health { on GET /healthz for anyone }";
        crate::compile(&crate::Sources::from_text("policy.gate", text)).unwrap().plan
    }

    /// Bytes of the header say what the rest means: another language, another canonical form, or what no version has said yet.
    #[test]
    fn an_artifact_that_means_something_else_is_refused_by_what_it_says() {
        let bytes = plan().to_bytes();
        let with = |at: usize| {
            let mut other = bytes.clone();
            other[at] ^= 1;
            load_unsigned(&other).unwrap_err()
        };
        let (language, canonicaliser) = (LANGUAGE_VERSION, CANONICALISER_VERSION);
        assert_eq!(with(10), LoadError::Meaning { language: language ^ 1, canonicaliser });
        assert_eq!(with(11), LoadError::Meaning { language: language ^ 0x100, canonicaliser });
        assert_eq!(with(12), LoadError::Meaning { language, canonicaliser: canonicaliser ^ 1 });
        assert_eq!(with(13), LoadError::Meaning { language, canonicaliser: canonicaliser ^ 0x100 });
        let nothing = LoadError::Malformed("its header ends with bytes that mean nothing");
        assert_eq!([with(14), with(15)], [nothing.clone(), nothing]);
    }

    #[test]
    fn the_digests_of_a_plan_are_those_of_its_artifact() {
        let plan = plan();
        let bytes = plan.to_bytes();
        assert_eq!(plan.digest(), digest_text(bytes[16..].first_chunk().unwrap()));
        assert_eq!(plan.file_digest(), digest_text(&digest(&bytes[..120])));
        let (_, notes) = *plan.section_bytes().last().unwrap();
        assert_eq!(bytes[48..80], digest(&bytes[bytes.len() - notes..]));
        let loaded = load_unsigned(&bytes).unwrap();
        assert_eq!((loaded.digest(), loaded.file_digest()), (plan.digest(), plan.file_digest()));
        assert_ne!(plan.digest(), plan.file_digest());
    }
}
