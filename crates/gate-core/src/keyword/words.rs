//! The words people stop messages with, by language. Written as people write them; the index folds them.
//!
//! Sources: 47 CFR 64.1200(a)(10) (stop, quit, end, revoke, opt out, cancel, unsubscribe), the lists of carriers and
//! providers (docs/law.md section 5), and for other languages what senders there ask their customers to reply.

/// Words that stop wherever a text or sentence begins with them, and alone.
pub(super) const STOP: &[&str] = &[
    // the legal list and the lists of carriers; "txtstop" and the like are instructions typed as they stand
    "stop optout revoke stopit stopp td tdd stopnow stopme stoptext stoptexts stoptexting \
     stopmsg stopmsgs",
    "stopsms stopads stopspam stopmessages stopplease stoppls stopplz stopthis stopthanks \
     pleasestop plsstop plzstop",
    "txtstop textstop sendstop replystop stopend stopquit juststop",
    // letters in the wrong order, which no other word has
    "sotp stpo tsop stahp stawp",
    // de fr es pt it nl
    "stoppen stoppt stoppe aufhören aufhoeren schluss arrêt arret arrêter arrêtez arrete \
     arrêtes arrêté stoppez",
    "cessez detener detengan deténganse paren parem suspender suspenda smetti smettete \
     smettetela smettila",
    "fermate ophouden stoppit",
    // sv da no fi pl cs sk hu ro tr
    "stoppa stoppar sluta slutt slutte lopeta lopettakaa przestań przestańcie zatrzymaj \
     přestaňte přestaň zastavit",
    "prestaňte ukončit hagyják opriți opriti opreste oprește opreşte oprire durdur durdurun \
     durdurunuz",
    // ru uk bg sr el
    "стоп остановить остановите прекратите прекрати хватит отстаньте зупинити зупиніть \
     припиніть досить годі",
    "спрете спри престанете престани στοπ σταμάτα σταματήστε σταματήστε",
    // he ar fa hi th vi id ms tl
    "תפסיקו תפסיק הפסק הפסיקו עצור עצרו סטופ توقف توقفوا اوقف أوقف أوقفوا اوقفوا ايقاف إيقاف \
     قف ستوب",
    "बंद रोकें रोको रुको स्टॉप หยุด เลิก dừng ngừng berhenti hentikan setop itigil tigilan",
];

/// Words with other uses: they stop alone and beside politeness; before anything else a person should look.
pub(super) const ALONE: &[&str] = &[
    "cancel end quit remove delete cancle cancell cansel cancelled canceled enough halt cease",
    "löschung kündigung beëindigen beeindigen stopzetten",
    "kündigen kuendigen stornieren abbrechen entfernen löschen loeschen ende annuler annulez \
     terminer fin supprimer",
    "supprimez retirer résilier cancelar cancela cancele cancelen anular eliminar elimina \
     borrar quitar salir terminar",
    "basta remover remova encerrar excluir annullare annullate cancella cancellami cancellare \
     cancellazione annullamento rimuovi rimuovere",
    "annuleren annuleer verwijderen verwijder einde avbryt slet fjern annuller peru peruuta \
     peruuttakaa poistakaa poista usuń usun anuluj",
    "koniec zrušit konec zrušiť koniec törlés vége anulare anulează șterge iptal kapat отмена \
     отменить удалить удалите",
    "конец скасувати видалити кінець край ακύρωση τέλος ביטול בטל מחק מחקו די حذف احذف الغاء \
     إلغاء الغ ألغ كفى कैंसिल",
    "ยกเลิก ลบ huỷ hủy huy xóa thôi batal hapus padam cukup kanselahin",
    "stopper отключить genug assez exit para dur hagyja deje dejen deja довольно çıkış cikis",
];

/// Words of the own lists with other uses in their language: first in a text they stop, unless what follows is an
/// order, an appointment or the like.
pub(super) const FIRST: &[&str] =
    &["alto baja parar pare sair annulla annullami ret wypisz tuchoi dezactivare"];

