//! Renders a template for one contact, within bounds of work and size; what is missing skips the contact with a reason.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::mem;
use std::sync::{Arc, Mutex, PoisonError};

use minijinja::value::Object;
use minijinja::{AutoEscape, Environment, Error, ErrorKind, State, UndefinedBehavior, Value};

use super::fields::{self, Fields};
use super::filters::{self, Manner};

/// How many steps a text may take to render.
const FUEL: u64 = 20_000;
/// The largest text: more than any number of segments holds.
const TEXT_SIZE_BYTES_MAX: usize = 16 << 10;
/// The functions that give out codes and links.
pub const FUNCTIONS: [&str; 2] = ["coupon", "link"];
/// Stands for a code that is not given out yet.
const CODE: &str = "XXXX-0000";

/// What was given out to a contact before its text is rendered.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Grants {
    /// Coupon codes by the name of their pool.
    pub coupons: BTreeMap<String, String>,
    /// Short links by their target.
    pub links: BTreeMap<String, String>,
    /// Whether what was not given out yet is marked instead of shown, so that [`Grants::fill`] can put it in.
    pub marks: bool,
}

/// Stands before the name of a pool, before a target, and behind both: of a plane that no text has.
const MARKS: [char; 3] = ['\u{f0000}', '\u{f0001}', '\u{f0002}'];

impl Grants {
    /// Grants of nothing: what a text asks for is marked.
    pub fn marks() -> Self {
        Self { marks: true, ..Self::default() }
    }

    /// Puts what was given out into a text that was rendered with marks. `None` if a filter changed a mark: then the text
    /// is to be rendered again.
    pub fn fill(&self, rendered: &Rendered) -> Option<String> {
        let [coupon, link, end] = MARKS;
        let mut text = rendered.text.clone();
        for (start, asked, granted) in
            [(coupon, &rendered.coupons, &self.coupons), (link, &rendered.links, &self.links)]
        {
            for what in asked {
                text = text.replace(&format!("{start}{what}{end}"), granted.get(what)?);
            }
        }
        (!text.contains(MARKS)).then_some(text)
    }
}

/// A text for one contact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// The text.
    pub text: String,
    /// The coupon pools that it takes a code from; those without a grant are shown with a stand-in.
    pub coupons: BTreeSet<String>,
    /// The targets that it links to; those without a grant are shown in full.
    pub links: BTreeSet<String>,
}

/// Why a contact gets no text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Skip {
    /// A field is missing and has no fallback.
    #[error("the contact has no {0}, and the template has no fallback for it")]
    Missing(String),
    /// The text would be empty.
    #[error("the text is empty")]
    Empty,
    /// The text would be too long, or takes too much work.
    #[error("the text grows beyond {TEXT_SIZE_BYTES_MAX} octets or {FUEL} steps")]
    TooLarge,
    /// The template does not fit the value that the contact has.
    #[error("{0}")]
    Wrong(String),
}

/// The sources that the engine has read so far, so that each is read once for all contacts. What is here follows from the
/// sources: any two are equal.
#[derive(Debug, Clone, Default)]
pub struct Compiled(Arc<Mutex<BTreeMap<String, Arc<Environment<'static>>>>>);

impl PartialEq for Compiled {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Compiled {}

/// The one template of an environment.
const TEXT: &str = "text";

impl Compiled {
    fn of(&self, source: &str) -> Result<Arc<Environment<'static>>, Error> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(environment) = known.get(source) {
            return Ok(Arc::clone(environment));
        }
        let mut environment = environment();
        environment.add_template_owned(TEXT, source.to_owned())?;
        let environment = Arc::new(environment);
        known.insert(source.to_owned(), Arc::clone(&environment));
        Ok(environment)
    }
}

/// The values as the engine asks for them; it remembers which one it asked for in vain.
#[derive(Debug)]
struct Context {
    values: BTreeMap<String, Value>,
    /// Where the others are.
    fields: Option<Fields>,
    /// Goes in front of names in reasons.
    prefix: &'static str,
    missed: Arc<Mutex<Option<String>>>,
}

impl Object for Context {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let name = key.as_str()?;
        let found = self.values.get(name).cloned().or_else(|| self.fields.as_ref()?.value(name));
        // The engine looks for its functions here first.
        if found.is_none() && !(self.prefix.is_empty() && FUNCTIONS.contains(&name)) {
            *self.missed.lock().unwrap_or_else(PoisonError::into_inner) = Some(format!("{}{name}", self.prefix));
        }
        found
    }
}

/// What was granted, and what a text asked for.
#[derive(Debug)]
struct Asked {
    grants: Grants,
    coupons: Mutex<BTreeSet<String>>,
    links: Mutex<BTreeSet<String>>,
}

impl Object for Asked {}

impl Asked {
    /// By which name the functions look it up among the fields; no template can write it.
    const NAME: &'static str = "(asked)";

    fn coupon(&self, pool: &str) -> String {
        let [start, _, end] = MARKS;
        keep(&self.coupons, pool);
        match self.grants.coupons.get(pool) {
            Some(code) => code.clone(),
            None if self.grants.marks => format!("{start}{pool}{end}"),
            None => CODE.to_owned(),
        }
    }

    fn link(&self, target: &str) -> String {
        let [_, start, end] = MARKS;
        keep(&self.links, target);
        match self.grants.links.get(target) {
            Some(address) => address.clone(),
            None if self.grants.marks => format!("{start}{target}{end}"),
            None => target.to_owned(),
        }
    }
}

