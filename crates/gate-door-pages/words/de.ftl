# Die Texte der Tür auf Deutsch. **laut** wird hervorgehoben; andere Auszeichnung gibt es nicht. Noch von niemandem gegengelesen.

## Um jede Seite
skip = Zum Inhalt springen
language = Sprache
contact = Kontakt
privacy = So nutzen wir Ihre Daten
error-before = Fehler:
who-email = Für { $address }
who-phone = Für das Telefon mit der Endung { $digits }
who-both = Für { $address } und das Telefon mit der Endung { $digits }
still-comes = Rechnungen und Nachrichten zu Ihren Bestellungen kommen weiterhin.
reference = Kennung { $reference }.

## Daten
date-day = { $day }. { $month }
date-day-year = { $day }. { $month } { $year }
date-clock = { $day }, { $clock }
date-at = { $day } um { $clock }
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

## Wege
channel-email = E-Mail
channel-sms = SMS
channel-mms = MMS
channel-rcs = RCS-Nachrichten
channel-whatsapp = WhatsApp
channel-push = App-Mitteilungen
channel-voice-live = Telefonanrufe
channel-voice-auto = Automatische Anrufe
what-email = Werbe-E-Mails
what-text = Werbe-SMS
what-whatsapp = Werbung über WhatsApp
what-push = Werbung in der App
what-call = Werbeanrufe
what-purpose-email = „{ $purpose }“ per E-Mail
what-purpose-text = „{ $purpose }“ per SMS
what-purpose-whatsapp = „{ $purpose }“ über WhatsApp
what-purpose-push = „{ $purpose }“ in der App
what-purpose-call = „{ $purpose }“ per Telefon
button-email = E-Mails abbestellen
button-text = SMS abbestellen
button-whatsapp = Nachrichten abbestellen
button-push = Mitteilungen abbestellen
button-call = Anrufe abbestellen

## Abbestellen
unsubscribe-head = { $what } abbestellen?
unsubscribe-title = { $what } von { $brand } abbestellen?
nothing-yet = Es ändert sich nichts, bis Sie auf den Knopf drücken.
choose-instead = Lieber einzeln auswählen
done-head = Erledigt: { $what } abbestellt
done-title = Erledigt. { $what } abbestellt.
done-plain = Erledigt. { $what } von { $brand } abbestellt.
done-saved-head = Gespeichert: { $what } abbestellt
done-saved-title = Gespeichert. { $what } abbestellt.
done-saved-plain = Gespeichert. { $what } von { $brand } abbestellt.
in-force-since = Gilt seit { $at }.
late-email = Eine E-Mail, die vorher abging, kann noch ankommen.
late = Was vorher abging, kann noch ankommen.
stopped-email = Abbestellt für { $address }
stopped-phone = Abbestellt für das Telefon mit der Endung { $digits }
stopped-both = Abbestellt für { $address } und das Telefon mit der Endung { $digits }
everything-else = SMS, Anrufe und alles andere
undo-title = Aus Versehen gedrückt?
undo-say = Wir können Sie per E-Mail fragen, damit wir wissen, dass Sie es sind.
undo-button = Per E-Mail fragen

