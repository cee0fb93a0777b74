//! Child processes that end with their owner, and what `/proc` says about any process.
//!
//! A child is killed when its [`Child`] is dropped, which covers errors and panics; where `setpriv` exists the
//! kernel also kills it when this program is killed itself. Nothing is ever ended by name.

use crate::wait;
use crate::window::Watched;
use anyhow::{Context, Result, bail};
use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::time::Duration;

/// Ticks per second of the times in `/proc`, the same on every Linux.
const TICKS_PER_SECOND: f64 = 100.0;
const PAUSE: Duration = Duration::from_millis(5);
const SETPRIV: &str = "/usr/bin/setpriv";

/// A running child.
pub(crate) struct Child {
    name: String,
    child: std::process::Child,
    is_over: bool,
}

/// A command whose process the kernel kills when this program is gone. To be spawned by the main thread: the
/// kernel takes the end of the spawning thread for the end of the program.
pub(crate) fn tied(program: impl AsRef<OsStr>) -> Command {
    if !Path::new(SETPRIV).exists() {
        return Command::new(program);
    }
    let mut command = Command::new(SETPRIV);
    command.args(["--pdeathsig", "KILL", "--"]).arg(program);
    command
}

impl Child {
    /// Starts it.
    pub(crate) fn spawn(name: &str, command: &mut Command) -> Result<Self> {
        let child = command.spawn().with_context(|| format!("cannot start {name}"))?;
        Ok(Self { name: name.to_owned(), child, is_over: false })
    }

    /// Its process id.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Closes its standard input, which is a pipe.
    pub(crate) fn close_stdin(&mut self) {
        drop(self.child.stdin.take());
    }

    /// How it ended, if it has.
    pub(crate) fn ended(&mut self) -> Result<Option<ExitStatus>> {
        let status = self.child.try_wait()?;
        self.is_over = status.is_some();
        Ok(status)
    }

    /// An error when it is not running any more.
    pub(crate) fn must_run(&mut self) -> Result<()> {
        match self.ended()? {
            Some(status) => bail!("{} ended by itself with {status}", self.name),
            None => Ok(()),
        }
    }

    /// Asks it to stop and waits for a clean end.
    pub(crate) fn stop(mut self, patience: Duration) -> Result<()> {
        self.must_run()?;
        let pid = self.pid().to_string();
        let asked = Command::new("kill").args(["-s", "TERM", &pid]).status()?;
        if !asked.success() {
            bail!("{} cannot be asked to stop", self.name);
        }
        self.wait_clean(patience)
    }

    /// Waits until it ends by itself, without complaint.
    pub(crate) fn wait_clean(&mut self, patience: Duration) -> Result<()> {
        let name = self.name.clone();
        let status = wait::until(&format!("{name} ends"), patience, PAUSE, || self.ended())?;
        if !status.success() {
            bail!("{name} ended with {status}");
        }
        Ok(())
    }

    /// SIGKILL, and waits until the process is gone.
    pub(crate) fn kill(mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        self.is_over = true;
        Ok(())
    }
}

impl Watched for Child {
    fn pid(&self) -> Option<u32> {
        Some(self.child.id())
    }

    fn must_run(&mut self) -> Result<()> {
        Self::must_run(self)
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        if !self.is_over && self.child.kill().is_ok() {
            // a killed child ends; whatever its status, nobody asks for it any more
            self.child.wait().ok();
        }
    }
}

/// Runs a command to its end and gives its standard output; its standard error goes into the error.
pub(crate) fn output(what: &str, command: &mut Command) -> Result<String> {
    let output =
        command.stdin(Stdio::null()).output().with_context(|| format!("cannot run {what}"))?;
    if !output.status.success() {
        let text = String::from_utf8_lossy(&output.stderr);
        bail!("{what} ended with {}: {}", output.status, text.trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// User and system time a process has used so far, in seconds.
pub(crate) fn cpu_seconds(pid: u32) -> Result<f64> {
    times(pid, 2)
}

/// The same with that of its children that have ended, and of theirs.
pub(crate) fn cpu_seconds_with_children(pid: u32) -> Result<f64> {
    times(pid, 4)
}

/// The sum of the first so many of: user, system, children's user, children's system.
fn times(pid: u32, n_fields: usize) -> Result<f64> {
    let stat = read(pid, "stat")?;
    // the name in parentheses may hold anything; what follows is numbers
    let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
    let times = fields.skip(11).take(n_fields).filter_map(|field| field.parse::<f64>().ok());
    Ok(times.sum::<f64>() / TICKS_PER_SECOND)
}

/// CPU that all processes of the machine, and the hypervisor at their expense, have used so far, in seconds.
pub(crate) fn machine_cpu_seconds() -> Result<f64> {
    let stat = std::fs::read_to_string("/proc/stat")?;
    let line = stat.lines().next().unwrap_or_default();
    let fields = line.split_whitespace().skip(1).take(8).enumerate();
    // user, nice, system, (idle, waiting for disks,) interrupts, soft interrupts, stolen
    let busy = fields.filter(|(place, _)| !matches!(place, 3 | 4));
    let times = busy.filter_map(|(_, field)| field.parse::<f64>().ok());
    Ok(times.sum::<f64>() / TICKS_PER_SECOND)
}

/// Resident memory now, in MiB.
pub(crate) fn rss_mib(pid: u32) -> Result<f64> {
    status_mib(pid, "VmRSS:")
}

/// The most resident memory it ever had, in MiB.
pub(crate) fn peak_rss_mib(pid: u32) -> Result<f64> {
    status_mib(pid, "VmHWM:")
}

fn status_mib(pid: u32, field: &str) -> Result<f64> {
    let status = read(pid, "status")?;
    let line = status.lines().find_map(|line| line.strip_prefix(field));
    let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<f64>().ok());
    Ok(kib.with_context(|| format!("/proc/{pid}/status has no {field}"))? / 1024.0)
}

/// A descendant of `pid` whose command line contains `text`.
pub(crate) fn descendant(pid: u32, text: &str) -> Option<u32> {
    let children = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"));
    let from_main = children.unwrap_or_default();
    let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let from_threads =
        tasks.filter_map(|task| std::fs::read_to_string(task.path().join("children")).ok());
    let lists: Vec<String> = std::iter::once(from_main).chain(from_threads).collect();
    let children = lists.iter().flat_map(|list| list.split_whitespace());
    children.filter_map(|child| child.parse().ok()).find_map(|child: u32| {
        let command = read(child, "cmdline").unwrap_or_default();
        if command.contains(text) { Some(child) } else { descendant(child, text) }
    })
}

fn read(pid: u32, file: &str) -> Result<String> {
    let path = format!("/proc/{pid}/{file}");
    let bytes = std::fs::read(&path).with_context(|| format!("process {pid} is gone ({path})"))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
