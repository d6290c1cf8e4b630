//! Finishes a module that was built with wasm-bindgen: `bindgen MODULE.wasm OUT.wasm`.
//!
//! Our modules take and return numbers alone, so the JavaScript of wasm-bindgen is not needed, and neither are the exports that
//! it calls. Without those the module imports nothing once wasm-opt removed what nobody reaches.

use std::error::Error;
use std::path::Path;
use std::process::ExitCode;

use wasm_bindgen_cli_support::Bindgen;

/// What wasm-bindgen's own JavaScript would call.
const UNUSED: [&str; 4] =
    ["__abort_handler", "__instance_terminated", "__wbindgen_externrefs", "__wbindgen_start"];

fn main() -> ExitCode {
    let mut args = std::env::args_os().skip(1);
    let (Some(module), Some(out), None) = (args.next(), args.next(), args.next()) else {
        eprintln!("usage: bindgen MODULE.wasm OUT.wasm");
        return ExitCode::from(2);
    };
    match finish(Path::new(&module), Path::new(&out)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bindgen: {error}");
            ExitCode::FAILURE
        }
    }
}

fn finish(module: &Path, out: &Path) -> Result<(), Box<dyn Error>> {
    let mut output = Bindgen::new().input_path(module).typescript(false).web(true)?.generate_output()?;
    for name in UNUSED {
        // One that this version doesn't add need not be removed.
        let _ = output.wasm_mut().exports.remove(name);
    }
    std::fs::write(out, output.wasm_mut().emit_wasm())?;
    Ok(())
}
