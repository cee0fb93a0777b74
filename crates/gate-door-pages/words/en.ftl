# The door's texts in English. **loud** is set off; there is no other markup. Values in a sentence are set apart by the page.

## Around every page
skip = Skip to the content
language = Language
contact = Contact
privacy = How we use your data
error-before = Error:
who-email = For { $address }
who-phone = For the phone that ends in { $digits }
who-both = For { $address } and the phone that ends in { $digits }
still-comes = Receipts and messages about your orders still come.
reference = Reference { $reference }.

## Dates
date-day = { $day } { $month }
date-day-year = { $day } { $month } { $year }
date-clock = { $day }, { $clock }
date-at = { $day } at { $clock }
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

## Channels
channel-email = E-mail
channel-sms = Texts
channel-mms = Picture messages
channel-rcs = RCS messages
channel-whatsapp = WhatsApp
channel-push = App notifications
channel-voice-live = Phone calls
channel-voice-auto = Automated calls
what-email = marketing e-mails
what-text = marketing texts
what-whatsapp = marketing on WhatsApp
what-push = marketing in the app
what-call = marketing calls
what-purpose-email = “{ $purpose }” by e-mail
what-purpose-text = “{ $purpose }” by text
what-purpose-whatsapp = “{ $purpose }” on WhatsApp
what-purpose-push = “{ $purpose }” in the app
what-purpose-call = “{ $purpose }” by phone
button-email = Stop these e-mails
button-text = Stop these texts
button-whatsapp = Stop these messages
button-push = Stop these notifications
button-call = Stop these calls

## Unsubscribe
unsubscribe-head = Stop { $what }?
unsubscribe-title = Stop { $what } from { $brand }?
nothing-yet = Nothing changes until you press the button.
choose-instead = Choose what you get instead
done-head = Done: no more { $what }
done-title = Done. No more { $what }.
done-plain = Done. No more { $what } from { $brand }.
done-saved-head = Saved: no more { $what }
done-saved-title = Saved. No more { $what }.
done-saved-plain = Saved. No more { $what } from { $brand }.
in-force-since = In force since { $at }.
late-email = An e-mail that left before then can still arrive.
late = What left before then can still arrive.
stopped-email = Stopped for { $address }
stopped-phone = Stopped for the phone that ends in { $digits }
stopped-both = Stopped for { $address } and the phone that ends in { $digits }
everything-else = Texts, calls and everything else
undo-title = Pressed by mistake?
undo-say = We can ask you by e-mail, so that we know it is you.
undo-button = Ask me by e-mail

## Preferences
preferences-head = What may we send you?
preferences-title = What may { $brand } send you?
in-force-head = In force
saved-soon-head = Saved, in force in about a second
saved-soon = Saved. In force in about a second.
saved-before-head = Saved, in force before anything else is sent
saved-before = Saved. In force before anything else is sent.
may-close = You can close this page.
check-again = Check again
none-goes-out = From now on none of it goes out.
stop-title = Nothing at all
stop-say = No marketing by e-mail, text, phone or app.
stop-button = Stop everything
choose-title = Or choose
choose-say = Clear a box to stop it.
choose-all-off = Nothing is on.
choose-ask = To turn something on, we ask you by e-mail first.
off = Off
off-since = Off since { $day }
off-stop = Off since you texted STOP on { $day }
turn-on = Turn on by e-mail
stopping = Stopping
stopped = Stopped
save = Save
save-say = What you stop is in force about a second after you save.
gpc = Your browser says: do not sell or share my data (Global Privacy Control). We honour it: your refusal is recorded. It is not about e-mails.
away-head = Your choices cannot be shown now
away-title = We cannot show your choices now.
away-say = Stopping still works: it is saved now, and in force before anything else is sent.
away-one = Or stop only { $what }
away-again = Try to show the choices again

## Everything stopped
stopped-head = Everything is stopped
stopped-title = Everything is stopped.
stopped-saved-head = Saved: everything stops
stopped-saved-title = Saved. Everything stops.
stopped-late = What left before then can still arrive today.
back-to-choices = Back to your choices

