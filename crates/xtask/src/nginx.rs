//! nginx's part: Debian's packages unpacked below target/nginx, and the tests of C and Lua.

use std::ffi::OsString;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::log::Log;
use crate::preflight::said;
use crate::project::{Project, Result};
use crate::{artifact, debian, files, rust};

/// Where below the target folder the packages are unpacked.
const FOLDER: &str = "nginx";
pub(crate) const PROGRAM: &str = "usr/sbin/nginx";
pub(crate) const MODULES: &str = "usr/lib/nginx/modules";
pub(crate) const RESTY: &str = "usr/share/lua/5.1";
const PACKAGE: &str = "libnginx-mod-http-lua";

const STRICT: [&str; 4] = ["-Wall", "-Wextra", "-Wpedantic", "-Werror"];
/// How often the program of C decides where nobody says it.
const C_DECISIONS: &str = "100000";
const START_MAX: Duration = Duration::from_secs(10);
/// How much of a stream is put to nginx at once, at least.
const PIECE_BYTES_MIN: usize = 1 << 20;
/// As long as ten million decisions may take.
const ANSWER_MAX: Duration = Duration::from_secs(900);
/// Between finding a free port and listening on it another program may take it.
const STARTS_MAX: u32 = 3;

/// Looks for nginx, or for what fetches it.
pub(crate) fn look(project: &Project) -> std::result::Result<(), String> {
    if is_found(project) {
        return Ok(());
    }
    said("apt-get", &["--version"]).and_then(|_| said("dpkg", &["--version"])).map(drop)
}

/// Answers whether nginx and its Lua module are there.
pub(crate) fn is_found(project: &Project) -> bool {
    let module = Path::new(MODULES).join("ngx_http_lua_module.so");
    [Path::new(PROGRAM), &module, &Path::new(RESTY).join("resty/core.lua")]
        .into_iter()
        .all(|path| at(project, path).exists())
}

/// Downloads what the system lacks of nginx with Lua, and unpacks it.
pub(crate) fn fetch(project: &Project, log: &mut Log) -> Result<()> {
    debian::fetch(project, FOLDER, PACKAGE, log)?;
    match is_found(project) {
        true => Ok(()),
        false => Err(format!("the package {PACKAGE} brought no nginx with Lua: install it yourself")),
    }
}

/// Answers where a file of the packages stands.
pub(crate) fn at(project: &Project, path: impl AsRef<Path>) -> PathBuf {
    debian::at(project, FOLDER, path)
}

/// Answers the folders of the packages' libraries, as `LD_LIBRARY_PATH` lists them.
pub(crate) fn libraries(project: &Project) -> Result<String> {
    debian::library_path(project, FOLDER)
}

/// Compiles the header as C99 and as C++, and runs a program of C with the library: under sanitizers, then as it is, to see that
/// its memory stays flat. `GATELAW_DECISIONS` says how often it decides, `GATELAW_UNDER` the command that runs it.
pub(crate) fn test_c(project: &Project, log: &mut Log) -> Result<()> {
    let library = rust::build_c_library(project, log)?;
    let Some(folder) = library.parent() else { return Err("the library stands nowhere".to_owned()) };
    let kong = project.at("bindings/kong");
    let header = kong.join("include/gatelaw.h");
    log.run(Command::new("c++").args(STRICT).args(["-fsyntax-only", "-x", "c++"]).arg(header))?;
    let sanitized = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-g"];
    let (sanitized, plain) = (
        compile_c(&kong, folder, "abi-sanitized", &sanitized, log)?,
        compile_c(&kong, folder, "abi", &[], log)?,
    );
    let artifact = artifact::variables(project, log)?;
    log.run(Command::new(sanitized).envs(artifact.clone()))?;
    let under = std::env::var("GATELAW_UNDER").unwrap_or_default();
    let decisions = std::env::var("GATELAW_DECISIONS").unwrap_or_else(|_| C_DECISIONS.to_owned());
    let mut words = under.split_whitespace().map(OsString::from).chain([plain.into(), decisions.into()]);
    let Some(program) = words.next() else { return Ok(()) };
    log.run(Command::new(program).args(words).envs(artifact))
}

/// Compiles the program of C.
fn compile_c(kong: &Path, library: &Path, name: &str, options: &[&str], log: &mut Log) -> Result<PathBuf> {
    let program = library.join(name);
    let mut compile = Command::new("cc");
    compile
        .arg("-std=c99")
        .args(STRICT)
        .args(options)
        .arg("-I")
        .arg(kong.join("include"))
        .arg(kong.join("tests/abi.c"));
    compile.arg("-L").arg(library).arg("-lgatelaw").arg(format!("-Wl,-rpath,{}", library.display()));
    log.run(compile.arg("-o").arg(&program))?;
    Ok(program)
}

/// Runs the tests of the Lua library inside of nginx.
pub(crate) fn test_lua(project: &Project, log: &mut Log) -> Result<()> {
    rust::build_c_library(project, log)?;
    let mut server = serve(project, log, &built(project))?;
    let tests = ask(server.address, "/library", b"");
    server.stop();
    let tests = answered(tests)?;
    log.say(&tests)?;
    match tests.lines().any(|line| line.starts_with("not ok ")) {
        false => Ok(()),
        true => Err("a test failed in nginx".to_owned()),
    }
}

