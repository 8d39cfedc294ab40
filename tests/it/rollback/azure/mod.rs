//! What runbooks ask of Azure, asked by the Azure CLI itself (2.91) of a stand-in of Azure (fixtures/azure):
//! logins, exit codes, throttling, what is not there, and answers as that version spells them.

mod azurite;
mod blobs;
mod names;
mod phases;
mod real;
mod steps;
