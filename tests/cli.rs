//! The program as an operator meets it: what it prints, what it refuses, and with which exit code.

#![allow(
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    clippy::implied_bounds_in_impls,
    clippy::print_stdout,
    reason = "a test may fail where it stands"
)]

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::time::Duration;

use assert_cmd::Command;
use postrider::model::{
    CarrierMessageId, ErrorClass, LinkEvent, LinkName, MessageId, NewMessage, Receipt, Sender, State, SubmitOutcome,
    SubmitResult, Timestamp,
};
use postrider::pipeline::{self, Dispatcher, Group, LinkOffer, Settings, Turn};
use postrider::policy::routes::Route;
use postrider::store::{Database, Options, callback};
use postrider::text::TextProfile;

/// A Sunday at nine in Seoul, and midnight in UTC.
const NOW: Timestamp = Timestamp::from_millis(1_795_305_600_250);

fn postrider(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_postrider"));
    command
        .args(args)
        .env("TZ", "UTC")
        .env_remove("RUST_LOG")
        .env_remove("JOURNAL_STREAM")
        .env_remove("POSTRIDER_TOKEN");
    command.timeout(Duration::from_secs(120));
    command
}

fn run(args: &[&str]) -> Output {
    postrider(args).output().unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// A directory with a configuration of one carrier that nobody is behind.
struct Place {
    folder: tempfile::TempDir,
    config: PathBuf,
}

impl Place {
    fn new(listen: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("postrider.toml");
        fs::write(folder.path().join("north.password"), "secret\n").unwrap();
        fs::write(
            &config,
            format!(
                "[http]\nlisten = [\"{listen}\"]\n[store]\npath = \"postrider.db\"\ndisk_free_min = \"16 MiB\"\n\
                 [[carrier]]\nname = \"north\"\nhosts = [\"127.0.0.1:9\"]\nsystem_id = \"shop\"\n\
                 password_file = \"north.password\"\nsender = \"15771234\"\nnational_languages = [\"turkish\"]\n"
            ),
        )
        .unwrap();
        Self { folder, config }
    }

    fn config(&self) -> &str {
        self.config.to_str().unwrap()
    }

    fn database(&self) -> PathBuf {
        self.folder.path().join("postrider.db")
    }

    fn open(&self) -> Database {
        Database::open(&Options::at(self.database())).unwrap()
    }
}

#[test]
fn every_mistake_of_a_configuration_is_told_with_its_line() {
    let place = Place::new("127.0.0.1:0");
    let wrong = fs::read_to_string(&place.config).unwrap().replace("hosts", "hots").replace("16 MiB", "much");
    fs::write(&place.config, wrong).unwrap();
    let output = run(&["config", "check", place.config()]);
    let said = stdout(&output).replace(place.folder.path().to_str().unwrap(), "DIR");
    assert_eq!(output.status.code(), Some(1), "{said}");
    for part in
        ["disk_free_min", "line 5", "hots", "did you mean", "carrier \"north\"", "DIR/postrider.toml", "mistakes"]
    {
        assert!(said.contains(part), "{part} is not in:\n{said}");
    }
    let daemon = run(&["run", "--config", place.config()]);
    assert_eq!(daemon.status.code(), Some(2));
    assert_eq!(stderr(&daemon).lines().count(), stdout(&output).lines().count(), "{}", stderr(&daemon));
}

#[test]
fn a_good_configuration_is_told_to_be_one() {
    let place = Place::new("127.0.0.1:0");
    let output = run(&["config", "check", place.config()]);
    assert_eq!(output.status.code(), Some(0));
    assert!(stdout(&output).contains("no mistakes; 1 carrier, 1 route"), "{}", stdout(&output));
}

#[test]
fn a_configuration_that_is_not_there_is_named() {
    let output = run(&["run", "--config", "/nonexistent/postrider.toml"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("/nonexistent/postrider.toml"), "{}", stderr(&output));
    assert_eq!(stderr(&output).lines().count(), 1);
}

#[test]
fn a_port_in_use_is_told_with_what_to_do() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let place = Place::new(&address);
    let output = run(&["run", "--config", place.config()]);
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(1));
    assert!(said.contains(&address) && said.contains("another program listens there"), "{said}");
}

#[test]
fn a_database_of_a_newer_version_is_left_alone() {
    let place = Place::new("127.0.0.1:0");
    let connection = rusqlite::Connection::open(place.database()).unwrap();
    connection.pragma_update(None, "user_version", 99).unwrap();
    drop(connection);
    for args in [&["run"][..], &["token", "list"], &["why", "38g0z854r0000"], &["callbacks", "dead"]] {
        let output = run(&[args, &["--config", place.config()]].concat());
        assert_eq!(output.status.code(), Some(1), "{args:?}");
        assert!(stderr(&output).contains("install the newer version"), "{args:?}: {}", stderr(&output));
    }
}

