//! What only looks like a refusal, what undoes one, and what nobody can tell.

/// Refusals when they are all of a clause, but for politeness.
pub(super) const WHOLE: &[&str] = &[
    "kérem? töröljenek|töröljön|törölj",
    "отключить|отключите|отключи",
    "please|pls|plz no|dont|stop",
    "no text|texts|sms|message|messages|msg|msgs|spam|ads|marketing|contact|emails|promos|\
     texting|messaging",
    "no|not|never again|anymore",
    "no more",
    "not me",
    "nie wieder|mehr",
    "nicht mehr",
    "plus rien|jamais",
    "no más|mas",
    "nunca más|mas",
    "nunca mais",
    "mai più|piu",
    "niente più|piu",
    "niet meer",
    "nooit meer",
    "aldrig mer|mere|igen",
    "aldri mer|igjen",
    "ei enää",
    "nigdy więcej|wiecej",
    "už nikdy|ne",
    "soha többé|többet",
    "больше не надо|нужно",
    "не надо|нужно больше?",
    "не интересует отпишите",
    "όχι άλλα|άλλο|αλλα",
    "ta bort mig?",
    "im|i am? out",
    "can|could|would|will you|u please|pls|plz|kindly cancel|quit|end|remove|delete",
    "please|pls|plz can|could|would|will you|u cancel|quit|end|remove|delete",
    "um|zur löschung|kündigung|stornierung",
    "kein|keine werbung|sms|nachrichten|newsletter|mails|kontakt|anrufe",
    "geen reclame|sms|berichten|contact",
    "ingen|inga reklame|reklam|sms|meldinger|beskeder|meddelanden",
    "pas de pub|sms|messages|publicité",
    "sin publicidad|mensajes|sms",
    "niente pubblicità|sms|messaggi",
    "bez reklam|sms|reklamy",
    "żadnych sms|smsów|reklam|wiadomości",
    "pomyłka|pomylka",
    "omyl|engano|erreur|irrtum|fout|vergissing|errore|error|virhe|fejl|feil",
    "ошибка|помилка|טעות|خطأ|غلط|λάθος|greșeală|greseala|tévedés",
    "טעות במספר?",
];

