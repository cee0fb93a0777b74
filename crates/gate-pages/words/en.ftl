# The desk's texts in English. `code` and **loud** are marked as here; there is no other markup.

## Frame
desk = desk
desk-title = consent-gate desk
skip = Skip to the content
nav-label = Pages
nav-overview = Overview
nav-people = People
nav-decisions = Decisions
nav-policies = Policies
nav-intake = Intake
nav-probe = Probe
nav-waiting = waiting for a person
sign-out = Sign out
role-both = officer and operator
role-officer = officer
role-operator = operator
role-viewer = viewer
corner-unknown = state of the gate unknown
corner-ready = { $names } ready
corner-held = held since { $at }
corner-not-ready = { $names } not ready
corner-gates-away = no gate answers
corner-kafka-away = Kafka away for { $age }
trail = Where you are
copy = Copy
copied = Copied
observe = The gate only observes.
observe-say = It decides and stops nothing: everything goes out.
building = The index is being built: { $percent }%.
building-left = About { $minutes ->
    [one] one minute
   *[other] { $minutes } minutes
  } left.
building-since = Counts and decisions since { $at } can be seen already.
building-none = No decision can be seen yet.
stale = What you see is { $age } old.
stale-say = The desk is behind the log; the gate does not depend on it.
error-before = Error:
form-wrong = Please correct { $count ->
    [one] one field
   *[other] { $count } fields
  }.
optional = (optional)
none = none
all = All
or = or
fix-me = fix me
version = Version { $version }

## Dates
date-day = { $day } { $month }
date-day-year = { $day } { $month } { $year }
date-full = { $weekday } { $day } { $month } { $year }, { $clock }
month-1 = January
month-2 = February
month-3 = March
month-4 = April
month-5 = May
month-6 = June
month-7 = July
month-8 = August
month-9 = September
month-10 = October
month-11 = November
month-12 = December
weekday-1 = Monday
weekday-2 = Tuesday
weekday-3 = Wednesday
weekday-4 = Thursday
weekday-5 = Friday
weekday-6 = Saturday
weekday-7 = Sunday
today = today
in-seconds = { $count ->
    [one] one second
   *[other] { $count } seconds
  }

## Channels and outcomes
channel-email = e-mail
channel-sms = SMS
channel-mms = MMS
channel-rcs = RCS
channel-whatsapp = WhatsApp
channel-push = push
channel-voice-live = phone call
channel-voice-auto = automated call
message-by = { $purpose } by { $channel }
outcome-approved = Approved
outcome-blocked = Blocked
outcome-deferred = Deferred
answer-yes = Yes
answer-no = No
answer-later = Later
not-before = not before { $at }
from-moment = From { $at } UTC.
until-moment = Until { $at }.

## Sign in
sign-in = Sign in
sign-in-say = What you look up here about people is recorded.
sign-in-work = Sign in with your work account
sign-in-token = Sign in with the token
sign-in-refused = This account and token do not fit, or the token has run out. Ask an operator for a new one.
sign-in-form = This form was too old. Please try again; the desk needs its cookie.
sign-in-many = Too many attempts. Try again in { $age }.
sign-in-work-refused = Your work account was not let in. It needs a group that has a role here.
sign-in-over = You were signed out. Sign in to go on.
field-account = Account
field-account-hint = The name of your token, as `consent-gate token new` printed it.
field-token = Access token
field-token-hint = From `consent-gate token new`. You may paste it.

