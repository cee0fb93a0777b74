//! Refusals in the Nordic languages, Polish, Czech, Slovak, Hungarian and Romanian.

pub(super) const NORTHERN: &[&str] = &[
    "nie pisać|pisac|pisz|piszcie|wysyłać|wysylac|dzwonić|dzwonic|kontaktować",
    "nepsat|neposílat|neposilat|nevolat|neobtěžovat",
    // sv
    "sluta|slut|stoppa|upphör skicka|smsa|med|att|skriva|spamma|messa|ringa|kontakta|mejla|\
     era|alla|nu",
    "inga|ingen|inte fler|mer|mera|skicka|kontakta|sms|smsa * sms|meddelanden|reklam|utskick|\
     mejl|till|mig|tack|mer|mera|fler",
    "skicka|kontakta|smsa|skriv|ring|vill|önskar|messa * inte|inga|ej|aldrig * mer|fler|sms|\
     meddelanden|utskick|ha|få|mig|mera|igen",
    "ta|tag|stryk|radera|plocka bort|mig|mitt|min * bort|från|ur|nummer|lista|listan|uppgifter",
    "avregistrera|avsluta|avanmäl|avprenumerera|avbeställ mig|min|mitt|prenumeration|sms",
    "fel nummer|person|mottagare|telefonnummer",
    "ni|du har|har fel nummer|kommit",
    "inte mitt|rätt nummer|person",
    "lämna|låt mig ifred|vara|i",
    "återkallar mitt|samtycke",
    "hur * avregistrerar|avslutar|slutar|stoppar|avanmäler",
    // da no
    "stop|slut|slutt|hold|stopp|hør|ophør med|å|at|op|opp|medå * sende|sms|beskeder|meldinger|\
     skrive|kontakte|spam|smse|sende|det|dette|spamme|sms'er",
    "ikke|ingen|aldri|aldrig send|flere|mer|mere|kontakt|skriv|fler|sms * sms|smser|beskeder|\
     meldinger|mig|meg|mere|mer|flere|reklame|til|igen|igjen|takk|tak",
    "send|kontakt|skriv|vil|ønsker|sms|ring * ikke|ingen * mere|mer|flere|sms|beskeder|\
     meldinger|modtage|motta|ha|have|igen|igjen|kontaktes|kontaktet|få",
    "afmeld|meld|fjern|slet|slett|frameld|stryk|ta|tag mig|meg|mit|mitt|nummer|min|dette|mit \
     * fra|av|af|nummer|liste|listen|nummeret|bort|ut",
    "afmeld|avmeld|frameld|fjern|slet|slett mig|meg|nummeret|nummer",
    "meld meg|mig av|af|ut|fra",
    "meld|vil|ønsker * av|avmeldes|avmelde|afmeldes|afmelde",
    "forkert|feil|galt nummer|person|telefonnummer",
    "ikke mit|mitt|rette|riktig|rigtige nummer|person|længere",
    "lad|la mig|meg|oss|os være|i|være",
    "trækker|trekker * samtykke",
    // fi
    "älä|älkää|ei|en|lopeta|lopettakaa|lakatkaa enää|lähetä|lähettäkö|lisää|halua|laita|\
     laittako|lähettäminen|nämä|lähettämästä|soita|tekstaa|viestit|viestien|mainosten|\
     mainokset * viestejä|viestiä|tekstareita|mainoksia|enää|lähettäkö|lähetä|minulle|\
     lähettämästä|lähettäminen|saada|vastaanottaa|lähettely|tekstiviestejä|häiritä|häiritkö",
    "lopettakaa|lopeta * lähettäminen|viestit|lähettely|häirintä",
    "poista|poistakaa minut|numeroni|tietoni|mut * listalta|listaltanne|postituslistalta|\
     rekisteristä|tietoni|numeroni",
    "poista|poistakaa|peruuta|peru|peruuttakaa|perukaa minut|numeroni|tilaus|tilaukseni|\
     tekstiviestit|tietoni|uutiskirje|viestit|mainokset",
    "haluan|haluaisin * pois|perua|lopettaa|irtisanoutua",
    "väärä|vääri numero|henkilö|puhelinnumero|numeroon",
    "väärään numeroon",
    "jätä|jättäkää minut|mut * rauhaan",
    // pl cs sk hu ro
    "proszę|prosze|prosiłbym|chcę|chce|chciałbym|chciałabym|pragnę o|mnie|się|nie|już|\
     przestać|więcej * wypisać|wypisanie|usunąć|usunięcie|wyrejestrować|wysyłać|pisać|nie|\
     kontaktować|zrezygnować|wypis|skreślić|rezygnować|wykreślić",
    "nie|nigdy|przestań|przestańcie|koniec|dość|stop chcę|chce|życzę|wysyłajcie|wysyłaj|\
     wysyłać|piszcie|pisz|pisać|przysyłajcie|kontaktujcie|dzwońcie|sobie|już|z|tych|wyrażam|\
     zgadzam|przysyłać|dzwonić|wysylajcie|wysylac|nękać|nękajcie|spamować * smsów|sms|\
     wiadomości|reklam|więcej|wiecej|do|mi|mnie|tych|otrzymywać|tego|zgody|się|smsami|już|juz|\
     zgoda|spamu|nie|smsow|tym",
    "wypisz|wypiszcie|usuń|usuńcie|usun|skreśl|wykreślcie|skreślcie|wyrejestrujcie mnie|mój|\
     moj|numer|ten|moje * numer|listy|bazy|dane|z",
    "usuńcie|usuń|usun mnie|numer|moje|mój",
    "wycofuję|cofam|wycofuje|odwołuję zgodę|zgode|swoją",
    "zły|zly|nie|pomyłka|pomylka|błędny|niewłaściwy|bledny numer|ten|numer|to|osoba|moj|mój|\
     nr * numer|osoba|nie|nr|adresat",
    "zły|zly|błędny|bledny|niewłaściwy|inny numer|nr|adresat",
    "pomyłka|pomylka numer|to|nie|pomylka|adresata|przepraszam",
    "to nie mój|moj|ten|jego|jej numer",
    "dajcie|daj mi|już|spokój|spokoj|święty spokój|spokoj|spokój",
    "odczep|odczepcie|odwal|odwalcie|spadaj|spadajcie|spierdalaj|spierdalajcie się|sie|ode",
    "spadajcie|spadaj|spierdalaj|spierdalajcie|odpieprzcie",
    "jak * wypisać|zrezygnować|wyrejestrować|wyłączyć|wylaczyc|odsubskrybować",
    "už|uz|prosím|nechci|nepřeji|neposílejte|neposilejte|přestaňte|prestante|nepište|nepiste|\
     nikdy|nechcem|neposielajte|nepíšte|prestaňte|neželám|žádné|žiadne mi|už|uz|si|posílat|\
     posielať|psát|písať|žádné|žiadne|další|ďalšie|dostávat|nepište|nepiste|neposílejte|\
     neposilejte|neposielajte|nechci|nechcem|více|viac|nic|nikdy * zprávy|zpravy|sms|smsky|\
     správy|spravy|nepište|nic|nikdy|další|dalsi|posílat|psát|dostávat|reklamy|reklamu|mi|\
     posielať|písať|více",
    "nepište|nepiste|neposílejte|neposilejte|neposielajte|nepíšte|nekontaktujte|neotravujte|\
     neobťažujte|neobtěžujte mi|mě|ma|me|už|žádné|žiadne|me",
    "přestaňte|prestaňte|přestaň|prestante mi? posílat|psát|posielať|písať|otravovat|s|posilat",
    "odhlaste|odhlašte|odhláste|vymažte|vymazte|smažte|smazte|odstraňte|odstrante|vyřaďte|\
     vyraďte|zrušte mě|me|ma|mně|moje|mé|číslo|cislo|můj|ze|si * číslo|cislo|seznamu|zoznamu|\
     odběr|odběru|kontakt|databáze",
    "odhlaste|odhlašte|odhláste|vymažte|smažte|odstraňte|vyřaďte mě|me|ma",
    "špatné|spatne|zlé|zle|nesprávné|špatný|chybné|mylné číslo|cislo|člověk",
    "to není|neni|nie moje|je číslo|cislo|moje",
    "omyl|mýlíte|pletete|spletli číslo|cislo|v|si|se|jste",
    "nechte|nechajte|dejte mě|ma|me|mi|s na|být|byt|pokoj|tím",
    "ruším|zrušit|odvolávám|odvolavam * odběr|souhlas|odber|súhlas",
    "ne|ne|több|nem|hagyják|hagyd|kérem|kerem küldjenek|küldjön|küldj|írjanak|írjon|kérek|\
     akarok|hívjanak|kuldjenek|zaklassanak|ne|abba|smst|több|tobb|szeretnék|küldözgessenek * \
     smst|sms|üzenetet|uzenetet|üzeneteket|többet|tobbet|több|tobb|küldjenek|kapni|reklámot|\
     kuldjenek|írjanak|küldözgetést|abba|küldeni|t",
    "ne írjanak|küldjenek|hívjanak|zaklassanak|zavarjanak|kuldjenek|irjanak többet|több|többé|\
     nekem|tobbet|ilyen|semmit|engem",
    "töröljenek|töröljék|töröljön|töröld|vegyenek|vegyék|kérem|toroljenek|szeretnék|\
     iratkoztassanak * listáról|számomat|le|törlését|törlésemet|törlésem|ki|számom|\
     leiratkozni|számot|adataimat",
    "töröljenek|töröljék|toroljenek engem|ki|a|le|számomat|adataimat",
    "téves|rossz|hibás|teves szám|számot|telefonszám|hívás|kapcsolás|szam",
    "le|leszeretnék szeretnék|szeretnek|akarok|kívánok? iratkozni|iratkozom|iratkoznék",
    "törölje|töröljék|törölj|töröljenek|töröljön|torolje|toroljek ki|le|a|az|engem? számomat|\
     számom|listáról|nevemet|adataimat|szamomat|számot|telefonszámomat|telefonszámom",
    "töröljenek|töröljön|törölj le|ki|engem",
    "téves|rossz|nem|hibás|teves szám|számot|hívás|jó|az|telefonszám|szam|kapcsolás * számom|\
     én|szám|hívott",
    "hagyjanak|hagyj|hagyjon békén|beken|engem",
    "visszavonom * hozzájárulásomat|hozzájárulást",
    "nu|nu|fără|stop|opriți|opriti|încetați|incetati mai|îmi|imi|trimiteți|trimiteti|trimite|\
     doresc|vreau|contactați|contactati|scrieți|scrieti|sunați|trimis|de|cu|să * mesaje|sms|\
     smsuri|mai|scrieți|scrieti|trimiteți|trimiteti|trimite|primesc|contactați|contactati|\
     reclame|mesajele|mesajelor|să|sunați|trimitet",
    "nu|numă|numa mă|ma|îmi|imi|mi|ne mai contactați|contactati|trimiteți|trimiteti|scrieți|\
     scrieti|sunați|sunati|deranjați|deranjati",
    "nu mai trimiteți|trimiteti|scrieți|scrieti|contactați|contactati|doresc|vreau|trimite|\
     sunați|sunati|trimiteti|primesc",
    "vreau|doresc|aș|as|rog să|sa|dori|vreau * mă|ma|dezabonez|dezabonați|ștergeți|stergeti|\
     scoateți|scoateti|șterge|dezabonati|renunț",
    "ștergeți|stergeti|șterge|sterge|scoateți|scoateti|scoate|eliminați|eliminati mă|ma|\
     numărul|numarul|datele|din * listă|lista|meu|mele|baza|numărul|numarul",
    "scoateți|scoateti|ștergeți|stergeti mă|ma",
    "ștergețimă|scoatețimă|stergetima|scoatetima|dezabonațimă|dezabonatima",
    "număr|numar|ați|ati|persoana|persoană|greșit|gresit greșit|gresit|gresita|greșită|\
     numărul|numarul",
    "nu este|e numărul|numarul meu",
    "lăsați|lasati|lasă|lasa|lăsațimă|lasatima mă|ma|în|in|pace",
    "retrag consimțământul|acordul",
];
