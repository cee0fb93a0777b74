# Die Texte des Desks auf Deutsch. `Code` und **laut** werden so ausgezeichnet; andere Auszeichnung gibt es nicht.

## Rahmen
desk = Desk
desk-title = consent-gate Desk
skip = Zum Inhalt springen
nav-label = Seiten
nav-overview = Überblick
nav-people = Personen
nav-decisions = Entscheidungen
nav-policies = Regeln
nav-intake = Eingang
nav-probe = Sonde
nav-waiting = warten auf einen Menschen
sign-out = Abmelden
role-both = Datenschutz und Betrieb
role-officer = Datenschutz
role-operator = Betrieb
role-viewer = Lesen
corner-unknown = Zustand des Gates unbekannt
corner-ready = { $names } bereit
corner-held = angehalten seit { $at }
corner-not-ready = { $names } noch nicht bereit
corner-gates-away = kein Gate antwortet
corner-kafka-away = Kafka seit { $age } nicht erreichbar
trail = Wo Sie sind
copy = Kopieren
copied = Kopiert
observe = Das Gate beobachtet nur.
observe-say = Es entscheidet und hält nichts auf: Alles geht hinaus.
building = Der Index wird aufgebaut: { $percent } %.
building-left = Noch etwa { $minutes ->
    [one] eine Minute
   *[other] { $minutes } Minuten
  }.
building-since = Zahlen und Entscheidungen seit dem { $at } sind schon zu sehen.
building-none = Noch ist keine Entscheidung zu sehen.
stale = Was Sie sehen, ist { $age } alt.
stale-say = Der Desk liegt hinter dem Protokoll zurück; das Gate hängt nicht von ihm ab.
error-before = Fehler:
form-wrong = Bitte { $count ->
    [one] ein Feld
   *[other] { $count } Felder
  } berichtigen.
optional = (freiwillig)
none = keine
all = Alle
or = oder
fix-me = zu beheben
version = Version { $version }

## Daten
date-day = { $day }. { $month }
date-day-year = { $day }. { $month } { $year }
date-full = { $weekday }, { $day }. { $month } { $year }, { $clock }
month-1 = Januar
month-2 = Februar
month-3 = März
month-4 = April
month-5 = Mai
month-6 = Juni
month-7 = Juli
month-8 = August
month-9 = September
month-10 = Oktober
month-11 = November
month-12 = Dezember
weekday-1 = Montag
weekday-2 = Dienstag
weekday-3 = Mittwoch
weekday-4 = Donnerstag
weekday-5 = Freitag
weekday-6 = Samstag
weekday-7 = Sonntag
today = heute
in-seconds = { $count ->
    [one] eine Sekunde
   *[other] { $count } Sekunden
  }

## Kanäle und Ausgänge
channel-email = E-Mail
channel-sms = SMS
channel-mms = MMS
channel-rcs = RCS
channel-whatsapp = WhatsApp
channel-push = Push
channel-voice-live = Anruf
channel-voice-auto = automatischer Anruf
message-by = { $purpose } per { $channel }
outcome-approved = Freigegeben
outcome-blocked = Gesperrt
outcome-deferred = Aufgeschoben
answer-yes = Ja
answer-no = Nein
answer-later = Später
not-before = nicht vor { $at }
from-moment = Ab { $at } UTC.
until-moment = Bis { $at }.

## Anmelden
sign-in = Anmelden
sign-in-say = Was Sie hier über Personen nachsehen, wird festgehalten.
sign-in-work = Mit dem Dienstkonto anmelden
sign-in-token = Mit dem Token anmelden
sign-in-refused = Konto und Token passen nicht zusammen, oder der Token ist abgelaufen. Der Betrieb stellt einen neuen aus.
sign-in-form = Dieses Formular war zu alt. Bitte versuchen Sie es noch einmal; der Desk braucht sein Cookie.
sign-in-many = Zu viele Versuche. Wieder möglich in { $age }.
sign-in-work-refused = Ihr Dienstkonto wurde nicht eingelassen. Es braucht eine Gruppe, die hier eine Rolle hat.
sign-in-over = Sie wurden abgemeldet. Melden Sie sich an, um fortzufahren.
field-account = Konto
field-account-hint = Der Name Ihres Tokens, wie ihn `consent-gate token new` ausgegeben hat.
field-token = Zugangstoken
field-token-hint = Von `consent-gate token new`. Sie dürfen ihn einfügen.

