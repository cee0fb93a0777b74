//! Refusals in German, Dutch and French.

pub(super) const WESTERN: &[&str] = &[
    "bestelle|bestellt|bestellen|melde|kündige * ab",
    "haben|hast|habt sich|dich|euch verwählt|vertan|verschrieben|geirrt",
    "bei mir|uns falsch",
    "vous faites|avez erreur",
    "mij|me|ons uit|af te schrijven|melden",
    "will|möchte|wollen|brauche das|dies|sowas|diese|die|es * nicht|nichts|keine mehr",
    "nest plus le|mon|son|sa sien|sienne|mien|numéro",
    "nest pas|plus mon|le|son|ton numéro|numero|sien",
    // de
    "bitte stopp|stop|stoppen|aufhören|abmelden|löschen|entfernen|austragen|abbestellen|kündigen",
    "keine|kein|nie|nicht|niemals weiteren|weitere|mehr|wieder|werbung|neuen|eure|ihre * sms|\
     smsen|nachrichten|nachricht|mails|werbung|texte|mitteilungen|whatsapp|newsletter|\
     schreiben|anschreiben|kontaktieren|schicken|senden|zusenden|belästigen|mehr|werbe|bitte",
    "keine|kein sms|nachrichten|werbung|mails|newsletter|kontakt|werbesms mehr|bitte|senden|\
     schicken|wünschen|erwünscht|danke",
    "schickt|schicken|sendet|senden|schreibt|schreiben|schick|schreib|sende|kontaktieren|\
     kontaktiert mir|mich|uns|sie * * nichts|keine|nicht|nie * mehr|sms|nachrichten|werbung|\
     weiteren",
    "hören|hört|hör|höre sie? bitte? auf|damit",
    "aufhören * schreiben|senden|schicken|nerven|damit",
    "melden|meldet|melde|tragen|trag|tragt|nehmen|nehmt|nimm|streichen|streicht|streich|\
     löschen|lösch|löscht|entfernen|entfernt|entferne|werft|wirf|raus ich? sie? bitte? mich|\
     meine|meinen|meinem|diese|mir|uns * * ab|aus|raus|nummer|von|liste|verteiler|daten|\
     kontakt|telefonnummer|handynummer|rufnummer",
    "meine|diese|die|meinen nummer|daten|handynummer|telefonnummer|rufnummer|namen|kontakt * \
     löschen|entfernen|streichen|raus|austragen|sperren",
    "nummer|daten löschen|entfernen|streichen",
    "aus * * liste|verteiler|datenbank|kartei * nehmen|streichen|löschen|entfernen|entfernt|\
     gelöscht|gestrichen|austragen|raus|entfernen",
    "möchte|will|wollen|möchten keine|keinen|nichts|nicht|nie * * mehr|sms|nachrichten|\
     werbung|erhalten|bekommen|kontaktiert|haben|bekomme|wissen",
    "ich|wir widerrufe|widerspreche|widerspruch|kündige|widerrufen",
    "widerruf|widerspruch|widerrufe|widerspreche * einwilligung|zustimmung|werbung|\
     datenverarbeitung|nutzung|verwendung|erlaubnis|meine|der|meiner",
    "falsche|falscher|verkehrte|falschen nummer|nr|person|empfänger|handynummer|telefonnummer|\
     rufnummer|adressat",
    "falsch verbunden",
    "löschen|löscht|loescht|loeschen|lösche|entfernen|entfernt|entferne|streichen|streicht \
     sie? bitte? mich|meine|diese|uns",
    "nicht meine|mehr|die|der|ihre nummer|richtige|handynummer|richtigen",
    "nummer gehört|ist|hat nicht|jetzt|einen|vergeben|mir|neu|ist * mehr|anderen|neuen|\
     vergeben|jemand|falsch|falsche",
    "lass|lasst|lassen sie? mich|uns|mir * ruhe|frieden",
    "lass|lasst es|das|den sein|scheiß|scheiss|bleiben|mist",
    "verpiss|verpisst|verzieh|fick dich|euch",
    "nerv|nervt|nerven|belästigt|belästigen mich|sie|nicht|uns|nicht * nicht|mehr|damit",
    "hör|hört mal? endlich? auf",
    "raus aus|mich|hier|von",
    "kein|keine|nicht interesse|interessiert mehr|streichen|löschen",
    "nichts mehr|von|schicken|senden euch|schicken|senden|bitte|hören|wissen|wissen",
    "wie|wo kann|melde|bestelle|komme|stoppe ich|man * * ab|abmelden|abbestellen|stoppen|raus|\
     kündigen|aus",
    "schluss damit|mit|jetzt",
    "kein kontakt|bedarf",
    // nl
    "geen|nooit|niet sms|smsjes|berichten|berichtjes|reclame|berichtje|mails|appjes|meer|\
     contact|verdere * meer|meer|sturen|aub|svp|versturen|berichten|sms|graag|appen",
    "geen|niet meer|verder|langer * berichten|sms|contact|reclame|sturen|bellen|appen|mailen|\
     smsen|ontvangen|benaderen|benaderd",
    "stuur|sturen|zend|app|sms|bel mij|me|ons|mij geen|niet|niets|nooit * meer|berichten|sms|\
     reclame|meer",
    "stop|stoppen|hou|houd|ophouden met|op|hiermee|ermee * sturen|berichten|smsen|appen|\
     mailen|sms|spam|hiermee|ermee|daarmee|spammen|dit|mee|met|nu",
    "hou|houd op|ermee|er",
    "verwijder|verwijdert|schrap|haal mij|me|mijn",
    "haal|haalt|halen|schrijf|schrijft|meld|gooi|verwijder|verwijderd|verwijderen|schrap mij|\
     me|mijn|ons|dit|deze|m'n * uit|van|af|nummer|gegevens|lijst|naam",
    "verkeerd|verkeerde|fout nummer|persoon|mobiel|verbonden|gsm",
    "niet mijn|meer|van nummer|mijn|haar|zijn",
    "nummer is|klopt niet|verkeerd|veranderd * van|meer|niet",
    "laat|laten mij|me|ons * rust",
    "wil|willen|wens geen|niets|niet|nooit * * meer|sms|berichten|ontvangen",
    "ik wil|wens ervan|eraf|afgemeld|uitgeschreven|stoppen",
    "trek|intrekken * toestemming|in",
    "hoe * afmelden|uitschrijven|stoppen|opzeggen|af",
    "rot op",
    "abonnement|dienst|sms|berichten stopzetten|beëindigen|opzeggen|stoppen",
    "donder op",
    // fr
    "ne|n'|me|arrêtez|arrête|plus|cessez|stop|stopper|stoppez|arrêter|cesser m|de|d|menvoyez|\
     menvoyer|mécrivez|mécrire|me|plus|contactez|contacter|nous|les|avec * menvoyer|envoyer|\
     envois|menvoyez|mécrire|écrire|contacter|contactez|contacte|sms|messages|message|texto|\
     textos|spam|déranger|dérangez|harceler|spammer|plus|embêter|solliciter|appeler|pub|pubs",
    "ne|n menvoyez|menvoyer|mécrivez|mécrire|menvoie|menvoies|mappelez|mappeler plus|pas|\
     jamais|rien",
    "ne me|nous|pas|plus|les me? contactez|contacter|dérangez|textez|écrivez|envoyez|envoyer|\
     sollicitez|contacte|rappelez|écrire|déranger|recontactez|plus plus|pas|jamais|contacter|\
     menvoyer|envoyer|écrire|messages",
    "nenvoyez|nécrivez|nenvoie plus|pas|rien|jamais",
    "menvoyez|mécrivez|contactez|écrivez|envoyez|menvoyer * plus|pas|jamais|rien",
    "plus|pas|assez|marre|aucun|stop de|aux|des|les|vos|au|votre|ces sms|messages|message|\
     texto|textos|pub|pubs|publicité|spam|vos|ces|contact|messages|mails",
    "plus aucun message|sms|contact",
    "ne|n plus|souhaite|veux|désire|souhaitons|voudrais|veut * * recevoir|être|messages|sms|\
     contacté|contactée|recevoir",
    "souhaite|veux|voudrais|désire|souhaitons|aimerais|demande * ne|être|que|plus|pas|me|mon|\
     à plus|retiré|retirée|supprimé|supprimée|désabonné|désinscrit|désinscrire|désabonner|\
     retirer|radié|désabonnée|recevoir|être|contacté",
    "me|mon|moi|nous|retirez|retirer|supprimez|supprimer|enlevez|enlever|rayez|effacez|\
     effacer|radiez|ôtez|sortez|retire moi|mon|me|numéro|nom|mes|ce|moi|notre|nous * * liste|\
     listes|numéro|fichier|coordonnées|données|base|fichiers|mailing|nom|portable",
    "retirez|retirer|supprimez|enlevez|effacez|désinscrivez|désabonnez|rayez|radiez|oubliez \
     moi|mon|mes",
    "de votre|vos|cette|la * liste|fichier|base|listes",
    "me|nous retirer|supprimer|enlever|désabonner|désinscrire|rayer|effacer|radier|retirez|\
     supprimez",
    "mauvais|faux|erreur|pas|trompez|trompé|tromper numéro|de|le|mon|la|du numéro|personne|\
     bon|destinataire|interlocuteur",
    "mauvais|faux|mauvaise numéro|numero|no|personne|num|destinataire",
    "erreur de|sur numéro|numero|destinataire|personne|num|le",
    "trompez|trompé|trompée|trompes de|du|sur numéro|numero|personne|destinataire|num",
    "vous vous trompez|êtes",
    "pas|plus le|mon|la|son bon|bonne|numéro|personne * numéro|personne|de|c",
    "laissez|laisse|lâchez|foutez|fichez moi|nous tranquille|en|la|tranquilles",
    "foutez|fichez moi la|le paix|camp",
    "allez vous faire",
    "ça|ca suffit",
    "marre|assez|ras de|le vos|ces|bol|recevoir|cela",
    "retire|retirer|révoque|retrait mon|de consentement|accord|mon",
    "comment|où * désabonner|arrêter|désinscrire|stopper|résilier",
    "je moppose|résilie|refuse * ",
    "pas intéressé|intéressée stop|arrêtez|ne",
];
