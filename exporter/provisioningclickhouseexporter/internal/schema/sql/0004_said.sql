-- With it an observation is restored from its record: provisioning.Said.
ALTER TABLE {{.Table "provisioning_observations"}}
ADD COLUMN IF NOT EXISTS reported_overrides String CODEC(ZSTD(1)) AFTER folded_into;

-- Again, because a view keeps the columns of the day it was made.
CREATE OR REPLACE VIEW {{.View "observations"}} AS
SELECT * FROM {{.Table "provisioning_observations"}} FINAL;