/// Long words that mean one thing wherever they stand; one misspelling is forgiven from seven letters on.
pub(super) const ANYWHERE: &[&str] = &[
    "unreg unsubscribe unsubscribed unsubscribing unsubscription unsubscribeme unsubbed unsub \
     unsubs unscribe unsubscribes desubscribe",
    "disubscribe optout optedout",
    // de nl
    "abmelden abmeldung abgemeldet abmelde abbestellen abbestellung abbestellt austragen \
     afmelden afmelding afmeld",
    "uitschrijven uitgeschreven opzeggen",
    // fr es pt it ro
    "désabonner désabonnez désabonne désabonnement désabonné désabonnezmoi désinscrire \
     désinscription désinscrivez",
    "désinscrivezmoi désinscris désinscrit desuscribir desuscribirme desuscribirse \
     desuscripción desinscribir dessubscrever",
    "desinscribirme desapuntar desapuntarme descadastrar descadastre descadastrem \
     descadastramento desinscrever",
    "desinscrevam desinscrição desassinar disiscrivere disiscrivi disiscriviti disiscrivermi \
     disiscrivimi disiscrivetemi disiscrizione cancellatemi",
    "disdire disdetta dezabonare dezabonați dezabonez dezabonează dezabonati",
    // sv da no fi pl cs sk hu tr
    "avsluta avslutt avslut avregistrera avregistrer avprenumerera avanmäl afmeldt avmeld \
     avmelding framelding framelde",
    "irtisanoudun wypisać wypisz wypisuję wypiszcie rezygnuję rezygnacja zrezygnuj \
     odsubskrybuj odhlásit odhlásiť odhlaste",
    "odhláste odhlašte odhlášení odhlásenie odhlašuji leiratkozás leiratkozom leiratkozni \
     leiratkoznék leiratkozok",
    // ru uk bg el
    "отписаться отпишите отписка отписывайте отписать отпишись отписаца отписатся отписываюсь \
     отпишитесь рассылку відписатися",
    "відпишіть відписка відписати відписатись отписване отпиши διαγραφή διαγράψτε διαγράψτεμε \
     απεγγραφή απεγγράψτε",
    // he ar hi
    "הסר הסירו הסירי הסרה להסיר תסירו תסיר הסירוני अनसब्सक्राइब",
];

/// One edit from a word above and another word, often its opposite.
pub(super) const OTHER_WORDS: &[&str] = &[
    "anmelden anmeldung angemeldet anmelde aanmelden aanmelding anmeld tilmeld bestellen \
     abonner abonnez подписаться описать",
    "подпишите подписка підписатися підпишіть підписка підписати підписатись записаться \
     расписаться обписаться написать",
    "записать подписать disdetto iscrizione dedicare descansar avslutar εγγραφή auftragen \
     eintragen ausfragen aufmelden",
    "avanmalt irtisanon списка приписка записка подпиши напишите опишите спишите запишите \
     пишите subscribe resubscribe",
    "напиши отпиши́ть fremelde abstellen umbestellen zubestellen vorbestellen mitbestellen \
     umschreiben beschreiben",
    "inschrijven omschrijven opleggen oprechten optellen overschrijven",
];

/// Politeness, names of nobody and other words around a refusal that change nothing in it.
pub(super) const POLITE: &[&str] = &[
    "please pls plz plse plss pleas pleae plase pleez plies kindly thanks thank thankyou thx \
     thnx tks tx ty tyvm cheers ok okay",
    "k kk hey hi hello helo hiya yo dear sir madam maam guys folks team everyone sorry now \
     right immediately asap today already",
    "just again ffs omg lol wtf jesus god christ dammit damn so and but well oh ah uh um hmm \
     ugh you u thankfully regards",
    "yes yeah yep ja jo oui ouais sí si sim tak ano да так igen da evet ναι כן نعم हाँ ya iya vâng",
    "best kind sincerely much very mate dude bro man buddy love babe sender admin whoever \
     forever permanently once",
    "bitte danke dankeschön vielen dank hallo guten tag liebe grüße gruss grüße sofort jetzt \
     mal endlich einfach doch",
    "merci svp stp bonjour bonsoir salut beaucoup cordialement monsieur madame maintenant \
     immédiatement",
    "sil vous te plaît plait de tout suite",
    "por favor porfa porfavor gracias hola buenas buenos días dias tardes ya ahora saludos \
     muchas inmediatamente",
    "obrigado obrigada obg pfv pf pff olá ola bom dia boa tarde agora já imediatamente",
    "per favore piacere grazie mille ciao buongiorno salve subito adesso cortesemente \
     gentilmente cortesia gelieve te",
    "aub svp alstublieft alsjeblieft dank u je wel bedankt graag hoi dag nu",
    "tack snälla hej vänligen nu genast vær så snill venlig venligst tak takk hei vennligst \
     kiitos kiitti ole hyvä olkaa heti",
    "proszę prosze dzięki dziękuję dziekuje cześć dzień dobry natychmiast prosím prosim díky \
     děkuji ďakujem dobrý den ahoj",
    "kérem kerem köszönöm koszonom szia vă va rog te mulțumesc multumesc bună lütfen lutfen \
     teşekkürler tesekkurler merhaba",
    "hemen edin ediniz et edermisiniz edebilir misiniz пожалуйста пжл пж плиз плз спасибо \
     здравствуйте привет добрый день будь ласка дякую моля благодаря сейчас срочно",
    "παρακαλώ ευχαριστώ ευχαριστω γεια σας בבקשה תודה שלום רבה מיד من فضلك فضلكم لو سمحت \
     سمحتم شكرا شكراً مرحبا رجاء الرجاء يرجى",
    "कृपया धन्यवाद प्लीज प्लीज़ กรุณา โปรด ครับ ค่ะ คะ ขอบคุณ làm ơn cảm ơn xin vui lòng \
     tolong mohon sila terima kasih minta pakiusap salamat po",
    "alstu alstublieft veuillez",
];

