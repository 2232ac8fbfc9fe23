//! Does what only the machine's owner can do for a stuck modem: takes its USB device from the kernel and gives it back, or runs
//! the operator's hook.

use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::net::UnixStream;
use tracing::{info, warn};

use super::sysfs::Roots;
use postrider_model::catalog;

/// How long the device is left without the kernel's care.
const OFF_FOR: Duration = Duration::from_secs(2);
/// How often a hook is looked after.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// What a hook says is logged up to here.
const OUTPUT_MAX: usize = 4_096;

/// Resets the USB device at `path`. What goes wrong is told here.
pub(super) async fn usb_reset(name: &str, path: Option<&str>, roots: &Roots) {
    let Some(path) = path else {
        warn!(postrider.modem = name, "Modem \"{name}\" is no USB device, so that USB cannot be reset");
        return;
    };
    info!(
        postrider.modem = name,
        message_id = catalog::MODEM_HEALING.id,
        "Modem \"{name}\": its USB device {path} is taken from the kernel and given back"
    );
    let result = match write_both(off_and_on(roots, path)).await {
        // Some kernels and users may do the one and not the other.
        Err(_) => write_both(unbind_and_bind(roots, path)).await,
        done => done,
    };
    if let Err((file, error)) = result {
        let denied = [io::ErrorKind::PermissionDenied, io::ErrorKind::ReadOnlyFilesystem].contains(&error.kind());
        let advice = if denied {
            "give this user the right to write it: the rules file 70-postrider-modems.rules does, and the unit needs \
             ReadWritePaths=/sys/bus/usb /sys/devices; or set a hook for this modem"
        } else {
            "unplug the modem and plug it in again"
        };
        let shown = file.display();
        warn!(
            postrider.modem = name,
            message_id = catalog::MODEM_HEALING.id,
            "Modem \"{name}\": its USB device cannot be reset: {shown}: {error}. Next step: {advice}"
        );
    }
}

/// A file, and what is written to it.
type Write = (PathBuf, String);

fn off_and_on(roots: &Roots, path: &str) -> [Write; 2] {
    let file = roots.sys.join("bus/usb/devices").join(path).join("authorized");
    [(file.clone(), "0".to_owned()), (file, "1".to_owned())]
}

fn unbind_and_bind(roots: &Roots, path: &str) -> [Write; 2] {
    let folder = roots.sys.join("bus/usb/drivers/usb");
    [(folder.join("unbind"), path.to_owned()), (folder.join("bind"), path.to_owned())]
}

async fn write_both([off, on]: [Write; 2]) -> Result<(), (PathBuf, io::Error)> {
    write(off).await?;
    tokio::time::sleep(OFF_FOR).await;
    write(on).await
}

/// Writes to a file of the kernel; such a write may block for as long as a driver does.
async fn write((file, text): Write) -> Result<(), (PathBuf, io::Error)> {
    let path = file.clone();
    let writing = tokio::task::spawn_blocking(move || {
        use std::io::Write;
        // The file is there or it is not; it is never made.
        std::fs::OpenOptions::new().write(true).open(&path)?.write_all(text.as_bytes())
    });
    match writing.await {
        Ok(done) => done.map_err(|error| (file, error)),
        Err(_) => Err((file, io::Error::other("the attempt was given up"))),
    }
}

/// Runs a hook within `limit`; its output goes to the log.
pub(super) async fn run_hook(name: &str, command: &[String], variables: &[(&str, String)], limit: Duration) {
    let Some(program) = command.first() else { return };
    let shown = Path::new(program).display();
    info!(postrider.modem = name, message_id = catalog::MODEM_HEALING.id, "Modem \"{name}\": its hook {shown} is run");
    match run(name, command, variables, limit).await {
        Ok((End::Well, said)) => info!(postrider.modem = name, "Modem \"{name}\": its hook ended well{said}"),
        Ok((End::Badly, said)) => warn!(
            postrider.modem = name,
            "Modem \"{name}\": its hook {shown} failed{said}. Run it by hand with POSTRIDER_MODEM={name} to see why"
        ),
        Ok((End::Killed, said)) => warn!(
            postrider.modem = name,
            "Modem \"{name}\": its hook {shown} did not end within {} s and was killed{said}. Raise hook_wait or mend the hook",
            limit.as_secs()
        ),
        Err(error) => warn!(
            postrider.modem = name,
            "Modem \"{name}\": its hook {shown} cannot be run: {error}. Check the path and that it is executable"
        ),
    }
}

