//! Draws a code as a barcode that tills read: Code 128 in its set B (ISO/IEC 15417), as SVG.

use std::fmt::Write as _;

use super::html::Html;

/// The longest code that a phone's screen shows wide enough.
const CODE_MAX: usize = 30;
/// The light margin at both ends, in modules.
const QUIET: u32 = 10;
const START_B: usize = 104;
const STOP: usize = 106;

/// The widths of bars and spaces of each symbol, in turn, beginning with a bar. ISO/IEC 15417, table 1.
const SYMBOLS: [&str; 107] = [
    "212222", "222122", "222221", "121223", "121322", "131222", "122213", "122312", "132212", "221213", "221312",
    "231212", "112232", "122132", "122231", "113222", "123122", "123221", "223211", "221132", "221231", "213212",
    "223112", "312131", "311222", "321122", "321221", "312212", "322112", "322211", "212123", "212321", "232121",
    "111323", "131123", "131321", "112313", "132113", "132311", "211313", "231113", "231311", "112133", "112331",
    "132131", "113123", "113321", "133121", "313121", "211331", "231131", "213113", "213311", "213131", "311123",
    "311321", "331121", "312113", "312311", "332111", "314111", "221411", "431111", "111224", "111422", "121124",
    "121421", "141122", "141221", "112214", "112412", "122114", "122411", "142112", "142211", "241211", "221114",
    "413111", "241112", "134111", "111242", "121142", "121241", "114212", "124112", "124211", "411212", "421112",
    "421211", "212141", "214121", "412121", "111143", "111341", "131141", "114113", "114311", "411113", "411311",
    "113141", "114131", "311141", "411131", "211412", "211214", "211232", "2331112",
];

/// The barcode of a code; nothing if it has other characters than ASCII ones or is too long for a screen.
pub fn bars(code: &str) -> Option<Html> {
    let symbols = symbols(code)?;
    let (mut path, mut at) = (String::new(), QUIET);
    for symbol in symbols {
        let widths = SYMBOLS.get(symbol)?;
        for (place, width) in widths.chars().filter_map(|width| width.to_digit(10)).enumerate() {
            if place.is_multiple_of(2) {
                write!(path, "M{at} 0h{width}v60h-{width}z").ok()?;
            }
            at += width;
        }
    }
    let view = format!("0 0 {} 60", at + QUIET);
    let attributes = [
        ("viewBox", &*view),
        ("preserveAspectRatio", "none"),
        ("role", "img"),
        ("aria-label", code),
        ("shape-rendering", "crispEdges"),
    ];
    Some(Html::new().element("svg", &attributes, Html::new().element("path", &[("d", &path)], Html::new())))
}

/// The symbols of a code: start, characters, check symbol, stop.
fn symbols(code: &str) -> Option<Vec<usize>> {
    if code.is_empty() || code.len() > CODE_MAX || !code.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
        return None;
    }
    let values: Vec<usize> = code.bytes().map(|byte| usize::from(byte - b' ')).collect();
    let weighed: usize = values.iter().zip(1..).map(|(value, place)| value * place).sum();
    let mut symbols = vec![START_B];
    symbols.extend(&values);
    symbols.extend([(START_B + weighed) % 103, STOP]);
    Some(symbols)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_whole() {
        for (value, widths) in SYMBOLS.iter().enumerate() {
            let sum: u32 = widths.chars().map(|width| width.to_digit(10).unwrap()).sum();
            let bars: u32 = widths.chars().step_by(2).map(|width| width.to_digit(10).unwrap()).sum();
            // Eleven modules, thirteen of the stop symbol, of which an even number is dark.
            assert_eq!((sum, bars % 2), (if value == STOP { 13 } else { 11 }, 0), "{value}");
        }
        let different: std::collections::BTreeSet<_> = SYMBOLS.iter().collect();
        assert_eq!(different.len(), SYMBOLS.len());
    }

    #[test]
    fn the_check_symbol_follows_from_all_characters() {
        // The usual example of the symbology: "PJJ123C" has the check symbol 54 when it begins in set A, 55 in set B.
        let symbols = symbols("PJJ123C").unwrap();
        assert_eq!(symbols, [104, 48, 42, 42, 17, 18, 19, 35, 55, 106]);
    }

    #[test]
    fn a_code_has_bars_within_its_margins() {
        let svg = bars("SPR-ACDE").unwrap().into_string();
        // Start, eight characters, check: eleven modules each; thirteen for the stop; ten on each side.
        assert!(svg.contains("viewBox=\"0 0 143 60\"") && svg.contains("d=\"M10 0h2v60h-2z"), "{svg}");
        assert!(bars("").is_none() && bars("차").is_none() && bars(&"A".repeat(31)).is_none());
        assert!(bars(&"A".repeat(30)).unwrap().into_string().len() < 4 << 10);
    }
}
