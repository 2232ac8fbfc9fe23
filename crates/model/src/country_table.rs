//! The countries of ISO 3166: calling code, what of it is theirs alone, and how people there dial.
//!
//! After ITU-T E.164 and its annexes (assigned codes, dialling procedures, national numbering plans as announced).

/// One country.
#[derive(Debug)]
pub(super) struct Row {
    /// Two letters of ISO 3166; XK and AC by custom.
    pub(super) iso: &'static str,
    /// The calling code.
    pub(super) calling: &'static str,
    /// What the numbers of this country begin with, where a code is shared; the main country of a code has none.
    /// `-` stands for a country whose numbers cannot be told from the main country's.
    pub(super) own: &'static str,
    /// What stands in front of a national number, longest first; empty where nothing does.
    pub(super) trunks: &'static str,
    /// What stands in front of a foreign number.
    pub(super) international: &'static str,
    /// The fewest and the most digits of a number without calling code and trunk prefix.
    pub(super) digits: (usize, usize),
    /// Whether those digits are known well enough to refuse others.
    pub(super) strict: bool,
}

const fn row(
    iso: &'static str,
    calling: &'static str,
    trunks: &'static str,
    digits: (usize, usize),
    international: &'static str,
) -> Row {
    Row { iso, calling, own: "", trunks, international, digits, strict: false }
}

/// A country whose lengths are known well; foreign numbers begin with 00.
const fn known(iso: &'static str, calling: &'static str, trunks: &'static str, least: usize, most: usize) -> Row {
    Row { strict: true, ..row(iso, calling, trunks, (least, most), "00") }
}

/// As [`known`], with other prefixes for foreign numbers.
const fn dials(base: Row, international: &'static str) -> Row {
    Row { international, ..base }
}

/// A country whose lengths are known roughly.
const fn rough(iso: &'static str, calling: &'static str, trunks: &'static str, least: usize, most: usize) -> Row {
    row(iso, calling, trunks, (least, most), "00")
}

/// A country that shares the code of `base`.
const fn within(base: Row, iso: &'static str, own: &'static str) -> Row {
    Row { iso, own, ..base }
}

/// A country of the North American Numbering Plan.
const fn nanp(iso: &'static str, own: &'static str) -> Row {
    Row { own, ..dials(known(iso, "1", "1", 10, 10), "011") }
}

const AUSTRALIA: Row = dials(known("AU", "61", "0", 9, 9), "0011");
const BRITAIN: Row = known("GB", "44", "0", 9, 10);
const FALKLANDS: Row = rough("FK", "500", "", 5, 5);
const FINLAND: Row = dials(known("FI", "358", "0", 5, 12), "00 990");
const GUADELOUPE: Row = rough("GP", "590", "0", 9, 9);
const ITALY: Row = known("IT", "39", "", 6, 11);
const MOROCCO: Row = known("MA", "212", "0", 9, 9);
const NEW_ZEALAND: Row = known("NZ", "64", "0", 8, 10);
const NORFOLK: Row = rough("NF", "672", "", 5, 6);
const NORWAY: Row = known("NO", "47", "", 8, 12);
const REUNION: Row = rough("RE", "262", "0", 9, 9);
const RUSSIA: Row = dials(known("RU", "7", "8", 10, 10), "810");

/// The calling codes that belong to no country: freephone, satellites, networks for things.
pub(super) const GLOBAL: [&str; 9] = ["800", "808", "870", "878", "881", "882", "883", "888", "979"];

const CANADA: &str = "1204 1226 1236 1249 1250 1257 1263 1289 1306 1343 1354 1365 1367 1368 1382 1387 1403 1416 1418 1428 \
     1431 1437 1438 1450 1460 1468 1474 1506 1514 1519 1548 1579 1581 1584 1587 1604 1613 1639 1647 1672 1683 1705 1709 \
     1742 1753 1778 1780 1782 1807 1819 1825 1867 1873 1879 1902 1905 1942 1600 1622 1633 1644 1655 1677 1688";

