//! The dashboards as Grafana reads them.

use crate::source::Dashboard;
use crate::{assert_none, files, names, path, promql, read, stem};
use serde_json::Value;
use std::collections::BTreeSet;

/// Panels Grafana 11 and 12 still have and will keep.
const PANELS: &[&str] = &["row", "timeseries", "stat", "table", "bargauge", "heatmap"];

/// One query of a dashboard.
pub(crate) struct Query {
    /// Dashboard and panel.
    pub(crate) place: String,
    /// As Grafana has it, variables included.
    pub(crate) expr: String,
}

/// Helps with the queries.
pub(crate) struct Queries;

impl Queries {
    /// A query with values for Grafana's variables that can stand there.
    pub(crate) fn written_out(expr: &str) -> String {
        let expr = expr.replace("$__rate_interval", "1m").replace("$__range", "1h");
        let names = ["$job", "$instance", "$topic", "$partition"];
        names.iter().fold(expr, |expr, name| expr.replace(name, ".+"))
    }
}

fn dashboards() -> Vec<(String, Value)> {
    let parse = |path: &std::path::PathBuf| {
        let value = serde_json::from_str(&read(path));
        (stem(path), value.unwrap_or_else(|error| panic!("{}: {error}", path.display())))
    };
    files("deploy/grafana/dashboards", "json").iter().map(parse).collect()
}

fn panels(dashboard: &Value) -> &Vec<Value> {
    dashboard["panels"].as_array().expect("a dashboard has panels")
}

fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value[key].as_str().unwrap_or("")
}

/// Titles of all panels.
pub(crate) fn titles() -> BTreeSet<String> {
    let title = |panel: &Value| text(panel, "title").to_owned();
    let of =
        |(_, dashboard): &(String, Value)| panels(dashboard).iter().map(title).collect::<Vec<_>>();
    dashboards().iter().flat_map(of).collect()
}

/// Every query of every panel, variable and annotation.
pub(crate) fn queries() -> Vec<Query> {
    let mut all = Vec::new();
    for (name, dashboard) in dashboards() {
        let mut add = |place: &str, expr: &str| {
            all.push(Query { place: format!("{name}, {place}"), expr: expr.to_owned() });
        };
        for panel in panels(&dashboard) {
            for target in panel["targets"].as_array().into_iter().flatten() {
                add(text(panel, "title"), text(target, "expr"));
            }
        }
        for note in dashboard["annotations"]["list"].as_array().into_iter().flatten() {
            add(text(note, "name"), text(note, "expr"));
        }
        for variable in dashboard["templating"]["list"].as_array().into_iter().flatten() {
            let query = text(variable, "definition").strip_prefix("label_values(");
            if let Some((selector, _)) = query.and_then(|query| query.rsplit_once(',')) {
                add(text(variable, "name"), selector);
            }
        }
    }
    all
}

#[test]
fn the_json_is_made_from_the_source() {
    let mut made = BTreeSet::new();
    for file in files("deploy/grafana/source", "yaml") {
        let source: Dashboard = serde_saphyr::from_str(&read(&file))
            .unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let dashboard = source.to_grafana();
        let name = text(&dashboard, "uid").to_owned();
        let target = path(&format!("deploy/grafana/dashboards/{name}.json"));
        let wanted = serde_json::to_string_pretty(&dashboard).unwrap() + "\n";
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            std::fs::write(&target, &wanted).unwrap();
        }
        let written = std::fs::read_to_string(&target).unwrap_or_default();
        assert!(
            written == wanted,
            "{} is out of date: run UPDATE_GOLDEN=1 cargo test --release --test deploy_files",
            target.display()
        );
        made.insert(name);
    }
    let there: BTreeSet<String> = dashboards().into_iter().map(|(name, _)| name).collect();
    assert_eq!(there, made, "a dashboard without a source, or the other way round");
}

