//! `consent-gate report affected`: who was written to under a rule that turned out wrong, or inside a breach window.
//!
//! Counts go to standard output, a line for each message with hashed recipients to a file, the duties to notify below. Nothing
//! grows with the number of messages but that file.

use crate::exit::OrFail as _;
use indicatif::ProgressBar;

use super::account::Account;
use super::found::Found;
use super::lines::Lines;
use super::question::{Arguments, Question};
use super::{ExitCode, Failure, output};
use crate::config::Config;
use crate::decisions::lack::Lack;
use crate::decisions::survey::Survey;
use crate::kafka::preflight::preflight;
use crate::policies::PolicySource;

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let question = Question::of(arguments)?;
    let config = arguments.file.load()?;
    let policies = PolicySource::of(&config.policies).load().or_fail(ExitCode::Config)?;
    preflight(&config)?.require(&config.topics.outputs.decision_log)?;
    let mut lines = arguments.out.as_deref().map(Lines::create).transpose()?;
    let spinner = output::spinner("reading decisions");
    let found = collect(&config, &question, lines.as_mut(), &spinner)
        .and_then(|found| lines.as_mut().map_or(Ok(()), Lines::finish).map(|()| found));
    spinner.finish_and_clear();
    let found = match found {
        Ok(found) => found,
        Err(failure) => {
            lines.iter().for_each(Lines::remove);
            return Err(failure);
        }
    };
    let account = Account { question: &question, config: &config, found: &found };
    account.print(arguments, &policies)
}

fn collect(
    config: &Config,
    question: &Question,
    mut lines: Option<&mut Lines>,
    spinner: &ProgressBar,
) -> Result<Found, Failure> {
    let (mut found, mut lack) = (Found::default(), Lack::default());
    let survey = Survey { config, window: question.window, spinner };
    survey.visit(&mut lack, &mut |seen, lack| {
        found.take(question, seen, lack, lines.as_deref_mut())
    })?;
    found.lack = lack;
    Ok(found)
}
