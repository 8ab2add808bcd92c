import { stringifyJson } from '../../base/json.ts'
import { argument, choice, flag, list, text } from '../command.ts'
import { findCluster, findTree } from './find.ts'
import { followJob } from './follow-job.ts'
import type { RemoteCommand } from './remote-command.ts'

const SIGN = { added: '+', removed: '-', changed: '~' } as const

export const backup: RemoteCommand = {
  usage: 'backup CLUSTER [--path P]… [--note TEXT] [--source client|admin|files|observer|automatic] [--json]',
  summary: 'takes a backup of a cluster into the store of the server',
  options: { path: 'list', note: 'string', source: 'string' },
  positionals: { min: 1, max: 1 },
  run: async (input) => {
    const { id: clusterId } = await findCluster(input.client, argument(input, 0))
    const source = choice(input, 'source', ['client', 'admin', 'files', 'observer', 'automatic'] as const, 'client')
    const body = { clusterId, paths: [...list(input, 'path')], note: text(input, 'note'), source }
    const { jobId, backupId } = await input.client.call('startBackup', { body })
    await followJob(input, jobId)
    const made = await input.client.call('getBackup', { params: { backupId } })
    const { status, zxid, znodes, dataBytes, durationMs, consistency, zxidFrom, zxidTo, proof } = made
    const exactness = { class: consistency, ...(proof === null ? {} : { proof }), from: zxidFrom, to: zxidTo }
    if (flag(input, 'json')) {
      const answer = { backup: backupId, status, zxid, znodes, dataBytes, durationMs, consistency: exactness }
      await input.terminal.line(stringifyJson(answer))
    } else await input.terminal.line(`${backupId}: ${status}, ${consistency}, ${znodes} znodes at ${zxid}`)
    return status === 'complete' ? 0 : 1
  },
}

export const verify: RemoteCommand = {
  usage: 'verify BACKUP [--json]',
  summary: 'reads a backup of the server back and checks every byte',
  options: {},
  positionals: { min: 1, max: 1 },
  run: async (input) => {
    const params = { backupId: argument(input, 0) }
    const { jobId } = await input.client.call('verifyBackup', { params, body: {} })
    await followJob(input, jobId)
    const { verifyOk, verifyProblems, files, znodes } = await input.client.call('getBackup', { params })
    const ok = verifyOk === true
    const problems = verifyProblems ?? []
    if (flag(input, 'json')) await input.terminal.line(stringifyJson({ ok, files, znodes, problems }))
    else {
      await input.terminal.line(ok ? `good: ${znodes} znodes` : 'damaged')
      for (const { code, message } of problems) await input.terminal.line(`${code}: ${message}`)
    }
    return ok ? 0 : 1
  },
}

export const drill: RemoteCommand = {
  usage: 'drill BACKUP [--json]',
  summary: 'proves a backup of the server on a scratch server',
  options: {},
  positionals: { min: 1, max: 1 },
  run: async (input) => {
    const params = { backupId: argument(input, 0) }
    const { jobId } = await input.client.call('drillBackup', { params, body: {} })
    await followJob(input, jobId)
    const made = await input.client.call('getBackup', { params })
    const ok = made.drill?.ok === true
    if (flag(input, 'json')) await input.terminal.line(stringifyJson({ ok, provedAt: made.drill?.provedAt ?? null }))
    else await input.terminal.line(ok ? 'proved restorable' : 'not proved: see its page')
    return ok ? 0 : 1
  },
}

export const diff: RemoteCommand = {
  usage: 'diff TREE TREE [--path P] [--summary] [--ephemerals] [--json]',
  summary: 'what turns the first into the second; a TREE is the id of a backup, or the name of a cluster',
  options: { path: 'string', summary: 'boolean', ephemerals: 'boolean' },
  positionals: { min: 2, max: 2 },
  run: async (input) => {
    const { client, terminal } = input
    const left = await findTree(client, argument(input, 0))
    const right = await findTree(client, argument(input, 1))
    const body = { left, right, path: text(input, 'path'), includeEphemerals: flag(input, 'ephemerals') }
    const { diffId, jobId } = await client.call('startDiff', { body })
    await followJob(input, jobId)
    const { summary } = await client.call('getDiff', { params: { diffId } })
    if (!flag(input, 'summary')) {
      let rest = ''
      for await (const piece of client.stream('listChanges', { params: { diffId } })) {
        if (flag(input, 'json')) await terminal.print(piece)
        else {
          const lines = (rest + piece).split('\n')
          rest = lines.pop() ?? ''
          for (const line of lines) await terminal.line(describeChange(JSON.parse(line)))
        }
      }
    }
    if (summary && (flag(input, 'summary') || !flag(input, 'json'))) {
      const { equal, added, removed, changed, compared, unreadable } = summary
      await terminal.line(
        flag(input, 'json')
          ? stringifyJson({ equal, added, removed, changed, compared, unreadable: unreadable.length, diff: diffId })
          : `${equal ? 'equal' : `${added} added, ${removed} removed, ${changed} changed`}: ${compared} compared`,
      )
    }
    return summary?.equal ? 0 : 1
  },
}

function describeChange({
  path,
  change,
  fields,
}: {
  path: string
  change: keyof typeof SIGN
  fields: string[]
}): string {
  return `${SIGN[change]} ${path}${fields.length > 0 ? ` (${fields.join(', ')})` : ''}`
}
