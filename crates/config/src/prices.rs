//! `[prices]`: what a segment costs, by country and route, in one currency.

use toml::de::DeValue;

use postrider_campaign::price::{Price, PriceList, Prices};
use postrider_model::Country;

use super::document::Section;
use super::value::{Checked, filled, must_be};

/// Reads the section into `prices`.
pub(super) fn read(prices: &mut Prices, mut section: Section<'_>) {
    if !section.set("currency", &mut prices.currency, currency) {
        section.missing("currency", "write the currency of the prices, like currency = \"EUR\"");
    }
    read_list(&mut prices.usual, &mut section);
    for (name, mut inner) in section.named_sections("routes") {
        let list = prices.routes.entry(name).or_default();
        read_list(list, &mut inner);
        inner.finish();
    }
    section.finish();
}

fn read_list(list: &mut PriceList, section: &mut Section<'_>) {
    section.set_some("segment", &mut list.segment, price);
    let country =
        |text: &str| text.parse::<Country>().map_err(|_| "is no country; write two letters like KR".to_owned());
    section.set_map("countries", &mut list.countries, country, price);
}

fn currency(value: &DeValue<'_>) -> Checked<String> {
    let text = filled(value)?;
    if text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_uppercase()) {
        return Ok(text);
    }
    Err(format!("must be three letters of ISO 4217 like \"EUR\", not \"{text}\""))
}

/// The digits as they are written: a price is no binary fraction.
fn price(value: &DeValue<'_>) -> Checked<Price> {
    let digits = value.as_float().map(|number| number.as_str().replace('_', ""));
    let whole = || value.as_integer().map(|number| number.as_str().replace('_', ""));
    let text = digits.or_else(whole).or_else(|| value.as_str().map(str::to_owned));
    let read = text.and_then(|text| text.parse::<Price>().ok());
    read.ok_or_else(|| must_be("a price with at most six decimals like 0.0125", value))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::files::tests::MapFiles;
    use crate::parse;

    fn prices(text: &str) -> Result<Prices, String> {
        parse(Path::new("postrider.toml"), text, &MapFiles::default())
            .map(|settings| settings.prices)
            .map_err(|problems| problems.to_string())
    }

    #[test]
    fn prices_are_read_as_they_are_written() {
        let text = "[prices]\ncurrency = \"EUR\"\nsegment = 0.05\n[prices.countries]\nKR = 0.0123\n\
                    [prices.routes.north]\nsegment = 1\n[prices.routes.north.countries]\nTH = \"0.02\"\n";
        let prices = prices(text).unwrap();
        let of = |route: &str, number: &str| prices.of(route, &number.parse().unwrap()).map(Price::parts);
        assert_eq!(of("south", "+821012345678"), Some(12_300));
        assert_eq!(of("north", "+66812345678"), Some(20_000));
        assert_eq!(of("north", "+821012345678"), Some(1_000_000));
        assert_eq!(of("south", "+4915112345678"), Some(50_000));
    }

    #[test]
    fn mistakes_are_named() {
        for (text, told) in [
            ("segment = 0.05", "currency"),
            ("currency = \"Euro\"", "ISO 4217"),
            ("currency = \"EUR\"\nsegment = -1", "at most six decimals"),
            ("currency = \"EUR\"\n[prices.countries]\nXX = 1", "no country"),
        ] {
            let problems = prices(&format!("[prices]\n{text}\n")).unwrap_err();
            assert!(problems.contains(told), "{text}: {problems}");
        }
    }
}
