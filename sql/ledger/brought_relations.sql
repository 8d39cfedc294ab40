-- The tables of which some rows were brought here by a merge.
-- Parameters: none.
-- Columns: relation text.
-- Server: 13.
select distinct b.relation
  from "failback".brought as b
 order by b.relation
