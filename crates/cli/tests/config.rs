//! Configuration: who outranks whom, what files may say, and what projects may not decide.

mod shell;

use std::fs;

use serde_json::{Value, json};

use crate::shell::{Emulator, Home, files};

const USER: &str = ".config/imagewire/config.toml";
const PROJECT: &str = "project/imagewire.toml";

fn value(object: &Value, name: &str) -> (Value, Value) {
    let setting = object["settings"]
        .as_array()
        .expect("settings")
        .iter()
        .find(|setting| setting["name"] == name)
        .unwrap_or_else(|| panic!("{name} in {object}"));
    (setting["value"].clone(), setting["source"]["kind"].clone())
}

#[test]
fn each_layer_outranks_the_next_and_is_named() {
    let home = Home::new();
    home.write(
        USER,
        "default_profile = \"work\"\n[profiles.work]\ndialect = \"hicap\"\nbase_url = \"https://user.example/v1\"\n\
         deployment = \"user\"\nmodel = \"dall-e-3\"\ntimeout = 90\nheaders = { x-team = \"CANARY\", x-cost = \"7\" }\n\
         defaults = { quality = \"hd\" }\n",
    );
    home.write(
        PROJECT,
        "[profiles.work]\nbase_url = \"https://project.example/v1\"\ndeployment = \"project\"\n\
         headers = { x-team = \"design\" }\n",
    );
    let shown = home.run(
        &[("HICAP_BASE_URL", "https://environment.example/v1"), ("HICAP_API_KEY", "CANARY")],
        &["config", "show", "--api-version", "2024-10-21"],
    );
    assert!(!shown.stdout().contains("CANARY"), "{}", shown.stdout());
    let root = home.path().display().to_string();
    insta::assert_snapshot!(shown.stdout().replace(&root, "~"));

    let show = |variables: &[(&str, &str)], flags: &[&str]| {
        home.run(variables, &[&["config", "show", "--json"], flags].concat()).object()
    };
    let address = |host: &str| json!(format!("https://{host}.example/v1"));
    let environment = [("HICAP_BASE_URL", "https://environment.example/v1")];
    let flag = ["--base-url", "https://flag.example/v1"];
    assert_eq!(value(&show(&environment, &flag), "base_url"), (address("flag"), json!("flag")));
    assert_eq!(value(&show(&environment, &[]), "base_url"), (address("environment"), json!("environment")));
    assert_eq!(value(&show(&[], &[]), "base_url"), (address("project"), json!("project_file")));
    fs::remove_file(home.path().join(PROJECT)).expect("removable");
    assert_eq!(value(&show(&[], &[]), "base_url"), (address("user"), json!("user_file")));
    // A default profile describes one service; another service is built in.
    let other = show(&[], &["--dialect", "openai"]);
    assert_eq!(value(&other, "base_url"), (json!("https://api.openai.com/v1"), json!("built_in")));
    assert!(
        other["settings"].as_array().expect("settings").iter().all(|setting| setting["name"] != "profile")
    );
}

