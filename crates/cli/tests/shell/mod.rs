//! The binary in a folder of its own: nobody's keys, nobody's configuration.

// Each test file uses what it needs.
#![allow(dead_code, reason = "shared by several test binaries")]

use std::{
    env, fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    thread,
};

use serde_json::Value;
use tempfile::TempDir;

/// A home folder with a project in it.
pub(crate) struct Home {
    root: TempDir,
}

impl Home {
    pub(crate) fn new() -> Self {
        let root = TempDir::new().expect("a folder");
        fs::create_dir(root.path().join("project")).expect("a folder");
        Self { root }
    }

    /// The home folder, as the binary names it.
    pub(crate) fn path(&self) -> PathBuf {
        self.root.path().canonicalize().expect("it exists")
    }

    pub(crate) fn project(&self) -> PathBuf {
        self.path().join("project")
    }

    pub(crate) fn write(&self, file: &str, text: &str) -> PathBuf {
        let path = self.path().join(file);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(&path, text).expect("a file");
        path
    }

    /// The binary in the project, with these variables and no others.
    pub(crate) fn command(&self, variables: &[(&str, &str)], arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_imagewire"));
        command.args(arguments).current_dir(self.project()).env_clear().env("HOME", self.path());
        command.env("PATH", env::var_os("PATH").unwrap_or_default());
        command.envs(variables.iter().copied()).stdin(Stdio::null());
        command
    }

    pub(crate) fn run(&self, variables: &[(&str, &str)], arguments: &[&str]) -> Ran {
        Ran(self.command(variables, arguments).output().expect("the binary runs"))
    }

    /// The same, with something on standard input.
    pub(crate) fn feed(&self, input: &[u8], arguments: &[&str]) -> Ran {
        let mut command = self.command(&[], arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the binary runs");
        // It may end before it reads all of that.
        let _ = child.stdin.take().expect("a pipe").write_all(input);
        Ran(child.wait_with_output().expect("it ends"))
    }
}

/// What a run left.
pub(crate) struct Ran(pub(crate) Output);

impl Ran {
    pub(crate) fn code(&self) -> Option<i32> {
        self.0.status.code()
    }

    pub(crate) fn stdout(&self) -> String {
        String::from_utf8(self.0.stdout.clone()).expect("UTF-8")
    }

    pub(crate) fn stderr(&self) -> String {
        String::from_utf8(self.0.stderr.clone()).expect("UTF-8")
    }

    /// The one object of `--json`.
    pub(crate) fn object(&self) -> Value {
        let text = self.stdout();
        assert_eq!(text.lines().count(), 1, "{text}{}", self.stderr());
        serde_json::from_str(&text).expect("one JSON object")
    }
}

/// An `imagewire emulate` that ends with its owner.
pub(crate) struct Emulator {
    child: Child,
    pub(crate) origin: String,
}

impl Emulator {
    /// Accepts the key `good` alone, and shows its ledger.
    pub(crate) fn start() -> Self {
        Self::with(&[])
    }

    /// The same, with more flags.
    pub(crate) fn with(flags: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_imagewire"))
            .args(["emulate", "--listen", "127.0.0.1:0", "--admin", "--api-key-env", "EMULATOR_KEY"])
            .args(flags)
            .env("EMULATOR_KEY", "good")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the binary runs");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("a pipe")).read_line(&mut line).expect("a line");
        let origin = line.trim().strip_prefix("listening on ").expect("the address comes first").to_owned();
        Self { child, origin }
    }

    /// What it would have billed, and how many requests came.
    pub(crate) fn ledger(&self) -> (u64, u64) {
        let host = self.origin.trim_start_matches("http://");
        let mut stream = std::net::TcpStream::connect(host).expect("a connection");
        let request = format!(
            "GET /_emulator/ledger HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer good\r\nconnection: close\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).expect("writable");
        let mut text = String::new();
        stream.read_to_string(&mut text).expect("readable");
        let (_, body) = text.split_once("\r\n\r\n").expect("a body");
        let body = body.get(body.find('{').expect("JSON")..=body.rfind('}').expect("JSON")).expect("JSON");
        let ledger: Value = serde_json::from_str(body).expect("JSON");
        (ledger["images"].as_u64().expect("a number"), ledger["requests"].as_u64().expect("a number"))
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Answers each connection that sends something with the same bytes; it ends with the test. Gives the origin.
pub(crate) fn scripted(answer: String) -> String {
    scripted_after(|| {}, answer)
}

/// The same, and something happens before each answer.
pub(crate) fn scripted_after(before: impl Fn() + Send + 'static, answer: String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let origin = format!("http://{}", listener.local_addr().expect("an address"));
    thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let mut request = Vec::new();
            let mut chunk = [0; 4096];
            // The body is short, and it ends the request.
            while !request.ends_with(b"}") {
                match stream.read(&mut chunk) {
                    Ok(read) if read > 0 => request.extend_from_slice(&chunk[..read]),
                    _ => break,
                }
            }
            before();
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    origin
}

pub(crate) fn json_answer(status: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    )
}

/// The files of a folder, by name.
pub(crate) fn files(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}
