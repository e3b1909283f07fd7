//! `imagewire batch` as its users meet it: real processes that are killed, cut off and starved, and an emulator in the
//! test's own process whose ledger is the judge of what was bought.

mod caps;
mod disk;
mod inputs;
mod kill;
mod memory;
mod names;
mod outcomes;
mod signals;
mod system_calls;

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use imagewire_emulator::{Emulator, Scenario, Script};
use imagewire_types::CreateImageRequest;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// A service, and a folder with an input file and perhaps a batch.
struct Bench {
    /// Serves as long as it lives.
    _runtime: Runtime,
    emulator: Emulator,
    folder: TempDir,
}

impl Bench {
    fn new() -> Self {
        Self::with_script("")
    }

    fn with_script(script: &str) -> Self {
        let runtime = Runtime::new().expect("a runtime");
        let script = Script::from_toml(script).expect("a script");
        let emulator = runtime.block_on(Emulator::builder().scenarios(true).script(script).start());
        let emulator = emulator.expect("a port");
        Self { _runtime: runtime, emulator, folder: folder() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The folder of the batch.
    fn out(&self) -> PathBuf {
        self.path("out")
    }

    fn push(&self, scenario: Scenario) {
        self.emulator.scenario().push(scenario);
    }

    /// What the service billed.
    fn billed(&self) -> u64 {
        self.emulator.ledger().images()
    }

    /// How often it was asked.
    fn requests(&self) -> u64 {
        self.emulator.ledger().requests()
    }

    /// Images billed for each request body.
    fn bills(&self) -> BTreeMap<[u8; 32], u32> {
        let mut bills = BTreeMap::new();
        for entry in self.emulator.ledger().entries() {
            *bills.entry(entry.digest).or_default() += entry.images;
        }
        bills
    }

    /// Writes `prompts.jsonl`.
    fn input(&self, lines: &[Value]) {
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        fs::write(self.path("prompts.jsonl"), text).expect("written");
    }

    /// `count` small items, `i1` and so on, which `mark` makes different from those of others.
    fn items(&self, count: usize, mark: &str) -> Vec<(String, [u8; 32])> {
        let requests = (1..=count).map(|number| (format!("i{number}"), request(number, mark)));
        let requests: Vec<(String, CreateImageRequest)> = requests.collect();
        let lines = requests.iter().map(|(id, request)| {
            let mut line = serde_json::to_value(request).expect("JSON");
            line["id"] = json!(id);
            line
        });
        self.input(&lines.collect::<Vec<_>>());
        requests.iter().map(|(id, request)| (id.clone(), digest(request))).collect()
    }

    /// The command on `prompts.jsonl`, in the folder.
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.bare();
        command.args(["batch", "prompts.jsonl", "-o", "out"]).args(arguments);
        command
    }

    fn bare(&self) -> Command {
        self.configured(Command::new(env!("CARGO_BIN_EXE_imagewire")))
    }

    fn configured(&self, mut command: Command) -> Command {
        command.current_dir(self.folder.path()).stdin(Stdio::null());
        for operation in imagewire_types::operations::OPERATIONS {
            operation.credential_variables().iter().chain(operation.server_env).for_each(|name| {
                command.env_remove(name);
            });
        }
        command
            .env("FAST_API_KEY", "CANARY-4c1f7a")
            .env("FAST_BASE_URL", self.emulator.base_url("fastapi").expect("a service"));
        command
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        Ran::of(self.command(arguments).output().expect("the binary runs"))
    }
}

/// The picture of number `number`: small, and drawn once for all rounds, since `user` does not change it.
fn request(number: usize, mark: &str) -> CreateImageRequest {
    CreateImageRequest::new(format!("fox number {number}")).model("dall-e-2").size("256x256").user(mark)
}

/// As the service sees it.
fn digest(request: &CreateImageRequest) -> [u8; 32] {
    Sha256::digest(serde_json::to_vec(request).expect("JSON")).into()
}

/// In memory where there is such a place: a kill does not care, and the disk is slow.
fn folder() -> TempDir {
    let memory = Path::new("/dev/shm");
    TempDir::new_in(if memory.is_dir() { memory } else { Path::new("/tmp") })
        .or_else(|_| TempDir::new())
        .expect("a folder")
}

/// How a command ended.
#[derive(Debug)]
struct Ran {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

impl Ran {
    fn of(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        Self { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }

    /// The results by id.
    fn results(&self) -> BTreeMap<String, Value> {
        let lines =
            self.stdout.lines().map(|line| serde_json::from_str::<Value>(line).expect("a line of JSON"));
        let results: Vec<Value> = lines.collect();
        let by_id = results
            .iter()
            .map(|result| (result["id"].as_str().unwrap_or_default().to_owned(), result.clone()));
        let by_id: BTreeMap<String, Value> = by_id.collect();
        assert_eq!(by_id.len(), results.len(), "one line an item: {}", self.stdout);
        by_id
    }

    fn statuses(&self) -> BTreeMap<String, String> {
        let status = |result: &Value| result["status"].as_str().expect("a status").to_owned();
        self.results().iter().map(|(id, result)| (id.clone(), status(result))).collect()
    }
}

/// The files in a folder that are not hidden, by name.
fn visible(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").file_name());
    let mut names: Vec<String> = entries.map(|name| name.into_string().expect("UTF-8")).collect();
    names.retain(|name| !name.starts_with('.'));
    names.sort();
    names
}

fn sha256(path: &Path) -> String {
    let bytes = fs::read(path).expect("the file");
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A number from the environment, for longer runs.
fn setting(name: &str, usual: usize) -> usize {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}
