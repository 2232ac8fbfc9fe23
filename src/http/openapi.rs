//! The OpenAPI document: what stands above the routes, which describe themselves.

use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{Components, OpenApi};
use utoipa::{Modify, OpenApi as Describe};

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
