-- ClickHouse: the views history and activities over the archive in data/archive, in the folder
-- that the server may read files of.
CREATE OR REPLACE VIEW archive AS
SELECT * FROM file('data/archive/tenant=*/date=*/hour=*/*.parquet', Parquet);

-- Each event once.
CREATE OR REPLACE VIEW history AS
SELECT * FROM (
  SELECT *, row_number() OVER (PARTITION BY event_id ORDER BY version DESC) AS latest FROM archive
) AS events
WHERE latest = 1;

-- Each activity once, as it stands. A folded activity is counted under another one.
CREATE OR REPLACE VIEW activities AS
SELECT * FROM (
  SELECT *, row_number() OVER (PARTITION BY activity_id ORDER BY version DESC) AS latest FROM archive WHERE current
) AS states
WHERE latest = 1 AND folded_into = '';
