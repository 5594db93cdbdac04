//! Protocol primitives: the readers and writers that every generated codec is made of.
