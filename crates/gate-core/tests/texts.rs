//! Precision and recall of reading refusals, over texts written for it. `texts/tuned.tsv` was looked at while the
//! reader was made, `texts/held-out.tsv` only at the end. A text labelled `review` may be read as anything that
//! permits nothing. `TEXTS_SHOW=tuned` prints what is read otherwise than labelled.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    reason = "a test"
)]

use gate_core::{Keyword, classify};

struct Labelled {
    label: Keyword,
    text: String,
}

fn labelled(tsv: &str) -> Vec<Labelled> {
    let lines = tsv.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|line| {
            let (label, text) = line.split_once('\t').unwrap_or_else(|| panic!("no tab: {line}"));
            Labelled { label: keyword(label), text: unescaped(text) }
        })
        .collect()
}

fn keyword(label: &str) -> Keyword {
    match label {
        "stop" => Keyword::Stop,
        "stop_all" => Keyword::StopAll,
        "start" => Keyword::Start,
        "yes" => Keyword::Yes,
        "help" => Keyword::Help,
        "review" => Keyword::Review,
        "none" => Keyword::None,
        label => panic!("no label: {label}"),
    }
}

fn unescaped(text: &str) -> String {
    let mut out = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match chars.next().unwrap() {
            'n' => out.push('\n'),
            'r' => out.push('\r'),
            't' => out.push('\t'),
            'u' => {
                let hex: String = chars.by_ref().skip(1).take_while(|c| *c != '}').collect();
                out.push(char::from_u32(u32::from_str_radix(&hex, 16).unwrap()).unwrap());
            }
            c => out.push(c),
        }
    }
    out
}

fn refuses(keyword: Keyword) -> bool {
    matches!(keyword, Keyword::Stop | Keyword::StopAll)
}

fn permits(keyword: Keyword) -> bool {
    matches!(keyword, Keyword::Start | Keyword::Yes)
}

#[derive(Debug)]
struct Score {
    n_texts: usize,
    n_refusals: usize,
    precision: f64,
    recall: f64,
    /// With those that a person will look at.
    recall_reviewed: f64,
    /// Texts labelled `none` that a person will look at for nothing.
    reviewed_for_nothing: f64,
}

fn score(name: &str, texts: &[Labelled]) -> Score {
    let show = std::env::var("TEXTS_SHOW").is_ok_and(|shown| shown == name);
    let (mut right, mut wrong, mut missed, mut reviewed, mut nothing) = (0, 0, 0, 0, 0);
    for Labelled { label, text } in texts {
        let read = classify(text);
        assert!(!permits(read) || read == *label, "a permission nobody gave: {text:?} is {read:?}");
        if show && read != *label && *label != Keyword::Review {
            println!("{label:?} read as {read:?}: {text:?}");
        }
        match (refuses(*label), refuses(read)) {
            (true, true) => right += 1,
            (true, false) if read == Keyword::Review => reviewed += 1,
            (true, false) => missed += 1,
            (false, true) if *label != Keyword::Review => wrong += 1,
            (false, _) => {
                nothing += usize::from(*label == Keyword::None && read == Keyword::Review)
            }
        }
    }
    let n_refusals = right + missed + reviewed;
    let n_none = texts.iter().filter(|text| text.label == Keyword::None).count();
    let share = |part: usize, whole: usize| part as f64 / whole as f64;
    Score {
        n_texts: texts.len(),
        n_refusals,
        precision: share(right, right + wrong),
        recall: share(right, n_refusals),
        recall_reviewed: share(right + reviewed, n_refusals),
        reviewed_for_nothing: share(nothing, n_none),
    }
}

/// The figures reached, rounded: a change that loses a text must say so here.
fn check(name: &str, tsv: &str, floor: &Score) {
    let texts = labelled(tsv);
    let score = score(name, &texts);
    println!("{name}: {score:#?}");
    assert!(score.n_texts >= floor.n_texts && score.n_refusals >= floor.n_refusals, "{score:?}");
    assert!(score.precision >= floor.precision, "{score:?}");
    assert!(score.recall >= floor.recall, "{score:?}");
    assert!(score.recall_reviewed >= floor.recall_reviewed, "{score:?}");
    assert!(score.reviewed_for_nothing <= floor.reviewed_for_nothing, "{score:?}");
}

#[test]
fn texts_the_reader_was_made_with() {
    let floor = Score {
        n_texts: 2_839,
        n_refusals: 1_751,
        precision: 0.999,
        recall: 0.998,
        recall_reviewed: 0.999,
        reviewed_for_nothing: 0.016,
    };
    check("tuned", include_str!("texts/tuned.tsv"), &floor);
}

#[test]
fn texts_held_out_until_the_end() {
    let floor = Score {
        n_texts: 449,
        n_refusals: 330,
        precision: 0.996,
        recall: 0.993,
        recall_reviewed: 0.999,
        reviewed_for_nothing: 0.022,
    };
    check("held-out", include_str!("texts/held-out.tsv"), &floor);
}

/// Single readings that the figures above would hide.
#[test]
fn texts_that_a_person_should_read() {
    for (text, expected) in [
        // nothing but somebody else's words
        ("> STOP", Keyword::Review),
        ("STOP", Keyword::Stop),
        // a sign without a word
        ("🛑", Keyword::Review),
        ("✋", Keyword::Review),
        ("🙂", Keyword::None),
        // letters apart, and a word that is none of them
        ("s.t.o.p", Keyword::Stop),
        ("t.e.n.t", Keyword::None),
    ] {
        assert_eq!(classify(text), expected, "{text}");
    }
}

/// Every text that is read otherwise than labelled, and as what (`misread.tsv`): the figures above let some change
/// places, this lets none. `UPDATE_GOLDEN=1` writes what is read now; look at the difference.
#[test]
fn every_text_is_read_as_before() {
    let files = [include_str!("texts/tuned.tsv"), include_str!("texts/held-out.tsv")];
    let mut misread = String::from(
        "# What is read otherwise than labelled. read TAB label TAB text; written by `UPDATE_GOLDEN=1`.\n",
    );
    for Labelled { label, text } in files.into_iter().flat_map(labelled) {
        let read = classify(&text);
        if read != label {
            misread += &format!("{read:?}\t{label:?}\t{}\n", text.escape_debug());
        }
    }
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/texts/misread.tsv");
        std::fs::write(path, &misread).unwrap();
    }
    let known: Vec<&str> = include_str!("texts/misread.tsv").lines().collect();
    for line in misread.lines() {
        assert!(known.contains(&line), "read otherwise than before: {line}");
    }
    assert_eq!(
        misread.lines().count(),
        known.len(),
        "some are read as labelled now: UPDATE_GOLDEN=1"
    );
}
