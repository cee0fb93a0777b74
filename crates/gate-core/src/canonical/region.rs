//! Countries as the world writes them, and as ISO 3166-1 does: two letters.

use super::text::clean;
use crate::code::Code;

/// The ISO 3166-1 country a text names, in two capitals: `gb`, `GBR`, `826`, `UK`, `gb-SCT` are `GB`. Two letters
/// nobody knows are handed back as they are: whoever asks has a list of their own.
///
/// ```
/// use gate_core::canonical::country;
/// assert_eq!(country(" uk "), Some(*b"GB"));
/// assert_eq!(country("usa"), Some(*b"US"));
/// assert_eq!(country("us_ca"), Some(*b"US"));
/// assert_eq!(country("Britain"), None);
/// ```
#[must_use]
pub fn country(text: &str) -> Option<[u8; 2]> {
    let text = clean(text);
    let head = text.split(['-', '_', '/', ' ']).next().unwrap_or_default();
    if head.len() == 3 && head.bytes().all(|byte| byte.is_ascii_digit()) {
        let number: u16 = head.parse().ok()?;
        return COUNTRIES.iter().find(|(_, _, known)| *known == number).map(|(_, two, _)| *two);
    }
    let mut letters = head.bytes().map(|byte| byte.to_ascii_uppercase());
    match (letters.next(), letters.next(), letters.next(), letters.next()) {
        (Some(one), Some(two), None, None) if is_letters(&[one, two]) => Some(match [one, two] {
            [b'U', b'K'] => *b"GB", // exceptionally reserved in ISO 3166 for it
            [b'E', b'L'] => *b"GR", // the European Union's own code
            two => two,
        }),
        (Some(one), Some(two), Some(three), None) => {
            let three = [one, two, three];
            let at = COUNTRIES.binary_search_by_key(&three, |(three, _, _)| *three).ok()?;
            COUNTRIES.get(at).map(|(_, two, _)| *two)
        }
        _ => None,
    }
}

/// The code of a jurisdiction with its country as ISO writes it: `GBR` is `GB`, `usa_ca` is `US-CA`.
pub(crate) fn jurisdiction(text: &str) -> Option<Code> {
    let text = clean(text);
    let country = country(&text)?;
    let country = std::str::from_utf8(&country).ok()?;
    match text.split_once(['-', '_', '/', ' ']) {
        None => Code::parse(country),
        Some((_, part)) => {
            let mut buffer = [0; 8];
            joined(country, part.trim(), &mut buffer).and_then(Code::parse)
        }
    }
}

/// `country-part` in a buffer, so that a decision allocates nothing.
fn joined<'b>(country: &str, part: &str, buffer: &'b mut [u8; 8]) -> Option<&'b str> {
    let mut end = 0;
    for piece in [country, "-", part] {
        buffer.get_mut(end..end + piece.len())?.copy_from_slice(piece.as_bytes());
        end += piece.len();
    }
    std::str::from_utf8(buffer.get(..end)?).ok()
}

fn is_letters(text: &[u8]) -> bool {
    text.iter().all(u8::is_ascii_alphabetic)
}

