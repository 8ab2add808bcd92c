import 'server-only'
import { cache } from 'react'
import { getPerson, requireActor } from '@/app/_server/actor.ts'
import { load } from '@/app/_server/load.ts'
import { listFiringAlerts } from '@/lib/services/alerts/list-alerts.ts'
import { listWaitingApprovals } from '@/lib/services/approvals/list-waiting-approvals.ts'
import { listClusters } from '@/lib/services/clusters/list-clusters.ts'
import { listJobs } from '@/lib/services/jobs/list-jobs.ts'
import { listRestores } from '@/lib/services/restores/list-restores.ts'

const RECENT_JOBS = 60
const RECENT_RESTORES = 30

export const loadClusters = cache(() => load((context) => listClusters(context)))

/** What every page of the console shows round itself. A database that fails shows on the page, not here. */
export async function loadFrame() {
  const actor = await requireActor()
  const person = await getPerson()
  const clusters = await loadClusters()
  return {
    clusterRoles: actor.clusterRoles,
    person: {
      name: actor.name,
      email: person?.email ?? '',
      role: actor.role,
      signOutUrl: person?.signOutUrl ?? null,
    },
    clusters: clusters.ok ? clusters.value.map(({ id, name, environment }) => ({ id, name, environment })) : [],
  }
}

export async function loadOverview() {
  const clusters = await loadClusters()
  if (!clusters.ok) return clusters
  return load(async (context) => ({
    clusters: clusters.value,
    jobs: await listJobs(context, { limit: RECENT_JOBS }),
    approvals: await listWaitingApprovals(context),
    alerts: await listFiringAlerts(context),
    restores: await listRestores(context, { limit: RECENT_RESTORES }),
  }))
}
