//! Refusals in Spanish, Portuguese, Italian and Greek.

pub(super) const SOUTHERN: &[&str] = &[
    "eliminar|eliminen|borrar|borren|quitar|quiten|remover número|numero|contacto|teléfono|\
     telefono|lista",
    "remover|remove|remova|excluir|exclui|apagar|tirar|retirar da|de|do|meu|este|esse|me|o * \
     lista|numero|número|contato|cadastro|telefone",
    "pode|podem|poderia|quero me remover|tirar|excluir|retirar|descadastrar",
    // es
    "darme|dame|dar|darse|dadme|denme|dame|dé|deme|doy|me|de|dando|dejen|solicito|pido|\
     tramitar|causar|pedir de|doy|la|mi|dan|den|baja|una baja",
    "de baja de|por|en|ya|gracias|este|esta|la|inmediatamente|del|al|por",
    "dar|darme|darse|denme|dame|dé|quiero|deseo|quisiera|solicito|pido|necesito la? mi? de? baja",
    "no|nunca|basta|stop|paren|pare|para|alto|dejen|deje|deja|dejad|parad|eviten|dejar|no me|\
     más|mas|nos|quiero|deseo|envíen|envien|manden|mandes|escriban|escriba|quisiera|molesten|\
     contacten|contactar|envíe|envie|envíes|no|de|con|a|me|reciban|llamen|enviarme|mandarme|\
     escribirme|molestar|mandar|enviar|recibir|mandéis|enviéis|escribáis|molestéis|molestarme|\
     enviarnos|por * más|mas|mensajes|mensaje|sms|envíen|envien|manden|mandes|escriban|\
     contacten|molesten|recibir|spam|publicidad|enviarme|mandarme|mandar|enviar|molestar|\
     mensajitos|envíos|esto|enviarnos|estos|tantos|nada|molestarme|llamen|promociones|textos|\
     envies|escribas|escriba|moleste|contacte|llame",
    "no más|mas mensajes|mensaje|sms|textos|publicidad|por|gracias|spam|msj|msjs|promociones|\
     envíos|de",
    "no molesten|moleste|molestar|molestes|contactar|enviar|mandar",
    "no me escriban|escriba|escribas|escribáis|contacten|contacte|contactes|manden|mande|\
     mandes|mandéis|envíen|envien|envíe|envíes|enviéis|molesten|moleste|molestes|molestéis|\
     llamen|llames|texteen|hablen|joda|jodan|jodas",
    "ya no|basta quiero|me|deseo|de|manden|envíen|envien|quisiera",
    "dejen|deje|deja|dejad|paren|parad|para|pare de|ya enviar|enviarme|mandar|mandarme|\
     escribir|escribirme|molestar|molestarme|joder|spamear|llamar|enviarnos|mandarnos|hacer|\
     fastidiar",
    "déjenme|déjame|dejarme|dejenme|dejame|déjeme|dejadme|déjennos|déjanos en|tranquilo|\
     tranquila|tranquilos paz|paz|ya",
    "dejenme|dejame|déjenme|déjame tranquilo|tranquila",
    "elimine|eliminen|eliminar|eliminarme|elimínenme|eliminenme|borren|borre|borrar|borrarme|\
     bórrenme|borrenme|saquen|sáquenme|saquenme|quiten|quítenme|quitenme|sacar|sacarme|quitar|\
     quitarme|elimina|borra|quita|bórrame|quítame|sácame|sacame|borradme|quitadme|eliminadme|\
     remuevan|retiren|retírenme|suprimir|supriman * mi|de|este|mis|número|esta|la|del|su|\
     datos|numero número|numero|lista|datos|telefono|teléfono|nombre|base|contacto|celular|\
     listado|listas|bases|móvil|movil|sistema",
    "elimínenme|eliminenme|bórrenme|borrenme|sáquenme|saquenme|quítenme|quitenme|elimíneme|\
     borradme|quitadme|eliminadme|elimíname|bórrame",
    "número|numero|persona|teléfono|telefono equivocado|incorrecto|equivocada|errado|erróneo|\
     erroneo|equivocados|incorrecta|mal",
    "numero|número|persona|tel no|ya * es|pertenece|soy|corresponde|mío",
    "se|te|os|está|esta|están|estan|estás|has|han|ha equivocó|equivoco|equivocado|equivocada|\
     equivocados|equivocaron|equivocaste|equivocando|equivocan|equivoca|confundido",
    "no soy|es|conozco la|mi|el|esa|ese|quien|a|este|ella|él * persona|numero|número|teléfono|\
     telefono|buscan|busca|nadie|teléfono",
    "equivocado|equivocada de|el|con número|numero|persona|teléfono",
    "cancelar|cancelen|cancele|cancelenme|anular|anulen|suspender|suspendan|terminar * \
     suscripción|suscripcion|mensajes|sms|subscripción|alertas|envíos|notificaciones|servicio|\
     publicidad|envio",
    "revoco|retiro|revocar mi|el|consentimiento consentimiento|autorización|permiso",
    "cómo|como|dónde|donde * baja|cancelo|cancelar|desuscribo|desuscribirme|salgo|paro",
    "no|nunca autoricé|autorice|autorizo|di|pedí|pedi|solicité|solicite|me|he suscribí|\
     suscribi|esto|mi|permiso|autorización|estos|ningún|nada|pedido|autorizado|consentimiento|\
     a|este",
    "no quiero|deseo|quisiera|necesito sus|más|mas|recibir|estos|tus|esto|publicidad|nada|que|\
     saber|ningun",
    "vete|váyanse|vayanse|iros a|al|a la",
    // pt
    "não|nao|n|nunca|pare|parem|para|chega|sem|deixe|deixem quero|queremos|desejo|me|mande|\
     mandem|envie|enviem|mais|de|perturbe|perturbem|incomode|escreva|contate|com|contatem|\
     enviar|mandar|gostaria * mais|receber|mensagem|mensagens|msg|msgs|sms|mande|mandem|envie|\
     enviem|mandar|enviar|perturbar|perturbe|incomodar|torpedos|torpedo|contato|spam|incomode|\
     essas|contate|isso|propaganda|propagandas|escreva|ligue|liguem|promoções",
    "não|nao|n me mande|mandem|envie|enviem|perturbe|perturbem|incomode|incomodem|escreva|\
     escrevam|contate|contatem|contacte|contactem|ligue|liguem|manda|contactar",
    "não|nao|n quero|desejo|queremos * mais|receber|mensagens|sms",
    "pare|parem|para|parar de|com me|enviar|mandar|isso|mensagens|essas|encher|spam|perturbar|\
     sms|enviarem|mandarem|incomodar",
    "me|retire|retirem|tire|tirem|tira|remova|removam|remover|exclua|excluam|excluir|apague|\
     apaguem|elimine|eliminem|apagar|retirar|tirar|exclui tire|tira|retire|retirem|tirem|\
     remova|removam|exclua|excluam|meu|me|meus|este|esse|o|remover|exclui|descadastre * \
     número|numero|lista|dados|cadastro|contato|telefone|nome|listas|contacto|telemóvel|dessa|\
     desta|da|daqui|daí|de|base",
    "número|numero|pessoa|engano|tel errado|errada|incorreto|enganado|trocado",
    "número|numero|não|nao é|e|sou|não|nao * essa|meu|dela|dele|pessoa|pertence|desta|número",
    "foi|é|por engano|engano",
    "não|nao sou|é|conheço essa|esta|a|meu|o|esse|dela|dele|mais|este|ninguém pessoa|número|\
     numero|telefone|dele|dela",
    "me|deixe|deixem|deixa|deixemme deixe|deixa|deixem|me|em em|paz|paz",
    "cancelar|cancele|cancela|cancelem|suspender|encerrar * inscrição|inscricao|assinatura|\
     mensagens|mensagem|sms|envio|envios|subscrição|recebimento|cadastro|alertas",
    "retiro|revogo|retirar * consentimento|autorização",
    "chega de mensagens|mensagem|sms|spam|isso",
    "como * sair|cancelo|cancelar|descadastrar|descadastro|paro|remover|desinscrever|\
     desinscrevo|parar",
    "quero|gostaria sair|de|me|que|ser * sair|lista|removido|removida|descadastrar|parem|\
     retirem|cancelar|descadastrado",
    "sair da|desta|dessa|de lista|grupo|todas",
    "vá|va|vai se|pra|para foder|ferrar|puta",
    // it
    "non|basta|smettetela|smettete|smettila|smetti|stop|finitela|piantatela|niente|mai|\
     finiamola voglio|vogliamo|desidero|mi|scrivetemi|mandatemi|contattatemi|inviatemi|\
     inviate|mandate|più|piu|di|con|sms|messaggi|inviarmi|mandarmi|scrivermi|scrivete|\
     contattate|disturbatemi|disturbate|mandarmi|scrivere|ricevere|scrivermi|disturbare|\
     chiamatemi|inviare|mandare * più|piu|messaggi|sms|ricevere|contattatemi|scrivermi|\
     mandarmi|inviarmi|pubblicità|altri|spam|messaggio|contattate|scrivete|mandate|inviate|\
     pubblicita|disturbare|scrivetemi|mandatemi|inviatemi|questi|inviare|scrivere|mandare",
    "non scrivetemi|contattatemi|inviatemi|disturbatemi|chiamatemi|mandatemi",
    "non scrivetemi|contattatemi|mandatemi|inviatemi|disturbatemi|chiamatemi|rompete|\
     scrivermi|contattarmi|mandarmi|rompetemi|voglio|desidero più|piu|messaggi|sms|mai|altri|\
     ricevere|le|i",
    "basta messaggi|sms|spam|pubblicità|pubblicita|così|cosi|con|mandare|mandarmi|scrivermi|\
     inviare|messaggini",
    "cancellatemi|cancellami|cancellate|cancella|cancellare|toglietemi|toglimi|rimuovetemi|\
     rimuovimi|eliminatemi|eliminate|elimina|rimuovete|rimuovere|togliete|eliminare|rimuovi|\
     eliminami|depennatemi * lista|liste|numero|elenco|dati|nome|rubrica|database|mailing|\
     iscrizione|contatti|archivi|contatto|newsletter|abbonamento",
    "cancellatemi|cancellami|toglietemi|toglimi|rimuovetemi|rimuovimi|eliminatemi|eliminami|\
     depennatemi|disiscrivetemi",
    "numero|persona|ha|avete|hai|hanno sbagliato|errato|sbagliata|sbagliati|scorretto|errata \
     numero|persona",
    "numero|persona|recapito sbagliato|errato|sbagliata|errata|scorretto",
    "sbagliato|sbaglia|sbagliate numero|persona",
    "non è|e|sono|conosco il|più|piu|la|questa|io|nessuna|nessun|lei|lui mio|persona|numero|\
     suo|giusta|giusto|il * numero|persona|cercate|mio",
    "lasciatemi|lasciami|lasciateci|lasciate in|stare|perdere pace|in|stare",
    "lasciatemi|lasciami|lasciateci stare|perdere",
    "revoco|ritiro|revoca|nego il|mio|consenso|del|lautorizzazione consenso|autorizzazione|mio",
    "annulla|annullare|annullate|disdire|disattiva|disattivare|disattivate|termina|\
     interrompere|interrompete|sospendere|sospendete * iscrizione|abbonamento|sms|messaggi|\
     servizio|invio|invii|liscrizione|labbonamento|linvio|newsletter|tutto|sottoscrizione",
    "come * cancello|cancellarmi|disiscrivo|disiscrivermi|disdico|annullo|fermo|tolgo|togliermi",
    "andate a|affanculo|al quel|fanculo|diavolo",
    "vaffanculo|affanculo",
    "voglio|vorrei|desidero essere|cancellarmi|uscire|annullare|non|che|togliermi * \
     cancellato|cancellata|rimosso|rimossa|dalla|iscrizione|tolto|tolta|cancelliate|lista|più|\
     smettiate|liscrizione",
    // el
    "μη|μην|να|δεν|σταματήστε|σταμάτα|σταματηστε μου|μη|θέλω|να|με|ξαναστείλετε|στείλετε|\
     στέλνετε|ενοχλείτε|τα|επιθυμώ|λαμβάνω|ξαναστειλετε * στέλνετε|στείλετε|ξαναστείλετε|\
     μηνύματα|sms|άλλα|λαμβάνω|ενοχλείτε|στέλνεις|ξαναστείλεις|στελνετε|στειλετε|πια|άλλο|\
     αλλα|μήνυμα|επικοινωνείτε|ξαναστειλετε",
    "μη|μην ξαναστείλετε|στέλνετε|στείλετε|ενοχλείτε|στελνετε|ενοχλειτε|επικοινωνείτε|γράφετε",
    "μη|μην μου|με|ξαναστείλετε|στέλνετε|στείλετε|ενοχλείτε|στελνετε στέλνετε|στείλετε|\
     ενοχλείτε|ξαναστείλετε|μηνύματα|ξανά|στελνετε|ενοχλειτε|άλλα|τίποτα",
    "διαγράψτε|διέγραψε|διαγραψτε|βγάλτε|αφαιρέστε|σβήστε με|τον|το|μου|από * αριθμό|λίστα|\
     νούμερο|τη",
    "διαγράψτε|βγάλτε|αφαιρέστε|σβήστε με",
    "λάθος|λαθος|λανθασμένος αριθμός|αριθμος|νούμερο|νουμερο|τηλέφωνο|τηλεφωνο|άτομο|αριθμό|κινητό",
    "αφήστε|άσε|αφηστε|αφήστεμε με ήσυχο|ήσυχη|ησυχο|ησυχη",
    "όχι άλλα|άλλο μηνύματα|sms|μήνυμα",
];
