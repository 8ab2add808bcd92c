import { countOf } from '../../base/count-of.ts'
import { formatBytes } from '../../base/format-bytes.ts'
import { formatHex64 } from '../../base/hex64.ts'
import type { AdminServerFacts, MemberFacts, PhysicalFacts } from './facts.ts'
import { blocker, ok, warning } from './finding.ts'
import type { Finding } from './views.ts'

/** What a start preallocates for its first log, beside the snapshot that it writes again. */
const LOG_BYTES = 64n << 20n

/** Whether the worker can replace the files of each member, and what would trip it. */
export function checkMembers(facts: PhysicalFacts): Finding[] {
  const findings = facts.members.flatMap((member) => checkMember(facts, member))
  if (facts.way === 'worker' && facts.members.length === 0) {
    findings.push(
      blocker(
        'members',
        `The configuration file of Arkeeper names no member of ${facts.clusterName}`,
        'name every server there, with its folders and commands, or follow a runbook',
      ),
    )
  }
  return findings
}

function checkMember(facts: PhysicalFacts, known: MemberFacts): Finding[] {
  const { member, disk } = known
  const { name } = member
  const isWorker = facts.way === 'worker'
  if (disk === null) {
    const message = known.fault ?? 'Its directories cannot be read'
    const remedy = 'check its paths in the configuration file, and the rights of the user that Arkeeper runs as'
    return [isWorker ? blocker('reach', message, remedy, name) : warning('reach', message, remedy, name)]
  }
  return [
    ...(isWorker ? checkCommands(known) : []),
    ...checkLayout(known, findAdmin(facts, known)),
    ...(isWorker ? checkOwner(known) : []),
    ...checkSpace(facts, known),
    ...(disk.misplaced.length > 0
      ? [
          blocker(
            'misplaced',
            `${disk.misplaced[0]} lies in the directory of the other kind: the server refuses to start`,
            'move it to where it belongs first',
            name,
          ),
        ]
      : []),
  ]
}

function checkCommands({ member, liveness }: MemberFacts): Finding[] {
  const findings: Finding[] = []
  if (member.stop === null || member.start === null) {
    findings.push(
      blocker(
        'commands',
        'Its stop and start commands are not configured',
        'add them to the configuration file, or follow a runbook',
        member.name,
      ),
    )
  }
  if (member.client === null) {
    findings.push(
      blocker(
        'client',
        'Its client address is not configured: whether it is down could not be seen',
        'add "client" to the configuration file',
        member.name,
      ),
    )
  } else if (liveness.kind === 'unknown') {
    findings.push(
      blocker(
        'liveness',
        `Whether it is up cannot be told: ${liveness.message}`,
        'make its client port reachable from here',
        member.name,
      ),
    )
  } else findings.push(ok('liveness', `It is ${liveness.kind}`, member.name))
  return findings
}

/** Leftover logs in a directory that nobody thought of are replayed over the backup. */
function checkLayout({ member, disk }: MemberFacts, admin: AdminServerFacts | null): Finding[] {
  if (disk === null) return []
  const findings: Finding[] = []
  const { name } = member
  if (disk.fault !== null) {
    findings.push(blocker('layout', disk.fault, 'replace the files of this server by hand, along a runbook', name))
  }
  const told = [
    ['dataDir', admin?.dataDir ?? null, member.dataDir],
    ['dataLogDir', admin?.dataLogDir ?? null, member.dataLogDir],
  ] as const
  for (const [what, said, configured] of told) {
    if (said === null || said === configured) continue
    findings.push(
      blocker(
        'layout',
        `The server says its ${what} is ${said}, the configuration file says ${configured}`,
        'correct the configuration file: what is left in the other folder would be replayed over the backup',
        name,
      ),
    )
  }
  const isCertain = admin !== null && admin.dataLogDir !== null
  const holdsMoreThanFirst = disk.snapshots.some((file) => file !== 'snapshot.0')
  if (!isCertain && disk.logs.length === 0 && holdsMoreThanFirst) {
    findings.push(
      blocker(
        'layout',
        `There is no log in ${member.dataLogDir}/version-2: its logs lie elsewhere, and would be replayed over the backup`,
        'name its dataLogDir (see zoo.cfg) in the configuration file',
        name,
      ),
    )
  }
  if (disk.owner === null) {
    findings.push(
      warning(
        'layout',
        `${member.dataDir}/version-2 does not exist yet; it is made`,
        'check that this is the dataDir of zoo.cfg',
        name,
      ),
    )
  } else {
    const where = member.dataLogDir === member.dataDir ? 'one folder' : `logs in ${member.dataLogDir}`
    const held = `${countOf(disk.snapshots.length, 'snapshot')} and ${countOf(disk.logs.length, 'log')}`
    findings.push(ok('layout', `${held}, ${where}`, name))
  }
  return findings
}

function checkOwner({ member, disk }: MemberFacts): Finding[] {
  if (disk === null) return []
  const { self } = disk
  const placed = member.owner ?? self
  const text = (owner: { uid: number; gid: number }) => `${owner.uid}:${owner.gid}`
  if (member.owner && self.uid !== 0 && member.owner.uid !== self.uid) {
    return [
      blocker(
        'owner',
        `Files for ${text(member.owner)} cannot be made by Arkeeper, which runs as ${text(self)}`,
        'run the worker as root or as that user, or follow a runbook',
        member.name,
      ),
    ]
  }
  if (disk.owner !== null && disk.owner.uid !== placed.uid) {
    return [
      blocker(
        'owner',
        `Its files belong to ${text(disk.owner)}, the new one would belong to ${text(placed)}: the server could not write there`,
        `set "owner": { "uid": ${disk.owner.uid}, "gid": ${disk.owner.gid} } in the configuration file`,
        member.name,
      ),
    ]
  }
  return [ok('owner', `The new file belongs to ${text(placed)}`, member.name)]
}

function checkSpace({ archive }: PhysicalFacts, { member, disk }: MemberFacts): Finding[] {
  if (disk === null) return []
  const once = BigInt(archive.bytes)
  const message = `${formatBytes(Number(disk.freeBytes))} are free, the snapshot has ${formatBytes(archive.bytes)}`
  const remedy = 'make room on that disk; the old files are kept, beside'
  if (disk.freeBytes < once) return [blocker('space', message, remedy, member.name)]
  // The server writes a snapshot of its own when it starts, and preallocates a log.
  if (disk.freeBytes < 2n * once + LOG_BYTES) return [warning('space', message, remedy, member.name)]
  return [ok('space', message, member.name)]
}

export function findAdmin({ admins }: PhysicalFacts, { member, disk }: MemberFacts): AdminServerFacts | null {
  const byUrl = admins.find((admin) => member.adminUrl !== null && sameUrl(admin.url, member.adminUrl))
  return byUrl ?? admins.find((admin) => admin.serverId !== null && admin.serverId === disk?.myid) ?? null
}

function sameUrl(a: string, b: string): boolean {
  return a.replace(/\/+$/, '') === b.replace(/\/+$/, '')
}

export function describeZxid(zxid: bigint | null): string {
  return zxid === null ? 'unknown' : formatHex64(zxid)
}
