//! `[[webhook]]`: shop systems that post to `/v1/hooks/NAME`.

use std::sync::Arc;

use postrider_campaign::mapping::Mapping;
use postrider_model::Country;

use super::document::{Section, Spot};
use super::files::Place;
use super::messages::country;
use super::secret::{Given, Secret, SecretKeys};
use super::value::{Checked, filled, must_be};
use super::webhook_mapping;

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhook {
    /// Its name, in the address.
    pub name: String,
    /// What its bodies mean.
    pub mapping: Arc<Mapping>,
    /// What its bodies are signed with.
    pub secret: Secret,
    /// The country of numbers that have no country code; `messages.default_country` if absent.
    pub country: Option<Country>,
}

impl Webhook {
    /// Reads a `[[webhook]]`; what is wrong with it is told.
    pub(super) fn read(mut section: Section<'_>, place: Place<'_>) -> Option<(Self, Spot)> {
        let (mut name, mut own_country) = (None, None);
        section.set_some("name", &mut name, plain_name);
        let spot = section.spot("name");
        match &name {
            Some(name) => section.rename(format!("webhook \"{name}\"")),
            None => section.missing("name", "it stands in the address: /v1/hooks/NAME"),
        }
        let mapping = webhook_mapping::named(&mut section, place);
        section.set_some("country", &mut own_country, country);
        let secret = match SecretKeys::SECRET.read(&mut section, place) {
            Given::Secret(secret, _) => Some(secret),
            Given::Wrong => None,
            Given::Nothing => {
                section.missing("secret", "the shop system shows it where webhooks are set up; name a secret_file");
                None
            }
        };
        section.finish();
        Some((Self { name: name?, mapping: Arc::new(mapping?), secret: secret?, country: own_country }, spot))
    }
}

/// A name of 1 to 60 small letters, digits, `_` and `-`.
pub(super) fn plain_name(value: &toml::de::DeValue<'_>) -> Checked<String> {
    let name = filled(value)?;
    let good = name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-".contains(&byte));
    if good && name.len() <= 60 { Ok(name) } else { Err(must_be("1 to 60 small letters, digits, _ and -", value)) }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::files::tests::MapFiles;
    use super::super::parse;

    #[test]
    fn a_webhook_is_read_with_its_mapping_and_secret() {
        let files = MapFiles::default().with("/etc/p/shop.secret", "hush\n");
        let text =
            "[[webhook]]\nname = \"shop\"\nmapping = \"shopify\"\nsecret_file = \"shop.secret\"\ncountry = \"KR\"\n";
        let settings = parse(Path::new("/etc/p/postrider.toml"), text, &files).unwrap();
        let hook = &settings.webhooks[0];
        assert_eq!(
            (hook.name.as_str(), hook.secret.expose(), hook.mapping.title.as_str()),
            ("shop", "hush", "Shopify")
        );
        let twice = format!("{text}{text}");
        let problems = parse(Path::new("/etc/p/postrider.toml"), &twice, &files).unwrap_err().to_string();
        assert!(problems.contains("name is taken by another webhook"), "{problems}");
        let bare = parse(Path::new("p.toml"), "[[webhook]]\nname = \"A\"\nmapping = \"shopfy\"\n", &files).unwrap_err();
        let bare = bare.to_string();
        for expected in ["small letters", "did you mean \"shopify\"?", "secret is missing"] {
            assert!(bare.contains(expected), "{expected}: {bare}");
        }
    }
}