/// All of them, by their letters.
#[rustfmt::skip]
pub(super) static TABLE: &[Row] = &[
    rough("AC", "247", "", 5, 6),
    rough("AD", "376", "", 6, 9),
    known("AE", "971", "0", 8, 9),
    rough("AF", "93", "0", 9, 9),
    nanp("AG", "1268"),
    nanp("AI", "1264"),
    rough("AL", "355", "0", 6, 9),
    rough("AM", "374", "0", 8, 8),
    rough("AO", "244", "", 9, 9),
    within(NORFOLK, "AQ", "6721"),
    known("AR", "54", "0", 10, 11),
    nanp("AS", "1684"),
    known("AT", "43", "0", 4, 13),
    AUSTRALIA,
    rough("AW", "297", "", 7, 7),
    within(FINLAND, "AX", "35818"),
    rough("AZ", "994", "0", 9, 9),
    rough("BA", "387", "0", 8, 9),
    nanp("BB", "1246"),
    rough("BD", "880", "0", 6, 10),
    known("BE", "32", "0", 8, 9),
    rough("BF", "226", "", 8, 8),
    rough("BG", "359", "0", 6, 9),
    rough("BH", "973", "", 8, 8),
    rough("BI", "257", "", 8, 8),
    rough("BJ", "229", "", 8, 10),
    within(GUADELOUPE, "BL", "-"),
    nanp("BM", "1441"),
    rough("BN", "673", "", 7, 7),
    rough("BO", "591", "0", 8, 8),
    within(rough("BQ", "599", "", 7, 8), "BQ", "5993 5994 5997"),
    known("BR", "55", "0", 10, 11),
    nanp("BS", "1242"),
    rough("BT", "975", "", 7, 8),
    within(NORWAY, "BV", "-"),
    rough("BW", "267", "", 7, 8),
    dials(rough("BY", "375", "80 8 0", 9, 9), "810"),
    rough("BZ", "501", "", 7, 7),
    nanp("CA", CANADA),
    within(AUSTRALIA, "CC", "6189162"),
    rough("CD", "243", "0", 9, 9),
    rough("CF", "236", "", 8, 8),
    rough("CG", "242", "", 9, 9),
    known("CH", "41", "0", 9, 9),
    rough("CI", "225", "", 10, 10),
    rough("CK", "682", "", 5, 5),
    known("CL", "56", "", 9, 9),
    rough("CM", "237", "", 9, 9),
    known("CN", "86", "0", 9, 12),
    dials(known("CO", "57", "0", 10, 10), "00 005 007 009"),
    rough("CR", "506", "", 8, 8),
    dials(rough("CU", "53", "0", 8, 8), "119"),
    rough("CV", "238", "", 7, 7),
    rough("CW", "599", "", 7, 8),
    within(AUSTRALIA, "CX", "6189164"),
    known("CY", "357", "", 8, 8),
    known("CZ", "420", "", 9, 9),
    known("DE", "49", "0", 5, 13),
    rough("DJ", "253", "", 8, 8),
    known("DK", "45", "", 8, 8),
    nanp("DM", "1767"),
    nanp("DO", "1809 1829 1849"),
    rough("DZ", "213", "0", 8, 9),
    rough("EC", "593", "0", 8, 9),
    known("EE", "372", "", 7, 8),
    known("EG", "20", "0", 8, 10),
    within(MOROCCO, "EH", "2125288 2125289"),
    rough("ER", "291", "0", 7, 7),
    known("ES", "34", "", 9, 9),
    rough("ET", "251", "0", 9, 9),
    FINLAND,
    rough("FJ", "679", "", 7, 7),
    FALKLANDS,
    dials(rough("FM", "691", "", 7, 7), "00 011"),
    rough("FO", "298", "", 6, 6),
    known("FR", "33", "0", 9, 9),
    rough("GA", "241", "0", 7, 8),
    BRITAIN,
    nanp("GD", "1473"),
    rough("GE", "995", "0", 9, 9),
    rough("GF", "594", "0", 9, 9),
    within(BRITAIN, "GG", "441481 447781 447839 447911"),
    rough("GH", "233", "0", 9, 9),
    rough("GI", "350", "", 8, 8),
    rough("GL", "299", "", 6, 6),
    rough("GM", "220", "", 7, 7),
    rough("GN", "224", "", 8, 9),
    GUADELOUPE,
    rough("GQ", "240", "", 9, 9),
    known("GR", "30", "", 10, 10),
    within(FALKLANDS, "GS", "-"),
    rough("GT", "502", "", 8, 8),
    nanp("GU", "1671"),
    rough("GW", "245", "", 7, 9),
    dials(rough("GY", "592", "", 7, 7), "001"),
    dials(known("HK", "852", "", 8, 8), "001 00"),
    within(NORFOLK, "HM", "-"),
    rough("HN", "504", "", 8, 8),
    known("HR", "385", "0", 8, 9),
    rough("HT", "509", "", 8, 8),
    known("HU", "36", "06", 8, 9),
    dials(known("ID", "62", "0", 7, 12), "001 007 008 009 01017"),
    known("IE", "353", "0", 7, 9),
    dials(known("IL", "972", "0", 8, 9), "00 012 013 014"),
    within(BRITAIN, "IM", "441624 447524 447624 447924"),
    known("IN", "91", "0", 10, 10),
    rough("IO", "246", "", 7, 7),
    rough("IQ", "964", "0", 8, 10),
    rough("IR", "98", "0", 10, 10),
    rough("IS", "354", "", 7, 9),
    ITALY,
    within(BRITAIN, "JE", "441534 447509 447700 447797 447829 447937"),
    nanp("JM", "1658 1876"),
    rough("JO", "962", "0", 8, 9),
    dials(known("JP", "81", "0", 9, 10), "010"),
    dials(rough("KE", "254", "0", 7, 9), "000"),
    rough("KG", "996", "0", 9, 9),
    dials(rough("KH", "855", "0", 8, 9), "001 007 008"),
    rough("KI", "686", "0", 5, 8),
    rough("KM", "269", "", 7, 7),
    nanp("KN", "1869"),
    rough("KP", "850", "0", 8, 10),
    dials(known("KR", "82", "0", 8, 11), "001 002 005 006 008 00300 00321 00345 00365 00700 00727 00755 00766"),
    rough("KW", "965", "", 8, 8),
    nanp("KY", "1345"),
    within(RUSSIA, "KZ", "76 77"),
    rough("LA", "856", "0", 8, 10),
    rough("LB", "961", "0", 7, 8),
    nanp("LC", "1758"),
    rough("LI", "423", "", 7, 9),
    known("LK", "94", "0", 9, 9),
    rough("LR", "231", "0", 7, 9),
    rough("LS", "266", "", 8, 8),
    known("LT", "370", "0 8", 8, 8),
    rough("LU", "352", "", 4, 11),
    known("LV", "371", "", 8, 8),
    rough("LY", "218", "0", 8, 9),
    MOROCCO,
    rough("MC", "377", "0", 8, 9),
    rough("MD", "373", "0", 8, 8),
    rough("ME", "382", "0", 8, 9),
    within(GUADELOUPE, "MF", "-"),
    rough("MG", "261", "0", 9, 9),
    dials(rough("MH", "692", "1", 7, 7), "011"),
    rough("MK", "389", "0", 8, 8),
    rough("ML", "223", "", 8, 8),
    rough("MM", "95", "0", 6, 10),
    dials(rough("MN", "976", "0", 8, 10), "001 00"),
    rough("MO", "853", "", 8, 8),
    nanp("MP", "1670"),
    rough("MQ", "596", "0", 9, 9),
    rough("MR", "222", "", 8, 8),
    nanp("MS", "1664"),
    rough("MT", "356", "", 8, 8),
    dials(rough("MU", "230", "", 7, 8), "00 020"),
    rough("MV", "960", "", 7, 7),
    rough("MW", "265", "0", 7, 9),
    known("MX", "52", "044 045 01", 10, 10),
    known("MY", "60", "0", 8, 10),
    rough("MZ", "258", "", 8, 9),
    rough("NA", "264", "0", 8, 9),
    rough("NC", "687", "", 6, 6),
    rough("NE", "227", "", 8, 8),
    NORFOLK,
    dials(known("NG", "234", "0", 8, 10), "009 00"),
    rough("NI", "505", "", 8, 8),
    known("NL", "31", "0", 9, 11),
    NORWAY,
    rough("NP", "977", "0", 8, 10),
    rough("NR", "674", "", 7, 7),
    rough("NU", "683", "", 4, 7),
    NEW_ZEALAND,
    rough("OM", "968", "", 8, 8),
    rough("PA", "507", "", 7, 8),
    known("PE", "51", "0", 8, 9),
    rough("PF", "689", "", 6, 8),
    rough("PG", "675", "", 7, 8),
    known("PH", "63", "0", 8, 10),
    known("PK", "92", "0", 9, 10),
    known("PL", "48", "", 9, 9),
    rough("PM", "508", "0", 6, 9),
    within(NEW_ZEALAND, "PN", "-"),
    nanp("PR", "1787 1939"),
    rough("PS", "970", "0", 8, 9),
    known("PT", "351", "", 9, 9),
    dials(rough("PW", "680", "", 7, 7), "011"),
    rough("PY", "595", "0", 8, 9),
    rough("QA", "974", "", 8, 8),
    REUNION,
    known("RO", "40", "0", 9, 9),
    rough("RS", "381", "0", 7, 10),
    RUSSIA,
    rough("RW", "250", "0", 8, 9),
    known("SA", "966", "0", 9, 9),
    rough("SB", "677", "", 5, 7),
    rough("SC", "248", "", 7, 7),
    rough("SD", "249", "0", 9, 9),
    known("SE", "46", "0", 7, 13),
    dials(known("SG", "65", "", 8, 8), "000 001 002 008 012 013 014 018 019 020 021"),
    rough("SH", "290", "", 4, 5),
    known("SI", "386", "0", 8, 8),
    within(NORWAY, "SJ", "4779"),
    known("SK", "421", "0", 9, 9),
    rough("SL", "232", "0", 8, 8),
    rough("SM", "378", "", 6, 10),
    rough("SN", "221", "", 9, 9),
    rough("SO", "252", "0", 7, 9),
    rough("SR", "597", "", 6, 7),
    rough("SS", "211", "0", 9, 9),
    rough("ST", "239", "", 7, 7),
    rough("SV", "503", "", 8, 8),
    nanp("SX", "1721"),
    rough("SY", "963", "0", 8, 9),
    rough("SZ", "268", "", 8, 8),
    nanp("TC", "1649"),
    rough("TD", "235", "", 8, 8),
    within(REUNION, "TF", "-"),
    rough("TG", "228", "", 8, 8),
    dials(known("TH", "66", "0", 8, 9), "001 004 005 006 007 008 009"),
    dials(rough("TJ", "992", "8", 9, 9), "810 00"),
    rough("TK", "690", "", 4, 7),
    rough("TL", "670", "", 7, 8),
    dials(rough("TM", "993", "8", 8, 8), "810"),
    rough("TN", "216", "", 8, 8),
    rough("TO", "676", "", 5, 7),
    known("TR", "90", "0", 10, 10),
    nanp("TT", "1868"),
    rough("TV", "688", "", 5, 7),
    dials(known("TW", "886", "0", 8, 9), "002 005 006 007 009 019"),
    dials(rough("TZ", "255", "0", 9, 9), "000"),
    known("UA", "380", "0", 9, 9),
    dials(rough("UG", "256", "0", 9, 9), "000 00"),
    nanp("UM", "-"),
    nanp("US", ""),
    rough("UY", "598", "0", 8, 8),
    dials(rough("UZ", "998", "8", 9, 9), "00 810"),
    within(ITALY, "VA", "3906698 379"),
    nanp("VC", "1784"),
    rough("VE", "58", "0", 10, 10),
    nanp("VG", "1284"),
    nanp("VI", "1340"),
    known("VN", "84", "0", 9, 10),
    rough("VU", "678", "", 5, 7),
    rough("WF", "681", "", 6, 9),
    rough("WS", "685", "", 5, 10),
    rough("XK", "383", "0", 8, 9),
    rough("YE", "967", "0", 7, 9),
    within(REUNION, "YT", "262269 262639"),
    known("ZA", "27", "0", 9, 9),
    rough("ZM", "260", "0", 9, 9),
    rough("ZW", "263", "0", 8, 10),
];
