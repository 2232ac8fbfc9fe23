//! Pages for made-up readers.
