//! What is known of a run from outside and from inside: the carriers' ledgers, the tool's journal, and the database.

use std::collections::BTreeMap;
use std::path::Path;

use postrider::model::Timestamp;
use postrider::sim::{IdForm, IdForms};

use crate::carriers::{KINDS, ledger};
use crate::kept::{self, Kept, KeptInbound};
use crate::plan::number_in;

/// What the gateway learnt from an answer is stored after so long.
const STORED_WITHIN_MILLIS: i64 = 1_000;

/// Everything that the checker looks at.
#[derive(Debug, Clone, Default)]
pub struct Evidence {
    /// What the carriers know.
    pub carriers: Vec<CarrierLedger>,
    /// Posts that were acknowledged: the message's number and the id, in the order of the answers.
    pub accepted: Vec<(u32, String)>,
    /// Callbacks that came, in their order.
    pub callbacks: Vec<Told>,
    /// What people wrote.
    pub wrote: Vec<Wrote>,
    /// The messages in the database.
    pub messages: Vec<Kept>,
    /// Incoming messages in the database.
    pub inbound: Vec<KeptInbound>,
    /// Parts that still wait for their siblings: sender and how many.
    pub waiting_parts: BTreeMap<String, usize>,
}

/// One carrier's ledger.
#[derive(Debug, Clone, Default)]
pub struct CarrierLedger {
    /// Every `submit_sm` in the order in which they came.
    pub copies: Vec<Copy>,
    /// The copy with each number that the carrier gave.
    pub by_number: BTreeMap<u64, usize>,
    /// Parts of incoming messages by handset and user data in hex: each acknowledgement.
    pub acknowledged: BTreeMap<(String, String), Vec<Acknowledgement>>,
    /// When submissions came over each connection, in order.
    submits: BTreeMap<u32, Vec<i64>>,
}

/// The gateway's answer to a part of an incoming message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acknowledgement {
    /// When it came.
    pub at: i64,
    /// The connection.
    connection: u32,
    /// How many submissions had come over that connection by then.
    submits_before: usize,
}

/// One part of one message, as it came to a carrier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copy {
    /// When.
    pub at: i64,
    /// The handset, in digits.
    pub to: String,
    /// The message that its text names.
    pub message: Option<u32>,
    /// Which part, from 0.
    pub part: usize,
    /// The `command_status` of the answer; 0 if it was taken.
    pub status: u32,
    /// The number that the carrier gave it.
    pub number: Option<u64>,
    /// The word of its receipt, once one was sent.
    pub word: Option<String>,
    /// When its receipts were acknowledged.
    pub receipts_acknowledged: Vec<i64>,
}

impl Copy {
    /// Whether the carrier has it.
    pub fn is_taken(&self) -> bool {
        self.status == 0
    }

    /// What the carrier truly said in the end.
    pub fn is_delivered(&self) -> bool {
        self.word.as_deref() == Some("DELIVRD")
    }
}

/// A callback that came to the tool.
#[derive(Debug, Clone)]
pub struct Told {
    /// Whether the tool said that it has it.
    pub taken: bool,
    /// `webhook-id`.
    pub id: String,
    /// Whether the signature was right.
    pub signed: bool,
    /// The JSON.
    pub body: String,
}

/// What a person wrote.
#[derive(Debug, Clone)]
pub struct Wrote {
    /// `text`, `stop` or `fragment`.
    pub kind: String,
    /// The handset, in digits.
    pub from: String,
    /// The text.
    pub text: String,
    /// The user data of the parts that came, in hex.
    pub parts: Vec<String>,
}

impl Evidence {
    /// Reads what lies in the directory of a run.
    pub fn read(dir: &Path) -> Self {
        let mut evidence = Self {
            carriers: KINDS.iter().map(|kind| CarrierLedger::read(&ledger(dir, kind.name), kind.ids)).collect(),
            ..Self::default()
        };
        evidence.read_journal(&std::fs::read_to_string(dir.join("tool.journal")).unwrap());
        kept::read(&dir.join("postrider.db"), &mut evidence);
        evidence
    }

    fn read_journal(&mut self, text: &str) {
        for line in text.lines() {
            let fields: Vec<&str> = line.split('\t').collect();
            match fields[0] {
                "accepted" => self.accepted.push((fields[2].parse().unwrap(), fields[3].to_owned())),
                "callback" => self.callbacks.push(Told {
                    taken: fields[2] == "taken",
                    id: fields[3].to_owned(),
                    signed: fields[4] == "signed",
                    body: fields[5..].join("\t"),
                }),
                "wrote" => self.wrote.push(Wrote {
                    kind: fields[2].to_owned(),
                    from: fields[3].to_owned(),
                    text: fields[4].to_owned(),
                    parts: fields[5].split(',').map(str::to_owned).collect(),
                }),
                other => panic!("{other} is no line of the journal"),
            }
        }
    }