#[test]
fn names_of_other_tools_are_honoured() {
    let home = Home::new();
    for (dialect, variables, name, expected) in [
        (
            "azure",
            &[("AZURE_OPENAI_ENDPOINT", "https://r.openai.azure.com/")][..],
            "base_url",
            "https://r.openai.azure.com/openai",
        ),
        (
            "azure",
            &[("AZURE_API_BASE", "https://r.openai.azure.com")],
            "base_url",
            "https://r.openai.azure.com/openai",
        ),
        ("azure", &[("AZURE_OPENAI_DEPLOYMENT", "a")], "deployment", "a"),
        (
            "azure",
            &[("AZURE_OPENAI_DEPLOYMENT", "a"), ("AZURE_OPENAI_IMAGE_DEPLOYMENT", "b")],
            "deployment",
            "b",
        ),
        ("azure", &[("OPENAI_API_VERSION", "2024-02-01")], "api_version", "2024-02-01"),
        ("azure", &[("AZURE_API_VERSION", "2024-02-01")], "api_version", "2024-02-01"),
        ("azure", &[("AZURE_API_KEY", "k")], "api_key", "env $AZURE_API_KEY (set)"),
        (
            "azure",
            &[(
                "AZURE_OPENAI_ENDPOINT",
                "https://r.openai.azure.com/openai/deployments/d/images/generations?api-version=v",
            )],
            "deployment",
            "d",
        ),
        (
            "openai",
            &[("OPENAI_BASE_URL", "http://localhost:9/v1"), ("OPENAI_API_BASE", "http://old/v1")],
            "base_url",
            "http://localhost:9/v1",
        ),
        ("openai", &[("OPENAI_ORG_ID", "org-1")], "headers.OpenAI-Organization", "(set)"),
        ("openai", &[("OPENAI_PROJECT_ID", "p-1")], "headers.OpenAI-Project", "(set)"),
        ("hicap", &[("HICAP_API_KEY", "k")], "api_key", "env $HICAP_API_KEY (set)"),
        ("fastapi", &[("FAST_API_KEY", "k")], "api_key", "env $FAST_API_KEY (set)"),
        (
            "truefoundry",
            &[("TFY_HOST", "https://app.example.com")],
            "base_url",
            "https://app.example.com/api/llm",
        ),
        (
            "truefoundry",
            &[("TFY_BASE_URL", "https://app.example.com/api/llm/")],
            "base_url",
            "https://app.example.com/api/llm",
        ),
        ("openai", &[("IMAGEWIRE_MODEL", "gpt-image-2")], "model", "gpt-image-2"),
    ] {
        let shown = home.run(variables, &["config", "show", "--json", "--dialect", dialect]).object();
        assert_eq!(value(&shown, name), (json!(expected), json!("environment")), "{variables:?}");
    }
}

#[test]
fn what_is_sent_is_what_was_configured() {
    let home = Home::new();
    let emulator = Emulator::start();
    let base_url = format!("{}/openai", emulator.origin);
    home.write(
        PROJECT,
        &format!(
            "default_profile = \"local\"\n[profiles.local]\ndialect = \"azure\"\nbase_url = \"{base_url}\"\n\
             deployment = \"images\"\napi_key_env = \"LOCAL_KEY\"\noutput_dir = \"pictures\"\n\
             defaults = {{ size = \"1024x1536\", output_format = \"jpeg\" }}\n"
        ),
    );
    let saved = home.run(&[("LOCAL_KEY", "good")], &["generate", "a fox"]);
    assert_eq!(saved.code(), Some(0), "{}", saved.stderr());
    let path = saved.stdout().trim_end().to_owned();
    assert!(path.contains("/project/pictures/"), "{path}");
    let size = imagesize::size(&path).expect("an image");
    assert_eq!((size.width, size.height), (1024, 1536));
    // A flag outranks the profile's default.
    let saved = home.run(&[("LOCAL_KEY", "good")], &["generate", "a fox", "--size", "1024x1024"]);
    let size = imagesize::size(saved.stdout().trim_end()).expect("an image");
    assert_eq!((size.width, size.height), (1024, 1024));
    assert_eq!(emulator.ledger(), (2, 2));
}

#[test]
fn batches_follow_the_profile_too() {
    let home = Home::new();
    let emulator = Emulator::start();
    home.write(
        PROJECT,
        &format!(
            "default_profile = \"p\"\n[profiles.p]\ndialect = \"fastapi\"\nmodel = \"dall-e-2\"\nbase_url = \"{}/v1\"\n\
             api_key_env = \"KEY\"\ndefaults = {{ size = \"256x256\", n = 2 }}\n",
            emulator.origin
        ),
    );
    home.write(
        "project/items.jsonl",
        "{\"id\":\"a\",\"prompt\":\"a fox\"}\n{\"id\":\"b\",\"prompt\":\"an owl\",\"n\":1}\n",
    );
    let ran = home.run(&[("KEY", "good")], &["batch", "items.jsonl", "-o", "out"]);
    assert_eq!(ran.code(), Some(0), "{}", ran.stderr());
    assert_eq!(emulator.ledger(), (3, 2));
}

