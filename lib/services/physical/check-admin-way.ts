import { isVersionBelow } from './compare-versions.ts'
import type { PhysicalFacts } from './facts.ts'
import { blocker, ok, warning } from './finding.ts'
import type { Finding } from './views.ts'

/** The traps of the AdminServer's own restore: every server must take the file, and nothing of it is on a disk before the last step. */
export function checkAdminWay(facts: PhysicalFacts): Finding[] {
  const { admins, configured } = facts
  const findings: Finding[] = []
  if (admins.length === 0) {
    return [
      blocker('admins', 'No AdminServer of this cluster is set', 'set their addresses in the settings of the cluster'),
    ]
  }
  for (const admin of admins) {
    if (admin.error !== null) {
      findings.push(blocker('admins', admin.error, 'make it reachable: every server must take the file', admin.url))
    } else if (admin.version === null || isVersionBelow(admin.version, '3.9.0')) {
      findings.push(
        blocker(
          'admins',
          `It runs ZooKeeper ${admin.version ?? 'of an unknown version'}: the AdminServer restores from 3.9 on`,
          'replace the files instead',
          admin.url,
        ),
      )
    } else findings.push(ok('admins', `ZooKeeper ${admin.version}, ${admin.state ?? 'state not told'}`, admin.url))
  }
  if (configured.length > admins.length) {
    findings.push(
      blocker(
        'voters',
        `The ensemble has ${configured.length} servers and ${admins.length} AdminServers are set: a server that does not take the file serves other data than the rest`,
        'set the AdminServer of every server in the settings of the cluster',
      ),
    )
  }
  const noPort = admins.find((admin) => admin.error === null && admin.clientPort === null)
  if (noPort) {
    findings.push(
      blocker(
        'admins',
        'It does not tell its client port, which the marker is read through',
        'replace the files instead',
        noPort.url,
      ),
    )
  }
  return [
    ...findings,
    warning(
      'sessions',
      'All sessions of before expire after their timeout, even where clients are alive; watches are lost without a word; sessions opened until the restart never expire',
      'keep clients away until every server has been restarted',
    ),
    warning(
      'memory',
      'Each server takes the state into its memory only: a restart before the marker is written and a snapshot taken undoes the restore of that server silently',
      'follow the steps in their order, and restart each server at the end, the leader last',
    ),
    warning(
      'zxid',
      'The zxid of each server goes back until the marker is written: clients that saw a newer one are refused for that long',
      null,
    ),
  ]
}