    /// The copies that carriers saw, with the place of the carrier.
    pub fn copies(&self) -> impl Iterator<Item = (usize, &Copy)> {
        self.carriers.iter().enumerate().flat_map(|(place, ledger)| ledger.copies.iter().map(move |copy| (place, copy)))
    }

    /// Whether `id` is one of those that the gateway may know a copy by: as the answer wrote it, or as the receipt did. Case
    /// and leading zeros never count.
    pub fn is_id_of(&self, id: &str, carrier: usize, number: u64) -> bool {
        let plain = |id: &str| id.trim_start_matches('0').to_ascii_lowercase();
        self.ids_of(carrier, number).iter().any(|own| plain(own) == plain(id))
    }

    /// The ids that the carrier wrote for a copy: in the answer, in the receipt.
    pub fn ids_of(&self, carrier: usize, number: u64) -> [String; 2] {
        let forms = KINDS[carrier].ids;
        [forms.answer.write(number), forms.receipt.write(number)]
    }
}

impl CarrierLedger {
    fn read(path: &Path, ids: IdForms) -> Self {
        let mut ledger = Self::default();
        for line in std::fs::read_to_string(path).unwrap().lines() {
            let fields: Vec<&str> = line.split('\t').collect();
            let at = fields[1].parse::<Timestamp>().unwrap().as_millis();
            match fields[0] {
                "submit" => ledger.submit(at, &fields, ids.answer),
                "receipt-sent" | "receipt-acknowledged" => {
                    let number = parse_id(ids.receipt, fields[3]);
                    let Some(place) = ledger.by_number.get(&number).copied() else { continue };
                    let copy = &mut ledger.copies[place];
                    copy.word = Some(fields[4].to_owned());
                    if fields[0] == "receipt-acknowledged" {
                        copy.receipts_acknowledged.push(at);
                    }
                }
                "inbound-acknowledged" => {
                    let connection = fields[3].parse().unwrap();
                    let submits_before = ledger.submits.get(&connection).map_or(0, Vec::len);
                    let part = (fields[4].to_owned(), fields[5].to_owned());
                    let answer = Acknowledgement { at, connection, submits_before };
                    ledger.acknowledged.entry(part).or_default().push(answer);
                }
                "refused" | "inbound-sent" | "inbound-refused" => {}
                other => panic!("{other} is no line of a ledger"),
            }
        }
        ledger
    }

    fn submit(&mut self, at: i64, fields: &[&str], form: IdForm) {
        let user_data: Vec<u8> = (0..fields[12].len() / 2)
            .map(|place| u8::from_str_radix(&fields[12][2 * place..2 * place + 2], 16).unwrap())
            .collect();
        let has_header = u8::from_str_radix(fields[7], 16).unwrap() & 0x40 != 0;
        let part = if has_header { usize::from(user_data[5]) - 1 } else { 0 };
        let number = (fields[10] != "-").then(|| parse_id(form, fields[10]));
        if let Some(number) = number {
            self.by_number.insert(number, self.copies.len());
        }
        self.submits.entry(fields[3].parse().unwrap()).or_default().push(at);
        self.copies.push(Copy {
            at,
            to: fields[6].to_owned(),
            message: number_in(&user_data),
            part,
            status: u32::from_str_radix(fields[11], 16).unwrap(),
            number,
            word: None,
            receipts_acknowledged: Vec::new(),
        });
    }
}

impl CarrierLedger {
    /// Whether the gateway can know that this acknowledgement reached the carrier: it sent something behind it over the same
    /// connection, which lived on for long enough that the answer to that was stored.
    pub fn is_proven(&self, answer: &Acknowledgement) -> bool {
        let submits = self.submits.get(&answer.connection).map_or(&[][..], Vec::as_slice);
        let behind = submits.get(answer.submits_before);
        behind.zip(submits.last()).is_some_and(|(behind, last)| *last >= behind + STORED_WITHIN_MILLIS)
    }
}

/// The number behind an id in this form.
fn parse_id(form: IdForm, id: &str) -> u64 {
    let (digits, radix) = match form {
        IdForm::Decimal(_) => (id, 10),
        IdForm::Hex(_) | IdForm::UpperHex(_) => (id, 16),
        IdForm::Text => (id.trim_start_matches("sim-").trim_end_matches("-north"), 16),
    };
    u64::from_str_radix(digits, radix).unwrap()
}
