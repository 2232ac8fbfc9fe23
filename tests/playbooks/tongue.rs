//! The languages of the playbooks, each with a customer who reads it.

/// A language with its country: who the customer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tongue {
    pub code: &'static str,
    pub locale: &'static str,
    pub number: &'static str,
    pub friend: &'static str,
    pub zone: &'static str,
    pub name: &'static str,
    pub brand: &'static str,
    pub currency: &'static str,
}

pub const ENGLISH: Tongue = Tongue {
    code: "en",
    locale: "en-US",
    number: "+12125550123",
    friend: "+12125550124",
    zone: "America/New_York",
    name: "Maria Gonzalez",
    brand: "Kim's Tea",
    currency: "USD",
};
pub const KOREAN: Tongue = Tongue {
    code: "ko",
    locale: "ko-KR",
    number: "+821012345678",
    friend: "+821012345679",
    zone: "Asia/Seoul",
    name: "김지수",
    brand: "찻집 봄",
    currency: "KRW",
};
pub const THAI: Tongue = Tongue {
    code: "th",
    locale: "th-TH",
    number: "+66812345678",
    friend: "+66812345679",
    zone: "Asia/Bangkok",
    name: "สมชาย ใจดี",
    brand: "ร้านชา",
    currency: "THB",
};
