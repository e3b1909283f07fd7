//! Files and places, without a process around them.

use std::{fs, path::Path};

use tempfile::TempDir;

use super::{File, paths};

fn problems(text: &str) -> String {
    File::parse(Path::new("/p/imagewire.toml"), true, text).expect_err("problems")
}

#[test]
fn every_problem_is_told_with_its_place() {
    let text = "\
default_profil = \"work\"
[profiles.work]
dialect = \"hicup\"
base_ur = \"https://x\"
images_per_minute = 0
timeout = \"soon\"
[profiles.work.defaults]
sise = \"1024x1024\"
n = \"three\"
";
    let problems = problems(text);
    let expected = [
        "/p/imagewire.toml:1:1: no key is named \"default_profil\", did you mean \"default_profile\"?",
        "/p/imagewire.toml:4:1: no key is named \"base_ur\", did you mean \"base_url\"?",
        "/p/imagewire.toml:5:21: a whole number from 1 is expected",
        "/p/imagewire.toml:6:11: whole seconds, or a text such as \"2m\" is expected",
        "/p/imagewire.toml:8:8: no member of the request is named \"sise\", did you mean \"size\"?",
        "/p/imagewire.toml:9:5: `n` does not take a value of this kind",
        "/p/imagewire.toml:3:11: no service is named \"hicup\", did you mean \"hicap\"?",
    ];
    for (line, expected) in problems.lines().zip(expected) {
        assert!(line.starts_with(expected), "{line}\n{expected}");
    }
    assert_eq!(problems.lines().count(), expected.len(), "{problems}");
}

#[test]
fn a_key_in_a_file_is_refused_wherever_it_stands_and_not_repeated() {
    for text in [
        "api_key = \"CANARY\"",
        "[profiles.a]\napi_key = \"CANARY\"",
        "[profiles.a]\ntoken = \"CANARY\"",
        "[profiles.a]\nAPI-KEY = \"CANARY\"",
        // A key in the place of a name.
        "[profiles.a]\napi_key_env = \"sk-CANARY\"",
        "[profiles.a]\napi_key_command = 'unbalanced \"CANARY'",
        "[profiles.a]\napi_key = \"CANARY",
    ] {
        let said = problems(text);
        assert!(!said.contains("CANARY"), "{said}");
    }
    let said = problems("[profiles.a]\ndialect = \"azure\"\napi_key = \"CANARY\"");
    assert!(said.contains("imagewire.toml:3:1: `api_key`"), "{said}");
    assert!(said.contains("api_key_env = \"AZURE_OPENAI_API_KEY\""), "{said}");
    let said = problems("[profiles.a]\napi_key_env = \"A\"\napi_key_file = \"b\"");
    assert!(said.contains("`api_key_file` beside `api_key_env`"), "{said}");
}

#[test]
fn a_project_cannot_trust_itself() {
    assert!(problems("trusted_projects = [\"/\"]").contains("cannot declare itself trusted"));
    let file = File::parse(Path::new("/home/u/config.toml"), false, "trusted_projects = [\"work\"]");
    assert_eq!(file.expect("fine").trusted_projects, [Path::new("/home/u/work")]);
}

#[test]
fn commands_are_split_without_a_shell() {
    for (text, expected) in [
        ("'pass show \"my key\"'", &["pass", "show", "my key"][..]),
        ("[\"pass\", \"show\", \"$HOME\"]", &["pass", "show", "$HOME"]),
        ("{ shell = \"pass show x | head -1\" }", &["sh", "-c", "pass show x | head -1"]),
    ] {
        let text = format!("[profiles.a]\napi_key_command = {text}");
        let file = File::parse(Path::new("/p/imagewire.toml"), true, &text).expect("fine");
        assert_eq!(file.profiles["a"]["api_key_command"].value, serde_json::json!(expected));
    }
    assert!(problems("[profiles.a]\napi_key_command = []").contains("a list of arguments"));
}

#[test]
fn paths_start_at_the_file() {
    let text = "[profiles.a]\noutput_dir = \"pictures\"\nca_file = \"/etc/ca.pem\"";
    let file = File::parse(Path::new("/p/imagewire.toml"), true, text).expect("fine");
    let profile = &file.profiles["a"];
    assert_eq!(
        (&profile["output_dir"].value, &profile["ca_file"].value),
        (&"/p/pictures".into(), &"/etc/ca.pem".into())
    );
    assert_eq!((profile["ca_file"].place.line, profile["ca_file"].place.column), (3, 11));
}

#[test]
fn the_nearest_file_is_found_and_no_further_than_the_border() {
    let root = TempDir::new().expect("a folder");
    let deep = root.path().join("repository/a/b");
    fs::create_dir_all(&deep).expect("folders");
    fs::write(root.path().join(paths::PROJECT), "").expect("a file");
    let search = |home| paths::search(&deep, home);
    // Neither a repository nor a home around it: nothing above is looked at.
    assert_eq!(search(None), None);
    assert_eq!(search(Some(root.path())), Some(root.path().join(paths::PROJECT)));
    let repository = root.path().join("repository");
    fs::create_dir(repository.join(".git")).expect("a folder");
    assert_eq!(search(Some(root.path())), None);
    fs::write(repository.join(paths::PROJECT), "").expect("a file");
    assert_eq!(search(Some(root.path())), Some(repository.join(paths::PROJECT)));
    fs::write(deep.join(paths::PROJECT), "").expect("a file");
    assert_eq!(search(None), Some(deep.join(paths::PROJECT)));
}