fn keep(asked: &Mutex<BTreeSet<String>>, what: &str) {
    asked.lock().unwrap_or_else(PoisonError::into_inner).insert(what.to_owned());
}

/// A function of templates that gives out what was granted.
fn give(environment: &mut Environment<'_>, name: &'static str, of: fn(&Asked, &str) -> String) {
    environment.add_function(name, move |state: &State<'_, '_>, what: &Value| {
        let what = filters::text_of(what, name)?;
        let asked = state.lookup(Asked::NAME);
        let asked = asked.as_ref().and_then(Value::downcast_object_ref::<Asked>);
        let asked = asked.ok_or_else(|| Error::new(ErrorKind::InvalidOperation, "nothing can be given out here"))?;
        Ok::<_, Error>(of(asked, what))
    });
}

/// An environment with nothing but our filters and functions.
fn environment() -> Environment<'static> {
    let mut environment = Environment::empty();
    environment.set_undefined_behavior(UndefinedBehavior::SemiStrict);
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    environment.set_fuel(Some(FUEL));
    environment.set_recursion_limit(16);
    filters::add(&mut environment);
    let [coupon, link] = FUNCTIONS;
    give(&mut environment, coupon, Asked::coupon);
    give(&mut environment, link, Asked::link);
    environment
}

/// The names that a source uses, if the engine can read it at all.
///
/// # Errors
/// What the engine says, with the line.
pub fn used(source: &str) -> Result<BTreeSet<String>, String> {
    let environment = environment();
    let template = environment.template_from_str(source).map_err(|error| told(&error))?;
    Ok(template.undeclared_variables(false).into_iter().collect())
}

fn told(error: &Error) -> String {
    let detail = error.detail().map_or_else(|| error.kind().to_string(), str::to_owned);
    error.line().map_or_else(|| detail.clone(), |line| format!("line {line}: {detail}"))
}

/// Renders `source`. `fallbacks` stand in for missing fields.
///
/// # Errors
/// Why the contact gets no text.
pub fn render(
    compiled: &Compiled,
    source: &str,
    fields: &Fields,
    fallbacks: &BTreeMap<String, String>,
    grants: &Grants,
) -> Result<Rendered, Skip> {
    let wrong = |error: Error| Skip::Wrong(told(&error));
    let environment = compiled.of(source).map_err(wrong)?;
    let template = environment.get_template(TEXT).map_err(wrong)?;
    let missed = Arc::new(Mutex::new(None));
    let asked = Arc::new(Asked { grants: grants.clone(), coupons: Mutex::default(), links: Mutex::default() });
    let context = context(fields, fallbacks, &asked, &missed);
    let mut text = Capped(Vec::new());
    if let Err(error) = template.render_captured_to(context, &mut text) {
        return Err(skip(&error, &missed));
    }
    let text = String::from_utf8_lossy(&text.0).trim().to_owned();
    if text.is_empty() {
        return Err(Skip::Empty);
    }
    let taken = |asked: &Mutex<BTreeSet<String>>| asked.lock().unwrap_or_else(PoisonError::into_inner).clone();
    Ok(Rendered { text, coupons: taken(&asked.coupons), links: taken(&asked.links) })
}

fn context(
    fields: &Fields,
    fallbacks: &BTreeMap<String, String>,
    asked: &Arc<Asked>,
    missed: &Arc<Mutex<Option<String>>>,
) -> Value {
    let mut fields = fields.clone();
    let (mut attributes, mut event) = (mem::take(&mut fields.attributes), mem::take(&mut fields.event));
    let manner = Manner { locale: fields.locale.clone(), currency: fields.currency.clone(), zone: fields.zone.clone() };
    let mut values = BTreeMap::from([
        (Manner::NAME.to_owned(), Value::from_object(manner)),
        (Asked::NAME.to_owned(), Value::from_dyn_object(Arc::clone(asked))),
    ]);
    for (name, fallback) in fallbacks {
        let value = || Value::from(fallback.as_str());
        match name.split_once('.') {
            Some((fields::ATTRIBUTE, name)) => drop(attributes.entry(name.to_owned()).or_insert_with(value)),
            Some((fields::EVENT, name)) => drop(event.entry(name.to_owned()).or_insert_with(value)),
            Some(_) | None if fields.value(name).is_none() => drop(values.insert(name.clone(), value())),
            Some(_) | None => {}
        }
    }
    for (name, of, prefix) in [(fields::EVENT, event, "event."), (fields::ATTRIBUTE, attributes, "attribute.")] {
        let object = Context { values: of, fields: None, prefix, missed: Arc::clone(missed) };
        values.insert(name.to_owned(), Value::from_object(object));
    }
    Value::from_object(Context { values, fields: Some(fields), prefix: "", missed: Arc::clone(missed) })
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the engine may learn of further mistakes")]
fn skip(error: &Error, missed: &Mutex<Option<String>>) -> Skip {
    match error.kind() {
        ErrorKind::UndefinedError => {
            let missed = missed.lock().unwrap_or_else(PoisonError::into_inner).clone();
            Skip::Missing(missed.unwrap_or_else(|| "value".to_owned()))
        }
        ErrorKind::OutOfFuel | ErrorKind::WriteFailure => Skip::TooLarge,
        _ => Skip::Wrong(told(error)),
    }
}

/// Takes no more than a text may have.
struct Capped(Vec<u8>);

impl io::Write for Capped {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        if self.0.len() + octets.len() > TEXT_SIZE_BYTES_MAX {
            return Err(io::Error::other("the text is too long"));
        }
        self.0.extend_from_slice(octets);
        Ok(octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