## Fehler
error-forbidden = Das dürfen Sie nicht sehen
error-forbidden-say = Ihre Rolle ist { $role }.
needs-viewer = Nötig ist die Rolle Lesen. Fragen Sie, wer den Desk verwaltet.
needs-officer = Nötig ist die Rolle Datenschutz. Fragen Sie, wer den Desk verwaltet.
needs-operator = Nötig ist die Rolle Betrieb. Fragen Sie, wer den Desk verwaltet.
error-form = Dieses Formular war zu alt
error-form-say = Nichts wurde getan. Gehen Sie zurück, laden Sie die Seite neu und senden Sie noch einmal.
error-no-page = Diese Seite gibt es nicht
error-no-page-say = Vielleicht wurde die Adresse abgeschnitten.
error-no-decision = Diese Entscheidung gibt es nicht
error-no-decision-say = Sie steht nicht im Protokoll, oder das Protokoll reicht nicht mehr so weit zurück.
error-no-decision-since = Das Protokoll reicht bis zum { $at } zurück. Ältere sind fort.
error-no-person = Dieses Nachsehen ist vorbei
error-no-person-say = Verweise auf Personen gelten nur für den, der nachgesehen hat, und nicht lange. Suchen Sie die Person erneut.
error-no-thing = Das gibt es nicht
error-no-thing-say = Es ist nicht da, oder nicht mehr.
error-method = Das kann diese Seite nicht
error-method-say = Nichts wurde getan.
error-released = Jemand hat es vor Ihnen freigegeben
error-released-say = { $by }, { $at }. Es bleibt nichts zu tun.
error-too-large = Zu viel auf einmal
error-too-large-say = Nichts wurde getan. Senden Sie weniger.
error-bad-request = Die Adresse ist nicht lesbar
error-bad-request-say = Etwas darin ist nicht, was diese Seite erwartet. Beginnen Sie mit der Seite selbst.
error-too-many = Zu viele Anfragen
error-too-many-say = Wieder möglich in { $age }.
error-kafka = Der Desk erreicht Kafka nicht
error-kafka-say = Seit { $age } hat kein Broker geantwortet; deshalb kann der Desk nicht zeigen, was gerade vorliegt.
error-gate-goes-on = Das Gate hängt nicht vom Desk ab.
error-gates = Kein Gate antwortet
error-gates-say = Was jetzt gesendet werden darf, wissen nur die Gates; hier kann es im Augenblick niemand sagen.
error-not-recorded = Niemand wurde nachgesehen
error-not-recorded-say = Was nicht festgehalten werden kann, wird nicht nachgesehen. Versuchen Sie es gleich noch einmal.
error-building = Der Index wird aufgebaut
error-building-say = Noch ist keine Entscheidung zu sehen.
error-building-since = Entscheidungen seit dem { $at } sind schon zu sehen.
error-internal = Etwas ist schiefgegangen
error-internal-say = Der Fehler liegt bei uns und steht im Protokoll.
error-status = Antwort { $status }.
error-reference = Wer den Desk betreibt, findet es als `{ $reference }`.
try-again = Noch einmal versuchen
to-overview = Zum Überblick
still-works = Was noch geht
works-until = bis { $at }, mit jedem Schritt
does-not-work = Was nicht geht
fails-look-up = Eine Person nachsehen: Was nicht festgehalten werden kann, wird nicht nachgesehen
fails-recompute = „Nachgerechnet“, „Ginge das durch?“ und Auszüge
fails-release = Datensätze freigeben

