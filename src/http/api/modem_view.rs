//! What a modem and its answers look like: the same in the API's JSON and for the commands that read it.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::model::{ModemAnswer, ModemCounters, ModemStage, ModemStatus, StorageFill};

/// A modem, its SIM and its network at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[schema(as = Modem)]
pub struct ModemView {
    /// Its name.
    pub name: String,
    /// The link group that it belongs to.
    pub group: String,
    /// `absent`, `starting`, `searching`, `ready`, `sim_locked`, `healing`, `quarantined` or `stopped`.
    pub stage: String,
    /// Since when.
    #[schema(format = DateTime)]
    pub since: String,
    /// When a quarantined modem is tried again.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    pub until: Option<String>,
    /// Why it is not ready, in words for a technician.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What a person should do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub advice: Option<String>,
    /// Where it is plugged in: a USB path, a device path or `host:port`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// The port in use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<String>,
    /// Vendor and product, if it is a USB device.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "12d1:1506")]
    pub usb_id: Option<String>,
    /// The profile in force.
    pub profile: String,
    /// What the modem says of itself.
    pub identity: IdentityView,
    /// What its SIM says.
    pub sim: SimView,
    /// The service centre's number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub smsc: Option<String>,
    /// `unknown`, `home`, `roaming`, `searching`, `denied`, `off` or `emergency_only`.
    pub registration: String,
    /// The network.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operator: Option<String>,
    /// `GSM`, `UMTS`, `LTE`, ...
    #[serde(skip_serializing_if = "Option::is_none")]
    pub technology: Option<String>,
    /// The received strength in dBm; -113 is the weakest that is told apart, -51 the strongest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signal_dbm: Option<i16>,
    /// How full its message stores are.
    pub storage: Vec<StorageView>,
    /// When it answered last.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    pub last_answer_at: Option<String>,
    /// When the network took a segment last.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    pub last_success_at: Option<String>,
    /// What went wrong last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_error: Option<ErrorView>,
    /// How long a segment takes, smoothed, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub send_time_ms: Option<u64>,
    /// Sums since the daemon started.
    pub counters: CountersView,
}

/// What a modem says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[schema(as = ModemIdentity)]
pub struct IdentityView {
    /// Its maker.
    pub maker: String,
    /// Its model.
    pub model: String,
    /// Its firmware.
    pub firmware: String,
    /// 15 digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub imei: Option<String>,
}

/// What a SIM says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[schema(as = Sim)]
pub struct SimView {
    /// 19 or 20 digits, as printed on the card.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iccid: Option<String>,
    /// 15 digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub imsi: Option<String>,
    /// Its own number, if it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
}

/// How full one message store is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Storage)]
pub struct StorageView {
    /// `ME`, `SM`, `SR`, ...
    pub name: String,
    /// Slots in use.
    pub used: u16,
    /// Slots.
    pub total: u16,
}

/// Something that went wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = ModemError)]
pub struct ErrorView {
    /// When.
    #[schema(format = DateTime)]
    pub at: String,
    /// What.
    pub text: String,
}

/// Sums since the daemon started.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[schema(as = ModemCounters)]
pub struct CountersView {
    /// Segments that the network took.
    pub sent: u64,
    /// Segments that it refused.
    pub refused: u64,
    /// Segments without a result.
    pub unanswered: u64,
    /// Parts of incoming messages.
    pub received: u64,
    /// Status reports.
    pub reports: u64,
    /// Commands that were not answered in time.
    pub timeouts: u64,
    /// Times that it was reset.
    pub resets: u64,
    /// Times that its port went away.
    pub losses: u64,
}

impl From<ModemCounters> for CountersView {
    fn from(sums: ModemCounters) -> Self {
        let ModemCounters { sent, refused, unanswered, received, reports, timeouts, resets, losses } = sums;
        Self { sent, refused, unanswered, received, reports, timeouts, resets, losses }
    }
}

impl From<StorageFill> for StorageView {
    fn from(StorageFill { name, used, total }: StorageFill) -> Self {
        Self { name, used, total }
    }
}

impl From<ModemStatus> for ModemView {
    fn from(status: ModemStatus) -> Self {
        let said = |text: String| Some(text).filter(|text| !text.is_empty());
        let until = if let ModemStage::Quarantined { until } = &status.stage { Some(until.to_string()) } else { None };
        Self {
            name: status.name,
            group: status.group,
            stage: status.stage.as_str().to_owned(),
            since: status.since.to_string(),
            until,
            reason: said(status.reason),
            advice: said(status.advice),
            place: status.place,
            port: status.port,
            usb_id: status.usb_id,
            profile: status.profile,
            identity: IdentityView {
                maker: status.identity.maker,
                model: status.identity.model,
                firmware: status.identity.firmware,
                imei: status.identity.imei,
            },
            sim: SimView { iccid: status.sim.iccid, imsi: status.sim.imsi, number: status.sim.number },
            smsc: status.smsc,
            registration: status.registration.as_str().to_owned(),
            operator: status.operator,
            technology: status.technology,
            signal_dbm: status.signal_dbm,
            storage: status.storage.into_iter().map(Into::into).collect(),
            last_answer_at: status.last_answer_at.map(|at| at.to_string()),
            last_success_at: status.last_success_at.map(|at| at.to_string()),
            last_error: status.last_error.map(|(at, text)| ErrorView { at: at.to_string(), text }),
            send_time_ms: status.send_time.map(|time| u64::try_from(time.as_millis()).unwrap_or(u64::MAX)),
            counters: status.counters.into(),
        }
    }
}

/// What a modem answered to a request.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[schema(as = ModemAnswer)]
pub struct AnswerView {
    /// The lines of an AT command's answer, the final result last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lines: Option<Vec<String>>,
    /// What the network answered to a USSD code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Whether the network waits for an answer: a USSD menu.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub more: Option<bool>,
    /// That it was done, or begun.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub done: Option<bool>,
}

impl AnswerView {
    /// How `answer` looks.
    ///
    /// # Errors
    /// The sentence of a request that failed.
    pub fn of(answer: ModemAnswer) -> Result<Self, String> {
        match answer {
            ModemAnswer::Lines(lines) => Ok(Self { lines: Some(lines), ..Self::default() }),
            ModemAnswer::Ussd { text, more } => Ok(Self { text: Some(text), more: Some(more), ..Self::default() }),
            ModemAnswer::Done => Ok(Self { done: Some(true), ..Self::default() }),
            ModemAnswer::Failed(why) => Err(why),
        }
    }
}
