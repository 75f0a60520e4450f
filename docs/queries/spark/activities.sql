-- Spark SQL: the views history and activities over the archive in data/archive.
CREATE OR REPLACE TEMPORARY VIEW archive
USING parquet
OPTIONS (path 'data/archive/tenant=*', basePath 'data/archive');

-- Each event once.
CREATE OR REPLACE TEMPORARY VIEW history AS
SELECT * FROM (
  SELECT *, row_number() OVER (PARTITION BY event_id ORDER BY version DESC) AS latest FROM archive
) AS events
WHERE latest = 1;

-- Each activity once, as it stands. A folded activity is counted under another one.
CREATE OR REPLACE TEMPORARY VIEW activities AS
SELECT * FROM (
  SELECT *, row_number() OVER (PARTITION BY activity_id ORDER BY version DESC) AS latest FROM archive WHERE current
) AS states
WHERE latest = 1 AND folded_into = '';
