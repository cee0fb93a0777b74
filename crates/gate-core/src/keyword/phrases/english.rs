//! Refusals in English, and who says that the number is not, or no longer, the one's who agreed.

pub(super) const STOP_ALL: &[&str] = &[
    "stop all|everything|alle|alles|tout|todo|todos|tudo|tutto|tutti|allt|alt|wszystko|всё|все",
    "stopall|stoppall",
    "all stop",
    "please|pls|plz stop all|everything",
    "unsubscribe|optout|remove|cancel|end|quit me? from? all|everything|every",
    "opt out all|everything",
    "stopp|stoppe|stoppen alle|alles|alt|allt",
    "opt|opting me? out of|from all|everything|every",
    "unsubscribe me? from? * all lists|brands|messages|texts",
    "take|remove me off|from all|every * lists|list|everything",
];

pub(super) const ENGLISH: &[&str] = &[
    "cut|take|drop|remove|get me|us|this from|of * list|lists|database",
    "rather|prefer not to? get|receive|be|have|hear",
    "no no no? stop|quit|unsubscribe",
    "noo|nooo|noooo|nah|nope stop|quit|unsubscribe",
    "consent|permission|agreement is|was|has? been? withdrawn|revoked|cancelled|canceled",
    "told|asked|begged|said|requested to? stop|quit|unsubscribe",
    "so|just|then stop please|now|it|this|messaging|texting",
    "cancel me|this|these|us",
    "remove|removed|removal from * list|lists|database|texts|messages|contacts",
    "get|take|remove|delete|leave it|that|them * off|from",
    "take|remove|delete it|that|them|this off|from",
    "unreg|unlist|unregister|deregister",
    "please|pls|plz|plse|kindly stop|quit|cease|discontinue",
    "say|saying|times|time|message|messages|texts|texting|this|these stop",
    "asked|ask|asking|want|like|need|wish to be removed|unsubscribed|deleted|taken",
    "number|phone|name|details|data|me removed|deleted",
    "block|blacklist me|my|this",
    "stop|stopp|stopping|quit|cease|end|halt|discontinue|cancel|remove * text|texts|texting|\
     txts|txt|txting|message|messages|messaging|msg|msgs|messaging|sms|smses|spam|spamming|\
     contacting|calling|calls|emails|emailing|alerts|notifications|promos|promotions|promo|\
     ads|adverts|advertising|marketing|newsletter|newsletters|subscription|subscriptions|\
     communication|communications|campaign|campaigns|harassing|harassment|bothering|bugging|\
     pestering|annoying|blasting|bombarding|writing|whatsapp|whatsapps",
    "stop|quit|cease|end sending|send|contact|bother|bothers|harass|disturbing|disturb|messing",
    "stop|quit|end this|that|these|those|it|now|immediately|already|doing|me",
    "cease and? desist",
    "make it|this|these|them stop",
    "want|need|wish|like|ask|asked|asking|told|telling|tell|beg|begging * you|this|these|it|\
     them|u|yall * stop|stopped|end",
    "want|wanna|need to? be? off|out|removed|removal|unsubscribed|deleted|stop|stopped|leave|quit",
    "want|wanna|need|like|wish * be|get|opt removed|off|out|unsubscribed|deleted|out",
    "get|take|took|pull|drop|remove|strike|cut|scratch|wipe|leave me|us|my|this|him|her|the * \
     off|out",
    "get|take|pull|drop|remove me|us|my|this|him|her * * off|from|out|of",
    "remove|delete|erase|drop|scrub|unlist|purge|strike me|my|us|this|our number|numbers|\
     phone|cell|mobile|name|details|info|information|data|contact|contacts|email|account|\
     address|line|no|record|records|entry",
    "remove|delete|erase|purge|drop me|us",
    "remove|delete|take|erase this|the|these number|no|phone|cell|contact|line|mobile",
    "remove|delete|erase number|details|contact|info|data|name",
    "be|been|get|getting removed|deleted|unsubscribed|taken from|off",
    "removal from",
    "off of? your|this|the|ur|ya * list|lists|database|mailing|contacts|system|marketing",
    "off your|this|the|ur|ya list|lists",
    "opt|opting|opted|opts me|us|my|this? number? out",
    "opt|opting|opted|opts out",
    "unlist|unenroll|unregister|deregister|unjoin|blacklist me|my|this",
    "unregister|unenroll|deregister",
    "sign|signed me out|off of|from this|your",
    "lose|forget|burn|trash|bin|scrap my|this number|no|phone|contact|digits|details",
    "forget about? me",
    "leave me|us|my alone|the|out|be",
    "let me be|alone",
    "go away|to|f hell?",
    "piss|bugger|buzz|back|eff|f|fuck|fuk|sod|naff|bog|jog|feck|fck off",
    "jog on",
    "fuckoff|gtfo|pissoff",
    "get lost",
    "get the|tf|out * out? of my|here|phone|inbox|life",
    "no more|further of? please|pls|thanks|thank|thx|this|these|those|it",
    "no|not|zero more|further|additional * texts|text|txts|txt|messages|message|msgs|msg|sms|\
     spam|contact|emails|calls|promos|offers|ads|alerts|notifications|marketing|communication|\
     communications",
    "no|without texts|messages|sms|contact|marketing|spam|ads|promos|texting please|pls|plz|\
     thanks|anymore",
    "no more from you",
    "dont|donot|didnt|doesnt|never|not ever|you|please|want|wanna|even|need|like|wish|to|pls \
     * text|texts|texting|txt|message|messages|messaging|msg|msgs|sms|contact|contacted|\
     contacting|call|calling|send|sending|email|emails|write|writing|whatsapp|bother|disturb|\
     harass|spam|reach|communicate|hear|receive|receiving|get|these|them|this|more|solicit|\
     ping",
    "do|does|did|please|pls|to not ever|you|please|want|wanna|even|need|like|wish|to|pls? * \
     text|texts|texting|txt|message|messages|messaging|msg|msgs|sms|contact|contacted|\
     contacting|call|calling|send|sending|email|emails|write|writing|whatsapp|bother|disturb|\
     harass|spam|reach|communicate|hear|receive|receiving|get|these|them|this|more|solicit|\
     ping",
    "dont|donot|dnt|dont|never|not text|texts|txt|message|messages|msg|sms|contact|call|send|\
     email|write|whatsapp|bother|disturb|harass|spam|solicit|ping|want|need|wish|reach",
    "do|does|did not text|txt|message|msg|sms|contact|call|send|email|write|whatsapp|bother|\
     disturb|harass|spam|solicit|ping|want|need|wish|reach|continue",
    "no longer want|wants|wish|wishes|need|needs|interested|like|care|require",
    "nolonger want|wish|interested",
    "not want|wanting|wish|interested|consent|consenting|agree|authorize|permit * to? be? \
     texts|text|messages|message|sms|receive|get|hear|contact|contacted|these|in|your|this",
    "dont consent|agree|authorize|subscribe",
    "do not consent|agree|authorize|call|disturb|text|sms",
    "donotcontact|donottext|donotcall|dnc|dnd",
    "stop|cease all? communication|communications|contact|contacting",
    "withdraw|withdrawing|withdrawn|revoke|revoking|revoked|rescind|retract|object|objecting \
     my|all|to|the|any|prior consent|permission|marketing|direct|texts|messages|being|\
     agreement|authorization|processing|previous",
    "withdraw|revoke consent|permission|authorization",
    "never|didnt|havent|dont|not|wasnt did|i|we|ever|even|remember|recall|authorized|\
     authorised|asked|ask|agree|agreed|consent|consented|sign|signed|signing|subscribe|\
     subscribed|subscribing|opt|opted|opting|give|gave|given|gived|request|requested|register|\
     registered|requesting|enroll|enrolled|join|joined up|for|to|in|you|my|this|these|it|\
     anything|any|permission|consent|me",
    "did|do|have not|never sign|signed|subscribe|subscribed|ask|asked|agree|agreed|consent|\
     consented|give|gave|given|request|requested|opt|opted|register|registered|authorize|\
     enroll|join|joined",
    "without my consent|permission",
    "didnt|never|havent|did|have not? subscribe|subscribed|consent|consented|agree|agreed|\
     register|registered|enroll|signup|opt|opted",
    "said|say|saying|texted|text|sent|send|replied|reply|wrote|typed|answered|responded|told|\
     tell|put|messaged|requested * stop|unsubscribe|quit|cancel|end|no already|before|times|\
     time|twice|again|yesterday|already|now|once|several|many|multiple|x|and|but|weeks|days|\
     ages|last|three|3|five|5|two|2|ten|10|a|dont",
    "i|ive|im|we|already|have|keep|kept said|say|saying|texted|sent|send|sending|replied|\
     replying|wrote|typed|typing|answered|responded|told|put|messaged|texting|text you? a? \
     to? stop|unsubscribe|quit|cancel|end|optout",
    "why dont|cant|wont|do|are|did|havent|didnt you|u|yall * stop|stopped|stopping|quit",
    "why|when|how|what are|do|is|will|the you|u|yall|hell|fuck|dont|have|this|wont|keep|still \
     keep|still|stop|not|continue * stop|texting|messaging|sending|spamming|sms|send|text|\
     contacting|contact",
    "cant|wont|couldnt|wouldnt|wouldn|can|could|will|would you|u|yall not? please|pls|just|\
     plz|kindly|ever|finally|fucking stop",
    "cant|wont|can|could|will|would you|u|yall stop",
    "would|do you mind stopping|removing|unsubscribing|not",
    "if|unless you|this|it|these|they|u|yall dont|do|doesnt|cant|wont|keep|continue|ever|text|\
     message|contact|send|stop|stops not? stop|remove|unsubscribe|texting|messaging|sending|\
     spamming|contacting|me|another|this|i|quit|again",
    "how|where|can|could|may|want|like|way|trying|try|tried|able|unable|need|possible|please|\
     pls * to|do|can|i|we|does|one|should * stop|end|quit|cancel|get texts|messages|these|\
     this|them|receiving|getting|it|sms|alerts|msgs|off|out",
    "how do|can|to|would|does|should i|we|one? stop|unsubscribe|optout",
    "if|unless you|u|this|these|it|they dont|doesnt|do|wont not? stop|end|quit|remove|delete",
    "how to|do|does|can|would|should stop|end|quit|cancel this|these|them|it|texts|messages|\
     sms|alerts|notifications",
    "way|where|link to|do|for unsubscribe|stop|cancel",
    "tired|sick|fed|annoyed|bored of|by|up|with|from * texts|text|messages|message|sms|spam|\
     these|this|you|your|texting",
    "enough is|with|of enough|the|these|your|this|messages|texts|spam|you",
    "enough messages|texts|spam|sms|already|now|please|of",
    "not|never interested * stop|remove|unsubscribe|delete|text|message|contact|dont|take",
    "reporting|report|reported|blocking|blocked you|this|u|your|number|as * spam|fcc|ftc|ico|\
     police|harassment|authorities|scam",
    "i|we|im|going|gonna|ill|will|having * report|block|sue|reporting|blocking|suing you|this|\
     u|your",
    "text|message|contact|txt|call|sms|msg me|us|this|here number? again|anymore|ever and|i|\
     or|will|again|please|pls",
    "not to|be text|texted|message|messaged|contact|contacted|called|call|disturbed|sent",
    "want|like|need|wish you|u|yall|it|this|these|them to stop|leave|quit|end|go",
    "keep me|my off|out|number off|out|of",
    "keep me|my * out|off of|your|from",
    "stay away|out|off from|of|my",
    "give it|me a? rest|break|peace",
    "knock it|this off",
    "cut it|this out",
    "im|i|we am? done with this|these|you|texts|your",
    "count me out",
    "discontinue|suspend|deactivate|terminate|pause|disable * service|services|messages|\
     message|texts|sms|alerts|notifications|this|these|my|all|subscription|communication|\
     communications",
    "turn|switch|shut * off|down",
    "turn off|down",
    "no thanks|thank|thx|ty you? stop|remove|unsubscribe",
    "number|phone * do not call|contact|text",
    "put|add|place me|my|this|us * on|to * do|dont|not|no|the not|call|contact|blacklist|dnc|\
     donotcall|suppression",
    "gdpr request|erasure|delete|article|art",
    "right to erasure|be|object",
    "erase all|any|everything|my",
    "delete all|any|everything my|of? data|me|information|info|details",
];

