//! The simulated disk loses what it should lose.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;

use super::disk::{Disk, Fault, FaultKind, Keep};
use super::folder;

/// What a file holds if the power fails now.
fn left(disk: &Disk, name: &str, keep: Keep) -> Option<Vec<u8>> {
    let place = folder();
    let (image, _) = disk.image(disk.operations(), keep);
    image.write_to(place.path()).unwrap();
    std::fs::read(place.path().join(name)).ok()
}

fn flush_folder(folder: &Path) {
    File::open(folder).unwrap().sync_all().unwrap();
}

#[test]
fn file_is_durable_once_it_and_its_folder_are_flushed() {
    let place = folder();
    let disk = Disk::attach(place.path()).unwrap();
    let mut file = File::create(place.path().join("a")).unwrap();
    file.write_all(b"words").unwrap();
    assert_eq!(left(&disk, "a", Keep::All), Some(b"words".to_vec()));
    assert_eq!(left(&disk, "a", Keep::Flushed), None);
    file.sync_all().unwrap();
    assert_eq!(left(&disk, "a", Keep::Flushed), None);
    flush_folder(place.path());
    assert_eq!(left(&disk, "a", Keep::Flushed), Some(b"words".to_vec()));
    file.write_all(b" more").unwrap();
    assert_eq!(left(&disk, "a", Keep::Flushed), Some(b"words".to_vec()));
    disk.compare().unwrap();
}

#[test]
fn renamed_file_that_was_not_flushed_may_be_empty() {
    let place = folder();
    let disk = Disk::attach(place.path()).unwrap();
    std::fs::write(place.path().join("a.part"), b"words").unwrap();
    std::fs::rename(place.path().join("a.part"), place.path().join("a")).unwrap();
    flush_folder(place.path());
    assert_eq!(left(&disk, "a", Keep::Flushed), Some(vec![]));
    std::fs::remove_file(place.path().join("a")).unwrap();
    assert_eq!(left(&disk, "a", Keep::Flushed), Some(vec![]));
    assert_eq!(left(&disk, "a", Keep::All), None);
    disk.compare().unwrap();
}

#[test]
fn write_that_was_not_flushed_is_kept_lost_or_torn() {
    let place = folder();
    let path = place.path().join("a");
    let (old, new) = (vec![0; 4096], vec![1; 4096]);
    std::fs::write(&path, &old).unwrap();
    let disk = Disk::attach(place.path()).unwrap();
    let mut file = File::options().write(true).open(&path).unwrap();
    file.write_all(&new).unwrap();
    let seen: Vec<_> = (0..64)
        .map(|seed| left(&disk, "a", Keep::Some(seed)).unwrap())
        .collect();
    assert!(seen.contains(&old) && seen.contains(&new));
    assert!(
        seen.iter()
            .any(|content| *content != old && *content != new)
    );
}

#[test]
fn what_a_failed_flush_should_have_written_stays_undecided() {
    let place = folder();
    let path = place.path().join("a");
    std::fs::write(&path, b"old").unwrap();
    let disk = Disk::attach(place.path()).unwrap();
    let mut file = File::options().write(true).open(&path).unwrap();
    file.write_all(b"new").unwrap();
    disk.plan(Fault {
        from: disk.operations(),
        count: Some(1),
        kind: FaultKind::Io,
    });
    file.sync_data().unwrap_err();
    file.sync_data().unwrap();
    assert_eq!(left(&disk, "a", Keep::Flushed), Some(b"old".to_vec()));
    assert!(disk.heal());
}

#[test]
fn full_disk_takes_half_of_a_write_and_then_nothing() {
    let place = folder();
    let disk = Disk::attach(place.path()).unwrap();
    let mut file = File::create(place.path().join("a")).unwrap();
    disk.plan(Fault {
        from: disk.operations(),
        count: None,
        kind: FaultKind::NoSpace,
    });
    let error = file.write_all(b"words!").unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::StorageFull);
    assert_eq!(left(&disk, "a", Keep::All), Some(b"wor".to_vec()));
    disk.heal();
    file.write_all(b"ds!").unwrap();
    assert_eq!(left(&disk, "a", Keep::All), Some(b"words!".to_vec()));
}
