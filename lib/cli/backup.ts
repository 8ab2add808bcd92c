import { resolve } from 'node:path'
import { toArchiveError } from '../adapters/archive/errors.ts'
import { countOf } from '../base/count-of.ts'
import { stringifyJson } from '../base/json.ts'
import { makeDir } from '../base/make-dir.ts'
import type { Manifest } from '../domain/snapshot/manifest.ts'
import type { EngineContext } from '../services/context.ts'
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
    await makeOutDir(context, parentDir)
    const taken = await takeBackup(context, {
      target,
      clusterName: splitConnectString(target.connectString).servers,
      paths: list(input, 'path'),
      parentDir,
      note: text(input, 'note'),
      onProgress: (progress) => terminal.progress(progress),
    })
    terminal.clear()
    if (taken.manifest.status === 'partial') terminal.complain(describePartial(taken))
    if (flag(input, 'json')) await terminal.line(stringifyJson(toJson(taken)))
    else for (const line of describe(taken)) await terminal.line(line)
    return 0
  },
}

/** Made when missing. What a backup that was killed has left there is removed: a disk filled by remains takes no backup. */
async function makeOutDir({ archives }: EngineContext, dir: string): Promise<void> {
  try {
    await makeDir(dir)
  } catch (error) {
    throw toArchiveError(error, `making the folder ${dir}`, { unaffected: 'nothing was read and nothing written' })
  }
  await archives.sweepUnfinished(dir)
}

/** Also beside --json: a script that looks at nothing but the status would take a part for the whole. */
function describePartial({ manifest }: TakenBackup): string {
  const { unreadable, maskedAcl, maskedAclTotal } = manifest.fidelity
  const parts = [
    unreadable.length > 0 ? `${countOf(unreadable.length, 'znode')} could not be read` : '',
    maskedAcl.length > 0 ? `${countOf(maskedAclTotal ?? maskedAcl.length, 'ACL')} shown with hidden digests` : '',
  ]
  return `PARTIAL: ${parts.filter(Boolean).join(', ')} — give credentials that may read everything with --auth`
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
    `${countOf(manifest.znodes, 'znode')}, ${countOf(manifest.dataBytes, 'byte')} of data, zxid ${manifest.zxid}, ${describeConsistency(manifest)}`,
    ...manifest.fidelity.unreadable.map((path) => `unreadable  ${path}`),
    ...manifest.fidelity.maskedAcl.map((path) => `masked ACL  ${path}`),
  ]
}

function describeConsistency({ consistency }: Manifest): string {
  if (consistency.class === 'exact') return `exact (${consistency.proof})`
  const { length } = consistency.moved
  const moved =
    consistency.movedKnown === false ? `${length} or more znodes moved` : `${countOf(length, 'znode')} moved`
  return `fuzzy between ${consistency.from} and ${consistency.to}: ${moved}`
}
