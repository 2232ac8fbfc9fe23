//! `+CPMS`: which stores there are, which are in use, and how full they are (3GPP TS 27.005, 3.2.2).

use crate::fields;
use postrider_model::StorageFill;

/// The stores that `+CPMS=?` offers for each purpose: reading, writing, receiving. Fewer groups on old modems.
///
/// Brackets, quotes and blanks go missing in the field, so the two-letter words of each group are collected.
pub(crate) fn offered(text: &str) -> Vec<Vec<String>> {
    let bracketed = text.contains('(');
    let groups = if bracketed { fields::groups(text) } else { text.split(',').map(str::to_owned).collect() };
    let words = |group: &String| {
        let parts = group.split(|c: char| !c.is_ascii_alphanumeric());
        parts
            .filter(|word| word.len() == 2 && word.bytes().all(|b| b.is_ascii_uppercase()))
            .map(str::to_owned)
            .collect()
    };
    groups.iter().map(words).filter(|group: &Vec<String>| !group.is_empty()).take(3).collect()
}

/// The stores that `+CPMS?` names, each once.
pub(crate) fn fills(text: &str) -> Vec<StorageFill> {
    let mut fills: Vec<StorageFill> = Vec::new();
    for triple in fields::split(text).chunks_exact(3) {
        if let (name, Ok(used), Ok(total)) = (triple[0], triple[1].parse(), triple[2].parse())
            && name.len() == 2
            && !fills.iter().any(|fill| fill.name == name)
        {
            fills.push(StorageFill { name: name.to_owned(), used, total });
        }
    }
    fills
}

/// Slots in use and slots of the first store that the answer to `AT+CPMS=` names.
pub(crate) fn selected(text: &str) -> Option<(u16, u16)> {
    let fields = fields::split(text);
    // Some modems repeat the names as in `+CPMS?`.
    let numbers: Vec<u16> = fields.iter().filter_map(|field| field.parse().ok()).collect();
    Some((*numbers.first()?, *numbers.get(1)?))
}

/// The store and slot of `+CMTI`, `+CDSI`: `"SM",7`, with or without quotes.
pub(crate) fn slot(text: &str) -> Option<(String, u16)> {
    let fields = fields::split(text);
    let store = fields.first().filter(|store| store.len() == 2 && store.bytes().all(|b| b.is_ascii_alphabetic()))?;
    Some((store.to_ascii_uppercase(), fields.get(1)?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stores_of_every_maker() {
        let huawei = offered("(\"SM\",\"ME\"),(\"SM\",\"ME\"),(\"SM\",\"ME\")");
        assert_eq!(huawei, [["SM", "ME"], ["SM", "ME"], ["SM", "ME"]]);
        let mc75 = offered("(\"ME\",\"SM\",\"MT\"),(\"ME\",\"SM\",\"MT\"),(\"SM\",\"MT\")");
        assert_eq!(mc75[2], ["SM", "MT"]);
        assert_eq!(offered("((\"SM\",\"BM\",\"SR\"),(\"SM\"))"), [vec!["SM", "BM", "SR"], vec!["SM"]]);
        assert_eq!(offered("\"SM\",\"SM\",\"SM\""), [["SM"], ["SM"], ["SM"]]);
        assert_eq!(offered("(ME\", \"SR\")"), [["ME", "SR"]]);
        assert_eq!(offered("(),(),()"), Vec::<Vec<String>>::new());
        assert_eq!(offered(",,,,,,,,"), Vec::<Vec<String>>::new());
    }

    #[test]
    fn the_fill_of_each_store_is_counted_once() {
        let one = fills("\"SM\",5,20,\"SM\",5,20,\"SM\",5,20");
        assert_eq!(one, [StorageFill { name: "SM".to_owned(), used: 5, total: 20 }]);
        assert_eq!(fills("\"ME\",1,255,\"SM\",2,50").len(), 2);
        assert_eq!(fills(""), []);
        assert_eq!(selected("7,20,7,20,7,20"), Some((7, 20)));
        assert_eq!(selected("0,10,0,10"), Some((0, 10)));
        assert_eq!(selected("\"SM\",1,10"), Some((1, 10)));
        assert_eq!(selected(""), None);
    }

    #[test]
    fn an_announced_slot_is_a_store_and_a_number() {
        for text in ["\"SM\",7", "SM,7", " \"SM\" , 7"] {
            assert_eq!(slot(text), Some(("SM".to_owned(), 7)), "{text}");
        }
        for text in ["", "\"SM\"", "7", "\"SM\",x", "\"S;\",1"] {
            assert_eq!(slot(text), None, "{text}");
        }
    }
}