/// How people ask: a refusal behind these is one when nothing but politeness follows it.
pub(super) const ASKING: &[&str] = &[
    "i id im ive we could can would will should must need have want wanna wish like to me my \
     it this that these do need you youu ur",
    "your said say says saying asked asking told let lets get be am is all for the last time \
     times still going gonna ready also",
    "ich wir sie ihr möchte moechte will wollen können koennen könnt kannst würde wuerde \
     gerne gern mich das es damit den die der",
    "je j nous vous tu veux voudrais voudrai souhaite souhaiterais désire peux pouvez peuxtu \
     pourriez moi me mon cela ça ca le la",
    "yo quiero quisiera deseo necesito puede pueden podría podrían me nos eso esto lo te se \
     gustaría que",
    "eu quero queria gostaria desejo preciso pode podem poderia isso me",
    "io vorrei voglio può puo potete potreste desidero mi lo",
    "ik wij wil willen zou graag kunt kan kunnen u mij me dit deze",
    "jag vi vill kan jeg vil ønsker ville gerne haluan haluaisin voitteko chcę chce chciałbym \
     chciałabym się sie mnie chci chtěl",
    "bych se si chcem szeretnék szeretném akarok vreau doresc aș as să sa mă ma istiyorum ben \
     bunu я хочу хотел хотела бы прошу можно",
    "можете мне меня это хочу мене мені θέλω θα ήθελα να אני רוצה אפשר אותי أريد اريد انا ان أن",
    "tôi muốn saya mau ingin nak mahu aku",
];

/// What is ordered, booked or bought: not what a text is about that ends messages.
pub(super) const OBJECTS: &[&str] = &[
    "order orders appointment appointments booking reservation delivery item items ticket \
     tickets flight meeting table tent tents",
    "pedido pedidos orden cita citas reserva entrega compra precio precios ordine ordini \
     appuntamento prenotazione consegna acquisto",
    "prezzo commande rendezvous rdv réservation livraison bestellung termin lieferung buchung \
     auftrag bestelling afspraak levering",
    "encomenda consulta agendamento preço preco preços viagem casa beställning bestilling \
     order siparişimi sipariş заказ",
    "zamówienie objednávku objednavku rendelést comanda παραγγελία הזמנה الطلب طلبي volumen \
     volume temperatura calidad",
];

/// Heads of mail subjects that stand before what was written.
pub(super) const SUBJECTS: &[&str] = &[
    "re fw fwd aw wg tr rv res enc sv vs antw odp ynt bls doorst i r ref subject betreff \
     objet asunto oggetto assunto onderwerp",
    "тема отв пересл 回复 回覆 答复 转发 轉寄 主题 返信 転送 件名 답장 전달",
];

/// Instructions of senders begin so; who only repeats them asks for nothing.
pub(super) const INSTRUCTIONS: &[&str] = &[
    "reply text txt send respond answer type antworte antworten antworten sende senden \
     schreibe répondez répondre",
    "envoyez envoie envoyer responde responda respondé envia envía envíe manda rispondi invia \
     scrivi responda envie antwoord stuur svara",
    "svar skicka vastaa lähetä odpisz wyślij odpovězte pošlete válaszolj küldje răspunde \
     raspundeti trimite yanıtla yazıp yaz gönder ответьте",
    "отправьте напишите пришлите відповідь надішліть απαντήστε στείλτε השב שלח השיבו أرسل \
     ارسل soạn gửi nhắn 回复 回覆 回 回传 發送 发送 返信 회신 답장 ตอบ ส่ง balas taip ketik hantar mit",
];

/// Words before a keyword within an instruction, and behind it ("STOP to end", "STOP 2 quit", "STOP zum Abmelden").
pub(super) const INSTRUCTION_LINKS: &[&str] = &[
    "with back the word keyword mit dem wort par avec le mot con la palabra palavra a parola met het com och med słowo smo",
];
pub(super) const INSTRUCTION_AIMS: &[&str] = &[
    "to 2 for zum um pour para per om voor för for aby pro kvůli чтобы для για עבור para untuk để",
];
