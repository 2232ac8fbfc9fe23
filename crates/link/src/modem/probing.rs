//! Looks for the AT port among the ttys of one USB device, and asks it who it is.

use std::future::poll_fn;
use std::path::PathBuf;
use std::time::Duration;

use super::carriage::{Carriage, Moved};
use super::choice::Who;
use super::fault::Fault;
use super::port::{LineSettings, Wire, open_device};
use super::sysfs::{Roots, UsbDevice};
use crate::clock::Moment;
use crate::smpp_link::sleep_until;
use postrider_at::Probe;
use postrider_model::catalog;

/// What a search among silent ports costs for each.
const PATIENCE_FIRST: Duration = Duration::from_secs(3);
/// Longer than the slowest modem known takes to wake.
const PATIENCE_MAX: Duration = Duration::from_secs(30);

/// A port that answered.
pub(super) struct Found {
    pub wire: Wire,
    pub tty: PathBuf,
    pub who: Who,
}

/// Tries `ports` of `device` in turn; `tries` is how often that was done before.
pub(super) async fn probe(
    device: &UsbDevice,
    ports: &[PathBuf],
    line: LineSettings,
    roots: &Roots,
    tries: u32,
) -> Result<Found, Fault> {
    let mut why = "it has no port that could be tried".to_owned();
    let mut closed = None;
    for (place, tty) in ports.iter().enumerate() {
        let wire = match open_device(tty, line, roots).await {
            Ok(wire) => wire,
            // A modem of which another program has one port is in use, and is not spoken to behind its back; without a
            // right to one port there is none to the others.
            Err(fault) if is_final(&fault) => return Err(fault),
            Err(fault) => {
                closed = Some(fault);
                continue;
            }
        };
        match ask(wire, patience(tries, place, ports.len())).await {
            Ok((wire, who)) => return Ok(Found { wire, tty: tty.clone(), who }),
            Err(reason) => why = reason,
        }
    }
    Err(closed.unwrap_or_else(|| Fault::silent(device, &why)))
}

fn is_final(fault: &Fault) -> bool {
    [catalog::MODEM_PORT_BUSY, catalog::MODEM_PORT_DENIED].contains(&fault.entry)
}

/// How long a port may take to answer its first `AT`. Most of a device's ports never do, so a first search is quick. A modem
/// that wakes slowly answers a later one: then one port is waited for, every other time the likeliest, else the next in turn.
fn patience(tries: u32, place: usize, ports: usize) -> Duration {
    let turn = usize::try_from(tries / 2).unwrap_or_default() % ports.max(1);
    let patient = if tries % 2 == 1 { 0 } else { turn };
    match tries {
        1 if place == patient => PATIENCE_FIRST * 3,
        2.. if place == patient => PATIENCE_MAX,
        _ => PATIENCE_FIRST,
    }
}

/// Who is behind an open port. The probe itself bounds the time.
async fn ask(wire: Wire, patience: Duration) -> Result<(Wire, Who), String> {
    let mut probe = Probe::new(Moment::read().now, patience);
    let mut carriage = Carriage::new(wire);
    loop {
        if let Some(outcome) = probe.outcome() {
            let (modem, iccid) = outcome?;
            return Ok((carriage.into_wire(), Who { model: modem.model, imei: modem.imei, iccid }));
        }
        if carriage.is_clear()
            && let Some(octets) = probe.poll_transmit()
        {
            carriage.send(octets);
        }
        let due = probe.poll_timeout();
        tokio::select! {
            moved = poll_fn(|cx| carriage.poll(cx)) => match moved {
                Moved::Came(octets) => probe.handle_bytes(Moment::read().now, carriage.input(octets)),
                Moved::Written => {}
                Moved::Gone(why) => return Err(format!("the port went away: {why}")),
            },
            () = sleep_until(due) => probe.handle_timeout(Moment::read().now),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_port_is_waited_for_at_a_time_the_likeliest_most_often() {
        let patient =
            |tries: u32| (0..4).filter(|&place| patience(tries, place, 4) > PATIENCE_FIRST).collect::<Vec<_>>();
        let seen: Vec<Vec<usize>> = (0..10).map(patient).collect();
        assert_eq!(seen, [vec![], vec![0], vec![1], vec![0], vec![2], vec![0], vec![3], vec![0], vec![0], vec![0]]);
        assert_eq!(patience(1, 0, 1), PATIENCE_FIRST * 3);
        assert_eq!([2, 3, 4].map(|tries| patience(tries, 0, 1)), [PATIENCE_MAX; 3], "a device with one port");
    }
}