/// Whoever answers is not who agreed: the consent on file is another person's, which the sender knows from now on
/// (47 CFR 64.1200(a)(10): any reasonable means; docs/precedence.md, Texts).
pub(super) const ENGLISH_WRONG_PERSON: &[&str] = &[
    "changed his|her|their|the number|phone",
    "belongs|belonging to someone|somebody|another|somebodyelse",
    "used to be|belong * number|phone|to",
    "wrong number|no|nr|num|nbr|numbr|numer|person|phone|guy|girl|lady|man|woman|dude|contact|\
     recipient|people|cell|mobile|human|chick|individual|party",
    "rong|worng|wrongnumber number|no|person|num",
    "wrongnumber",
    "incorrect|mistaken number|person|recipient|contact",
    "not|isnt|aint my|his|her|their|the|this|a number|phone|cell|mobile|person|account|right|\
     correct number|person|phone|anymore|you|who|for",
    "not|isnt|aint my number|phone|cell",
    "not the|this right|correct|person|owner number|person|you|youre|of",
    "not who|whom you|u|your",
    "this|that is|was not|no|nolonger longer? his|her|their|my|the|'s|a * number|phone|cell|\
     anymore|person|mobile",
    "this|thats|its|it|that isnt|aint|not|no|wasnt|nolonger * * number|anymore|phone|cell|longer",
    "this|thats|its is|no|not|isnt not|no|longer * s|longer",
    "no|nolonger longer? belongs|uses|owns|has|used|owned|at|theirs",
    "doesnt|dont|does|didnt|no|not|longer|hasnt * own|have|use|has|had|owns|owned|belong|\
     belongs|uses this|that|the|to|it number|phone|cell|me|him|her|anymore|no|mobile",
    "no one|body here by|called|named|with that|this|the|name",
    "doesnt|dont|no|not longer? belong|belongs to|anymore",
    "nobody|noone here? by|called|named|with that|this|the|name|here",
    "new owner|number|user|holder of|now|since|for",
    "just|only|recently got|get|bought|have|had|inherited|changed this|a|the|my * number|phone|sim",
    "number changed|belongs|has|was to|hands|owner|owners|reassigned|recycled|changed|new|a",
    "you|u|youve|youre|ur have|got|texting|reached|messaging|contacting|texted|sent|sending|\
     hav|dialed|messaged|are * wrong|incorrect|mistaken number|person|guy|one|phone|contact|\
     chat|recipient|lady|man|woman|girl",
    "you|u|youve must|have|may|got|are|youre * wrong|mistaken number|person|identity|guy|girl",
    "mistaken identity",
    "dont|do know|recognise|recognize not? this|anybody|anyone|him|her|who|you|any|nobody|noone",
];
