import { access, constants, lstat, realpath } from 'node:fs/promises'
import { relative, sep } from 'node:path'
import type { z } from 'zod'
import { countOf } from '../../base/count-of.ts'
import { isArkeeperError } from '../../base/errors.ts'
import type { ServiceContext } from '../context.ts'
import { ServiceError } from '../errors.ts'
import { assertActorCan, mutate, type Transaction } from '../gate.ts'
import { parseInput } from '../parse-input.ts'
import { BUILT_IN_NAME, getStore, listStores } from './find-store.ts'
import { toPlace } from './list-store-views.ts'
import { DEFAULT_STORE_ID, storeInputSchema } from './schemas.ts'

type StoreInput = z.input<typeof storeInputSchema>
type Parsed = z.output<typeof storeInputSchema>

/** A new store. Nothing is written to it: testing it is another step. */
export async function addStore(context: ServiceContext, input: StoreInput): Promise<{ readonly storeId: string }> {
  const parsed = parseInput(storeInputSchema, input)
  await assertActorCan(context, { action: 'store.add', after: { store: parsed.name } })
  await assertUsable(context, parsed, null)
  const id = context.newId()
  await mutate(context, { action: 'store.add', after: { id, ...factsOf(parsed) } }, async (tx) => {
    await assertNameFree(tx, parsed.name, null)
    await tx.store.create({
      data: {
        id,
        name: parsed.name,
        note: parsed.note,
        kind: parsed.kind,
        settings: parsed.settings,
        secret: secretOf(context, parsed, null),
        createdById: context.actor.id,
        nextRunAt: parsed.kind === 's3' ? new Date(context.clock.now()) : null,
      },
      select: { id: true },
    })
  })
  return { storeId: id }
}

/** What leads elsewhere (bucket, prefix, folder) stays as long as backups are in it: the catalog would point into the void. */
export async function changeStore(context: ServiceContext, storeId: string, input: StoreInput): Promise<void> {
  const parsed = parseInput(storeInputSchema, input)
  await assertActorCan(context, { action: 'store.change', after: { store: parsed.name } })
  assertNotBuiltIn(storeId, 'changed')
  const store = await getStore(context, storeId)
  if (store.kind !== parsed.kind) {
    throw new ServiceError('INVALID_INPUT', `${store.name} cannot become a store of another kind`, {
      unaffected: 'nothing was changed',
      remedy: 'add another store',
    })
  }
  await assertUsable(context, parsed, storeId)
  const isMoved =
    parsed.kind === 'folder'
      ? store.kind === 'folder' && store.path !== parsed.settings.path
      : store.kind === 's3' &&
        (store.settings.bucket !== parsed.settings.bucket || store.settings.prefix !== parsed.settings.prefix)
  await mutate(context, { action: 'store.change', after: { id: storeId, ...factsOf(parsed) } }, async (tx, record) => {
    const before = await tx.store.findUniqueOrThrow({
      where: { id: storeId },
      select: { name: true, secret: true },
    })
    record({ before: { name: before.name, where: toPlace(store).where } })
    await assertNameFree(tx, parsed.name, storeId)
    const use = await countUse(tx, storeId)
    const pieces = (await tx.logPiece.count({ where: { storeId } })) + (await tx.logBase.count({ where: { storeId } }))
    if (isMoved && use.backups + use.copies + pieces > 0) {
      const inIt = [
        ...(use.backups + use.copies > 0 ? [countOf(use.backups + use.copies, 'backup')] : []),
        ...(pieces > 0 ? [`${countOf(pieces, 'piece')} of transaction logs`] : []),
      ]
      throw new ServiceError('STORE_IN_USE', `${store.name} cannot lead elsewhere: ${inIt.join(' and ')} are in it`, {
        unaffected: 'nothing was changed',
        remedy: 'add another store and copy the backups there',
      })
    }
    await tx.store.update({
      where: { id: storeId },
      data: {
        name: parsed.name,
        note: parsed.note,
        settings: parsed.settings,
        secret: secretOf(context, parsed, before.secret),
        revision: { increment: 1 },
        testedAt: null,
      },
      select: { id: true },
    })
  })
}

/** Forgets a store that nothing uses. What lies in it is not touched. */
export async function removeStore(context: ServiceContext, storeId: string): Promise<void> {
  await assertActorCan(context, { action: 'store.remove', before: { id: storeId } })
  assertNotBuiltIn(storeId, 'removed')
  const { name } = await getStore(context, storeId)
  await mutate(context, { action: 'store.remove', before: { id: storeId, store: name } }, async (tx) => {
    const use = await countUse(tx, storeId)
    const parts = [
      ...(use.backups > 0 ? [`${use.backups} backups`] : []),
      ...(use.copies > 0 ? [`${use.copies} copies`] : []),
      ...(use.clusters > 0 ? [`the settings of ${use.clusters} clusters`] : []),
    ]
    if (parts.length > 0) {
      throw new ServiceError('STORE_IN_USE', `${name} is in use: ${parts.join(', ')}`, {
        unaffected: 'nothing was removed',
        remedy: 'delete or copy what is in it, and choose other stores in the settings of the clusters',
      })
    }
    await tx.storeUpload.deleteMany({ where: { storeId } })
    await tx.logMirror.deleteMany({ where: { storeId } })
    await tx.logPiece.deleteMany({ where: { storeId } })
    await tx.logBase.deleteMany({ where: { storeId } })
    await tx.store.deleteMany({ where: { id: storeId } })
  })
}

