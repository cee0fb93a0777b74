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
same-campaign = All of { $campaign }: { $share } approved
evidence-for = What permits it
evidence-against = What stands against it
evidence-consent = What it rests on
evidence-none = Nothing that this person said.
evidence-ended = Ended:
all-they-said = Everything this person said
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
