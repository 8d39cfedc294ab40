//! `kind = "postgres"`: a question to OLD or NEW that is answered with one boolean, in each of some databases.

use serde::{Deserialize, Serialize};

use crate::error::{Error, ErrorKind, Result};
use crate::name::Side;
use crate::phases::fields::Fields;
use crate::phases::outcome::Ended;
use crate::phases::taken::Taken;
use crate::phases::work::{EVERY, Work};

/// Asks databases.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Postgres {
    side: String,
    databases: Vec<String>,
    query: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    user: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    password_secret: Option<String>,
}

impl Postgres {
    pub(super) const KEYS: &[&str] = &["side", "databases", "query", "user", "password_secret"];

    pub(super) fn read(fields: &Fields<'_>) -> Result<Self> {
        let side = fields.required("side")?;
        if side_of(&side).is_none() {
            return Err(fields.error("side", "`side` must be old or new"));
        }
        let postgres = Self {
            side,
            databases: fields.some_texts("databases")?,
            query: fields.text("query")?,
            user: fields.text("user")?,
            password_secret: fields.secret("password_secret")?,
        };
        if postgres.user.is_some() != postgres.password_secret.is_some() {
            return Err(fields.error("user", "another user than the configuration's wants `user` and `password_secret`"));
        }
        Ok(postgres)
    }

    pub(super) fn show(&self) -> Vec<String> {
        let question = self.query.as_deref().unwrap_or("a connection");
        let side = self.side.to_uppercase();
        let user = self.user.as_ref().map_or_else(String::new, |user| format!(" as {user}"));
        self.databases.iter().map(|database| format!("{side} {database}{user}: {question}")).collect()
    }

    pub(super) fn takes(&self) -> Option<Taken<'_>> {
        self.password_secret.as_deref().map(|name| Taken { as_what: "password", name })
    }

    pub(super) async fn act(&self, work: &Work<'_>) -> Result<Ended> {
        work.until(EVERY, || self.ask_all(work)).await
    }

    async fn ask_all(&self, work: &Work<'_>) -> Result<Ended> {
        for database in &self.databases {
            match self.ask(work, database).await {
                Ok(true) => {}
                Ok(false) => return Ok(Ended::Failed(format!("{} {database} answers false", self.side.to_uppercase()))),
                Err(error) if error.kind() == ErrorKind::Interrupted => return Err(error),
                Err(error) => return Ok(Ended::Failed(error.in_full())),
            }
        }
        Ok(Ended::found("databases", self.databases.len().to_string()))
    }

    async fn ask(&self, work: &Work<'_>, database: &str) -> Result<bool> {
        let (Some(servers), Some(side)) = (work.servers, side_of(&self.side)) else {
            return Err(Error::new(ErrorKind::Config, "ask a server").because("the configuration names no servers"));
        };
        let session = match (&self.user, &self.password_secret) {
            (Some(user), Some(name)) => {
                let endpoint = servers.endpoint(side).clone().as_user(user, work.tools.secret(name).await?);
                servers.clone().with_endpoint(side, endpoint).connect(side, database).await?
            }
            _ => servers.connect(side, database).await?,
        };
        let answer = match &self.query {
            None => Ok(true),
            Some(query) => one_boolean(&session.query(query, &[]).await?),
        };
        session.close().await;
        answer
    }
}

fn one_boolean(rows: &[tokio_postgres::Row]) -> Result<bool> {
    let value = match rows {
        [row] if row.len() == 1 => row.try_get::<_, Option<bool>>(0).ok().flatten(),
        _ => None,
    };
    value.ok_or_else(|| Error::new(ErrorKind::Config, "ask a server").because("the question is not answered with one boolean"))
}

fn side_of(word: &str) -> Option<Side> {
    Side::BOTH.into_iter().find(|side| side.word() == word)
}
