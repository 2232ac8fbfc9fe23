//! `postrider sim-carrier`: the simulated carrier alone, for tools and tests that want an SMSC to bind to.
//!
//! It prints one line with its port once it listens. Lines on standard input make it do things:
//! `mo FROM TO TEXT`, `faults LIST`, `drop`, `counts`.

mod console;
mod faults;

use std::fs::File;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use clap::ValueEnum;
use tokio::runtime::Builder;

use super::{out, time};
use crate::sim::{
    CarrierServer, CarrierSettings, Counts, FinalState, IdForm, IdForms, Keep, ReceiptPlace, ReceiptSettings,
    ServerSettings,
};
pub use console::parts;
use faults::FaultList;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Where to listen; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:2775")]
    listen: SocketAddr,
    /// An account, as ID:PASSWORD; may be given more than once. Without one everybody may bind
    #[arg(long = "account", value_name = "ID:PASSWORD", value_parser = account)]
    accounts: Vec<(String, String)>,
    /// Write a line for every submit and every receipt to this file, before the answer leaves
    #[arg(long, value_name = "FILE")]
    ledger: Option<PathBuf>,
    /// How long an answer takes: 5ms, or 5ms..20ms
    #[arg(long, value_name = "SPAN", default_value = "0ms", value_parser = time::spans)]
    latency: (Duration, Duration),
    /// How long after its submit a receipt comes: 50ms, or 50ms..2s
    #[arg(long, value_name = "SPAN", default_value = "50ms", value_parser = time::spans)]
    receipts: (Duration, Duration),
    /// Where a receipt says what it says
    #[arg(long, value_enum, default_value = "both")]
    receipt_form: ReceiptForm,
    /// How ids are written: text, decimal, decimal10, hex, hex8 or HEX; two of them parted by a slash if answer and
    /// receipt differ
    #[arg(long, value_name = "FORM", default_value = "text", value_parser = id_forms)]
    id_form: IdForms,
    /// Final states other than DELIVRD with their chance per thousand: UNDELIV=20,EXPIRED=5
    #[arg(long, value_name = "LIST", default_value = "", value_parser = faults::states)]
    states: faults::States,
    /// What goes wrong, with chances per thousand: answer_lost=5,refuse=0x58:20,rate_max=100,split
    #[arg(long, value_name = "LIST", default_value = "", value_parser = faults::list, long_help = faults::HELP)]
    faults: FaultList,
    /// How many deliveries may wait for their answer on one connection
    #[arg(long, default_value_t = 200)]
    window: usize,
    /// Ask a connection that was quiet for so long whether it is there
    #[arg(long, value_name = "SPAN", value_parser = time::span)]
    enquire_link: Option<Duration>,
    /// The seed of all chances: one seed and one client give one run
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum ReceiptForm {
    /// In the text of SMPP 3.4, appendix B
    Text,
    /// In receipted_message_id and message_state
    Tlv,
    /// In both
    Both,
    /// In the text, which stands in message_payload
    Payload,
}

pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(serve(args))?;
    Ok(ExitCode::SUCCESS)
}

async fn serve(args: &Args) -> anyhow::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let server = CarrierServer::listen(args.listen, settings(args)?).await.with_context(|| {
        format!("cannot listen on {}; if another program does, choose another port or stop it", args.listen)
    })?;
    out::line(format_args!("ready: simulated carrier on {}", server.address()))?;
    let account = args.accounts.first().map(|(id, _)| id.clone());
    tokio::select! {
        result = console::run(&server, account.as_deref(), args.seed) => result?,
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    out::line(counts(&server.with(|carrier, _| carrier.ledger().counts)))?;
    server.stop().await;
    Ok(())
}