#[test]
fn what_is_no_database_is_left_alone() {
    let place = Place::new("127.0.0.1:0");
    fs::write(place.database(), "a shopping list\n".repeat(500)).unwrap();
    let output = run(&["run", "--config", place.config()]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("postrider.db") && stderr(&output).contains("store.path"), "{}", stderr(&output));
    assert!(fs::read_to_string(place.database()).unwrap().starts_with("a shopping list"));
}

#[test]
fn tokens_are_made_listed_and_revoked() {
    let place = Place::new("127.0.0.1:0");
    let config = ["--config", place.config()];
    let create = |name: &str| {
        run(&[&["token", "create", "--name", name, "--scope", "messages:write,links:read"][..], &config].concat())
    };
    let made = create("loyalty");
    let token = stdout(&made);
    assert!(token.starts_with("pr_") && token.trim().len() == 59, "{token}{}", stderr(&made));
    assert!(stderr(&create("loyalty")).contains("already"), "a name is taken once");
    let list = || stdout(&run(&[&["token", "list"][..], &config].concat()));
    assert!(list().contains("loyalty") && list().contains("messages:write links:read"), "{}", list());
    assert!(!list().contains(token.trim()), "the secret is shown once");
    assert!(run(&[&["token", "revoke", "loyalty"][..], &config].concat()).status.success());
    let again = run(&[&["token", "revoke", "loyalty"][..], &config].concat());
    assert_eq!(again.status.code(), Some(1));
    assert!(stderr(&again).contains("no valid token"), "{}", stderr(&again));
    assert!(create("loyalty").status.success(), "a revoked name is free");
    let wrong = run(&[&["token", "create", "--name", "x", "--scope", "everything"][..], &config].concat());
    assert!(stderr(&wrong).contains("messages:write"), "{}", stderr(&wrong));
}

#[test]
fn a_token_can_be_made_by_somebody_who_has_no_secrets() {
    let place = Place::new("127.0.0.1:0");
    let text = fs::read_to_string(&place.config).unwrap();
    fs::write(&place.config, text.replace("password_file = \"north.password\"", "password_credential = \"north\""))
        .unwrap();
    let args = ["token", "create", "--name", "shop", "--scope", "admin", "--config", place.config()];
    let output = postrider(&args).env_remove("CREDENTIALS_DIRECTORY").output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    let daemon = postrider(&["run", "--config", place.config()]).env_remove("CREDENTIALS_DIRECTORY").output().unwrap();
    assert_eq!(daemon.status.code(), Some(2), "the daemon needs them: {}", stderr(&daemon));
}

#[test]
fn an_estimate_names_what_is_dear() {
    insta::assert_snapshot!(
        "estimate_quotes",
        stdout(&run(&["estimate", &"“Sale” – 50 % off, don’t wait! ".repeat(4)]))
    );
    insta::assert_snapshot!("estimate_plain", stdout(&run(&["estimate", "Price: 5 €"])));
    insta::assert_snapshot!("estimate_transliterated", stdout(&run(&["estimate", "--transliterate", "“Sale” – now…"])));
    insta::assert_snapshot!("estimate_json", stdout(&run(&["estimate", "--json", "“OK”"])));
    let place = Place::new("127.0.0.1:0");
    let of_route = ["estimate", "Kış indirimi başladı", "--config", place.config(), "--route", "default"];
    insta::assert_snapshot!("estimate_of_a_route", stdout(&run(&of_route)));
}

#[test]
fn a_text_that_would_be_refused_fails_the_estimate() {
    let output = run(&["estimate", &"한".repeat(800)]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stdout(&output).contains("refused    the message needs 12 segments"), "{}", stdout(&output));
    let place = Place::new("127.0.0.1:0");
    let unknown = run(&["estimate", "x", "--config", place.config(), "--route", "south"]);
    assert!(stderr(&unknown).contains("there is no route \"south\""), "{}", stderr(&unknown));
}

fn settings() -> Settings {
    let mut settings = Settings { routes: vec![Route::over("default", &["north"])], ..Settings::default() };
    settings.groups.insert("north".into(), Group::new(TextProfile::default(), None));
    settings.callback_target = Some("http://127.0.0.1:9000/sms".to_owned());
    settings
}

