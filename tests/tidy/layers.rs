//! The table of who may import whom, and the words that pure layers may not say.

use super::scanner::{Path, Scan};

/// A package of `crates/` or a top-level module of `src/`, and what it may import. A row may only name rows above it, so there are no cycles.
pub struct Layer {
    /// The module.
    pub name: &'static str,
    /// The modules that its code may name besides itself.
    pub may_import: &'static [&'static str],
    /// The kinds of effects that its code may not name.
    pub without: &'static [Effect],
}

/// What a pure layer must not reach for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Reading the time.
    Clock,
    /// Sockets, TLS and the asynchronous runtime.
    Socket,
    /// Channels between tasks.
    Channel,
    /// The file system, the environment, other processes.
    File,
    /// Starting or sleeping threads.
    Thread,
    /// SQLite.
    Database,
}

use Effect::{Channel, Clock, Database, File, Socket, Thread};

const PURE: &[Effect] = &[Clock, Socket, Channel, File, Thread, Database];
const SYNCHRONOUS: &[Effect] = &[Clock, Socket, Channel, Thread];
const NO_DATABASE: &[Effect] = &[Database];

/// The house, from the ground up. `docs/ARCHITECTURE.md` says what each is for. What a package under `crates/` may import
/// stands in its manifest, and Cargo keeps it.
pub const LAYERS: &[Layer] = &[
    Layer { name: "model", may_import: EVERY_LAYER_BELOW, without: PURE },
    Layer { name: "text", may_import: EVERY_LAYER_BELOW, without: PURE },
    Layer { name: "tpdu", may_import: EVERY_LAYER_BELOW, without: PURE },
    Layer { name: "smpp", may_import: EVERY_LAYER_BELOW, without: PURE },
    Layer { name: "at", may_import: EVERY_LAYER_BELOW, without: PURE },
    Layer { name: "policy", may_import: EVERY_LAYER_BELOW, without: PURE },
    Layer { name: "campaign", may_import: EVERY_LAYER_BELOW, without: PURE },
    Layer { name: "config", may_import: EVERY_LAYER_BELOW, without: PURE },
    Layer { name: "store", may_import: EVERY_LAYER_BELOW, without: &[Clock, Socket] },
    Layer { name: "link", may_import: EVERY_LAYER_BELOW, without: NO_DATABASE },
    Layer { name: "callback", may_import: EVERY_LAYER_BELOW, without: NO_DATABASE },
    Layer {
        name: "pipeline",
        may_import: &["model", "text", "policy", "campaign", "config", "store"],
        without: SYNCHRONOUS,
    },
    Layer { name: "http", may_import: &["model", "text", "campaign", "config", "store", "pipeline"], without: &[] },
    Layer { name: "sim", may_import: EVERY_LAYER_BELOW, without: PURE },
    Layer { name: "daemon", may_import: EVERY_LAYER_BELOW, without: &[] },
    Layer { name: "cli", may_import: EVERY_LAYER_BELOW, without: &[] },
];

/// Stands for all rows above.
const EVERY_LAYER_BELOW: &[&str] = &["*"];

/// Files that carry a pure layer's machine over real sockets, and so may name what their layer may not.
pub const SHELLS: &[&str] = &[
    "crates/sim/src/server.rs",
    "crates/sim/src/modem_server/mod.rs",
    "crates/sim/src/modem_server/pty.rs",
    "crates/sim/src/modem_server/task.rs",
    "crates/sim/src/modem_server/tests.rs",
    "crates/sim/src/modem_server/usb.rs",
];

impl Layer {
    /// The row of `name`.
    pub fn named(name: &str) -> Option<&'static Self> {
        LAYERS.iter().find(|layer| layer.name == name)
    }

    fn may_name(&self, other: &str) -> bool {
        let place = |name: &str| LAYERS.iter().position(|layer| layer.name == name);
        let below = place(other).is_some_and(|other| place(self.name).is_some_and(|own| other < own));
        other == self.name || self.may_import.contains(&other) || (self.may_import == EVERY_LAYER_BELOW && below)
    }
}

/// What is wrong with the imports and the effects of one file, one sentence each. `file` is its path from the root.
pub fn complaints(file: &str, layer: &Layer, scan: &Scan) -> Vec<String> {
    let mut found = Vec::new();
    for path in &scan.paths {
        if let Some(other) = path.layer()
            && !layer.may_name(other)
        {
            let why = if Layer::named(other).is_some() { "which it may not import" } else { "which is no layer" };
            found.push(format!("{file}:{}: `{}` names `{}`, {why}", path.line, layer.name, path.text()));
        }
        let effect = effect_of(path).filter(|effect| layer.without.contains(effect) && !SHELLS.contains(&file));
        if let Some(effect) = effect {
            let text = path.text();
            found.push(format!("{file}:{}: `{}` names `{text}` ({effect:?}), and has none", path.line, layer.name));
        }
    }
    found
}

/// The effect that a path reaches for.
fn effect_of(path: &Path) -> Option<Effect> {
    let names: Vec<&str> = path.names.iter().map(String::as_str).collect();
    let has = |pair: [&str; 2]| names.windows(2).any(|window| window == pair);
    if names.last() == Some(&"now") || has(["std", "time"]) && names.contains(&"SystemTime") {
        return Some(Clock);
    }
    let crate_name = names.first().copied().unwrap_or_default();
    if has(["tokio", "sync"]) || has(["sync", "mpsc"]) {
        return Some(Channel);
    }
    if ["tokio", "socket2", "hyper", "hyper_util", "axum", "rustls", "tokio_rustls"].contains(&crate_name)
        || has(["std", "net"]) && names.iter().any(|name| name.starts_with("Tcp") || name.starts_with("Udp"))
        || has(["std", "os"])
        || names.contains(&"ToSocketAddrs")
    {
        return Some(Socket);
    }
    if has(["std", "fs"])
        || has(["std", "env"])
        || has(["std", "process"])
        || ["File", "OpenOptions", "tempfile"].contains(&crate_name)
    {
        return Some(File);
    }
    if has(["std", "thread"]) || crate_name == "thread" {
        return Some(Thread);
    }
    (crate_name == "rusqlite").then_some(Database)
}
