//! Which crate may depend on what: the arrows of ARCHITECTURE.md, held against what cargo resolves.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    process::Command,
};

use cargo_metadata::{CargoOpt, DependencyKind, Metadata, MetadataCommand, PackageId};

/// What cargo resolves for this kind of machine.
fn resolve(manifest: &Path, features: CargoOpt) -> Metadata {
    let version = Command::new("rustc").arg("-vV").output().expect("rustc").stdout;
    let version = String::from_utf8(version).expect("UTF-8");
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).expect("a host");
    let only_host = vec!["--filter-platform".to_owned(), host.to_owned()];
    MetadataCommand::new()
        .manifest_path(manifest)
        .features(features)
        .other_options(only_host)
        .exec()
        .expect("cargo metadata")
}

fn metadata(features: CargoOpt) -> Metadata {
    resolve(&imagewire_tests::workspace().join("Cargo.toml"), features)
}

/// The names of the crates that a package pulls into a build, itself left out.
fn closure(metadata: &Metadata, root: &str) -> BTreeSet<String> {
    let packages: BTreeMap<&PackageId, &str> =
        metadata.packages.iter().map(|package| (&package.id, package.name.as_str())).collect();
    let nodes = &metadata.resolve.as_ref().expect("a resolved graph").nodes;
    let mut found = BTreeSet::new();
    let mut waiting: Vec<&PackageId> =
        packages.iter().filter(|(_, name)| **name == root).map(|(id, _)| *id).collect();
    assert_eq!(waiting.len(), 1, "{root}");
    while let Some(id) = waiting.pop() {
        let Some(node) = nodes.iter().find(|node| node.id == *id) else { continue };
        for dependency in &node.deps {
            let is_built = dependency.dep_kinds.iter().any(|kind| kind.kind != DependencyKind::Development);
            if is_built && found.insert(packages[&dependency.pkg].to_owned()) {
                waiting.push(&dependency.pkg);
            }
        }
    }
    found
}

fn direct(metadata: &Metadata, root: &str) -> BTreeSet<String> {
    let package = metadata.packages.iter().find(|package| package.name == root).expect("a member");
    let ours = package
        .dependencies
        .iter()
        .filter(|dependency| dependency.kind != DependencyKind::Development && dependency.path.is_some());
    ours.map(|dependency| dependency.name.clone()).collect()
}

#[test]
fn the_arrows_point_one_way() {
    let metadata = metadata(CargoOpt::AllFeatures);
    let allowed: &[(&str, &[&str])] = &[
        ("imagewire-types", &[]),
        ("imagewire-spec", &[]),
        ("imagewire-validate", &["imagewire-spec", "imagewire-types"]),
        ("imagewire-cost", &["imagewire-spec", "imagewire-types", "imagewire-validate"]),
        ("imagewire-bundle", &[]),
        ("imagewire-transport", &["imagewire-bundle", "imagewire-types", "imagewire-validate"]),
        ("imagewire-emulator", &["imagewire-bundle", "imagewire-types", "imagewire-validate"]),
        ("imagewire-batch", &["imagewire-transport", "imagewire-types", "imagewire-validate"]),
        (
            "imagewire",
            &[
                "imagewire-batch",
                "imagewire-cost",
                "imagewire-emulator",
                "imagewire-transport",
                "imagewire-types",
                "imagewire-validate",
            ],
        ),
        ("xtask", &["imagewire-spec"]),
    ];
    for (package, allowed) in allowed {
        let allowed: BTreeSet<String> = allowed.iter().map(|name| (*name).to_owned()).collect();
        let direct = direct(&metadata, package);
        assert!(direct.is_subset(&allowed), "{package} depends on {:?}", direct.difference(&allowed));
    }
}

#[test]
fn types_pull_in_serde_and_serde_json_alone() {
    // A package outside the workspace: no other member switches features on.
    let manifest = imagewire_tests::workspace().join("tests/types-only/Cargo.toml");
    let metadata = resolve(&manifest, CargoOpt::SomeFeatures(Vec::new()));
    let crates = closure(&metadata, "imagewire-types");
    assert!(crates.len() <= 7, "{} crates: {crates:?}", crates.len());
    let known: BTreeSet<String> =
        ["itoa", "memchr", "ryu", "serde", "serde_core", "serde_json", "zmij"].map(str::to_owned).into();
    assert!(crates.is_subset(&known), "{:?}", crates.difference(&known));
}

#[test]
fn only_transports_driver_names_reqwest() {
    let root = imagewire_tests::workspace();
    let mut folders = vec![root.join("crates"), root.join("xtask"), root.join("tests")];
    let mut naming = BTreeSet::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() && !path.ends_with("target") {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path).expect("a source file");
                if text.contains("reqwest::") {
                    naming.insert(path.strip_prefix(&root).expect("inside").display().to_string());
                }
            }
        }
    }
    naming.retain(|path| path != "tests/dependencies.rs");
    naming.retain(|path| path != "crates/transport/src/driver.rs"); // `use self::reqwest::Wire` is our own module
    assert_eq!(naming.into_iter().collect::<Vec<_>>(), ["crates/transport/src/driver/reqwest.rs"]);
}

#[test]
fn nobody_changes_serde_jsons_numbers_or_order() {
    let metadata = metadata(CargoOpt::AllFeatures);
    let nodes = &metadata.resolve.as_ref().expect("a resolved graph").nodes;
    let json = metadata.packages.iter().filter(|package| package.name == "serde_json");
    for package in json {
        let node = nodes.iter().find(|node| node.id == package.id).expect("resolved");
        for feature in ["preserve_order", "arbitrary_precision"] {
            assert!(!node.features.iter().any(|on| on.as_ref() == feature), "{feature} is on");
        }
    }
}