#[test]
fn a_token_goes_where_azure_takes_tokens_and_the_choice_is_told() {
    let home = Home::new();
    let emulator = Emulator::start();
    let endpoint = emulator.origin.clone();
    let variables = [("AZURE_OPENAI_ENDPOINT", endpoint.as_str()), ("AZURE_OPENAI_DEPLOYMENT", "d")];
    let arguments = ["generate", "x", "--dialect", "azure", "--dry-run"];
    let shown = home.run(&[&variables[..], &[("AZURE_OPENAI_AD_TOKEN", "t")]].concat(), &arguments).stdout();
    assert!(shown.contains("authorization: Bearer $AZURE_OPENAI_AD_TOKEN"), "{shown}");
    let both = [("AZURE_OPENAI_AD_TOKEN", "t"), ("AZURE_OPENAI_API_KEY", "good")];
    let ran = home.run(&[&variables[..], &both].concat(), &arguments[..4]);
    assert_eq!(ran.code(), Some(0), "{}", ran.stderr());
    assert!(
        ran.stderr().contains("using the key in $AZURE_OPENAI_API_KEY, not $AZURE_OPENAI_AD_TOKEN"),
        "{}",
        ran.stderr()
    );
}

#[test]
fn an_old_name_and_a_set_aside_profile_are_told() {
    let home = Home::new();
    home.write(USER, "[profiles.p]\ndialect = \"openai\"\nbase_url = \"http://127.0.0.1:9/v1\"\n");
    let ran = home.run(
        &[("OPENAI_API_BASE", "http://127.0.0.1:1/v1"), ("OPENAI_API_KEY", "k")],
        &["generate", "x", "-m", "gpt-image-2", "--profile", "p"],
    );
    assert_eq!(ran.code(), Some(7));
    let said = ran.stderr();
    assert!(
        said.contains("$OPENAI_API_BASE is deprecated: the variable is now named $OPENAI_BASE_URL"),
        "{said}"
    );
    assert!(said.contains("base_url comes from env $OPENAI_API_BASE, not from"), "{said}");
}

#[test]
fn files_with_problems_stop_everything_and_say_where() {
    let home = Home::new();
    home.write(PROJECT, "[profiles.work]\ndialect = \"hicap\"\napi_key = \"CANARY\"\nbase_ulr = \"x\"\n");
    for arguments in [&["generate", "x"][..], &["config", "show"], &["validate", "-", "--dialect", "hicap"]] {
        let ran = home.run(&[], arguments);
        assert_eq!(ran.code(), Some(2), "{arguments:?}");
        let said = ran.stderr();
        assert!(said.contains("imagewire.toml:3:1: `api_key`: a key does not belong in a file"), "{said}");
        assert!(said.contains("api_key_env = \"HICAP_API_KEY\""), "{said}");
        assert!(
            said.contains("imagewire.toml:4:1: no key is named \"base_ulr\", did you mean \"base_url\"?"),
            "{said}"
        );
        assert!(!said.contains("CANARY"), "{said}");
    }
    let doctor = home.run(&[], &["doctor", "--json"]);
    assert_eq!((doctor.code(), &doctor.object()["error"]["kind"]), (Some(2), &json!("configuration")));
    home.write(PROJECT, "default_profile = \"nobody\"\n");
    let ran = home.run(&[], &["generate", "x"]);
    assert!(ran.stderr().contains("no profile is named \"nobody\""), "{}", ran.stderr());
}