## Personen
people-title = Eine Person suchen
people-lead = Was dürfen wir senden, was hat diese Person gesagt, und warum wurde eine Nachricht aufgehalten.
people-search = Suche
people-nobody = Niemand mit dieser Adresse oder Kennung hat etwas gesagt, und nichts wurde gesendet.
people-nobody-say = Prüfen Sie auf Tippfehler, oder suchen Sie eine andere Adresse derselben Person.
people-several = { $count } Kontakte benutzen diese Adresse
people-several-say = Wählen Sie einen. Eine Erlaubnis gilt nur für das Paar aus Kontakt und Adresse; eine Ablehnung gilt für beide.
col-contact = Kontakt
col-seen-with = Gesehen mit
col-last-event = Letztes Ereignis
col-may-we = Dürfen wir schreiben?
may-some = Manches
may-nothing = Nichts
field-who = Kontaktkennung, E-Mail-Adresse oder Telefonnummer
field-who-hint = Zum Beispiel `ana-7731`, `ana@example.com` oder `+44 7700 900101`. Sie wird im Speicher gehasht und nie abgelegt.
field-kind = Was ist es?
who-auto = Wie es aussieht
who-contact = Kontaktkennung
who-address = Adresse
field-region = Land der Nummer
field-why = Warum sehen Sie nach?
field-why-hint = Ihre Antwort wird mit dem Nachsehen aufbewahrt.
look-complaint = Die Person hat gefragt oder sich beschwert
look-access = Auskunftsersuchen (Artikel 15)
look-incident = Wir gehen einem Fehler nach
look-audit = Prüfung
field-ticket = Vorgang
find = Suchen
look-ups = Was Sie nachgesehen haben
look-ups-none = Noch nichts.
look-ups-say = Jedes Nachsehen ist ein Datensatz: wer, wann, warum, und ein geschlüsselter Hash, wen.

## Person
known-since = bekannt seit { $at }
export-title = Auszug für die Person
export-say = Was vorliegt, wo, warum, wie lange, und die Texte, die gezeigt wurden.
export-html = Lesbare Seite
export-json = JSON
export-ts27560 = Einwilligungsdatensätze (TS 27560)
export-print = Um diese Seite für die Akte zu drucken, benutzen Sie den Druckbefehl des Browsers.
printed = Gedruckt aus dem consent-gate Desk von { $who } ({ $role }), { $at } UTC.
printed-why = Grund: { $why }.
printed-positions = Einwilligungen bis zur Stelle { $positions }.
printed-decision = Entscheidung { $place }.
erased = Gelöscht am { $at }.
erased-say = Was diese Person gesagt hat, ist fort, die Kennung ist geschlossen, und nichts wird an sie gesendet.
may-title = Was dürfen wir jetzt senden?
may-caption = Antwort für { $at } UTC
may-brand = Marke { $brand }
may-packs = nach { $packs }
may-unknown = Das kann im Augenblick niemand sagen.
may-unknown-say = Die Gates antworten nicht. Sie halten sich an das, was sie wissen; fragen Sie später wieder.
reflects = Berücksichtigt jeden Einwilligungsdatensatz bis { $at }.
judged-again = Beim Senden würde neu geurteilt.
said = Was diese Person gesagt hat
said-count = { $count ->
    [0] Noch nichts
    [one] Ein Ereignis. Was noch zählt, ist mit „gilt“ bezeichnet.
   *[other] { $count } Ereignisse. Was noch zählt, ist mit „gilt“ bezeichnet.
  }
said-nothing = Es liegt nichts vor.
said-erased = Es wurde gelöscht.
lane-agreed = zugestimmt ab { $at }
lane-refused = abgelehnt ab { $at }
lane-until = bis { $at }
legend-agreed = zugestimmt
legend-refused = abgelehnt
legend-approved = Nachricht freigegeben
legend-stopped = Nachricht aufgehalten
unreadable = Ein Datensatz vom { $at } ist nicht lesbar.
unreadable-say = Er kann eine Ablehnung sein; deshalb bekommt diese Person keine Werbung, bis ein gültiges Ereignis folgt.
covers = Umfasst
in-force = Gilt.
proof = Nachweis
record = Datensatz
event = Ereignis
older-events = Ältere Ereignisse
decided = Entscheidungen über Nachrichten
decided-count = { $count ->
    [0] Keine
    [one] Eine
   *[other] { $count }
  }