/// A message of two segments: one refused at first and sent again, both delivered; its callback given up.
fn a_story(database: &mut Database) -> MessageId {
    let settings = settings();
    let link = LinkName::new("north", 1);
    let mut new = NewMessage::text("+821012345678".parse().unwrap(), "안녕하세요 고객님 ".repeat(8));
    new.from = Some(Sender::parse("15771234").unwrap());
    new.reference = Some("order-4711".to_owned());
    let prepared = [pipeline::prepare(&settings, new, NOW).unwrap()];
    let at = |seconds: u64| NOW.plus(Duration::from_secs(seconds));
    let accepted = database.write(|tx| pipeline::accept(&Turn::new(tx, &settings, NOW), 1, &prepared)).unwrap();
    let id = accepted[0].id;
    let mut dispatcher = Dispatcher::new(&std::collections::BTreeMap::new());
    let turn = |database: &mut Database, seconds: u64, events: &[LinkEvent]| {
        database.write(|tx| pipeline::settle(&Turn::new(tx, &settings, at(seconds)), &link, events)).unwrap();
    };
    let mut lease = |database: &mut Database, seconds: u64| {
        let offers = vec![LinkOffer::new(link.clone(), 50, true)];
        let turn = |tx: &postrider::store::Tx<'_>| {
            pipeline::dispatch(&Turn::new(tx, &settings, at(seconds)), &mut dispatcher, offers.clone())
        };
        let leased = database.write(turn).unwrap();
        assert_eq!(leased.submissions.len(), 1);
    };
    let submit = |attempt, index, outcome| LinkEvent::Submit(SubmitResult { message: id, attempt, index, outcome });
    let accepted = |id: &str| SubmitOutcome::Accepted { carrier_id: CarrierMessageId::new(id) };
    let refused = SubmitOutcome::Refused {
        class: ErrorClass::Retry,
        code: 0x08,
        reason: "ESME_RSYSERR".to_owned(),
        retry_after: None,
    };
    lease(database, 1);
    turn(database, 2, &[submit(1, 0, accepted("39f99dd5")), submit(1, 1, refused)]);
    lease(database, 600);
    turn(database, 601, &[submit(2, 1, accepted("39f99dd6"))]);
    let receipt = |id: &str| LinkEvent::Receipt {
        receipt: Receipt {
            ids: CarrierMessageId::new(id).into_iter().collect(),
            state: State::Delivered,
            unread: Vec::new(),
            raw_state: "DELIVRD".to_owned(),
            error: "000".to_owned(),
            source: Some(Sender::from_network("+821012345678")),
            destination: None,
            done_at: Some(at(602)),
        },
        ack: None,
    };
    turn(database, 603, &[receipt("39f99dd5"), receipt("39F99DD6")]);
    let due = database.write(|tx| callback::take_due(tx, "http://127.0.0.1:9000", at(604), at(900), 10)).unwrap();
    database.write(|tx| callback::record(tx, &due[0], &callback::Ending::Dead, "HTTP 410", at(605))).unwrap();
    id
}

#[test]
fn a_story_tells_every_step_and_no_number() {
    let place = Place::new("127.0.0.1:0");
    let id = a_story(&mut place.open()).to_string();
    let told = |more: &[&str]| {
        let output = run(&[&["why", &id, "--config", place.config()][..], more].concat());
        assert!(output.status.success(), "{}", stderr(&output));
        stdout(&output)
    };
    let discreet = told(&[]);
    assert!(!discreet.contains("12345678") && !discreet.contains("안녕"), "{discreet}");
    insta::assert_snapshot!("why", discreet);
    let full = told(&["--full"]);
    assert!(full.contains("+821012345678") && full.contains("안녕하세요"), "{full}");
    let alone = stdout(&run(&["why", &id, "--db", place.database().to_str().unwrap()]));
    assert!(alone.contains("a usual carrier (--config tells the real one)"), "{alone}");
}

#[test]
fn an_id_that_nobody_has_is_told_to_be_unknown() {
    let place = Place::new("127.0.0.1:0");
    drop(place.open());
    let unknown = run(&["why", "38g0z854r0000", "--config", place.config()]);
    assert_eq!(unknown.status.code(), Some(1));
    assert!(stderr(&unknown).contains("there is no message 38g0z854r0000"), "{}", stderr(&unknown));
    let none = run(&["why", "hello", "--config", place.config()]);
    assert!(stderr(&none).contains("13 characters"), "{}", stderr(&none));
    let nowhere = run(&["why", "38g0z854r0000", "--db", "/nonexistent/x.db"]);
    assert!(stderr(&nowhere).contains("there is no database /nonexistent/x.db"), "{}", stderr(&nowhere));
    assert!(!Path::new("/nonexistent").exists());
}

