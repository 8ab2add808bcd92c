import 'server-only'
import { getPerson } from '@/app/_server/actor.ts'
import { load } from '@/app/_server/load.ts'
import { listClusters } from '@/lib/services/clusters/list-clusters.ts'
import { hasPassword, listSessions } from '@/lib/services/people/own-account.ts'
import { listTokens } from '@/lib/services/tokens/list-tokens.ts'

export const loadSessions = () => load(async (context) => listSessions(context, (await getPerson())?.sessionId ?? ''))

export const loadHasPassword = () => load(hasPassword)

export const loadTokens = () =>
  load(async (context) => ({
    tokens: await listTokens(context),
    clusters: (await listClusters(context)).map(({ id, name }) => ({ id, name })),
  }))
