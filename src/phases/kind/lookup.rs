//! One question to one DNS server, past every cache of this machine (RFC 1035, over UDP, and over TCP where the answer is cut).

use std::net::Ipv4Addr;
use std::time::Duration;

use simple_dns::rdata::RData;
use simple_dns::{CLASS, Name, Packet, PacketFlag, QCLASS, QTYPE, Question, RCODE, TYPE};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpStream, UdpSocket};

/// How long one server may take to answer.
const PATIENCE: Duration = Duration::from_secs(3);

/// Where a server listens that is named without a port.
const PORT: u16 = 53;

/// What a server says of a name.
#[derive(Debug, PartialEq, Eq)]
pub struct Asked {
    /// Its IPv4 addresses, sorted.
    pub addresses: Vec<String>,
    /// What leads elsewhere beside them: IPv6 addresses.
    pub others: Vec<String>,
}

/// Asks one server for the addresses of a name, of both families.
///
/// # Errors
/// A sentence, where it does not answer, or answers with an error.
pub async fn ask(server: &str, name: &str) -> Result<Asked, String> {
    let mut asked = Asked { addresses: Vec::new(), others: Vec::new() };
    for kind in [TYPE::A, TYPE::AAAA] {
        let answer = tokio::time::timeout(PATIENCE, answer(server, name, kind)).await;
        let bytes = answer.map_err(|_| "gets no answer".to_owned())?.map_err(|error| format!("cannot be asked: {error}"))?;
        let packet = Packet::parse(&bytes).map_err(|error| format!("gets an answer that makes no sense: {error}"))?;
        match packet.rcode() {
            RCODE::NoError => {}
            RCODE::NameError => continue,
            other => return Err(format!("is refused: {other:?}")),
        }
        for record in &packet.answers {
            match &record.rdata {
                RData::A(address) => asked.addresses.push(Ipv4Addr::from(address.address).to_string()),
                RData::AAAA(address) => asked.others.push(std::net::Ipv6Addr::from(address.address).to_string()),
                _ => {}
            }
        }
    }
    asked.addresses.sort();
    Ok(asked)
}

async fn answer(server: &str, name: &str, kind: TYPE) -> std::io::Result<Vec<u8>> {
    let address = if server.contains(':') { server.to_owned() } else { format!("{server}:{PORT}") };
    let query = query(name, kind).map_err(std::io::Error::other)?;
    let socket = UdpSocket::bind("0.0.0.0:0").await?;
    socket.connect(&address).await?;
    socket.send(&query).await?;
    let mut buffer = vec![0; 4096];
    loop {
        let read = socket.recv(&mut buffer).await?;
        // An answer to an older question is not ours.
        if read >= 2 && buffer[..2] == query[..2] {
            buffer.truncate(read);
            break;
        }
    }
    let cut = Packet::parse(&buffer).is_ok_and(|packet| packet.has_flags(PacketFlag::TRUNCATION));
    if cut { over_tcp(&address, &query).await } else { Ok(buffer) }
}

async fn over_tcp(address: &str, query: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(address).await?;
    let length = u16::try_from(query.len()).map_err(std::io::Error::other)?;
    stream.write_all(&[&length.to_be_bytes(), query].concat()).await?;
    let mut length = [0; 2];
    stream.read_exact(&mut length).await?;
    let mut bytes = vec![0; u16::from_be_bytes(length).into()];
    stream.read_exact(&mut bytes).await?;
    Ok(bytes)
}

fn query(name: &str, kind: TYPE) -> Result<Vec<u8>, simple_dns::SimpleDnsError> {
    // Any number will do: the socket is connected, so that nobody else's answer arrives on it.
    let number = u16::try_from(std::process::id() % 65_536).unwrap_or(1);
    let mut packet = Packet::new_query(number);
    packet.set_flags(PacketFlag::RECURSION_DESIRED);
    packet.questions.push(Question::new(Name::new(name)?, QTYPE::TYPE(kind), QCLASS::CLASS(CLASS::IN), false));
    packet.build_bytes_vec()
}