## Errors
error-forbidden = You may not see this
error-forbidden-say = Your role is { $role }.
needs-viewer = Viewers may. Ask whoever manages the desk.
needs-officer = Officers may. Ask whoever manages the desk.
needs-operator = Operators may. Ask whoever manages the desk.
error-form = This form was too old
error-form-say = Nothing was done. Go back, load the page anew and send it again.
error-no-page = There is no such page
error-no-page-say = Perhaps the address was cut off.
error-no-decision = No such decision
error-no-decision-say = It is not in the log, or the log no longer goes back that far.
error-no-decision-since = The log goes back to { $at }. Older ones are gone.
error-no-person = This look-up is over
error-no-person-say = Links to people hold only for whoever looked them up, and not for long. Look the person up again.
error-no-thing = There is no such thing
error-no-thing-say = It is not there, or not any more.
error-method = This page cannot do that
error-method-say = Nothing was done.
error-released = Somebody released it before you
error-released-say = { $by }, { $at }. Nothing is left to do.
error-too-large = Too much at once
error-too-large-say = Nothing was done. Send less.
error-bad-request = The address cannot be read
error-bad-request-say = Something in it is not what this page expects. Begin with the page itself.
error-too-many = Too many requests
error-too-many-say = Try again in { $age }.
error-kafka = The desk cannot reach Kafka
error-kafka-say = No broker has answered for { $age }, so the desk cannot show what is on file right now.
error-gate-goes-on = The gate does not depend on the desk.
error-gates = No gate answers
error-gates-say = What may be sent now is known to the gates only, so nobody can tell here at the moment.
error-not-recorded = Nobody was looked up
error-not-recorded-say = A look-up that cannot be recorded is not made. Try again in a moment.
error-building = The index is being built
error-building-say = No decision can be seen yet.
error-building-since = Decisions since { $at } can be seen already.
error-internal = Something went wrong
error-internal-say = It is our fault, and it is in the log.
error-status = Answer { $status }.
error-reference = Whoever runs the desk finds it as `{ $reference }`.
try-again = Try again
to-overview = To the overview
still-works = What still works
works-until = up to { $at }, with every step
does-not-work = What does not
fails-look-up = Looking up a person: a look-up that cannot be recorded is not made
fails-recompute = “Recomputed”, “Would this pass?” and exports
fails-release = Releasing records

## People
people-title = Find a person
people-lead = What may we send, what did this person say, and why was a message stopped.
people-search = Search
people-nobody = Nobody with this address or id has said anything, and nothing was sent.
people-nobody-say = Look for typing errors, or for another address of the same person.
people-several = { $count } contacts use this address
people-several-say = Pick one. A permission counts only for the pair of contact and address; a refusal counts for both.
col-contact = Contact
col-seen-with = Seen with
col-last-event = Last event
col-may-we = May we write?
may-some = Some things
may-nothing = Nothing
field-who = Contact id, e-mail address or phone number
field-who-hint = For example `ana-7731`, `ana@example.com` or `+44 7700 900101`. It is hashed in memory and never stored.
field-kind = What is it?
who-auto = As it looks
who-contact = Contact id
who-address = Address
field-region = Country of the number
field-why = Why do you look?
field-why-hint = Your answer is kept with the look-up.
look-complaint = This person asked or complained
look-access = Access request (article 15)
look-incident = We look into a fault
look-audit = Audit
field-ticket = Ticket
find = Find
look-ups = Your look-ups
look-ups-none = None yet.
look-ups-say = Each look-up is a record: who, when, why, and a keyed hash of whom.

## Person
known-since = known since { $at }
export-title = Export for the person
export-say = What is held, where, why, for how long, and the texts that were shown.
export-html = Readable page
export-json = JSON
export-ts27560 = Consent records (TS 27560)
export-print = To print this page for the file use your browser’s print command.
printed = Printed from the consent-gate desk by { $who } ({ $role }), { $at } UTC.
printed-why = Reason: { $why }.
printed-positions = Consent as of position { $positions }.
printed-decision = Decision { $place }.
erased = Erased on { $at }.
erased-say = What this person said is gone, the id is closed, and nothing is sent to it.
may-title = What may we send now?
may-caption = Answer for { $at } UTC
may-brand = brand { $brand }
may-packs = under { $packs }
may-unknown = Nobody can tell at the moment.
may-unknown-say = The gates do not answer. They keep to what they know; ask again later.
reflects = Reflects every consent record up to { $at }.
judged-again = Would be judged again when sent.
said = What this person said
said-count = { $count ->
    [0] Nothing yet
    [one] One event. What still counts is marked “in force”.
   *[other] { $count } events. What still counts is marked “in force”.
  }
said-nothing = Nothing is on file.
said-erased = It was erased.
lane-agreed = agreed from { $at }
lane-refused = refused from { $at }
lane-until = until { $at }
legend-agreed = agreed
legend-refused = refused
legend-approved = message approved
legend-stopped = message stopped
unreadable = A record of { $at } cannot be read.
unreadable-say = It may be a refusal, so this person gets no marketing until a valid event follows.
covers = Covers
in-force = In force.
proof = Proof
record = Record
event = event
older-events = Older events
decided = Decisions about messages
decided-count = { $count ->
    [0] None
    [one] One
   *[other] { $count }
  }
decided-none = No message to this person was decided in the time the log is kept.
older-decisions = Older decisions
col-when = When (UTC)
col-message = Message
col-decision = Decision
col-law = Law of
col-place = Place
try-title = Would this pass?
field-channel = Channel
field-category = Category
field-purpose = Purpose
field-brand = Brand
field-controller = Controller
field-jurisdiction = Law of
judge = Judge it
nothing-sent = Nothing is sent.
held-title = What we hold

