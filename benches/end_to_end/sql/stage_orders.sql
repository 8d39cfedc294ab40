-- The change set in an unlogged table on OLD, so that the merge statement can be measured alone. Run in the folder of
-- orders.bin.
create unlogged table stage (like orders);
\copy stage from 'orders.bin' (format binary)
analyze stage;
