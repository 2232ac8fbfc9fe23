//! Keeps the house in order: layers, purity, file heads and sizes, fixtures that something reads, licences, and what
//! must not be named in the tree. Each check has a planted violation beside it that it must find.

#![allow(
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    clippy::implied_bounds_in_impls,
    clippy::print_stdout,
    reason = "a test may fail where it stands"
)]

#[path = "tidy/features.rs"]
mod features;
#[path = "tidy/layers.rs"]
mod layers;
#[path = "tidy/licences.rs"]
mod licences;
#[path = "tidy/scanner.rs"]
mod scanner;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use layers::{LAYERS, Layer, SHELLS, complaints};
use scanner::{Scan, scan};

/// Lines outside of tests; above this a file's parts have names of their own.
const CODE_LINES_MAX: usize = 500;

/// The tree to check. Cargo sets the variable; the binary can so be pointed at another tree.
fn root() -> &'static Path {
    static ROOT: LazyLock<PathBuf> =
        LazyLock::new(|| std::env::var_os("CARGO_MANIFEST_DIR").map_or(env!("CARGO_MANIFEST_DIR").into(), Into::into));
    &ROOT
}

/// Every file below `folder`, as paths from the root with `/`, in order.
fn files_below(folder: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut open = vec![root().join(folder)];
    while let Some(folder) = open.pop() {
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        for path in entries.map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                open.push(path);
            } else {
                found.push(path.strip_prefix(root()).unwrap().to_string_lossy().replace('\\', "/"));
            }
        }
    }
    found.sort();
    found
}