## Decisions
decisions-lead = One line for each message the gate has judged. No address and no content is kept here.
narrow = Narrow down
field-outcome = Outcome
field-reason = Reason
field-campaign = Campaign
field-since = From
field-until = Until
show = Show
show-all = Show all
field-message-id = Or one message: its id or place
field-message-id-hint = Like `n-2026-11-ana` or `outbound-message/3/42`.
field-message-id-people = For a person use
show-message = Show the message
decisions-exactly = { $count ->
    [0] No decision
    [one] One decision
   *[other] { $count } decisions
  }
decisions-about = About { $count } decisions
decisions-none = Nothing fits.
decisions-narrowest = What leaves out most is “{ $field }”.
newest-first = Newest first
older = Older
newest = Newest
gates-clock = Times are the gate’s clock, in UTC.

## Decision
to-this-person = To this person
campaign = campaign
brand = brand
message = message
what-to-do = What to do:
recomputed-same = Recomputed: same
recomputed-same-say = Judged again just now, with the consent and the rules of that moment.
recomputed-different = Recomputed: different
recomputed-different-say = Then it was “{ $then }”, judged again it is “{ $now }”. Somebody must look into this.
recomputed-step = first difference in step { $step }
recomputed-not = Not recomputed
steps = Every step
steps-count = { $passed } passed, { $unasked } not asked, { $failed } failed
steps-none = The steps are not known: they are told by judging again.
step-passed = Passed.
step-not-asked = Not asked.
step-failed = Failed.
step-waits = Must wait.
step-decides = gave the reason
step-would-too = would stop it too
later-title = What became of it
neighbours = Neighbours
neighbours-person = The same person, before and after
this-one = this one
same-batch = { $count } decided in the same batch
same-campaign = Campaign { $campaign }: { $share } approved in the day before and after
evidence-for = What permits it
evidence-against = What stands against it
evidence-consent = What it rests on
evidence-none = Nothing that this person said.
evidence-ended = Ended:
all-they-said = Everything this person said
to-person = Look this person up
to-person-go = To this person
saw = What the gate saw
saw-decided = Decided
saw-by = by { $gate }, version { $version }
saw-consent = Consent up to
saw-rules = Rules
saw-revision = revision
saw-zones = Time zones
saw-took = Took
saw-warnings = Warnings
as-json = As JSON
as-json-label = Decision as JSON
ledger = Nobody has changed it
ledger-pending = Not yet under a signed checkpoint. That takes about a minute.
ledger-held = In the ledger as leaf { $leaf }, under the signed checkpoint of { $at }.
ledger-prove = `consent-gate ledger prove --source { $place }` writes the proof; ten lines of Python check it without us.

## Overview
refresh = Refresh
range-label = Time range
range-hour = 1 hour
range-day = 24 hours
range-week = 7 days
range-month = 30 days
last-hour = last hour
last-day = last 24 hours
last-week = last 7 days
last-month = last 30 days
hold = The gate holds: nothing is decided.
hold-waiting = { $count ->
    [one] One message waits
   *[other] { $count } messages wait
  }.
hold-oldest = The oldest waits for { $age }.
hold-since = { $held } of { $all } partitions are held since { $at }.
hold-look = Look at the record
promise-counts = An opt-out counts after { $after }.
promise-late = { $count ->
    [one] One opt-out counted later than promised.
   *[other] { $count } opt-outs counted later than promised.
  }
promise-broken = The slowest opt-out counted after { $after }.
promise-none = No opt-out came in this time.
promise-we = We promise { $after }.
ruler = Time until an opt-out counts, against the promise
ruler-say = A scale of powers of ten, from one millisecond. Half of all opt-outs count after { $p50 }, 99 of 100 after { $p99 }, the slowest after { $max }. The promise is { $promise }.
ruler-promise = promise { $after }
promise-p50 = Half count after
promise-p99 = 99 of 100 after
promise-max = The slowest
promise-later = Later than promised
of-all = of { $all }
after-opt-out = { $count ->
    [one] One message approved after an opt-out
   *[other] { $count } messages approved after an opt-out
  }
compared = { $optouts } opt-outs and { $messages } messages compared
not-compared = Approvals after an opt-out are not compared
probe-passed = Probe passed
probe-waiting = Probe waits for an answer
probe-violated = A message was approved after an opt-out
probe-error = Probe could not run
probe-off = There is no probe
ago = { $age } ago
probe-rounds = { $count ->
    [one] One round
   *[other] { $count } rounds
  }
