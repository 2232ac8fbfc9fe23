//! Claims about the configuration as a whole.
