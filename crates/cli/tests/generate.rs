//! `imagewire generate` as its users meet it: what is asked for, and what it is saved as.

mod shell;

use std::{fs, path::PathBuf};

use serde_json::{Value, json};
use shell::{Emulator, Home, Ran, files};

fn paths(ran: &Ran) -> Vec<PathBuf> {
    ran.stdout().lines().map(PathBuf::from).collect()
}

fn names(object: &Value) -> Vec<String> {
    let images = object["images"].as_array().expect("images");
    let name = |image: &Value| image["path"].as_str().expect("a path").rsplit('/').next().map(str::to_owned);
    images.iter().filter_map(name).collect()
}

#[test]
fn the_first_command_of_a_newcomer() {
    let home = Home::new();
    let ran = home.run(&[], &["generate", "a corgi in a field"]);
    assert_eq!(ran.code(), Some(0), "{}", ran.stderr());
    assert!(ran.stderr().contains("built-in emulator"), "{}", ran.stderr());
    let [path] = paths(&ran).try_into().expect("one path");
    assert!(path.is_absolute(), "{path:?}");
    assert_eq!(files(&home.project()).len(), 1);
    let size = imagesize::size(&path).expect("an image");
    assert_eq!((size.width, size.height), (1024, 1024));
}

#[test]
fn several_images_of_one_answer_are_numbered() {
    let home = Home::new();
    let arguments = [
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
    ];
    let object = home.run(&[], &arguments).object();
    assert_eq!(object["ok"], true);
    // The emulator's DALL·E draws PNG, whatever the file was to be called.
    assert_eq!(names(&object), ["heron-1.png", "heron-2.png"]);
    for image in object["images"].as_array().expect("images") {
        let bytes = fs::read(image["path"].as_str().expect("a path")).expect("the file");
        assert_eq!(
            (&image["width"], &image["height"], &image["format"]),
            (&json!(256), &json!(256), &json!("png"))
        );
        assert_eq!(image["bytes"], json!(bytes.len()));
        assert_eq!(image["sha256"].as_str().map(str::len), Some(64));
    }
    assert_ne!(object["images"][0]["sha256"], object["images"][1]["sha256"]);
    assert_eq!(object["warnings"][0], "the image is PNG, so its name ends in .png");
}

#[test]
fn a_model_that_makes_one_image_at_a_time_is_asked_several_times() {
    let home = Home::new();
    let emulator = Emulator::start();
    let base_url = format!("{}/v1", emulator.origin);
    let arguments = [
        "generate",
        "a fox",
        "-m",
        "dall-e-3",
        "-n",
        "3",
        "--base-url",
        &base_url,
        "-o",
        "fox.png",
        "--json",
    ];
    let ran = home.run(&[("FAST_API_KEY", "good")], &arguments);
    let object = ran.object();
    assert_eq!(names(&object), ["fox-1.png", "fox-2.png", "fox-3.png"], "{object}");
    let requests: Vec<&Value> =
        object["images"].as_array().expect("images").iter().map(|one| &one["request"]).collect();
    assert_eq!(requests, [1, 2, 3]);
    assert_eq!(emulator.ledger(), (3, 3));
    assert!(ran.stderr().contains("3 requests, since each makes at most 1"), "{}", ran.stderr());
    // Places in a template, and the usual numbers when it has none.
    let arguments =
        |template: &'static str| ["generate", "a fox", "-n", "2", "--name", template, "-o", "out/", "--json"];
    assert_eq!(names(&home.run(&[], &arguments("{index}-{slug}")).object()), ["1-a-fox.png", "2-a-fox.png"]);
    assert_eq!(names(&home.run(&[], &arguments("{slug}")).object()), ["a-fox-1.png", "a-fox-2.png"]);
}

#[test]
fn an_invalid_request_is_not_sent_and_leaves_nothing() {
    let home = Home::new();
    let ran = home.run(&[], &["generate", "SECRET PROMPT", "--quality", "HD", "-o", "out/"]);
    assert_eq!((ran.code(), ran.stdout().as_str()), (Some(3), ""));
    assert!(ran.stderr().contains("(nearest: hd)"), "{}", ran.stderr());
    assert!(!ran.stderr().contains("SECRET"), "{}", ran.stderr());
    assert!(files(&home.project()).is_empty());
    let object = home.run(&[], &["generate", "x", "--size", "1x1", "--json"]).object();
    assert_eq!(
        (&object["ok"], &object["error"]["kind"], &object["error"]["outcome"], &object["error"]["code"]),
        (&json!(false), &json!("invalid_request"), &json!("not_sent"), &json!("unsupported_value"))
    );
    assert_eq!(object["error"]["findings"][0]["pointer"], "/size");
}

