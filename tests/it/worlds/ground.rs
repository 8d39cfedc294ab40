//! The ground that worlds stand on, one after the other: databases that are emptied for the next, and a role for failback.

use failback::name::{Side, Sided};
use tokio_postgres::Client;

use crate::support::{self, Dice, Pair, block_on};

/// How many databases a world has.
const DATABASES: usize = 2;

/// Who failback is on OLD.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// The superuser.
    Super,
    /// The owner of the tables, who may not set the replica role.
    Owner,
    /// What `docs/grants.md` names, and no more.
    Least,
}

impl Role {
    /// Says who it is.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Super => "superuser",
            Self::Owner => "owner",
            Self::Least => "least rights",
        }
    }

    /// Draws one.
    pub(super) fn draw(dice: &mut Dice) -> Self {
        [Self::Super, Self::Super, Self::Owner, Self::Least][dice.below(4)]
    }
}

/// Databases on both sides, of one worker.
pub(super) struct Ground {
    pairs: Vec<Pair>,
    /// The URLs of databases of the same names on a third server.
    third: Vec<String>,
    /// The name of failback's role where it is no superuser.
    role: String,
}

const OWNS: &str = "do $$ declare one record; begin
      for one in select oid::regclass as name from pg_class
           where relnamespace = 'public'::regnamespace and relkind in ('r', 'p')
      loop execute format('alter table %s owner to %I', one.name, current_setting('failback.role')); end loop; end $$";

const LEAST: &str =
    "grant usage on schema public to {role}; grant select, insert, update, delete on all tables in schema public
      to {role}; grant select, update on all sequences in schema public to {role};
      grant set on parameter session_replication_role to {role}";

const EMPTY: &str = "set client_min_messages = error; drop schema if exists failback cascade;
     drop schema public cascade; create schema public; set timezone = 'UTC'";

impl Ground {
    /// Creates the databases and the role.
    pub(super) fn new() -> Self {
        let pairs: Vec<_> = (0..DATABASES).map(|_| support::pair("worlds")).collect();
        let role = format!("{}_role", pairs[0].database);
        support::sql(&pairs[0].old, &format!("create role {role} login password 'p'"));
        let third = pairs.iter().map(support::third_of).collect();
        Self { pairs, third, role }
    }

    /// Returns the databases' names.
    pub(super) fn databases(&self) -> Vec<String> {
        self.pairs.iter().map(|pair| pair.database.clone()).collect()
    }

    /// Returns the URL of one of a side's databases, by its number.
    pub(super) fn url(&self, side: Side, database: usize) -> String {
        self.pairs[database].url(side).to_owned()
    }

    /// Returns failback's way to the third server, by the first database.
    pub(super) fn third(&self) -> &str {
        &self.third[0]
    }

    /// Empties every database of the third server; returns a connection to each.
    pub(super) fn fresh_third(&self) -> Vec<Client> {
        let connect = |url: &String| {
            block_on(async {
                let client = support::connect(url).await;
                client.batch_execute(EMPTY).await.expect("an empty database");
                client
            })
        };
        self.third.iter().map(connect).collect()
    }

    /// Returns failback's way to both servers, by the first database.
    pub(super) fn pair(&self, role: Role) -> Pair {
        let Pair { database, old, new } = &self.pairs[0];
        let (_, server) = old.split_once('@').expect("a user in the URL");
        let old = if role == Role::Super { old.clone() } else { format!("postgresql://{}:p@{server}", self.role) };
        Pair { database: database.clone(), old, new: new.clone() }
    }

    /// Gives failback's role what it is to have on OLD, once the tables are there.
    pub(super) fn grant(&self, role: Role, clients: &[Client]) {
        for (client, pair) in clients.iter().zip(&self.pairs) {
            let name = &self.role;
            let everybody = format!("grant connect, temporary, create on database \"{}\" to {name}", pair.database);
            let own = match role {
                Role::Super => continue,
                Role::Owner => format!("set failback.role = '{name}'; grant all on schema public to {name}; {OWNS}"),
                Role::Least => LEAST.replace("{role}", name),
            };
            block_on(client.batch_execute(&format!("{everybody}; {own}"))).expect("rights for failback's role");
        }
    }

    /// Empties every database; returns a connection to each.
    pub(super) fn fresh(&self) -> Sided<Vec<Client>> {
        let mine = format!("{EMPTY}; drop owned by {}", self.role);
        let connect = |side: Side, pair: &Pair| {
            block_on(async {
                let client = support::connect(pair.url(side)).await;
                client.batch_execute(if side == Side::Old { &mine } else { EMPTY }).await.expect("an empty database");
                client
            })
        };
        Sided::of(|side| self.pairs.iter().map(|pair| connect(side, pair)).collect())
    }
}
