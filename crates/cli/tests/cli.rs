//! The command line as its users meet it: real processes, real sockets, real files.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    thread,
};

use serde_json::{Value, json};
use tempfile::TempDir;

/// The binary, in a folder of its own and without anybody's keys.
fn imagewire(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_imagewire"));
    command.current_dir(folder);
    // Nobody's configuration either.
    command.env("XDG_CONFIG_HOME", folder.join("no-configuration"));
    for operation in imagewire_types::operations::OPERATIONS {
        operation.credential_variables().iter().chain(operation.server_env).for_each(|name| {
            command.env_remove(name);
        });
    }
    command
}

fn run(folder: &Path, arguments: &[&str]) -> Output {
    imagewire(folder).args(arguments).output().expect("the binary runs")
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("UTF-8")
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("UTF-8")
}

fn object(output: &Output) -> Value {
    let text = stdout(output);
    assert_eq!(text.lines().count(), 1, "{text}");
    serde_json::from_str(&text).expect("one JSON object")
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> =
        fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()).collect();
    files.sort();
    files
}

/// An `imagewire emulate` that ends with its owner.
struct Emulator(Child, String);

impl Emulator {
    fn start() -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_imagewire"))
            .args(["emulate", "--listen", "127.0.0.1:0"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the binary runs");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("a pipe")).read_line(&mut line).expect("a line");
        let address = line.trim().strip_prefix("listening on ").expect("the address comes first").to_owned();
        Self(child, address)
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn the_first_command_of_a_newcomer() {
    let folder = TempDir::new().expect("a folder");
    let output = run(folder.path(), &["generate", "a corgi in a field"]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(stderr(&output).contains("built-in emulator"), "{}", stderr(&output));
    let path = PathBuf::from(stdout(&output).trim_end());
    assert!(path.is_absolute(), "{path:?}");
    assert_eq!(files(folder.path()).len(), 1);
    let size = imagesize::size(&path).expect("an image");
    assert_eq!((size.width, size.height), (1024, 1024));
}

#[test]
fn json_is_exactly_one_object_and_several_images_are_numbered() {
    let folder = TempDir::new().expect("a folder");
    let output = run(
        folder.path(),
        &[
            "generate",
            "two herons",
            "-m",
            "dall-e-2",
            "-n",
            "2",
            "--size",
            "256x256",
            "-o",
            "heron.jpg",
            "--json",
        ],
    );
    let object = object(&output);
    assert_eq!(object["ok"], true);
    let images = object["images"].as_array().expect("images");
    let names: Vec<&str> = images
        .iter()
        .map(|image| image["path"].as_str().expect("a path").rsplit('/').next().expect("a name"))
        .collect();
    // The emulator's DALL·E draws PNG, whatever the file was to be called.
    assert_eq!(names, ["heron-1.png", "heron-2.png"]);
    for image in images {
        let bytes = fs::read(image["path"].as_str().expect("a path")).expect("the file");
        assert_eq!(
            (&image["width"], &image["height"], &image["format"]),
            (&json!(256), &json!(256), &json!("png"))
        );
        assert_eq!(image["bytes"], json!(bytes.len()));
        assert_eq!(image["sha256"].as_str().map(str::len), Some(64));
    }
    assert_ne!(images[0]["sha256"], images[1]["sha256"]);
}

#[test]
fn an_invalid_request_is_not_sent_and_leaves_nothing() {
    let folder = TempDir::new().expect("a folder");
    let output =
        run(folder.path(), &["generate", "SECRET PROMPT", "-n", "2", "--quality", "HD", "-o", "out/"]);
    assert_eq!(output.status.code(), Some(3));
    assert_eq!(stdout(&output), "");
    let text = stderr(&output);
    assert!(
        text.contains("`n` is 2; dall-e-3 takes 1 (nearest: 1)") && text.contains("(nearest: hd)"),
        "{text}"
    );
    assert!(!text.contains("SECRET"), "{text}");
    assert!(files(folder.path()).is_empty());
    let output = run(folder.path(), &["generate", "x", "-n", "2", "--json"]);
    let object = object(&output);
    assert_eq!(
        (&object["ok"], &object["error"]["kind"], &object["error"]["outcome"]),
        (&json!(false), &json!("invalid_request"), &json!("not_sent"))
    );
    assert_eq!(object["error"]["code"], "out_of_range");
}

#[test]
fn rules_can_be_set_aside_or_met() {
    let folder = TempDir::new().expect("a folder");
    // Nothing is checked here, so the service itself refuses.
    let output = run(folder.path(), &["generate", "x", "-n", "2", "--no-check", "--json"]);
    let refused = object(&output);
    assert_eq!(
        (output.status.code(), &refused["error"]["outcome"], &refused["error"]["http_status"]),
        (Some(3), &json!("refused"), &json!(400))
    );
    let output =
        run(folder.path(), &["generate", "x", "-n", "2", "--size", "1000x1000", "--adapt", "--json"]);
    let adapted = object(&output);
    assert!(output.status.success(), "{adapted}");
    assert_eq!(adapted["changes"].as_array().map(Vec::len), Some(2));
    assert_eq!(
        (&adapted["images"][0]["width"], adapted["images"].as_array().map(Vec::len)),
        (&json!(1024), Some(1))
    );
}

#[test]
fn requests_migrate_and_members_are_explained() {
    let folder = TempDir::new().expect("a folder");
    let body = r#"{"prompt":"a fox","model":"dall-e-3","quality":"hd","size":"1792x1024","style":"vivid"}"#;
    fs::write(folder.path().join("request.json"), body).expect("a file");
    let output = run(
        folder.path(),
        &["migrate", "request.json", "--from", "dall-e-3", "--to", "gpt-image-1", "--fold-style"],
    );
    assert_eq!(
        object(&output),
        json!({ "prompt": "a fox, in a vivid style", "model": "gpt-image-1", "quality": "high", "size": "1536x1024" })
    );
    assert!(stderr(&output).contains("dropped style"), "{}", stderr(&output));
    let output = run(folder.path(), &["explain", "size", "1920x1088", "--json"]);
    assert!(object(&output)["models"].as_array().is_some_and(|models| {
        models.iter().all(|model| model.as_str().is_some_and(|id| id.starts_with("gpt-image-2")))
    }));
    assert_eq!(run(folder.path(), &["explain", "nothing"]).status.code(), Some(2));
}

#[test]
fn the_specification_is_printed_as_standard_documents() {
    let folder = TempDir::new().expect("a folder");
    let schema: Value = serde_json::from_slice(
        &run(folder.path(), &["schema", "--dialect", "hicap", "--model", "dall-e-3"]).stdout,
    )
    .expect("JSON");
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    let openapi: Value =
        serde_json::from_slice(&run(folder.path(), &["openapi", "--dialect", "fastapi"]).stdout)
            .expect("JSON");
    assert_eq!(openapi["openapi"], "3.1.0");
    assert_eq!(run(folder.path(), &["openapi", "--dialect", "nobody"]).status.code(), Some(2));
}

#[test]
fn a_model_file_is_taken_at_run_time() {
    let folder = TempDir::new().expect("a folder");
    let model = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "house-model", "description": "A model of ours.", "type": "object",
        "properties": { "prompt": { "maxLength": 10 }, "model": true },
        "additionalProperties": { "type": "null" },
        "x-sources": [{ "covers": "all", "title": "Ourselves", "url": "https://example.com/", "checked": "2026-11-22" }]
    });
    fs::write(folder.path().join("house.json"), model.to_string()).expect("a file");
    let output = run(
        folder.path(),
        &["generate", "a prompt that is too long", "-m", "house-model", "--models", "house.json"],
    );
    assert_eq!(output.status.code(), Some(3));
    assert!(stderr(&output).contains("house-model takes at most 10 characters"), "{}", stderr(&output));
    fs::write(folder.path().join("broken.json"), "{").expect("a file");
    let output = run(folder.path(), &["models", "--models", "broken.json"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("broken.json:1:"), "{}", stderr(&output));
}

#[test]
fn existing_files_are_kept() {
    let folder = TempDir::new().expect("a folder");
    let file = folder.path().join("picture.png");
    fs::write(&file, "mine").expect("a file");
    let arguments = ["generate", "x", "--size", "256x256", "-m", "dall-e-2", "-o", "picture.png"];
    let output = run(folder.path(), &arguments);
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    assert_eq!(fs::read(&file).expect("the file"), b"mine");
    let output = run(folder.path(), &[&arguments[..], &["--force"]].concat());
    assert!(output.status.success(), "{}", stderr(&output));
    assert_ne!(fs::read(&file).expect("the file"), b"mine");
    assert_eq!(files(folder.path()), [file]);
}

#[test]
fn every_service_works_against_the_emulate_command() {
    let folder = TempDir::new().expect("a folder");
    let emulator = Emulator::start();
    for (dialect, key, path, extra) in [
        ("hicap", "HICAP_API_KEY", "/v1", &["--size", "256x256"][..]),
        (
            "fastapi",
            "FAST_API_KEY",
            "/v1",
            &["-m", "dall-e-2", "--size", "256x256", "--response-format", "b64_json"],
        ),
        (
            "truefoundry",
            "TFY_API_KEY",
            "/api/llm",
            &["-m", "openai-main/gpt-image-1", "--output-format", "webp", "--output-compression", "80"],
        ),
    ] {
        let output = imagewire(folder.path())
            .args([
                "generate",
                "a heron",
                "--dialect",
                dialect,
                "--base-url",
                &format!("{}{path}", emulator.1),
                "-o",
                &format!("{dialect}/"),
            ])
            .args(extra)
            .env(key, "test")
            .output()
            .expect("the binary runs");
        assert!(output.status.success(), "{dialect}: {}", stderr(&output));
        assert!(!stderr(&output).contains("emulator"), "{dialect}: {}", stderr(&output));
        imagesize::size(stdout(&output).trim_end()).expect("an image");
    }
    assert!(
        files(&folder.path().join("truefoundry"))[0].extension().is_some_and(|extension| extension == "webp")
    );
}

#[test]
fn a_missing_key_is_named() {
    let folder = TempDir::new().expect("a folder");
    let output = run(folder.path(), &["generate", "x", "--base-url", "http://127.0.0.1:9/v1"]);
    assert_eq!(output.status.code(), Some(4));
    assert!(stderr(&output).contains("FAST_API_KEY"), "{}", stderr(&output));
    let output = run(folder.path(), &["generate", "x", "--api-key-env", "NOBODY_SETS_THIS"]);
    assert_eq!(output.status.code(), Some(4));
    assert!(stderr(&output).contains("NOBODY_SETS_THIS"), "{}", stderr(&output));
    let output = imagewire(folder.path())
        .args(["generate", "x", "--dialect", "truefoundry"])
        .env("TFY_API_KEY", "k")
        .output()
        .expect("the binary runs");
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    assert!(stderr(&output).contains("TFY_BASE_URL"), "{}", stderr(&output));
}

/// Answers each connection with the same bytes, after reading the request, and counts the requests.
fn scripted(answer: &'static [u8], connections: usize) -> (String, thread::JoinHandle<usize>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = format!("http://{}/v1", listener.local_addr().expect("an address"));
    let server = thread::spawn(move || {
        for _ in 0..connections {
            let (mut stream, _) = listener.accept().expect("a connection");
            let mut request = Vec::new();
            let mut chunk = [0; 4096];
            loop {
                let read = stream.read(&mut chunk).expect("readable");
                request.extend_from_slice(&chunk[..read]);
                let text = String::from_utf8_lossy(&request).into_owned();
                let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
                let length = head
                    .lines()
                    .find_map(|line| line.strip_prefix("content-length: "))
                    .and_then(|text| text.parse().ok());
                if read == 0 || body.len() >= length.unwrap_or(0) {
                    break;
                }
            }
            stream.write_all(answer).expect("writable");
        }
        connections
    });
    (address, server)
}

#[test]
fn failures_say_what_they_cost_and_leave_nothing() {
    let cases: [(&[u8], i32, &str, &str); 7] = [
        (b"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 15\r\n\r\n<html>no</html>", 8, "unexpected_content_type", "unknown"),
        (b"", 8, "transport", "unknown"),
        (b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 0\r\n\r\n", 8, "decode", "unknown"),
        (b"HTTP/1.1 307 Temporary Redirect\r\nlocation: http://127.0.0.1:9/\r\ncontent-length: 0\r\n\r\n", 1, "redirect_refused", "refused"),
        (b"HTTP/1.1 401 Unauthorized\r\ncontent-type: application/json\r\ncontent-length: 55\r\n\r\n{\"error\":{\"message\":\"no CANARY\",\"code\":\"invalid_key\"}}  ", 4, "authentication", "refused"),
        (b"HTTP/1.1 429 Too Many Requests\r\nretry-after: 300\r\ncontent-length: 0\r\n\r\n", 6, "rate_limit", "refused"),
        (b"HTTP/1.1 500 Internal Server Error\r\ncontent-length: 0\r\n\r\n", 8, "server", "unknown"),
    ];
    for (answer, exit, kind, outcome) in cases {
        let folder = TempDir::new().expect("a folder");
        let (address, server) = scripted(answer, 1);
        let output = imagewire(folder.path())
            .args(["generate", "PRIVATE", "--base-url", &address, "--json"])
            .env("FAST_API_KEY", "CANARY")
            .output()
            .expect("the binary runs");
        let object = object(&output);
        assert_eq!(
            (&object["error"]["kind"], &object["error"]["outcome"]),
            (&json!(kind), &json!(outcome)),
            "{object}"
        );
        assert_eq!(output.status.code(), Some(exit), "{object}");
        assert!(!stdout(&output).contains("CANARY") && !stderr(&output).contains("CANARY"), "{object}");
        assert!(!stdout(&output).contains("PRIVATE"), "{object}");
        assert!(files(folder.path()).is_empty(), "{kind}");
        assert_eq!(server.join().expect("no panic"), 1);
    }
}

#[test]
fn nobody_there_is_not_sent() {
    let folder = TempDir::new().expect("a folder");
    let port =
        TcpListener::bind("127.0.0.1:0").expect("a free port").local_addr().expect("an address").port();
    let output = imagewire(folder.path())
        .args(["generate", "x", "--base-url", &format!("http://127.0.0.1:{port}/v1"), "--json"])
        .env("FAST_API_KEY", "k")
        .output()
        .expect("the binary runs");
    let object = object(&output);
    assert_eq!(
        (output.status.code(), &object["error"]["outcome"]),
        (Some(7), &json!("not_sent")),
        "{object}"
    );
}

#[test]
fn validate_judges_files_and_standard_input() {
    let folder = TempDir::new().expect("a folder");
    let file = folder.path().join("request.json");
    fs::write(&file, r#"{"prompt":"x","n":3}"#).expect("a file");
    let output = run(folder.path(), &["validate", "request.json", "--dialect", "hicap"]);
    assert_eq!(
        (output.status.code(), stdout(&output).as_str()),
        (Some(3), "request.json:/n: error: `n` is 3; Hicap takes 1 (nearest: 1)\n")
    );
    let output = run(folder.path(), &["validate", "request.json", "--dialect", "fastapi", "--json"]);
    assert_eq!((output.status.code(), object(&output)["ok"].clone()), (Some(0), json!(true)));
    // The flag's model counts, not the body's or the default.
    let output =
        run(folder.path(), &["validate", "request.json", "--dialect", "fastapi", "--model", "dall-e-3"]);
    assert_eq!(output.status.code(), Some(3));
    for (body, dialect, exit, said) in [
        ("", "hicap", 3, "not JSON"),
        ("[]", "hicap", 3, "an object is expected"),
        (r#"{"prompt":5}"#, "hicap", 3, "text is expected"),
        (r#"{"prompt":"x","prompt":"y"}"#, "hicap", 3, "stands twice"),
        (r#"{"prompt":"x","style":null}"#, "hicap", 3, "is null"),
        (r#"{"prompt":"x","style":null}"#, "truefoundry", 0, ""),
        (r#"{"prompt":"x"}"#, "nobody", 2, "no service is named"),
    ] {
        let mut child = imagewire(folder.path())
            .args(["validate", "-", "--dialect", dialect])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary runs");
        // A service that does not exist is noticed before the body is read.
        let _ = child.stdin.take().expect("a pipe").write_all(body.as_bytes());
        let output = child.wait_with_output().expect("it ends");
        assert_eq!(output.status.code(), Some(exit), "{body}");
        let said_something = stdout(&output).contains(said) || stderr(&output).contains(said);
        assert!(said_something, "{body}: {}{}", stdout(&output), stderr(&output));
    }
}

#[test]
fn dry_run_shows_the_request_and_no_key() {
    let folder = TempDir::new().expect("a folder");
    let output = imagewire(folder.path())
        .args(["generate", "it's x", "--dialect", "hicap", "--dry-run"])
        .env("HICAP_API_KEY", "CANARY")
        .output()
        .expect("the binary runs");
    let text = stdout(&output);
    assert!(!text.contains("CANARY") && text.contains("$HICAP_API_KEY"), "{text}");
    assert!(
        text.contains("/v1/deployments/dalle-deployment/images/generations?api-version=2025-01-01-preview"),
        "{text}"
    );
    assert!(text.contains(r"-d '{`prompt`:`it'\''s x`}'".replace('`', "\"").as_str()), "{text}");
    assert!(files(folder.path()).is_empty());
}

#[test]
fn models_are_listed_and_explained() {
    let folder = TempDir::new().expect("a folder");
    let listed = stdout(&run(folder.path(), &["models"]));
    assert!(
        listed
            .lines()
            .any(|line| line.starts_with("dall-e-3 ") && line.contains("retired at openai 2026-05-12")),
        "{listed}"
    );
    let page = stdout(&run(folder.path(), &["models", "openai-main/gpt-image-1"]));
    assert!(page.contains("1 to 32000 characters") && page.contains("JPEG has no alpha channel"), "{page}");
    let output = run(folder.path(), &["models", "dall-e-3", "--json"]);
    assert_eq!(object(&output)["model"]["accepts"]["n"]["accepts"], "1");
    assert_eq!(run(folder.path(), &["models", "nobody"]).status.code(), Some(2));
}

#[test]
fn usage_errors_exit_with_2_and_keep_the_promise_of_json() {
    let folder = TempDir::new().expect("a folder");
    assert_eq!(run(folder.path(), &["generate"]).status.code(), Some(2));
    let output = run(folder.path(), &["generate", "x", "-n", "many", "--json"]);
    assert_eq!(
        (output.status.code(), object(&output)["error"]["kind"].clone()),
        (Some(2), json!("configuration"))
    );
}
