use tempfile::TempDir;

use super::*;

fn folder() -> (TempDir, Folder) {
    let directory = TempDir::new().unwrap();
    let folder = Folder::create(directory.path()).unwrap();
    folder.open_staging().unwrap();
    (directory, folder)
}

fn staged(folder: &Folder, name: &str, bytes: &[u8]) -> Received {
    let path = folder.staging().join(name);
    fs::write(&path, bytes).unwrap();
    folder.receive("fox", &[path]).unwrap().remove(0)
}

#[test]
fn files_get_their_names_once_and_never_anothers() {
    let (_directory, folder) = folder();
    let file = staged(&folder, ".fox.png", b"fox");
    assert_eq!((&*file.from, &*file.name, file.bytes), (".fox.png", "fox.png", 3));
    let published = folder.publish(&file).unwrap();
    assert_eq!(&*published.name, "fox.png");
    assert!(folder.holds(&published, true));
    // A crash before the record: the next process does the same again.
    assert_eq!(folder.publish(&file).unwrap(), published);
    // A crash where names are added before they are taken away.
    staged(&folder, ".fox.png", b"fox");
    assert_eq!(folder.publish(&file).unwrap(), published);
    assert!(!folder.staging().join(".fox.png").exists());

    let other = staged(&folder, ".fox.png", b"another fox");
    let beside = folder.publish(&other).unwrap();
    assert_eq!(&*beside.name, format!("fox-{}.png", other.sha256.short()));
    assert_eq!(fs::read(folder.path().join("fox.png")).unwrap(), b"fox");
}

#[cfg(unix)]
#[test]
fn links_are_not_followed() {
    let (directory, folder) = folder();
    std::os::unix::fs::symlink("elsewhere.png", directory.path().join("fox.png")).unwrap();
    let file = staged(&folder, ".fox.png", b"fox");
    assert_ne!(&*folder.publish(&file).unwrap().name, "fox.png");
    assert!(!directory.path().join("elsewhere.png").exists());
    drop(folder);
    fs::remove_dir(directory.path().join(STAGING)).unwrap();
    std::os::unix::fs::symlink("/tmp", directory.path().join(STAGING)).unwrap();
    assert!(Folder::create(directory.path()).unwrap().open_staging().is_err());
}

#[test]
fn images_that_had_to_be_saved_elsewhere_come_home() {
    let (_directory, folder) = folder();
    let elsewhere = TempDir::new().unwrap();
    let path = elsewhere.path().join("imagewire-aX3.png");
    fs::write(&path, b"fox").unwrap();
    let file = folder.receive("fox", std::slice::from_ref(&path)).unwrap().remove(0);
    assert_eq!((&*file.from, &*file.name), (path.to_str().unwrap(), "fox.png"));
    folder.publish(&file).unwrap();
    assert_eq!(fs::read(folder.path().join("fox.png")).unwrap(), b"fox");
}

#[test]
fn a_new_start_removes_what_was_half_written_and_nothing_else() {
    let (_directory, folder) = folder();
    staged(&folder, ".fox.png", b"fox");
    fs::write(folder.staging().join(".imagewire-x1.tmp"), b"ha").unwrap();
    folder.open_staging().unwrap();
    assert_eq!(folder.staged("fox", 1), [folder.staging().join(".fox.png")]);
    assert_eq!(fs::read_dir(folder.staging()).unwrap().count(), 1);
    folder.close_staging();
    assert!(folder.staging().exists(), "something waits in it");
}

#[test]
fn several_images_are_found_in_their_order() {
    let (_directory, folder) = folder();
    for name in [".owl-1.png", ".owl-2.webp", ".owl-3.img"] {
        staged(&folder, name, name.as_bytes());
    }
    let found = folder.staged("owl", 4);
    let names: Vec<_> = found.iter().map(|path| path.file_name().unwrap().to_str().unwrap()).collect();
    assert_eq!(names, [".owl-1.png", ".owl-2.webp", ".owl-3.img"]);
}