#[test]
fn dashboards_ask_for_what_exists() {
    let names = names();
    let mut faults = Vec::new();
    let all = queries();
    assert!(all.len() > 70, "only {} queries found", all.len());
    for query in all {
        let selectors = promql::selectors(&query.expr);
        assert!(!selectors.is_empty(), "{}: no metric in `{}`", query.place, query.expr);
        for selector in selectors {
            let found = names.faults(&selector);
            faults.extend(found.into_iter().map(|fault| format!("{}: {fault}", query.place)));
            let has = |label: &str| selector.matchers.iter().any(|own| own.label == label);
            // the variable `job` itself cannot depend on itself
            if !has("job") && !query.place.ends_with(", job") {
                faults
                    .push(format!("{}: `{}` is not filtered by job", query.place, selector.metric));
            }
        }
    }
    assert_none(&faults);
}

#[test]
fn panels_explain_themselves_and_are_of_today() {
    let mut faults = Vec::new();
    for (name, dashboard) in dashboards() {
        assert!(dashboard["schemaVersion"].as_u64().unwrap_or(0) >= 39, "{name}: an old schema");
        let (mut ids, mut titles) = (BTreeSet::new(), BTreeSet::new());
        for panel in panels(&dashboard) {
            let (title, kind) = (text(panel, "title"), text(panel, "type"));
            let mut check = |is_right: bool, what: &str| {
                if !is_right {
                    faults.push(format!("{name}, {title}: {what}"));
                }
            };
            check(ids.insert(panel["id"].as_u64()), "an id of its own");
            check(PANELS.contains(&kind), "a type of panel that stays");
            if kind == "row" {
                continue;
            }
            check(titles.insert(title.to_owned()), "a title of its own");
            check(!title.is_empty(), "a title");
            let description = text(panel, "description");
            check(
                description.contains("ealthy"),
                "a description that says what healthy looks like",
            );
            check(!text(&panel["fieldConfig"]["defaults"], "unit").is_empty(), "a unit");
            check(text(&panel["datasource"], "uid") == "${datasource}", "a data source to choose");
            let targets = panel["targets"].as_array().map_or(0, Vec::len);
            check(targets > 0, "a query");
            let legends = panel["targets"].as_array().into_iter().flatten();
            let legends: BTreeSet<&str> = legends.map(|it| text(it, "legendFormat")).collect();
            check(legends.len() == targets, "queries with names of their own");
        }
    }
    assert_none(&faults);
}

#[test]
fn panels_do_not_overlap() {
    let mut faults = Vec::new();
    for (name, dashboard) in dashboards() {
        let mut taken = BTreeSet::new();
        for panel in panels(&dashboard) {
            let side = |key: &str| panel["gridPos"][key].as_u64().expect("a place in the grid");
            let (x, y, w, h) = (side("x"), side("y"), side("w"), side("h"));
            let title = text(panel, "title");
            if w == 0 || h == 0 || x + w > 24 {
                faults.push(format!("{name}, {title}: outside the grid"));
            }
            let cells = (y..y + h).flat_map(|line| (x..x + w).map(move |column| (line, column)));
            if cells.filter(|cell| !taken.insert(*cell)).count() > 0 {
                faults.push(format!("{name}, {title}: lies on another panel"));
            }
        }
    }
    assert_none(&faults);
}

#[test]
fn variables_in_queries_are_declared() {
    let mut faults = Vec::new();
    for (name, dashboard) in dashboards() {
        let declared = dashboard["templating"]["list"].as_array().into_iter().flatten();
        let declared: BTreeSet<&str> = declared.map(|variable| text(variable, "name")).collect();
        for wanted in ["datasource", "job", "instance"] {
            assert!(declared.contains(wanted), "{name}: no variable `{wanted}`");
        }
        for query in queries().iter().filter(|query| query.place.starts_with(&format!("{name}, ")))
        {
            for used in query.expr.split('$').skip(1) {
                let used: String =
                    used.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                if !used.starts_with("__") && !declared.contains(used.as_str()) {
                    faults.push(format!("{}: `${used}` is not declared", query.place));
                }
            }
        }
    }
    assert_none(&faults);
}
