//! The TLS client of callbacks: the system's certificate authorities, and those that the operator adds.

use std::sync::Arc;

use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::CertificateDer;

/// A client configuration that trusts the system's authorities and `extra_roots`.
///
/// A machine without any authority still posts over plain HTTP; its TLS connections fail with a reason.
///
/// # Errors
/// When an extra authority is no certificate, or rustls cannot be set up.
pub fn client_config(extra_roots: Vec<CertificateDer<'static>>) -> Result<ClientConfig, rustls::Error> {
    let mut roots = RootCertStore::empty();
    let native = rustls_native_certs::load_native_certs();
    let (_, unreadable) = roots.add_parsable_certificates(native.certs);
    if unreadable > 0 || !native.errors.is_empty() {
        tracing::debug!(
            unreadable,
            errors = native.errors.len(),
            "Some of the system's certificate authorities cannot be read"
        );
    }
    for root in extra_roots {
        roots.add(root)?;
    }
    if roots.is_empty() {
        tracing::warn!(
            "No certificate authorities found: callbacks to https targets will fail (install ca-certificates)"
        );
    }
    Ok(ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth())
}
