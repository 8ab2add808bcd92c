/** What is known of a metric before there is a number of it. */
export interface MetricDefinition {
  readonly kind: 'gauge' | 'counter'
  readonly help: string
  readonly labels: readonly string[]
}

const gauge = (help: string, ...labels: string[]): MetricDefinition => ({ kind: 'gauge', help, labels })
const counter = (help: string, ...labels: string[]): MetricDefinition => ({ kind: 'counter', help, labels })

/**
 * Every metric of our own. Base units, counters end in _total. Labels are bounded by what people have set up: clusters, the servers of
 * their ensembles, schedules, stores and receivers; never paths, people or jobs. The dashboard and the rules in ops/ use no others (a
 * test says so), and METRICS.md is this table.
 */
export const METRICS = {
  arkeeper_build_info: gauge('Always 1; says which version answers.', 'version', 'node_version'),
  arkeeper_clusters: gauge('Clusters that are kept safe.'),

  arkeeper_backup_last_success_timestamp_seconds: gauge('When the last good backup was taken.', 'cluster'),
  arkeeper_backup_last_success_age_seconds: gauge('How old the last good backup is.', 'cluster'),
  arkeeper_backup_last_znodes: gauge('Znodes in the last good backup.', 'cluster'),
  arkeeper_backup_last_data_bytes: gauge('Bytes of values in the last good backup.', 'cluster'),
  arkeeper_backup_last_bytes: gauge('Bytes that the last good backup takes in its store.', 'cluster'),
  arkeeper_backup_last_duration_seconds: gauge('How long the last good backup took.', 'cluster'),
  arkeeper_backups: gauge('Backups that are there.', 'cluster'),
  arkeeper_backups_archive_bytes: gauge('Bytes that they take, all together.', 'cluster'),
  arkeeper_backups_damaged: gauge('Backups that did not pass their last verification.', 'cluster'),
  arkeeper_verify_failures_total: counter('Verifications that found an archive damaged.'),
  arkeeper_backup_last_verify_timestamp_seconds: gauge('When a backup was verified last.', 'cluster'),
  arkeeper_drill_last_success_timestamp_seconds: gauge('When a drill proved a backup restorable last.', 'cluster'),
  arkeeper_drill_failed: gauge('1 when the last drill failed, else 0.', 'cluster'),
  arkeeper_drill_next_timestamp_seconds: gauge('When the next drill is due.', 'cluster'),
  arkeeper_drift_znodes: gauge('Znodes that differ from the baseline, by change.', 'cluster', 'change'),
  arkeeper_drift_measured_timestamp_seconds: gauge('When that was measured.', 'cluster'),
  arkeeper_log_archive_last_success_timestamp_seconds: gauge('When the transaction log was archived last.', 'cluster'),
  arkeeper_log_archive_failing: gauge('1 when the last archiving of the log failed, else 0.', 'cluster'),
  arkeeper_log_copy_last_success_timestamp_seconds: gauge(
    'When last all that is archived of the log was in the store.',
    'cluster',
    'store',
  ),
  arkeeper_log_copy_last_transaction_timestamp_seconds: gauge(
    'When the last transaction that is in the store was made.',
    'cluster',
    'store',
  ),
  arkeeper_log_copy_behind_seconds: gauge(
    'From the last transaction in the store to the last that is kept: what is lost with the host that keeps it.',
    'cluster',
    'store',
  ),
  arkeeper_log_copy_bases: gauge(
    'Bases of the live stream in the store that are not known to be damaged.',
    'cluster',
    'store',
  ),
  arkeeper_log_pieces_damaged: gauge('Pieces of the log that were read again and are damaged.', 'cluster'),
  arkeeper_log_bases_damaged: gauge('Bases of the live stream that were read again and are damaged.', 'cluster'),

  arkeeper_follow_up: gauge('1 while the live stream of a followed cluster is heard, else 0.', 'cluster'),
  arkeeper_follow_heard_timestamp_seconds: gauge('When it was heard last.', 'cluster'),
  arkeeper_follow_lag_seconds: gauge('How far behind the ensemble what is kept is.', 'cluster'),
  arkeeper_follow_last_zxid: gauge('Of the last transaction that is kept; beyond 2^53 not exact.', 'cluster'),
  arkeeper_follow_last_transaction_timestamp_seconds: gauge('When it was made, by the leader.', 'cluster'),
  arkeeper_follow_transactions_rate: gauge('Transactions a second, over the last minute.', 'cluster'),
  arkeeper_follow_transactions_total: counter('Transactions that were kept since it was switched on.', 'cluster'),
  arkeeper_follow_gaps: gauge('Gaps that nothing has closed.', 'cluster'),
  arkeeper_follow_base_timestamp_seconds: gauge('When a base snapshot was kept last.', 'cluster'),
  arkeeper_follow_digests_compared_total: counter('Digests that were held against the transactions.', 'cluster'),
  arkeeper_follow_digest_parted: gauge('1 while the digests of the server are not its own transactions.', 'cluster'),

  arkeeper_schedule_next_run_timestamp_seconds: gauge('When the schedule is due next.', 'cluster', 'schedule'),
  arkeeper_schedule_last_success_timestamp_seconds: gauge(
    'When a backup by the schedule came through last.',
    'cluster',
    'schedule',
  ),
  arkeeper_schedule_runs_total: counter('What became of the times of a schedule.', 'cluster', 'schedule', 'state'),
  arkeeper_backup_copies: gauge('Copies in other stores, by their state.', 'cluster', 'store', 'state'),
  arkeeper_backups_removal_pending: gauge('Removed backups that are not known to be gone everywhere.', 'cluster'),
  arkeeper_keep_rules_stopped: gauge('1 when keep rules stopped or failed at their last run, else 0.', 'cluster'),
  arkeeper_store_used_bytes: gauge('As counted at the last rescan.', 'store'),
  arkeeper_store_archives: gauge('As counted at the last rescan.', 'store'),

  arkeeper_jobs: gauge('Jobs by their state, of all kinds.', 'state'),
  arkeeper_jobs_open: gauge('Jobs that wait or run.', 'kind', 'state'),
  arkeeper_jobs_ended_total: counter('Jobs that have ended, by outcome.', 'kind', 'outcome'),
  arkeeper_job_last_duration_seconds: gauge('How long the last job of the kind ran.', 'kind'),
  arkeeper_job_queue_oldest_age_seconds: gauge('How long the oldest job that is due has been waiting; 0 when none is.'),

  arkeeper_alerts: gauge('Alerts that fire.', 'severity'),
  arkeeper_alert_firing: gauge('1 for each alert that fires.', 'rule', 'severity', 'cluster'),
  arkeeper_alert_look_timestamp_seconds: gauge('When a worker looked at the rules last.'),
  arkeeper_alert_look_duration_seconds: gauge('How long that took.'),
  arkeeper_alert_rules_unknown: gauge('Rules that could not be looked at.'),
  arkeeper_notices: gauge('Notices that wait for their receiver, or were given up.', 'state'),

  arkeeper_workers: gauge('Workers that gave a sign of life within 90 seconds.'),

  arkeeper_audit_entries_total: counter('Entries that were ever written.'),
  arkeeper_audit_chain_problems: gauge('Problems that the last reading of the chain found.'),
  arkeeper_audit_verified_timestamp_seconds: gauge('When the chain was read last.'),
  arkeeper_audit_forward_lag_entries: gauge('Entries that a receiver has not taken yet.', 'receiver'),
  arkeeper_audit_forward_failures: gauge('Tries in a row that a receiver took nothing.', 'receiver'),

  arkeeper_cluster_up: gauge('1 when a server of it serves, in the latest look, else 0.', 'cluster'),
  arkeeper_cluster_look_timestamp_seconds: gauge('When its servers were looked at last.', 'cluster'),
  arkeeper_cluster_leader: gauge('1 for the server that leads.', 'cluster', 'server'),
  arkeeper_cluster_quorum_size: gauge('Voting members, as the leader tells.', 'cluster'),
  arkeeper_cluster_synced_followers: gauge('Followers in sync, as the leader tells.', 'cluster'),
  arkeeper_server_up: gauge('1 when the server serves, else 0.', 'cluster', 'server'),
  arkeeper_server_info: gauge('Always 1; role and version of a server.', 'cluster', 'server', 'role', 'version'),
  arkeeper_server_latency_average_seconds: gauge('Of requests, since the server started.', 'cluster', 'server'),
  arkeeper_server_latency_max_seconds: gauge('Of requests, since the server started.', 'cluster', 'server'),
  arkeeper_server_outstanding_requests: gauge('Requests that wait in the server.', 'cluster', 'server'),
  arkeeper_server_connections: gauge('Connections of clients.', 'cluster', 'server'),
  arkeeper_server_znodes: gauge('Znodes that the server holds.', 'cluster', 'server'),
  arkeeper_server_ephemerals: gauge('Ephemeral ones among them.', 'cluster', 'server'),
  arkeeper_server_watches: gauge('Watches of clients.', 'cluster', 'server'),
  arkeeper_server_data_bytes: gauge('Approximate size of the tree.', 'cluster', 'server'),
  arkeeper_server_packets_received_total: counter('Since the server started.', 'cluster', 'server'),
  arkeeper_server_packets_sent_total: counter('Since the server started.', 'cluster', 'server'),
  arkeeper_server_open_files: gauge('Open files of the server.', 'cluster', 'server'),
  arkeeper_server_open_files_max: gauge('As many as it may open.', 'cluster', 'server'),
  arkeeper_server_uptime_seconds: gauge('Since the server started.', 'cluster', 'server'),
  arkeeper_server_digest_mismatches_total: counter('Since the server started.', 'cluster', 'server'),
} as const satisfies Record<string, MetricDefinition>

export type MetricName = keyof typeof METRICS
