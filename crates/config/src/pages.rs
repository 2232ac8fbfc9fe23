//! `[pages]`: where people's browsers reach short links and pages, under which address, and how much they may ask.

use std::time::Duration;

use toml::de::DeValue;

use postrider_campaign::link::Target;

use super::document::Section;
use super::files::Place;
use super::http::{Listen, listen};
use super::value::{Checked, days, duration, filled, whole};

/// The side that people see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pages {
    /// Where to listen; nowhere if empty.
    pub listen: Vec<Listen>,
    /// What stands before a code in texts; ends with a slash.
    pub url: Option<String>,
    /// The header in which the proxy in front says whose request it is.
    pub address_header: Option<String>,
    /// Most connections at once.
    pub connections_max: usize,
    /// Requests that one address may send in a minute.
    pub requests_max: u32,
    /// How long a link leads somewhere after it was made.
    pub keep: Duration,
}

impl Default for Pages {
    fn default() -> Self {
        Self {
            listen: Vec::new(),
            url: None,
            address_header: None,
            connections_max: 512,
            requests_max: 600,
            keep: days(400),
        }
    }
}

impl Pages {
    pub(super) fn read(&mut self, mut section: Section<'_>, place: Place<'_>) {
        section.set_list("listen", &mut self.listen, |value| listen(value, place));
        section.set_some("url", &mut self.url, url);
        section.set_some("address_header", &mut self.address_header, header);
        section.set("connections_max", &mut self.connections_max, whole(1..=65_536));
        section.set("requests_max", &mut self.requests_max, whole(10..=100_000));
        section.set("keep", &mut self.keep, duration(days(30)..=days(3_650)));
        if !self.listen.is_empty() && !section.has("url") {
            section.missing("url", "write the address at which people reach the pages, like https://s.shop.example/");
        }
        if self.url.is_some() && self.listen.is_empty() && !section.has("listen") {
            section.missing("listen", "links in texts would lead nowhere; write [\"127.0.0.1:8026\"], behind a proxy");
        }
        if self.url.as_deref().is_some_and(|url| url.starts_with("http://") && !is_local(url)) {
            let sentence = "url begins with http://: what people read and answer travels unencrypted; use https://";
            section.warn("url", sentence.to_owned());
        }
        section.finish();
    }

    /// The host of the address, without port: the one that requests are for.
    pub fn host(&self) -> Option<&str> {
        let rest = self.url.as_deref()?.split_once("://")?.1;
        let authority = rest.split('/').next()?;
        match authority.strip_prefix('[') {
            Some(inner) => inner.split(']').next(),
            None => authority.split(':').next(),
        }
    }
}

fn is_local(url: &str) -> bool {
    ["http://localhost", "http://127.", "http://[::1]"].iter().any(|start| url.starts_with(start))
}

/// `https://s.shop.example/`, or with a path that the proxy takes away.
fn url(value: &DeValue<'_>) -> Checked<String> {
    let text = filled(value)?;
    let wrong = || format!("must be an address like https://s.shop.example/, not \"{text}\"");
    let Ok(Target::Address(mut url)) = Target::read(&text) else { return Err(wrong()) };
    if url.contains(['?', '#']) || url.len() > 100 {
        return Err(wrong());
    }
    if !url.ends_with('/') {
        url.push('/');
    }
    Ok(url)
}

fn header(value: &DeValue<'_>) -> Checked<String> {
    let text = filled(value)?.to_ascii_lowercase();
    if text.len() <= 60 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
        return Ok(text);
    }
    Err(format!("must be the name of a header like X-Forwarded-For, not \"{text}\""))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::files::tests::MapFiles;
    use super::super::parse;
    use super::*;

    fn read(text: &str) -> Result<Pages, String> {
        let settings = parse(Path::new("postrider.toml"), text, &MapFiles::default());
        settings.map(|settings| settings.pages).map_err(|problems| problems.to_string())
    }

    #[test]
    fn the_address_of_the_pages_is_made_whole() {
        let pages = read("[pages]\nlisten = [\"127.0.0.1:8026\"]\nurl = \"https://S.shop.example:8443\"\n").unwrap();
        assert_eq!(
            (pages.url.as_deref(), pages.host()),
            (Some("https://s.shop.example:8443/"), Some("s.shop.example"))
        );
        let v6 = read("[pages]\nlisten = [\"[::1]:8026\"]\nurl = \"http://[::1]:8026/s\"\n").unwrap();
        assert_eq!((v6.url.as_deref(), v6.host()), (Some("http://[::1]:8026/s/"), Some("::1")));
    }

    #[test]
    fn one_without_the_other_is_told() {
        let lonely = read("[pages]\nlisten = [\"127.0.0.1:8026\"]\n").unwrap_err();
        assert!(lonely.contains("url is missing"), "{lonely}");
        let nowhere = read("[pages]\nurl = \"https://s.shop.example/\"\n").unwrap_err();
        assert!(nowhere.contains("listen is missing"), "{nowhere}");
        for wrong in ["s.shop.example", "https://s.shop.example/?a=b", "ftp://s.shop.example/"] {
            let text = format!("[pages]\nlisten = [\"127.0.0.1:8026\"]\nurl = \"{wrong}\"\n");
            assert!(read(&text).unwrap_err().contains("must be an address"), "{wrong}");
        }
    }
}
