//! Promise P1 with a backlog: messages wait in the topic, then refusals are acknowledged, then the gate
//! takes the messages up. The gate is started, started again after a clean stop, or resumed by SIGCONT.

use crate::harness::data::{self, Contact};
use crate::harness::drain::drained;
use crate::harness::gate::{Gate, Setup};
use crate::harness::load::Stage;
use crate::harness::oracle::{self, Findings};
use crate::harness::readers::During;
use crate::harness::topics::Topics;
use crate::harness::{broker, environment, figures};
use std::path::PathBuf;

#[test]
fn refusals_behind_queued_messages() {
    let Some(broker) = broker::shared("refusals_behind_queued_messages") else {
        return;
    };
    let n = environment::count("QUEUED", 5000);
    let findings = run(&broker.bootstrap, "queued", n, environment::gate_program(), &[]);
    figures::record("queued_refusals", findings.figures());
    findings.assert_clean();
}

/// Three backlogs of `n` messages: before the first start, across a stop, across a pause.
pub(crate) fn run(
    bootstrap: &str,
    name: &str,
    n: usize,
    program: PathBuf,
    environment: &[(&str, &str)],
) -> Findings {
    let topics = Topics::create(bootstrap, name);
    let stage = Stage::new(bootstrap, &topics);
    let during = During::follow(bootstrap, &topics.outputs());
    let mut setup = Setup::new(name, bootstrap, &topics);
    setup.program = program;
    setup.environment =
        environment.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    let people = ["fresh", "stopped", "paused"].map(|phase| People::opt_in(&stage, phase, n));

    people[0].queue_then_refuse(&stage);
    let gate = setup.spawn();
    drained(&stage, &during);
    gate.stop();

    people[1].queue_then_refuse(&stage);
    let mut gate = setup.spawn();
    drained(&stage, &during);
    gate.wait_ready();

    pause(&gate, || people[2].queue_then_refuse(&stage));
    drained(&stage, &during);
    gate.stop();
    oracle::examine_logs(bootstrap, &topics, &during, &stage.ledger)
}

struct People {
    refusing: Vec<Contact>,
    staying: Vec<Contact>,
}

impl People {
    fn opt_in(stage: &Stage, phase: &str, n: usize) -> Self {
        let refusing = data::contacts(&format!("{phase}-refusing"), n);
        let staying = data::contacts(&format!("{phase}-staying"), n.div_ceil(10));
        stage.opt_in(&refusing);
        stage.opt_in(&staying);
        Self { refusing, staying }
    }

    /// All messages are in the log before the first refusal is; none was taken up before the last was.
    fn queue_then_refuse(&self, stage: &Stage) {
        let mut ids = stage.message_all(&self.refusing);
        ids.extend(stage.message_all(&self.staying));
        stage.refuse_all(&self.refusing);
        stage.ledger.taken_up_from_now(&ids);
    }
}

/// The gate neither sees nor does anything while `work` is done.
fn pause(gate: &Gate, work: impl FnOnce()) {
    gate.signal("STOP");
    work();
    gate.signal("CONT");
}
