//! Writes numbers, amounts of money and dates as a locale has them.

use jiff::civil::Date;

use crate::locale::Locale;

/// How a language, or a country's form of it, writes.
#[derive(Debug, Clone, Copy)]
struct Form {
    /// The locale or the language.
    locale: &'static str,
    /// What stands before decimals.
    decimal: char,
    /// What parts thousands; nothing where they are not parted.
    group: &'static str,
    /// The symbol stands before the amount.
    symbol_first: bool,
    /// Day, month and year, as `{d}`, `{m}` and `{y}`; `{b}` is the month's name.
    date: &'static str,
    /// The names of the months.
    months: &'static str,
    /// Years are counted from the Buddha's: 543 more.
    buddhist: bool,
}

const fn form(
    locale: &'static str,
    decimal: char,
    group: &'static str,
    symbol_first: bool,
    date: &'static str,
    months: &'static str,
) -> Form {
    Form { locale, decimal, group, symbol_first, date, months, buddhist: false }
}

const ENGLISH: &str = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec";
/// A blank at which no handset breaks the line is UCS-2 only, so a plain one is used.
const BLANK: &str = " ";

const FORMS: &[Form] = &[
    form("en", '.', ",", true, "{b} {d}, {y}", ENGLISH),
    form("en-GB", '.', ",", true, "{d} {b} {y}", ENGLISH),
    form("en-AU", '.', ",", true, "{d} {b} {y}", ENGLISH),
    form("en-IN", '.', ",", true, "{d} {b} {y}", ENGLISH),
    form("ko", '.', ",", false, "{y}년 {m}월 {d}일", ""),
    form("ja", '.', ",", false, "{y}年{m}月{d}日", ""),
    form("zh", '.', ",", true, "{y}年{m}月{d}日", ""),
    Form {
        buddhist: true,
        ..form("th", '.', ",", false, "{d} {b} {y}", "ม.ค. ก.พ. มี.ค. เม.ย. พ.ค. มิ.ย. ก.ค. ส.ค. ก.ย. ต.ค. พ.ย. ธ.ค.")
    },
    form("vi", ',', ".", false, "{d}/{m}/{y}", ""),
    form("id", ',', ".", true, "{d} {b} {y}", "Jan Feb Mar Apr Mei Jun Jul Agu Sep Okt Nov Des"),
    form("hi", '.', ",", true, "{d}/{m}/{y}", ""),
    form("ar", '.', ",", false, "{d}/{m}/{y}", ""),
    form(
        "de",
        ',',
        ".",
        false,
        "{d}. {b} {y}",
        "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
    ),
    form(
        "de-CH",
        '.',
        "'",
        true,
        "{d}. {b} {y}",
        "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
    ),
    form(
        "fr",
        ',',
        BLANK,
        false,
        "{d} {b} {y}",
        "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    ),
    form(
        "es",
        ',',
        ".",
        false,
        "{d} de {b} de {y}",
        "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    ),
    form(
        "es-MX",
        '.',
        ",",
        true,
        "{d} de {b} de {y}",
        "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    ),
    form(
        "it",
        ',',
        ".",
        false,
        "{d} {b} {y}",
        "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
    ),
    form(
        "pt",
        ',',
        ".",
        false,
        "{d} de {b} de {y}",
        "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
    ),
    form(
        "pt-BR",
        ',',
        ".",
        true,
        "{d} de {b} de {y}",
        "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
    ),
    form(
        "nl",
        ',',
        ".",
        true,
        "{d} {b} {y}",
        "januari februari maart april mei juni juli augustus september oktober november december",
    ),
    form(
        "sv",
        ',',
        BLANK,
        false,
        "{d} {b} {y}",
        "januari februari mars april maj juni juli augusti september oktober november december",
    ),
    form(
        "da",
        ',',
        ".",
        false,
        "{d}. {b} {y}",
        "januar februar marts april maj juni juli august september oktober november december",
    ),
    form(
        "nb",
        ',',
        BLANK,
        false,
        "{d}. {b} {y}",
        "januar februar mars april mai juni juli august september oktober november desember",
    ),
    form("fi", ',', BLANK, false, "{d}.{m}.{y}", ""),
    form("pl", ',', BLANK, false, "{d}.{m}.{y}", ""),
    form("cs", ',', BLANK, false, "{d}. {m}. {y}", ""),
    form("sk", ',', BLANK, false, "{d}. {m}. {y}", ""),
    form("hu", ',', BLANK, false, "{y}. {m}. {d}.", ""),
    form("ro", ',', ".", false, "{d}.{m}.{y}", ""),
    form("el", ',', ".", false, "{d}/{m}/{y}", ""),
    form("tr", ',', ".", true, "{d}.{m}.{y}", ""),
    form("ru", ',', BLANK, false, "{d}.{m}.{y}", ""),
    form("uk", ',', BLANK, false, "{d}.{m}.{y}", ""),
];

/// What currencies are written with, how many decimals they have, and whether the symbol needs UCS-2 or is in GSM 7-bit.
const CURRENCIES: &[(&str, &str, usize)] = &[
    ("EUR", "€", 2),
    ("USD", "$", 2),
    ("GBP", "£", 2),
    ("JPY", "¥", 0),
    ("KRW", "원", 0),
    ("THB", "บาท", 2),
    ("VND", "₫", 0),
    ("IDR", "Rp", 0),
    ("INR", "₹", 2),
    ("BRL", "R$", 2),
    ("PLN", "zł", 2),
    ("CZK", "Kč", 2),
    ("SEK", "kr", 2),
    ("NOK", "kr", 2),
    ("DKK", "kr", 2),
    ("HUF", "Ft", 0),
    ("TRY", "TL", 2),
    ("CHF", "CHF", 2),
    ("ISK", "kr", 0),
    ("CLP", "$", 0),
    ("TWD", "NT$", 0),
];

fn form_of(locale: Option<&Locale>) -> &'static Form {
    let find = |wanted: &str| FORMS.iter().find(|form| form.locale == wanted);
    let found = locale.and_then(|locale| find(locale.as_str()).or_else(|| find(locale.language())));
    found.unwrap_or(&FORMS[0])
}

/// A number with so many decimals, or as many as it has up to two.
pub fn number(value: f64, decimals: Option<usize>, locale: Option<&Locale>) -> String {
    let form = form_of(locale);
    let decimals = decimals.unwrap_or_else(|| {
        let has = |places: i32| ((value * 10f64.powi(places)).round() / 10f64.powi(places) - value).abs() < 1e-9;
        usize::from(!has(0)) + usize::from(!has(1))
    });
    let plain = format!("{:.*}", decimals.min(6), value.abs());
    let (whole, rest) = plain.split_once('.').unwrap_or((&plain, ""));
    let mut text = String::with_capacity(plain.len() + 8);
    if value < 0.0 && plain.bytes().any(|byte| byte.is_ascii_digit() && byte != b'0') {
        text.push('-');
    }
    for (place, digit) in whole.chars().enumerate() {
        if place > 0 && (whole.len() - place).is_multiple_of(3) {
            text.push_str(form.group);
        }
        text.push(digit);
    }
    if !rest.is_empty() {
        text.push(form.decimal);
        text.push_str(rest);
    }
    text
}

/// An amount in a currency; whole amounts are written without decimals.
pub fn money(value: f64, currency: &str, locale: Option<&Locale>) -> String {
    let known = CURRENCIES.iter().find(|(code, _, _)| *code == currency);
    let (symbol, decimals) = known.map_or((currency, 2), |(_, symbol, decimals)| (*symbol, *decimals));
    let whole = (value - value.round()).abs() < 0.005;
    let amount = number(value, Some(if whole { 0 } else { decimals }), locale);
    let word = symbol.chars().next_back().is_some_and(char::is_alphabetic);
    match (currency, form_of(locale).symbol_first) {
        // The won follows its amount without a blank, in Korean and elsewhere.
        ("KRW", _) => format!("{amount}{symbol}"),
        ("THB", _) => format!("{amount} {symbol}"),
        (_, true) if word => format!("{symbol} {amount}"),
        (_, true) => format!("{symbol}{amount}"),
        ("JPY", false) => format!("{symbol}{amount}"),
        (_, false) => format!("{amount} {symbol}"),
    }
}

/// A day, written out as far as the language is short about it.
pub fn date(day: Date, locale: Option<&Locale>) -> String {
    let form = form_of(locale);
    let month = usize::try_from(day.month()).unwrap_or(1);
    let name = form.months.split(' ').nth(month.saturating_sub(1)).unwrap_or_default();
    let year = i32::from(day.year()) + if form.buddhist { 543 } else { 0 };
    form.date
        .replace("{d}", &day.day().to_string())
        .replace("{m}", &month.to_string())
        .replace("{b}", name)
        .replace("{y}", &year.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn locale(text: &str) -> Option<Locale> {
        Some(text.parse().unwrap())
    }

    #[test]
    fn numbers_and_money_follow_the_locale() {
        for (name, expected_number, value, currency, expected_money) in [
            ("en", "1,234.5", 49.9, "USD", "$49.90"),
            ("de", "1.234,5", 1234.5, "EUR", "1.234,50 €"),
            ("de-CH", "1'234.5", 20.0, "CHF", "CHF 20"),
            ("fr-FR", "1 234,5", 49.9, "EUR", "49,90 €"),
            ("pt-BR", "1.234,5", 49.9, "BRL", "R$49,90"),
            ("ko-KR", "1,234.5", 35000.0, "KRW", "35,000원"),
            ("th", "1,234.5", 1250.0, "THB", "1,250 บาท"),
            ("ja", "1,234.5", 1250.0, "JPY", "¥1,250"),
            ("xx", "1,234.5", 5.0, "XAF", "XAF 5"),
        ] {
            let locale = locale(name);
            assert_eq!(number(1234.5, None, locale.as_ref()), expected_number, "{name}");
            assert_eq!(money(value, currency, locale.as_ref()), expected_money, "{name}");
        }
        assert_eq!(number(-0.001, Some(0), None), "0");
        assert_eq!(number(-1_234_567.891, Some(2), None), "-1,234,567.89");
        assert_eq!(number(999_999.999, None, None), "1,000,000.00");
    }

    #[test]
    fn dates_follow_the_locale() {
        let day = jiff::civil::date(2026, 11, 30);
        for (name, expected) in [
            ("en", "Nov 30, 2026"),
            ("en-GB", "30 Nov 2026"),
            ("ko", "2026년 11월 30일"),
            ("th", "30 พ.ย. 2569"),
            ("de", "30. November 2026"),
            ("fr", "30 novembre 2026"),
            ("es", "30 de noviembre de 2026"),
            ("pl", "30.11.2026"),
            ("xx", "Nov 30, 2026"),
        ] {
            assert_eq!(date(day, locale(name).as_ref()), expected, "{name}");
        }
        assert!(FORMS.iter().all(|form| form.months.is_empty() != form.date.contains("{b}")));
        assert!(FORMS.iter().all(|form| form.months.is_empty() || form.months.split(' ').count() == 12));
    }
}
