//! Durable state behind ports per noun; decides nothing.
