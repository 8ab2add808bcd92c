import { CLEAR, found, type HealthFacts, type Judgement, type Rule, type Severity, unknown } from '../health-facts.ts'
import { hostOf } from '../members.ts'
import { type KnownSetting, propertyOf, runningOf, type ToldSettings, zooCfgOf } from '../told-settings.ts'

const GUIDE = 'ZooKeeper Administrator’s Guide'
const ASK_ADMIN = 'give the addresses of the AdminServers in the settings: system_properties tells it'
/** Connections of one server that make an unlimited number of them a danger. */
const MANY_CONNECTIONS = 1_000

interface Told {
  readonly server: string
  readonly value: string
}

/** By server, those that are known and those that are not; servers without any settings count as not known. */
function tell(facts: HealthFacts, find: (settings: ToldSettings) => KnownSetting) {
  const known: Told[] = []
  const silent: string[] = []
  for (const { server } of facts.servers) {
    const settings = facts.settings.find((each) => each.server === server)
    const setting = settings ? find(settings) : ({ known: false } as const)
    if (setting.known) known.push({ server, value: setting.value.trim() })
    else silent.push(server)
  }
  return { known, silent }
}

const isTrue = (value: string) => value.toLowerCase() === 'true'
const list = (told: readonly Told[], key: string) =>
  told.map(({ server, value }) => `${server}: ${key}=${value}`).join('; ')

/** A setting whose value is dangerous wherever it stands. */
function dangerous(rule: {
  readonly name: string
  readonly source: string
  readonly key: string
  readonly fallback: string
  readonly isDangerous: (value: string, facts: HealthFacts) => boolean
  readonly severity: Severity
  readonly title: string
  readonly remedy: string
}): Rule {
  return {
    name: rule.name,
    source: rule.source,
    judge: (facts) => {
      const { known, silent } = tell(facts, (settings) => propertyOf(settings, `zookeeper.${rule.key}`, rule.fallback))
      const wrong = known.filter(({ value }) => rule.isDangerous(value, facts))
      if (wrong.length > 0) {
        const { severity, title, remedy } = rule
        return found({
          severity,
          title,
          servers: wrong.map(({ server }) => server),
          evidence: list(wrong, rule.key),
          remedy,
        })
      }
      return silent.length > 0 || known.length === 0 ? notTold(silent) : CLEAR
    },
  }
}

/** A setting that every member must have alike. */
function alike(rule: {
  readonly name: string
  readonly source: string
  readonly key: string
  readonly find: (settings: ToldSettings) => KnownSetting
  readonly severity: Severity
  readonly title: string
  readonly remedy: string
}): Rule {
  return {
    name: rule.name,
    source: rule.source,
    judge: (facts) => {
      const { known, silent } = tell(facts, rule.find)
      const { severity, title, remedy } = rule
      if (new Set(known.map(({ value }) => value.toLowerCase())).size > 1) {
        return found({
          severity,
          title,
          servers: known.map(({ server }) => server),
          evidence: list(known, rule.key),
          remedy,
        })
      }
      return silent.length > 0 || known.length === 0 ? notTold(silent) : CLEAR
    },
  }
}

function notTold(silent: readonly string[]): Judgement {
  return unknown(`${silent.length > 0 ? silent.join(', ') : 'no server'} did not tell it; ${ASK_ADMIN}`)
}