decided-none = In der Zeit, für die das Protokoll aufbewahrt wird, wurde über keine Nachricht an diese Person entschieden.
older-decisions = Ältere Entscheidungen
col-when = Wann (UTC)
col-message = Nachricht
col-decision = Entscheidung
col-law = Recht von
col-place = Stelle
try-title = Ginge das durch?
field-channel = Kanal
field-category = Art
field-purpose = Zweck
field-brand = Marke
field-controller = Verantwortlicher
field-jurisdiction = Recht von
judge = Beurteilen
nothing-sent = Nichts wird gesendet.
held-title = Was wir haben

## Entscheidungen
decisions-lead = Eine Zeile für jede Nachricht, über die das Gate geurteilt hat. Keine Adresse und kein Inhalt wird hier aufbewahrt.
narrow = Eingrenzen
field-outcome = Ausgang
field-reason = Grund
field-campaign = Kampagne
field-since = Von
field-until = Bis
show = Zeigen
show-all = Alle zeigen
field-message-id = Oder eine Nachricht: ihre Kennung oder Stelle
field-message-id-hint = Wie `n-2026-11-ana` oder `outbound-message/3/42`.
field-message-id-people = Für eine Person:
show-message = Nachricht zeigen
decisions-exactly = { $count ->
    [0] Keine Entscheidung
    [one] Eine Entscheidung
   *[other] { $count } Entscheidungen
  }
decisions-about = Etwa { $count } Entscheidungen
decisions-none = Nichts passt.
decisions-narrowest = Am meisten lässt „{ $field }“ weg.
newest-first = Neueste zuerst
older = Ältere
newest = Neueste
gates-clock = Die Zeiten sind die Uhr des Gates, in UTC.

## Entscheidung
to-this-person = Zu dieser Person
campaign = Kampagne
brand = Marke
message = Nachricht
what-to-do = Was zu tun ist:
recomputed-same = Nachgerechnet: gleich
recomputed-same-say = Soeben neu beurteilt, mit den Einwilligungen und den Regeln von damals.
recomputed-different = Nachgerechnet: anders
recomputed-different-say = Damals hieß es „{ $then }“, neu beurteilt „{ $now }“. Dem muss jemand nachgehen.
recomputed-step = erster Unterschied in Schritt { $step }
recomputed-not = Nicht nachgerechnet
steps = Jeder Schritt
steps-count = { $passed } bestanden, { $unasked } nicht gefragt, { $failed } nicht bestanden
steps-none = Die Schritte sind nicht bekannt: Sie ergeben sich, wenn neu geurteilt wird.
step-passed = Bestanden.
step-not-asked = Nicht gefragt.
step-failed = Nicht bestanden.
step-waits = Muss warten.
step-decides = gab den Grund
step-would-too = hielte sie auch auf
later-title = Was daraus wurde
neighbours = Umfeld
neighbours-person = Dieselbe Person, davor und danach
this-one = diese
same-batch = { $count } im selben Stapel entschieden
same-campaign = Kampagne { $campaign }: { $share } freigegeben am Tag davor und danach
evidence-for = Was sie erlaubt
evidence-against = Was dagegen steht
evidence-consent = Worauf sie beruht
evidence-none = Nichts, was diese Person gesagt hätte.
evidence-ended = Beendet:
all-they-said = Alles, was diese Person gesagt hat
to-person = Bei dieser Person nachsehen
to-person-go = Zu dieser Person
saw = Was das Gate sah
saw-decided = Entschieden
saw-by = von { $gate }, Version { $version }
saw-consent = Einwilligungen bis
saw-rules = Regeln
saw-revision = Revision
saw-zones = Zeitzonen
saw-took = Dauer
saw-warnings = Hinweise
as-json = Als JSON
as-json-label = Entscheidung als JSON
ledger = Niemand hat es geändert
ledger-pending = Noch nicht unter einem unterschriebenen Prüfpunkt. Das dauert etwa eine Minute.
ledger-held = Im Register als Blatt { $leaf }, unter dem unterschriebenen Prüfpunkt von { $at }.
ledger-prove = `consent-gate ledger prove --source { $place }` schreibt den Beweis; zehn Zeilen Python prüfen ihn ohne uns.

