//! Installs what is missing below target/, with pinned versions; a second run installs nothing and asks no network.

use crate::files;
use crate::log::Log;
use crate::project::{Project, Result};
use crate::{chromium, nginx, npm, python, rust, worker};

struct Setup {
    name: &'static str,
    what: &'static str,
    is_done: fn(&Project) -> Result<bool>,
    install: fn(&Project, &mut Log) -> Result<()>,
}

const SETUPS: [Setup; 7] = [
    Setup {
        name: "wasm target",
        what: "the target wasm32-unknown-unknown, by rustup",
        is_done: |_| Ok(rust::has_wasm_target()),
        install: rust::add_wasm_target,
    },
    Setup {
        name: "crates",
        what: "the crates of Cargo.lock, by cargo",
        is_done: rust::has_crates,
        install: rust::fetch_crates,
    },
    Setup {
        name: "python tools",
        what: "the packages of bindings/python/requirements-dev.txt, by pip into target/venv",
        is_done: python::has_venv,
        install: python::make_venv,
    },
    Setup {
        name: "node tools",
        what: "the packages of bindings/js/package-lock.json, by npm into target/npm",
        is_done: npm::has_modules,
        install: npm::install_modules,
    },
    Setup {
        name: "worker tools",
        what: "the packages of bindings/worker/package-lock.json, by npm into target/worker",
        is_done: worker::has_modules,
        install: worker::install_modules,
    },
    Setup {
        name: "nginx",
        what: "Debian's nginx with Lua, by apt-get into target/nginx",
        is_done: |project| Ok(nginx::is_found(project)),
        install: nginx::fetch,
    },
    Setup {
        name: "chromium",
        what: "Debian's headless Chromium, by apt-get into target/chromium",
        is_done: |project| Ok(chromium::is_found(project)),
        install: chromium::fetch,
    },
];

/// Installs what is missing.
///
/// # Errors
/// The first that can't be installed, with the end of its log.
pub(crate) fn setup(project: &Project) -> Result<()> {
    let mut installed = false;
    for setup in SETUPS {
        if (setup.is_done)(project)? {
            continue;
        }
        installed = true;
        eprintln!("set-up: {}", setup.what);
        let mut log = Log::begin(project, &format!("setup {}", setup.name))?;
        (setup.install)(project, &mut log).map_err(|error| format!("{error}\n{}", log.tail()))?;
    }
    if !installed {
        eprintln!("set-up: nothing to install");
    }
    Ok(())
}

/// Answers whether something was installed from exactly this input.
pub(crate) fn is_stamped(project: &Project, name: &str, input: &str) -> bool {
    files::read(&stamp(project, name)).is_ok_and(|stamped| stamped == input)
}

/// Notes what something was installed from.
pub(crate) fn write_stamp(project: &Project, name: &str, input: &str) -> Result<()> {
    files::write(&stamp(project, name), input)
}

fn stamp(project: &Project, name: &str) -> std::path::PathBuf {
    project.made(&format!("stamps/{name}"))
}