probe-unanswered = { $count } without an answer
held-now = { $held } of { $all } partitions are held
held-since = since { $at }
nothing-held = Nothing is held
last-hold = Last hold: { $from } to { $until }
last-hold-record = unreadable record
per-second = { $rate } a second now.
times-utc = Times in UTC.
took-p99 = Took, p99
took-p50 = p50 { $after }
rates = Decisions per second, { $range }
rates-say = Approved messages are drawn above the line, blocked and deferred ones below.
rates-best = Most were approved at { $at }: { $rate } a second.
rates-worst = Most were stopped at { $at }: { $rate } a second.
legend-up = Approved, above the line
legend-blocked = Blocked, below
legend-deferred = Deferred, below
as-table = Show as a table
as-table-say = From each time on, UTC
col-time = Time
why-not = Why messages did not go out
why-not-say = Blocked and deferred, { $range }
why-not-none = Every message went out.
col-course = Course
col-messages = Messages
col-part = Part
all-decisions = All decisions
more-reasons = { $count ->
    [one] One more reason
   *[other] { $count } more reasons
  }, { $messages } messages
changed = What changed
changed-rose = More than usual: “{ $what }”
changed-fell = Less than usual: “{ $what }”
changed-more = More is approved than usual
changed-less = Less is approved than usual
changed-from = { $before } of all decisions in the hours before, { $now } since { $at }.
changed-mostly = Most of them:
changed-say = The last hour beside the 24 hours before.
see-these = { $count ->
    [one] See this decision
   *[other] See these { $count } decisions
  }
waits = Waiting for a person
waiting-dead-letters = Unreadable consent records
waiting-silent = Silent sources
trial = Trial rules beside the rules in force
since = since { $at }
trial-approved = More approved
trial-deferred = More deferred
trial-blocked = More blocked
trial-say = Revision `{ $revision }` judges every message too and decides nothing.
trial-diff = What differs in the rules
stopped = Just stopped
stopped-none = Nothing was stopped.

## Before the first message
empty = No message has been decided yet.
empty-ready = The gate is ready. As soon as the first message arrives, this page shows whether it went out and why.
empty-no-gate = No gate has told that it runs.
empty-start = Start the gate
empty-runs = The gate runs and is ready
empty-runs-say = { $names }, for { $age }. { $packs } packs in force.
empty-consent = Consent has been read
empty-consent-say = { $count ->
    [0] No record is in `{ $topic }` yet.
    [one] One record of `{ $topic }`.
   *[other] { $count } records of `{ $topic }`.
  }
empty-send = Send the first message to `{ $topic }`
empty-send-say = From your pipeline, or try it with made-up people where no other records are:
empty-senders = Let senders read `{ $topic }` only
empty-senders-say = And leave out what carries `gate-probe: 1`.

## Policies
policies-lead = The law as the gate applies it. Revision `{ $revision }`.
in-force-since = In force since { $at } UTC.
unsigned = { $count ->
    [one] One pack is not signed off: { $codes }.
   *[other] { $count } packs are not signed off: { $codes }.
  }
unsigned-say = They decide already. Have somebody who answers for the law read them.
packs = Packs in force
col-pack = Pack
col-version = Version
col-rules = Rules
col-signed-off = Signed off
not-yet = not yet
how-sure = How sure
how-sure-ask = How sure are we?
sure-law = law read
sure-law-say = the text of the law itself
sure-guide = guide read
sure-guide-say = a regulator’s or lawyer’s guide
sure-knowledge = from knowledge
sure-knowledge-say = to be checked
sure-product = product rule
sure-product-say = stricter than the law asks
law = Law
sources = Sources
note = Note
as-written = As written (YAML)
strictest = If several may apply, the strictest result wins.
revisions = Revisions
revision-in-force = in force
revision-trial = trial
revision-former = former
from-until = { $from } to { $until }
changes = changes { $codes }
compare-last = Compare the two newest
new-rules = New rules
new-rules-say = Put the files in `policies.dir`. They are taken up as a whole or not at all.
diff-count = { $count ->
    [0] No difference
    [one] One difference
   *[other] { $count } differences
  }
diff-of = { $from } and { $to }
diff-from = From revision `{ $revision }`
diff-to = to `{ $revision }`
field-from = From
field-to = To
compare = Compare
before = Before
after = After
nothing = nothing
diff-effect = { $count ->
    [one] One message would have been
   *[other] { $count } messages would have been
  }
unchanged = Unchanged
unchanged-packs = { $count ->
    [one] One pack: { $codes }.
   *[other] { $count } packs: { $codes }.
  }

