//! What holds for a message that does not say it.

use crate::http::settings::HttpSettings;
use crate::model::{Class, Country, PhoneError, PhoneNumber};

/// What the operator set for messages that leave it open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Defaults {
    /// The class of messages that name none.
    pub class: Class,
    /// The country whose way of writing numbers recipients may have; without one they need their country code.
    pub country: Option<Country>,
}

impl Defaults {
    /// The defaults that `settings` name.
    pub fn of(settings: &HttpSettings) -> Self {
        Self { class: settings.default_class, country: settings.default_country }
    }

    /// Reads a recipient.
    ///
    /// # Errors
    /// Says what is wrong with the text.
    pub fn recipient(self, text: &str) -> Result<PhoneNumber, PhoneError> {
        PhoneNumber::read(text, self.country)
    }
}
