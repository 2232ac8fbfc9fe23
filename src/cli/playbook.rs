//! `postrider playbook`: lists, shows, checks, previews, installs and removes playbooks.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, anyhow, bail, ensure};
use clap::Subcommand;
use serde_json::json;

use super::database::Which;
use super::out;
use crate::campaign::playbook::{self, BUILT_IN, Missing, Playbook, Values, sample};
use crate::campaign::template::Fields;
use crate::campaign::texts::Texts;
use crate::campaign::workflow::file::Mistake;
use crate::daemon::now;
use crate::model::PhoneNumber;
use crate::pipeline::playbook::{self as stage, Outcome, Wanted};
use crate::pipeline::{Settings, Turn};
use crate::store::campaign::{contact, playbook as table, point};

#[derive(Debug, Subcommand)]
pub enum Command {
    /// List the playbooks, and which of them are installed
    List {
        /// The language of titles: en, ko, th
        #[arg(long, default_value = "en")]
        language: String,
        #[command(flatten)]
        which: Which,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Show what a playbook does, what it brings, and what can be set
    Show {
        /// The playbook's name, or a file
        name: String,
        /// The language: en, ko, th
        #[arg(long, default_value = "en")]
        language: String,
        /// Print the file itself, to start one of your own from
        #[arg(long)]
        file: bool,
    },
    /// Look a playbook file over: every mistake with its line
    Check {
        /// The file
        file: PathBuf,
        /// A parameter's value: name=value, or name.ko=value for one language
        #[arg(long, value_name = "NAME=VALUE")]
        set: Vec<String>,
    },
    /// Show the texts of a playbook as somebody would read them
    Preview {
        /// The playbook's name, or a file
        name: String,
        /// A contact of the database; two people that are made up if absent
        #[arg(long, value_name = "NUMBER")]
        contact: Option<PhoneNumber>,
        /// The language of the made-up people: en, ko, th
        #[arg(long, default_value = "en")]
        language: String,
        /// A parameter's value: name=value, or name.ko=value for one language
        #[arg(long, value_name = "NAME=VALUE")]
        set: Vec<String>,
        #[command(flatten)]
        which: Which,
    },
    /// Bring a playbook into the database, or up to date; what was changed by hand stays
    Install {
        /// The playbook's name, or a file
        name: String,
        /// A parameter's value: name=value, or name.ko=value for one language
        #[arg(long, value_name = "NAME=VALUE")]
        set: Vec<String>,
        /// Let its workflows begin at once
        #[arg(long)]
        activate: bool,
        /// Replace what was changed by hand
        #[arg(long)]
        replace: bool,
        /// The language of the names of segments: en, ko, th
        #[arg(long, default_value = "en")]
        language: String,
        #[command(flatten)]
        which: Which,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Take a playbook out of the database, if nobody is in its workflows; what was changed by hand stays
    Remove {
        /// The playbook's name
        name: String,
        #[command(flatten)]
        which: Which,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

pub fn run(command: &Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::List { language, which, json } => list(language, which, *json)?,
        Command::Show { name, file: true, .. } => out::line(text_of(name)?.trim_end())?,
        Command::Show { name, language, .. } => show(name, language)?,
        Command::Check { file, set } => return check(file, set),
        Command::Preview { name, contact, language, set, which } => {
            preview(name, contact.as_ref(), language, set, which)?;
        }
        Command::Install { name, set, activate, replace, language, which, json } => {
            let (text, values) = (text_of(name)?, values_of(set)?);
            let playbook = read(name, &text, &values)?;
            if let Err(Missing(missing)) = playbook.outline.is_set(&values) {
                let wanted: Vec<String> = missing.iter().map(|name| format!("--set {name}=…")).collect();
                bail!("the playbook needs the shop's own {}: {}", missing.join(", "), wanted.join(" "))
            }
            let (replace, activate) = (*replace, *activate);
            let wanted = Wanted { playbook: &playbook, text: &text, values: &values, language, replace, activate };
            let (mut database, settings) = (which.open()?, Settings::default());
            let outcome = database.write(|tx| stage::install(&Turn::new(tx, &settings, now()), &wanted))?;
            told(&outcome, *json)?;
            if !json && !activate {
                out::line("Its workflows do not begin yet: --activate, or postrider workflow activate NAME")?;
            }
        }
        Command::Remove { name, which, json } => {
            let (mut database, settings) = (which.open()?, Settings::default());
            let outcome = database.write(|tx| stage::remove(&Turn::new(tx, &settings, now()), name))?;
            told(&outcome.map_err(|why| anyhow!("{why}"))?, *json)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The text of a playbook that comes with the program, or of a file.
fn text_of(name: &str) -> anyhow::Result<String> {
    if let Some(file) = playbook::built_in(name) {
        return Ok(file.text.to_owned());
    }
    ensure!(
        name.contains(['/', '.']),
        "there is no playbook \"{name}\"; postrider playbook list shows all, and a file is named with its path"
    );
    std::fs::read_to_string(name).with_context(|| format!("cannot read {name}"))
}

fn values_of(set: &[String]) -> anyhow::Result<Values> {
    let mut values = Values::default();
    set.iter().try_for_each(|typed| values.set(typed)).map_err(|why| anyhow!("--set: {why}"))?;
    Ok(values)
}

fn read(name: &str, text: &str, values: &Values) -> anyhow::Result<Playbook> {
    playbook::read(text, values).map_err(|mistakes| anyhow!("{name}:\n{}", lines(&mistakes)))
}

fn lines(mistakes: &[Mistake]) -> String {
    mistakes.iter().map(|mistake| format!("  {mistake}")).collect::<Vec<_>>().join("\n")
}

fn words<'t>(texts: &'t Texts, language: &str) -> &'t str {
    texts.source(language.parse().ok().as_ref()).1
}

fn list(language: &str, which: &Which, json: bool) -> anyhow::Result<()> {
    // Without a database nothing is installed, and the list is still of use.
    let path = which.settings().ok().map(|settings| which.path(settings.as_ref()));
    let installed = match path.filter(|path| path.exists()) {
        Some(_) => table::list(&which.read(which.settings()?.as_ref())?)?,
        None => Vec::new(),
    };
    let mut rows = vec![["name", "title", "installed"].map(str::to_owned)];
    for file in BUILT_IN {
        let outline =
            playbook::outline(file.text).map_err(|mistakes| anyhow!("{}:\n{}", file.name, lines(&mistakes)))?;
        let stored = installed.iter().find(|stored| stored.name == outline.name);
        let since = stored.map(|stored| stored.changed_at.to_string());
        if json {
            out::line(
                json!({ "name": outline.name, "title": outline.title, "about": outline.about, "installed_at": since }),
            )?;
        }
        rows.push([outline.name, words(&outline.title, language).to_owned(), since.unwrap_or_default()]);
    }
    if !json {
        out::columns(&rows).iter().try_for_each(|row| out::line(row.trim_end()))?;
    }
    Ok(())
}

fn show(name: &str, language: &str) -> anyhow::Result<()> {
    let playbook = read(name, &text_of(name)?, &Values::default())?;
    let outline = &playbook.outline;
    out::line(format_args!("{}: {}", outline.name, words(&outline.title, language)))?;
    out::line(words(&outline.about, language))?;
    out::gap()?;
    let mut rows = vec![["parameter", "default", "about"].map(str::to_owned)];
    for (name, parameter) in &outline.parameters {
        let default = match (&parameter.default, parameter.required) {
            (_, true) => "(needed)".to_owned(),
            (serde_json::Value::String(text), _) => text.clone(),
            (serde_json::Value::Object(texts), _) => texts
                .get(language)
                .or_else(|| texts.get("en"))
                .and_then(|text| text.as_str())
                .unwrap_or_default()
                .to_owned(),
            (other, _) => other.to_string(),
        };
        rows.push([name.clone(), default, words(&parameter.about, language).to_owned()]);
    }
    out::columns(&rows).iter().try_for_each(|row| out::line(row.trim_end()))?;
    out::gap()?;
    let mut rows = vec![["brings", "name"].map(str::to_owned)];
    rows.extend(playbook.assets.iter().map(|asset| [asset.definition.kind().to_owned(), asset.name.clone()]));
    out::columns(&rows).iter().try_for_each(|row| out::line(row.trim_end()))?;
    Ok(())
}

fn check(file: &std::path::Path, set: &[String]) -> anyhow::Result<ExitCode> {
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    match playbook::read(&text, &values_of(set)?) {
        Ok(playbook) => {
            let parts = out::count(playbook.assets.len(), "part");
            out::line(format_args!("{}: {parts}, no mistakes", file.display()))?;
            Ok(ExitCode::SUCCESS)
        }
        Err(mistakes) => {
            for mistake in &mistakes {
                out::line(format_args!("{}, {mistake}", file.display()))?;
            }
            Ok(ExitCode::FAILURE)
        }
    }
}

fn preview(
    name: &str,
    contact: Option<&PhoneNumber>,
    language: &str,
    set: &[String],
    which: &Which,
) -> anyhow::Result<()> {
    let playbook = read(name, &text_of(name)?, &values_of(set)?)?;
    let people: Vec<(String, Fields)> = match contact {
        Some(number) => vec![(number.to_string(), known(number, which)?)],
        None => {
            let friend = sample::friend(language).map(|fields| ("somebody of whom all is known".to_owned(), fields));
            let stranger =
                sample::stranger(language).map(|fields| ("somebody of whom nothing is known".to_owned(), fields));
            friend.into_iter().chain(stranger).collect()
        }
    };
    for (template, of) in playbook.templates() {
        out::line(template)?;
        for (who, fields) in &people {
            let language = fields.locale.as_ref().map_or(language, |locale| locale.language());
            match sample::render(fields.clone(), |fields, grants| of.render(fields, grants)) {
                Ok(rendered) => {
                    let segments = out::count(sample::segments(&rendered.text, language), "segment");
                    out::line(format_args!("  {who} ({segments}): {}", rendered.text.replace('\n', "\n    ")))?;
                }
                Err(skip) => out::line(format_args!("  {who} gets none: {skip}"))?,
            }
        }
    }
    Ok(())
}

/// What is known of a contact of the database.
fn known(number: &PhoneNumber, which: &Which) -> anyhow::Result<Fields> {
    let settings = which.settings()?;
    let connection = which.read(settings.as_ref())?;
    let Some(stored) = contact::find(&connection, number)? else { bail!("there is no contact {number}") };
    let points = point::of(&connection, stored.id)?;
    let brand = settings.as_ref().and_then(|settings| settings.consent.brand.clone());
    Ok(Fields::of(&stored.contact, &points, now()).with_shop(brand.as_deref()))
}

fn told(outcome: &Outcome, json: bool) -> anyhow::Result<()> {
    if json {
        let asset = |(kind, name, fate): &(String, String, stage::Fate)| json!({ "kind": kind, "name": name, "fate": fate.as_str() });
        out::line(json!({ "assets": outcome.assets.iter().map(asset).collect::<Vec<_>>() }))?;
        return Ok(());
    }
    let row =
        |(kind, name, fate): &(String, String, stage::Fate)| [fate.as_str().to_owned(), kind.clone(), name.clone()];
    let rows: Vec<_> = outcome.assets.iter().map(row).collect();
    out::columns(&rows).iter().try_for_each(|row| out::line(row.trim_end()))?;
    Ok(())
}
