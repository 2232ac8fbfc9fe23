//! Negative controls: a calm run is clean, and each way to doctor its books is seen for what it is.

use std::path::{Path, PathBuf};

use postrider::model::MessageId;
use rusqlite::Connection;
use tempfile::TempDir;

use crate::carriers::ledger;
use crate::check::check;
use crate::evidence::Evidence;
use crate::figures::Figure;
use crate::index::Index;
use crate::kept::{Kept, KeptInbound};
use crate::run::Run;

/// Enough for two people who opt out, and for every kind of message.
const POSTS: u32 = 200;

/// The books of a calm run.
struct Books {
    dir: TempDir,
    evidence: Evidence,
}

impl Books {
    fn copy(&self) -> TempDir {
        let copy = tempfile::tempdir().unwrap();
        for entry in std::fs::read_dir(self.dir.path()).unwrap().flatten().filter(|one| one.path().is_file()) {
            std::fs::copy(entry.path(), copy.path().join(entry.file_name())).unwrap();
        }
        copy
    }

    /// Delivered messages over the first carrier, each part once.
    fn delivered(&self, wanted: impl Fn(&Kept) -> bool) -> &Kept {
        let index = Index::of(&self.evidence);
        let plain =
            |kept: &&Kept| kept.state == "delivered" && kept.outcomes.iter().all(|one| one.link.starts_with("north"));
        let mut all = self.evidence.messages.iter().filter(plain);
        all.find(|kept| wanted(kept) && !index.copies(kept).is_empty()).expect("the load has such a message")
    }

    fn single(&self) -> &Kept {
        self.delivered(|kept| kept.parts == 1)
    }
}

fn row(kept: &Kept) -> i64 {
    kept.id.parse::<MessageId>().unwrap().as_i64()
}

fn sql(dir: &Path, text: &str) {
    Connection::open(dir.join("postrider.db")).unwrap().execute_batch(text).unwrap();
}

fn edit(file: PathBuf, change: impl FnOnce(Vec<String>) -> Vec<String>) {
    let lines = std::fs::read_to_string(&file).unwrap().lines().map(str::to_owned).collect();
    std::fs::write(file, change(lines).join("\n") + "\n").unwrap();
}

fn edit_north(dir: &Path, change: impl FnOnce(Vec<String>) -> Vec<String>) {
    edit(ledger(dir, "north"), change);
}

fn edit_journal(dir: &Path, change: impl FnOnce(Vec<String>) -> Vec<String>) {
    edit(dir.join("tool.journal"), change);
}

/// The line of the first part of this message's submission.
fn is_submit(line: &str, kept: &Kept) -> bool {
    let id = kept.outcomes[0].carrier_id.as_ref().unwrap();
    line.starts_with("submit\t") && line.split('\t').nth(10) == Some(id)
}

/// The carrier takes it once more, `seconds` later.
fn send_again(dir: &Path, kept: &Kept, seconds: u64) {
    edit_north(dir, |mut lines| {
        let line = lines.iter().find(|line| is_submit(line, kept)).unwrap();
        let mut fields: Vec<String> = line.split('\t').map(str::to_owned).collect();
        let at: postrider::model::Timestamp = fields[1].parse().unwrap();
        fields[1] = at.plus(std::time::Duration::from_secs(seconds)).to_string();
        fields[10] = "sim-fffff-north".to_owned();
        lines.push(fields.join("\t"));
        lines
    });
}

fn event_id(kept: &Kept, place: usize) -> String {
    format!("\tevt_{}_{place}\t", kept.id)
}

