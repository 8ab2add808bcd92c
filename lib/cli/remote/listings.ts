import { stringifyJson } from '../../base/json.ts'
import { argument, choice, flag, text } from '../command.ts'
import { findCluster } from './find.ts'
import type { RemoteCommand, RemoteInput } from './remote-command.ts'

export const clusters: RemoteCommand = {
  usage: 'clusters [--json]',
  summary: 'the clusters of the server',
  options: {},
  positionals: { min: 0, max: 0 },
  run: async (input) => {
    const { items } = await input.client.call('listClusters')
    if (flag(input, 'json')) await input.terminal.line(stringifyJson(items))
    else
      for (const { name, environment, isArmed } of items)
        await row(input, [name, environment, isArmed ? 'armed' : 'read-only'])
    return 0
  },
}

export const status: RemoteCommand = {
  usage: 'status CLUSTER [--json]',
  summary: 'how a cluster is, asked of its servers now',
  options: {},
  positionals: { min: 1, max: 1 },
  run: async (input) => {
    const { id: clusterId } = await findCluster(input.client, argument(input, 0))
    const found = await input.client.call('getClusterStatus', { params: { clusterId } })
    if (flag(input, 'json')) await input.terminal.line(stringifyJson(found))
    else if (found.state === 'down') await input.terminal.line(`down: ${found.message}`)
    else await row(input, ['up', found.version ?? 'version not told', found.zxid])
    return found.state === 'up' && found.alarms.length === 0 ? 0 : 1
  },
}

export const backups: RemoteCommand = {
  usage: 'backups [--cluster NAME] [--safety] [--limit N] [--json]',
  summary: 'the backups of the server, the latest first',
  options: { cluster: 'string', safety: 'boolean', limit: 'string' },
  positionals: { min: 0, max: 0 },
  run: async (input) => {
    const query = { ...(await listQuery(input)), includeSafety: flag(input, 'safety') }
    const { items } = await input.client.call('listBackups', { query })
    if (flag(input, 'json')) await input.terminal.line(stringifyJson(items))
    else {
      for (const { id, clusterName, takenAt, status, consistency, znodes, verifyOk, note } of items) {
        const verified = verifyOk === null ? 'not verified' : verifyOk ? 'verified' : 'damaged'
        const when = new Date(takenAt).toISOString()
        await row(input, [id, clusterName, when, status, consistency, `${znodes} znodes`, verified, note])
      }
    }
    return 0
  },
}

export const jobs: RemoteCommand = {
  usage: 'jobs [--state STATE] [--limit N] [--json]',
  summary: 'the background work of the server, the latest first',
  options: { state: 'string', limit: 'string' },
  positionals: { min: 0, max: 0 },
  run: async (input) => {
    const known = ['any', 'queued', 'running', 'succeeded', 'failed', 'cancelled'] as const
    const state = choice(input, 'state', known, 'any')
    const query = { limit: text(input, 'limit'), state: state === 'any' ? undefined : state }
    const { items } = await input.client.call('listJobs', { query })
    if (flag(input, 'json')) await input.terminal.line(stringifyJson(items))
    else for (const { id, state, title, actorName } of items) await row(input, [id, state, title, `by ${actorName}`])
    return 0
  },
}

export const cancel: RemoteCommand = {
  usage: 'cancel JOB [--json]',
  summary: 'ends a job of the server',
  options: {},
  positionals: { min: 1, max: 1 },
  run: async (input) => {
    const job = await input.client.call('cancelJob', { params: { jobId: argument(input, 0) }, body: {} })
    if (flag(input, 'json')) await input.terminal.line(stringifyJson(job))
    else await row(input, [job.id, job.state === 'running' ? 'is about to end' : job.state])
    return 0
  },
}

export const audit: RemoteCommand = {
  usage: 'audit [--cluster NAME] [--action A] [--actor NAME] [--from TIME] [--to TIME] [--format jsonl|csv]',
  summary: 'the record of who did what, as JSON Lines or CSV',
  options: { cluster: 'string', action: 'string', actor: 'string', from: 'string', to: 'string', format: 'string' },
  positionals: { min: 0, max: 0 },
  run: async (input) => {
    const name = text(input, 'cluster')
    const query = {
      clusterId: name === undefined ? undefined : (await findCluster(input.client, name)).id,
      action: text(input, 'action'),
      actor: text(input, 'actor'),
      from: timeOption(input, 'from'),
      to: timeOption(input, 'to'),
      format: choice(input, 'format', ['jsonl', 'csv'] as const, 'jsonl'),
    }
    for await (const piece of input.client.stream('exportAudit', { query })) await input.terminal.print(piece)
    return 0
  },
}

async function listQuery(input: RemoteInput) {
  const name = text(input, 'cluster')
  return {
    clusterId: name === undefined ? undefined : (await findCluster(input.client, name)).id,
    limit: text(input, 'limit'),
  }
}

function timeOption(input: RemoteInput, name: string): number | string | undefined {
  const value = text(input, name)
  if (value === undefined) return undefined
  const ms = /^\d+$/.test(value) ? Number(value) : Date.parse(value)
  // What is no time is refused by the server, in its own words.
  return Number.isNaN(ms) ? value : ms
}

/** Columns by tabs: for eyes, and for cut. */
async function row(input: RemoteInput, columns: readonly string[]): Promise<void> {
  await input.terminal.line(columns.map((column) => column.replace(/[\t\r\n]/g, ' ')).join('\t'))
}