/// Runs a hook to its end, or kills it after `limit`. Whether it ended well, and what it said.
async fn run(
    name: &str,
    command: &[String],
    variables: &[(&str, String)],
    limit: Duration,
) -> io::Result<(End, String)> {
    let (program, arguments) = command.split_first().ok_or(io::ErrorKind::InvalidInput)?;
    let (mut ours, theirs) = UnixStream::pair()?;
    let theirs = theirs.into_std()?;
    theirs.set_nonblocking(false)?;
    let theirs = OwnedFd::from(theirs);
    let mut child = Command::new(program)
        .args(arguments)
        .env("POSTRIDER_MODEM", name)
        .envs(variables.iter().map(|(key, value)| (key, value)))
        .stdin(Stdio::null())
        .stdout(Stdio::from(theirs.try_clone()?))
        .stderr(Stdio::from(theirs))
        .spawn()?;
    let mut said = Vec::new();
    let mut look = tokio::time::interval(LOOK_EVERY);
    let end = tokio::time::timeout(limit, async {
        let (mut octets, mut talks) = ([0; 512], true);
        loop {
            tokio::select! {
                read = ours.read(&mut octets), if talks => match read {
                    Ok(count) if count > 0 => {
                        let room = OUTPUT_MAX.saturating_sub(said.len());
                        said.extend(octets.iter().take(count.min(room)));
                    }
                    _ => talks = false,
                },
                _ = look.tick() => if let Some(ended) = child.try_wait()? {
                    return Ok::<End, io::Error>(if ended.success() { End::Well } else { End::Badly });
                },
            }
        }
    });
    let end = match end.await {
        Ok(end) => end?,
        Err(_) => {
            child.kill()?;
            // A killed process is gone at once, unless the kernel itself is stuck; it must not stay a zombie.
            drop(tokio::task::spawn_blocking(move || child.wait()));
            End::Killed
        }
    };
    // What it said last may still be in the socket.
    let mut octets = [0; 512];
    while let Ok(count @ 1..) = ours.try_read(&mut octets) {
        let room = OUTPUT_MAX.saturating_sub(said.len());
        said.extend(octets.iter().take(count.min(room)));
        if room == 0 {
            break;
        }
    }
    let said = String::from_utf8_lossy(&said).split_whitespace().collect::<Vec<_>>().join(" ");
    Ok((end, if said.is_empty() { String::new() } else { format!(": {said}") }))
}

/// How a hook ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Well,
    Badly,
    Killed,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::modem::sysfs::tests::Tree;

    #[tokio::test]
    async fn a_hook_knows_its_modem_and_what_it_says_is_kept() {
        let shell = |script: &str| ["/bin/sh", "-c", script].map(str::to_owned);
        let minute = Duration::from_secs(60);
        let variables = [("POSTRIDER_PORT", "/dev/ttyUSB2".to_owned())];
        let script = shell("echo $POSTRIDER_MODEM on $POSTRIDER_PORT; echo oops >&2");
        let (end, said) = run("seoul-1", &script, &variables, minute).await.unwrap();
        assert_eq!((end, said.as_str()), (End::Well, ": seoul-1 on /dev/ttyUSB2 oops"));
        assert_eq!(run("seoul-1", &shell("exit 3"), &[], minute).await.unwrap().0, End::Badly);
        assert!(run("seoul-1", &["/nowhere/at/all".to_owned()], &[], minute).await.is_err());
    }

    #[tokio::test]
    async fn a_hook_that_hangs_is_killed() {
        let script = ["/bin/sh", "-c", "echo begun; exec tail -f /dev/null"].map(str::to_owned);
        let (end, said) = run("seoul-1", &script, &[], Duration::from_millis(300)).await.unwrap();
        assert_eq!((end, said.as_str()), (End::Killed, ": begun"));
    }

    #[tokio::test]
    async fn the_device_is_switched_off_by_its_place_and_on_again() {
        let tree = Tree::new();
        tree.plug("1-1.2", "12d1:1506", &[]);
        let file = tree.roots().sys.join("bus/usb/devices/1-1.2/authorized");
        std::fs::write(&file, "1").unwrap();
        for write_once in off_and_on(&tree.roots(), "1-1.2") {
            write(write_once).await.unwrap();
        }
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "1");
        let [unbind, _] = unbind_and_bind(&tree.roots(), "1-1.2");
        assert_eq!(unbind.1, "1-1.2");
        assert!(write(unbind).await.is_err(), "a file that is not there is not made");
    }
}