## Überblick
refresh = Neu laden
range-label = Zeitraum
range-hour = 1 Stunde
range-day = 24 Stunden
range-week = 7 Tage
range-month = 30 Tage
last-hour = letzte Stunde
last-day = letzte 24 Stunden
last-week = letzte 7 Tage
last-month = letzte 30 Tage
hold = Das Gate ist angehalten: Nichts wird entschieden.
hold-waiting = { $count ->
    [one] Eine Nachricht wartet
   *[other] { $count } Nachrichten warten
  }.
hold-oldest = Die älteste wartet seit { $age }.
hold-since = { $held } von { $all } Partitionen sind angehalten seit { $at }.
hold-look = Den Datensatz ansehen
promise-counts = Eine Abmeldung gilt nach { $after }.
promise-late = { $count ->
    [one] Eine Abmeldung galt später als zugesagt.
   *[other] { $count } Abmeldungen galten später als zugesagt.
  }
promise-broken = Die langsamste Abmeldung galt nach { $after }.
promise-none = In dieser Zeit kam keine Abmeldung.
promise-we = Zugesagt sind { $after }.
ruler = Zeit, bis eine Abmeldung gilt, gegen die Zusage
ruler-say = Eine Skala in Zehnerpotenzen, ab einer Millisekunde. Die Hälfte aller Abmeldungen gilt nach { $p50 }, 99 von 100 nach { $p99 }, die langsamste nach { $max }. Zugesagt sind { $promise }.
ruler-promise = Zusage { $after }
promise-p50 = Die Hälfte gilt nach
promise-p99 = 99 von 100 nach
promise-max = Die langsamste
promise-later = Später als zugesagt
of-all = von { $all }
after-opt-out = { $count ->
    [one] Eine Nachricht nach einer Abmeldung freigegeben
   *[other] { $count } Nachrichten nach einer Abmeldung freigegeben
  }
compared = { $optouts } Abmeldungen und { $messages } Nachrichten verglichen
not-compared = Freigaben nach einer Abmeldung werden nicht verglichen
probe-passed = Sonde bestanden
probe-waiting = Sonde wartet auf Antwort
probe-violated = Eine Nachricht wurde nach einer Abmeldung freigegeben
probe-error = Sonde konnte nicht laufen
probe-off = Es gibt keine Sonde
ago = vor { $age }
probe-rounds = { $count ->
    [one] Eine Runde
   *[other] { $count } Runden
  }
probe-unanswered = { $count } ohne Antwort
held-now = { $held } von { $all } Partitionen sind angehalten
held-since = seit { $at }
nothing-held = Nichts ist angehalten
last-hold = Zuletzt angehalten: { $from } bis { $until }
last-hold-record = unlesbarer Datensatz
per-second = Jetzt { $rate } je Sekunde.
times-utc = Zeiten in UTC.
took-p99 = Dauer, p99
took-p50 = p50 { $after }
rates = Entscheidungen je Sekunde, { $range }
rates-say = Freigegebene Nachrichten stehen über der Linie, gesperrte und aufgeschobene darunter.
rates-best = Am meisten freigegeben wurde am { $at }: { $rate } je Sekunde.
rates-worst = Am meisten aufgehalten wurde am { $at }: { $rate } je Sekunde.
legend-up = Freigegeben, über der Linie
legend-blocked = Gesperrt, darunter
legend-deferred = Aufgeschoben, darunter
as-table = Als Tabelle zeigen
as-table-say = Jeweils ab dieser Zeit, UTC
col-time = Zeit
why-not = Warum Nachrichten nicht hinausgingen
why-not-say = Gesperrt und aufgeschoben, { $range }
why-not-none = Jede Nachricht ging hinaus.
col-course = Verlauf
col-messages = Nachrichten
col-part = Anteil
all-decisions = Alle Entscheidungen
more-reasons = { $count ->
    [one] Ein weiterer Grund
   *[other] { $count } weitere Gründe
  }, { $messages } Nachrichten
