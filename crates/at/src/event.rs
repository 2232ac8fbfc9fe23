//! What a modem's machine reports to the shell that carries its bytes.

use postrider_model::catalog::Entry;
use postrider_model::{
    InboundPart, ModemAnswer, ModemIdentity, ModemNotice, ModemStage, Receipt, Registration, SimIdentity, StorageFill,
    SubmitResult,
};

/// Names something that waits until the store has it. Counted from 1 for each machine.
pub type Token = u32;

/// One event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ModemEvent {
    /// A segment has its outcome, at first or late.
    Submit(SubmitResult),
    /// A status report; acknowledged or deleted once stored. Its id is `<ICCID>:<TP-MR>`.
    Receipt {
        /// What it says.
        receipt: Receipt,
        /// Waits for the commit.
        token: Token,
    },
    /// A part of an incoming message; acknowledged or deleted once stored.
    Inbound {
        /// The part.
        part: InboundPart,
        /// Waits for the commit.
        token: Token,
    },
    /// Something for the store.
    Notice {
        /// What.
        notice: ModemNotice,
        /// Waits for the commit.
        token: Option<Token>,
    },
    /// It does something else now.
    Stage {
        /// What.
        stage: ModemStage,
        /// Why, for a technician; empty when all is well.
        reason: String,
        /// What a person should do; empty when nothing.
        advice: String,
        /// The catalog's entry, when the change is worth a line in the journal.
        entry: Option<Entry>,
    },
    /// Something that a technician should read, though the stage stays.
    Trouble {
        /// One sentence that reads alone.
        text: String,
        /// What to do.
        advice: String,
        /// The catalog's entry.
        entry: Entry,
    },
    /// The modem is known.
    Identity(ModemIdentity),
    /// The SIM is known, or gone.
    Sim(SimIdentity),
    /// What is known of the network changed.
    Network(Network),
    /// The stores were counted.
    Storage(Vec<StorageFill>),
    /// The service centre's number.
    Smsc(Option<String>),
    /// The profile in force.
    Profile(String),
    /// A technician's request has its answer.
    Answer {
        /// The number that the shell gave it.
        request: u64,
        /// The answer.
        answer: ModemAnswer,
    },
    /// The shell is to do what a machine cannot.
    Ask(Ask),
}

/// What is known of the network.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Network {
    /// The registration.
    pub registration: Registration,
    /// The network's name or code.
    pub operator: Option<String>,
    /// `GSM`, `UMTS`, `LTE`, ...
    pub technology: Option<String>,
    /// The received strength in dBm.
    pub signal_dbm: Option<i16>,
}

/// What only the shell can do. It answers with `handle_opened` once a port is there again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ask {
    /// Close the port and open it again.
    Reopen,
    /// Take the USB device from the kernel and give it back.
    UsbReset,
    /// Run the operator's hook.
    Hook,
}
