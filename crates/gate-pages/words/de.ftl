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
to-this-person = An diese Person
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
same-campaign = Alle von { $campaign }: { $share } freigegeben
evidence-for = Was sie erlaubt
evidence-against = Was dagegen steht
evidence-consent = Worauf sie beruht
evidence-none = Nichts, was diese Person gesagt hätte.
evidence-ended = Beendet:
all-they-said = Alles, was diese Person gesagt hat
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
