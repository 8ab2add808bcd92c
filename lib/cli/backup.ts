import { resolve } from 'node:path'
import { stringifyJson } from '../base/json.ts'
import { makeDir } from '../base/make-dir.ts'
import type { Manifest } from '../domain/snapshot/manifest.ts'
import { splitConnectString } from '../services/engine/connect-string.ts'
import { parseLiveSource } from '../services/engine/open-source.ts'
import { type TakenBackup, takeBackup } from '../services/engine/take-backup.ts'
import { type Command, choice, flag, list, text } from './command.ts'
import { badUsage, notYet } from './errors.ts'

export const backup: Command = {
  usage: 'backup zk://host:port[,host:port…][/chroot] --out DIR [--path P]… [--note TEXT] [--json]',
  summary: 'take an archive',
  options: {
    out: 'string',
    path: 'list',
    note: 'string',
    source: 'string',
    admin: 'string',
    'admin-auth': 'string',
    'data-dir': 'string',
    'log-dir': 'string',
    quorum: 'string',
  },
  positionals: { min: 0, max: 1 },
  run: async (input) => {
    const { context, terminal } = input
    const source = choice(input, 'source', ['client', 'admin', 'files', 'observer'], 'client')
    if (source !== 'client') throw notYet(`--source ${source}`)
    for (const name of ['admin', 'admin-auth', 'data-dir', 'log-dir', 'quorum']) {
      if (text(input, name) !== undefined) throw badUsage(`--${name} is for another --source`)
    }
    const target = parseLiveSource(input.positionals[0] ?? '', input.auth)
    if (!target) throw badUsage('give the cluster as zk://host:port[,host:port…][/chroot]')
    const out = text(input, 'out')
    if (out === undefined) throw badUsage('give the folder of the archives with --out DIR')

    const parentDir = resolve(out)
    await makeDir(parentDir)
    const taken = await takeBackup(context, {
      target,
      clusterName: splitConnectString(target.connectString).servers,
      paths: list(input, 'path'),
      parentDir,
      note: text(input, 'note'),
      onProgress: (progress) => terminal.progress(progress),
    })
    terminal.clear()
    if (flag(input, 'json')) await terminal.line(stringifyJson(toJson(taken)))
    else for (const line of describe(taken)) await terminal.line(line)
    return 0
  },
}

function toJson({ dir, manifest }: TakenBackup): unknown {
  const { persistent, ephemeral, container, ttl, unknownKind, unreadable, maskedAcl } = manifest.fidelity
  return {
    archive: dir,
    status: manifest.status,
    zxid: manifest.zxid,
    znodes: manifest.znodes,
    dataBytes: manifest.dataBytes,
    durationMs: manifest.durationMs,
    consistency: manifest.consistency,
    fidelity: { persistent, ephemeral, container, ttl, unknownKind, unreadable, maskedAcl },
  }
}

function describe({ dir, manifest }: TakenBackup): string[] {
  return [
    dir,
    `${manifest.znodes} znodes, ${manifest.dataBytes} bytes of data, zxid ${manifest.zxid}, ${describeConsistency(manifest)}`,
    ...(manifest.status === 'complete' ? [] : ['PARTIAL: the following could not be read or were shown only in part']),
    ...manifest.fidelity.unreadable.map((path) => `unreadable  ${path}`),
    ...manifest.fidelity.maskedAcl.map((path) => `masked ACL  ${path}`),
  ]
}

function describeConsistency({ consistency }: Manifest): string {
  if (consistency.class === 'exact') return `exact (${consistency.proof})`
  const moved = `${consistency.moved.length}${consistency.movedKnown === false ? ' or more' : ''} znodes moved`
  return `fuzzy between ${consistency.from} and ${consistency.to}: ${moved}`
}
