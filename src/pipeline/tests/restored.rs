//! A file that was put back sends nothing by itself, and everything goes on once a person releases it.

use super::*;
use crate::store::{Options, restore};

/// A database in a file, as a run of the daemon has it.
struct Run {
    gateway: Gateway,
    options: Options,
    begun: restore::Begun,
}

fn begin(options: &Options, now: Timestamp) -> Run {
    let mut gateway = Gateway::new();
    gateway.now = now;
    gateway.database = Database::open(options).unwrap();
    let begun = gateway.database.begin_run(&options.path, 42, now).unwrap();
    while gateway.turn(recover) > 0 {}
    while gateway.turn(|turn| restore::hold_some(turn.tx, 2)) > 0 {}
    Run { gateway, options: options.clone(), begun }
}

impl Run {
    /// Killed: the next run begins with the file as it is.
    fn again(self) -> Self {
        let now = self.gateway.now.plus(SECOND);
        drop(self.gateway);
        begin(&self.options, now)
    }

    fn copy(&self, name: &str) -> std::path::PathBuf {
        let path = self.options.path.with_file_name(name);
        self.gateway.database.read(|c| Ok(c.execute("VACUUM INTO ?1", [path.to_str().unwrap()])?)).unwrap();
        path
    }

    /// Ends, and another file is put into the place of this one.
    fn put_back(self, copy: &std::path::Path) -> Self {
        let now = self.gateway.now.plus(SECOND);
        drop(self.gateway);
        std::fs::copy(copy, &self.options.path).unwrap();
        for suffix in ["-wal", "-shm"] {
            let _ = std::fs::remove_file(format!("{}{suffix}", self.options.path.display()));
        }
        begin(&self.options, now)
    }

    fn held(&self) -> Option<usize> {
        self.gateway.database.read(restore::held).unwrap().map(|held| held.messages)
    }

    fn release(&mut self) {
        assert!(self.gateway.turn(|turn| restore::release(turn.tx)));
        while self.gateway.turn(|turn| restore::release_some(turn.tx, 2)) > 0 {}
    }
}

fn fresh() -> (tempfile::TempDir, Run) {
    let folder = tempfile::tempdir().unwrap();
    let options = Options::at(folder.path().join("a.db"));
    let run = begin(&options, START);
    assert_eq!(run.begun.restored, None);
    (folder, run)
}

#[test]
fn ten_kills_hold_nothing() {
    let (_folder, mut run) = fresh();
    for n in 1..=10 {
        let id = run.gateway.post_text("hello");
        assert_eq!(run.gateway.dispatch().len(), 1);
        run.gateway.accepted(id, 1, 0, &format!("a{n}"));
        run = run.again();
        assert_eq!((run.begun.restored.as_deref(), run.begun.run, run.held()), (None, n + 1, None));
    }
}

#[test]
fn a_copy_from_before_a_single_lease_is_told_and_held() {
    let (_folder, mut run) = fresh();
    let first = run.gateway.post_text("one");
    let copy = run.copy("copy.db");
    assert_eq!(run.gateway.dispatch()[0].message, first);
    let mut run = run.put_back(&copy);
    assert!(run.begun.restored.as_deref().is_some_and(|why| why.contains("lacks the last 1")), "{:?}", run.begun);
    assert_eq!(run.held(), Some(1));
    assert!(run.gateway.dispatch().is_empty());
    let second = run.gateway.post_text("two");
    assert_eq!(
        run.gateway.dispatch().into_iter().map(|one| one.message).collect::<Vec<_>>(),
        [second],
        "new ones go on"
    );
    // Another start holds it still, and holds nothing more.
    let mut run = run.again();
    assert_eq!((run.begun.restored.clone(), run.held()), (None, Some(1)));
    let doubt = run.gateway.state(second);
    assert!(matches!(doubt, State::Uncertain | State::Queued), "{doubt}");
    run.release();
    assert_eq!(run.held(), None);
    assert_eq!(run.gateway.dispatch()[0].message, first);
}

#[test]
fn a_lease_of_a_restored_file_is_a_doubt_that_is_not_sent_again_before_the_release() {
    let (_folder, mut run) = fresh();
    let leased = run.gateway.post(NewMessage {
        on_doubt: Some(OnDoubt::Resend),
        ..NewMessage::text("+821012345678".parse().unwrap(), "code 1234")
    });
    run.gateway.dispatch();
    let copy = run.copy("copy.db");
    run.gateway.accepted(leased, 1, 0, "a1");
    let mut run = run.put_back(&copy);
    assert!(run.begun.restored.is_some());
    run.gateway.pass(Duration::from_secs(600));
    assert!(run.gateway.dispatch().is_empty());
    run.release();
    assert_eq!(run.gateway.dispatch().len(), 1);
}

#[test]
fn what_is_held_expires_in_its_time_and_can_be_withdrawn() {
    let (_folder, mut run) = fresh();
    let ids: Vec<MessageId> = ["one", "two"].iter().map(|text| run.gateway.post_text(text)).collect();
    let copy = run.copy("copy.db");
    run.gateway.dispatch();
    let mut run = run.put_back(&copy);
    run.gateway.turn(|turn| cancel(turn, ids[0]));
    assert_eq!(run.gateway.state(ids[0]), State::Canceled);
    run.gateway.pass(Duration::from_secs(400 * 86_400));
    run.gateway.turn(sweep);
    assert_eq!((run.gateway.state(ids[1]), run.held()), (State::Expired, Some(0)));
    run.release();
    assert!(run.gateway.dispatch().is_empty());
}

#[test]
fn the_file_that_a_restore_left_behind_is_told_when_it_comes_back() {
    let (folder, mut run) = fresh();
    run.gateway.post_text("one");
    let old = run.copy("old.db");
    run.gateway.dispatch();
    let newer = run.copy("newer.db");
    let run = run.put_back(&old);
    assert!(run.begun.restored.is_some());
    let run = run.put_back(&newer);
    assert!(run.begun.restored.is_some(), "the restored one went on in between");
    // Without its mark it is a file from somewhere else.
    std::fs::remove_file(folder.path().join("a.db.epoch")).unwrap();
    let run = run.again();
    assert!(run.begun.restored.is_some_and(|why| why.contains("not beside it")));
}

#[test]
fn a_tool_beside_the_daemon_changes_counts_and_ids_for_both() {
    let (_folder, mut run) = fresh();
    run.gateway.post_text("one");
    let mut tool = Gateway::new();
    tool.database = Database::open(&run.options).unwrap();
    let from_tool = tool.post_text("two");
    let from_daemon = run.gateway.post_text("three");
    assert!(from_daemon > from_tool);
    assert_eq!(run.gateway.database.tally().get(State::Queued), 3);
    assert_eq!(tool.dispatch().len(), 3);
    run.gateway.post_text("four");
    let tally = run.gateway.database.tally();
    assert_eq!((tally.get(State::Queued), tally.get(State::Leased)), (1, 3), "no count is written over");
    // What a tool writes is no reason to hold anything.
    assert_eq!(run.again().begun.restored, None);
}
