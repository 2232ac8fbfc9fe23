//! The shells around real kernel objects: what a gateway sees of a modem that comes and goes.

use std::io::{Read, Write};
use std::path::Path;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::*;

/// Opens a port as the gateway does, and reads until `end` came.
fn dialogue(path: &Path, said: &str, end: &str) -> String {
    let mut port = std::fs::OpenOptions::new().read(true).write(true).open(path).unwrap();
    port.write_all(said.as_bytes()).unwrap();
    let mut heard = String::new();
    let mut octet = [0];
    while !heard.ends_with(end) {
        port.read_exact(&mut octet).unwrap();
        heard.push(char::from(octet[0]));
    }
    heard
}

async fn on_thread<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::time::timeout(Duration::from_secs(10), tokio::task::spawn_blocking(work)).await.unwrap().unwrap()
}

#[tokio::test]
async fn a_port_answers_each_opener_and_never_echoes_by_itself() {
    let server = ModemServer::on_pty(SimModemSettings::default(), 1, None).unwrap();
    for _ in 0..2 {
        let path = server.path().unwrap();
        let heard = on_thread(move || dialogue(&path, "ATE0\rAT+CGMI\r", "Generic\r\n\r\nOK\r\n")).await;
        assert!(heard.ends_with("\r\nOK\r\n\r\nGeneric\r\n\r\nOK\r\n"), "{heard:?}");
    }
}

#[tokio::test]
async fn an_unplugged_stick_ends_its_port_and_comes_back_under_another_name() {
    let directory = tempfile::tempdir().unwrap();
    let link = directory.path().join("stick");
    let server = ModemServer::on_pty(SimModemSettings::default(), 1, Some(&link)).unwrap();
    let first = server.path().unwrap();
    assert_eq!(std::fs::read_link(&link).unwrap(), first);
    let mut port = std::fs::OpenOptions::new().read(true).write(true).open(&link).unwrap();
    server.unplug().await;
    assert!(!link.is_symlink() && server.path().is_none());
    let ended = on_thread(move || port.read(&mut [0; 10])).await;
    assert!(ended.map_or(true, |count| count == 0), "a hang-up is an error or the end");
    let second = server.replug().await.unwrap().unwrap();
    assert_ne!(first, second);
    let heard = on_thread(move || dialogue(&link, "AT\r", "OK\r\n")).await;
    assert_eq!(heard, "AT\r\r\nOK\r\n");
}

#[tokio::test]
async fn a_reset_takes_the_port_away_and_brings_it_back() {
    let persona = crate::modem::Persona { port_gone: Duration::from_millis(50), ..crate::modem::Persona::default() };
    let settings = SimModemSettings { persona, ..SimModemSettings::default() };
    let server = ModemServer::on_pty(settings, 1, None).unwrap();
    let path = server.path().unwrap();
    let last = path.clone();
    on_thread(move || dialogue(&path, "AT+CFUN=1,1\r", "OK\r\n")).await;
    server.until(|modem| modem.ledger().counts.reboots == 1).await;
    let again = server.path().unwrap();
    assert_ne!(again, last);
    on_thread(move || dialogue(&again, "AT\r", "OK\r\n")).await;
}

#[tokio::test]
async fn a_serial_server_speaks_raw_and_telnet() {
    let local = "127.0.0.1:0".parse().unwrap();
    for (form, said) in [(TcpForm::Raw, &b"ATE0\r"[..]), (TcpForm::Rfc2217, &b"\xff\xfb\x2cATE0\r"[..])] {
        let server = ModemServer::on_tcp(SimModemSettings::default(), 1, local, form).await.unwrap();
        let mut stream = TcpStream::connect(server.address().unwrap()).await.unwrap();
        stream.write_all(said).await.unwrap();
        let mut heard = vec![0; 5 + said.len() - if form == TcpForm::Raw { 0 } else { 3 }];
        stream.read_exact(&mut heard).await.unwrap();
        if form == TcpForm::Rfc2217 {
            assert_eq!(heard[..3], [255, 253, 44]);
        }
        server.unplug().await;
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest).await;
    }
}

#[tokio::test]
async fn a_message_travels_through_a_pseudo_terminal() {
    let server = ModemServer::on_pty(SimModemSettings::default(), 1, None).unwrap();
    let path = server.path().unwrap();
    let said = "ATE0\rAT+CMGF=0\rAT+CNMI=1,1,0,1,0\rAT+CMGS=23\r0031000A9154020000300000A70BCCF79C0E0ABBE7F7B21C\x1a";
    let heard = on_thread(move || dialogue(&path, said, "6300\r\n")).await;
    assert!(heard.contains("+CMGS: 0\r\n\r\nOK\r\n\r\n+CDS: 24\r\n"), "{heard:?}");
    assert_eq!(server.with(|modem, _| modem.ledger().counts.taken), 1);
}

#[tokio::test]
async fn a_stick_on_the_bus_has_other_port_names_after_each_plug() {
    let directory = tempfile::tempdir().unwrap();
    let tree = UsbTree::new(directory.path()).unwrap();
    let persona = crate::modem::Persona::named("huawei-e173").unwrap();
    let settings = SimModemSettings { persona, ..SimModemSettings::default() };
    let server = ModemServer::on_usb(settings, 1, &tree, "1-1.2").unwrap();
    let ports = || {
        let listed = std::fs::read_dir(directory.path().join("sys/class/tty")).unwrap();
        let mut names: Vec<String> = listed.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    };
    assert_eq!(ports(), ["ttyUSB0", "ttyUSB1", "ttyUSB2"]);
    let device = directory.path().join("sys/bus/usb/devices/1-1.2");
    assert_eq!(std::fs::read_to_string(device.join("idVendor")).unwrap(), "12d1\n");
    assert_eq!(std::fs::read_to_string(device.join("1-1.2:1.2/bInterfaceProtocol")).unwrap(), "02\n");
    let at = directory.path().join("dev/ttyUSB2");
    on_thread(move || dialogue(&at, "AT\r", "OK\r\n")).await;
    server.unplug().await;
    assert!(ports().is_empty() && !device.exists());
    server.replug().await.unwrap();
    assert_eq!(ports(), ["ttyUSB3", "ttyUSB4", "ttyUSB5"]);
}