/// Answers a stream of questions inside of nginx, with the library that [`rust::build_c_library`] built.
pub(crate) fn answer(project: &Project, log: &mut Log, questions: &Path, answers: &Path) -> Result<()> {
    let questions = files::read(questions)?;
    let mut server = serve(project, log, &built(project))?;
    let answered: Result<String> = pieces(&questions, PIECE_BYTES_MIN)
        .into_iter()
        .map(|piece| answered(ask(server.address, "/lines", piece.as_bytes())))
        .collect();
    server.stop();
    files::write(answers, &answered?)
}

/// Measures the doors of the Lua library in a folder: `asked` names an artifact and a file of requests, a line each.
pub(crate) fn measure(project: &Project, log: &mut Log, library: &Path, asked: &str) -> Result<String> {
    let mut server = serve(project, log, library)?;
    let measured = ask(server.address, "/bench", asked.as_bytes());
    server.stop();
    answered(measured)
}

/// Where [`rust::build_c_library`] puts the library.
fn built(project: &Project) -> PathBuf {
    project.made("kong")
}

/// Cuts a stream before lines that name an artifact, so that each answer comes soon.
fn pieces(questions: &str, bytes_min: usize) -> Vec<&str> {
    let mut pieces = Vec::new();
    let (mut rest, mut begin) = (questions, 0);
    for (at, _) in questions.match_indices("\n@") {
        let end = at + 1;
        if let Some((piece, behind)) =
            rest.split_at_checked(end - begin).filter(|(piece, _)| piece.len() >= bytes_min)
        {
            pieces.push(piece);
            (rest, begin) = (behind, end);
        }
    }
    pieces.push(rest);
    pieces
}

/// Takes the body of an answer.
fn answered(answer: std::io::Result<String>) -> Result<String> {
    let answer = answer.map_err(|error| format!("nginx doesn't answer: {error}"))?;
    match answer.split_once("\r\n\r\n") {
        Some((head, body)) if head.starts_with("HTTP/1.1 200 ") => Ok(body.to_owned()),
        _ => Err(format!("nginx answers {answer}")),
    }
}

struct Server {
    process: Child,
    address: SocketAddr,
}

impl Server {
    fn stop(&mut self) {
        // It may have ended by itself: then there is nothing to end.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn serve(project: &Project, log: &mut Log, library: &Path) -> Result<Server> {
    for _ in 0..STARTS_MAX {
        let mut server = start(project, log, library)?;
        if listens(&mut server) {
            return Ok(server);
        }
        server.stop();
    }
    Err("nginx doesn't start".to_owned())
}

fn start(project: &Project, log: &mut Log, library: &Path) -> Result<Server> {
    let port = free_port().map_err(|error| format!("no free port: {error}"))?;
    let prefix = project.made("kong/nginx");
    files::make_folder(&prefix.join("tmp"))?;
    files::write(&prefix.join("nginx.conf"), &configuration(project, port, library)?)?;
    let mut command = Command::new(at(project, PROGRAM));
    command.arg("-p").arg(&prefix).args(["-c", "nginx.conf", "-e", "stderr"]);
    command.env("LD_LIBRARY_PATH", libraries(project)?).envs(artifact::variables(project, log)?);
    let process =
        log.attach(&mut command)?.spawn().map_err(|error| format!("nginx can't be started: {error}"))?;
    Ok(Server { process, address: SocketAddr::from((Ipv4Addr::LOCALHOST, port)) })
}

fn configuration(project: &Project, port: u16, library: &Path) -> Result<String> {
    let text = files::read(&project.at("bindings/kong/tests/nginx.conf"))?;
    let path = |path: PathBuf| path.display().to_string();
    let words = [
        ("MODULES", path(at(project, MODULES))),
        ("RESTY", path(at(project, RESTY))),
        ("KONG", path(project.at("bindings/kong"))),
        ("LIBRARY", path(library.to_owned())),
        ("PORT", port.to_string()),
    ];
    Ok(words.iter().fold(text, |text, (word, value)| text.replace(word, value)))
}

fn free_port() -> std::io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

fn listens(server: &mut Server) -> bool {
    let start = Instant::now();
    while start.elapsed() < START_MAX && matches!(server.process.try_wait(), Ok(None)) {
        if TcpStream::connect(server.address).is_ok() {
            return true;
        }
        sleep(Duration::from_millis(20));
    }
    false
}

fn ask(address: SocketAddr, path: &str, body: &[u8]) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(ANSWER_MAX))?;
    write!(
        stream,
        // Answers of HTTP/1.0 come in one piece.
        "POST {path} HTTP/1.0\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n",
        body.len()
    )?;
    stream.write_all(body)?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_begin_with_artifacts_and_are_the_whole() {
        let stream = "@a\n1\n@b\n22\n3\n@c\n";
        assert_eq!(pieces(stream, 1), ["@a\n1\n", "@b\n22\n3\n", "@c\n"]);
        assert_eq!(pieces(stream, 6), ["@a\n1\n@b\n22\n3\n", "@c\n"]);
        assert_eq!(pieces(stream, 100), [stream]);
        assert_eq!(pieces("", 1), [""]);
    }
}
