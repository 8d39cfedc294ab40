//! temporary
pub mod statement;
