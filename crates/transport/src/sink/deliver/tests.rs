use std::{collections::BTreeSet, fs, path::Path};

use super::*;
use crate::{Kind, samples, sink::numbers};

fn listing(folder: &Path) -> BTreeSet<String> {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

fn names(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(ToString::to_string).collect()
}

/// The images as they come: hidden files, and names for them.
fn pieces(folder: &Path, contents: &[Vec<u8>]) -> Vec<Piece> {
    let numbers = numbers(contents.len());
    let piece = |(bytes, number): (&Vec<u8>, _)| {
        let mut draft = Draft::new(folder);
        draft.append(bytes);
        Piece { draft, number, format: Format::Png }
    };
    contents.iter().zip(numbers).map(piece).collect()
}

#[test]
fn a_race_for_a_name_leaves_the_others_file_and_keeps_ours_elsewhere() {
    let (folder, rescue) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let destination = Destination::file(folder.path().join("a.png")).rescue_to(rescue.path());
    let (one, two) = (samples::png(3, 2), samples::png(5, 4));
    let mut ours = pieces(folder.path(), &[one.clone(), two.clone()]);
    let mut published = Published(Vec::new());
    // Between the look at the names and the second one's publication.
    fs::create_dir(folder.path().join("a-2.png")).unwrap();
    ours[0].draft.publish(&folder.path().join("a-1.png"), false).unwrap();
    published.0.push(folder.path().join("a-1.png"));
    assert!(ours[1].draft.publish(&folder.path().join("a-2.png"), false).is_err());
    drop(published);
    assert_eq!(listing(folder.path()).len(), 2, "theirs, and a hidden one");
    drop(ours);
    assert_eq!(listing(folder.path()), names(&["a-2.png"]));

    let unsaved = destination.deliver(pieces(folder.path(), &[one.clone(), two.clone()])).unwrap_err();
    assert_eq!(listing(folder.path()), names(&["a-2.png"]));
    let Kept::Elsewhere(saved) = unsaved.kept else { panic!("in memory") };
    assert!(
        unsaved.error.to_string().contains("a-2.png: it is a folder. What came is kept in"),
        "{}",
        unsaved.error
    );
    assert_eq!(saved.iter().map(|saved| fs::read(&saved.path).unwrap()).collect::<Vec<_>>(), [one, two]);
    assert!(saved.iter().all(|saved| saved.path.starts_with(rescue.path())));
}

#[test]
fn what_cannot_be_saved_anywhere_stays_in_memory() {
    let folder = tempfile::tempdir().unwrap();
    let lost = folder.path().join("lost");
    fs::create_dir(&lost).unwrap();
    let mut ours = pieces(&lost, &[samples::png(3, 2)]);
    fs::remove_dir_all(&lost).unwrap();
    // A draft that begins after the folder is gone, and one that was in it.
    ours.extend(pieces(&lost, &[samples::gif(3, 2)]));
    let destination = Destination::directory(&lost).rescue_to(lost.join("deeper"));
    let unsaved = destination.deliver(ours).unwrap_err();
    assert_eq!((unsaved.error.kind(), unsaved.error.outcome()), (Kind::Io, Outcome::Done));
    let Kept::InMemory(bytes) = unsaved.kept else { panic!("saved") };
    assert_eq!(bytes, [samples::png(3, 2), samples::gif(3, 2)]);
}

#[test]
fn partial_images_have_names_of_their_own_and_are_kept_when_asked() {
    let folder = tempfile::tempdir().unwrap();
    let destination = Destination::file(folder.path().join("a.jpg"));
    let draft = || pieces(folder.path(), &[samples::png(1, 1)]).remove(0).draft;
    assert_eq!(destination.keep_partial(draft(), 0, Format::Png), None);
    let destination = destination.keep_partials(true);
    let path = folder.path().join("a.partial-0.png");
    assert_eq!(destination.keep_partial(draft(), 0, Format::Png), Some(path));
    assert_eq!(destination.keep_partial(draft(), 0, Format::Png), None, "a second one of that number");
    assert_eq!(listing(folder.path()), names(&["a.partial-0.png"]));
}
