import 'server-only'
import { load } from '@/app/_server/load.ts'
import { listClusters } from '@/lib/services/clusters/list-clusters.ts'
import { listValueRules } from '@/lib/services/values/list-value-rules.ts'

export const loadValueRules = () => load((context) => listValueRules(context))

export const loadClusterNames = () =>
  load(async (context) => (await listClusters(context)).map(({ id, name }) => ({ id, name })))
