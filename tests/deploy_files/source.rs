//! The dashboards' source (`deploy/grafana/source/*.yaml`) and what Grafana reads (`deploy/grafana/dashboards/*.json`).
//!
//! A dashboard in Grafana's own form says everything twenty times. The source says what a panel shows; position, ids,
//! colours and the rest come from here, so that two panels of one kind look alike and a change of style is one line.
//! The JSON is committed, a test compares it, and `UPDATE_GOLDEN=1 cargo test --release --test deploy_files` writes it.

use serde::Deserialize;
use serde_json::{Map, Value, json};

/// Columns of Grafana's grid.
const COLUMNS: u32 = 24;
/// The version of the dashboard format this is written for: Grafana 11.6 and 12.
const SCHEMA_VERSION: u32 = 41;
/// What `$gate` stands for in a query.
const GATE: &str = r#"job=~"$job", instance=~"$instance""#;

/// A dashboard as people write it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Dashboard {
    uid: String,
    title: String,
    description: String,
    link: Link,
    #[serde(default)]
    variables: Vec<Variable>,
    rows: Vec<Row>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Link {
    uid: String,
    title: String,
}

/// A variable besides data source, job and instance.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Variable {
    name: String,
    label: String,
    query: String,
    #[serde(default)]
    multi: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    title: String,
    panels: Vec<Panel>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Panel {
    title: String,
    #[serde(rename = "type")]
    kind: Kind,
    /// Columns and lines.
    size: (u32, u32),
    unit: String,
    description: String,
    decimals: Option<u32>,
    /// Shown instead of "No data".
    empty: Option<String>,
    /// The colour below all limits, then limits with the colour from there on.
    #[serde(default)]
    thresholds: Vec<Threshold>,
    /// Draws the limits as lines.
    #[serde(default)]
    threshold_lines: bool,
    #[serde(default)]
    mappings: Vec<(f64, String, String)>,
    range: Option<(Option<f64>, Option<f64>)>,
    #[serde(default)]
    log: bool,
    #[serde(default)]
    stack: bool,
    #[serde(default)]
    bars: bool,
    /// Columns of a table, in order: label (or `Value`) and heading; others are left out.
    #[serde(default)]
    columns: Vec<(String, String)>,
    queries: Vec<Query>,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Stat,
    Timeseries,
    Table,
    Bargauge,
    Heatmap,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Threshold {
    From(f64, String),
    Base(String),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Query {
    expr: String,
    legend: Option<String>,
}

impl Dashboard {
    /// The dashboard as Grafana reads it.
    pub(crate) fn to_grafana(&self) -> Value {
        let mut panels = Vec::new();
        let (mut id, mut y) = (0, 0);
        let mut next_id = || {
            id += 1;
            id
        };
        for row in &self.rows {
            panels.push(json!({
                "id": next_id(), "type": "row", "title": row.title, "collapsed": false, "panels": [],
                "gridPos": {"x": 0, "y": y, "w": COLUMNS, "h": 1},
            }));
            y += 1;
            let (mut x, mut line_height) = (0, 0);
            for panel in &row.panels {
                let (width, height) = panel.size;
                if x + width > COLUMNS {
                    (x, y, line_height) = (0, y + line_height, 0);
                }
                let place = json!({"x": x, "y": y, "w": width, "h": height});
                panels.push(panel.to_grafana(next_id(), place));
                (x, line_height) = (x + width, line_height.max(height));
            }
            y += line_height;
        }
        json!({
            "uid": self.uid,
            "title": self.title,
            "description": self.description,
            "tags": ["consent-gate"],
            "schemaVersion": SCHEMA_VERSION,
            "version": 1,
            "editable": true,
            "graphTooltip": 1,
            "refresh": "30s",
            "time": {"from": "now-3h", "to": "now"},
            "timezone": "browser",
            "links": [{
                "type": "link", "title": self.link.title, "icon": "dashboard", "keepTime": true, "includeVars": true,
                "url": format!("/d/{}", self.link.uid), "targetBlank": false, "asDropdown": false, "tags": [],
            }],
            "annotations": {"list": [restarts(), policy_changes()]},
            "templating": {"list": self.variables()},
            "panels": panels,
        })
    }

    fn variables(&self) -> Vec<Value> {
        let mut all = vec![
            json!({
                "name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus", "refresh": 1,
                "current": {}, "options": [], "regex": "", "hide": 0, "multi": false, "includeAll": false,
            }),
            variable("job", "Job", "label_values(consent_gate_build_info, job)", false),
            variable(
                "instance",
                "Instance",
                r#"label_values(consent_gate_build_info{job=~"$job"}, instance)"#,
                true,
            ),
        ];
        let own = self.variables.iter();
        all.extend(own.map(|it| variable(&it.name, &it.label, &expand(&it.query), it.multi)));
        all
    }
}

/// A query with `$gate` written out.
fn expand(query: &str) -> String {
    query.replace("$gate", GATE)
}

fn data_source() -> Value {
    json!({"type": "prometheus", "uid": "${datasource}"})
}

fn variable(name: &str, label: &str, query: &str, has_all: bool) -> Value {
    let mut variable = json!({
        "name": name, "label": label, "type": "query", "datasource": data_source(), "definition": query,
        "query": {"query": query, "refId": format!("variable-{name}"), "qryType": 1},
        "refresh": 2, "sort": 3, "regex": "", "hide": 0, "options": [], "multi": has_all, "includeAll": has_all,
        "current": {},
    });
    if has_all {
        variable["allValue"] = ".+".into();
        variable["current"] = json!({"text": ["All"], "value": ["$__all"]});
    }
    variable
}

/// A line in every graph where an instance started.
fn restarts() -> Value {
    json!({
        "name": "Starts", "datasource": data_source(), "enable": true, "hide": false, "iconColor": "blue",
        "expr": format!("max by (instance) (process_start_time_seconds{{{GATE}}}) * 1000"),
        "useValueForTime": "on", "step": "60s", "titleFormat": "started", "textFormat": "{{instance}}",
    })
}

/// A mark where an instance decides by another policy revision than before; its start is none.
fn policy_changes() -> Value {
    let now = format!("consent_gate_policy_revision_info{{{GATE}}}");
    let before = format!("{now} offset 1m");
    json!({
        "name": "Policies", "datasource": data_source(), "enable": true, "hide": false, "iconColor": "purple",
        "expr": format!(
            "max by (revision) (({now} unless on (job, instance, revision) {before}) and on (job, instance) {before})"
        ),
        "step": "60s", "titleFormat": "policies {{revision}}", "textFormat": "{{revision}}, as in decision headers",
    })
}

impl Panel {
    fn to_grafana(&self, id: u32, place: Value) -> Value {
        let mut panel = json!({
            "id": id,
            "type": self.kind(),
            "title": self.title,
            "description": self.description.trim(),
            "datasource": data_source(),
            "gridPos": place,
            "fieldConfig": {"defaults": self.defaults(), "overrides": self.overrides()},
            "options": self.options(),
            "targets": self.targets(),
        });
        if self.kind == Kind::Table {
            panel["transformations"] = self.transformations();
        }
        panel
    }

    fn kind(&self) -> &'static str {
        match self.kind {
            Kind::Stat => "stat",
            Kind::Timeseries => "timeseries",
            Kind::Table => "table",
            Kind::Bargauge => "bargauge",
            Kind::Heatmap => "heatmap",
        }
    }

    fn targets(&self) -> Vec<Value> {
        let is_instant = matches!(self.kind, Kind::Stat | Kind::Table | Kind::Bargauge);
        let format = match self.kind {
            Kind::Table => "table",
            Kind::Heatmap => "heatmap",
            Kind::Stat | Kind::Timeseries | Kind::Bargauge => "time_series",
        };
        let target = |(ref_id, query): (char, &Query)| {
            json!({
                "refId": ref_id.to_string(), "datasource": data_source(), "editorMode": "code",
                "expr": expand(&query.expr), "legendFormat": query.legend.as_deref().unwrap_or("__auto"),
                "format": format, "instant": is_instant, "range": !is_instant,
            })
        };
        ('A'..='Z').zip(&self.queries).map(target).collect()
    }

    fn defaults(&self) -> Value {
        let mut defaults = Map::new();
        let mut set = |key: &str, value: Value| defaults.insert(key.to_owned(), value);
        set("unit", self.unit.as_str().into());
        let has_limits = !self.thresholds.is_empty();
        let color = match self.kind {
            Kind::Timeseries => "palette-classic",
            Kind::Bargauge if !has_limits => "continuous-BlYlRd",
            Kind::Bargauge | Kind::Stat | Kind::Table | Kind::Heatmap => "thresholds",
        };
        set("color", json!({"mode": color}));
        set("thresholds", json!({"mode": "absolute", "steps": self.steps()}));
        set("mappings", self.mappings());
        if let Some(decimals) = self.decimals {
            set("decimals", decimals.into());
        }
        if let Some(empty) = &self.empty {
            set("noValue", empty.as_str().into());
        }
        let (min, max) = self.range.unwrap_or((Some(0.0), None));
        if let Some(min) = min.filter(|_| !self.log) {
            set("min", min.into());
        }
        if let Some(max) = max {
            set("max", max.into());
        }
        if let Some(custom) = self.custom() {
            set("custom", custom);
        }
        Value::Object(defaults)
    }

    fn steps(&self) -> Vec<Value> {
        let step = |color: &str, from: Option<f64>| json!({"color": color, "value": from});
        if self.thresholds.is_empty() {
            return vec![step("green", None)];
        }
        let steps = self.thresholds.iter().map(|threshold| match threshold {
            Threshold::Base(color) => step(color, None),
            Threshold::From(from, color) => step(color, Some(*from)),
        });
        steps.collect()
    }

    fn mappings(&self) -> Value {
        if self.mappings.is_empty() {
            return json!([]);
        }
        let options = (0..).zip(&self.mappings).map(|(index, (value, text, color))| {
            (value.to_string(), json!({"text": text, "color": color, "index": index}))
        });
        json!([{"type": "value", "options": options.collect::<Map<_, _>>()}])
    }

    fn custom(&self) -> Option<Value> {
        match self.kind {
            Kind::Timeseries => Some(json!({
                "drawStyle": if self.bars { "bars" } else { "line" },
                "lineWidth": 1,
                "fillOpacity": if self.bars { 60 } else if self.stack { 30 } else { 8 },
                "showPoints": "never",
                "spanNulls": false,
                "stacking": {"mode": if self.stack { "normal" } else { "none" }, "group": "A"},
                "scaleDistribution": if self.log { json!({"type": "log", "log": 10}) } else { json!({"type": "linear"}) },
                "thresholdsStyle": {"mode": if self.threshold_lines { "line" } else { "off" }},
            })),
            Kind::Table => Some(json!({"align": "auto", "filterable": false})),
            Kind::Stat | Kind::Bargauge | Kind::Heatmap => None,
        }
    }

    /// Only the number of a table has the panel's unit: partitions and offsets are names.
    fn overrides(&self) -> Value {
        let names = self.columns.iter().filter(|(label, _)| label != "Value");
        let overrides = names.map(|(_, heading)| {
            json!({
                "matcher": {"id": "byName", "options": heading},
                "properties": [{"id": "unit", "value": "string"}],
            })
        });
        overrides.collect()
    }

    fn options(&self) -> Value {
        let reduce = json!({"calcs": ["lastNotNull"], "fields": "", "values": false});
        match self.kind {
            Kind::Stat => json!({
                "reduceOptions": reduce, "colorMode": "background", "graphMode": "none", "justifyMode": "auto",
                "orientation": "auto", "textMode": "auto", "wideLayout": true, "showPercentChange": false,
            }),
            Kind::Timeseries => json!({
                "legend": {"displayMode": "table", "placement": "bottom", "showLegend": true,
                           "calcs": ["lastNotNull", "max"], "sortBy": "Max", "sortDesc": true},
                "tooltip": {"mode": "multi", "sort": "desc"},
            }),
            Kind::Table => json!({
                "showHeader": true, "cellHeight": "sm", "footer": {"show": false, "reducer": ["sum"], "countRows": false},
            }),
            Kind::Bargauge => json!({
                "reduceOptions": reduce, "displayMode": "basic", "orientation": "horizontal", "valueMode": "color",
                "showUnfilled": true, "namePlacement": "auto", "sizing": "auto", "minVizHeight": 16, "maxVizHeight": 300,
                "minVizWidth": 8,
            }),
            Kind::Heatmap => json!({
                "calculate": false, "cellGap": 1,
                "color": {"mode": "scheme", "scheme": "Blues", "fill": "blue", "exponent": 0.5, "steps": 32,
                          "scale": "exponential", "reverse": false},
                "filterValues": {"le": 1e-9}, "rowsFrame": {"layout": "auto"}, "legend": {"show": true},
                "tooltip": {"mode": "single", "yHistogram": true, "showColorScale": true},
                "yAxis": {"axisPlacement": "left", "unit": self.unit, "reverse": false},
                "exemplars": {"color": "rgba(255,0,255,0.7)"},
            }),
        }
    }

    fn transformations(&self) -> Value {
        let names = self.columns.iter();
        let order =
            (0..).zip(names.clone()).map(|(index, (label, _))| (label.clone(), index.into()));
        let headings =
            names.clone().map(|(label, heading)| (label.clone(), heading.as_str().into()));
        let order: Map<String, Value> = order.collect();
        let headings: Map<String, Value> = headings.collect();
        let shown: Vec<&str> = names.map(|(label, _)| label.as_str()).collect();
        json!([
            {"id": "filterFieldsByName", "options": {"include": {"names": shown}}},
            {"id": "organize", "options": {"excludeByName": {}, "indexByName": order, "renameByName": headings}},
        ])
    }
}