#[test]
fn keys_come_from_files_and_commands() {
    let home = Home::new();
    let emulator = Emulator::start();
    let key = home.write("key.txt", "  good\n");
    let profile = |line: &str| {
        home.write(
            USER,
            &format!(
                "[profiles.p]\ndialect = \"openai\"\nmodel = \"gpt-image-2\"\nbase_url = \"{}/v1\"\n{line}\n",
                emulator.origin
            ),
        );
        // The doctor buys nothing, and needs a key that opens.
        home.run(&[], &["doctor", "--profile", "p"])
    };
    let ran = profile("api_key_file = \"~/key.txt\"");
    assert_eq!(ran.code(), Some(0), "{}", ran.stdout());
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;

        let warning = "everybody on this machine can read the key file";
        let mode = |mode| fs::set_permissions(&key, fs::Permissions::from_mode(mode)).expect("settable");
        mode(0o644);
        assert!(profile("api_key_file = \"~/key.txt\"").stderr().contains(warning));
        mode(0o600);
        assert!(!profile("api_key_file = \"~/key.txt\"").stderr().contains(warning));
    }
    for command in
        ["[\"echo\", \"good\"]", "\"echo 'good'\"", "{ shell = \"echo noise >&2; echo good | cat\" }"]
    {
        let ran = profile(&format!("api_key_command = {command}"));
        assert_eq!(ran.code(), Some(0), "{command}: {}", ran.stdout());
        assert!(!ran.stderr().contains("noise"), "{}", ran.stderr());
    }
    for (command, said) in [
        // Without a shell, nothing is a variable or a pipe.
        ("\"echo $HOME | cat\"", "a space at character"),
        ("[\"false\"]", "failed with"),
        ("{ shell = \"echo locked >&2; exit 1\" }", "locked"),
        ("[\"true\"]", "printed nothing"),
        ("[\"no-such-program-anywhere\"]", "cannot be run"),
    ] {
        let ran = profile(&format!("api_key_command = {command}"));
        assert!(matches!(ran.code(), Some(2 | 4)), "{command}: {:?}", ran.code());
        assert!(ran.stdout().contains(said), "{command}: {}", ran.stdout());
    }
}

/// A repository that somebody else wrote must not run commands, or send keys to places of its choice.
#[test]
fn an_untrusted_project_decides_nothing_about_keys() {
    let home = Home::new();
    let witness = home.path().join("witness");
    for (profile, said) in [
        (
            format!("base_url = \"http://127.0.0.1:9/v1\"\napi_key_command = [\"touch\", {witness:?}]"),
            "how the key is obtained",
        ),
        ("api_key_file = \"/etc/hostname\"".to_owned(), "how the key is obtained"),
        ("base_url = \"https://elsewhere.example/v1\"".to_owned(), "where the key is sent"),
        ("ca_file = \"ca.pem\"".to_owned(), "which certificate authorities are trusted"),
        ("client_key_file = \"me.key\"".to_owned(), "which private key is used"),
    ] {
        home.write(
            PROJECT,
            &format!("default_profile = \"p\"\n[profiles.p]\ndialect = \"openai\"\n{profile}\n"),
        );
        let ran =
            home.run(&[("OPENAI_API_KEY", "CANARY")], &["generate", "x", "-m", "gpt-image-2", "--json"]);
        assert_eq!(ran.code(), Some(2), "{profile}: {}", ran.stderr());
        let object = ran.object();
        let message = object["error"]["message"].as_str().expect("a message");
        assert!(message.contains(said) && message.contains("trusted_projects"), "{message}");
        assert!(!witness.exists());
    }
    // With the user's word, or the variable's, the same is done.
    let emulator = Emulator::start();
    home.write(
        PROJECT,
        &format!(
            "default_profile = \"p\"\n[profiles.p]\ndialect = \"openai\"\nmodel = \"gpt-image-2\"\n\
             base_url = \"{}/v1\"\napi_key_command = [\"echo\", \"good\"]\n",
            emulator.origin
        ),
    );
    assert_eq!(home.run(&[], &["doctor"]).code(), Some(2));
    assert_eq!(home.run(&[("IMAGEWIRE_TRUST_PROJECT", "1")], &["doctor"]).code(), Some(0));
    home.write(USER, "trusted_projects = [\"~/project\"]\n");
    assert_eq!(home.run(&[], &["doctor"]).code(), Some(0));
}