type Control = (&'static str, Figure, fn(&Books, &Path));

const CONTROLS: [Control; 22] = [
    ("an acknowledged message is gone", Figure::Lost, |books, dir| {
        sql(dir, &format!("DELETE FROM message WHERE id = {}", row(books.single())));
    }),
    ("a message ended in silence", Figure::Lost, |books, dir| {
        let kept = books.single();
        edit_north(dir, |lines| lines.into_iter().filter(|line| !is_submit(line, kept)).collect());
        sql(dir, &format!("UPDATE event SET note = NULL WHERE message = {}", row(kept)));
    }),
    ("a second copy without a doubt", Figure::Doubled, |books, dir| {
        send_again(dir, books.delivered(|kept| kept.parts == 1 && kept.on_doubt == "resend"), 0);
    }),
    ("a text that is in no row", Figure::Doubled, |books, dir| {
        let number = books.single().number.unwrap();
        sql(dir, &format!("UPDATE message SET reference = NULL WHERE reference = '{number}'"));
    }),
    ("a second copy under hold, doubt or not", Figure::DoubledUnderHold, |books, dir| {
        let kept = books.delivered(|kept| kept.parts == 1 && kept.on_doubt == "hold");
        send_again(dir, kept, 0);
        sql(dir, &format!("UPDATE message SET doubts = 1 WHERE id = {}", row(kept)));
    }),
    ("a key that made two messages", Figure::RetryDoubled, |books, dir| {
        let id = row(books.single());
        sql(
            dir,
            &format!(
                "CREATE TABLE two AS SELECT * FROM message WHERE id = {id}; UPDATE two SET id = (SELECT max(id) + 1 FROM message); \
                 INSERT INTO message SELECT * FROM two"
            ),
        );
    }),
    ("a receipt that no send bears", Figure::ReceiptUnmatched, |books, dir| {
        sql(dir, &format!("UPDATE submission SET carrier_id = NULL WHERE message = {}", row(books.single())));
    }),
    ("a receipt without effect", Figure::ReceiptUnmatched, |books, dir| {
        sql(dir, &format!("UPDATE submission SET state = 'sent' WHERE message = {}", row(books.single())));
    }),
    ("a doubt that one receipt settles", Figure::ReceiptUnmatched, |books, dir| {
        let kept = books.delivered(|kept| kept.parts == 1 && kept.to[5..].starts_with('0'));
        doubt(dir, kept);
    }),
    ("a text after STOP", Figure::SentAfterStop, |books, dir| {
        let stopped = |kept: &Kept| books.evidence.wrote.iter().any(|one| one.kind == "stop" && one.from == kept.to);
        send_again(dir, books.delivered(|kept| kept.class == "marketing" && stopped(kept)), 10);
    }),
    ("an incoming message is gone", Figure::InboundMissing, |_, dir| {
        sql(dir, "DELETE FROM inbound WHERE id = (SELECT min(id) FROM inbound)");
    }),
    ("a word that a person wrote again is gone", Figure::InboundMissing, |books, dir| {
        let again = |one: &&KeptInbound| {
            books.evidence.inbound.iter().filter(|other| other.from == one.from && other.text == one.text).count() > 1
        };
        let id: MessageId = books.evidence.inbound.iter().find(again).unwrap().id.parse().unwrap();
        sql(dir, &format!("DELETE FROM inbound WHERE id = {}", id.as_i64()));
    }),
    ("a part without siblings is gone", Figure::InboundMissing, |_, dir| sql(dir, "DELETE FROM inbound_part")),
    ("an incoming message is there twice", Figure::InboundTwice, |_, dir| {
        sql(
            dir,
            "CREATE TABLE two AS SELECT * FROM inbound WHERE id = (SELECT min(id) FROM inbound); \
             UPDATE two SET id = (SELECT max(id) + 1 FROM inbound); INSERT INTO inbound SELECT * FROM two",
        );
    }),
    ("a callback that never came", Figure::CallbackMissing, |books, dir| {
        let id = event_id(books.single(), 0);
        edit_journal(dir, |lines| lines.into_iter().filter(|line| !line.contains(&id)).collect());
    }),
    ("a callback that was never taken", Figure::CallbackMissing, |books, dir| {
        let id = event_id(books.single(), 0);
        let fail = |line: String| if line.contains(&id) { line.replace("\ttaken\t", "\tfailed\t") } else { line };
        edit_journal(dir, |lines| lines.into_iter().map(fail).collect());
    }),
    ("one id with two bodies", Figure::CallbackWrong, |books, dir| {
        let id = event_id(books.single(), 0);
        edit_journal(dir, |mut lines| {
            let again = lines.iter().find(|line| line.contains(&id)).unwrap().replace("delivered", "failed");
            lines.push(again);
            lines
        });
    }),
    ("callbacks in the wrong order", Figure::CallbackWrong, |books, dir| {
        let kept = books.single();
        let (first, second, id) = (event_id(kept, 0), event_id(kept, 1), row(kept));
        sql(
            dir,
            &format!(
                "INSERT INTO event (message, n, at, state) VALUES ({id}, 100, 0, 'uncertain'); \
                 UPDATE message SET state = 'uncertain', doubts = 1 WHERE id = {id}"
            ),
        );
        edit_journal(dir, |mut lines| {
            let place = lines.iter().position(|line| line.contains(&first)).unwrap();
            let line = lines[place].replace(&first, &second).replace("message.delivered", "message.uncertain");
            lines.insert(place, line);
            lines
        });
    }),
    ("a state that the receipt contradicts", Figure::FalseState, |books, dir| {
        let id = books.single().outcomes[0].carrier_id.clone().unwrap();
        let lie = |line: String| {
            if line.contains(&format!("\t{id}\tDELIVRD")) { line.replace("DELIVRD", "UNDELIV") } else { line }
        };
        edit_north(dir, |lines| lines.into_iter().map(lie).collect());
    }),
    ("an id of another send", Figure::FalseState, |books, dir| {
        let sql_text = "UPDATE submission SET carrier_id = 'sim-eeeee-north' WHERE message = ";
        sql(dir, &format!("{sql_text}{}", row(books.single())));
    }),
    ("a part that never left", Figure::PartNeverSent, |books, dir| {
        let kept = books.delivered(|kept| kept.parts == 3);
        edit_north(dir, |lines| lines.into_iter().filter(|line| !is_submit(line, kept)).collect());
    }),
    ("a message without an end", Figure::NoEnd, |books, dir| {
        sql(dir, &format!("UPDATE message SET state = 'sent' WHERE id = {}", row(books.single())));
    }),
];

/// Its answer was lost, and so its id.
fn doubt(dir: &Path, kept: &Kept) {
    let id = row(kept);
    sql(
        dir,
        &format!(
            "UPDATE message SET state = 'uncertain', doubts = 1 WHERE id = {id}; \
             UPDATE event SET at = at - 60000 WHERE message = {id}; \
             UPDATE submission SET state = 'uncertain', carrier_id = NULL WHERE message = {id}"
        ),
    );
}

#[test]
fn the_checker_sees_each_kind_of_fault() {
    let dir = tempfile::tempdir().unwrap();
    Run::new(dir.path(), 11, false).settle(POSTS);
    let books = Books { evidence: Evidence::read(dir.path()), dir };
    let calm = check(&books.evidence);
    let mut blind = Vec::new();
    for (name, figure, doctor) in CONTROLS {
        let copy = books.copy();
        doctor(&books, copy.path());
        let report = check(&Evidence::read(copy.path()));
        if report.count(figure) <= calm.count(figure) {
            blind.push(format!("{name}: {:?} instead of {figure:?}", report.broken()));
        }
    }
    assert!(blind.is_empty(), "the checker did not see {blind:#?}");
    only_several_sends_in_doubt_excuse_a_receipt(&books);
    assert!(calm.broken().is_empty(), "the calm run is not clean:\n{}", calm.findings(3));
}

/// Two sends in doubt to one handset excuse the receipts that came for it; one alone does not (that is a control above).
fn only_several_sends_in_doubt_excuse_a_receipt(books: &Books) {
    let single = |kept: &&Kept| {
        kept.state == "delivered" && kept.parts == 1 && kept.outcomes.iter().all(|one| one.link.starts_with("north"))
    };
    let all: Vec<&Kept> = books.evidence.messages.iter().filter(single).collect();
    let pair = all.iter().enumerate().find_map(|(place, one)| {
        let other = all[place + 1..].iter().find(|other| other.to == one.to)?;
        Some([*one, *other])
    });
    let copy = books.copy();
    pair.expect("a shared handset").iter().for_each(|kept| doubt(copy.path(), kept));
    assert_eq!(check(&Evidence::read(copy.path())).count(Figure::ReceiptUnmatched), 0);
}