#[test]
fn rules_can_be_set_aside_or_met() {
    let home = Home::new();
    // Nothing is checked here, so the service itself refuses.
    let ran = home.run(&[], &["generate", "x", "-n", "2", "--no-check", "--json"]);
    let refused = ran.object();
    assert_eq!(
        (ran.code(), &refused["error"]["outcome"], &refused["error"]["http_status"]),
        (Some(3), &json!("refused"), &json!(400))
    );
    assert_eq!(refused["cost"]["high_micro_usd"], 0);
    let ran =
        home.run(&[], &["generate", "x", "--quality", "high", "--size", "1000x1000", "--adapt", "--json"]);
    let adapted = ran.object();
    assert_eq!(ran.code(), Some(0), "{adapted}");
    assert_eq!(adapted["changes"].as_array().map(Vec::len), Some(2));
    assert_eq!(adapted["images"][0]["width"], 1024);
    let told = ran.stderr();
    assert!(
        told.contains("changed size from \"1000x1000\" to \"1024x1024\"") && told.contains("quality"),
        "{told}"
    );
}

#[test]
fn words_for_sizes_become_what_the_model_takes_and_are_told() {
    let home = Home::new();
    let arguments =
        ["generate", "x", "-m", "gpt-image-1", "--dialect", "truefoundry", "--quality", "low", "--json"];
    let ran = home.run(&[], &[&arguments[..], &["--size", "landscape"]].concat());
    assert_eq!(ran.object()["images"][0]["width"], 1536, "{}", ran.stderr());
    assert!(ran.stderr().contains("size landscape is 1536x1024 for gpt-image-1"), "{}", ran.stderr());
    let ran = home.run(&[], &["generate", "x", "-m", "dall-e-2", "--size", "portrait"]);
    assert_eq!(ran.code(), Some(3));
    assert!(ran.stderr().contains("it takes 256x256, 512x512, 1024x1024"), "{}", ran.stderr());
}