fn settings(args: &Args) -> anyhow::Result<ServerSettings> {
    let place = match args.receipt_form {
        ReceiptForm::Text => ReceiptPlace::Text,
        ReceiptForm::Tlv => ReceiptPlace::Tlv,
        ReceiptForm::Both => ReceiptPlace::Both,
        ReceiptForm::Payload => ReceiptPlace::TextInPayload,
    };
    let mut faults = args.faults.0.clone();
    faults.answer_delay = args.latency;
    let carrier = CarrierSettings {
        accounts: args.accounts.iter().cloned().collect(),
        ids: args.id_form,
        receipts: ReceiptSettings {
            delay: args.receipts,
            place,
            states: args.states.0.clone(),
            ..ReceiptSettings::default()
        },
        delivery_window: args.window.max(1),
        enquire_link: args.enquire_link,
        keep: Keep::Counts,
        faults,
        ..CarrierSettings::default()
    };
    let open = |path: &PathBuf| {
        // A second run goes on in the same book, so that restarts of the carrier lose nothing either.
        let file = File::options().create(true).append(true).open(path);
        file.with_context(|| format!("cannot write the ledger {}", path.display()))
    };
    Ok(ServerSettings { carrier, seed: args.seed, tls: None, ledger_file: args.ledger.as_ref().map(open).transpose()? })
}

/// The sums in one line, as name=value.
fn counts(counts: &Counts) -> String {
    let Counts { binds, binds_refused, taken, refused, receipts_sent, receipts_acknowledged, .. } = counts;
    let Counts { inbound_sent, inbound_acknowledged, deliveries_refused, odd, .. } = counts;
    format!(
        "counts: binds={binds} binds_refused={binds_refused} taken={taken} refused={refused} \
         receipts_sent={receipts_sent} receipts_acknowledged={receipts_acknowledged} inbound_sent={inbound_sent} \
         inbound_acknowledged={inbound_acknowledged} deliveries_refused={deliveries_refused} odd={odd}"
    )
}

fn account(text: &str) -> Result<(String, String), String> {
    let (id, password) = text.split_once(':').ok_or("an account is ID:PASSWORD")?;
    if id.is_empty() || id.len() > 15 {
        return Err("a system_id has 1 to 15 characters".to_owned());
    }
    Ok((id.to_owned(), password.to_owned()))
}

fn id_forms(text: &str) -> Result<IdForms, String> {
    let (answer, receipt) = text.split_once('/').unwrap_or((text, text));
    Ok(IdForms { answer: id_form(answer)?, receipt: id_form(receipt)? })
}

/// A word and the form of ids that it names, given the width.
type NamedForm = (&'static str, fn(usize) -> IdForm);

fn id_form(text: &str) -> Result<IdForm, String> {
    let bad = || format!("\"{text}\" is no form of ids (text, decimal, decimal10, hex, hex8, HEX)");
    if text == "text" {
        return Ok(IdForm::Text);
    }
    let forms: [NamedForm; 3] = [("decimal", IdForm::Decimal), ("hex", IdForm::Hex), ("HEX", IdForm::UpperHex)];
    let (digits, form) =
        forms.into_iter().find_map(|(word, form)| Some((text.strip_prefix(word)?, form))).ok_or_else(bad)?;
    let width = if digits.is_empty() { 0 } else { digits.parse().map_err(|_| bad())? };
    if width > 60 { Err(bad()) } else { Ok(form(width)) }
}

/// The word of appendix B for a state.
fn final_state(word: &str) -> Option<FinalState> {
    use FinalState::{Accepted, Deleted, Delivered, Enroute, Expired, Rejected, Undeliverable, Unknown};
    [Enroute, Delivered, Expired, Deleted, Undeliverable, Accepted, Unknown, Rejected]
        .into_iter()
        .find(|state| state.word().eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_ids_are_read() {
        let forms = id_forms("hex8/decimal").unwrap();
        assert_eq!((forms.answer, forms.receipt), (IdForm::Hex(8), IdForm::Decimal(0)));
        assert_eq!(id_forms("HEX").unwrap().receipt, IdForm::UpperHex(0));
        for text in ["", "octal", "hex99", "decimal/", "hexa"] {
            assert!(id_forms(text).is_err(), "{text}");
        }
    }

    #[test]
    fn an_account_is_an_id_and_a_password() {
        assert_eq!(account("shop:a:b"), Ok(("shop".to_owned(), "a:b".to_owned())));
        assert!(account("shop").is_err() && account(":x").is_err() && account("sixteen-letters!:x").is_err());
    }
}