## Intake
intake-lead = What people say, and how it reaches us.
intake-sources = Sources
intake-no-sources = No record came.
col-source = Source
col-last-record = Last record
col-records = Records
col-unreadable = Unreadable
col-state = State
source-fine = Fine
source-holds = Holds the gate
source-silent = { $hours ->
    [one] Silent for an hour
   *[other] Silent for { $hours } h
  }
dead-letters = Unreadable records
dead-letters-count = { $shown } of { $all }. A person stays blocked until a valid event about the same contact arrives.
dead-letters-none = None.
dead-letters-say = Looking at a record is logged.
col-record = Record
col-wrong = What is wrong
col-blocked = Who is blocked
col-since = Since
unknown = unknown
blocks-everybody = everybody: the gate holds
blocks-people = { $count ->
    [one] one contact, no marketing
   *[other] { $count } contacts, no marketing
  }
blocks-nobody = nobody since { $at }
poison-holds = One record holds the gate
poison-unreadable = An unreadable record
poison-step-1 = Step 1 of 2: look, and say what it was.
poison-step-2 = Step 2 of 2: read it once more.
poison-record = The record
poison-received = Received
poison-key = Key
poison-text = As text, { $bytes } bytes.
poison-ends = Reading stopped at the mark.
poison-end = (here it ends)
poison-text-label = The record as text
poison-bytes = As bytes
poison-bytes-label = The record as bytes
release = Release it
field-what = What was it?
what-again = An opt-out or another event, and it has been published again
what-test = A test, about no person
what-unknown = Nobody can say (an officer decides with you)
field-event-id = Event id of the new record
field-event-id-if = (if it was published again)
field-event-id-hint = We check that it was applied before the release.
field-release-reason = Reason, for the file
field-release-reason-hint = At least ten characters. Auditors will read it. Name no person.
to-step-2 = Go on to step 2
release-nothing = Back, release nothing
release-does = What a release does
release-goes-on = The gate goes on, on every instance.
release-stays = The record stays, byte for byte, in the dead letter topic, with your name and reason.
release-lost = **What it said is not applied.** If it was an opt-out and is not published again, that person may be written to.
release-before = Before you do
release-before-1 = Stop the source that wrote it, or the next one follows.
release-before-2 = Find out what it said: ask the source.
release-before-3 = Publish it again in readable form.
release-before-say = If nobody can say what it meant, whoever answers for consent decides, not the person on call alone.
letter-means = What that means
letter-means-say = The gate goes on. Whoever this record may be about gets no marketing until a valid event about the same contact arrives. Publish what it said again in readable form.
release-ask = Release this record?
release-trail = Release
release-sum = You are about to say
release-was = It was
release-found = Found
release-applied = applied at { $at }
release-by = By
release-final = This cannot be taken back.
release-waiting = { $count ->
    [one] One waiting message is decided at once.
   *[other] { $count } waiting messages are decided at once.
  }
field-offset = Type the record’s number: { $offset }
release-now = Release the record
back-to-step-1 = Back to step 1

## Probe
probe-lead = A made-up person opts in, gets a message, opts out, and must not get the next one, through the real topics.
probe-every = Every { $span }.
probe-never = Never yet approved after an opt-out.
probe-violations = { $count ->
    [one] One message was approved after an opt-out.
   *[other] { $count } messages were approved after an opt-out.
  }
probe-rounds-day = { $count ->
    [one] One round in 24 hours.
   *[other] { $count } rounds in 24 hours.
  }
probe-took = The blocked message was there { $after } after the opt-out.
probe-off-say = Start one with `consent-gate probe`.
rounds-title = Opt-out to blocked message
rounds-last = The last { $count } rounds
rounds-say = { $passed } passed, { $unanswered } had no answer, { $violated } were approved after an opt-out.
now = now
by-day = By day
col-day = Day
col-rounds = Rounds
col-passed = Passed
col-unanswered = No answer
col-violated = Approved after an opt-out
round-title = The last round
round-partition = message partition { $partition }
round-opt-in = Opt-in written
round-message = A message sent
round-opt-out = Opt-out written
round-next = The next message sent
round-acknowledged = acknowledged after { $after }
round-approved = approved after { $after }
round-blocked = blocked after { $after }
probe-means = What it means when it fails
means-violated = Violated
means-violated-say = A message was approved after an opt-out. Stop the senders.
means-unanswered = No answer
means-unanswered-say = Messages wait, or the brokers are away.
means-error = Error
means-error-say = Something refused: rights, schema, or rules that block the probe.
