export const SEVERITIES = ['info', 'warning', 'critical'] as const
export type Severity = (typeof SEVERITIES)[number]
export const SEVERITY_RANK: Readonly<Record<Severity, number>> = { info: 0, warning: 1, critical: 2 }

/** A number of a rule that people may set. */
export interface RuleNumber {
  readonly label: string
  readonly hint?: string
  readonly min: number
  readonly max: number
  /** Null: not set, and what the hint says holds. */
  readonly default: number | null
}

export interface AlertRule {
  readonly title: string
  /** One sentence: when it fires. */
  readonly when: string
  /** Of a cluster, with settings of its own there; or of the whole installation. */
  readonly of: 'cluster' | 'installation'
  readonly severity: Severity
  readonly enabled: boolean
  readonly numbers: Readonly<Record<string, RuleNumber>>
  /** Minutes that it must be there before it fires. */
  readonly holdMinutes: number
  /** Minutes that it must be gone before it is over. */
  readonly clearMinutes: number
}

const HOURS_MAX = 24 * 366

/** Every rule there is. Those that are on need nothing to be set to be right: what nobody has asked for is not late. */
export const ALERT_RULES = {
  'backup-failed': {
    title: 'Backup failed',
    when: 'The last backup of a cluster ended as failed.',
    of: 'cluster',
    severity: 'warning',
    enabled: true,
    numbers: {},
    holdMinutes: 0,
    clearMinutes: 0,
  },
  'backup-late': {
    title: 'Backup late',
    when: 'The last good backup is older than it may be, or a scheduled one did not come.',
    of: 'cluster',
    severity: 'critical',
    enabled: true,
    numbers: {
      hours: {
        label: 'Oldest that the last good backup may be (hours)',
        hint: 'Empty: only what the schedules promise counts.',
        min: 1,
        max: HOURS_MAX,
        default: null,
      },
      graceMinutes: {
        label: 'A scheduled backup may be late by (minutes)',
        min: 1,
        max: 7 * 24 * 60,
        default: 60,
      },
    },
    holdMinutes: 0,
    clearMinutes: 0,
  },
  'backup-smaller': {
    title: 'Backup suddenly smaller',
    when: 'The newest backup holds far fewer znodes or bytes than those before it, of the same subtrees.',
    of: 'cluster',
    severity: 'warning',
    enabled: true,
    numbers: {
      percent: { label: 'Less than (% of the median)', min: 1, max: 99, default: 50 },
      earlier: { label: 'Earlier backups that the median is of', min: 3, max: 30, default: 7 },
    },
    holdMinutes: 0,
    clearMinutes: 0,
  },
  'verify-failed': {
    title: 'Backup damaged or missing',
    when: 'A backup or a copy of it is not what was written, or is not where it was put.',
    of: 'cluster',
    severity: 'critical',
    enabled: true,
    numbers: {},
    holdMinutes: 0,
    clearMinutes: 0,
  },
  'drill-failed': {
    title: 'Drill failed',
    when: 'A server that was started from a backup did not give back what the backup holds.',
    of: 'cluster',
    severity: 'critical',
    enabled: true,
    numbers: {},
    holdMinutes: 0,
    clearMinutes: 0,
  },
  'drill-overdue': {
    title: 'Drill overdue',
    when: 'Drills by the clock are on, and for more than two of their turns no backup was proved restorable.',
    of: 'cluster',
    severity: 'warning',
    enabled: true,
    numbers: {
      days: {
        label: 'Oldest that the last proof may be (days)',
        hint: 'Empty: only drills by the clock are waited for.',
        min: 1,
        max: 3660,
        default: null,
      },
    },
    holdMinutes: 0,
    clearMinutes: 0,
  },
  'reread-overdue': {
    title: 'Archives not read again',
    when: 'Archives were read again last, or stored, twice as long ago as each is to be read again.',
    of: 'cluster',
    severity: 'warning',
    enabled: true,
    numbers: {
      days: {
        label: 'Oldest that the last reading may be (days)',
        hint: 'Empty: twice the days of the plan, while reading again is on.',
        min: 1,
        max: 3660,
        default: null,
      },
    },
    holdMinutes: 0,
    clearMinutes: 0,
  },
  'copy-failing': {
    title: 'Copy to another store failed or late',
    when: 'A backup could not be copied to a store that its cluster names, waits for long, or is not there any more.',
    of: 'cluster',
    severity: 'warning',
    enabled: true,
    numbers: { hours: { label: 'A copy may take (hours)', min: 1, max: HOURS_MAX, default: 6 } },
    holdMinutes: 0,
    clearMinutes: 0,
  },
  'removal-stopped': {
    title: 'Removal stopped',
    when: 'Keep rules stopped by themselves or failed, or what was removed is not known to be gone from every store.',
    of: 'cluster',
    severity: 'warning',
    enabled: true,
    numbers: {},
    holdMinutes: 0,
    clearMinutes: 0,
  },
  'hold-expiring': {
    title: 'Hold about to expire',
    when: 'A hold on a backup ends soon, after which keep rules may remove it.',
    of: 'cluster',
    severity: 'info',
    enabled: true,
    numbers: { days: { label: 'Days before', min: 1, max: 365, default: 7 } },
    holdMinutes: 0,
    clearMinutes: 0,
  },
  drift: {
    title: 'Drift from the baseline',
    when: 'More znodes differ from the backup that was chosen as baseline than may. Ignore rules hold.',
    of: 'cluster',
    severity: 'warning',
    enabled: true,
    numbers: {},
    holdMinutes: 0,
    clearMinutes: 0,
  },
  'path-written': {
    title: 'Watched path written',
    when: 'Something at or below a path that is watched on the page Live was written. The cluster must be followed.',
    of: 'cluster',
    severity: 'warning',
    enabled: true,
    numbers: { minutes: { label: 'Over after so long without a write (minutes)', min: 1, max: 1440, default: 10 } },
    holdMinutes: 0,
    clearMinutes: 0,
  },
  'cluster-down': {
    title: 'Cluster down',
    when: 'A cluster cannot be connected to.',
    of: 'cluster',
    severity: 'critical',
    enabled: true,
    numbers: { minutes: { label: 'For longer than (minutes)', min: 1, max: 1440, default: 5 } },
    holdMinutes: 5,
    clearMinutes: 2,
  },
  'server-down': {
    title: 'Server down',
    when: 'A server of an ensemble does not serve, while others do.',
    of: 'cluster',
    severity: 'warning',
    enabled: true,
    numbers: { minutes: { label: 'For longer than (minutes)', min: 1, max: 1440, default: 5 } },
    holdMinutes: 5,
    clearMinutes: 2,
  },
  'digest-mismatch': {
    title: 'Digest mismatch',
    when: 'A server found that its tree is not what a snapshot or a transaction said it should be, since it started.',
    of: 'cluster',
    severity: 'critical',
    enabled: true,
    numbers: {},
    holdMinutes: 0,
    clearMinutes: 0,
  },
  'certificate-expiring': {
    title: 'Certificate about to expire',
    when: 'A TLS certificate of a server, or of the settings of a cluster (client port, quorum port, AdminServer), ends soon or has ended.',
    of: 'cluster',
    severity: 'warning',
    enabled: true,
    numbers: { days: { label: 'Days before', min: 1, max: 365, default: 30 } },
    holdMinutes: 0,
    clearMinutes: 0,
  },
  'logs-failing': {
    title: 'Transaction log not archived',
    when: 'The continuous transaction log is on, and nothing could be archived for long.',
    of: 'cluster',
    severity: 'warning',
    enabled: true,
    numbers: { minutes: { label: 'For longer than (minutes)', min: 5, max: 10_080, default: 30 } },
    holdMinutes: 0,
    clearMinutes: 0,
  },
  'logs-copy-late': {
    title: 'Transaction log not in a store',
    when: 'What is archived of the log is not wholly in a store that its cluster names, for long.',
    of: 'cluster',
    severity: 'warning',
    enabled: true,
    numbers: { minutes: { label: 'For longer than (minutes)', min: 5, max: 10_080, default: 60 } },
    // A worker that was off for long catches up within a minute of its start.
    holdMinutes: 3,
    clearMinutes: 0,
  },
  'logs-damaged': {
    title: 'Part of the transaction log damaged',
    when: 'A piece of the archived log, or a base of the live stream, was read again and is not what was written.',
    of: 'cluster',
    severity: 'critical',
    enabled: true,
    numbers: {},
    holdMinutes: 0,
    clearMinutes: 0,
  },
  'digest-parted': {
    title: 'A corrupted server found',
    when: 'The digests that a followed ensemble sends are not what its own transactions come to.',
    of: 'cluster',
    severity: 'critical',
    enabled: true,
    numbers: {},
    holdMinutes: 0,
    clearMinutes: 0,
  },
  'follow-down': {
    title: 'Live stream not heard',
    when: 'A cluster is to be followed, and its stream was not heard for long.',
    of: 'cluster',
    severity: 'critical',
    enabled: true,
    numbers: { minutes: { label: 'For longer than (minutes)', min: 1, max: 1440, default: 5 } },
    holdMinutes: 0,
    clearMinutes: 0,
  },
  'follow-behind': {
    title: 'Live stream behind',
    when: 'The stream of a followed cluster is heard, and what is kept of it lags for long by more than was set.',
    of: 'cluster',
    severity: 'warning',
    enabled: true,
    numbers: { minutes: { label: 'For longer than (minutes)', min: 1, max: 1440, default: 5 } },
    holdMinutes: 0,
    clearMinutes: 0,
  },
  'follow-copy-behind': {
    title: 'Store behind the live stream',
    when: 'A store lacks transactions of a followed cluster that were made over more than so many minutes: they would be lost with the host that hears the stream.',
    of: 'cluster',
    severity: 'warning',
    enabled: true,
    numbers: { minutes: { label: 'Behind by more than (minutes)', min: 2, max: 1440, default: 10 } },
    holdMinutes: 2,
    clearMinutes: 0,
  },
  'follow-gap': {
    title: 'Gap in the live stream',
    when: 'Transactions were missed while the stream was away, and nothing else holds them. Told for a week.',
    of: 'cluster',
    severity: 'warning',
    enabled: true,
    numbers: {},
    holdMinutes: 0,
    clearMinutes: 0,
  },
  'token-expiring': {
    title: 'API token about to expire',
    when: 'A token that is in use ends soon.',
    of: 'installation',
    severity: 'warning',
    enabled: true,
    numbers: { days: { label: 'Days before', min: 1, max: 90, default: 14 } },
    holdMinutes: 0,
    clearMinutes: 0,
  },
  'audit-broken': {
    title: 'Audit chain broken',
    when: 'A worker has read the audit and found entries that are not what was written.',
    of: 'installation',
    severity: 'critical',
    enabled: true,
    numbers: {},
    holdMinutes: 0,
    clearMinutes: 0,
  },
  'forward-failing': {
    title: 'Audit not forwarded',
    when: 'A receiver of the audit takes no entries.',
    of: 'installation',
    severity: 'warning',
    enabled: true,
    numbers: { minutes: { label: 'For longer than (minutes)', min: 1, max: 10_080, default: 30 } },
    holdMinutes: 30,
    clearMinutes: 0,
  },
  'worker-missing': {
    title: 'Worker missing',
    when: 'A worker fell silent without stopping, and none has taken its place; or there are fewer than there should be.',
    of: 'installation',
    severity: 'critical',
    enabled: true,
    numbers: {
      least: {
        label: 'Workers that there should be',
        hint: 'Empty: only those that fell silent are missed.',
        min: 1,
        max: 1000,
        default: null,
      },
    },
    holdMinutes: 1,
    clearMinutes: 1,
  },
  'channel-failing': {
    title: 'Notices not delivered',
    when: 'A channel of notifications takes no notices. Told by the other channels.',
    of: 'installation',
    severity: 'warning',
    enabled: true,
    numbers: { minutes: { label: 'For longer than (minutes)', min: 1, max: 10_080, default: 30 } },
    holdMinutes: 0,
    clearMinutes: 0,
  },
} as const satisfies Record<string, AlertRule>

