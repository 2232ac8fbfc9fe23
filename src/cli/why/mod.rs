//! `postrider why ID`: tells a message's story to a technician, from the rows alone.
//!
//! It reads on a connection that cannot write, so it may be asked while the daemon runs. Numbers are masked and texts
//! left out unless `--full` asks for them. A daemon that runs adds what passed over the message's links meanwhile.

mod dialogue;
mod inbound;
mod pdus;
mod story;

use std::process::ExitCode;

use anyhow::bail;

use super::database::Which;
use super::out;
use crate::model::MessageId;
use crate::store::{callback, event, message, submission};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The id of a message, or of one that came in
    id: MessageId,
    #[command(flatten)]
    which: Which,
    /// Show numbers and texts whole
    #[arg(long)]
    full: bool,
}

pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let settings = args.which.settings()?;
    let connection = args.which.read(settings.as_ref())?;
    let callbacks = callback::of(&connection, args.id)?;
    let mut story = story::Story::new(args.full);
    if let Some(view) = message::view(&connection, args.id)? {
        let (events, submissions) = (event::of(&connection, args.id)?, submission::of(&connection, args.id)?);
        story.message(&view);
        story.timeline(args.id, view.head.state, &events);
        story.submissions(&submissions);
        pdus::tell(&mut story, &view, &submissions, settings.as_ref());
        dialogue::tell(&mut story, &args.which, &events, &submissions);
    } else if let Some(message) = inbound::find(&connection, args.id)? {
        inbound::tell(&mut story, &message, inbound::copies(&connection, args.id)?);
    } else {
        bail!(
            "there is no message {}; it would be from {}. Finished messages are removed after store.retention_days",
            args.id,
            super::time::local(args.id.given_at())
        );
    }
    story.callbacks(&callbacks);
    for line in story.lines() {
        out::line(line)?;
    }
    Ok(ExitCode::SUCCESS)
}