## Auswahl
preferences-head = Was dürfen wir Ihnen senden?
preferences-title = Was darf { $brand } Ihnen senden?
in-force-head = Gilt
saved-soon-head = Gespeichert, gilt in etwa einer Sekunde
saved-soon = Gespeichert. Gilt in etwa einer Sekunde.
saved-before-head = Gespeichert, gilt, bevor wieder etwas abgeht
saved-before = Gespeichert. Gilt, bevor wieder etwas abgeht.
may-close = Sie können diese Seite schließen.
check-again = Noch einmal nachsehen
none-goes-out = Ab jetzt geht nichts davon mehr ab.
stop-title = Gar nichts
stop-say = Keine Werbung per E-Mail, SMS, Telefon oder App.
stop-button = Alles abbestellen
choose-title = Oder einzeln auswählen
choose-say = Entfernen Sie den Haken, um etwas abzubestellen.
choose-all-off = Nichts ist an.
choose-ask = Wenn Sie etwas einschalten möchten, fragen wir Sie vorher per E-Mail.
off = Aus
off-since = Aus seit { $day }
off-stop = Aus, seit Sie am { $day } STOPP geschrieben haben
turn-on = Per E-Mail einschalten
stopping = Wird abbestellt
stopped = Abbestellt
save = Speichern
save-say = Was Sie abbestellen, gilt etwa eine Sekunde nach dem Speichern.
gpc = Ihr Browser sagt: Meine Daten nicht verkaufen oder weitergeben (Global Privacy Control). Daran halten wir uns: Ihr Widerspruch ist gespeichert. Mit E-Mails hat das nichts zu tun.
away-head = Ihre Auswahl ist gerade nicht zu sehen
away-title = Wir können Ihre Auswahl gerade nicht zeigen.
away-say = Abbestellen geht trotzdem: Es wird jetzt gespeichert und gilt, bevor wieder etwas abgeht.
away-one = Oder nur { $what } abbestellen
away-again = Die Auswahl noch einmal aufrufen

## Alles abbestellt
stopped-head = Alles ist abbestellt
stopped-title = Alles ist abbestellt.
stopped-saved-head = Gespeichert: alles abbestellt
stopped-saved-title = Gespeichert. Alles abbestellt.
stopped-late = Was vorher abging, kann heute noch ankommen.
back-to-choices = Zurück zur Auswahl

## Anmelden
sign-up-head = Was möchten Sie bekommen?
sign-up-title = Was möchten Sie von { $brand } bekommen?
sign-up-say = Wir senden Ihnen eine E-Mail mit einem Link. Nichts wird eingeschaltet, bevor Sie auf den Knopf dahinter drücken.
sign-up-choose = Per E-Mail
sign-up-button = Diese E-Mail senden
nothing-ticked = Nichts ist angekreuzt.
nothing-ticked-say = Bitte kreuzen Sie an, was Sie bekommen möchten.
old-text = Der Text hat sich geändert.
old-text-say = Er wurde geändert, während diese Seite offen war. Bitte lesen Sie ihn noch einmal und drücken Sie erneut.

## Die Mail, die fragt
mail-subject = Bitte bestätigen: E-Mails von { $brand }
mail-asked = Jemand, vermutlich Sie, hat { $brand } am { $at } um dies gebeten:
mail-link = Um Ja zu sagen, öffnen Sie diese Seite und drücken Sie dort auf den Knopf:
mail-until = Die Seite geht bis { $day }. Sie zu öffnen ändert nichts.
mail-not = Nicht Sie? Tun Sie nichts, dann bekommen Sie nichts.

## Bestätigen
confirm-head = Bitte bestätigen
confirm-title = Möchten Sie { $what } von { $brand }?
confirm-title-all = Möchten Sie dies von { $brand }?
confirm-by-email = Es käme per E-Mail.
confirm-by-text = Es käme per SMS.
confirm-by-whatsapp = Es käme über WhatsApp.
confirm-by-push = Es käme in der App.
confirm-by-call = Es käme per Telefon.
confirm-asked = Jemand, vermutlich Sie, hat am { $at } darum gebeten.
confirm-button = Ja, das möchte ich
confirm-not = Nicht Sie, oder anders überlegt? Schließen Sie diese Seite. Es wird nichts gesendet. Dieser Link gilt bis { $day }.
confirmed-head = Danke, bestätigt
confirmed-title = Danke. Sie bekommen { $what }.
confirmed-title-all = Danke. Sie bekommen, worum Sie gebeten haben.
confirmed-before = Das haben Sie schon einmal bestätigt.
confirmed-before-say = Jetzt hat sich nichts geändert. Ihre Auswahl zeigt, was gilt.
confirmed-at = Bestätigt: { $at }. Sie können es jederzeit abbestellen.
your-choices = Ihre Auswahl

