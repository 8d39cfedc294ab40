//! Rows by COPY, both ways.

use bytes::Bytes;
use failback::error::ErrorKind;
use failback::pg::sqlstate;

use super::server::Server;

#[tokio::test]
async fn copied_rows_come_back_byte_for_byte() {
    let server = Server::shared().await;
    let session = server.session("").await;
    let sql =
        "create table public.a (id int8 primary key, t text, b bytea); create table public.b (like public.a including all);
               insert into public.a select i, nullif(repeat('ä', i % 7), ''), decode(md5(i::text), 'hex')
               from generate_series(1, 20000) as i";
    session.execute_all(sql).await.unwrap();
    let copy = async |table: &str| {
        let sql = format!("copy (select * from public.{table} order by id) to stdout (format binary)");
        let mut out = session.copy_out(&sql).await.unwrap();
        let mut chunks = Vec::new();
        while let Some(bytes) = out.next().await.unwrap() {
            chunks.push(Bytes::copy_from_slice(bytes));
        }
        chunks
    };
    let first = copy("a").await;
    // One COPY at a time; and one that is given up leaves nothing behind for the next.
    let mut given_up =
        session.copy_out("copy (select repeat('x', 1000) from generate_series(1, 100000)) to stdout").await.unwrap();
    assert!(given_up.next().await.unwrap().is_some());
    assert_eq!(session.copy_out("copy public.a to stdout").await.err().unwrap().kind(), ErrorKind::Refused);
    drop(given_up);
    assert_eq!(copy("a").await.concat(), first.concat());
    let mut into = session.copy_in("copy public.b from stdin (format binary)").await.unwrap();
    for chunk in &first {
        into.send(chunk.clone()).await.unwrap();
    }
    assert_eq!(into.finish().await.unwrap(), 20_000);
    assert_eq!(copy("b").await.concat(), first.concat());

    // The server's complaint names the constraint, not the row.
    let mut into = session.copy_in("copy public.b from stdin (format binary)").await.unwrap();
    into.send(Bytes::from(first.concat())).await.unwrap();
    let error = into.finish().await.unwrap_err();
    assert_eq!((error.kind(), sqlstate(&error)), (ErrorKind::Server, Some("23505")));
    assert!(error.causes()[0].ends_with("constraint b_pkey, table public.b"), "{error:?}");
    assert!(!format!("{error:?}").contains("(id)="), "{error:?}");

    // A copy that is not finished never happened.
    session.execute_all("truncate public.b").await.unwrap();
    let mut into = session.copy_in("copy public.b from stdin (format binary)").await.unwrap();
    into.send(Bytes::from(first.concat())).await.unwrap();
    drop(into);
    let rows = session.query("select count(*) from public.b", &[]).await.unwrap();
    assert_eq!(rows[0].get::<_, i64>(0), 0);

    let error = session.execute_all("select 's3cret'::int4").await.unwrap_err();
    assert!(!format!("{error:?}").contains("s3cret"), "{error:?}");
}
