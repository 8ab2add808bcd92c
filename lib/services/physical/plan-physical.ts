import { createHash } from 'node:crypto'
import { formatHex64, formatHex64Bare, parseHex64 } from '../../base/hex64.ts'
import { checkAdminWay } from './check-admin-way.ts'
import { archiveZxidOf, checkArchive } from './check-archive.ts'
import { checkEpochs, checkVoters, checkZxid, keepsEpochs } from './check-ensemble.ts'
import { checkMembers, findAdmin } from './check-members.ts'
import { chooseFileZxid } from './choose-zxid.ts'
import type { AdminServerFacts, MemberFacts, PhysicalFacts } from './facts.ts'
import { blocker } from './finding.ts'
import { shellWord } from './shell-word.ts'
import type { Finding, FindingLevel, PhysicalPlan, PlannedServer } from './views.ts'

const ORDER: Record<FindingLevel, number> = { blocker: 0, warning: 1, ok: 2 }

/** What would be done to which server under which name, and everything that was found on the way. Pure: the same facts, the same plan. */
export function planPhysical(facts: PhysicalFacts): PhysicalPlan {
  const archiveZxid = archiveZxidOf(facts)
  const kind = kindOf(facts)
  const lastSeen = lastSeenOf(facts)
  const servers = serversOf(facts)
  const fileZxid = chooseFileZxid({
    kind,
    archiveZxid,
    lastSeen,
    hasEpochFiles: keepsEpochs(facts),
    asked: facts.options.fileZxid === '' ? null : parseHex64(facts.options.fileZxid),
  })
  const zxids = { kind, lastSeen, fileZxid }
  const findings: Finding[] = [
    ...checkArchive(facts),
    ...(facts.way === 'admin'
      ? checkAdminWay(facts)
      : [
          ...checkZxid(facts, zxids),
          ...checkEpochs(facts, zxids),
          ...checkVoters(facts, servers),
          ...checkMembers(facts),
        ]),
  ]
  if (facts.way === 'runbook' && servers.length === 0) {
    findings.push(blocker('servers', 'No server is named', 'name every server of the cluster, one a line'))
  }
  return {
    kind,
    way: facts.way,
    archiveZxid: formatHex64(archiveZxid),
    lastSeenZxid: lastSeen === null ? null : formatHex64(lastSeen),
    fileZxid: formatHex64(fileZxid),
    fileName: `snapshot.${formatHex64Bare(fileZxid)}`,
    bytes: facts.archive.bytes,
    sha256: facts.archive.sha256,
    znodes: facts.archive.manifest.znodes,
    asideFolder: facts.asideFolder,
    servers,
    findings: findings.sort((a, b) => ORDER[a.level] - ORDER[b.level]),
  }
}

/** Binds a confirmation to exactly what was shown. */
export function hashPlan(plan: unknown): string {
  return createHash('sha256').update(JSON.stringify(plan)).digest('hex')
}

export function blockersOf(plan: PhysicalPlan): readonly Finding[] {
  return plan.findings.filter((finding) => finding.level === 'blocker')
}

function kindOf({ statuses, configured, members, admins, options, way }: PhysicalFacts): PhysicalPlan['kind'] {
  const modes = [...statuses.map(({ status }) => status?.mode ?? null), ...admins.map(({ state }) => state)]
  if (modes.includes('standalone')) return 'standalone'
  if (configured.length > 0 || modes.some((mode) => mode === 'leader' || mode === 'follower')) return 'ensemble'
  if (members.length > 1 || members.some(({ disk }) => disk !== null && disk.currentEpoch !== null)) return 'ensemble'
  return way !== 'worker' && members.length + options.servers.length > 1 ? 'ensemble' : 'standalone'
}

function lastSeenOf({ statuses, members, admins }: PhysicalFacts): bigint | null {
  const zxids = [
    ...statuses.map(({ status }) => status?.zxid ?? null),
    ...members.map(({ disk }) => disk?.lastZxid ?? null),
    ...admins.map(({ zxid }) => zxid),
  ]
  return zxids.reduce((a, b) => (b !== null && (a === null || b > a) ? b : a), null)
}

function serversOf(facts: PhysicalFacts): PlannedServer[] {
  const { options, way } = facts
  if (way === 'admin') return facts.admins.map((admin) => toAdminServer(facts, admin))
  const members = facts.members.map((known) => toMemberServer(facts, known))
  if (way !== 'runbook') return members
  const reached = new Set(members.map(({ client }) => client))
  const byHand = options.servers
    .filter(({ client }) => !reached.has(client))
    .map(({ client, dataDir, dataLogDir }): PlannedServer => {
      const status = facts.statuses.find(({ server }) => server === client)?.status ?? null
      return {
        name: client,
        client,
        dataDir: stripVersion(dataDir ?? options.dataDir),
        dataLogDir: stripVersion(dataLogDir ?? dataDir ?? (options.dataLogDir || options.dataDir)),
        owner: options.owner,
        stop: options.stop,
        start: options.start,
        isMember: false,
        adminUrl: null,
        version: status?.version ?? null,
        mode: status?.mode ?? null,
        lastZxid: status?.zxid == null ? null : formatHex64(status.zxid),
        currentEpoch: null,
      }
    })
  return [...members, ...byHand]
}

function toMemberServer(facts: PhysicalFacts, known: MemberFacts): PlannedServer {
  const { member, disk } = known
  const status = facts.statuses.find(({ server }) => server === member.client)?.status ?? null
  const admin = findAdmin(facts, known)
  const owner = member.owner ?? (facts.way === 'worker' ? null : disk?.owner)
  return {
    name: member.name,
    client: member.client,
    dataDir: member.dataDir,
    dataLogDir: member.dataLogDir,
    owner: owner ? `${owner.uid}:${owner.gid}` : null,
    stop: member.stop?.map(shellWord).join(' ') ?? facts.options.stop,
    start: member.start?.map(shellWord).join(' ') ?? facts.options.start,
    isMember: true,
    adminUrl: member.adminUrl,
    version: status?.version ?? admin?.version ?? null,
    mode: status?.mode ?? admin?.state ?? null,
    lastZxid: disk?.lastZxid == null ? null : formatHex64(disk.lastZxid),
    currentEpoch: disk?.currentEpoch ?? null,
  }
}

/** isMember: Arkeeper may restart it. */
function toAdminServer(facts: PhysicalFacts, admin: AdminServerFacts): PlannedServer {
  const known = facts.members.find((member) => findAdmin(facts, member) === admin)
  const host = URL.parse(admin.url)?.hostname ?? admin.url
  const client = known?.member.client ?? (admin.clientPort === null ? null : `${host}:${admin.clientPort}`)
  return {
    name: known?.member.name ?? client ?? admin.url,
    client,
    dataDir: admin.dataDir ?? 'not told',
    dataLogDir: admin.dataLogDir ?? admin.dataDir ?? 'not told',
    owner: null,
    stop: known?.member.stop?.map(shellWord).join(' ') ?? facts.options.stop,
    start: known?.member.start?.map(shellWord).join(' ') ?? facts.options.start,
    isMember: known !== undefined && known.member.stop !== null && known.member.start !== null && client !== null,
    adminUrl: admin.url,
    version: admin.version,
    mode: admin.state,
    lastZxid: admin.zxid === null ? null : formatHex64(admin.zxid),
    currentEpoch: null,
  }
}

const stripVersion = (dir: string) => dir.replace(/\/+$/, '').replace(/\/version-2$/, '') || '/'
