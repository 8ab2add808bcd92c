import { basename, resolve } from 'node:path'
import type { AdminAuth } from '../adapters/adminserver/admin-server.ts'
import { toArchiveError } from '../adapters/archive/errors.ts'
import { parseQuorumServers } from '../adapters/zookeeper/connect-string.ts'
import type { ClusterTarget } from '../adapters/zookeeper/connection.ts'
import { countOf } from '../base/count-of.ts'
import { stringifyJson } from '../base/json.ts'
import { makeDir } from '../base/make-dir.ts'
import type { Manifest } from '../domain/snapshot/manifest.ts'
import type { EngineContext } from '../services/context.ts'
import { splitConnectString } from '../services/engine/connect-string.ts'
import { parseLiveSource } from '../services/engine/open-source.ts'
import { takeAdminBackup } from '../services/engine/take-admin-backup.ts'
import { type TakeBackupInput, type TakenBackup, takeBackup } from '../services/engine/take-backup.ts'
import { takeFilesBackup } from '../services/engine/take-files-backup.ts'
import { takeObserverBackup } from '../services/engine/take-observer-backup.ts'
import { archivesFor, RECIPIENT_OPTIONS } from './age-options.ts'
import { type Command, type CommandInput, choice, flag, list, text } from './command.ts'
import { badUsage } from './errors.ts'

export const backup: Command = {
  usage:
    'backup zk://host:port[,host:port…][/chroot] --out DIR [--path P]… [--note TEXT] [--source client|admin|files|observer] [--admin URL] [--admin-auth AUTH] [--data-dir DIR] [--log-dir DIR] [--quorum host:port[,host:port…]] [--recipient age1…]… [--recipients-file FILE] [--json]',
  summary: 'take an archive; with recipients (public keys of age) all that lies in it is encrypted to them',
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
    ...RECIPIENT_OPTIONS,
  },
  positionals: { min: 0, max: 1 },
  run: async (input) => {
    const { context, terminal } = input
    const source = choice(input, 'source', SOURCES, 'client')
    for (const [name, owner] of Object.entries(SOURCE_OPTIONS)) {
      if (owner !== source && text(input, name) !== undefined) throw badUsage(`--${name} is for --source ${owner}`)
    }
    const target = parseTarget(input)
    const out = text(input, 'out')
    if (out === undefined) throw badUsage('give the folder of the archives with --out DIR')
    const archives = await archivesFor(input)
    const take = TAKERS[source]({ ...input, context: { ...context, archives } }, target)

    const parentDir = resolve(out)
    await makeOutDir(context, parentDir)
    const taken = await take({
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

const SOURCES = ['client', 'admin', 'files', 'observer'] as const
/** Options that belong to one source only. */
const SOURCE_OPTIONS = {
  admin: 'admin',
  'admin-auth': 'admin',
  'data-dir': 'files',
  'log-dir': 'files',
  quorum: 'observer',
} as const

type Take = (
  common: Pick<TakeBackupInput, 'paths' | 'parentDir' | 'note' | 'onProgress'>,
) => Promise<TakenBackup & { readonly warnings?: readonly string[] }>

function parseTarget(input: CommandInput): ClusterTarget | null {
  const given = input.positionals[0]
  const target = given === undefined ? null : parseLiveSource(given, input.access)
  if (given !== undefined && target === null) throw notACluster()
  return target
}

const notACluster = () => badUsage('give the cluster as zk://host:port[,host:port…][/chroot]')

function fromClientPort({ context }: CommandInput, target: ClusterTarget | null): Take {
  if (target === null) throw notACluster()
  const clusterName = splitConnectString(target.connectString).servers
  return (common) => takeBackup(context, { target, clusterName, ...common })
}

/** The cluster is optional: it tells the chroot, and lets what moves meanwhile be read again. */
function fromAdminServer(input: CommandInput, target: ClusterTarget | null): Take {
  const { context, terminal } = input
  const url = text(input, 'admin')
  if (url === undefined) throw badUsage("give the AdminServer's address with --admin http://host:8080")
  const admin = { url, auth: parseAdminAuth(text(input, 'admin-auth')), tls: input.access.tls ?? null }
  const clusterName = target ? splitConnectString(target.connectString).servers : url
  return async (common) => {
    const taken = await takeAdminBackup(context, { admins: [admin], target, clusterName, ...common })
    for (const warning of taken.warnings) terminal.complain(`WARNING: ${warning}`)
    return taken
  }
}

/** The cluster is optional: it tells the chroot, and what is committed. */
function fromFiles(input: CommandInput, target: ClusterTarget | null): Take {
  const { context, terminal } = input
  const dataDir = text(input, 'data-dir')
  if (dataDir === undefined) throw badUsage('give the data directory of a server with --data-dir DIR')
  const dataLogDir = text(input, 'log-dir') ?? dataDir
  const clusterName = target ? splitConnectString(target.connectString).servers : dataDir
  const members = [{ name: basename(dataDir), dataDir: resolve(dataDir), dataLogDir: resolve(dataLogDir) }]
  return async (common) => {
    const taken = await takeFilesBackup(context, { members, target, clusterName, ...common })
    for (const warning of taken.warnings) terminal.complain(`WARNING: ${warning}`)
    return taken
  }
}

/** The cluster is optional: it tells the chroot and the version. TLS is that of the quorum ports. */
function fromQuorum(input: CommandInput, target: ClusterTarget | null): Take {
  const { context, terminal, access } = input
  const given = text(input, 'quorum')
  if (given === undefined) {
    throw badUsage(
      'give the quorum ports of the members (the first port of each server.N) with --quorum host:port[,host:port…]',
    )
  }
  const quorum = { servers: parseQuorumServers(given), tls: access.tls ?? null }
  const clusterName = target ? splitConnectString(target.connectString).servers : given
  return async (common) => {
    const taken = await takeObserverBackup(context, { quorum, target, clusterName, ...common })
    if (!flag(input, 'json')) terminal.complain(`listened to ${taken.heard}`)
    return taken
  }
}

const TAKERS = { client: fromClientPort, admin: fromAdminServer, files: fromFiles, observer: fromQuorum } as const

/** `digest user:password`, `ip` or `x509`, as the AdminServer's Authorization header has it. */
function parseAdminAuth(given: string | undefined): AdminAuth | null {
  if (given === undefined) return null
  const [scheme, ...rest] = given.trim().split(/\s+/)
  const id = rest.join(' ')
  if (scheme === 'digest' && id.includes(':')) return { scheme, id }
  if ((scheme === 'ip' || scheme === 'x509') && id === '') return { scheme }
  throw badUsage("--admin-auth takes 'digest user:password', 'ip' or 'x509'")
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
