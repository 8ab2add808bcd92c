import type { AdminTarget } from '../../adapters/adminserver/admin-server.ts'
import type { ClusterConnection, ClusterTarget } from '../../adapters/zookeeper/connection.ts'
import { countOf } from '../../base/count-of.ts'
import { formatErrorLine, isArkeeperError } from '../../base/errors.ts'
import { type GuardedApplication, KNOWN_APPLICATIONS } from '../../domain/guards/application.ts'
import { ApplicationTally, type GuardedPlace, signaturesAt } from '../../domain/guards/application-tally.ts'
import { findHomes, warnOfHome } from '../../domain/guards/find-homes.ts'
import { GuardMatcher } from '../../domain/guards/guard-matcher.ts'
import { warnOfLiveUse } from '../../domain/guards/live-warnings.ts'
import { SequenceParents } from '../../domain/guards/sequence-parents.ts'
import { joinWarnings } from '../../domain/guards/severity.ts'
import { TouchedPaths } from '../../domain/guards/touched-paths.ts'
import type { PlanStep, PlanWarning } from '../../domain/restore/plan.ts'
import type { PlanSink } from '../../domain/restore/ports.ts'
import { ROOT } from '../../domain/znode/path.ts'
import type { TreeReader } from '../../domain/znode/ports.ts'
import type { ZnodeStream } from '../../domain/znode/znode.ts'
import type { EngineContext } from '../context.ts'
import type { PartialTree } from '../engine/scoped-tree.ts'
import { type AskedServer, askLiveUse } from './ask-live-use.ts'

/** Ephemerals that are kept in mind while a tree is walked. */
const EPHEMERALS_MAX = 100_000

export interface GuardedCluster {
  readonly connection: Pick<ClusterConnection, 'readMany' | 'sessionId'>
  readonly connectString: string
  readonly tls: ClusterTarget['tls']
  readonly admins?: readonly AdminTarget[]
}

/**
 * Watches a plan being made, and says what is dangerous about it: whose runtime state it writes, who watches or owns what is there now.
 * Looks at each step as it passes and holds hashes and counts, never the steps. Nothing of it is in the plan's hash: what clients do changes.
 */
export class PlanGuards {
  readonly #applications: readonly GuardedApplication[]
  readonly #touched = new TouchedPaths()
  readonly #tally: ApplicationTally
  readonly #faults: readonly PlanWarning[]
  readonly #ephemerals = new Map<bigint, string[]>()
  readonly #sequences = new SequenceParents()
  #ephemeralCount = 0
  #hasWalked = false

  private constructor(applications: readonly GuardedApplication[], faults: readonly PlanWarning[]) {
    this.#applications = applications
    this.#tally = new ApplicationTally(new GuardMatcher(applications))
    this.#faults = faults
  }

  /** With the entries of the configuration file. One that cannot be read is a warning of the plan, not its end. */
  static async open(context: Pick<EngineContext, 'guardRules'>): Promise<PlanGuards> {
    try {
      return new PlanGuards([...KNOWN_APPLICATIONS, ...((await context.guardRules?.list()) ?? [])], [])
    } catch (error) {
      if (!isArkeeperError(error)) throw error
      const message = `the guards of the configuration file are not looked at: ${formatErrorLine(error)}`
      return new PlanGuards(KNOWN_APPLICATIONS, [{ code: 'guards-unreadable', path: ROOT, message }])
    }
  }

  sink(inner: PlanSink): PlanSink {
    return {
      write: (step, line) => {
        this.add(step)
        return inner.write(step, line)
      },
    }
  }