## Links, die nicht gehen
expired-head = Dieser Link geht nicht
expired-title = Dieser Link geht nicht mehr.
expired-again = Wir können einen neuen Link an dieselbe Adresse senden. Es geht um dies:
expired-form = Sie wollten etwas bekommen?
expired-say = Links zum Bestätigen gelten { $days ->
    [one] einen Tag
   *[other] { $days } Tage
  }. Oder ein Stück des Links ging unterwegs verloren.
address = Ihre E-Mail-Adresse
address-say = Wir nutzen sie nur für das, was Sie hier auswählen.
no-address = Das ist keine E-Mail-Adresse.
no-address-say = Bitte geben Sie sie noch einmal ein, etwa name@example.com.
expired-button = Neuen Link senden
only-stop = Sie möchten nur etwas abbestellen?
only-stop-email = E-Mails: Nehmen Sie den Link in einer unserer E-Mails. Er gilt immer.
only-stop-text = SMS: Antworten Sie **STOPP**.
only-stop-else = Alles andere: Schreiben Sie an { $address }.
sent-head = Sehen Sie in Ihren Posteingang
sent-title = Sehen Sie in Ihren Posteingang.
sent-say = Wenn wir an diese Adresse schreiben dürfen, ist eine E-Mail mit einem Link unterwegs. Das kann eine Minute dauern.
sent-nothing-yet = Es ändert sich nichts, bis Sie auf den Knopf hinter diesem Link drücken.

## Wenn es nicht geht
not-saved-head = nicht gespeichert, bitte noch einmal drücken
not-saved-title = Das konnten wir nicht speichern. Bitte drücken Sie noch einmal.
not-yet-email = Es liegt an uns, und **Ihre E-Mails sind noch nicht abbestellt.**
not-yet-text = Es liegt an uns, und **Ihre SMS sind noch nicht abbestellt.**
not-yet-whatsapp = Es liegt an uns, und **Ihre Nachrichten sind noch nicht abbestellt.**
not-yet-push = Es liegt an uns, und **Ihre Mitteilungen sind noch nicht abbestellt.**
not-yet-call = Es liegt an uns, und **Ihre Anrufe sind noch nicht abbestellt.**
not-yet-all = Es liegt an uns, und **noch ist nichts abbestellt.**
not-yet-ask = Es liegt an uns, und **noch ist keine E-Mail unterwegs.**
not-yet-confirm = Es liegt an uns, und **noch ist nichts eingeschaltet.**
not-saved-write = Wenn es wieder nicht geht, schreiben Sie an { $address }. Das zählt ebenso.
problem-title-request = Das konnten wir nicht lesen.
problem-say-request = Es hat sich nichts geändert. Bitte gehen Sie zurück zum Link in der Nachricht und beginnen Sie von vorn.
problem-title-form = Diese Seite war zu lange offen.
problem-say-form = Es hat sich nichts geändert. Bitte öffnen Sie den Link noch einmal und drücken Sie erneut.
problem-title-page = Diese Seite gibt es nicht.
problem-say-page = Vielleicht ging ein Stück der Adresse verloren. Nehmen Sie den Link in der Nachricht.
problem-title-large = Das war zu viel auf einmal.
problem-say-large = Es hat sich nichts geändert. Bitte gehen Sie zurück zum Link in der Nachricht und beginnen Sie von vorn.
problem-title-many = Bitte warten Sie ein wenig.
problem-say-many = Es waren zu viele Versuche. Es hat sich nichts geändert. Noch einmal in { $seconds ->
    [one] einer Sekunde
   *[other] { $seconds } Sekunden
  }.
problem-title-ours = Hier ging etwas schief.
problem-say-ours = Es liegt an uns. Bitte rechnen Sie damit, dass nichts gespeichert ist, und versuchen Sie es noch einmal.
problem-again = Noch einmal versuchen
problem-write = Abbestellen können Sie immer auch schriftlich an { $address }. Das zählt ebenso.
