//! A folder of a till, look by look.

use std::time::Duration;

use super::*;
use crate::store::Database;

const NOW: Timestamp = Timestamp::from_millis(1_795_305_600_000);

struct Till {
    folder: tempfile::TempDir,
    database: Database,
    look: Look,
    /// After how many chunks the store fails.
    fails_after: Option<usize>,
}

impl Till {
    fn new(kind: WatchKind) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let watch = Watch {
            name: "till".to_owned(),
            folder: folder.path().to_owned(),
            kind,
            columns: BTreeMap::new(),
            event: Some("purchase".to_owned()),
            currency: Some("KRW".to_owned()),
            country: "KR".parse().ok(),
            time_zone: None,
            encoding: None,
            tags: vec!["till".to_owned()],
            lists: Vec::new(),
            every: Duration::from_secs(1),
        };
        Self { folder, database: Database::in_memory().unwrap(), look: Look::new(watch), fails_after: None }
    }

    fn put(&self, name: &str, text: &str) {
        fs::write(self.folder.path().join(name), text).unwrap();
    }

    fn text(&self, name: &str) -> Option<String> {
        fs::read_to_string(self.folder.path().join(name)).ok()
    }

    fn look(&mut self) -> usize {
        let Self { database, look, fails_after, .. } = self;
        let mut into = |chunk: Chunk| {
            if *fails_after == Some(0) {
                return Err(StoreError::DiskFull);
            }
            *fails_after = fails_after.map(|left| left - 1);
            database.write(|tx| chunk.write(tx))
        };
        look.turn(NOW, &mut into)
    }

    fn rows(&self, table: &str) -> i64 {
        let sql = format!("SELECT count(*) FROM {table}");
        self.database.read(|c| Ok(c.query_row(&sql, [], |row| row.get(0))?)).unwrap()
    }
}

#[test]
fn a_file_is_taken_when_it_did_not_grow_between_two_looks() {
    let mut till = Till::new(WatchKind::Events);
    till.put("sales.csv", "phone,date,total,receipt\n010-1234-5678,2026-11-21,4500,1\n");
    assert_eq!(till.look(), 0);
    till.put("sales.csv", "phone,date,total,receipt\n010-1234-5678,2026-11-21,4500,1\n12,2026-11-21,4500,2\n");
    assert_eq!(till.look(), 0, "it grew");
    assert_eq!((till.look(), till.rows("contact_event")), (1, 1));
    assert!(till.text("sales.csv").is_none() && till.text("done/sales.csv").is_some());
    let refused = till.text("refused/sales.csv").unwrap();
    assert!(refused.starts_with("phone,date,total,receipt,line,reason\n12,2026-11-21,4500,2,3,"), "{refused}");
    assert_eq!((till.look(), till.look()), (0, 0));
}

#[test]
fn the_same_rows_again_and_a_crash_in_the_middle_double_nothing() {
    let mut till = Till::new(WatchKind::Events);
    let rows: String = (0..1_200).map(|n| format!("010-1234-{n:04},2026-11-21 10:00,4500\n")).collect();
    let file = format!("phone,at,total\n{rows}010-1234-0000,2026-11-21 10:00,4500\n");
    till.put("a.csv", &file);
    till.fails_after = Some(1);
    assert_eq!((till.look(), till.look()), (0, 0));
    assert!(till.text("a.csv").is_some() && till.rows("contact_event") == 500, "the rest waits for the store");
    till.fails_after = None;
    assert_eq!((till.look(), till.rows("contact_event")), (1, 1_201));
    till.put("a.csv", &file);
    assert_eq!((till.look(), till.look(), till.rows("contact_event")), (0, 1, 1_201));
    assert!(till.text("done/a-1.csv").is_some(), "the first file keeps its name");
}

#[test]
fn what_is_locked_hidden_or_no_table_is_left_alone() {
    let mut till = Till::new(WatchKind::Contacts);
    let table = "phone,name\n010-1234-5678,Jisoo\n";
    for name in ["locked.csv", ".hidden.csv", "~$open.csv", "picture.png"] {
        till.put(name, table);
    }
    till.put("locked.csv.lock", "");
    assert_eq!((till.look(), till.look(), till.rows("contact")), (0, 0, 0));
    fs::remove_file(till.folder.path().join("locked.csv.lock")).unwrap();
    assert_eq!((till.look(), till.look(), till.rows("contact"), till.rows("contact_tag")), (0, 1, 1, 1));
}

#[test]
fn a_file_that_is_no_such_table_goes_to_the_refused() {
    let mut till = Till::new(WatchKind::Contacts);
    till.put("odd.csv", "a,b\n1,2\n");
    assert_eq!((till.look(), till.look()), (0, 1));
    assert!(till.text("refused/odd.csv").is_some() && till.text("done/odd.csv").is_none());
}

#[test]
fn a_folder_that_is_not_there_is_told_and_waited_for() {
    let mut till = Till::new(WatchKind::Contacts);
    let folder = till.folder.path().join("later");
    till.look.watch.folder.clone_from(&folder);
    assert_eq!((till.look(), till.look.told.is_some()), (0, true));
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("a.csv"), "phone\n010-1234-5678\n").unwrap();
    assert_eq!((till.look(), till.look()), (0, 1));
}
