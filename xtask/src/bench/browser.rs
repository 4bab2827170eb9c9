//! Chromium in a real window, told where to go at a known moment.
//!
//! Here belongs: its switches, and the few words of its DevTools protocol that this takes. Not here: what the pages do.
//!
//! Not its headless mode: that draws on other clocks and to no screen. The protocol runs over a pair of pipes, one JSON
//! message each, ended by a zero byte; of the answers only two strings are wanted, so nothing parses JSON here.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{ChildStdin, ChildStdout, Command, Stdio};

use super::screen::Screen;
use crate::Outcome;
use crate::process::Process;

/// A browser with one window that fills the screen.
pub(crate) struct Browser {
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    session: String,
    last_id: u32,
    // Last, so that the pipes are closed before it is ended.
    _process: Process,
}

impl Browser {
    /// Starts one on `screen` with a fresh profile in `profile`, and waits until its window's page can be told things.
    /// `network`: the file of the network namespace to start it in, if not in ours.
    pub(crate) fn start(screen: &Screen, profile: &Path, network: Option<&str>) -> Outcome<Self> {
        let (width, height) = screen.size();
        // Its protocol's pipes are descriptors 3 and 4.
        let mut command = Command::new("sh");
        command.args(["-c", "exec \"$@\" 3<&0 4>&1 </dev/null >/dev/null 2>&1", "sh"]);
        if let Some(network) = network {
            command.arg("nsenter").arg(format!("--net={network}"));
        }
        command.arg("chromium");
        command.args([
            "--remote-debugging-pipe",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--disable-infobars",
            // A page that was left would keep its sockets, and take its part of a link.
            "--disable-features=BackForwardCache",
            "--kiosk",
            "--window-position=0,0",
        ]);
        command.arg(format!("--window-size={width},{height}"));
        command.arg(format!("--user-data-dir={}", profile.display())).arg("about:blank");
        command.env("DISPLAY", screen.display()).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = Process::start("chromium", &mut command)?;
        let input = process.take_input()?;
        let output = BufReader::new(process.take_output()?);
        let mut browser = Self { input, output, session: String::new(), last_id: 0, _process: process };
        browser.attach()?;
        Ok(browser)
    }

    /// Runs `script` in every page before its own scripts.
    pub(crate) fn run_in_pages(&mut self, script: &str) -> Outcome {
        let source = script.replace('\\', "\\\\").replace('"', "\\\"");
        self.call("Page.enable", "{}")?;
        self.call("Page.addScriptToEvaluateOnNewDocument", &format!("{{\"source\":\"{source}\"}}")).map(drop)
    }

    /// Goes to `address`: the message is sent when this returns; the answer is not waited for.
    pub(crate) fn go_to(&mut self, address: &str) -> Outcome {
        self.send("Page.navigate", &format!("{{\"url\":\"{address}\"}}"))
    }

    /// What `expression`, a string, is in the page.
    pub(crate) fn evaluate(&mut self, expression: &str) -> Outcome<String> {
        let source = expression.replace('\\', "\\\\").replace('"', "\\\"");
        let answer = self.call("Runtime.evaluate", &format!("{{\"expression\":\"{source}\"}}"))?;
        let value = answer.split("\"type\":\"string\",\"value\":\"").nth(1);
        let end = |text: &str| text.rfind("\"}").unwrap_or(text.len());
        let text = value.map(|text| text[..end(text)].replace("\\\"", "\""));
        text.ok_or_else(|| format!("chromium: {expression} is no string"))
    }

    /// Opens an empty page in front of the one that is told things, which nobody sees from then on.
    pub(crate) fn cover(&mut self) -> Outcome {
        self.call_browser("Target.createTarget", "{\"url\":\"about:blank\"}").map(drop)
    }

    /// Brings the page that is told things to the front.
    pub(crate) fn uncover(&mut self) -> Outcome {
        self.send("Page.bringToFront", "{}")
    }

    /// As `call`, to the browser and not to its page.
    fn call_browser(&mut self, method: &str, parameters: &str) -> Outcome<String> {
        let session = std::mem::take(&mut self.session);
        let answer = self.call(method, parameters);
        self.session = session;
        answer
    }

    fn attach(&mut self) -> Outcome {
        let targets = self.call("Target.getTargets", "{}")?;
        let page = targets.split("{\"targetId\"").find(|target| target.contains("\"type\":\"page\""));
        let id = page.and_then(|page| page.split('"').nth(1)).ok_or("chromium shows no page")?;
        let answer =
            self.call("Target.attachToTarget", &format!("{{\"targetId\":\"{id}\",\"flatten\":true}}"))?;
        let session = answer.split("\"sessionId\":\"").nth(1).and_then(|rest| rest.split('"').next());
        self.session = session.ok_or("chromium gave no session")?.to_string();
        Ok(())
    }

    fn send(&mut self, method: &str, parameters: &str) -> Outcome {
        self.last_id += 1;
        let session = match self.session.as_str() {
            "" => String::new(),
            session => format!(",\"sessionId\":\"{session}\""),
        };
        let id = self.last_id;
        let message = format!("{{\"id\":{id},\"method\":\"{method}\",\"params\":{parameters}{session}}}\0");
        self.input.write_all(message.as_bytes()).map_err(|error| format!("chromium: {error}"))
    }

    /// Sends a request and waits for its answer; events before it are dropped.
    fn call(&mut self, method: &str, parameters: &str) -> Outcome<String> {
        self.send(method, parameters)?;
        let start = format!("{{\"id\":{},", self.last_id);
        loop {
            let mut bytes = Vec::new();
            self.output.read_until(0, &mut bytes).map_err(|error| format!("chromium: {error}"))?;
            if bytes.is_empty() {
                return Err("chromium ended".into());
            }
            let text = String::from_utf8_lossy(&bytes);
            if text.starts_with(&start) {
                return match text.contains("\"error\":{") {
                    true => Err(format!("chromium: {method}: {text}")),
                    false => Ok(text.into_owned()),
                };
            }
        }
    }
}