#[test]
fn the_prompt_comes_from_anywhere() {
    let home = Home::new();
    let prompt = |ran: &Ran| ran.object()["request"]["body"]["prompt"].as_str().map(str::to_owned);
    let dry = ["generate", "--dry-run", "--json"];
    home.write("project/prompt.txt", "from a file\n");
    let with = |more: &[&'static str]| [&dry[..], more].concat();
    assert_eq!(prompt(&home.run(&[], &with(&["from the line"]))).as_deref(), Some("from the line"));
    assert_eq!(
        prompt(&home.run(&[], &with(&["--prompt-file", "prompt.txt"]))).as_deref(),
        Some("from a file")
    );
    assert_eq!(prompt(&home.feed("from a pipe\r\n".as_bytes(), &dry)).as_deref(), Some("from a pipe"));
    assert_eq!(prompt(&home.feed(b"two\nlines\n", &with(&["-"]))).as_deref(), Some("two\nlines"));
    // With an argument, standard input is somebody else's.
    assert_eq!(prompt(&home.feed(b"ignored", &with(&["argument"]))).as_deref(), Some("argument"));
    for (input, said) in [
        (&b""[..], "is empty"),
        (b" \n", "is empty"),
        (b"\xff\xfe", "is not UTF-8"),
        (b"GIF89a\x01\0\x01\0\0\0\0;", "is an image"),
    ] {
        let ran = home.feed(input, &dry);
        assert_eq!(ran.code(), Some(2));
        assert!(
            ran.object()["error"]["message"].as_str().is_some_and(|text| text.contains(said)),
            "{}",
            ran.stdout()
        );
    }
    assert_eq!(home.run(&[], &with(&["x", "--prompt-file", "prompt.txt"])).code(), Some(2));
}

#[test]
fn other_members_go_out_as_they_are() {
    let home = Home::new();
    home.write("project/tags.json", r#"{"team":"design"}"#);
    let arguments = [
        "generate",
        "x",
        "--dry-run",
        "--json",
        "--extra",
        "seed=7",
        "--extra",
        "note=plain text",
        "--extra",
        "tags=@tags.json",
        "--name",
        "{seed}",
    ];
    let object = home.run(&[], &arguments).object();
    let body = &object["request"]["body"];
    assert_eq!(
        (&body["seed"], &body["note"], &body["tags"]["team"]),
        (&json!(7), &json!("plain text"), &json!("design"))
    );
    assert_eq!(object["names"], json!(["7"]));
    for (extra, said) in
        [("size=1", "use --size"), ("nothing", "NAME=VALUE"), ("a=@missing", "cannot read missing")]
    {
        let ran = home.run(&[], &["generate", "x", "--extra", extra]);
        assert_eq!(ran.code(), Some(2), "{extra}");
        assert!(ran.stderr().contains(said), "{}", ran.stderr());
    }
}

#[test]
fn existing_files_are_kept() {
    let home = Home::new();
    let file = home.write("project/picture.png", "mine");
    let arguments = ["generate", "x", "--size", "256x256", "-m", "dall-e-2", "-o", "picture.png"];
    let ran = home.run(&[], &arguments);
    assert_eq!(ran.code(), Some(2), "{}", ran.stderr());
    assert_eq!(fs::read(&file).expect("the file"), b"mine");
    let ran = home.run(&[], &[&arguments[..], &["--force"]].concat());
    assert_eq!(ran.code(), Some(0), "{}", ran.stderr());
    assert_ne!(fs::read(&file).expect("the file"), b"mine");
    assert_eq!(files(&home.project()), ["picture.png"]);
    // A manifest that is in the way is noticed before anything is bought.
    home.write("project/other.png.json", "mine");
    let ran = home.run(&[], &["generate", "x", "-o", "other.png", "--manifest"]);
    assert_eq!(ran.code(), Some(2), "{}", ran.stderr());
    assert_eq!(files(&home.project()), ["other.png.json", "picture.png"]);
}

#[test]
fn a_manifest_tells_all_about_its_image() {
    let home = Home::new();
    let arguments = [
        "generate",
        "a fox",
        "-m",
        "gpt-image-2",
        "--dialect",
        "openai",
        "--quality",
        "low",
        "-o",
        "fox.png",
        "--manifest",
        "--verify",
        "--json",
    ];
    let object = home.run(&[], &arguments).object();
    assert_eq!(object["ok"], true, "{object}");
    assert_eq!(files(&home.project()), ["fox.png", "fox.png.json"]);
    let text = fs::read_to_string(home.project().join("fox.png.json")).expect("a manifest");
    let manifest: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(manifest["schema_version"], 1);
    assert_eq!(manifest["request"], json!({ "prompt": "a fox", "model": "gpt-image-2", "quality": "low" }));
    assert_eq!(manifest["sha256"], object["images"][0]["sha256"]);
    assert_eq!(
        (&manifest["width"], &manifest["format"], &manifest["file"]),
        (&json!(1024), &json!("png"), &json!("fox.png"))
    );
    assert_eq!(manifest["content_credentials"], false);
    assert!(manifest["usage"]["output_tokens"].is_u64() && manifest["request_id"].is_string(), "{manifest}");
}

#[test]
fn unfinished_images_of_a_stream_are_kept_beside_the_final_one() {
    let home = Home::new();
    let arguments = [
        "generate",
        "a fox",
        "-m",
        "gpt-image-1",
        "--dialect",
        "truefoundry",
        "--quality",
        "low",
        "-o",
        "fox.png",
        "--stream",
        "--partial-images",
        "2",
    ];
    let ran = home.run(&[], &arguments);
    assert_eq!(ran.code(), Some(0), "{}", ran.stderr());
    assert_eq!(paths(&ran), [home.project().join("fox.png")]);
    let partials = ["fox.partial-0.png", "fox.partial-1.png"];
    assert_eq!(files(&home.project()), [partials[0], partials[1], "fox.png"]);
    partials.iter().for_each(|name| assert!(ran.stderr().contains(name), "{}", ran.stderr()));
    // Without a stream there is nothing to be partial.
    assert_eq!(home.run(&[], &["generate", "x", "--partial-images", "2"]).code(), Some(2));
}

#[test]
fn every_service_works_against_the_emulate_command() {
    let home = Home::new();
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
        let (base_url, output) = (format!("{}{path}", emulator.origin), format!("{dialect}/"));
        let arguments =
            ["generate", "a heron", "--dialect", dialect, "--base-url", &base_url, "-o", &output, "--verify"];
        let ran = home.run(&[(key, "good")], &[&arguments[..], extra].concat());
        assert_eq!(ran.code(), Some(0), "{dialect}: {}", ran.stderr());
        assert!(!ran.stderr().contains("emulator"), "{dialect}: {}", ran.stderr());
        imagesize::size(ran.stdout().trim_end()).expect("an image");
    }
    let saved = fs::read_dir(home.project().join("truefoundry")).expect("a folder").next();
    let saved = saved.expect("a file").expect("an entry").path();
    assert!(saved.extension().is_some_and(|extension| extension == "webp"), "{saved:?}");
}

#[test]
fn dry_run_shows_the_request_its_name_and_its_cost_and_no_key() {
    let home = Home::new();
    let arguments = ["generate", "it's x", "--dialect", "hicap", "--dry-run", "--name", "{slug}-{hash8}"];
    let ran = home.run(&[("HICAP_API_KEY", "CANARY")], &arguments);
    let text = ran.stdout();
    assert!(!text.contains("CANARY") && text.contains("$HICAP_API_KEY"), "{text}");
    assert!(
        text.contains("/v1/deployments/dalle-deployment/images/generations?api-version=2025-01-01-preview"),
        "{text}"
    );
    assert!(text.contains(r"-d '{`prompt`:`it'\''s x`}'".replace('`', "\"").as_str()), "{text}");
    let told = ran.stderr();
    assert!(told.contains("would be saved as it-s-x-"), "{told}");
    assert!(told.contains("would cost unknown: the deployment does not tell which model draws"), "{told}");
    assert!(files(&home.project()).is_empty());
}

#[test]
fn a_missing_key_is_named() {
    let home = Home::new();
    let ran = home.run(&[], &["generate", "x", "--base-url", "http://127.0.0.1:9/v1"]);
    assert_eq!(ran.code(), Some(4));
    assert!(ran.stderr().contains("FAST_API_KEY"), "{}", ran.stderr());
    let ran = home.run(&[], &["generate", "x", "--api-key-env", "NOBODY_SETS_THIS"]);
    assert_eq!(ran.code(), Some(4));
    assert!(ran.stderr().contains("NOBODY_SETS_THIS"), "{}", ran.stderr());
    let ran = home.run(&[("TFY_API_KEY", "k")], &["generate", "x", "--dialect", "truefoundry"]);
    assert_eq!(ran.code(), Some(2), "{}", ran.stderr());
    assert!(ran.stderr().contains("TFY_BASE_URL"), "{}", ran.stderr());
}

/// What was recorded of one service is served again to the same command, and to that alone.
#[test]
fn a_recorded_exchange_is_served_again() {
    let home = Home::new();
    let bought = ["generate", "a CANARY heron", "--size", "1024x1792", "-o", "first.png"];
    let record = |more: &[&'static str]| {
        home.run(&[], &[&bought[..], &["--force", "--save-bundle", "bundles"], more].concat())
    };
    let bundles = home.project().join("bundles");
    assert_eq!(record(&["--dry-run"]).code(), Some(0));
    assert!(!bundles.exists());
    let ran = record(&[]);
    assert_eq!(ran.code(), Some(0), "{}", ran.stderr());
    let saved = bundles.join("001");
    assert!(ran.stderr().contains(&format!("bundle saved: {}\n", saved.display())), "{}", ran.stderr());
    assert_eq!(record(&["--json"]).object()["bundles"], json!([bundles.join("002")]));
    for file in ["exchange.json", "body", "link-0.png"] {
        let bytes = fs::read(saved.join(file)).expect("a file of the bundle");
        assert!(!bytes.windows(6).any(|window| window == b"CANARY"), "{file}");
    }

    let folder = bundles.to_str().expect("UTF-8");
    let emulator = Emulator::with(&["--seed", "7", "--replay", folder]);
    let base_url = format!("{}/v1", emulator.origin);
    let again = |prompt: &'static str, output: &'static str| {
        let command = ["generate", prompt, "--size", "1024x1792", "-o", output, "--base-url", &base_url];
        let ran = home.run(&[("FAST_API_KEY", "good")], &command);
        assert_eq!(ran.code(), Some(0), "{}", ran.stderr());
        fs::read(home.project().join(output)).expect("the picture")
    };
    let first = fs::read(home.project().join("first.png")).expect("the picture");
    assert!(again("a CANARY heron", "second.png") == first, "the same picture");
    assert!(again("two herons", "third.png") != first, "another one");
    assert_eq!(emulator.ledger().0, 2);
}

#[test]
fn bundles_that_cannot_be_saved_or_read_are_named() {
    let home = Home::new();
    home.write("project/file", "");
    let ran = home.run(&[], &["generate", "x", "--save-bundle", "file/bundles"]);
    assert_eq!(ran.code(), Some(2), "{}", ran.stderr());
    assert!(ran.stderr().contains("No bundle can be saved"), "{}", ran.stderr());
    assert_eq!(files(&home.project()), ["file"]);
    home.write("project/bundles/001/exchange.json", r#"{"format":2}"#);
    let ran = home.run(&[], &["emulate", "--listen", "127.0.0.1:0", "--replay", "bundles"]);
    assert_eq!(ran.code(), Some(2), "{}", ran.stderr());
    assert!(ran.stderr().contains("001/exchange.json: is of format 2"), "{}", ran.stderr());
}