changed = Was sich geändert hat
changed-rose = Häufiger als sonst: „{ $what }“
changed-fell = Seltener als sonst: „{ $what }“
changed-more = Es wird mehr freigegeben als sonst
changed-less = Es wird weniger freigegeben als sonst
changed-from = { $before } aller Entscheidungen in den Stunden davor, { $now } seit { $at }.
changed-mostly = Die meisten davon:
changed-say = Die letzte Stunde neben den 24 Stunden davor.
see-these = { $count ->
    [one] Diese Entscheidung zeigen
   *[other] Diese { $count } Entscheidungen zeigen
  }
waits = Wartet auf einen Menschen
waiting-dead-letters = Unlesbare Einwilligungsdatensätze
waiting-silent = Stumme Quellen
trial = Regeln auf Probe neben den geltenden
since = seit { $at }
trial-approved = Mehr freigegeben
trial-deferred = Mehr aufgeschoben
trial-blocked = Mehr gesperrt
trial-say = Revision `{ $revision }` beurteilt jede Nachricht mit und entscheidet nichts.
trial-diff = Was sich in den Regeln unterscheidet
stopped = Soeben aufgehalten
stopped-none = Nichts wurde aufgehalten.

## Vor der ersten Nachricht
empty = Noch wurde über keine Nachricht entschieden.
empty-ready = Das Gate ist bereit. Sobald die erste Nachricht kommt, zeigt diese Seite, ob sie hinausging und warum.
empty-no-gate = Kein Gate hat gemeldet, dass es läuft.
empty-start = Starten Sie das Gate
empty-runs = Das Gate läuft und ist bereit
empty-runs-say = { $names }, seit { $age }. { $packs } Pakete gelten.
empty-consent = Einwilligungen wurden gelesen
empty-consent-say = { $count ->
    [0] In `{ $topic }` steht noch kein Datensatz.
    [one] Ein Datensatz aus `{ $topic }`.
   *[other] { $count } Datensätze aus `{ $topic }`.
  }
empty-send = Senden Sie die erste Nachricht an `{ $topic }`
empty-send-say = Aus Ihrer Strecke, oder versuchen Sie es mit erfundenen Leuten, wo keine anderen Datensätze sind:
empty-senders = Lassen Sie Versender nur `{ $topic }` lesen
empty-senders-say = Und weglassen, was `gate-probe: 1` trägt.

## Regeln
policies-lead = Das Recht, wie das Gate es anwendet. Revision `{ $revision }`.
in-force-since = Gilt seit { $at } UTC.
unsigned = { $count ->
    [one] Ein Paket ist nicht abgenommen: { $codes }.
   *[other] { $count } Pakete sind nicht abgenommen: { $codes }.
  }
