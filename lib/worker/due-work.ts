import { setTimeout as pause } from 'node:timers/promises'
import { runDueCertificates } from '../services/alerts/look-at-certificates.ts'
import { runDueAlerts } from '../services/alerts/run-due-alerts.ts'
import { runDueDeliveries } from '../services/alerts/run-due-deliveries.ts'
import { runDueDrift } from '../services/alerts/run-due-drift.ts'
import { runDueAuditForward } from '../services/audit/forward-audit.ts'
import { runDueAuditWork } from '../services/audit/run-due-audit-work.ts'
import type { ServiceContext } from '../services/context.ts'
import { runDueDrills } from '../services/drills/run-due-drills.ts'
import { sweepUnlocks } from '../services/encryption/unlock.ts'
import { followStream } from '../services/engine/follow-stream.ts'
import { FollowRuns } from '../services/follow/follow-runs.ts'
import { HealthRounds } from '../services/health/run-due-health.ts'
import { runDueKeepRules } from '../services/keep-rules/run-due-keep-rules.ts'
import { runDueLiveDrift } from '../services/live/run-due-live-drift.ts'
import { runDueLogMirrors } from '../services/logs/run-due-log-mirrors.ts'
import { runDueLogs } from '../services/logs/run-due-logs.ts'
import { ClockWatch } from '../services/mend-due-rows.ts'
import { runDueMigrations } from '../services/migrations/run-due-migrations.ts'
import { runDueRereads } from '../services/rereads/run-due-rereads.ts'
import { runDueSchedules } from '../services/schedules/run-due-schedules.ts'
import { runDueStores } from '../services/stores/run-due-stores.ts'

export interface DueWork {
  /** Does one thing that is due; false when nothing is. */
  readonly runDue: (context: ServiceContext) => Promise<boolean>
  /** For the log when it cannot be asked. */
  readonly fault: string
  /** In whose name it is done; absent: the worker's. */
  readonly actorName?: string
  /** Ends what goes on beside the asking. */
  readonly end?: () => Promise<void>
}

/**
 * All that a worker does by the clock, as `owner`. Each is asked on its own, so that one that takes long (a receiver that does not answer, a
 * drill, a tree to compare) makes no backup late.
 */
export function listDueWork(owner: string): Readonly<Record<string, DueWork>> {
  const rounds = new HealthRounds(owner)
  const streams = new FollowRuns(owner, { follow: followStream, wait: waitFor })
  const clockWatch = new ClockWatch()
  return {
    // It is due all the time, and a job a minute would bury those that people have started.
    logs: {
      runDue: (context) => runDueLogs(context, owner),
      fault: 'Which logs are due cannot be asked',
    },
    logMirrors: {
      runDue: (context) => runDueLogMirrors(context, owner),
      fault: 'Which logs are to be mirrored cannot be asked',
    },
    follow: {
      runDue: (context) => streams.runDue(context),
      fault: 'Which clusters are to be followed cannot be asked',
      actorName: 'live stream',
      end: () => streams.end(),
    },
    drills: {
      runDue: (context) => runDueDrills(context, owner),
      fault: 'Which drills are due cannot be asked',
      actorName: 'schedule',
    },
    keepRules: {
      runDue: (context) => runDueKeepRules(context, owner),
      fault: 'Which keep rules are due cannot be asked',
      actorName: 'keep rules',
    },
    schedules: {
      runDue: (context) => runDueSchedules(context, owner),
      fault: 'Which schedules are due cannot be asked',
      actorName: 'schedule',
    },
    rereads: {
      runDue: (context) => runDueRereads(context, owner),
      fault: 'Which archives are to be read again cannot be asked',
      actorName: 'schedule',
    },
    stores: {
      runDue: (context) => runDueStores(context, owner),
      fault: 'Which stores are to be looked at cannot be asked',
    },
    migrations: {
      runDue: (context) => runDueMigrations(context, owner),
      fault: 'Which migrations are due cannot be asked',
    },
    audit: {
      runDue: (context) => runDueAuditWork(context, owner),
      fault: 'What is to be done for the audit cannot be asked',
    },
    auditForward: {
      runDue: (context) => runDueAuditForward(context, owner),
      fault: 'Which entries of the audit are to be sent cannot be asked',
    },
    alerts: {
      runDue: (context) => runDueAlerts(context, owner),
      fault: 'The rules of alerts cannot be looked at',
    },
    deliveries: {
      runDue: (context) => runDueDeliveries(context, owner),
      fault: 'Which notices are to be sent cannot be asked',
    },
    certificates: {
      runDue: (context) => runDueCertificates(context, owner),
      fault: 'Whose certificates are to be looked at cannot be asked',
    },
    drift: {
      runDue: (context) => runDueDrift(context, owner),
      fault: 'Which drifts are to be measured cannot be asked',
    },
    liveDrift: {
      runDue: (context) => runDueLiveDrift(context, owner),
      fault: 'Which drifts are to be kept up cannot be asked',
    },
    health: {
      runDue: (context) => rounds.runDue(context),
      fault: 'Which clusters are to be looked at cannot be asked',
    },
    clock: {
      runDue: (context) => clockWatch.runDue(context),
      fault: 'What a wrong clock has left behind cannot be looked for',
    },
    unlocks: {
      runDue: sweepUnlocks,
      fault: 'Which unlocked keys are over cannot be asked',
    },
  }
}

async function waitFor(ms: number, signal: AbortSignal): Promise<void> {
  await pause(ms, undefined, { signal }).catch(() => undefined)
}
