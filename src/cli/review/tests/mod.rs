//! Screens as they look, and what keys do: without a file, a clock or a terminal.

mod made;
mod screens;
mod steps;
