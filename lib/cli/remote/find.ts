import { badUsage, CommandError } from '../errors.ts'
import type { AnswerOf, ApiClient } from './client.ts'

type Cluster = AnswerOf<'listClusters'>['items'][number]

/** By name, or by id. */
export async function findCluster(client: ApiClient, wanted: string): Promise<Cluster> {
  const { items } = await client.call('listClusters')
  const found = items.find(({ name }) => name === wanted) ?? items.find(({ id }) => id === wanted)
  if (found) return found
  throw new CommandError('BAD_INPUT', `There is no cluster ${wanted}`, { remedy: 'see arkeeper --server URL clusters' })
}

/** `live:…`, `backup:…` and `moment:…` as they are; the name of a cluster stands for it live; anything else is the id of a backup. */
export async function findTree(client: ApiClient, wanted: string): Promise<string> {
  if (/^(live|backup|moment):/.test(wanted)) return wanted
  const { items } = await client.call('listClusters')
  const cluster = items.find(({ name, id }) => name === wanted || id === wanted)
  if (cluster) return `live:${cluster.id}`
  if (!/^[\w-]{1,64}$/.test(wanted)) throw badUsage(`"${wanted}" is neither a cluster nor a backup`)
  return `backup:${wanted}`
}
