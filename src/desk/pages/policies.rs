//! The policies in force, a pack opened, and differences.

use gate_pages::{
    DiffPage, OpenedPack, Pack, PoliciesPage, Revision, RevisionState, Rule, RuleChange, RuleItem,
    RuleSection, Stretch, Sure,
};

use super::super::ask::decisions::sentence;
use super::super::ask::policies::{PackAnswer, PackPage, PoliciesAnswer, RuleWords};
use super::super::ask::{self};
use super::super::reply::Reply;
use super::Page;
use crate::answers::Problem;

pub(super) async fn all(page: &Page<'_>, code: Option<&str>) -> Result<Reply, Problem> {
    let opened = code.map(|code| ask::policies::pack(page.desk, code)).transpose()?;
    let answer = ask::policies::answer(page.desk).await?;
    let view = PoliciesPage {
        since: since(&answer),
        packs: answer.packs.iter().map(pack).collect(),
        opened: opened.as_ref().map(open),
        revisions: revisions(&answer),
        compare: compare(&answer),
        revision: answer.revision,
    };
    page.ok(view.render(&page.frame, page.language))
}

fn since(answer: &PoliciesAnswer) -> Option<String> {
    let mut revisions = answer.revisions.iter();
    revisions.find(|it| it.revision == answer.revision)?.first_seen.clone()
}

fn sure(status: &[&'static str]) -> Vec<Sure> {
    status.iter().filter_map(|status| Sure::from_code(status)).collect()
}

fn pack(pack: &PackAnswer) -> Pack {
    Pack {
        code: pack.code.clone(),
        name: pack.title.clone(),
        version: pack.version.clone(),
        rules: pack.n_rules as u64,
        sure: sure(&pack.status),
        signed_off: pack.signed_off.clone(),
    }
}

fn open(page: &PackPage) -> OpenedPack {
    OpenedPack {
        code: page.pack.code.clone(),
        name: page.pack.title.clone(),
        rules: page.rules.iter().map(rule).collect(),
    }
}

fn rule(rule: &RuleWords) -> Rule {
    let id = rule.rule.split_once('/').map_or(rule.rule.as_str(), |(_, id)| id);
    let item =
        |text: &String| RuleItem { loud: String::new(), text: sentence(text), cite: String::new() };
    let sections = rule.asks.iter().map(|(title, points)| RuleSection {
        title: (*title).to_owned(),
        items: points.iter().map(item).collect(),
    });
    let days = [
        rule.from.as_ref().map(|at| format!("From {at}.")),
        rule.until.as_ref().map(|at| format!("Until {at}.")),
    ];
    Rule {
        id: id.to_owned(),
        title: sentence(&id.replace('-', " ")).trim_end_matches('.').to_owned(),
        headline: sentence(&rule.channels),
        rest: [sentence(&rule.recipients)]
            .into_iter()
            .chain(days.into_iter().flatten())
            .filter(|it| it != ".")
            .collect::<Vec<_>>()
            .join(" "),
        sections: sections.collect(),
        law: rule.law.clone(),
        sure: sure(&rule.status),
        sources: rule.origins.iter().skip(1).cloned().collect(),
        note: String::new(),
        yaml: String::new(),
    }
}

fn revisions(answer: &PoliciesAnswer) -> Vec<Revision> {
    let older = answer.revisions.iter().skip(1).map(Some).chain(std::iter::once(None));
    let newer = std::iter::once(None).chain(answer.revisions.iter().map(Some));
    answer
        .revisions
        .iter()
        .zip(older)
        .zip(newer)
        .map(|((it, older), newer)| Revision {
            id: it.revision.clone(),
            state: state(answer, &it.revision),
            since: it.first_seen.clone(),
            until: newer.and_then(|newer| newer.first_seen.clone()),
            changed: it.changed.clone(),
            before: older.map(|older| older.revision.clone()),
        })
        .collect()
}

fn state(answer: &PoliciesAnswer, revision: &str) -> RevisionState {
    if revision == answer.revision { RevisionState::InForce } else { RevisionState::Former }
}

fn compare(answer: &PoliciesAnswer) -> Option<(String, String)> {
    let [newest, before, ..] = answer.revisions.as_slice() else { return None };
    Some((before.revision.clone(), newest.revision.clone()))
}

pub(super) async fn diff(page: &Page<'_>) -> Result<Reply, Problem> {
    let listed = ask::policies::answer(page.desk).await?;
    let found = ask::policies::diff(page.desk, page.asked).await?;
    let change = |it: &ask::policies::DifferenceAnswer| {
        let about = [it.channels.join(", "), it.recipients.join(" or ")];
        let about: Vec<String> = about.into_iter().filter(|text| !text.is_empty()).collect();
        let begins = it.begins.as_ref().map(|day| format!("From {day} on.")).unwrap_or_default();
        RuleChange {
            title: sentence(&it.effect).trim_end_matches('.').to_owned(),
            rule: it.jurisdictions.join(", "),
            sentence: [about.join("; "), begins]
                .into_iter()
                .filter(|it| !it.is_empty())
                .collect::<Vec<_>>()
                .join(". "),
            before: Vec::new(),
            after: vec![Stretch { text: it.sentence.clone(), differs: true }],
            effect: None,
        }
    };
    let view = DiffPage {
        from_state: Some(state(&listed, &found.from)),
        to_state: Some(state(&listed, &found.to)),
        revisions: listed.revisions.iter().map(|it| it.revision.clone()).collect(),
        changes: found.differences.iter().map(change).collect(),
        unchanged: Vec::new(),
        from: found.from,
        to: found.to,
    };
    page.ok(view.render(&page.frame, page.language))
}