unsigned-say = Sie entscheiden schon. Lassen Sie sie von jemandem lesen, der für das Recht einsteht.
packs = Geltende Pakete
col-pack = Paket
col-version = Version
col-rules = Regeln
col-signed-off = Abgenommen
not-yet = noch nicht
how-sure = Wie sicher
how-sure-ask = Wie sicher sind wir?
sure-law = Gesetz gelesen
sure-law-say = der Text des Gesetzes selbst
sure-guide = Leitfaden gelesen
sure-guide-say = Leitfaden einer Behörde oder Kanzlei
sure-knowledge = aus Kenntnis
sure-knowledge-say = zu prüfen
sure-product = Produktregel
sure-product-say = strenger, als das Gesetz verlangt
law = Recht
sources = Quellen
note = Anmerkung
as-written = Wie geschrieben (YAML)
strictest = Kommen mehrere in Betracht, gilt das strengste Ergebnis.
revisions = Revisionen
revision-in-force = gilt
revision-trial = auf Probe
revision-former = früher
from-until = { $from } bis { $until }
changes = ändert { $codes }
compare-last = Die beiden neuesten vergleichen
new-rules = Neue Regeln
new-rules-say = Legen Sie die Dateien nach `policies.dir`. Sie werden im Ganzen übernommen oder gar nicht.
diff-count = { $count ->
    [0] Kein Unterschied
    [one] Ein Unterschied
   *[other] { $count } Unterschiede
  }
diff-of = { $from } und { $to }
diff-from = Von Revision `{ $revision }`
diff-to = zu `{ $revision }`
field-from = Von
field-to = Zu
compare = Vergleichen
before = Vorher
after = Nachher
nothing = nichts
diff-effect = { $count ->
    [one] Eine Nachricht wäre
   *[other] { $count } Nachrichten wären
  }
unchanged = Unverändert
unchanged-packs = { $count ->
    [one] Ein Paket: { $codes }.
   *[other] { $count } Pakete: { $codes }.
  }

## Eingang
intake-lead = Was Leute sagen, und wie es uns erreicht.
intake-sources = Quellen
intake-no-sources = Kein Datensatz kam.
col-source = Quelle
col-last-record = Letzter Datensatz
col-records = Datensätze
col-unreadable = Unlesbar
col-state = Zustand
source-fine = In Ordnung
source-holds = Hält das Gate an
source-silent = { $hours ->
    [one] Stumm seit einer Stunde
   *[other] Stumm seit { $hours } h
  }
dead-letters = Unlesbare Datensätze
dead-letters-count = { $shown } von { $all }. Eine Person bleibt gesperrt, bis ein gültiges Ereignis über denselben Kontakt kommt.
dead-letters-none = Keine.
dead-letters-say = Das Ansehen eines Datensatzes wird festgehalten.
col-record = Datensatz
col-wrong = Was nicht stimmt
col-blocked = Wer gesperrt ist
col-since = Seit
unknown = unbekannt
blocks-everybody = alle: Das Gate ist angehalten
blocks-people = { $count ->
    [one] ein Kontakt, keine Werbung
   *[other] { $count } Kontakte, keine Werbung
  }