fn read(file: &str) -> String {
    fs::read_to_string(root().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// `crates/text/src/gsm.rs` and `src/text/gsm.rs` are the module `text::gsm`; `src/lib.rs` and `src/main.rs` are the root.
fn module_of(file: &str) -> Vec<&str> {
    let stem = file.trim_end_matches(".rs");
    let in_package = stem.strip_prefix("crates/").and_then(|stem| stem.split_once("/src/"));
    let (package, inner) =
        in_package.map_or((None, stem.trim_start_matches("src/")), |(name, rest)| (Some(name), rest));
    let mut names: Vec<&str> = package.into_iter().chain(inner.split('/')).collect();
    if matches!(names.last(), Some(&"mod" | &"lib" | &"main")) {
        names.pop();
    }
    names
}

/// What `crate` means in a file: its package's room, or the root.
fn home_of(file: &str) -> &[&'static str] {
    let package = file.strip_prefix("crates/").and_then(|rest| rest.split('/').next());
    LAYERS.iter().map(|layer| std::slice::from_ref(&layer.name)).find(|home| Some(home[0]) == package).unwrap_or(&[])
}

/// Every Rust file of the house, those of its packages too.
fn rust_files() -> Vec<String> {
    let in_packages = files_below("crates").into_iter().filter(|file| file.contains("/src/"));
    files_below("src").into_iter().chain(in_packages).filter(|file| file.ends_with(".rs")).collect()
}

/// The Rust files that a normal build compiles, scanned.
fn sources() -> BTreeMap<String, Scan> {
    let mut scans: BTreeMap<String, Scan> = BTreeMap::new();
    let mut for_tests: BTreeSet<String> = BTreeSet::new();
    for file in rust_files() {
        let scan = scan(&read(&file), &module_of(&file), home_of(&file));
        let stem = file.trim_end_matches(".rs");
        let folder = ["/mod", "/lib", "/main"].iter().find_map(|end| stem.strip_suffix(end)).unwrap_or(stem);
        for_tests.extend(scan.test_modules.iter().map(|name| format!("{}/{name}", folder.trim_end_matches('/'))));
        scans.insert(file, scan);
    }
    scans.retain(|file, _| {
        let stem = file.trim_end_matches(".rs");
        !for_tests.iter().any(|module| stem == module || stem.starts_with(&format!("{module}/")))
    });
    scans
}

fn assert_none(complaints: &[String]) {
    assert!(complaints.is_empty(), "{} complaints:\n{}", complaints.len(), complaints.join("\n"));
}

#[test]
fn every_layer_imports_only_what_stands_above_it_and_pure_layers_name_no_effects() {
    let mut found = Vec::new();
    for (file, scan) in sources() {
        let module = module_of(&file);
        let Some(name) = module.first() else { continue };
        match Layer::named(name) {
            Some(layer) => found.extend(complaints(&file, layer, &scan)),
            None => found.push(format!("{file}: `{name}` is not in the table of layers (tests/tidy/layers.rs)")),
        }
    }
    assert_none(&found);
}

#[test]
fn a_planted_import_or_effect_is_found() {
    let caught = |file: &str, source: &str| {
        let module = module_of(file);
        complaints(file, Layer::named(module[0]).unwrap(), &scan(source, &module, home_of(file))).len()
    };
    assert_eq!(caught("src/pipeline/mod.rs", "use crate::link::Line;"), 1);
    assert_eq!(caught("src/pipeline/mod.rs", "use crate::{model::Id, link::{a, b}};"), 2);
    assert_eq!(caught("src/pipeline/mod.rs", "use postrider_link::Line;"), 1, "by its package");
    assert_eq!(caught("src/pipeline/a.rs", "fn f() { super::super::link::a::g() }"), 1);
    assert_eq!(caught("src/pipeline/a.rs", "mod inner { fn f() { super::super::super::http::g() } }"), 1);
    assert_eq!(caught("src/pipeline/a.rs", "mod inner { use super::super::b; }"), 0, "stays in pipeline");
    assert_eq!(caught("src/pipeline/mod.rs", "use super::*;"), 1, "the whole crate");
    assert_eq!(caught("src/pipeline/mod.rs", "use crate as everything;"), 1, "the whole crate by another name");
    assert_eq!(caught("crates/text/src/a.rs", "use crate::gsm; use super::b; use postrider_model::Id;"), 0);
    assert_eq!(caught("src/daemon/mod.rs", "use crate::cli::args;"), 1, "daemon stands above cli");
    assert_eq!(caught("src/cli/mod.rs", "use crate::{daemon, store::Row};"), 0);
    let hidden = "// crate::http\nconst A: &str = \"crate::http\"; /* crate::http */";
    assert_eq!(caught("src/pipeline/mod.rs", hidden), 0);
    assert_eq!(caught("src/pipeline/mod.rs", "#[cfg(test)]\nmod tests { use crate::http::Row; }"), 0);
    assert_eq!(caught("src/pipeline/mod.rs", "#[cfg(test)]\nmod tests {}\nuse crate::http::Row;"), 1);

    assert_eq!(caught("crates/policy/src/lib.rs", "fn f() -> Instant { Instant::now() }"), 1);
    assert_eq!(caught("crates/policy/src/lib.rs", "use std::time::Instant as Other; fn f() { Other::now(); }"), 1);
    assert_eq!(caught("crates/policy/src/lib.rs", "use std::{fs, io::Read};"), 1);
    assert_eq!(caught("crates/config/src/lib.rs", "fn f() { File::open(p) }"), 1);
    assert_eq!(caught("crates/smpp/src/lib.rs", "use std::net::{IpAddr, TcpStream};"), 1);
    assert_eq!(caught("crates/smpp/src/lib.rs", "use std::net::IpAddr;"), 0);
    assert_eq!(caught("crates/at/src/lib.rs", "fn f() { std::thread::sleep(d); }"), 1);
    assert_eq!(caught("crates/text/src/lib.rs", "use rusqlite::Connection; use tokio::sync::mpsc;"), 2);
    assert_eq!(
        caught("crates/store/src/writer.rs", "use tokio::sync::{mpsc, oneshot};"),
        0,
        "its writer is a thread behind a channel"
    );
    assert_eq!(caught("crates/store/src/writer.rs", "use tokio::net::TcpStream;"), 1);
    assert_eq!(caught("crates/sim/src/server.rs", "use tokio::net::TcpListener;"), 0, "the shell of a pure layer");
    assert_eq!(caught("crates/sim/src/carrier.rs", "use tokio::net::TcpListener;"), 1);
    assert_eq!(caught("src/pipeline/mod.rs", "fn f() { jiff::Timestamp::now(); }"), 1);
}

#[test]
fn the_scanner_is_not_led_astray_by_strings_lifetimes_and_comments() {
    let source = "fn f<'a>(x: &'a str) -> char { let _ = r#\"crate::store \" \"#; let _ = b'\\''; '\"' } \
                  /* a /* nested */ crate::store */ use crate::model::Id; fn g() { x as u8 / 2; }";
    let found = scan(source, &["policy"], &[]);
    assert_eq!(found.paths.iter().filter_map(scanner::Path::layer).collect::<Vec<_>>(), ["model"]);
    let tests = "fn a() {}\n#[cfg(test)]\nmod tests {\n    fn b() {}\n}\n#[cfg(test)]\nmod more;\n";
    let found = scan(tests, &["policy"], &[]);
    assert_eq!((found.code_lines, found.test_modules), (1, vec!["more".to_owned()]));
}

#[test]
fn the_modules_of_the_crate_form_no_cycle() {
    let mut imports: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (file, scan) in sources() {
        let Some(own) = module_of(&file).first().map(|&name| name.to_owned()) else { continue };
        let others = scan.paths.iter().filter_map(scanner::Path::layer).filter(|&other| other != own);
        imports.entry(own.clone()).or_default().extend(others.map(str::to_owned));
    }
    assert_eq!(cycle_in(&imports), None);

    let edge = |from: &str, to: &str| (from.to_owned(), BTreeSet::from([to.to_owned()]));
    let planted = BTreeMap::from([edge("a", "b"), edge("b", "c"), edge("c", "a")]);
    assert!(cycle_in(&planted).is_some(), "a planted cycle is found");
    for (place, layer) in LAYERS.iter().enumerate() {
        let above = |name: &&str| *name == "*" || LAYERS[..place].iter().any(|layer| layer.name == *name);
        assert!(layer.may_import.iter().all(above), "{} imports from below", layer.name);
    }
}

/// A module that can be reached from itself.
fn cycle_in(imports: &BTreeMap<String, BTreeSet<String>>) -> Option<String> {
    imports
        .keys()
        .find(|&start| {
            let mut seen: BTreeSet<&String> = BTreeSet::new();
            let mut open: Vec<&String> = imports[start].iter().collect();
            while let Some(module) = open.pop() {
                if seen.insert(module) {
                    open.extend(imports.get(module).into_iter().flatten());
                }
            }
            seen.contains(start)
        })
        .cloned()
}

#[test]
fn every_source_file_opens_with_its_purpose_and_stays_readable_in_one_sitting() {
    let mut found = Vec::new();
    for file in rust_files() {
        if !read(&file).starts_with("//! ") {
            found.push(format!("{file}: does not start with `//! ` and a sentence"));
        }
    }
    for (file, scan) in sources() {
        if scan.code_lines > CODE_LINES_MAX {
            found.push(format!("{file}: {} lines outside of tests, above {CODE_LINES_MAX}", scan.code_lines));
        }
    }
    found.extend(
        SHELLS
            .iter()
            .filter(|file| !root().join(file).exists())
            .map(|file| format!("{file}: listed as a shell in tests/tidy/layers.rs, and not there")),
    );
    assert_none(&found);
}

#[test]
fn every_fixture_is_read_by_something() {
    let fixtures = files_below("hw-fixtures");
    let readers: Vec<String> = ["src", "crates", "tests", "benches", "fuzz"]
        .into_iter()
        .flat_map(files_below)
        .filter(|file| [".rs", ".py", ".js"].iter().any(|end| file.ends_with(end)))
        .filter(|file| !file.starts_with("tests/tidy"))
        .map(|file| without_comment_lines(&read(&file)))
        .collect();
    assert_none(&unread(&fixtures, &readers));

    let planted = ["hw-fixtures/smpp/a.txt".to_owned()];
    let says = |text: &str| unread(&planted, &[text.to_owned()]).len();
    assert_eq!(says("include_str!(\"../hw-fixtures/smpp/b.txt\")"), 1, "a neighbour is read, it is not");
    assert_eq!(says(&without_comment_lines("// see hw-fixtures/smpp/a.txt")), 1, "a comment reads nothing");
    assert_eq!(says("include_str!(\"../hw-fixtures/smpp/a.txt\")"), 0);
    assert_eq!(says("read_dir(\"hw-fixtures/smpp\")"), 0, "the whole folder is read");
}

fn without_comment_lines(source: &str) -> String {
    source.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// A fixture is read when a source names its file, or one of its folders as a whole.
fn unread(fixtures: &[String], readers: &[String]) -> Vec<String> {
    let names_whole = |text: &str, folder: &str| {
        text.match_indices(folder).any(|(at, _)| {
            let after = text[at + folder.len()..].trim_start_matches('/');
            !after.starts_with(|c: char| c.is_alphanumeric() || "_-./".contains(c))
        })
    };
    fixtures
        .iter()
        .filter(|file| {
            let name = file.rsplit('/').next().unwrap_or(file);
            let folders = file.match_indices('/').map(|(at, _)| &file[..at]).filter(|folder| folder.contains('/'));
            let folders: Vec<&str> = folders.collect();
            !readers.iter().any(|text| text.contains(name) || folders.iter().any(|folder| names_whole(text, folder)))
        })
        .map(|file| format!("{file}: no test reads it"))
        .collect()
}

/// What is in the tree by git's word, or every file outside of build folders where there is no git.
fn tracked() -> Vec<String> {
    let listed = Command::new("git").args(["ls-files", "-z", "-co", "--exclude-standard"]).current_dir(root()).output();
    match listed {
        Ok(output) if output.status.success() => {
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            text.split('\0').filter(|file| root().join(file).is_file()).map(str::to_owned).collect()
        }
        _ => files_below("")
            .into_iter()
            .filter(|file| !file.starts_with("target/") && !file.starts_with(".git/"))
            .collect(),
    }
}

/// Words that would tie the tree to one place. They are put together here, so that this file does not hold them.
fn misplaced(file: &str, text: &str) -> Vec<String> {
    let hosts = [
        concat!("crates", ".io"),
        concat!("pypi", ".org"),
        concat!("pythonhosted", ".org"),
        concat!("npmjs", ".org"),
        concat!("debian", ".org"),
        concat!("golang", ".org"),
        concat!("docker", ".io"),
    ];
    let places = [concat!("/work", "/"), concat!("..", "/shared/")];
    let words = hosts
        .iter()
        .map(|word| (word, "a registry's host"))
        .chain(places.iter().map(|word| (word, "a path of one machine")));
    let mut found = Vec::new();
    for (number, line) in text.lines().enumerate() {
        for (word, what) in words.clone() {
            let whole = |at: usize| !line[..at].ends_with(|c: char| c.is_alphanumeric() || "_-.".contains(c));
            // A host may have a name before it (`static.`); a path stands at its beginning.
            if line.match_indices(word).any(|(at, _)| what == "a registry's host" || whole(at)) {
                found.push(format!("{file}:{}: names {what}: {word}", number + 1));
            }
        }
    }
    found
}

#[test]
fn nothing_names_a_registry_host_or_a_path_of_one_machine() {
    let mut found = Vec::new();
    // Cargo writes its registry into the lock file itself.
    for file in tracked().into_iter().filter(|file| !file.ends_with("Cargo.lock")) {
        if let Ok(text) = fs::read_to_string(root().join(&file)) {
            found.extend(misplaced(&file, &text));
        }
    }
    assert_none(&found);

    assert_eq!(misplaced("a", &format!("see https://static.{}/a", concat!("crates", ".io"))).len(), 1);
    assert_eq!(misplaced("a", &format!("read \"{}/shared/x\"", "/work")).len(), 1);
    assert_eq!(misplaced("a", "the net/work/flow").len(), 0);
}

#[test]
fn the_map_names_every_module() {
    let map = read("docs/ARCHITECTURE.md");
    let modules = rust_files().into_iter().filter_map(|file| module_of(&file).first().map(|&name| name.to_owned()));
    let modules: BTreeSet<String> = modules.collect();
    let unnamed: Vec<_> = modules.iter().filter(|name| !map.contains(&format!("`{name}`"))).cloned().collect();
    assert!(unnamed.is_empty(), "docs/ARCHITECTURE.md does not name {unnamed:?}");
}

/// What cargo says, from what a build has brought to this machine: nothing is downloaded.
fn cargo(words: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO"));
    command.args(words).args(["--locked", "--offline", "--manifest-path"]).arg(root().join("Cargo.toml"));
    let output = command.output().unwrap();
    assert!(output.status.success(), "cargo {words:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// The system that cargo builds for here.
fn host() -> String {
    let output = Command::new(env!("CARGO")).arg("-vV").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().find_map(|line| line.strip_prefix("host: ")).unwrap().to_owned()
}

#[test]
fn the_released_binary_has_every_feature_that_the_tests_prove() {
    let tree = |edges: &str| {
        let words = ["tree", "--prefix", "none", "-f", "{p} {f}", "-e", edges, "--target", &host()];
        features::read(&cargo(&words))
    };
    let (released, tested) = (tree("normal,no-proc-macro"), tree("normal,dev,no-proc-macro"));
    assert!(released.len() > 50 && tested.len() > released.len(), "cargo lists both");
    assert_none(&features::of_tests_only(&released, &tested));

    let planted = features::read("a v1.0.0 std\nb v2.0.0 (/x) \nb v2.0.0 (/x)  (*)\n");
    let more = features::read("a v1.0.0 default,std,unicode\nb v2.0.0 (/x) default\nc v1.0.0 x\n");
    let found = features::of_tests_only(&planted, &more);
    assert!(found.len() == 1 && found[0].starts_with("a v1.0.0: unicode in tests only"), "{found:?}");
}

#[test]
fn what_shows_a_promise_is_in_the_tree() {
    let sources: Vec<String> =
        ["src", "crates", "tests"].into_iter().flat_map(files_below).filter(|file| file.ends_with(".rs")).collect();
    let sources: Vec<String> = sources.iter().map(|file| read(file)).collect();
    assert_none(&unshown(&read("docs/GUARANTEES.md"), &sources));

    let planted = ["fn a_claim_that_is_tested() {}".to_owned()];
    assert!(unshown("`a_claim_that_is_tested` in `tests/tidy.rs`", &planted).is_empty());
    assert_eq!(unshown("`a_claim_that_is_not_tested` in `tests/nothing.rs`", &planted).len(), 2);
}

/// Tests and files that a page names between backticks, and that are not there.
fn unshown(page: &str, sources: &[String]) -> Vec<String> {
    let is_claim = |word: &str| {
        word.matches('_').count() >= 3 && word.chars().all(|c| c == '_' || c.is_ascii_lowercase() || c.is_ascii_digit())
    };
    let is_there = |word: &str| match word.split('/').next() {
        _ if is_claim(word) => sources.iter().any(|source| source.contains(&format!("fn {word}("))),
        Some("src" | "crates" | "tests" | "fuzz" | "docs") if word.contains('/') => root().join(word).exists(),
        _ => true,
    };
    let words = page.split('`').skip(1).step_by(2);
    words.filter(|word| !is_there(word)).map(|word| format!("docs/GUARANTEES.md: {word} is not there")).collect()
}

#[test]
fn every_dependency_has_a_licence_that_deny_toml_allows() {
    let policy: toml::Table = read("deny.toml").parse().unwrap();
    let allowed = policy["licenses"]["allow"].as_array().unwrap();
    let allowed: Vec<String> = allowed.iter().map(|name| name.as_str().unwrap().to_owned()).collect();
    // Crates of other systems are on a machine that asked for them only; `cargo deny` looks at those.
    let text = cargo(&["metadata", "--format-version", "1", "--filter-platform", &host()]);
    let metadata: serde_json::Value = serde_json::from_str(&text).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    assert!(packages.len() > 50, "cargo lists the whole tree");
    let refused: Vec<String> = packages
        .iter()
        .filter(|package| !licences::is_met(package["license"].as_str().unwrap_or(""), &allowed))
        .map(|package| format!("{} {}: {}", package["name"], package["version"], package["license"]))
        .collect();
    assert_none(&refused);
}

#[test]
fn a_licence_expression_is_read_as_spdx_means_it() {
    let allowed: Vec<String> = ["MIT", "Apache-2.0 WITH LLVM-exception", "ISC"].map(str::to_owned).into();
    for met in ["MIT", "GPL-3.0 OR MIT", "GPL-3.0/MIT", "(GPL-3.0 OR MIT) AND ISC", "Apache-2.0 WITH LLVM-exception"] {
        assert!(licences::is_met(met, &allowed), "{met}");
    }
    for not in ["", "GPL-3.0", "MIT AND GPL-3.0", "Apache-2.0", "(MIT OR ISC) AND GPL-3.0", "MIT ISC", "(MIT"] {
        assert!(!licences::is_met(not, &allowed), "{not}");
    }
}