pub(super) const NEGATED: &[&str] = &[
    "do|does|did|will|would|should|could|can not ever? stop|end|quit|cancel|unsubscribe|\
     remove|delete",
    "dont you|u|yall dare|ever|even? stop|end|quit|leave",
    "never|dont|not want|need this|these|it|them|you|your to? stop|end",
    "dont|never|cant|cannot|wont|not|couldnt|wouldnt|doesnt|shouldnt|didnt|aint please? ever|\
     you|u|want|wanna|wish|need|even|let|dare|going|gonna|like|have|think it|them|us|to|me? \
     stop|end|quit|cancel|stopping|stopped|unsubscribe|unsubscribed|optout|remove|removed|\
     delete|unsub|leave",
    "dont|never|cant|cannot|wont|not|couldnt|wouldnt|doesnt|shouldnt|didnt|aint stop|end|quit|\
     stopping|cancel|stopped",
    "dont|never|not|didnt|wont unsubscribe|unsub|optout|remove|delete|abmelden|unsubscribed",
    "can not stop|end|quit",
    "never ever stop|end|quit",
    "dont|never|not want? to? opt|opting out",
    "dont|never|not take|get|drop me|us|my off|out",
    "dont|never|not ever? remove|delete|drop|erase|lose|forget me|my|us|our|this",
    "dont|never|didnt|wont|not leave me alone|out|hanging",
    "hope|hopefully you|it|they|this|we never|dont|doesnt|wont stop|stops|end|ends",
    "dont|please|not go away",
    "keep|kept sending|them|it|texting|messaging coming|going|up|me|these|them",
    "nicht|nie|niemals|kein|niemals bitte? abmelden|abmeldung|abbestellen|stoppen|aufhören|\
     löschen|austragen|stopp|stop|kündigen|abbrechen",
    "nicht mehr? abmelden",
    "hör|hört|hören bitte|sie|bloß|ja|blos nicht|nie * auf",
    "ne|n|pas|surtout|sans me|vous|pas|les|te|de|jamais * désabonner|désabonnez|arrêtez|\
     arrêter|désinscrire|arrête|stopper|supprimer|supprimez",
    "narrêtez|narrête|narrêter|narretez pas|jamais|surtout",
    "ne arrêtez|désabonnez|arrête|stoppez pas|jamais",
    "no|nunca|sin|jamás me|quiero|paren|pares|pare|parar|deje|dejes|dejen|de|cancelen|\
     cancelar|parar|se|queremos|voy|dar|desuscribir|quería|deseo * baja|parar|cancelar|pare|\
     paren|cancelen|desuscribir|desuscribirme|enviarme|mandarme|enviar|mandar|darme|salir",
    "no|nunca pares|paren|pare|dejes|dejen|deje|cancelen|canceles|desuscribirme|parar|baja",
    "não|nao|nunca pare|parem|para|cancele|saia|quero|vou|cancelem|me|parar|cancelar|sair|\
     descadastrar|descadastre * sair|parar|cancelar|descadastrar|descadastre|descadastrem|\
     pare|parem",
    "não|nao|nunca pare|parem|cancele|cancelem|parar|sair",
    "non|mai|senza voglio|annulla|annullate|annullare|cancellatemi|cancellarmi|smettete|\
     smettere|fermatevi|fermate|smetti|cancellate|cancellami|mi|disiscrivetemi|disdire * \
     annulla|annullare|cancellarmi|disiscrivermi|smettere|cancellare|cancellatemi|cancellate|\
     disiscrivere|disdire",
    "non smettete|smettere|smetti|fermatevi|fermate|fermarti|annulla|annullate|annullare|\
     cancellatemi|cancellate|cancellami|disiscrivetemi|cancellarmi",
    "niet|nooit|geen meer? afmelden|stoppen|uitschrijven|stop|opzeggen|verwijderen|afmelding|\
     annuleren",
    "sluta|avsluta|stoppa|avregistrera inte|ej|aldrig",
    "inte|aldrig|ej sluta|avsluta|avregistrera|stoppa|stopp|avanmäl|ta",
    "ikke|aldri|aldrig stop|stopp|slutt|afmeld|avslutt|meld|avmeld|stoppe|slutte|afmeldes|\
     fjern|slet",
    "älä|älkää|ei|en lopeta|lopettako|peruuta|peruuttako|poista|poistako|peru",
    "nie|proszę wypisuj|wypisujcie|wypisać|usuwaj|usuwajcie|przestawaj|przestawajcie|\
     rezygnuję|zatrzymuj|chcę|przestań|rezygnuje * wypisać|wypisywać|rezygnować|zrezygnować|\
     nie|wypisz|usuwać",
    "nie|ne wypisujcie|wypisuj|przestawajcie|przestawaj|rezygnuję|rezygnuje|usuwajcie|\
     odhlašujte|odhlasujte|odhlásiť|odhlásit|rušte|přestávejte|prestávajte",
    "ne hagyják|hagyd abba",
    "ne|nem iratkozom|leiratkozni|leiratkozás|hagyják|hagyd|töröljenek|akarok|szeretnék|\
     törölj|leiratkozom * leiratkozni|abba|leiratkozás",
    "nu mă|ma|vreau|opriți|opriti|dezabonați|dezabonati|opri|dezabonare|să * dezabonați|\
     dezabonati|dezabonez|opriți|opriti|dezabona|dezabonare",
    "не|никогда останавливайтесь|отписывайте|отписаться|отпишите|отписываться|хочу|\
     прекращайте|надо|буду|собираюсь|отписывай|удаляйте|отменяйте|останавливайся|відписуйте|\
     відписуватися|зупиняйтеся|удалять|нужно * отписываться|отписаться|отписывать|удалять|\
     отменять|відписуватися|отписка",
    "не останавливайтесь|отписывайте|отписываюсь|отписался|отписалась|прекращайте|удаляйте|\
     отменяйте|отпишите|стоп|відписуйте|зупиняйтеся|видаляйте|отпишусь|отменить|удалить|\
     удалите|отменяй",
    "μη|μην|δεν σταματάτε|σταματήσετε|σταματήστε|σταματάς|με|θέλω|σταματήσεις|διαγράψετε|\
     διαγράψεις * διαγράψετε|διαγραφή|διαγράψεις|σταματήσετε|διαγραφώ",
    "אל תסירו|תפסיקו|תסיר|תפסיק|תמחקו",
    "אל|לא תסירו|תפסיקו|תסיר|תפסיק|להסיר|תמחקו|רוצה * להסיר|הסרה|להפסיק|לבטל",
    "لا|ما|لم|بدون تتوقف|تتوقفوا|توقف|تلغي|تلغوا|اريد|أريد|تحذف|تحذفوا|تحذفوني * الغاء|إلغاء|\
     توقف|ايقاف|إيقاف|حذف|رقمي|الاشتراك|اشتراكي",
    "ไม่|อย่า|ห้าม ยกเลิก|หยุด",
    "jangan|tidak|jgn|tak berhenti|batalkan|stop|batal|hentikan|hapus|buang",
    "đừng|không dừng|hủy|huỷ|ngừng|huy|từ",
    "iptal|durma|durmayın|durdurma|silme etme|etmeyin|istemiyorum|etmiyorum",
];

