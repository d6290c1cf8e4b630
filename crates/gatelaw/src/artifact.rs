//! The artifact: a compiled policy as bytes.
//!
//! Every artifact begins with [`MAGIC`] and the [`FORMAT_VERSION`] as a little-endian `u16`. The bytes are hostile until
//! checked.

/// Begins every artifact.
pub const MAGIC: [u8; 8] = *b"GATELAW\0";

/// Names the byte layout that this gatelaw writes and reads; any other is refused.
pub const FORMAT_VERSION: u16 = 1;

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
}

impl LoadError {
    /// Names the kind of this error: stable, for programs to compare.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Magic => "artifact:magic",
            Self::Truncated { .. } => "artifact:truncated",
            Self::Version { .. } => "artifact:version",
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
        check(b"GATELAW\0\x01", Err("artifact:truncated"));
    }

    #[test]
    fn only_this_format_version_is_read() {
        check(b"GATELAW\0\x01\x00", Ok(()));
        check(b"GATELAW\0\x00\x01", Err("artifact:version"));
        check(b"GATELAW\0\x00\x00", Err("artifact:version"));
    }
}
