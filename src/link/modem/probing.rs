//! Looks for the AT port among the ttys of one USB device, and asks it who it is.

use std::future::poll_fn;
use std::path::PathBuf;

use super::carriage::{Carriage, Moved};
use super::choice::Who;
use super::fault::Fault;
use super::port::{LineSettings, Wire, open_device};
use super::sysfs::{Roots, UsbDevice};
use crate::at::Probe;
use crate::link::clock::Moment;
use crate::link::smpp_link::sleep_until;
use crate::model::catalog;

/// A port that answered.
pub(super) struct Found {
    pub wire: Wire,
    pub tty: PathBuf,
    pub who: Who,
}

/// Tries `ports` of `device` in turn.
pub(super) async fn probe(
    device: &UsbDevice,
    ports: &[PathBuf],
    line: LineSettings,
    roots: &Roots,
) -> Result<Found, Fault> {
    let mut why = "it has no port that could be tried".to_owned();
    let mut closed = None;
    for tty in ports {
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
        match ask(wire).await {
            Ok((wire, who)) => return Ok(Found { wire, tty: tty.clone(), who }),
            Err(reason) => why = reason,
        }
    }
    Err(closed.unwrap_or_else(|| Fault::silent(device, &why)))
}

fn is_final(fault: &Fault) -> bool {
    [catalog::MODEM_PORT_BUSY, catalog::MODEM_PORT_DENIED].contains(&fault.entry)
}

/// Who is behind an open port. The probe itself bounds the time.
async fn ask(wire: Wire) -> Result<(Wire, Who), String> {
    let mut probe = Probe::new(Moment::read().now);
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