pub(super) const DOUBTFUL: &[&str] = &[
    "not interested|intrested|intersted",
    "no thanks|thank|thx|ty|thankyou|tnx",
    "remove|delete|cancel|take|drop the|one|1|2|two|my|that|an|some|item|items|a * order|item|\
     items|cart|basket|tent|tents|booking|appointment|reservation|delivery|stain|stains|\
     scratch|bag|lid|cover|battery|oven",
    "nein|no|non|nee|nej|nei|não|nao|ne|nie|ei danke|gracias|merci|bedankt|grazie|tack|tak|\
     takk|obrigado|obrigada|kiitos|dziękuję|dziekuje|děkuji|dzięki|köszönöm",
    "nicht|kein|geen|pas|ikke|inte|nie|niet|sin|nessun|sem interesse|interessiert|intéressé|\
     interessert|interesserad|interesseret|zainteresowany|zainteresowana|geïnteresseerd|\
     interés|interessato|intéressée",
    "no me interesa",
    "non mi|sono interessa|interessato|interessata",
    "não|nao tenho|me interesse|interessa",
    "мне не|это не|интересно интересно",
    "не интересует|интересно|цікаво|цікавить",
    "fuck|screw|f you|u|yourself|this",
    "shut up",
    "who|where|how|why did|gave|do|the|are|u|got|is you|u|hell|do|my|have|fuck * number|my|\
     texting|this|messaging",
    "spam|scam|spammer|spammers|scammer|scammers|harassment|harassing|unwanted|unsolicited|\
     abuse|phishing",
    "annoying|bothering|irritating|disturbing",
    "block|blocked|blocking|reported|reporting|report you|this|u|your|spam|to|number|as|them",
    "lawyer|attorney|tcpa|lawsuit|sue|illegal|gdpr|dsgvo|rgpd|lgpd|pecr",
    "too many|much texts|messages|message|emails|sms|spam",
    "give it|me a rest|break",
    "no more",
    "removed|unregister|unregistered",
    "not * number|phone",
    "new number|owner",
    "nerv|nervt|belästigung|spamt|fastidio|molestan|molesto|basta|reicht",
    "harcèlement|acoso|molestia|spamming|spammen|спам|спамеры|надоели|достали|заблокирую",
    "estoy harto|harta|cansado|cansada",
    "ça|ca me saoule|gonfle",
    "text|message|call me * instead|later",
    "is|was this|that|it the|a|your wrong number|person",
    "passed|pass away",
    "is|has dead|deceased|died",
    "beendet|verstorben|décédé|falleció|fallecido|faleceu|deceduto|overleden",
];

/// Who asks what would happen has not decided; counted where a sentence begins so.
pub(super) const CONDITIONS: &[&str] = &[
    "if|when|once|before|unless|should|because i|we|someone|somebody",
    "what if|happens|would",
    "what|how|which does|is|do|are it|you|the|your unsubscribe|stop|mean",
    "do|would|will|should|must i|we have|need|lose|get|keep|still",
    "has|have|did|does anyone|anybody|it|he|she|they|somebody|someone|this",
    "wenn|falls|was|sobald ich|wir|passiert",
    "si je|on|jarrête|me",
    "que|qué pasa|sucede si",
    "si me|cancelo",
    "se eu|io|mi|cancello",
    "als ik|we",
    "если|что я|будет|мы|если",
    "om jag",
    "hvis|dersom jeg",
    "jeśli|jezeli|jeżeli",
];

