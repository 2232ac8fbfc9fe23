//! Reads the query part of a request, strictly: a filter that is not understood must not be left out.

use std::fmt::Display;
use std::str::FromStr;

use axum::extract::Query;
use axum::http::Uri;
use serde::de::DeserializeOwned;

use crate::http::problem::Problem;
use crate::http::settings::{PAGE_DEFAULT, PAGE_MAX};

/// The query's fields; unknown ones and doubled ones are refused.
pub fn read<T: DeserializeOwned>(uri: &Uri) -> Result<T, Problem> {
    match Query::<T>::try_from_uri(uri) {
        Ok(Query(fields)) => Ok(fields),
        Err(error) => Err(Problem::bad_request("invalid_query", error.body_text())),
    }
}

/// One field of the query as the type that it stands for.
pub fn parse<T: FromStr<Err: Display>>(name: &str, text: Option<&str>) -> Result<Option<T>, Problem> {
    text.map(|text| {
        text.parse().map_err(|error| Problem::bad_request("invalid_query", format!("query parameter {name}: {error}")))
    })
    .transpose()
}

/// How many rows a page has.
pub fn limit(text: Option<&str>) -> Result<usize, Problem> {
    match parse::<usize>("limit", text)? {
        None => Ok(PAGE_DEFAULT),
        Some(limit) if (1..=PAGE_MAX).contains(&limit) => Ok(limit),
        Some(limit) => Err(Problem::bad_request(
            "invalid_query",
            format!("query parameter limit: {limit} is not between 1 and {PAGE_MAX}"),
        )),
    }
}