## Sign up
sign-up-head = What would you like to get?
sign-up-title = What would you like to get from { $brand }?
sign-up-say = We send you an e-mail with a link. Nothing is turned on before you press the button behind it.
sign-up-choose = By e-mail
sign-up-button = Send me that e-mail
nothing-ticked = Nothing is ticked.
nothing-ticked-say = Please tick what you would like to get.
old-text = The text has changed.
old-text-say = It was changed while this page was open. Please read it again, and press the button once more.

## The mail that asks
mail-subject = Please confirm: e-mails from { $brand }
mail-asked = Somebody, probably you, asked { $brand } for this on { $at }:
mail-link = To say yes, open this page and press the button there:
mail-until = The page works until { $day }. Opening it changes nothing.
mail-not = Not you? Do nothing, and you will get nothing.

## Confirm
confirm-head = Please confirm
confirm-title = Do you want { $what } from { $brand }?
confirm-title-all = Do you want this from { $brand }?
confirm-by-email = It would come by e-mail.
confirm-by-text = It would come by text.
confirm-by-whatsapp = It would come on WhatsApp.
confirm-by-push = It would come in the app.
confirm-by-call = It would come by phone.
confirm-asked = Somebody, probably you, asked for this on { $at }.
confirm-button = Yes, I want this
confirm-not = Not you, or changed your mind? Close this page. Nothing will be sent. This link works until { $day }.
confirmed-head = Thank you, confirmed
confirmed-title = Thank you. You will get { $what }.
confirmed-title-all = Thank you. You will get what you asked for.
confirmed-before = You have confirmed this before.
confirmed-before-say = Nothing has changed now. Your choices show what holds.
confirmed-at = Confirmed at { $at }. You can stop it at any time.
your-choices = Your choices

## Links that do not work
expired-head = This link does not work
expired-title = This link does not work any more.
expired-again = We can send a new link to the same address. It is about this:
expired-form = You wanted to get something?
expired-say = Links to confirm something work for { $days ->
    [one] one day
   *[other] { $days } days
  }. Or a piece of the link was lost on the way.
address = Your e-mail address
address-say = We use it for nothing but what you choose here.
no-address = That is no e-mail address.
no-address-say = Please enter it again, such as name@example.com.
expired-button = Send me a new link
only-stop = You only want to stop something?
only-stop-email = E-mails: use the link in any of our e-mails. It never runs out.
only-stop-text = Texts: answer **STOP**.
only-stop-else = Anything else: write to { $address }.
sent-head = Look into your inbox
sent-title = Look into your inbox.
sent-say = If we may write to this address, an e-mail with a link is on its way. It can take a minute.
sent-nothing-yet = Nothing changes before you have pressed the button behind that link.

## When it does not go
not-saved-head = not saved, please press again
not-saved-title = We could not save that. Please press again.
not-yet-email = It is our fault, and **your e-mails are not stopped yet.**
not-yet-text = It is our fault, and **your texts are not stopped yet.**
not-yet-whatsapp = It is our fault, and **your messages are not stopped yet.**
not-yet-push = It is our fault, and **your notifications are not stopped yet.**
not-yet-call = It is our fault, and **your calls are not stopped yet.**
not-yet-all = It is our fault, and **nothing is stopped yet.**
not-yet-ask = It is our fault, and **no e-mail is on its way yet.**
not-yet-confirm = It is our fault, and **nothing is turned on yet.**
not-saved-write = If it fails again, write to { $address }. That counts as well.
problem-title-request = We could not read that.
problem-say-request = Nothing has been changed. Please go back to the link in the message and start again.
problem-title-form = This page was open too long.
problem-say-form = Nothing has been changed. Please open the link again and press once more.
problem-title-page = There is no such page.
problem-say-page = Perhaps a piece of the address was lost on the way. Use the link in the message.
problem-title-large = That was too much at once.
problem-say-large = Nothing has been changed. Please go back to the link in the message and start again.
problem-title-many = Please wait a little.
problem-say-many = There were too many attempts. Nothing has been changed. Try again in { $seconds ->
    [one] one second
   *[other] { $seconds } seconds
  }.
problem-title-ours = Something went wrong here.
problem-say-ours = It is our fault. Please take it as not saved, and try again.
problem-again = Try again
problem-write = To stop something you can always write to { $address }. That counts as well.