pub(super) const OTHER: &[&str] = &[
    "my new number|phone|cell|mobile",
    "no thanks|thank needed|necessary|required",
    "take|took|place|make my|an|the|your order|orders",
    "im|i am? not sure|home|here|going|coming|available|happy|ready|able|well|good|ok|okay|\
     working|free|there|bad|fair|right|done|feeling|at|in|that|so|a|really|very|from|on|using|\
     getting|seeing|too|allowed|certain|convinced|surprised|joking|kidding|familiar|tired|\
     hungry|late|drunk|old|young|complaining|finished",
    "ich bin nicht da|zuhause|zu|sicher|hier|fertig|so|im|in|am|der|die|das|mehr|daheim|\
     bereit|zufrieden",
    "je suis pas là|sûr|sur|chez|en|à|dispo|disponible|prêt|encore|content|contente|d",
    "non sono a|in|sicuro|sicura|ancora|qui|disponibile|contento|contenta|sicuri|pronto|\
     pronta|più|della|di|ancora",
    "no soy de|un|una|muy|tan|bueno|buena",
    "não sou de|um|uma|muito|tão",
    "ik ben niet thuis|zeker|in|op|aanwezig|beschikbaar|tevreden|blij|er|zo|klaar",
    "я не знаю|могу|хочу|понял|поняла|уверен|уверена|получил|получила|дома|буду|был|была|\
     видел|успел|успею|в|на|помню|смог|смогла|заказывал|заказывала|понимаю|думаю",
    "bus|tram|train|next|first|second|third|last|full|one|truck|pit|whistle|door|rest|metro|\
     subway|tube|short|dead|coach|taxi|shuttle|ferry|toilet|bathroom|coffee|gas|fuel|lunch|\
     quick|final|tour|trolley|back|f|organ|glottal|home stop|stops|stopp",
    "non|no|does|doesnt|did|didnt|will|wont|would|do|should|must|may|might|has|had|to|can|\
     could|cant not? stop|stops|stopped|end|ends by|at|in|over|near|here|there|for|outside|on|\
     raining|snowing|tomorrow|today|tonight",
    "non|without|almost|nearly stop|stopping",
    "un|una|uno|el|il|lo|le|quel|quelle|cet|larrêt|dernier|prochain stop|arrêt|arrêts",
    "der|die|das|den|dem|ein|einen|een|de|het|en|ett|den stop|stopp|halte",
    "nonstop|unstoppable|stopover|stopwatch|stoplight|backstop|doorstop|stopgap",
    "a|the|my|your|our|this|that|every|each|any|another|his|her|their|which|what stop|end|\
     quit|stops|ends|cancel",
    "dead|front|back|deep|high|low|rear|weekend|west|east|north|south|year|months|by|at|week|\
     happy|loose|tail|book|open|top|bottom|sharp|receiving|in|to|until|till|the|weeks|wits|\
     other end|ends",
    "wrong number of|format",
    "end of|user|table|date|up",
    "stop sign|light|watch|lights|signs|motion|loss",
    "wrong person|number|no? for|to ask|the|my|order",
    "order|tracking|account|part|invoice|serial|reference|model|wrong|article|item|\
     confirmation number|no * wrong|incorrect|right",
    "wrong order|tracking|invoice|flight|room|gate|size|address|item|color|colour|time|day|\
     date|password|code number?",
    "gave|typed|entered|wrote|put|used|dialed|ordered|bought|chose you|in|the|u|down|a * \
     wrong number|person",
    "not|is the this|right|my correct? number|person for|of|to",
    "is|was this|that|it the|a|your right|correct number|person",
    "take|took|get|got|drop|cut|knocked|comes|came * 10|20|15|25|30|40|50|5|percent",
    "day|days|time|week|money|percent|hours|shift|work|half|weekend off",
    "go|going|goes away|to for|this|on|in|the|bed|sleep|work",
    "let|leave|left me|it|them|the|my|a|this|out know|message|review|note|package|parcel|keys|\
     door|bag|order|tip|with|at|feedback|phone",
    "no|any more|further questions|left|stock|tents|room|seats|space|tickets|sizes|than|info|\
     information|available|details|in|needed|at|colours|colors",
    "no more left|than",
    "forget it|that|to|the",
    "get|got|find|found out|off|of at|of|work|the|early|how|about|when|what",
    "do|does|did|didnt|dont|i|you|we|doesnt not? get|receive|got|received|have my|the|a|any|\
     an|it|your|our parcel|order|package|delivery|code|refund|email|confirmation|voucher|\
     discount|receipt|invoice|ticket|parcels|link|one|yet|tent|item|reply|answer|response|\
     password|coupon|shoes",
    "dont|do|cant|doesnt|didnt|not not? know|think|forget|worry|see|understand|need|work|\
     remember|receive|get|want|send|call|bother to? the|a|about|if|it|that|what|how|when|\
     where|any|my|anything|one|them|much|why|enough|another|miss|help|larger|bag|big|to|yet|\
     in|him|her",
    "i|we|have|ive|never|you|had|havent|hasnt not? received|receive|get|gotten|got|heard|seen \
     my|the|a|any|anything|it|from|your|back|an",
    "dont send|ship|deliver it|the|my|yet|to|before|until|today|tomorrow|that|them * parcel|\
     package|order|there|yet|until|before|old|tomorrow|today|address|monday|tuesday|friday|\
     work",
    "call|text|message me when|later|tomorrow|back|if|at|on|after|once|before",
    "no longer available|in|valid|works|working|sold|fits|made|open|have|need * it|stock|\
     available|order|help|item|larger",
    "not my size|colour|color|style|fault|thing|day|problem|cup|order|favourite|favorite|taste",
    "not the right|same|correct|best|first|only size|colour|color|one|time|item|model|tent|shade",
    "wrong size|colour|color|item|address|order|tent|shoe|shoes|door|model|date|day|time|\
     product|parcel|package|flavour|pin|code|password|turn|way|house|street",
    "back|cancel|put|send|hold off on? order",
    "turn|switch|shut off|down the|it|water|lights|heating",
    "opt|opted|opting in",
    "report|reported|block|blocks|reporting a|the|problem|issue|card|it|of|from|my|heel|street",
    "endstation|haltestelle|bushaltestelle|hauptstation",
    "alto|alta|baja adige|californie|california|calidad",
    "para|pare|baja el|la|los|las|mi|mí|que|o|você|voce|mim|ti|cuando|qué|quando|precio|hoy|\
     mañana|amanhã|un|una|uma|um|siempre|sempre|entrega|envío|te|hacer|fazer|comprar|ver|saber",
    "tempi|temps|annullare|annulla fine|plein",
    "fin|fine|ende|fim|konec|koniec|конец de|del|della|der|des|do|da|settimana|semana|semaine|\
     august|juli|juni|mai|oktober|týdne|tygodnia|недели|monats|woche",
];

/// For review when they are all of a clause: "I'm not Becky" says that the consent may be another person's.
pub(super) const WHOLE_DOUBTFUL: &[&str] = &[
    "im|i|this|its|it am|is? not *",
    "this|it isnt *",
    "this is * not *",
    "no * here",
    "nobody|noone called|named *",
    "i? dont|do not? know any|a *",
    "ich bin nicht|keine|kein *",
    "hier|das ist nicht|keine|kein *",
    "je ne? suis pas *",
    "ce nest pas *",
    "ici cest *",
    "no soy *",
    "aquí|aqui no * ",
    "não|nao sou *",
    "non sono *",
    "ik ben niet|geen *",
    "jag är|ar inte *",
    "jeg er ikke *",
    "en ole *",
    "nie jestem *",
    "to nie *",
    "nejsem *",
    "nem vagyok *",
    "nu sunt *",
    "ben değilim",
    "я не *",
    "это не *",
    "δεν είμαι *",
    "אני לא *",
    "انا|أنا لست|مو *",
];
