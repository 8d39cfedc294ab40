-- Which of some roles and extensions a server has, and whether this user may give what he makes to those roles.
-- Parameters: $1 text[] roles, $2 text[] extensions.
-- Columns: name text, is_role bool, is_there bool, may_act bool (NULL of an extension, and of a role that is not there).
-- Server: 13.
select n.name as name,
       true as is_role,
       r.oid is not null as is_there,
       pg_catalog.pg_has_role(r.oid, 'MEMBER') as may_act
  from pg_catalog.unnest($1::pg_catalog.text[]) as n (name)
  left join pg_catalog.pg_roles as r on r.rolname = n.name::pg_catalog.name
 union all
select n.name,
       false,
       exists (select from pg_catalog.pg_available_extensions as e where e.name = n.name::pg_catalog.name),
       null
  from pg_catalog.unnest($2::pg_catalog.text[]) as n (name)
 order by 2, 1
