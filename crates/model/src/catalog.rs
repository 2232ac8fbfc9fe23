//! The ids of the journal's message catalog. Each event that a technician acts on has one, so that `journalctl -x` explains
//! what to do; `systemd/postrider.catalog` and its translations hold the texts, and a test proves that both agree.

/// One entry: the name that documents use, and the 128-bit id that stands in the journal as `MESSAGE_ID`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// The name.
    pub name: &'static str,
    /// 32 hexadecimal digits.
    pub id: &'static str,
}

macro_rules! entries {
    ($($(#[doc = $doc:literal])+ $name:ident = $id:literal;)+) => {
        $($(#[doc = $doc])+ pub const $name: Entry = Entry { name: stringify!($name), id: $id };)+
        /// All entries.
        pub const ALL: &[Entry] = &[$($name),+];
    };
}

entries! {
    /// A modem takes messages.
    MODEM_READY = "5af18fa2488c4e9e9500f37b261f1d45";
    /// A modem's port went away: unplugged, or reset by itself.
    MODEM_GONE = "87cdf035bb1c489aaa8ada92059ca8a9";
    /// A modem's port cannot be opened for want of a right.
    MODEM_PORT_DENIED = "e8df9d23d1954e60b890065d14505ffd";
    /// Another program holds the port, most often ModemManager.
    MODEM_PORT_BUSY = "0b6be188d3b947719cc07bf799d57e01";
    /// A modem does not answer.
    MODEM_SILENT = "916f03223fef44a8baa170788d21b540";
    /// A rung of the ladder is being tried.
    MODEM_HEALING = "02bd47cd87aa4a9ab0d14e1bbe544c2e";
    /// Everything was tried; the modem is left alone for a while.
    MODEM_QUARANTINED = "d7b299b4c72a43d5aaa5a301bc50559b";
    /// A modem says that its power supply is out of limits.
    MODEM_POWER = "635c5ded1dfb430c8808c58714e6df5f";
    /// Something that a modem brought or keeps cannot be read as a message.
    MODEM_UNREADABLE = "8bcf0f92778345d9ac2bcd1ed5238d23";
    /// The modem refused a step of its set-up.
    MODEM_SETUP_FAILED = "88fd901db90e4b35a60c44d40c30c192";
    /// No SIM, or one that cannot be read.
    SIM_ABSENT = "7baf68dd93f64dccb5f32b3474a04fb0";
    /// The SIM wants a PIN and none is configured.
    SIM_PIN_NEEDED = "3c0ad062d32f4a96ace93295603e315e";
    /// The PIN was wrong, or too few tries are left.
    SIM_PIN_REFUSED = "b604eb9355b1415a9b74565d36286a5b";
    /// The SIM wants its PUK.
    SIM_PUK = "114438b7254940768a9c32f37700b4a0";
    /// Another SIM than before is in the modem.
    SIM_CHANGED = "4fef42f7eb8b4a1e986053a870776e3a";
    /// A cap of the SIM is reached.
    SIM_QUOTA_REACHED = "031988a9591f4eaa8816072416cefab5";
    /// The balance is below its limit.
    SIM_BALANCE_LOW = "d101ea361f5843a582c87088c29e9f93";
    /// The network refuses what the SIM sends: barred, no credit, service not subscribed.
    SIM_REFUSED = "9f56fdbe02e74f96ae121fde5eb31f10";
    /// No network for longer than usual.
    NETWORK_MISSING = "85b16c2696074faf8d0b9c5b1678046b";
    /// The network denied the registration.
    NETWORK_DENIED = "c3c05b9dbe3b46c0a7cb239636a9b90a";
    /// The signal is too weak for reliable sending.
    SIGNAL_WEAK = "14f8f01043424f85b96d3c08e2f7bbcf";
    /// The service centre's number is empty.
    SMSC_MISSING = "c02acd94efb849c3bc54adfa8ef288e4";
    /// The message store is nearly full.
    STORAGE_FULL = "b57f8c8402e8493aadf4db1d8e277fae";
    /// A send ended in doubt: nobody knows whether it went out.
    SEND_IN_DOUBT = "5acca8aa6b774a7a8aba34d2b657ba5f";
    /// The connection to a carrier was lost.
    CARRIER_LOST = "5bd9116fa42e4e25a0d406f250d20312";
    /// A carrier refused the account.
    CARRIER_REFUSED = "0f93bd13650f4da9b907591e8985512a";
    /// A carrier's bind is up.
    CARRIER_UP = "c90fe8da9aec40f4a4b032e41173787b";
    /// The disk is nearly full: new messages are refused.
    DISK_SHORT = "d4d5fc983d5843c682687da2d95f26a5";
    /// The database cannot be written.
    STORE_FAILED = "0f1e2aca133149d5bd4b0cca43f96513";
    /// A row of the database cannot be read and is set aside.
    ROW_DAMAGED = "9d1f6c7ab2e84f53b8c07e6a41d2f935";
    /// The database is older than the last run: its unfinished messages are held.
    DATABASE_RESTORED = "c4b7e2a95f1d4c06a3e98d7261f0b58e";
    /// What the clock of the machine shows is not believed.
    CLOCK_NOT_SET = "a74a2c8e1f0b4d0d9c35e6b1f27d8043";
    /// The clock of the machine was set.
    CLOCK_STEPPED = "c19e0b5d4a7f4e628d03f2a6957be814";
    /// A loop of the daemon does not turn any more.
    LOOP_STUCK = "6968c2f1c58c47fbba73a546231c56d6";
    /// A loop of the daemon ended though it should not.
    LOOP_ENDED = "5b0e6c3a91d84e7fa2c7d4f81e6b9035";
    /// The configuration was not taken.
    CONFIG_REFUSED = "cf58b2d807cf4f3d8e423fb72e5f3a20";
    /// postrider is ready.
    READY = "3f4ec7db81034502b40024382ecbda46";
    /// postrider stops.
    STOPPING = "7e4f1b2aa1cf4271a3af259bd8661a1b";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_128_bits_and_unlike() {
        let mut ids: Vec<&str> = ALL.iter().map(|entry| entry.id).collect();
        assert!(ids.iter().all(|id| id.len() == 32 && id.bytes().all(|digit| digit.is_ascii_hexdigit())));
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), ALL.len());
    }
}