#[test]
fn dead_letters_are_listed_and_sent_again() {
    let place = Place::new("127.0.0.1:0");
    let id = a_story(&mut place.open()).to_string();
    let ask = |what: &[&str]| stdout(&run(&[&["callbacks"][..], what, &["--config", place.config()]].concat()));
    let dead = ask(&["dead"]);
    assert!(dead.contains(&id) && dead.contains("HTTP 410") && dead.contains("1 given up, 0 waiting"), "{dead}");
    assert!(ask(&["replay", &id]).starts_with("1 callback due again"));
    assert!(ask(&["dead"]).contains("0 given up, 1 waiting"));
    assert!(ask(&["replay"]).contains("nothing to send again"));
}

#[test]
fn the_law_says_when_and_fails_when_not_now() {
    let night = run(&["law", "check", "+821012345678", "--at", "2026-11-22T23:00:00+09:00"]);
    assert_eq!(night.status.code(), Some(1));
    assert!(
        stdout(&night).contains("a marketing message of 2026-11-22T14:00:00.000Z goes from 2026-11-22T23:00:00.000Z")
    );
    let code = run(&["law", "check", "+821012345678", "--at", "2026-11-22T23:00:00+09:00", "--class", "otp", "--json"]);
    assert_eq!(code.status.code(), Some(0));
    assert!(stdout(&code).contains("\"allowed\": true"));
    assert!(stdout(&run(&["law", "table"])).contains("others"));
}

#[test]
fn a_number_without_consents_is_told_to_be_unknown() {
    let place = Place::new("127.0.0.1:0");
    drop(place.open());
    let shown = run(&["consent", "show", "+821012345678", "--config", place.config()]);
    assert_eq!(shown.status.code(), Some(0), "{}", stderr(&shown));
    assert!(stdout(&shown).contains("nothing is on record"), "{}", stdout(&shown));
    let refused = run(&["consent", "withdraw", "+821012345678", "--url", "http://127.0.0.1:9"]);
    assert!(stderr(&refused).contains("POSTRIDER_TOKEN"), "{}", stderr(&refused));
}

#[test]
fn a_decision_needs_a_token_and_a_daemon() {
    let without = run(&["resolve", "38g0z854r0000", "resend"]);
    assert!(stderr(&without).contains("a token is needed"), "{}", stderr(&without));
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", free.local_addr().unwrap());
    drop(free);
    let nobody = run(&["cancel", "38g0z854r0000", "--token", "pr_x", "--url", &url]);
    assert!(stderr(&nobody).contains("is the daemon running"), "{}", stderr(&nobody));
}

#[test]
fn the_demo_delivers_and_ends() {
    let output = run(&["demo", "--once", "--port", "0"]);
    let said = stdout(&output);
    assert!(output.status.success(), "{said}\n{}", stderr(&output));
    for part in [
        "9 of 10 messages are delivered",
        "was pulled out",
        "is ready",
        "A reply came in",
        "export TOKEN=pr_",
        "/v1/estimate",
        " why ",
    ] {
        assert!(said.contains(part), "{part} is not in:\n{said}");
    }
    let folder = said.split("--config ").nth(1).and_then(|rest| rest.lines().next()).unwrap();
    assert!(!Path::new(folder).exists(), "{folder} is left behind");
}

