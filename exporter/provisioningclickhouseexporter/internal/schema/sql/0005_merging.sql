-- FINAL costs nothing where a table, or a day of it, is one part: it then reads only
-- the columns that are asked for. So what has not changed for ten minutes is merged into
-- one part, and a day of observations once nothing came for it for as long.
ALTER TABLE {{.Table "provisioning_groups"}} MODIFY SETTING min_age_to_force_merge_seconds = 600;
ALTER TABLE {{.Table "provisioning_observations"}} MODIFY SETTING min_age_to_force_merge_seconds = 600, min_age_to_force_merge_on_partition_only = 1;
ALTER TABLE {{.Table "provisioning_hourly"}} MODIFY SETTING min_age_to_force_merge_seconds = 600, min_age_to_force_merge_on_partition_only = 1;
