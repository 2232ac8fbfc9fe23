//! One run: the load, the kills, and the wait until all is settled.

use std::collections::VecDeque;
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use postrider::model::Random;
use tokio::runtime::Runtime;

use crate::carriers::Carriers;
use crate::gateway::{Gateway, kill_while_it_starts, token};
use crate::kept::unfinished;
use crate::plan::{Post, writings};
use crate::tool::{Hooks, Journal, SECRET, post};

/// How many connections post at once.
const LANES: usize = 4;
/// A kill waits for its moment no longer than this.
const MOMENT_MAX: Duration = Duration::from_secs(3);
/// What is not settled after so long without any change will not be.
const QUIET_MAX: Duration = Duration::from_secs(15);
/// The database is looked at so often while it settles.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// A gateway with its surroundings.
pub struct Run {
    runtime: Runtime,
    random: Random,
    config: PathBuf,
    db: PathBuf,
    hooks: Hooks,
    shared: Arc<Shared>,
}

/// What the posting threads share.
struct Shared {
    seed: u64,
    token: String,
    carriers: Carriers,
    journal: Arc<Journal>,
    next: AtomicU32,
    /// Posts whose answer never came: they are posted again with their keys.
    unanswered: std::sync::Mutex<VecDeque<u32>>,
}

impl Run {
    /// Everything but the gateway, in `dir`.
    pub fn new(dir: &Path, seed: u64, faulty: bool) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let carriers = Carriers::start(&runtime, dir, seed, faulty);
        let journal = Arc::new(Journal::new(&dir.join("tool.journal"), seed));
        let hooks = Hooks::start(&journal, faulty);
        let config = write_config(dir, &carriers, hooks.address);
        let shared = Shared {
            seed,
            token: token(&config),
            carriers,
            journal,
            next: AtomicU32::new(0),
            unanswered: std::sync::Mutex::new(VecDeque::new()),
        };
        Self {
            runtime,
            random: Random::new(seed),
            config,
            db: dir.join("postrider.db"),
            hooks,
            shared: Arc::new(shared),
        }
    }

    /// Starts the gateway, loads it, and kills it at a moment that chance draws among all that happens.
    pub fn round(&mut self) {
        if self.random.chance(80) {
            let lines = usize::try_from(self.random.below(6)).unwrap();
            kill_while_it_starts(&self.config, lines);
        }
        let gateway = Gateway::start(&self.config);
        let (stop, loads) = self.load(gateway.address, u32::MAX);
        if self.random.chance(300) {
            self.shared.journal.until_happened(self.random.below(250), MOMENT_MAX);
        } else {
            self.shared.carriers.until_something_happened(&self.runtime, &mut self.random, MOMENT_MAX);
        }
        gateway.kill();
        stop.store(true, Ordering::Relaxed);
        loads.into_iter().for_each(|load| load.join().unwrap());
    }

    fn load(&self, address: SocketAddr, posts: u32) -> (Arc<AtomicBool>, Vec<std::thread::JoinHandle<()>>) {
        let stop = Arc::new(AtomicBool::new(false));
        let lanes = (0..LANES).map(|_| {
            let (shared, stop) = (self.shared.clone(), stop.clone());
            std::thread::spawn(move || shared.post_until(address, posts, &stop))
        });
        let lanes = lanes.collect();
        (stop, lanes)
    }

    /// Starts the gateway for the last time, without faults around it, and waits until nothing changes any more. Posts
    /// that were never answered are posted again, and new ones until there are `posts`.
    pub fn settle(&mut self, posts: u32) {
        self.shared.carriers.heal();
        self.hooks.heal();
        let gateway = Gateway::start(&self.config);
        let (_, loads) = self.load(gateway.address, posts);
        loads.into_iter().for_each(|load| load.join().unwrap());
        let ticks = std::sync::mpsc::sync_channel::<()>(1);
        let (mut before, mut quiet) = (None, Duration::ZERO);
        while quiet < QUIET_MAX {
            let left = (unfinished(&self.db), self.shared.carriers.pending());
            if left == ((0, 0, 0), 0) {
                break;
            }
            quiet = if before.replace(left) == Some(left) { quiet + LOOK_EVERY } else { Duration::ZERO };
            let _ = ticks.1.recv_timeout(LOOK_EVERY);
        }
        if quiet >= QUIET_MAX {
            println!(
                "left after a while without any change: {before:?} messages, callbacks, held parts; deliveries of carriers"
            );
        }
        gateway.kill();
    }
}

impl Shared {
    /// Posts until the gateway dies, `stop` is set, or there are `posts` of them. Posts without an answer come first.
    fn post_until(&self, address: SocketAddr, posts: u32, stop: &AtomicBool) {
        let Ok(mut stream) = TcpStream::connect(address) else { return };
        while !stop.load(Ordering::Relaxed) {
            let again = self.unanswered.lock().unwrap().pop_front();
            let number = match again {
                Some(number) => number,
                None if self.next.load(Ordering::Relaxed) >= posts => return,
                None => self.next.fetch_add(1, Ordering::Relaxed),
            };
            match post(&mut stream, &self.token, &Post::of(self.seed, number)) {
                Ok(Some(id)) => {
                    self.journal.accepted(number, &id);
                    self.people_write(number);
                }
                Ok(None) => {}
                Err(_) => {
                    self.unanswered.lock().unwrap().push_back(number);
                    return;
                }
            }
        }
    }

    fn people_write(&self, number: u32) {
        for writing in writings(self.seed, number) {
            self.journal.wrote(&writing);
            self.carriers.write(&writing);
        }
    }
}

fn write_config(dir: &Path, carriers: &Carriers, hooks: SocketAddr) -> PathBuf {
    let path = dir.join("postrider.toml");
    let text = format!(
        "[http]\nlisten = [\"127.0.0.1:0\"]\n[store]\npath = \"{}/postrider.db\"\n\
         [messages.retry]\ndelays = [\"1s\"]\ndoubt_hold = \"1s\"\n\
         [limits]\nreconnect_pause_first = \"100ms\"\nreconnect_pause_max = \"1s\"\nbind_gap_min = \"100ms\"\n\
         [consent]\nquiet_hours = []\nlabels = \"off\"\nconfirm = false\nnotices = false\n\
         [callback]\nurl = \"http://{hooks}/state\"\ninbound_url = \"http://{hooks}/inbound\"\nsecret = \"{SECRET}\"\n\
         concurrency = 8\n{}",
        dir.display(),
        carriers.config()
    );
    std::fs::write(&path, text).unwrap();
    std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    path
}
