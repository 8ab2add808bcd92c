import { formatHex64 } from '../../base/hex64.ts'
import { archiveZxidOf } from './check-archive.ts'
import { epochOf } from './choose-zxid.ts'
import type { PhysicalFacts } from './facts.ts'
import { blocker, ok, warning } from './finding.ts'
import type { Finding } from './views.ts'

export interface ZxidFacts {
  readonly kind: 'standalone' | 'ensemble'
  readonly lastSeen: bigint | null
  readonly fileZxid: bigint
}

/** A voter that keeps newer data wins the election and undoes the restore everywhere: every one of them must be covered. */
export function checkVoters(facts: PhysicalFacts, covered: readonly { readonly name: string }[]): Finding[] {
  const voters = facts.configured.filter((server) => server.isVoter)
  const observers = facts.configured.length - voters.length
  const findings: Finding[] = []
  if (facts.configured.length === 0) return findings
  const { missing, unmatched } = findUncovered(facts, voters)
  if (missing.length > 0) {
    const names = missing.map((server) => `server.${server.id} (${server.host})`).join(', ')
    findings.push(
      blocker(
        'voters',
        `${names} ${missing.length === 1 ? 'is a voter that is' : 'are voters that are'} not among the servers here: with its newer data it would win and undo the restore everywhere`,
        facts.way === 'worker' ? 'name every voter in the configuration file' : 'name every server of the ensemble',
      ),
    )
  } else if (unmatched > 0) {
    findings.push(
      warning(
        'voters',
        `${voters.length} voters are configured and ${covered.length} servers are named, but not all could be told by their address`,
        'compare the list with the server lines of zoo.cfg: every voter must be on it',
      ),
    )
  } else {
    const from = facts.configuredFrom === 'backup' ? ', by the configuration that the backup holds' : ''
    findings.push(ok('voters', `All ${voters.length} voters are covered${from}`))
  }
  if (observers > 0) {
    findings.push(
      warning(
        'observers',
        `There ${observers === 1 ? 'is 1 observer' : `are ${observers} observers`}: its old files must go too, it fetches the new state from the leader`,
        'stop the observers as well, and move their files aside',
      ),
    )
  }
  return findings
}

/** Members are told by their myid, others by the host of their address; what is left over may be the same host under another name. */
function findUncovered(facts: PhysicalFacts, voters: PhysicalFacts['configured']) {
  const ids = new Set(facts.members.flatMap(({ disk }) => (disk?.myid ? [disk.myid] : [])))
  const byHand = facts.way === 'worker' ? [] : facts.options.servers.map(({ client }) => hostOf(client))
  const rest = voters.filter((voter) => !ids.has(voter.id))
  const unnamed = rest.filter((voter) => !byHand.includes(voter.host))
  const spare = byHand.filter((host) => !rest.some((voter) => voter.host === host)).length
  return { missing: unnamed.slice(spare), unmatched: Math.min(spare, unnamed.length) }
}

function hostOf(address: string): string {
  return address.replace(/:\d+$/, '').replace(/^\[|\]$/g, '')
}

/** Clients that have seen a higher zxid than their server has are refused until they restart. */
export function checkZxid(facts: PhysicalFacts, { kind, lastSeen, fileZxid }: ZxidFacts): Finding[] {
  const archiveZxid = archiveZxidOf(facts)
  const name = `snapshot.${fileZxid.toString(16)}`
  if (fileZxid < archiveZxid) {
    return [
      blocker(
        'zxid',
        `${formatHex64(fileZxid)} is below the backup's own zxid ${formatHex64(archiveZxid)}`,
        'choose a higher one, or leave the field empty',
      ),
    ]
  }
  if (kind === 'ensemble' && keepsEpochs(facts)) {
    return [
      ok(
        'zxid',
        `The epoch files stay, so the next leader opens an epoch above everything that clients have seen (up to ${lastSeen === null ? 'what the epoch files say' : formatHex64(lastSeen)})`,
      ),
    ]
  }
  if (lastSeen === null) {
    return [
      warning(
        'zxid',
        'No server and no file told how far the cluster had come: clients that have seen a higher zxid than the new one would be refused until they restart',
        `choose a zxid for the file that is above everything handed out, such as 0x${(((archiveZxid >> 32n) + 1n) << 32n).toString(16)}, or restart the clients`,
      ),
    ]
  }
  if (fileZxid <= lastSeen && fileZxid !== archiveZxid) {
    return [
      blocker(
        'zxid',
        `${formatHex64(fileZxid)} is not above ${formatHex64(lastSeen)}, which clients have seen`,
        'choose a higher one',
      ),
    ]
  }
  if (fileZxid < lastSeen) {
    return [
      warning(
        'zxid',
        `The zxid goes back from ${formatHex64(lastSeen)} to ${formatHex64(fileZxid)}: clients that saw more are refused until they restart`,
        'leave the zxid to Arkeeper, or restart the clients',
      ),
    ]
  }
  return [
    fileZxid === archiveZxid
      ? ok('zxid', `No client has seen more than ${formatHex64(fileZxid)}`)
      : ok(
          'zxid',
          `The zxid would go back from ${formatHex64(lastSeen)} to ${formatHex64(archiveZxid)} and lock clients out, so the file is named ${name}: the server goes on from there, and the znodes keep their own zxids`,
        ),
  ]
}

export function keepsEpochs(facts: PhysicalFacts): boolean {
  if (facts.options.freshServers) return false
  const known = facts.members.flatMap(({ disk }) => (disk ? [disk] : []))
  return known.length === 0 || known.some((disk) => disk.currentEpoch !== null)
}

/** acceptedEpoch ≥ currentEpoch ≥ epoch of the zxid in the name, else a member of an ensemble does not start. */
export function checkEpochs(facts: PhysicalFacts, { kind, fileZxid }: ZxidFacts): Finding[] {
  if (kind === 'standalone') return []
  const epoch = epochOf(fileZxid)
  const findings: Finding[] = []
  for (const { member, disk } of facts.members) {
    if (disk === null) continue
    const { currentEpoch, acceptedEpoch } = disk
    if (currentEpoch === null || acceptedEpoch === null) {
      const isFresh = currentEpoch === null && acceptedEpoch === null
      findings.push(
        isFresh
          ? warning('epochs', 'It has no epoch files; it takes its epoch from the file', null, member.name)
          : blocker(
              'epochs',
              'One of its epoch files is missing',
              'put both there, acceptedEpoch not below currentEpoch, or neither',
              member.name,
            ),
      )
    } else if (acceptedEpoch < currentEpoch || currentEpoch < epoch) {
      findings.push(
        blocker(
          'epochs',
          `acceptedEpoch ${acceptedEpoch} and currentEpoch ${currentEpoch} do not fit a file of epoch ${epoch}: it would not start`,
          `write at least ${epoch} into both files of every server while they are down`,
          member.name,
        ),
      )
    } else
      findings.push(
        ok('epochs', `acceptedEpoch ${acceptedEpoch}, currentEpoch ${currentEpoch}; both stay`, member.name),
      )
    if (disk.myid === null) {
      findings.push(blocker('myid', 'It has no myid', 'a member of an ensemble needs one in its dataDir', member.name))
    }
  }
  if (facts.way === 'runbook' && facts.members.every(({ disk }) => disk === null) && !facts.options.freshServers) {
    findings.push(
      warning(
        'epochs',
        `Their epoch files could not be looked at: each server needs currentEpoch and acceptedEpoch of at least ${epoch}`,
        'the runbook has the command that shows them',
      ),
    )
  }
  return findings
}