  /** All that is to be said of a plan, the gravest first. */
  join(guards: readonly PlanWarning[], planner: readonly PlanWarning[]): PlanWarning[] {
    return joinWarnings(guards, planner, (parent) => this.#sequences.has(parent))
  }

  /** The live side of a comparison, whose ephemerals are remembered as they pass. */
  live(tree: PartialTree): PartialTree {
    return {
      get: (path, options) => tree.get(path, options),
      readSubtree: (root, options) => this.#watch(tree.readSubtree(root, options)),
    }
  }

  add(step: Pick<PlanStep, 'step' | 'path'>): void {
    // An ACL fires no watch and changes nothing that an application reads; a counter only goes forward, and only watches on children see it.
    if (step.step === 'setAcl' || step.step === 'advanceCounter') return
    this.#sequences.add(step.path)
    this.#touched.add(step.path)
    this.#tally.add(step.path, step.step === 'setData' ? 'change' : step.step)
  }

  /** After the last step. `source`: the tree that is put in place, paths as in the target; null for none. */
  async finish(
    context: EngineContext,
    cluster: GuardedCluster,
    source: Pick<TreeReader, 'get'> | null,
  ): Promise<{ readonly warnings: PlanWarning[]; readonly asked: readonly AskedServer[] }> {
    if (this.#touched.isEmpty) return { warnings: [...this.#faults], asked: [] }
    const [applications, use] = await Promise.all([
      this.applications(context, cluster.connection, source),
      askLiveUse(context, {
        connectString: cluster.connectString,
        tls: cluster.tls,
        admins: cluster.admins ?? [],
        ownSessions: [cluster.connection.sessionId],
        ephemerals: this.#hasWalked && this.#ephemeralCount <= EPHEMERALS_MAX ? this.#ephemerals : null,
      }),
    ])
    const notes = [...describeUnknown(use.asked), ...(use.knowsEphemerals ? [] : [OWNERS_UNKNOWN])]
    const live = warnOfLiveUse(use, this.#touched)
    return { warnings: [...applications, ...live, ...notes], asked: use.asked }
  }

  /** Applications that live at a path or reach into it, which would go with it. */
  async homes(
    context: Pick<EngineContext, 'signal'>,
    connection: Pick<ClusterConnection, 'readMany'>,
    path: string,
  ): Promise<PlanWarning[]> {
    const homes = findHomes(path, this.#applications)
    const isThere = await findPlaces(context, homes, connection, null)
    return homes.filter(isThere).map((home) => warnOfHome(home, path))
  }

  /** What applications are written to, those of them that are there. */
  async applications(
    context: Pick<EngineContext, 'signal'>,
    connection: Pick<ClusterConnection, 'readMany'>,
    source: Pick<TreeReader, 'get'> | null = null,
  ): Promise<PlanWarning[]> {
    const isThere = await findPlaces(context, this.#tally.places(), connection, source)
    return [...this.#tally.warnings(isThere), ...this.#faults]
  }

  async *#watch(stream: ZnodeStream): ZnodeStream {
    this.#hasWalked = true
    for await (const batch of stream) {
      for (const znode of batch.znodes) {
        this.#sequences.add(znode.path)
        if (znode.kind !== 'ephemeral' || ++this.#ephemeralCount > EPHEMERALS_MAX) continue
        const owner = znode.stat.ephemeralOwner
        const paths = this.#ephemerals.get(owner)
        if (paths === undefined) this.#ephemerals.set(owner, [znode.path])
        else paths.push(znode.path)
      }
      yield batch
    }
  }
}

const OWNERS_UNKNOWN: PlanWarning = {
  code: 'owners-unknown',
  path: ROOT,
  message: 'which sessions own ephemerals below is not known: no server tells it by dump',
  severity: 'note',
}

function describeUnknown(asked: readonly AskedServer[]): PlanWarning[] {
  const open = asked.filter(({ kind }) => kind !== 'known')
  if (open.length === 0) return []
  const reasons = open.slice(0, 5).map(({ server, message }) => `${server} (${message})`)
  const more = open.length > reasons.length ? ` and ${open.length - reasons.length} more` : ''
  return [
    {
      code: 'watches-unknown',
      path: ROOT,
      message: `who watches what it writes is not known on ${countOf(open.length, 'server')} of ${asked.length}: ${reasons.join(', ')}${more}`,
      severity: 'note',
      advice:
        'Not known is not none. To be told, allow wchs and wchp in 4lw.commands.whitelist, or set the AdminServers of the cluster.',
    },
  ]
}

/** Where an application is: one of its signatures exists on the cluster, or in what is put there. */
async function findPlaces(
  context: Pick<EngineContext, 'signal'>,
  places: readonly GuardedPlace[],
  connection: Pick<ClusterConnection, 'readMany'>,
  source: Pick<TreeReader, 'get'> | null,
): Promise<(place: GuardedPlace) => boolean> {
  const { signal } = context
  const wanted = [...new Set(places.flatMap((place) => signaturesAt(place).flat()))]
  const live = new Set<string>()
  if (wanted.length > 0) {
    const readings = await connection.readMany(wanted, { signal })
    // What may not be read is there all the same.
    readings.forEach((reading, i) => {
      if (reading.kind !== 'missing') live.add(wanted[i]!)
    })
  }
  const there = new Map<GuardedApplication, Set<string>>()
  for (const place of places) {
    const signatures = signaturesAt(place)
    const found = await anyOf(signatures, (path) => live.has(path))
    const isThere =
      found ||
      (source !== null &&
        (await anyOf(signatures, async (path) => (await source.get(path, { signal })).kind === 'found')))
    if (!isThere) continue
    const roots = there.get(place.application) ?? new Set()
    roots.add(place.root)
    there.set(place.application, roots)
  }
  return ({ application, root }) => there.get(application)?.has(root) ?? false
}

async function anyOf(
  signatures: readonly (readonly string[])[],
  exists: (path: string) => boolean | Promise<boolean>,
): Promise<boolean> {
  for (const paths of signatures) {
    let all = true
    for (const path of paths) {
      all = await exists(path)
      if (!all) break
    }
    if (all) return true
  }
  return false
}
