import type { ServiceContext } from '../context.ts'
import { mutate } from '../gate.ts'
import type { JobRun } from '../jobs/job-run.ts'
import type { FoundArchive } from './walk-store.ts'

interface Place {
  readonly id: string
  readonly name: string
}

/** As clusters/schemas.ts lets them be: a name from a store is no more trusted than one from a form. */
const NAME = /^[\p{L}\p{N}][\p{L}\p{N} ._-]{0,59}$/u

/** It becomes the name of a folder in every store that the backup is copied to. */
function toName(text: string): string {
  if (NAME.test(text)) return text
  return `found ${text.replaceAll(/[^\p{L}\p{N} ._-]+/gu, '_')}`.slice(0, 60).trimEnd()
}

/**
 * The cluster that an archive is of: by its id, else by its name. One that is not known is added, read-only and without credentials, at the
 * address that the manifest names, so that its backups are listed, found and restored like any others; where no address is known, its backups
 * stand under its name, as those of a cluster that was removed.
 */
export class ClusterFinder {
  readonly #context: ServiceContext
  readonly #log: JobRun['log']
  readonly #known = new Map<string, Place>()

  constructor(context: ServiceContext, log: JobRun['log']) {
    this.#context = context
    this.#log = log
  }

  async find({ manifest, note }: Extract<FoundArchive, { readonly kind: 'archive' }>): Promise<Place> {
    const name = toName(note?.cluster.name ?? manifest.cluster.name)
    const key = `${note?.cluster.id ?? ''} ${name}`
    const known =
      this.#known.get(key) ??
      (await this.#look(note?.cluster.id ?? null, name, note?.cluster.connectString ?? manifest.cluster.connectString))
    this.#known.set(key, known)
    return known
  }

  async #look(id: string | null, name: string, connectString: string | null): Promise<Place> {
    const { db } = this.#context
    const select = { id: true, name: true } as const
    const byId =
      id === null ? null : await db.cluster.findUnique({ where: { id }, select: { ...select, removedAt: true } })
    if (byId) return { id: byId.id, name: byId.removedAt === null ? byId.name : name }
    const byName = await db.cluster.findFirst({ where: { name, removedAt: null }, select })
    if (byName) return byName
    // Backups of a cluster that has no row any more.
    const former = await db.backup.findFirst({
      where: id === null ? { clusterName: name } : { clusterId: id },
      orderBy: { id: 'asc' },
      select: { clusterId: true },
    })
    const newId = id ?? former?.clusterId ?? this.#context.newId()
    if (connectString !== null) await this.#add({ id: newId, name }, connectString)
    return { id: newId, name }
  }

  async #add(cluster: Place, connectString: string): Promise<void> {
    await mutate(
      this.#context,
      { action: 'cluster.add', cluster, after: { connectString, foundBy: 'rescan' } },
      async (tx) => {
        await tx.cluster.create({
          data: {
            ...cluster,
            connectString,
            environment: 'production',
            sessionTimeoutMs: 30_000,
            note: 'Found by a rescan of the stores: check its address and credentials',
          },
          select: { id: true },
        })
      },
    )
    await this.#log(
      'warn',
      'A cluster that was not known was added, read-only: the audit says which, and at what address',
    )
  }
}
