import { countOf } from '../../base/count-of.ts'
import { parseHex64 } from '../../base/hex64.ts'
import { hasGaps } from '../../domain/snapshot/manifest.ts'
import { isVersionBelow } from './compare-versions.ts'
import type { PhysicalFacts } from './facts.ts'
import { blocker, ok, warning } from './finding.ts'
import type { Finding } from './views.ts'

/** Typed by who uses a backup that is not proved to be one state. */
export const FUZZY_PHRASE = 'not one state'
const JUTE_MAX_DEFAULT = 1_048_575

/** Whether the archive is a whole server's tree, of one state, that these servers can load and keep. */
export function checkArchive(facts: PhysicalFacts): Finding[] {
  const { manifest } = facts.archive
  return [
    ...checkScope(facts),
    manifest.consistency.class === 'exact'
      ? ok('state', `The backup is one state, proved by ${manifest.consistency.proof ?? 'its source'}`)
      : {
          ...warning(
            'state',
            `The backup is fuzzy: it holds changes of ${manifest.consistency.from} to ${manifest.consistency.to}, a state that the cluster may never have been in`,
            `take an exact one, or type "${FUZZY_PHRASE}" to go on`,
          ),
          phrase: FUZZY_PHRASE,
        },
    ...checkKinds(facts),
    ...checkSize(facts),
    ok('format', 'The snapshot has no trailing blocks, the form that every version loads whatever its digest settings'),
    ...checkVersions(facts),
  ]
}

function checkScope({ archive: { manifest }, clusterChroot }: PhysicalFacts): Finding[] {
  const findings: Finding[] = []
  const { paths, kind } = manifest.scope
  if (kind !== 'subtrees' || paths.length !== 1 || paths[0] !== '/') {
    findings.push(
      blocker(
        'scope',
        `The backup holds ${paths.slice(0, 3).join(', ')}${paths.length > 3 ? ' and more' : ''} only: a server started on it would have lost everything else`,
        'use a backup of the whole tree, or restore this one znode by znode',
      ),
    )
  } else findings.push(ok('scope', 'The backup holds the whole tree'))
  if (manifest.cluster.chroot !== '/' || clusterChroot !== '/') {
    const chroot = manifest.cluster.chroot === '/' ? clusterChroot : manifest.cluster.chroot
    findings.push(
      blocker(
        'chroot',
        `The cluster is used below ${chroot}: what is backed up there is not the servers' whole tree`,
        'add the cluster without its chroot, back it up, and use that backup',
      ),
    )
  }
  if (hasGaps(manifest)) {
    findings.push(
      blocker(
        'import',
        "The backup was made of another tool's file, which lacks what servers keep: versions, zxids, some ACLs",
        'restore it over the client port instead',
      ),
    )
  }
  if (manifest.status !== 'complete') {
    findings.push(
      blocker('complete', 'The backup is partial: some znodes or ACLs could not be read', 'use a complete backup'),
    )
  }
  return findings
}

function checkKinds(facts: PhysicalFacts): Finding[] {
  const { manifest, byKind, sessions } = facts.archive
  const findings: Finding[] = []
  if (byKind.ttl > 0) findings.push(checkTtl(facts))
  if (manifest.source === 'client' && manifest.fidelity.unknownKind > 0) {
    findings.push(
      warning(
        'kinds',
        'The backup was read over the client port, which shows neither containers nor TTLs: such znodes come back as plain ones and stay',
        'use a backup from an AdminServer or a data directory where these kinds matter',
      ),
    )
  }
  if (byKind.ephemeral > 0) {
    findings.push(
      ok(
        'ephemerals',
        `${countOf(byKind.ephemeral, 'ephemeral znode')} of ${countOf(sessions, 'session')} come back: clients that still live take them over, the others expire after their session timeout`,
      ),
    )
  }
  return findings
}

/** A server that does not know of TTLs takes their owner for a dead session and drops them all, without a word in its log. */
function checkTtl({ archive: { byKind }, admins }: PhysicalFacts): Finding {
  const what = countOf(byKind.ttl, 'TTL znode')
  const off = admins.filter((admin) => admin.extendedTypes === false)
  if (off.length > 0) {
    return blocker(
      'ttl',
      `The backup has ${what}, and ${off.map((admin) => admin.url).join(', ')} runs without zookeeper.extendedTypesEnabled: they would all vanish at the start`,
      'set -Dzookeeper.extendedTypesEnabled=true on every server first',
    )
  }
  const known = admins.length > 0 && admins.every((admin) => admin.extendedTypes === true)
  return known
    ? ok('ttl', `${what}: zookeeper.extendedTypesEnabled is on`)
    : warning(
        'ttl',
        `The backup has ${what}. They all vanish at the start of a server without zookeeper.extendedTypesEnabled`,
        'look that every server runs with -Dzookeeper.extendedTypesEnabled=true',
      )
}

/** A server that meets a longer value than it may have does not start. */
function checkSize({ archive: { largestDataBytes, largestPath }, admins }: PhysicalFacts): Finding[] {
  const told = admins.flatMap((admin) => (admin.juteMaxBuffer === null ? [] : [admin.juteMaxBuffer]))
  const limit = told.length > 0 ? Math.min(...told) : JUTE_MAX_DEFAULT
  if (largestDataBytes <= limit) {
    return [ok('size', `The largest value (${largestDataBytes} bytes) is below jute.maxbuffer (${limit})`)]
  }
  const message = `${largestPath} has ${largestDataBytes} bytes, more than jute.maxbuffer allows (${limit})`
  const remedy = `run every server with -Djute.maxbuffer of at least ${largestDataBytes + 1024}`
  return [told.length > 0 ? blocker('size', message, remedy) : warning('size', message, remedy)]
}

function checkVersions({ archive, statuses, admins, configured }: PhysicalFacts): Finding[] {
  const versions = [
    ...new Set([
      ...statuses.flatMap(({ status }) => (status?.version ? [status.version] : [])),
      ...admins.flatMap(({ version }) => (version ? [version] : [])),
    ]),
  ]
  if (versions.length === 0) {
    return [
      warning(
        'versions',
        'No server told its version',
        configured.length === 0 ? 'use servers of 3.5 or newer, all of one line' : 'use servers of one line',
      ),
    ]
  }
  const findings: Finding[] = []
  const { container, ttl } = archive.byKind
  const least = ttl > 0 ? '3.5.4' : container > 0 ? '3.5.1' : null
  const tooOld = least === null ? [] : versions.filter((version) => isVersionBelow(version, least))
  if (tooOld.length > 0) {
    findings.push(
      blocker(
        'versions',
        `The backup has containers or TTL znodes, which ZooKeeper ${tooOld.join(', ')} does not know`,
        `use servers of ${least} or newer`,
      ),
    )
  } else if (versions.length > 1) {
    findings.push(warning('versions', `The servers run ${versions.join(' and ')}`, 'use one version on all of them'))
  } else findings.push(ok('versions', `The servers run ZooKeeper ${versions[0]}`))
  return findings
}

export function archiveZxidOf({ archive }: Pick<PhysicalFacts, 'archive'>): bigint {
  return parseHex64(archive.manifest.zxid) ?? 0n
}
