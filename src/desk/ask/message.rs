//! Would a message to this person pass now? The gates are asked, with a message that was never sent.

use std::sync::Arc;

use super::super::Desk;
use super::super::asked::Asked;
use super::draft::{Draft, VerdictAnswer, judge};
use super::{clear, search};
use crate::answers::{Problem, ProblemKind};

/// # Errors
/// A field is wrong, or no gate answers.
pub(in crate::desk) async fn answer(
    desk: &Arc<Desk>,
    asked: &Asked,
) -> Result<VerdictAnswer, Problem> {
    let known = ["channel", "purpose", "category", "brand", "controller", "jurisdiction", "csrf"];
    asked.body.only(&known)?;
    let person = search::of_handle(desk, asked)?;
    let draft = Draft::read(&asked.body)?;
    let clear = clear::read(desk, &person).await?;
    let verdicts = judge(desk, &clear, std::slice::from_ref(&draft)).await?;
    let none = || Problem::new(ProblemKind::Unavailable, "the gate has not answered about it");
    verdicts.into_iter().next().ok_or_else(none)
}
