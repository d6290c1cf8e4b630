//! Looks for the tools that can't be installed below target/, and tells all that are missing at once, each with its fix.

use std::process::{Command, Stdio};

use crate::project::Project;
use crate::{chromium, nginx};

struct Need {
    name: &'static str,
    /// Answers what was found instead.
    look: fn(&Project) -> Result<(), String>,
    fix: &'static str,
}

/// The first that runs as many files of tests at once as it is told.
const NODE_MIN: (u32, u32) = (20, 10);
/// What the package serves, and what its tools ask for.
const PYTHON_MINOR_MIN: u32 = 10;

const NEEDS: [Need; 10] = [
    Need {
        name: "rustfmt",
        look: |_| said("cargo", &["fmt", "--version"]).map(drop),
        fix: "rustup component add rustfmt",
    },
    Need {
        name: "clippy",
        look: |_| said("cargo", &["clippy", "--version"]).map(drop),
        fix: "rustup component add clippy",
    },
    Need {
        name: "rustup, or the target wasm32-unknown-unknown",
        look: |_| {
            if crate::rust::has_wasm_target() { Ok(()) } else { said("rustup", &["--version"]).map(drop) }
        },
        fix: "install Rust by https://rustup.rs, or your distribution's standard library for wasm32-unknown-unknown",
    },
    Need {
        name: "a C compiler, which links",
        look: |_| said("cc", &["--version"]).map(drop),
        fix: "Debian: apt-get install gcc libc6-dev",
    },
    Need {
        name: "a C++ compiler",
        look: |_| said("c++", &["--version"]).map(drop),
        fix: "Debian: apt-get install g++",
    },
    Need { name: "Node.js 20.10 or newer", look: |_| node(), fix: "install it from https://nodejs.org" },
    Need {
        name: "npm",
        look: |_| said("npm", &["--version"]).map(drop),
        fix: "install it with Node.js, from https://nodejs.org; Debian: apt-get install npm",
    },
    Need {
        name: "Python 3.10 or newer, with venv",
        look: |_| python(),
        fix: "Debian: apt-get install python3 python3-venv; else from https://python.org",
    },
    Need {
        name: "nginx with its Lua module, or apt-get to fetch it",
        look: nginx::look,
        fix: "install both where Debian does: /usr/sbin/nginx and /usr/lib/nginx/modules/ngx_http_lua_module.so",
    },
    Need {
        name: "headless Chromium, or apt-get to fetch it",
        look: chromium::look,
        fix: "install it where Debian does, /usr/lib/chromium/chromium-headless-shell, or name it in GATELAW_CHROMIUM",
    },
];

/// Looks for every tool, tells of those that are missing, and answers whether none is.
pub(crate) fn preflight(project: &Project) -> bool {
    let missing: Vec<(&Need, String)> =
        NEEDS.iter().filter_map(|need| Some((need, (need.look)(project).err()?))).collect();
    if missing.is_empty() {
        eprintln!("preflight: all tools found");
        return true;
    }
    eprintln!("preflight: missing are");
    for (need, found) in missing {
        eprintln!("  {}: {found}\n      {}", need.name, need.fix);
    }
    false
}

fn node() -> Result<(), String> {
    let version = said("node", &["--version"])?;
    let mut parts = version.trim_start_matches('v').split('.');
    match (number(parts.next()), number(parts.next())) >= NODE_MIN {
        true => Ok(()),
        false => Err(format!("found {version}")),
    }
}

fn python() -> Result<(), String> {
    let version =
        said("python3", &["-c", "import ensurepip, sys, venv; print(*sys.version_info[:3], sep='.')"])?;
    let mut parts = version.split('.');
    match (number(parts.next()), number(parts.next())) >= (3, PYTHON_MINOR_MIN) {
        true => Ok(()),
        false => Err(format!("found {version}")),
    }
}

fn number(text: Option<&str>) -> u32 {
    text.and_then(|text| text.parse().ok()).unwrap_or(0)
}

/// Answers the first line that a program says, or what was found instead.
pub(crate) fn said(program: &str, args: &[&str]) -> Result<String, String> {
    let output = Command::new(program).args(args).stdin(Stdio::null()).output();
    let output = output.map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => format!("no `{program}` was found"),
        _ => format!("`{program}` can't be started: {error}"),
    })?;
    let first_line =
        |bytes: &[u8]| String::from_utf8_lossy(bytes).lines().next().unwrap_or_default().to_owned();
    match output.status.success() {
        true => Ok(first_line(&output.stdout)),
        false => Err(format!("`{program} {}` fails: {}", args.join(" "), first_line(&output.stderr))),
    }
}