/// ISO 3166-1 by its three letters, with two letters and number; from iso-codes (pycountry 26.2.16) and
/// Kosovo, which the world writes `XKX`.
#[rustfmt::skip]
const COUNTRIES: [([u8; 3], [u8; 2], u16); N_COUNTRIES] = [
    (*b"ABW", *b"AW", 533), (*b"AFG", *b"AF", 4), (*b"AGO", *b"AO", 24), (*b"AIA", *b"AI", 660),
    (*b"ALA", *b"AX", 248), (*b"ALB", *b"AL", 8), (*b"AND", *b"AD", 20), (*b"ARE", *b"AE", 784),
    (*b"ARG", *b"AR", 32), (*b"ARM", *b"AM", 51), (*b"ASM", *b"AS", 16), (*b"ATA", *b"AQ", 10),
    (*b"ATF", *b"TF", 260), (*b"ATG", *b"AG", 28), (*b"AUS", *b"AU", 36), (*b"AUT", *b"AT", 40),
    (*b"AZE", *b"AZ", 31), (*b"BDI", *b"BI", 108), (*b"BEL", *b"BE", 56), (*b"BEN", *b"BJ", 204),
    (*b"BES", *b"BQ", 535), (*b"BFA", *b"BF", 854), (*b"BGD", *b"BD", 50),
    (*b"BGR", *b"BG", 100), (*b"BHR", *b"BH", 48), (*b"BHS", *b"BS", 44), (*b"BIH", *b"BA", 70),
    (*b"BLM", *b"BL", 652), (*b"BLR", *b"BY", 112), (*b"BLZ", *b"BZ", 84), (*b"BMU", *b"BM", 60),
    (*b"BOL", *b"BO", 68), (*b"BRA", *b"BR", 76), (*b"BRB", *b"BB", 52), (*b"BRN", *b"BN", 96),
    (*b"BTN", *b"BT", 64), (*b"BVT", *b"BV", 74), (*b"BWA", *b"BW", 72), (*b"CAF", *b"CF", 140),
    (*b"CAN", *b"CA", 124), (*b"CCK", *b"CC", 166), (*b"CHE", *b"CH", 756),
    (*b"CHL", *b"CL", 152), (*b"CHN", *b"CN", 156), (*b"CIV", *b"CI", 384),
    (*b"CMR", *b"CM", 120), (*b"COD", *b"CD", 180), (*b"COG", *b"CG", 178),
    (*b"COK", *b"CK", 184), (*b"COL", *b"CO", 170), (*b"COM", *b"KM", 174),
    (*b"CPV", *b"CV", 132), (*b"CRI", *b"CR", 188), (*b"CUB", *b"CU", 192),
    (*b"CUW", *b"CW", 531), (*b"CXR", *b"CX", 162), (*b"CYM", *b"KY", 136),
    (*b"CYP", *b"CY", 196), (*b"CZE", *b"CZ", 203), (*b"DEU", *b"DE", 276),
    (*b"DJI", *b"DJ", 262), (*b"DMA", *b"DM", 212), (*b"DNK", *b"DK", 208),
    (*b"DOM", *b"DO", 214), (*b"DZA", *b"DZ", 12), (*b"ECU", *b"EC", 218),
    (*b"EGY", *b"EG", 818), (*b"ERI", *b"ER", 232), (*b"ESH", *b"EH", 732),
    (*b"ESP", *b"ES", 724), (*b"EST", *b"EE", 233), (*b"ETH", *b"ET", 231),
    (*b"FIN", *b"FI", 246), (*b"FJI", *b"FJ", 242), (*b"FLK", *b"FK", 238),
    (*b"FRA", *b"FR", 250), (*b"FRO", *b"FO", 234), (*b"FSM", *b"FM", 583),
    (*b"GAB", *b"GA", 266), (*b"GBR", *b"GB", 826), (*b"GEO", *b"GE", 268),
    (*b"GGY", *b"GG", 831), (*b"GHA", *b"GH", 288), (*b"GIB", *b"GI", 292),
    (*b"GIN", *b"GN", 324), (*b"GLP", *b"GP", 312), (*b"GMB", *b"GM", 270),
    (*b"GNB", *b"GW", 624), (*b"GNQ", *b"GQ", 226), (*b"GRC", *b"GR", 300),
    (*b"GRD", *b"GD", 308), (*b"GRL", *b"GL", 304), (*b"GTM", *b"GT", 320),
    (*b"GUF", *b"GF", 254), (*b"GUM", *b"GU", 316), (*b"GUY", *b"GY", 328),
    (*b"HKG", *b"HK", 344), (*b"HMD", *b"HM", 334), (*b"HND", *b"HN", 340),
    (*b"HRV", *b"HR", 191), (*b"HTI", *b"HT", 332), (*b"HUN", *b"HU", 348),
    (*b"IDN", *b"ID", 360), (*b"IMN", *b"IM", 833), (*b"IND", *b"IN", 356),
    (*b"IOT", *b"IO", 86), (*b"IRL", *b"IE", 372), (*b"IRN", *b"IR", 364),
    (*b"IRQ", *b"IQ", 368), (*b"ISL", *b"IS", 352), (*b"ISR", *b"IL", 376),
    (*b"ITA", *b"IT", 380), (*b"JAM", *b"JM", 388), (*b"JEY", *b"JE", 832),
    (*b"JOR", *b"JO", 400), (*b"JPN", *b"JP", 392), (*b"KAZ", *b"KZ", 398),
    (*b"KEN", *b"KE", 404), (*b"KGZ", *b"KG", 417), (*b"KHM", *b"KH", 116),
    (*b"KIR", *b"KI", 296), (*b"KNA", *b"KN", 659), (*b"KOR", *b"KR", 410),
    (*b"KWT", *b"KW", 414), (*b"LAO", *b"LA", 418), (*b"LBN", *b"LB", 422),
    (*b"LBR", *b"LR", 430), (*b"LBY", *b"LY", 434), (*b"LCA", *b"LC", 662),
    (*b"LIE", *b"LI", 438), (*b"LKA", *b"LK", 144), (*b"LSO", *b"LS", 426),
    (*b"LTU", *b"LT", 440), (*b"LUX", *b"LU", 442), (*b"LVA", *b"LV", 428),
    (*b"MAC", *b"MO", 446), (*b"MAF", *b"MF", 663), (*b"MAR", *b"MA", 504),
    (*b"MCO", *b"MC", 492), (*b"MDA", *b"MD", 498), (*b"MDG", *b"MG", 450),
    (*b"MDV", *b"MV", 462), (*b"MEX", *b"MX", 484), (*b"MHL", *b"MH", 584),
    (*b"MKD", *b"MK", 807), (*b"MLI", *b"ML", 466), (*b"MLT", *b"MT", 470),
    (*b"MMR", *b"MM", 104), (*b"MNE", *b"ME", 499), (*b"MNG", *b"MN", 496),
    (*b"MNP", *b"MP", 580), (*b"MOZ", *b"MZ", 508), (*b"MRT", *b"MR", 478),
    (*b"MSR", *b"MS", 500), (*b"MTQ", *b"MQ", 474), (*b"MUS", *b"MU", 480),
    (*b"MWI", *b"MW", 454), (*b"MYS", *b"MY", 458), (*b"MYT", *b"YT", 175),
    (*b"NAM", *b"NA", 516), (*b"NCL", *b"NC", 540), (*b"NER", *b"NE", 562),
    (*b"NFK", *b"NF", 574), (*b"NGA", *b"NG", 566), (*b"NIC", *b"NI", 558),
    (*b"NIU", *b"NU", 570), (*b"NLD", *b"NL", 528), (*b"NOR", *b"NO", 578),
    (*b"NPL", *b"NP", 524), (*b"NRU", *b"NR", 520), (*b"NZL", *b"NZ", 554),
    (*b"OMN", *b"OM", 512), (*b"PAK", *b"PK", 586), (*b"PAN", *b"PA", 591),
    (*b"PCN", *b"PN", 612), (*b"PER", *b"PE", 604), (*b"PHL", *b"PH", 608),
    (*b"PLW", *b"PW", 585), (*b"PNG", *b"PG", 598), (*b"POL", *b"PL", 616),
    (*b"PRI", *b"PR", 630), (*b"PRK", *b"KP", 408), (*b"PRT", *b"PT", 620),
    (*b"PRY", *b"PY", 600), (*b"PSE", *b"PS", 275), (*b"PYF", *b"PF", 258),
    (*b"QAT", *b"QA", 634), (*b"REU", *b"RE", 638), (*b"ROU", *b"RO", 642),
    (*b"RUS", *b"RU", 643), (*b"RWA", *b"RW", 646), (*b"SAU", *b"SA", 682),
    (*b"SDN", *b"SD", 729), (*b"SEN", *b"SN", 686), (*b"SGP", *b"SG", 702),
    (*b"SGS", *b"GS", 239), (*b"SHN", *b"SH", 654), (*b"SJM", *b"SJ", 744),
    (*b"SLB", *b"SB", 90), (*b"SLE", *b"SL", 694), (*b"SLV", *b"SV", 222),
    (*b"SMR", *b"SM", 674), (*b"SOM", *b"SO", 706), (*b"SPM", *b"PM", 666),
    (*b"SRB", *b"RS", 688), (*b"SSD", *b"SS", 728), (*b"STP", *b"ST", 678),
    (*b"SUR", *b"SR", 740), (*b"SVK", *b"SK", 703), (*b"SVN", *b"SI", 705),
    (*b"SWE", *b"SE", 752), (*b"SWZ", *b"SZ", 748), (*b"SXM", *b"SX", 534),
    (*b"SYC", *b"SC", 690), (*b"SYR", *b"SY", 760), (*b"TCA", *b"TC", 796),
    (*b"TCD", *b"TD", 148), (*b"TGO", *b"TG", 768), (*b"THA", *b"TH", 764),
    (*b"TJK", *b"TJ", 762), (*b"TKL", *b"TK", 772), (*b"TKM", *b"TM", 795),
    (*b"TLS", *b"TL", 626), (*b"TON", *b"TO", 776), (*b"TTO", *b"TT", 780),
    (*b"TUN", *b"TN", 788), (*b"TUR", *b"TR", 792), (*b"TUV", *b"TV", 798),
    (*b"TWN", *b"TW", 158), (*b"TZA", *b"TZ", 834), (*b"UGA", *b"UG", 800),
    (*b"UKR", *b"UA", 804), (*b"UMI", *b"UM", 581), (*b"URY", *b"UY", 858),
    (*b"USA", *b"US", 840), (*b"UZB", *b"UZ", 860), (*b"VAT", *b"VA", 336),
    (*b"VCT", *b"VC", 670), (*b"VEN", *b"VE", 862), (*b"VGB", *b"VG", 92),
    (*b"VIR", *b"VI", 850), (*b"VNM", *b"VN", 704), (*b"VUT", *b"VU", 548),
    (*b"WLF", *b"WF", 876), (*b"WSM", *b"WS", 882), (*b"XKX", *b"XK", u16::MAX),
    (*b"YEM", *b"YE", 887), (*b"ZAF", *b"ZA", 710), (*b"ZMB", *b"ZM", 894),
    (*b"ZWE", *b"ZW", 716),
];
const N_COUNTRIES: usize = 250;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn countries() {
        for (text, expected) in [
            ("GB", "GB"),
            ("\u{feff}gb\u{200b}", "GB"),
            ("\u{ff27}\u{ff22}", "GB"),
            ("Deu", "DE"),
            ("276", "DE"),
            ("008", "AL"),
            ("el", "GR"),
            ("XKX", "XK"),
            ("ca-QC", "CA"),
            ("ZZ", "ZZ"),
        ] {
            let found = country(text);
            assert_eq!(found.as_ref().map(|two| &two[..]), Some(expected.as_bytes()), "{text:?}");
        }
        for text in ["", "G", "GBRX", "999", "8", "G1", "+44", "\u{e4}\u{f6}"] {
            assert_eq!(country(text), None, "{text:?}");
        }
        assert!(COUNTRIES.is_sorted());
    }

    #[test]
    fn jurisdictions() {
        for (text, expected) in [
            ("us_ca", "US-CA"),
            ("USA-CA", "US-CA"),
            ("gbr", "GB"),
            ("UK", "GB"),
            ("uk-sct", "GB-SCT"),
            ("AU NSW", "AU-NSW"),
        ] {
            let found = jurisdiction(text);
            assert_eq!(found.as_ref().map(Code::as_str), Some(expected), "{text:?}");
        }
        for text in ["", "STRICT", "California", "US-California"] {
            assert_eq!(jurisdiction(text), None, "{text:?}");
        }
    }
}