#[test]
fn a_simulated_carrier_says_where_it_listens_and_counts_what_came() {
    use std::io::{BufRead, BufReader, Write};
    use std::process::Stdio;
    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_postrider"))
        .args(["sim-carrier", "--listen", "127.0.0.1:0", "--account", "shop:secret", "--faults", "split"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    assert!(lines.next().unwrap().starts_with("ready: simulated carrier on 127.0.0.1:"));
    let mut input = child.stdin.take().unwrap();
    writeln!(input, "mo +821055501234 15771234 안녕하세요").unwrap();
    assert_eq!(lines.next().unwrap(), "mo +821055501234 15771234: 1 part");
    writeln!(input, "counts").unwrap();
    assert!(lines.next().unwrap().starts_with("counts: binds=0 "));
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn the_doctor_names_faults_and_next_steps_and_fails() {
    let place = Place::new("127.0.0.1:0");
    let output = run(&["doctor", "--config", place.config()]);
    let said = stdout(&output);
    assert_eq!(output.status.code(), Some(1), "{said}\n{}", stderr(&output));
    assert!(said.contains("FAIL  daemon: it does not run\n      -> sudo systemctl start postrider"), "{said}");
    assert!(said.contains("ok    configuration: "), "{said}");
    assert!(said.lines().all(|line| line.chars().count() <= 80 || line.contains(place.config())), "{said}");
    let output = run(&["doctor", "--json", "--config", place.config()]);
    let told: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(told["failed"].as_u64().unwrap() >= 1, "{told}");
    let mut findings = told["findings"].as_array().unwrap().iter();
    assert!(findings.any(|finding| finding["name"] == "daemon" && finding["mark"] == "fail"), "{told}");
}

#[test]
fn modem_commands_without_a_daemon_say_what_to_do() {
    let place = Place::new("127.0.0.1:0");
    let ask = |arguments: &[&str]| {
        let output = run(&[&["modem"], arguments, &["--config", place.config()]].concat());
        (output.status.code(), stderr(&output))
    };
    let (code, said) = ask(&["show", "stick-1"]);
    assert!(code == Some(1) && said.contains("the daemon does not run"), "{said}");
    let (_, said) = ask(&["at", "stick-1", "AT+CSQ"]);
    assert!(said.contains("without the daemon, name a port like /dev/ttyUSB2"), "{said}");
    let (_, said) = ask(&["at", "/dev/ttyUSB250", "AT+CSQ"]);
    assert!(said.contains("/dev/ttyUSB250 does not exist"), "{said}");
    let (_, said) = ask(&["at", "stick-1", "AT+CMGS=20"]);
    assert!(said.contains("use sms-test"), "{said}");
    let (code, said) = ask(&["list"]);
    assert!(code == Some(0) && said.contains("the daemon does not run"), "{said}");
}

#[test]
fn contacts_come_in_from_a_table_and_wrong_rows_go_to_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let (table, db) = (folder.path().join("customers.csv"), folder.path().join("shop.db"));
    let rows = "Phone;First name;Last name;Shoe;Note\n010-1234-5678;Jisoo;Kim;42;x\n\
                +66812345678;Somchai;;;\nnobody;A;B;42;\n010-2345-6789;C;D;large;\n\n";
    fs::write(&table, rows).unwrap();
    let (table, db) = (table.to_str().unwrap(), db.to_str().unwrap());
    let import = [
        "contact",
        "import",
        table,
        "--db",
        db,
        "--country",
        "KR",
        "--map",
        "Shoe=attribute.shoe:number",
        "--tag",
        "till",
    ];
    let dry = run(&[&import[..], &["--dry-run"]].concat());
    assert!(stdout(&dry).starts_with("2 rows would come in, 2 refused; nothing was written\n"), "{}", stdout(&dry));
    assert!(!Path::new(db).exists());
    let output = run(&import);
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(stdout(&output).contains("2 new, 0 changed, 0 as they were, 2 refused"), "{}", stdout(&output));
    assert!(stderr(&output).contains("left out: Note"), "{}", stderr(&output));
    let refused = fs::read_to_string(folder.path().join("customers.refused.csv")).unwrap();
    let lines: Vec<_> = refused.lines().collect();
    assert_eq!((lines.len(), lines[0]), (3, "Phone,First name,Last name,Shoe,Note,line,reason"));
    assert!(
        lines[1].starts_with("nobody,A,B,42,,4,") && lines[2].contains(",5,\"\"\"large\"\" is no number"),
        "{refused}"
    );
    assert!(stdout(&run(&import)).contains("0 new, 0 changed, 2 as they were, 2 refused"));

    let shown = stdout(&run(&["contact", "show", "+821012345678", "--db", db]));
    assert!(shown.contains("Jisoo Kim") && shown.contains("shoe") && shown.contains("days_since_joined"), "{shown}");
    let listed = stdout(&run(&["contact", "list", "--tag", "till", "--db", db]));
    assert_eq!(listed.lines().count(), 3, "{listed}");
    assert!(stdout(&run(&["segment", "count", "new", "--db", db])).starts_with("2 of 2 contacts"));
    let file = folder.path().join("tree.json");
    fs::write(&file, r#"{"attribute": "shoe", "at_least": 40}"#).unwrap();
    let sampled = stdout(&run(&["segment", "sample", "--file", file.to_str().unwrap(), "--db", db]));
    assert!(sampled.contains("+821012345678") && sampled.ends_with("1 of 1\n"), "{sampled}");
    fs::write(&file, r#"{"all": [{"tagg": "x"}]}"#).unwrap();
    let wrong = run(&["segment", "count", "--file", file.to_str().unwrap(), "--db", db]);
    assert!(!wrong.status.success() && stderr(&wrong).contains("/all/0: "), "{}", stderr(&wrong));
    let listed = stdout(&run(&["segment", "list", "--db", db]));
    assert!(listed.contains("points_expiring") && listed.lines().count() > 20, "{listed}");
}
