# shellcheck shell=bash
# What scripts/kafka and scripts/registry share: a cache, free loopback ports, and Java processes that are
# started in the background, waited for, and ended by the process id that was written down, never by name.
# Sourced, not run. A "service" is a name NAME inside a directory DIR: DIR/NAME.pid, DIR/NAME.log.

# shellcheck disable=SC2034 # used by the scripts that source this one
cache_dir=${CONSENT_GATE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/consent-gate}
port_dir=${TMPDIR:-/tmp}/consent-gate-ports

say() { printf '%s\n' "$*" >&2; }
die() { say "error: $*"; exit 1; }
usage_error() { say "error: $*"; exit 64; }

need() {
  local tool
  for tool in "$@"; do
    command -v "$tool" >/dev/null || die "\`$tool\` is missing; run scripts/setup --tests"
  done
}

# Maven, heard only when it fails: even when told to be quiet it writes colour codes.
maven() {
  local log status=0
  log=$(mktemp)
  mvn -q -B "$@" </dev/null >"$log" 2>&1 || status=$?
  if ((status != 0)); then cat "$log" >&2; fi
  rm -f "$log"
  return "$status"
}

# Makes DIR of the cache once: `into_cache DIR COMMAND` runs COMMAND with a temporary directory as its last argument
# and renames it, so that a broken download is never mistaken for a whole one and two callers cannot collide.
into_cache() {
  local target=$1 temporary
  shift
  [[ -e $target ]] && return 0
  mkdir -p "$(dirname "$target")"
  temporary=$(mktemp -d "$target.partial.XXXXXX")
  if ! "$@" "$temporary"; then
    rm -rf "$temporary"
    return 1
  fi
  chmod 755 "$temporary"
  # `mv -T` refuses to replace a directory that another caller has finished meanwhile: theirs is as good as ours.
  mv -T "$temporary" "$target" 2>/dev/null || rm -rf "$temporary"
  [[ -e $target ]]
}

port_in_use() {
  local hex
  printf -v hex ':%04X ' "$1"
  # The kernel's table also shows ports that only wait to be closed; without it, ask by connecting.
  if [[ -r /proc/net/tcp ]]; then
    awk -v want="${hex% }" '{ if (substr($2, length($2) - 4) == want) { found = 1; exit } } END { exit !found }' \
      /proc/net/tcp /proc/net/tcp6 2>/dev/null
  else
    accepts "$1"
  fi
}

accepts() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# Sets `port` to a free port that belongs to DIR until `release_ports DIR`. It lies below the range from which the
# kernel takes ports for outgoing connections, so nobody gets it by accident while a broker restarts.
reserve_port() {
  local dir=$1 attempt holder
  mkdir -p "$port_dir"
  for ((attempt = 0; attempt < 200; attempt++)); do
    port=$((20000 + (RANDOM * 32768 + RANDOM) % 12000))
    if ! mkdir "$port_dir/$port" 2>/dev/null; then
      holder=$(cat "$port_dir/$port/holder" 2>/dev/null || true)
      [[ -n $holder && ! -d $holder ]] || continue # still held; a directory that is gone holds nothing
    fi
    if port_in_use "$port"; then
      rm -rf "${port_dir:?}/$port"
      continue
    fi
    printf '%s\n' "$dir" >"$port_dir/$port/holder"
    return 0
  done
  die "no free port found on 127.0.0.1"
}

release_ports() {
  local dir=$1 file
  for file in "$port_dir"/*/holder; do
    [[ -f $file && $(cat "$file") == "$dir" ]] && rm -rf "$(dirname "$file")"
  done
  return 0
}

# True while the recorded process lives and is still ours: a process id may have been given to another program.
is_running() {
  local dir=$1 name=$2 pid arguments
  pid=$(cat "$dir/$name.pid" 2>/dev/null) || return 1
  kill -0 "$pid" 2>/dev/null || return 1
  if [[ -r /proc/$pid/cmdline ]]; then
    arguments=$(tr '\0' ' ' <"/proc/$pid/cmdline")
  else
    arguments=$(ps -p "$pid" -o args= 2>/dev/null)
  fi
  [[ $arguments == *"$dir"* ]]
}

# launch DIR NAME COMMAND...: COMMAND must name DIR somewhere in its arguments, see is_running.
launch() {
  local dir=$1 name=$2 own_session=()
  shift 2
  # A session of its own: Ctrl-C in a test run must not reach the broker before the test has said so.
  if command -v setsid >/dev/null; then own_session=(setsid); fi
  "${own_session[@]}" "$@" </dev/null >>"$dir/$name.log" 2>&1 3>&- &
  printf '%s\n' "$!" >"$dir/$name.pid"
}

log_size() { if [[ -f $1 ]]; then wc -c <"$1"; else echo 0; fi; }

# wait_ready DIR NAME PORT LOG_START PATTERN: until the port answers and PATTERN stands in the log after byte LOG_START.
wait_ready() {
  local dir=$1 name=$2 at_port=$3 from=$4 pattern=$5 deadline=$((SECONDS + 180)) # a busy machine takes its time
  while ((SECONDS < deadline)); do
    if ! is_running "$dir" "$name"; then
      tail -n 25 "$dir/$name.log" >&2
      say "error: $name ended while starting; see $dir/$name.log"
      return 1
    fi
    if tail -c "+$((from + 1))" "$dir/$name.log" | grep -qE "$pattern" && accepts "$at_port"; then return 0; fi
    sleep 0.1
  done
  tail -n 25 "$dir/$name.log" >&2
  say "error: $name is not ready after 180 s; see $dir/$name.log"
  return 1
}

# end_services DIR SIGNAL NAME...: signals all of them, waits, kills after 20 s what is left, removes the pid files.
end_services() {
  local dir=$1 signal=$2 name deadline=$((SECONDS + 20)) n_left
  shift 2
  for name in "$@"; do
    if is_running "$dir" "$name"; then kill -s "$signal" "$(cat "$dir/$name.pid")" 2>/dev/null || true; fi
  done
  while :; do
    n_left=0
    for name in "$@"; do
      if is_running "$dir" "$name"; then
        n_left=$((n_left + 1))
        if ((SECONDS >= deadline)); then kill -s KILL "$(cat "$dir/$name.pid")" 2>/dev/null || true; fi
      fi
    done
    ((n_left == 0)) && break
    sleep 0.1
  done
  for name in "$@"; do rm -f "$dir/$name.pid"; done
}

# stop_with_owner PID COMMAND...: runs COMMAND when process PID is gone, so that an aborted test leaves nothing behind.
stop_with_owner() {
  local owner=$1 own_session=()
  shift
  if command -v setsid >/dev/null; then own_session=(setsid); fi
  # shellcheck disable=SC2016 # expanded by the inner shell
  "${own_session[@]}" bash -c 'while kill -0 "$0" 2>/dev/null; do sleep 1; done; exec "$@"' "$owner" "$@" \
    </dev/null >/dev/null 2>&1 3>&- &
}