export const settingRules: Readonly<Record<string, Rule>> = {
  /** zookeeper-facts.md, 1.2: the TTL znodes' owners look like dead sessions, and start-up kills what dead sessions own. */
  'extended-types': {
    name: 'TTL znodes survive a restart',
    source: 'proved on 3.8.0 and 3.9.6 servers: they vanish without a transaction',
    judge: (facts) => {
      const { ttlZnodes } = facts
      const { known, silent } = tell(facts, (told) => propertyOf(told, 'zookeeper.extendedTypesEnabled', 'false'))
      const off = known.filter(({ value }) => !isTrue(value))
      if (ttlZnodes !== null && ttlZnodes.count > 0 && off.length > 0) {
        return found({
          severity: 'danger',
          title: 'TTL znodes will vanish when these servers start again',
          servers: off.map(({ server }) => server),
          evidence: `a backup of ${ttlZnodes.takenAt.slice(0, 10)} holds ${ttlZnodes.count} TTL znodes; ${list(off, 'extendedTypesEnabled')}`,
          remedy: 'set -Dzookeeper.extendedTypesEnabled=true on every server before the next restart of any',
        })
      }
      if (ttlZnodes?.count === 0) return CLEAR
      if (known.length > 0 && off.length === 0 && silent.length === 0) return CLEAR
      return ttlZnodes === null
        ? unknown(
            'whether there are TTL znodes is not known: a client does not see them; a backup from files or an AdminServer does',
          )
        : notTold(silent)
    },
  },

  /** zookeeper-facts.md, 2.3: each kind of server cannot read the other's snapshots. */
  'digest-mixed': alike({
    name: 'All members keep digests, or none does',
    source: 'proved on 3.9 servers: snapshots of the one are unreadable to the other',
    key: 'digest.enabled',
    find: (told) => propertyOf(told, 'zookeeper.digest.enabled', 'true'),
    severity: 'danger',
    title: 'digest.enabled differs between the members',
    remedy:
      'make it the same on all; after a change of it on 3.9 a server cannot read its own snapshots: let it fetch one from the leader',
  }),

  'digest-off': dangerous({
    name: 'Digests are kept',
    source: 'ZooKeeper Administrator’s Guide, digest.enabled (3.6+)',
    key: 'digest.enabled',
    fallback: 'true',
    isDangerous: (value) => !isTrue(value),
    severity: 'note',
    title: 'No digests are kept',
    remedy:
      'without them a member that differs from the others is not noticed; mind that on 3.9 existing snapshots become unreadable when it is changed',
  }),

  'trust-empty': dangerous({
    name: 'A server without a snapshot does not start on its logs alone',
    source: 'ZooKeeper Administrator’s Guide, snapshot.trust.empty: meant for upgrades from 3.4 only',
    key: 'snapshot.trust.empty',
    fallback: 'false',
    isDangerous: isTrue,
    severity: 'warning',
    title: 'snapshot.trust.empty is on',
    remedy:
      'take it out once the upgrade from 3.4 is done: with it a server whose snapshots are lost starts with a part of the tree',
  }),

  'skip-acl': dangerous({
    name: 'ACLs are checked',
    source: `${GUIDE}, Unsafe Options: skipACL`,
    key: 'skipACL',
    fallback: 'no',
    isDangerous: (value) => value.toLowerCase() === 'yes',
    severity: 'danger',
    title: 'ACLs are not checked: everybody may read and write everything',
    remedy: 'set skipACL=no and restart one server after the other; clients without the right credentials will notice',
  }),

  'force-sync': dangerous({
    name: 'Transactions are synced to disk',
    source: `${GUIDE}, Unsafe Options: forceSync`,
    key: 'forceSync',
    fallback: 'yes',
    isDangerous: (value) => value.toLowerCase() === 'no',
    severity: 'danger',
    title: 'Transactions are acknowledged before they are on disk',
    remedy: 'set forceSync=yes: when machines lose power together, writes that clients believe in are lost',
  }),

  'leader-serves': dangerous({
    name: 'A large ensemble spares its leader',
    source: `${GUIDE}, leaderServes: recommended off with more than three servers`,
    key: 'leaderServes',
    fallback: 'yes',
    isDangerous: (value, { servers }) =>
      value.toLowerCase() !== 'no' && servers.filter(({ role }) => role !== 'standalone').length > 3,
    severity: 'note',
    title: 'The leader serves clients too',
    remedy:
      'with many writes set leaderServes=no on all servers; its client port then answers nobody, and only its AdminServer tells how it is',
  }),

  'all-words': dangerous({
    name: 'Only chosen four-letter words are allowed',
    source: `${GUIDE}, 4lw.commands.whitelist`,
    key: '4lw.commands.whitelist',
    fallback: 'srvr',
    isDangerous: (value) => value === '*',
    severity: 'warning',
    title: 'Every four-letter word is allowed to everybody who reaches the client port',
    remedy:
      'set 4lw.commands.whitelist=srvr, mntr, conf: some words list all sessions and watches, and hold a busy server up while they do',
  }),

  'max-buffer': alike({
    name: 'jute.maxbuffer is the same everywhere',
    source: `${GUIDE}, Unsafe Options: jute.maxbuffer must be set alike`,
    key: 'jute.maxbuffer',
    find: (told) => propertyOf(told, 'jute.maxbuffer', '1048575'),
    severity: 'danger',
    title: 'jute.maxbuffer differs between the members',
    remedy:
      'raise it to the largest on all: a member with a smaller one cannot read what the others have written, and does not start',
  }),

  /** zookeeper-facts.md, 4: up to Java 17 paths are hashed in the charset of the JVM. */
  'charset-mixed': alike({
    name: 'All members hash paths in one charset',
    source: 'proved on Java 17 servers: non-ASCII paths give different digests',
    key: 'file.encoding',
    find: ({ properties }) => {
      if (properties === null) return { known: false }
      const [java, charset] = [Number(properties['java.specification.version']), properties['file.encoding']]
      if (java >= 18) return { known: true, value: 'UTF-8', isDefault: true }
      return charset === undefined ? { known: false } : { known: true, value: charset, isDefault: false }
    },
    severity: 'warning',
    title: 'The members hash paths in different charsets',
    remedy:
      'start all with -Dfile.encoding=UTF-8: with non-ASCII paths their digests differ although their trees do not',
  }),

  /** Four voters survive one failure, as three do. */
  'even-voters': {
    name: 'The number of voters is odd',
    source: `${GUIDE}, Clustered (Multi-Server) Setup`,
    judge: ({ members, servers }) => {
      if (members === null) return unknown('which members there are was not told')
      const voters = members.filter(({ isVoter }) => isVoter).length
      if (voters === 0)
        return servers.some(({ role }) => role === 'standalone')
          ? CLEAR
          : unknown('which members there are was not told')
      return voters % 2 === 1
        ? CLEAR
        : found({
            severity: 'warning',
            title: 'An even number of voters',
            servers: [],
            evidence: `${voters} members vote; ${voters / 2 + 1} must serve, so that ${voters / 2 - 1} may fail, as with ${voters - 1}`,
            remedy: 'add a voter, or make one an observer',
          })
    },
  },

  'one-host': {
    name: 'Members live on different hosts',
    source: `${GUIDE}, Cross Machine Requirements`,
    judge: ({ members, servers }) => {
      const hosts =
        members && members.length > 0 ? members.map(({ host }) => host) : servers.map(({ server }) => hostOf(server))
      if (hosts.length === 0) return unknown('no server was looked at yet')
      if (hosts.length < 2 || servers.some(({ role }) => role === 'standalone')) return CLEAR
      return new Set(hosts.map((host) => host.toLowerCase())).size > 1
        ? CLEAR
        : found({
            severity: 'warning',
            title: 'All members live on one host',
            servers: [],
            evidence: `${hosts.length} members on ${hosts[0]}`,
            remedy: 'what takes that host takes the ensemble: spread the members over machines, switches and sites',
          })
    },
  },

  'unlimited-connections': {
    name: 'One client cannot take all connections',
    source: `${GUIDE}, maxClientCnxns`,
    judge: (facts) => {
      const { known, silent } = tell(facts, (told) => runningOf(told, 'maxClientCnxns'))
      const open = known.filter(({ server, value }) => {
        const own = facts.servers.find((each) => each.server === server)
        const { connections = null, openFiles = null, openFilesMax = null } = own ?? {}
        const isHigh = openFiles !== null && openFilesMax !== null && openFiles * 2 > Number(openFilesMax)
        return value === '0' && ((connections ?? 0) >= MANY_CONNECTIONS || isHigh)
      })
      if (open.length > 0) {
        return found({
          severity: 'warning',
          title: 'Connections are not limited, and many are in use',
          servers: open.map(({ server }) => server),
          evidence: list(open, 'maxClientCnxns'),
          remedy:
            'limit the connections of one address (maxClientCnxns, 60 by default): one client that leaks them takes all file descriptors',
        })
      }
      return silent.length > 0 || known.length === 0
        ? unknown(`${silent.join(', ') || 'no server'} did not tell it: AdminServers and the word conf do`)
        : CLEAR
    },
  },

  /** zookeeper-facts.md, 3.6: off unless it is set. */
  autopurge: {
    name: 'Old snapshots and logs are purged',
    source: 'ZooKeeper Administrator’s Guide, autopurge.purgeInterval: 0, which is off, by default',
    judge: (facts) => {
      const { known, silent } = tell(facts, (told) => zooCfgOf(told, 'autopurge.purgeInterval', '0'))
      const off = known.filter(({ value }) => !(Number(value) > 0))
      if (off.length > 0) {
        return found({
          severity: 'warning',
          title: 'Nothing purges old snapshots and logs',
          servers: off.map(({ server }) => server),
          evidence: list(off, 'autopurge.purgeInterval'),
          remedy:
            'set autopurge.purgeInterval=1 and a retain count that a backup of the files can live with; “On the servers” shows what the disk holds and when it is full',
        })
      }
      return silent.length > 0 || known.length === 0
        ? unknown(
            'no server gave its zoo.cfg away: an AdminServer of 3.6 or newer does, or the file, where the configuration of Arkeeper names it (zooCfg of a member)',
          )
        : CLEAR
    },
  },
}
