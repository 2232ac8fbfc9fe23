//! Installing, installing again and removing, against a database in memory.

use super::*;
use crate::campaign::playbook::{built_in, read};
use crate::campaign::template::Template;
use crate::model::Timestamp;
use crate::pipeline::Settings;
use crate::store::Database;
use crate::store::campaign::{coupon, template};

const NOW: Timestamp = Timestamp::from_millis(1_795_305_600_000);

struct Shop {
    database: Database,
    settings: Settings,
}

impl Shop {
    fn new() -> Self {
        Self { database: Database::in_memory().unwrap(), settings: Settings::default() }
    }

    fn turn<T>(&mut self, work: impl FnOnce(&Turn<'_>) -> Result<T, StoreError>) -> T {
        let settings = &self.settings;
        self.database.write(|tx| work(&Turn::new(tx, settings, NOW))).unwrap()
    }

    fn install(&mut self, name: &str, set: &str, replace: bool) -> Outcome {
        let text = built_in(name).unwrap().text;
        let mut values = Values::default();
        set.split(' ').filter(|typed| !typed.is_empty()).for_each(|typed| values.set(typed).unwrap());
        let playbook = read(text, &values).unwrap();
        let wanted = Wanted { playbook: &playbook, text, values: &values, language: "ko", replace, activate: true };
        self.turn(|turn| install(turn, &wanted))
    }
}

fn count(outcome: &Outcome, fate: Fate) -> usize {
    outcome.assets.iter().filter(|(_, _, its)| *its == fate).count()
}

#[test]
fn installing_twice_changes_nothing_the_second_time() {
    let mut shop = Shop::new();
    for file in crate::campaign::playbook::BUILT_IN {
        let first = shop.install(file.name, "", false);
        assert_eq!(count(&first, Fate::Made), first.assets.len(), "{}: {first:?}", file.name);
        let second = shop.install(file.name, "", false);
        assert_eq!(count(&second, Fate::Same), second.assets.len(), "{}: {second:?}", file.name);
    }
}

#[test]
fn a_new_value_reaches_what_the_shop_left_alone_and_nothing_else() {
    let mut shop = Shop::new();
    shop.install("cart", "", false);
    shop.turn(|turn| template::define(turn.tx, "cart-reminder", "mine", &Template::of("Our own words"), NOW));
    let again = shop.install("cart", "offer.en=free-shipping", false);
    let fate = |outcome: &Outcome, name: &str| outcome.assets.iter().find(|(_, of, _)| of == name).unwrap().2;
    assert_eq!(fate(&again, "cart-reminder"), Fate::Kept);
    assert_eq!(fate(&again, "cart-coupon"), Fate::Changed);
    let text =
        |shop: &Shop, name: &str| shop.database.read(|c| template::find(c, name)).unwrap().unwrap().template.text;
    assert_eq!(text(&shop, "cart-reminder"), "Our own words");
    assert!(text(&shop, "cart-coupon").contains("free-shipping"));
    let replaced = shop.install("cart", "", true);
    assert_eq!(fate(&replaced, "cart-reminder"), Fate::Changed);
    assert!(text(&shop, "cart-reminder").contains("Your cart is still here"));
}

#[test]
fn what_the_shop_had_before_stays_its_own() {
    let mut shop = Shop::new();
    shop.turn(|turn| template::define(turn.tx, "news", "mine", &Template::of("Our own news"), NOW));
    let outcome = shop.install("news", "", false);
    assert_eq!(count(&outcome, Fate::Kept), 1, "{outcome:?}");
    assert!(shop.turn(|turn| remove(turn, "news")).is_ok());
    assert!(shop.database.read(|c| template::find(c, "news")).unwrap().is_some());
}

#[test]
fn a_playbook_that_is_not_used_goes_again_but_codes_that_somebody_has_stay() {
    let mut shop = Shop::new();
    shop.install("win-back", "", false);
    let gone = shop.turn(|turn| remove(turn, "win-back")).unwrap();
    assert_eq!(count(&gone, Fate::Removed), gone.assets.len(), "{gone:?}");
    assert_eq!(shop.turn(|turn| remove(turn, "win-back")), Err(Unremovable::Absent("win-back".to_owned())));
    shop.install("win-back", "", false);
    shop.turn(|turn| {
        let pool = coupon::find(turn.tx.connection(), "win-back")?.unwrap();
        let number = "+821012345678".parse().unwrap();
        coupon::issue(turn.tx, "win-back", &pool, &number, &mut crate::model::Random::new(7), NOW)
    });
    let gone = shop.turn(|turn| remove(turn, "win-back")).unwrap();
    assert_eq!(count(&gone, Fate::Kept), 1, "{gone:?}");
    assert!(shop.database.read(|c| coupon::find(c, "win-back")).unwrap().is_some());
}
