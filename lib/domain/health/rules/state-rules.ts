import { CLEAR, countVoters, type Finding, found, namesOf, type Rule, unknown } from '../health-facts.ts'

const FD_WARNING = 0.8
const FD_DANGER = 0.95
/** Looks in a row. */
const GROWING_LOOKS = 5
/** Below, a queue that grows is the noise of a few requests. */
const GROWING_LEAST = 10

export const stateRules: Readonly<Record<string, Rule>> = {
  /** Every look says whether a server serves. */
  'server-down': {
    name: 'Every server serves',
    source: 'ZooKeeper Administrator’s Guide, Monitoring; the look itself',
    judge: ({ servers }) => {
      const down = servers.filter(({ ok }) => !ok)
      if (servers.length === 0) return unknown('no server was looked at yet')
      return down.length === 0
        ? CLEAR
        : found(
            ...down.map(
              ({ server, faultMessage, fault }): Finding => ({
                severity: 'danger',
                title: fault === 'NOT_SERVING' ? 'A server runs but does not serve' : 'A server cannot be reached',
                servers: [server],
                evidence: faultMessage ?? fault ?? 'it did not answer',
                remedy:
                  fault === 'NOT_SERVING'
                    ? 'see in its log why it does not join the others; with leaderServes=no a leader refuses clients by intention, and only its AdminServer tells how it is'
                    : 'see whether it runs and whether this host may reach it; start it again before another one fails',
              }),
            ),
          )
    },
  },

  /** A majority of the voters must serve: with 3 two, with 5 three. */
  majority: {
    name: 'One more failure is survived',
    source: 'ZooKeeper Administrator’s Guide, Clustered (Multi-Server) Setup',
    judge: (facts) => {
      const voters = countVoters(facts)
      if (facts.servers.length === 0) return unknown('no server was looked at yet')
      if (facts.servers.some(({ role, ok }) => ok && role === 'standalone')) {
        return found({
          severity: 'note',
          title: 'One server, and no other takes over',
          servers: namesOf(facts.servers.filter(({ role }) => role === 'standalone')),
          evidence: 'it runs standalone',
          remedy:
            'three servers survive the loss of one; until then a backup is all that is left when its disk is gone',
        })
      }
      if (voters === null) return unknown('no server told how many members vote')
      const serving = facts.servers.filter(({ ok, role }) => ok && (role === 'leader' || role === 'follower'))
      const known = facts.servers.filter(({ role }) => role !== 'observer').length
      const majority = Math.floor(voters / 2) + 1
      const evidence = `${serving.length} of ${voters} voting members serve; ${majority} are needed`
      const leader = facts.servers.find(({ ok, role }) => ok && role === 'leader')
      const inSync = leader?.syncedFollowers ?? null
      // Members that nobody can ask may well serve: the leader counts them.
      const certain = inSync === null ? serving.length : Math.max(serving.length, inSync + 1)
      if (known < voters && certain < majority) {
        return unknown(
          `only ${known} of ${voters} voting members are known by an address: name the others in the connect string`,
        )
      }
      if (certain < majority) {
        return found({
          severity: 'danger',
          title: 'The ensemble has no majority: nothing can be written',
          servers: [],
          evidence,
          remedy: 'start the members that are down; do not start any with an empty data directory',
        })
      }
      return certain === majority
        ? found({
            severity: voters === certain ? 'warning' : 'danger',
            title: 'One more failure stops the ensemble',
            servers: [],
            evidence:
              inSync === null ? evidence : `${certain} of ${voters} voting members serve; ${majority} are needed`,
            remedy:
              voters === certain
                ? 'an ensemble of this size survives no failure at all: make it three members'
                : 'bring the missing members back before any other work on the servers',
          })
        : CLEAR
    },
  },

  /** `learners` and `synced_*` of the leader's mntr. */
  'in-sync': {
    name: 'Followers are in sync with the leader',
    source: 'ZooKeeper Administrator’s Guide, mntr: zk_learners, zk_synced_followers',
    judge: ({ servers }) => {
      if (servers.some(({ role }) => role === 'standalone')) return CLEAR
      const leader = servers.find(({ role, ok }) => ok && role === 'leader')
      if (leader === undefined || leader.learners === null || leader.syncedFollowers === null) {
        return unknown('the leader did not tell it: only its AdminServer and mntr do')
      }
      const synced = leader.syncedFollowers + (leader.syncedNonVoting ?? 0) + (leader.syncedObservers ?? 0)
      return synced >= leader.learners
        ? CLEAR
        : found({
            severity: 'warning',
            title: 'Some followers are not in sync',
            servers: [leader.server],
            evidence: `the leader has ${leader.learners} learners, of which ${synced} are in sync`,
            remedy:
              'it passes after a start; if it stays, look at the network and the disk of the one that lags, and at syncLimit and initLimit',
          })
    },
  },

  /** zookeeper-facts.md, 4: the counter runs from the server's start and is worth an alarm. */
  'digest-mismatch': {
    name: 'No digest mismatch',
    source: 'digest_mismatches_count of monitor and mntr (3.6+)',
    judge: ({ servers }) => {
      const serving = servers.filter(({ ok }) => ok)
      const wrong = serving.filter(({ digestMismatches }) => (digestMismatches ?? 0) > 0)
      if (wrong.length > 0) {
        return found({
          severity: 'danger',
          title: 'Digest mismatches',
          servers: namesOf(wrong),
          evidence: wrong
            .map(({ server, digestMismatches }) => `${server}: ${digestMismatches} since its start`)
            .join('; '),
          remedy:
            'its tree was not what a snapshot or a transaction said it should be: compare the members before you trust a backup of this one, and look for “digest” in its log',
        })
      }
      const silent = serving.filter(({ digestMismatches }) => digestMismatches === null)
      return silent.length > 0 ? unknown(`${namesOf(silent).join(', ')} did not tell its count`) : CLEAR
    },
  },

  /** A queue that only grows is a server that does not keep up. */
  'outstanding-growing': {
    name: 'Requests do not pile up',
    source: 'ZooKeeper Administrator’s Guide, mntr: zk_outstanding_requests',
    judge: ({ servers }) => {
      const told = servers.filter(({ ok, outstanding }) => ok && outstanding !== null)
      if (told.length === 0) return unknown('no server told how many requests wait')
      const growing = told.filter(({ recent }) => {
        const last = recent
          .slice(-GROWING_LOOKS)
          .flatMap(({ outstanding }) => (outstanding === null ? [] : [outstanding]))
        const isGrowing = last.every((value, i) => i === 0 || value > (last[i - 1] ?? 0))
        return last.length === GROWING_LOOKS && isGrowing && (last.at(-1) ?? 0) > GROWING_LEAST
      })
      return growing.length === 0
        ? CLEAR
        : found({
            severity: 'warning',
            title: 'Outstanding requests grow',
            servers: namesOf(growing),
            evidence: growing
              .map(
                ({ server, recent }) =>
                  `${server}: ${recent
                    .slice(-GROWING_LOOKS)
                    .map((look) => look.outstanding)
                    .join(', ')}`,
              )
              .join('; '),
            remedy:
              'look at the latency and the fsync times below: a slow log disk and long pauses of the JVM are the usual causes',
          })
    },
  },

  /** A server without a free descriptor accepts no client and may not be able to write a snapshot. */
  'open-files': {
    name: 'File descriptors are left',
    source: 'ZooKeeper Administrator’s Guide, maxClientCnxns and mntr: zk_open_file_descriptor_count',
    judge: ({ servers }) => {
      const shares = servers.flatMap(({ server, ok, openFiles, openFilesMax }) =>
        ok && openFiles !== null && openFilesMax !== null && openFilesMax > 0n
          ? [{ server, openFiles, openFilesMax, share: openFiles / Number(openFilesMax) }]
          : [],
      )
      if (shares.length === 0) return unknown('no server told its file descriptors: only the AdminServer and mntr do')
      const high = shares.filter(({ share }) => share > FD_WARNING)
      return high.length === 0
        ? CLEAR
        : found({
            severity: high.some(({ share }) => share > FD_DANGER) ? 'danger' : 'warning',
            title: 'Few file descriptors are left',
            servers: namesOf(high),
            evidence: high
              .map(({ server, openFiles, openFilesMax }) => `${server}: ${openFiles} of ${openFilesMax}`)
              .join('; '),
            remedy:
              'find who holds so many connections, limit them (maxClientCnxns), or raise the limit of open files of the service',
          })
    },
  },

  /** A session that expires takes its ephemerals with it: locks, leaders, registrations of the applications. */
  'sessions-expired': {
    name: 'Sessions do not expire',
    source: 'ZooKeeper Programmer’s Guide, Sessions; monitor and mntr: stale_sessions_expired (3.6+)',
    judge: ({ servers }) => {
      const told = servers.filter(({ ok, sessionsExpired }) => ok && sessionsExpired !== null)
      if (told.length === 0) return unknown('no server told it: 3.6 and newer do, by AdminServer or mntr')
      const expired = told.reduce((sum, { recent }) => sum + grown(recent.map((look) => look.sessionsExpired)), 0n)
      return expired === 0n
        ? CLEAR
        : found({
            severity: 'note',
            title: 'Sessions expired in the last hour',
            servers: [],
            evidence: `${expired} ${expired === 1n ? 'session' : 'sessions'}`,
            remedy:
              'clients that ended without closing are no news; if they live, their pauses or the latency below come near their session timeout',
          })
    },
  },

  /** zookeeper-facts.md, 5.4: from 3.5.3 on only srvr is on the list unless somebody put more there. */
  'told-in-full': {
    name: 'Servers tell all that they know',
    source: 'ZooKeeper Administrator’s Guide, 4lw.commands.whitelist: only srvr by default from 3.5.3 on',
    judge: ({ servers }) => {
      const silent = servers.filter(({ gap }) => gap === 'MNTR_NOT_ALLOWED')
      const failed = servers.filter(({ gap }) => gap === 'ADMIN_FAILED')
      const findings: Finding[] = []
      if (silent.length > 0) {
        findings.push({
          severity: 'note',
          title: 'Not all numbers are told: mntr is not allowed',
          servers: namesOf(silent),
          evidence: 'the answer to mntr is that it is not in the whitelist',
          remedy:
            'put the line 4lw.commands.whitelist=srvr, mntr, conf into zoo.cfg and restart one server after the other, or give the addresses of the AdminServers in the settings',
        })
      }
      if (failed.length > 0) {
        findings.push({
          severity: 'note',
          title: 'An AdminServer does not answer',
          servers: namesOf(failed),
          evidence: failed.map(({ server, faultMessage }) => `${server}: ${faultMessage ?? 'no answer'}`).join('; '),
          remedy: 'test the AdminServers in the settings of this cluster',
        })
      }
      return findings.length > 0 ? found(...findings) : CLEAR
    },
  },
}

/** A smaller count is that of a new start. */
function grown(counts: readonly (bigint | null)[]): bigint {
  const told = counts.flatMap((count) => (count === null ? [] : [count]))
  return told.reduce((sum, count, i) => {
    const before = told[i - 1]
    return before === undefined || count <= before ? sum : sum + (count - before)
  }, 0n)
}
