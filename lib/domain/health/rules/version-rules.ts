import { CLEAR, found, type HealthFacts, namesOf, type Rule, unknown } from '../health-facts.ts'
import { isBetween, parseVersion } from '../version.ts'

const DAY_MS = 24 * 3_600_000
/** As the project has announced it, known as of May 2026: 3.8 and 3.9 are maintained. */
const END_OF_LIFE: Readonly<Record<string, string>> = {
  '3.4': '2020-06-01',
  '3.5': '2022-06-01',
  '3.6': '2022-12-30',
  '3.7': '2024-02-02',
}

const versioned = ({ servers }: HealthFacts) => servers.filter(({ version }) => parseVersion(version) !== null)
const tell = (servers: readonly { readonly server: string; readonly version: string | null }[]) =>
  servers.map(({ server, version }) => `${server} runs ${version}`).join('; ')
const NO_VERSION = unknown('no server told its version')

export const versionRules: Readonly<Record<string, Rule>> = {
  /** peers.md: CVE-2025-58457 (GHSA-2hmj-97jw-28jh), fixed in 3.9.4 (ZOOKEEPER-4964). */
  'admin-privileges': {
    name: 'AdminServer checks who may take snapshots',
    source: 'CVE-2025-58457, ZOOKEEPER-4964',
    judge: (facts) => {
      const known = versioned(facts)
      if (known.length === 0) return NO_VERSION
      const flawed = known.filter(({ version }) => isBetween(version, '3.9.0', '3.9.4'))
      return flawed.length === 0
        ? CLEAR
        : found({
            severity: 'danger',
            title: 'The AdminServer lets clients without permission run snapshot and restore (CVE-2025-58457)',
            servers: namesOf(flawed),
            evidence: tell(flawed),
            remedy:
              'upgrade to 3.9.4 or newer; until then close admin.serverPort to others, or set admin.enableServer=false',
          })
    },
  },

  /** zookeeper-facts.md, 5.2. */
  'admin-forwarded-for': {
    name: 'AdminServer does not believe forged addresses',
    source: 'CVE-2024-51504',
    judge: (facts) => {
      const known = versioned(facts)
      if (known.length === 0) return NO_VERSION
      const flawed = known.filter(({ version }) => isBetween(version, '3.9.0', '3.9.3'))
      return flawed.length === 0
        ? CLEAR
        : found({
            severity: 'warning',
            title: 'The AdminServer believes the header X-Forwarded-For (CVE-2024-51504)',
            servers: namesOf(flawed),
            evidence: tell(flawed),
            remedy: 'upgrade to 3.9.4 or newer; until then do not protect “/” with an ACL of the scheme ip',
          })
    },
  },

  /** zookeeper-facts.md, 3.2: proved on 3.8.0. */
  'bare-check': {
    name: 'No single request can keep a server from starting',
    source: 'proved on a 3.8.0 server; fixed in 3.8.5 and 3.9.3',
    judge: (facts) => {
      const known = versioned(facts)
      if (known.length === 0) return NO_VERSION
      const flawed = known.filter(
        ({ version }) => isBetween(version, '3.4.0', '3.8.5') || isBetween(version, '3.9.0', '3.9.3'),
      )
      return flawed.length === 0
        ? CLEAR
        : found({
            severity: 'warning',
            title: 'A bare check request makes a server unable to start again',
            servers: namesOf(flawed),
            evidence: `${tell(flawed)}: a check outside of a multi is logged, and the log cannot be read back`,
            remedy:
              'upgrade to 3.8.5 or 3.9.3 and newer; until then let only known clients reach the client port, and keep backups off these servers',
          })
    },
  },

  /** https://zookeeper.apache.org/releases.html and news, as of May 2026. */
  'end-of-life': {
    name: 'The version is still maintained',
    source: 'zookeeper.apache.org/releases.html, known as of May 2026',
    judge: (facts) => {
      const known = versioned(facts)
      if (known.length === 0) return NO_VERSION
      const lineOf = (version: string | null) => (parseVersion(version) ?? []).slice(0, 2).join('.')
      const old = known.filter(({ version }) => {
        const [major = 0, minor = 0] = parseVersion(version) ?? []
        return major < 3 || (major === 3 && minor < 4) || END_OF_LIFE[lineOf(version)] !== undefined
      })
      const lines = [...new Set(old.map(({ version }) => lineOf(version)))]
      return old.length === 0
        ? CLEAR
        : found({
            severity: 'warning',
            title: 'No more security fixes for this version',
            servers: namesOf(old),
            evidence: lines
              .map((line) => `the line ${line} ended ${END_OF_LIFE[line] ? `on ${END_OF_LIFE[line]}` : 'before 3.4'}`)
              .join('; '),
            remedy: 'plan an upgrade to 3.8 or 3.9, one server after the other, after a backup and a drill of it',
          })
    },
  },

  /** Rolling upgrades mix versions for hours; longer means that one was forgotten. */
  'mixed-versions': {
    name: 'All servers run one version',
    source: 'ZooKeeper Administrator’s Guide, rolling upgrades',
    judge: (facts) => {
      const known = versioned(facts).filter(({ ok }) => ok)
      if (known.length === 0) return NO_VERSION
      const versions = new Set(known.map(({ version }) => version))
      if (versions.size < 2) return CLEAR
      const sinceMs = facts.versionsDifferSinceMs
      const isLong = sinceMs !== null && facts.nowMs - sinceMs > DAY_MS
      const since =
        sinceMs === null ? '' : `, at least since ${new Date(sinceMs).toISOString().slice(0, 16).replace('T', ' ')} UTC`
      return found({
        severity: isLong ? 'warning' : 'note',
        title: isLong
          ? 'Versions are mixed for longer than a rolling upgrade takes'
          : 'Versions are mixed, as during a rolling upgrade',
        servers: namesOf(known),
        evidence: `${tell(known)}${since}`,
        remedy: 'bring all servers to one version',
      })
    },
  },
}
