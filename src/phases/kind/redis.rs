//! `kind = "redis"`: whether a Redis answers PING (RESP2, redis.io/docs/latest/develop/reference/protocol-spec).

use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::error::Result;
use crate::phases::fields::Fields;
use crate::phases::outcome::Ended;
use crate::phases::work::{EVERY, Work};

/// How long one connection may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// Asks a Redis.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Redis {
    address: String,
}

impl Redis {
    pub(super) const KEYS: &[&str] = &["address"];

    pub(super) fn read(fields: &Fields<'_>) -> Result<Self> {
        Ok(Self { address: fields.required("address")? })
    }

    pub(super) fn show(&self) -> Vec<String> {
        vec![format!("PING to Redis at {}", self.address)]
    }

    pub(super) async fn act(&self, work: &Work<'_>) -> Result<Ended> {
        work.until(EVERY, || async {
            let asked = tokio::time::timeout(PATIENCE, ping(&self.address)).await;
            Ok(match asked {
                Ok(Ok(answer)) if answer.starts_with("+PONG") => Ended::done(),
                // It is there, and wants a password: that is the reach that was asked for, not its content.
                Ok(Ok(answer)) if answer.starts_with("-NOAUTH") => Ended::found("authentication", "asked for"),
                Ok(Ok(answer)) => Ended::Failed(format!("Redis at {} answers {}", self.address, answer.trim())),
                Ok(Err(error)) => Ended::Failed(format!("Redis at {}: {error}", self.address)),
                Err(_) => Ended::Failed(format!("Redis at {} does not answer", self.address)),
            })
        })
        .await
    }
}

async fn ping(address: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(b"*1\r\n$4\r\nPING\r\n").await?;
    let mut answer = vec![0; 128];
    let read = stream.read(&mut answer).await?;
    Ok(String::from_utf8_lossy(&answer[..read]).into_owned())
}