export type RuleId = keyof typeof ALERT_RULES
/** In the order in which pages show them. */
export const RULE_IDS = Object.keys(ALERT_RULES).filter(isRuleId)

export function isRuleId(text: string): text is RuleId {
  return Object.hasOwn(ALERT_RULES, text)
}

export function ruleOf(id: RuleId): AlertRule {
  return ALERT_RULES[id]
}

export function isSeverity(text: string): text is Severity {
  return Object.hasOwn(SEVERITY_RANK, text)
}

/** What holds of a rule at one place, or of all of them. */
export interface RuleSettings {
  readonly enabled: boolean
  readonly severity: Severity
  readonly numbers: Readonly<Record<string, number | null>>
}

export function defaultSettings(id: RuleId): RuleSettings {
  const { enabled, severity, numbers } = ruleOf(id)
  return {
    enabled,
    severity,
    numbers: Object.fromEntries(Object.entries(numbers).map(([name, each]) => [name, each.default])),
  }
}

/**
 * The hold of a rule, which is its number of minutes where it has one: then that is how long the fault must last.
 */
export function holdMinutesOf(id: RuleId, settings: RuleSettings): number {
  const { holdMinutes } = ruleOf(id)
  return holdMinutes === 0 ? 0 : (settings.numbers.minutes ?? holdMinutes)
}

/** Takes what a rule knows and is within bounds; for the rest what it comes with. */
export function readSettings(
  id: RuleId,
  stored: { readonly enabled: boolean; readonly severity: string; readonly numbers: unknown },
): RuleSettings {
  const { severity, numbers } = defaultSettings(id)
  const given = typeof stored.numbers === 'object' && stored.numbers !== null ? stored.numbers : {}
  const values = new Map<string, unknown>(Object.entries(given))
  return {
    enabled: stored.enabled,
    severity: isSeverity(stored.severity) ? stored.severity : severity,
    numbers: Object.fromEntries(
      Object.entries(numbers).map(([name, fallback]) => {
        const value = values.get(name)
        const bounds = ruleOf(id).numbers[name]
        if (value === null && bounds?.default === null) return [name, null]
        const isFit = typeof value === 'number' && bounds && value >= bounds.min && value <= bounds.max
        return [name, isFit ? value : fallback]
      }),
    ),
  }
}
