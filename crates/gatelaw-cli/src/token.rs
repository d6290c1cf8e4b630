//! `gatelaw token check`: why a token is accepted or refused, and whom it names.

use std::io::{self, Read};
use std::path::Path;

use gatelaw::identity::AttributeValue;
use gatelaw::limits::TOKEN_BYTES_MAX;
use gatelaw::request::{Token, TokenSource};
use gatelaw_host::token::{
    AttributeExplained, CallerExplained, CheckExplained, CheckOutcome, TokenExplained,
};
use gatelaw_host::{Gate, Paint};

use crate::answer::{Answer, Failure};
use crate::args::TokenArguments;
use crate::keys::{self, FetchOnce};
use crate::output::is_stdio;
use crate::terminal::Terminal;
use crate::{now, requests};

pub(crate) fn run(arguments: &TokenArguments, terminal: &Terminal) -> Result<Answer, Failure> {
    let Some(judge) = requests::judge(&arguments.policy, terminal)? else { return Ok(Answer::No) };
    let mut gate = Gate::new(judge.plan);
    keys::take(&arguments.keys, &mut gate.verifier())?;
    let text = token(arguments)?;
    let token = Token { source: TokenSource::Authorization, value: &text };
    let certificate = arguments.client_cert.as_deref();
    let now = arguments.now.unwrap_or_else(now::clock);
    let explained = match FetchOnce::of(&arguments.keys, terminal) {
        Some(mut fetch) => {
            gate.explain_token(token, certificate, now, Some(&mut |issuer| fetch.fetch(issuer, now)))
        }
        None => gate.explain_token(token, certificate, now, None),
    };
    if terminal.is_json(false) {
        terminal.say(&(explained.to_line() + "\n"))?
    } else {
        terminal.say(&in_words(&explained, terminal.paint()))?
    }
    Ok(if explained.accepted { Answer::Yes } else { Answer::No })
}

/// Takes the token from the command line or from stdin, of which one line feed at the end is no part.
///
/// Bytes that aren't ASCII become `?`: they are in no token either, and it stays as long as it was.
fn token(arguments: &TokenArguments) -> Result<String, Failure> {
    let path = Path::new(&arguments.token);
    let bytes = if is_stdio(path) {
        let bytes = read_stdin().map_err(|error| Failure::reading(path, &error))?;
        let line = bytes.strip_suffix(b"\n").unwrap_or(&bytes);
        line.strip_suffix(b"\r").unwrap_or(line).to_vec()
    } else {
        arguments.token.as_encoded_bytes().to_vec()
    };
    Ok(bytes.iter().map(|byte| if byte.is_ascii() { char::from(*byte) } else { '?' }).collect())
}

/// Reads stdin as far as it can be a token: what is longer is refused for that.
fn read_stdin() -> io::Result<Vec<u8>> {
    let with_line_end = u64::try_from(TOKEN_BYTES_MAX).unwrap_or(u64::MAX).saturating_add(3);
    let mut bytes = Vec::new();
    io::stdin().lock().take(with_line_end).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn in_words(explained: &TokenExplained, paint: Paint) -> String {
    let issuer = explained.issuer.as_deref().unwrap_or_default();
    let mut text = match (&explained.code, &explained.caller) {
        (None, Some(caller)) => {
            format!("{}: `{}` of {issuer}\n", paint.green("accepted"), caller.id.escape_debug())
        }
        (code, _) => format!(
            "{}: {} (`{}`)\n",
            paint.red("refused"),
            explained.message.unwrap_or_default(),
            code.as_deref().unwrap_or_default()
        ),
    };
    explained.checks.iter().for_each(|check| text += &check_in_words(check, paint));
    if let Some(caller) = &explained.caller {
        text += &format!("the caller:\n{}", caller_in_words(caller));
    }
    if let Some(claimed) = &explained.claimed {
        text += &format!("the caller, if the token were valid:\n{}", caller_in_words(claimed));
    }
    text
}

fn check_in_words(check: &CheckExplained, paint: Paint) -> String {
    let outcome = match check.outcome {
        CheckOutcome::Passed => paint.green("passed     "),
        CheckOutcome::Failed => paint.red("failed     "),
        CheckOutcome::NotReached => "not reached".into(),
    };
    let line = format!("  {outcome}  {:<13}  {}", check.check.name(), check.says);
    format!("{}\n", line.trim_end())
}

fn caller_in_words(caller: &CallerExplained) -> String {
    let optional = |text: &Option<String>| text.as_deref().unwrap_or_default().to_owned();
    let mut lines = vec![
        ("user.id".to_owned(), caller.id.clone()),
        ("user.client".to_owned(), optional(&caller.client)),
        ("user.actor".to_owned(), optional(&caller.actor)),
        ("user.token_id".to_owned(), optional(&caller.token_id)),
        ("roles".to_owned(), caller.roles.join(", ")),
        ("scopes".to_owned(), caller.scopes.join(", ")),
    ];
    lines.retain(|(_, text)| !text.is_empty());
    lines.extend(caller.attributes.iter().map(|a| (format!("user.{}", a.name), attribute_in_words(a))));
    let width = lines.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    lines.iter().map(|(name, text)| format!("  {name:<width$}  {}\n", text.escape_debug())).collect()
}

fn attribute_in_words(attribute: &AttributeExplained) -> String {
    match &attribute.value {
        _ if !attribute.present => "absent".into(),
        None => "secret".into(),
        Some(AttributeValue::Bool(truth)) => truth.to_string(),
        Some(AttributeValue::Int(number)) => number.to_string(),
        Some(AttributeValue::String(text)) => text.clone(),
        Some(AttributeValue::Strings(texts)) if texts.is_empty() => "none".into(),
        Some(AttributeValue::Strings(texts)) => texts.join(", "),
        Some(AttributeValue::Ip(ip)) => ip.to_string(),
        Some(AttributeValue::Duration(seconds)) => format!("{seconds} s"),
        Some(AttributeValue::Instant(seconds)) => now::in_words(*seconds),
    }
}
