//! What the configuration of cargo-mutants says of the tests.

use std::path::Path;

use serde::Deserialize;

#[derive(Debug, Deserialize)]
pub(crate) struct Config {
    #[serde(rename = "test_package")]
    pub(crate) packages: Vec<String>,
    #[serde(rename = "additional_cargo_test_args")]
    pub(crate) targets: Vec<String>,
    pub(crate) profile: String,
}

pub(crate) fn read(path: &Path) -> Result<Config, String> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    toml::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))
}