async function countUse(tx: Transaction, storeId: string) {
  const [backups, copies, first, rules] = await Promise.all([
    tx.backup.count({ where: { storeId, OR: [{ deletedAt: null }, { removePending: true }] } }),
    tx.backupCopy.count({ where: { storeId, backup: { OR: [{ deletedAt: null }, { removePending: true }] } } }),
    tx.cluster.count({ where: { storeId, removedAt: null } }),
    tx.copyRule.count({ where: { storeId } }),
  ])
  return { backups, copies, clusters: first + rules }
}

function assertNotBuiltIn(storeId: string, what: string): void {
  if (storeId !== DEFAULT_STORE_ID) return
  throw new ServiceError('INVALID_INPUT', `The built-in folder cannot be ${what}`, {
    unaffected: 'nothing was changed',
    remedy: 'it is where ARKEEPER_STORE_DIR says',
  })
}

async function assertNameFree(tx: Transaction, name: string, exceptId: string | null): Promise<void> {
  const taken = await tx.store.findFirst({
    where: { name, ...(exceptId === null ? {} : { id: { not: exceptId } }) },
    select: { id: true },
  })
  if (!taken && name !== BUILT_IN_NAME) return
  throw new ServiceError('NAME_TAKEN', `There is a store of the name ${name} already`, {
    unaffected: 'nothing was changed',
    details: { fields: { name: 'This name is taken' } },
  })
}

function secretOf(
  { secrets }: Pick<ServiceContext, 'secrets'>,
  parsed: Parsed,
  known: Uint8Array<ArrayBuffer> | null,
): Uint8Array<ArrayBuffer> | null {
  if (parsed.kind === 'folder' || parsed.accessKeyId === '') return null
  const { accessKeyId, secretAccessKey } = parsed
  if (secretAccessKey !== '') return secrets.seal(JSON.stringify({ accessKeyId, secretAccessKey }))
  const former = known === null ? null : (JSON.parse(secrets.open(known)) as { readonly accessKeyId?: unknown })
  if (former?.accessKeyId === accessKeyId) return known
  throw new ServiceError('INVALID_INPUT', 'An access key needs its secret', {
    unaffected: 'nothing was changed',
    details: { fields: { secretAccessKey: 'Give the secret of this key' } },
  })
}

function factsOf({ name, kind, settings }: Parsed) {
  return { store: name, kind, ...settings, ...('ca' in settings ? { ca: settings.ca === null ? null : 'given' } : {}) }
}

/** A bucket is looked at by its test; an address that must not be asked is refused here already. */
async function assertUsable(context: ServiceContext, parsed: Parsed, exceptId: string | null): Promise<void> {
  if (parsed.kind === 's3') {
    const bucket = await context.objects.open(parsed.settings, { accessKeyId: 'none', secretAccessKey: 'none' })
    bucket.close()
    for (const other of await listStores(context)) {
      if (other.kind !== 's3' || other.id === exceptId) continue
      const { endpoint, bucket: name, prefix } = parsed.settings
      const isSameBucket = other.settings.endpoint === endpoint && other.settings.bucket === name
      const [a, b] = [other.settings.prefix, prefix]
      if (isSameBucket && (a.startsWith(b) || b.startsWith(a))) throw overlaps(other.name, 'prefix')
    }
    return
  }
  const { path } = parsed.settings
  const place = await findFolder(path)
  const real = (dir: string) => realpath(dir).catch(() => dir)
  const [dataDir, workDir] = [await real(context.paths.dataDir), await real(context.paths.workDir)]
  // What nobody works with any more is swept out of the one, and the keys of the installation lie in the other.
  if (isInside(place, workDir) || isInside(workDir, place) || isInside(dataDir, place)) {
    throw unusable(path, 'the work folder or the data folder of Arkeeper lies there')
  }
  for (const other of await listStores(context)) {
    if (other.kind !== 'folder' || other.id === exceptId) continue
    const at = await realpath(other.path).catch(() => other.path)
    if (isInside(place, at) || isInside(at, place)) throw overlaps(other.name, 'path')
  }
}

const isInside = (inner: string, outer: string) => {
  const way = relative(outer, inner)
  return way === '' || (way !== '..' && !way.startsWith(`..${sep}`))
}

async function findFolder(path: string): Promise<string> {
  try {
    const place = await realpath(path)
    if (!(await lstat(place)).isDirectory()) throw unusable(path, 'it is no folder')
    await access(place, constants.R_OK | constants.W_OK | constants.X_OK)
    return place
  } catch (error) {
    if (isArkeeperError(error)) throw error
    throw unusable(path, error instanceof Error ? error.message : 'it cannot be looked at')
  }
}

function unusable(path: string, why: string): ServiceError {
  return new ServiceError('INVALID_INPUT', `${path} cannot be a store: ${why}`, {
    unaffected: 'nothing was changed',
    remedy: 'give an existing folder of the server that its user may write; every host must see the same folder there',
    details: { fields: { path: why } },
  })
}

function overlaps(name: string, field: string): ServiceError {
  return new ServiceError('INVALID_INPUT', `This place lies in the store ${name}, or has it inside`, {
    unaffected: 'nothing was changed',
    details: { fields: { [field]: `Lies in ${name}, or has it inside` } },
  })
}
