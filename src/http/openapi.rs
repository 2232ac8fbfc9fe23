//! The OpenAPI document: what stands above the routes, which describe themselves.

use utoipa::openapi::path::Operation;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{Components, ContentBuilder, OpenApi, PathItem, Ref, RefOr, ResponseBuilder};
use utoipa::{Modify, OpenApi as Describe};

use super::problem;

/// The head of the document.
#[derive(Describe)]
#[openapi(
    info(
        title = "postrider",
        description = "The SMS gateway on your own server: messages in, receipts and replies out.\n\nErrors are \
                       `application/problem+json` (RFC 9457). Times are RFC 3339 in UTC. A message is accepted (202) \
                       only after it is on the disk.",
    ),
    modifiers(&Token),
    tags(
        (name = "messages", description = "Messages to send, and what became of them"),
        (name = "inbound", description = "Messages that came in"),
        (name = "consent", description = "Who agreed to what, who must not be written to, what the law says"),
        (name = "modems", description = "The modems, their SIMs, and what a technician asks of them"),
        (name = "contacts", description = "Contacts, what they did, segments of them, and texts and coupons for them"),
        (name = "workflows", description = "What happens step by step to contacts, and who is in it"),
        (name = "conversations", description = "What people write back: conversations, keyword services, surveys, contests"),
        (name = "campaigns", description = "One text to many: estimated, started, stopped, measured"),
        (name = "pages", description = "Short links with their clicks, and the pages that they lead to"),
        (name = "operation", description = "Links, health and metrics"),
    ),
)]
pub struct Document;

/// Adds the bearer token, which macros cannot describe.
struct Token;

impl Modify for Token {
    fn modify(&self, document: &mut OpenApi) {
        let mut scheme = Http::new(HttpAuthScheme::Bearer);
        scheme.description =
            Some("A token made by `postrider token create`, with the scopes that a route names.".to_owned());
        document
            .components
            .get_or_insert_with(Components::default)
            .add_security_scheme("token", SecurityScheme::Http(scheme));
    }
}

/// What may happen on every route that needs a token.
const WITH_TOKEN: [(&str, &str); 3] = [
    ("401", "No valid token"),
    ("403", "The token lacks the scope"),
    ("503", "The server is busy or stopping; see Retry-After"),
];

/// Finishes the document once all routes are in it: the version, and the answers that many routes share.
pub fn complete(document: &mut OpenApi) {
    env!("CARGO_PKG_VERSION").clone_into(&mut document.info.version);
    for operation in document.paths.paths.values_mut().flat_map(operations) {
        if operation.security.is_some() {
            for (status, description) in WITH_TOKEN {
                operation.responses.responses.entry(status.to_owned()).or_insert_with(|| described(description));
            }
        }
    }
}

fn operations(path: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [&mut path.get, &mut path.post, &mut path.put, &mut path.patch, &mut path.delete].into_iter().flatten()
}

fn described(description: &str) -> RefOr<utoipa::openapi::Response> {
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
    RefOr::T(ResponseBuilder::new().description(description).content(problem::CONTENT_TYPE, content).build())
}
