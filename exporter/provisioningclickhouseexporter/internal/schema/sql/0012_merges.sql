-- A merged part takes the place of parts that were synced when they were inserted. ClickHouse
-- removes those after minutes, or at its next start, and a power cut may be later than that
-- and still before the merged one is on the disk.
ALTER TABLE {{.Table "provisioning_observations"}} MODIFY SETTING min_rows_to_fsync_after_merge = 1;
ALTER TABLE {{.Table "provisioning_activities"}} MODIFY SETTING min_rows_to_fsync_after_merge = 1;
ALTER TABLE {{.Table "provisioning_groups"}} MODIFY SETTING min_rows_to_fsync_after_merge = 1;
ALTER TABLE {{.Table "provisioning_quarantine"}} MODIFY SETTING min_rows_to_fsync_after_merge = 1;
ALTER TABLE {{.Table "provisioning_hourly"}} MODIFY SETTING min_rows_to_fsync_after_merge = 1;
ALTER TABLE {{.Table "provisioning_transitions"}} MODIFY SETTING min_rows_to_fsync_after_merge = 1;
ALTER TABLE {{.Table "provisioning_reports"}} MODIFY SETTING min_rows_to_fsync_after_merge = 1;
ALTER TABLE {{.Table "provisioning_errors"}} MODIFY SETTING min_rows_to_fsync_after_merge = 1;
ALTER TABLE {{.Table "provisioning_schema_migrations"}} MODIFY SETTING fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1;
