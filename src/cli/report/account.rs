//! What a report of affected messages says: a table and sentences, or one object.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use gate_core::{Channel, PolicySet};
use serde_json::{Value, json};

use super::duty::{self, Clock, Duty};
use super::found::Found;
use super::question::{Arguments, Question};
use super::window::Window;
use super::{ExitCode, Failure, one_line, output};
use crate::config::Config;
use crate::headers::rfc3339;

/// Rules or packs that are listed when none was the one asked for.
const HINTS_MAX: usize = 20;

/// The answer, and what is needed to say it.
pub(super) struct Account<'r> {
    pub(super) question: &'r Question,
    pub(super) config: &'r Config,
    pub(super) found: &'r Found,
}

impl Account<'_> {
    pub(super) fn print(&self, arguments: &Arguments, policies: &PolicySet) -> Result<(), Failure> {
        let (duties, without) =
            duty::duties(policies.packs(), self.found.packs.iter(), self.question.clock);
        let missing = self.missing();
        if arguments.json {
            output::print_json(&self.json(arguments, (&duties, &without), &missing))?;
        } else {
            output::print(&self.text(arguments))?;
            output::print(&self.text_of_duties(&duties, &without))?;
        }
        for hint in self.hints() {
            output::note(&hint);
        }
        if missing.is_empty() {
            return Ok(());
        }
        let reason = format!("THIS REPORT MAY LACK SOMETHING:\n  {}", missing.join("\n  "));
        Err(Failure::new(ExitCode::No, reason))
    }

    fn topics(&self) -> [&str; 1] {
        [self.config.topics.outputs.decision_log.as_str()]
    }

    /// Why the report may not be all of it.
    fn missing(&self) -> Vec<String> {
        let found = self.found;
        let mut missing = found.lack.say(self.question.window.from);
        if found.n_without_recipient > 0 {
            missing.push(format!(
                "{} counted without recipient: the log names none, as of what was lost in part",
                found.n_without_recipient
            ));
        }
        missing
    }

    /// What explains the answer without changing it.
    fn hints(&self) -> Vec<String> {
        let (found, filter) = (self.found, &self.question.filter);
        let mut hints = Vec::new();
        if !self.question.window.is_over(self.question.clock.now) {
            hints.push("the window is not over yet: run it again when it is".to_owned());
        }
        if found.tally.n_messages > 0 || found.met.n == 0 {
            return hints;
        }
        let asked = [(&filter.rule, &found.met.rules), (&filter.pack, &found.met.packs)];
        for (_, names) in asked.into_iter().filter(|(wanted, _)| wanted.is_some()) {
            let met: Vec<String> = names.iter().take(HINTS_MAX).map(one_line).collect();
            hints
                .push(format!("no decision of the window is meant; there are: {}", met.join(", ")));
        }
        hints
    }

    fn recipients(&self) -> String {
        let recipients = &self.found.recipients;
        let more = if recipients.is_exact() { "" } else { "more than " };
        format!(
            "{more}{} (different addresses, or contact ids where no address is known)",
            recipients.n()
        )
    }

    fn text(&self, arguments: &Arguments) -> String {
        let (question, found) = (self.question, self.found);
        let Window { from, to } = question.window;
        let filter = question.filter.describe();
        let mut head = vec![
            ["window".to_owned(), format!("{from} to {to}, record time")],
            ["read".to_owned(), self.topics().join(", ")],
            ["only".to_owned(), if filter.is_empty() { "-".to_owned() } else { one_line(&filter) }],
            ["messages".to_owned(), found.tally.n_messages.to_string()],
            ["recipients".to_owned(), self.recipients()],
        ];
        if found.n_probe > 0 {
            let probe = format!("{} of the synthetic probe, which is nobody", found.n_probe);
            head.push(["left out".to_owned(), probe]);
        }
        if let Some(path) = &arguments.out {
            head.push(["lines in".to_owned(), path.display().to_string()]);
        }
        let mut text = String::new();
        for [name, value] in head {
            // writing to a String cannot fail, here and below
            writeln!(text, "{name:<12}{value}").ok();
        }
        let rows = found.tally.cells().map(|(cell, n)| {
            let (channel, outcome) = (cell.channel.unwrap_or("-"), cell.outcome);
            let place = cell.jurisdiction().to_owned();
            [cell.day.to_string(), place, channel.to_owned(), outcome.to_owned(), n.to_string()]
        });
        text.push('\n');
        text.push_str(&output::table(
            ["DAY", "JURISDICTION", "CHANNEL", "OUTCOME", "MESSAGES"],
            rows,
        ));
        text.push_str(
            "\nDays are those of UTC. A message counts in each jurisdiction it was judged for.\n",
        );
        if found.tally.n_beyond > 0 {
            let n = found.tally.n_beyond;
            writeln!(text, "{n} messages have no row: there are too many. They are in the total.")
                .ok();
        }
        text
    }

    fn text_of_duties(&self, duties: &[Duty], without: &[String]) -> String {
        let Clock { aware_at, .. } = self.question.clock;
        let mut text = format!(
            "Duties to notify of the packs concerned; known since {}\n\n",
            rfc3339(aware_at)
        );
        if duties.is_empty() && without.is_empty() {
            text.push_str("none: no decision is meant\n");
            return text;
        }
        let rows = duties.iter().map(|duty| {
            let deadline = duty.deadline.map_or_else(|| "-".to_owned(), rfc3339);
            let authority = one_line(&duty.authority);
            let left = duty.left.say();
            [duty.pack.clone(), authority, duty::within(duty.within), deadline, left]
        });
        text.push_str(&output::table(["PACK", "AUTHORITY", "WITHIN", "DEADLINE", "CLOCK"], rows));
        for duty in duties {
            writeln!(text, "\n{}, {}", duty.pack, one_line(&duty.authority)).ok();
            let status = duty.status.join(", ");
            let sources = duty.sources.join("; ");
            for (name, value) in [
                ("applies", &duty.threshold),
                ("persons", &duty.persons),
                ("law", &duty.law),
                ("status", &status),
                ("source", &sources),
            ] {
                let value = if value.is_empty() { "the pack does not say" } else { value.as_str() };
                writeln!(text, "  {name:<9}{value}").ok();
            }
        }
        if !without.is_empty() {
            let codes: Vec<String> = without.iter().map(|code| one_line(code)).collect();
            let codes = codes.join(", ");
            writeln!(text, "\nThe packs at hand name no duty for {codes}: that is no answer. Ask who answers for the law there.").ok();
        }
        text.push_str(
            "\nPacks are an engineering reference, not legal advice; the clock counts exact hours.\n",
        );
        text
    }

    fn json(
        &self,
        arguments: &Arguments,
        (duties, without): (&[Duty], &[String]),
        missing: &[String],
    ) -> Value {
        let (question, found) = (self.question, self.found);
        let filter = &question.filter;
        let counts: Vec<Value> = found.tally.cells().map(|(cell, n)| cell.json(n)).collect();
        let unreadable: BTreeMap<&str, u64> =
            found.lack.unreadable.iter().map(|(class, n)| (class.as_str(), *n)).collect();
        let recipients =
            json!({"n": found.recipients.n(), "is_exact": found.recipients.is_exact()});
        json!({
            "from": question.window.from.to_string(), "to": question.window.to.to_string(),
            "is_over": question.window.is_over(question.clock.now), "topics": self.topics(),
            "only": {
                "rule": filter.rule, "pack": filter.pack, "reason": filter.reason,
                "channel": filter.channel.map(Channel::as_str),
            },
            "messages": found.tally.n_messages, "recipients": recipients, "counts": counts,
            "messages_without_row": found.tally.n_beyond, "probe_left_out": found.n_probe,
            "unreadable": unreadable, "unreadable_at": found.lack.places,
            "without_recipient": found.n_without_recipient,
            "aware_at": rfc3339(question.clock.aware_at), "now": rfc3339(question.clock.now),
            "duties": duties.iter().map(Duty::json).collect::<Vec<_>>(), "packs_without_duty": without,
            "is_complete": missing.is_empty(), "may_lack": missing,
            "out": arguments.out.as_ref().map(|path| path.display().to_string()),
        })
    }
}