#[test]
fn a_client_certificate_comes_from_openais_own_variables_and_needs_its_key() {
    let home = Home::new();
    let certificate = ("OPENAI_MTLS_CLIENT_CERT_FILE", "/nowhere/me.pem");
    let key = ("OPENAI_MTLS_CLIENT_KEY_FILE", "/nowhere/me.key");
    let run = |variables: &[(&str, &str)]| {
        let all = [&[("OPENAI_API_KEY", "CANARY")], variables].concat();
        home.run(&all, &["generate", "x", "--dialect", "openai", "-m", "gpt-image-2"])
    };
    let alone = run(&[certificate]);
    assert_eq!(alone.code(), Some(2));
    assert!(alone.stderr().contains("needs client_cert_file and client_key_file"), "{}", alone.stderr());
    let both = run(&[certificate, key]);
    assert_eq!(both.code(), Some(2));
    assert!(both.stderr().contains("/nowhere/me.pem cannot be used"), "{}", both.stderr());
}

#[test]
fn init_writes_a_file_once_and_path_finds_it() {
    let home = Home::new();
    let written = home.run(&[], &["config", "init"]);
    assert_eq!(written.code(), Some(0), "{}", written.stderr());
    let file = home.project().join("imagewire.toml");
    assert_eq!(written.stdout().trim_end(), file.display().to_string());
    let text = fs::read_to_string(&file).expect("the file");
    let again = home.run(&[], &["config", "init"]);
    assert_eq!(again.code(), Some(2));
    assert!(again.stderr().contains("is left as it is"), "{}", again.stderr());
    assert_eq!(fs::read_to_string(&file).expect("the file"), text);
    assert_eq!(files(&home.project()), ["imagewire.toml"]);
    // A file of comments says nothing.
    assert_eq!(home.run(&[], &["config", "show"]).code(), Some(0));

    let written = home.run(&[], &["config", "init", "--global", "--json"]).object();
    assert_eq!(written["path"], json!(home.path().join(USER)));
    let paths = home.run(&[], &["config", "path", "--json"]).object();
    assert_eq!(
        paths,
        json!({
            "ok": true,
            "project": { "path": file, "exists": true },
            "user": { "path": home.path().join(USER), "exists": true },
        })
    );
    let elsewhere = home.path().join("elsewhere");
    let paths =
        home.run(&[("XDG_CONFIG_HOME", elsewhere.to_str().expect("UTF-8"))], &["config", "path", "--json"]);
    assert_eq!(
        paths.object()["user"],
        json!({ "path": elsewhere.join("imagewire/config.toml"), "exists": false })
    );
}

#[test]
fn profiles_name_the_service_for_every_command() {
    let home = Home::new();
    home.write(PROJECT, "[profiles.p]\ndialect = \"hicap\"\n");
    let schema = |arguments: &[&str]| home.run(&[], &[&["schema"], arguments].concat());
    assert_eq!(schema(&["--profile", "p"]).stdout(), schema(&["--dialect", "hicap"]).stdout());
    assert_eq!(home.run(&[], &["openapi", "--profile", "p"]).code(), Some(0));
    let explained = home.run(&[], &["explain", "style", "--profile", "p"]);
    assert!(explained.stdout().contains("Hicap"), "{}", explained.stdout());
    let ran = schema(&[]);
    assert_eq!(ran.code(), Some(2));
    assert!(ran.stderr().contains("no service is named"), "{}", ran.stderr());
}
