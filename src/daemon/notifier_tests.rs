//! The notifier against small servers on loopback: some hang, some fail, one is good.

use std::time::Instant as Clock;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::{Notify, mpsc, watch};

use super::*;
use crate::callback::CallbackSettings;
use crate::model::{AllowedTargets, MessageId};
use crate::pipeline::Settings;
use crate::store::{Database, Options, callback};

const WITHIN: Duration = Duration::from_secs(30);

/// A target that never answers. Connections stay open as long as it is kept.
async fn hanging() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/never", listener.local_addr().unwrap());
    (listener, url)
}

/// A target that answers 200 after `wait`, and tells when.
async fn good(wait: Duration) -> (String, mpsc::Receiver<Clock>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/good", listener.local_addr().unwrap());
    let (tell, told) = mpsc::channel(64);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let tell = tell.clone();
            tokio::spawn(async move {
                let mut seen = [0; 4_096];
                while stream.read(&mut seen).await.is_ok_and(|size| size > 0) {
                    tokio::time::sleep(wait).await;
                    let _ = tell.send(Instant::now().into_std()).await;
                    stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await.unwrap();
                }
            });
        }
    });
    (url, told)
}

/// A notifier over a store in memory; it stops when this is dropped.
struct Running {
    store: Store,
    bell: Arc<Notify>,
    begun: Clock,
    _hold: (watch::Sender<bool>, watch::Sender<Arc<Settings>>, tempfile::TempDir),
}

fn start(rows: Vec<String>) -> Running {
    let folder = tempfile::tempdir().unwrap();
    let options = Options::at(folder.path().join("postrider.db"));
    let mut database = Database::open(&options).unwrap();
    database
        .write(|tx| {
            (1..)
                .zip(&rows)
                .try_for_each(|(id, url)| callback::add(tx, MessageId::from_i64(id).unwrap(), url, "{}", now()))
        })
        .unwrap();
    let (store, _) = Store::start(database, options.path).unwrap();
    let (settings_in, settings) = watch::channel(Arc::new(Settings::default()));
    let (stop, stopped) = watch::channel(false);
    let bells = Bells::new(settings, stopped);
    let allowed = AllowedTargets::parse(["127.0.0.0/8"]).unwrap();
    let task = NotifierTask {
        store: store.clone(),
        bells: bells.clone(),
        poster: Arc::new(Poster::new(CallbackSettings { allowed, ..CallbackSettings::default() }).unwrap()),
        signer: Arc::new(Signer::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap()),
        give_up_after: Duration::from_secs(3 * 86_400),
        concurrency: 32,
        metrics: NotifierMetrics::default(),
        beat: Beat::default(),
    };
    tokio::spawn(task.run());
    Running { store, bell: bells.callbacks, begun: Instant::now().into_std(), _hold: (stop, settings_in, folder) }
}

impl Running {
    /// When the last of `count` callbacks was told, after the start.
    async fn last(&self, told: &mut mpsc::Receiver<Clock>, count: usize) -> Duration {
        let mut last = self.begun;
        for n in 0..count {
            let next = tokio::time::timeout(WITHIN, told.recv()).await;
            last = next.unwrap_or_else(|_| panic!("{n} of {count} arrived")).unwrap();
        }
        last.duration_since(self.begun)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn three_hundred_to_a_host_that_hangs_do_not_delay_a_good_one() {
    let ((_kept, bad), (url, mut told)) = (hanging().await, good(Duration::ZERO).await);
    let running = start((0..320).map(|n| if n < 300 { bad.clone() } else { url.clone() }).collect());
    let took = running.last(&mut told, 20).await;
    assert!(took < Duration::from_secs(5), "long before the hanging one's time-out: {took:?}");
    let (due, _) = running.store.read(callback::counts).unwrap();
    assert!(due >= 300, "what waits for the hanging host stays: {due}");
}

#[tokio::test(flavor = "multi_thread")]
async fn hundreds_of_hosts_that_hang_do_not_delay_a_good_one() {
    let (url, mut told) = good(Duration::ZERO).await;
    let (mut kept, mut rows) = (Vec::new(), Vec::new());
    for _ in 0..400 {
        let (listener, bad) = hanging().await;
        kept.push(listener);
        rows.push(bad);
    }
    rows.extend(std::iter::repeat_n(url, 20));
    let running = start(rows);
    let took = running.last(&mut told, 20).await;
    assert!(took < Duration::from_secs(10), "long before the hanging ones' time-outs: {took:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_while_others_hang_is_posted_at_once() {
    let ((_kept, bad), (url, mut told)) = (hanging().await, good(Duration::ZERO).await);
    let running = start(vec![bad; 300]);
    let target = url.clone();
    let id = MessageId::from_i64(1_000).unwrap();
    running.store.write(move |tx| callback::add(tx, id, &target, "{}", now())).await.unwrap();
    running.bell.notify_one();
    running.last(&mut told, 1).await;
}
