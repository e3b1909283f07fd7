use std::collections::BTreeSet;

use super::*;
use crate::{Kind, Payload, Source, samples};

fn image(bytes: Vec<u8>) -> GeneratedImage {
    let payload = Payload { index: 0, source: Source::Inline(bytes.clone().into()), revised_prompt: None };
    payload.into_image(bytes.into()).unwrap()
}

fn png() -> GeneratedImage {
    image(samples::png(3, 2))
}

/// Everything in a folder, hidden files included.
fn listing(folder: &Path) -> BTreeSet<String> {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

fn names(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(ToString::to_string).collect()
}

#[test]
fn the_extension_comes_from_the_content() {
    for (asked, bytes, expected, replaced) in [
        ("a.png", samples::png(1, 1), "a.png", false),
        ("a.PNG", samples::png(1, 1), "a.PNG", false),
        ("a.jpeg", samples::jpeg(1, 1), "a.jpeg", false),
        ("a.jpg", samples::png(1, 1), "a.png", true),
        ("a.txt", samples::webp(1, 1), "a.webp", true),
        ("a", samples::gif(1, 1), "a.gif", false),
        ("a.v2", samples::png(1, 1), "a.v2.png", false),
        (".hidden", samples::png(1, 1), ".hidden.png", false),
        ("sub/folder/a.png", samples::png(1, 1), "sub/folder/a.png", false),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let destination = Destination::file(folder.path().join(asked));
        destination.prepare(1).unwrap();
        let saved = destination.save(&[image(bytes.clone())]).unwrap();
        assert_eq!(saved.len(), 1);
        assert_eq!(saved[0].path, folder.path().join(expected));
        assert_eq!(saved[0].extension_replaced, replaced, "{asked}");
        assert_eq!(fs::read(&saved[0].path).unwrap(), bytes);
        assert_eq!(saved[0].bytes, bytes.len() as u64);
        assert_eq!(listing(saved[0].path.parent().unwrap()).len(), 1);
    }
}

#[test]
fn several_images_are_counted() {
    let folder = tempfile::tempdir().unwrap();
    let images = [png(), image(samples::jpeg(1, 1)), png()];
    Destination::file(folder.path().join("a.png")).save(&images).unwrap();
    Destination::directory(folder.path()).save(&images[..1]).unwrap();
    Destination::directory(folder.path()).stem("b").save(&images[..2]).unwrap();
    assert_eq!(
        listing(folder.path()),
        names(&["a-1.png", "a-2.jpg", "a-3.png", "image.png", "b-1.png", "b-2.jpg"])
    );
}

#[test]
fn existing_files_are_not_touched() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a-2.png"), "mine").unwrap();
    let destination = Destination::file(folder.path().join("a.png"));
    assert!(destination.prepare(1).is_ok());

    let early = destination.prepare(2).unwrap_err();
    let late = destination.save(&[png(), png()]).unwrap_err();
    for (error, outcome) in [(early, Outcome::NotSent), (late, Outcome::Done)] {
        assert_eq!((error.kind(), error.outcome()), (Kind::Io, outcome));
        let shown = error.to_string();
        assert!(shown.contains("a-2.png: it exists already. Choose another name"), "{shown}");
    }
    assert_eq!(listing(folder.path()), names(&["a-2.png"]));
    assert_eq!(fs::read_to_string(folder.path().join("a-2.png")).unwrap(), "mine");

    destination.overwrite(true).save(&[png(), png()]).unwrap();
    assert_eq!(listing(folder.path()), names(&["a-1.png", "a-2.png"]));
    assert_eq!(fs::read(folder.path().join("a-2.png")).unwrap(), samples::png(3, 2));
}

#[test]
fn a_name_must_be_free_with_every_extension_that_may_come() {
    let folder = tempfile::tempdir().unwrap();
    Destination::file(folder.path().join("a.jpg")).save(&[png()]).unwrap();
    let again = Destination::file(folder.path().join("a.jpg")).prepare(1).unwrap_err();
    assert!(again.to_string().contains("a.png"), "{again}");
}

#[test]
fn places_that_cannot_work_are_found_before_anything_is_bought() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("file"), "").unwrap();
    fs::create_dir(folder.path().join("folder.png")).unwrap();
    let before = listing(folder.path());
    let at = |path: &str| folder.path().join(path);
    for destination in [
        Destination::directory(at("file")),
        Destination::file(at("file/a.png")),
        Destination::file(at("folder.png")),
        Destination::file(at("folder.jpg")),
        Destination::file(at("folder.png")).overwrite(true),
        Destination::file(at("..")),
        Destination::file("/"),
        Destination::file(""),
        Destination::file(at(&"a".repeat(300))),
        Destination::directory(folder.path()).stem("../a"),
        Destination::directory(folder.path()).stem("a/"),
        Destination::directory(folder.path()).stem("a\nb"),
        Destination::directory(folder.path()).stem(r"a\b"),
        Destination::directory(folder.path()).stem(""),
        Destination::directory(folder.path()).stem(".."),
    ] {
        let error = destination.prepare(1).unwrap_err();
        assert_eq!((error.kind(), error.outcome()), (Kind::Io, Outcome::NotSent), "{destination:?}");
        assert_eq!(destination.save(&[png()]).unwrap_err().outcome(), Outcome::Done, "{destination:?}");
    }
    assert_eq!(listing(folder.path()), before);
}

#[cfg(unix)]
#[test]
fn a_read_only_folder_is_an_error_before_and_after() {
    use std::os::unix::fs::PermissionsExt as _;

    let folder = tempfile::tempdir().unwrap();
    let inner = folder.path().join("inner");
    fs::create_dir(&inner).unwrap();
    fs::set_permissions(&inner, fs::Permissions::from_mode(0o555)).unwrap();
    // The superuser may write anywhere, so a folder that no one can write to stands in for it.
    let inner = if fs::write(inner.join("probe"), "").is_ok() { PathBuf::from("/proc/self") } else { inner };
    for destination in [Destination::directory(&inner), Destination::file(inner.join("a.png"))] {
        for error in [destination.prepare(1).unwrap_err(), destination.save(&[png()]).unwrap_err()] {
            assert_eq!(error.kind(), Kind::Io);
            assert!(error.to_string().contains("cannot write into the folder"), "{error}");
        }
    }
}

#[cfg(unix)]
#[test]
fn files_get_the_usual_rights_and_dangling_links_count_as_taken() {
    use std::os::unix::fs::{MetadataExt as _, symlink};

    let folder = tempfile::tempdir().unwrap();
    let saved = Destination::directory(folder.path()).save(&[png()]).unwrap();
    fs::write(folder.path().join("usual"), "").unwrap();
    let usual = fs::metadata(folder.path().join("usual")).unwrap();
    assert_eq!(fs::metadata(&saved[0].path).unwrap().mode(), usual.mode());

    symlink("nowhere", folder.path().join("b.png")).unwrap();
    assert!(Destination::file(folder.path().join("b.png")).prepare(1).is_err());
}
