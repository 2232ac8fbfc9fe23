//! Which coupon pools a template takes codes from, as far as its source names them.

use std::collections::BTreeSet;

use crate::template::Template;

/// The pools that a template names: `coupon("spring")`.
pub fn pools(template: &Template) -> BTreeSet<String> {
    std::iter::once(&template.text).chain(template.variants.values()).flat_map(|source| named(source)).collect()
}

fn named(source: &str) -> impl Iterator<Item = String> {
    source.split("coupon").skip(1).filter_map(|rest| {
        let rest = rest.trim_start().strip_prefix('(')?.trim_start();
        let quote = rest.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
        let name = rest.get(1..)?.split(quote).next()?;
        Some(name.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pool_of_every_language_is_found() {
        let mut template = Template::of("{{ coupon(\"spring\") }} and {{coupon( 'vip' )}}, a coupon for you");
        template.variants.insert("ko".to_owned(), "{{ coupon(\"봄\") }}".to_owned());
        assert_eq!(pools(&template).into_iter().collect::<Vec<_>>(), ["spring", "vip", "봄"]);
        assert!(pools(&Template::of("no coupon (\"x\" ")).contains("x"), "a slip reads too much, never too little");
    }
}