blocks-nobody = niemand seit { $at }
poison-holds = Ein Datensatz hält das Gate an
poison-unreadable = Ein unlesbarer Datensatz
poison-step-1 = Schritt 1 von 2: ansehen und sagen, was es war.
poison-step-2 = Schritt 2 von 2: noch einmal lesen.
poison-record = Der Datensatz
poison-received = Eingegangen
poison-key = Schlüssel
poison-text = Als Text, { $bytes } Bytes.
poison-ends = Bei der Markierung brach das Lesen ab.
poison-end = (hier endet er)
poison-text-label = Der Datensatz als Text
poison-bytes = Als Bytes
poison-bytes-label = Der Datensatz als Bytes
release = Freigeben
field-what = Was war es?
what-again = Eine Abmeldung oder ein anderes Ereignis, und es wurde erneut veröffentlicht
what-test = Ein Test, über niemanden
what-unknown = Das kann niemand sagen (der Datenschutz entscheidet mit)
field-event-id = Ereigniskennung des neuen Datensatzes
field-event-id-if = (wenn erneut veröffentlicht)
field-event-id-hint = Vor der Freigabe wird geprüft, ob es angewandt wurde.
field-release-reason = Grund, für die Akte
field-release-reason-hint = Mindestens zehn Zeichen. Prüfer werden es lesen. Nennen Sie niemanden.
to-step-2 = Weiter zu Schritt 2
release-nothing = Zurück, nichts freigeben
release-does = Was eine Freigabe bewirkt
release-goes-on = Das Gate läuft weiter, auf jeder Instanz.
release-stays = Der Datensatz bleibt, Byte für Byte, in der Ablage für Unlesbares, mit Ihrem Namen und Grund.
release-lost = **Was er sagte, wird nicht angewandt.** War es eine Abmeldung und wird sie nicht erneut veröffentlicht, darf dieser Person geschrieben werden.
release-before = Vorher
release-before-1 = Halten Sie die Quelle an, die ihn schrieb, sonst folgt der nächste.
release-before-2 = Finden Sie heraus, was er sagte: Fragen Sie die Quelle.
release-before-3 = Veröffentlichen Sie es erneut in lesbarer Form.
release-before-say = Kann niemand sagen, was gemeint war, entscheidet, wer für Einwilligungen einsteht, nicht die Bereitschaft allein.
letter-means = Was das bedeutet
letter-means-say = Das Gate läuft weiter. Wen dieser Datensatz betreffen kann, bekommt keine Werbung, bis ein gültiges Ereignis über denselben Kontakt kommt. Veröffentlichen Sie erneut in lesbarer Form, was er sagte.
release-ask = Diesen Datensatz freigeben?
release-trail = Freigabe
release-sum = Das erklären Sie
release-was = Es war
release-found = Gefunden
release-applied = angewandt am { $at }
release-by = Von
release-final = Das lässt sich nicht zurücknehmen.
release-waiting = { $count ->
    [one] Eine wartende Nachricht wird sofort entschieden.
   *[other] { $count } wartende Nachrichten werden sofort entschieden.
  }
field-offset = Geben Sie die Nummer des Datensatzes ein: { $offset }
release-now = Den Datensatz freigeben
back-to-step-1 = Zurück zu Schritt 1

## Sonde
probe-lead = Eine erfundene Person stimmt zu, bekommt eine Nachricht, meldet sich ab und darf die nächste nicht bekommen, durch die echten Topics.
probe-every = Alle { $span }.
probe-never = Noch nie nach einer Abmeldung freigegeben.
probe-violations = { $count ->
    [one] Eine Nachricht wurde nach einer Abmeldung freigegeben.
   *[other] { $count } Nachrichten wurden nach einer Abmeldung freigegeben.
  }
probe-rounds-day = { $count ->
    [one] Eine Runde in 24 Stunden.
   *[other] { $count } Runden in 24 Stunden.
  }
probe-took = Die gesperrte Nachricht war { $after } nach der Abmeldung da.
probe-off-say = Starten Sie eine mit `consent-gate probe`.
rounds-title = Von der Abmeldung bis zur gesperrten Nachricht
rounds-last = Die letzten { $count } Runden
rounds-say = { $passed } bestanden, { $unanswered } ohne Antwort, { $violated } nach einer Abmeldung freigegeben.
now = jetzt
by-day = Nach Tagen
col-day = Tag
col-rounds = Runden
col-passed = Bestanden
col-unanswered = Keine Antwort
col-violated = Nach einer Abmeldung freigegeben
round-title = Die letzte Runde
round-partition = Nachrichtenpartition { $partition }
round-opt-in = Zustimmung geschrieben
round-message = Eine Nachricht gesendet
round-opt-out = Abmeldung geschrieben
round-next = Die nächste Nachricht gesendet
round-acknowledged = bestätigt nach { $after }
round-approved = freigegeben nach { $after }
round-blocked = gesperrt nach { $after }
probe-means = Was es bedeutet, wenn sie scheitert
means-violated = Verletzt
means-violated-say = Eine Nachricht wurde nach einer Abmeldung freigegeben. Halten Sie die Versender an.
means-unanswered = Keine Antwort
means-unanswered-say = Nachrichten warten, oder die Broker sind nicht da.
means-error = Fehler
means-error-say = Etwas lehnte ab: Rechte, Schema oder Regeln, die die Sonde sperren.
