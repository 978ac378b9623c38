-- By these a process finds out whether a commit took place whose answer was lost: the row is written within the transaction
-- itself. Each process has as many as it has transactions at the same time, and writes over them.
CREATE TABLE receipts (
    process   UUID        NOT NULL,                                 -- drawn anew by each start
    place     BIGINT      NOT NULL,
    number    BIGINT      NOT NULL,                                 -- of the transaction, among those of its place
    void      BOOLEAN     NOT NULL,                                 -- it was not committed, and cannot be any more
    signed_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (process, place)
) WITH (fillfactor = 50);
