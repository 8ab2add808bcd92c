import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { createTestServices, type TestServices } from '../testing/service-context.ts'
import type { Role } from './context.ts'
import { mutate } from './gate.ts'
import { canSee, lookPast, PLACES } from './seen-by.ts'

vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 })

interface Walked {
  readonly model: string
  readonly place: {
    readonly main: string
    readonly orNone: boolean
    readonly other: string | undefined
    readonly otherOrNone: boolean
  }
}

type Reads = Record<
  'findMany' | 'findFirst' | 'findUnique' | 'count' | 'aggregate' | 'groupBy' | 'create',
  (args: unknown) => Promise<unknown>
>

let services: TestServices
beforeAll(async () => {
  services = await createTestServices()
  for (const model of MODELS) {
    for (const row of rowsOf(model)) await tableOf(services.database.client, model).create({ data: row })
  }
})
afterAll(() => services.close())

const NO_OTHER = { orNone: false, other: undefined, otherOrNone: false } as const
const SCHEMA = readFileSync(join(import.meta.dirname, '../../prisma/schema.prisma'), 'utf8')

/** Every table whose rows say of which cluster they are, so also those that are still to come. */
const MODELS: readonly Walked[] = Object.entries(PLACES).flatMap(([model, place]) =>
  place !== 'no cluster' && 'main' in place ? [{ model, place: { ...NO_OTHER, ...place } }] : [],
)

describe.each(MODELS)('$model', (table) => {
  const nullable = table.place.orNone
  const two = table.place.other !== undefined

  test.each<[string, Role, Record<string, Role>, (row: { main: string | null; other: string | null }) => boolean]>([
    ['sees everything with a role', 'viewer', { c1: 'admin' }, () => true],
    ['misses one cluster', 'admin', { c1: 'none' }, ({ main, other }) => main !== 'c1' && other !== 'c1'],
    [
      'sees one cluster only',
      'none',
      { c1: 'viewer', c3: 'viewer' },
      ({ main, other }) => main === 'c1' && other !== 'c2',
    ],
    ['sees nothing', 'none', {}, () => false],
  ])('whoever %s', async (_name, role, clusterRoles, isSeen) => {
    const { db } = services.contextOf({ kind: 'user', id: 'ann', name: 'Ann', role, clusterRoles })
    const reads = tableOf(db, table)
    const wanted = rowsOf(table).filter((row) => isSeen(placesOf(table, row)))
    const found = (await reads.findMany({})) as Record<string, unknown>[]
    const placesIn = (rows: readonly Record<string, unknown>[]) =>
      rows.map((row) => JSON.stringify(placesOf(table, row))).sort()
    expect(placesIn(found)).toEqual(placesIn(wanted))
    expect(await reads.count({})).toBe(wanted.length)
    expect(await reads.aggregate({ _count: true })).toMatchObject({ _count: wanted.length })
    const all = (await tableOf(services.database.client, table).findMany({})) as Record<string, unknown>[]
    for (const row of all) {
      const key = table.place.main === 'clusterId' && !('id' in row) ? 'clusterId' : 'id'
      const seen = isSeen(placesOf(table, row))
      expect(
        (await reads.findUnique({ where: { [key]: row[key] } })) !== null,
        JSON.stringify(placesOf(table, row)),
      ).toBe(seen)
      expect((await reads.findFirst({ where: { AND: [{ [key]: row[key] }] } })) !== null).toBe(seen)
    }
  })

  test('is walked with what it can hold', () => {
    expect(rowsOf(table).some((row) => placesOf(table, row).main === null)).toBe(nullable)
    expect(rowsOf(table).some((row) => placesOf(table, row).other === 'c2')).toBe(two)
  })
})

test('of what hangs on a row only that of a row that is seen is there', async () => {
  const { client } = services.database
  const at = new Date(0)
  for (const jobId of ['Job-0', 'Job-1'])
    await client.jobLog.create({ data: { jobId, at, level: 'info', message: `of ${jobId}` } })
  const { db } = services.contextOf({
    kind: 'user',
    id: 'ann',
    name: 'Ann',
    role: 'viewer',
    clusterRoles: { c1: 'none' },
  })
  expect(await db.jobLog.findMany({ select: { message: true } })).toEqual([{ message: 'of Job-1' }])
  expect(await db.jobLog.count({ where: { jobId: 'Job-0' } })).toBe(0)
})

test('inside a transaction as well, and past it only where a rule asks', async () => {
  const context = services.contextOf({
    kind: 'user',
    id: 'ann',
    name: 'Ann',
    role: 'operator',
    clusterRoles: { c1: 'none' },
  })
  const find = (tx: Pick<typeof context.db, 'cluster'>) => tx.cluster.findUnique({ where: { id: 'c1' } })
  await mutate(context, { action: 'backup.note', cluster: { id: 'c2', name: 'c2' } }, async (tx) => {
    expect(await find(tx)).toBeNull()
    expect(await lookPast(() => find(tx))).toMatchObject({ id: 'c1' })
    expect(await find(tx)).toBeNull()
  })
  await expect(context.sessions.borrow('c1')).rejects.toMatchObject({ code: 'NOT_FOUND' })
})

test('a role at one cluster says nothing of another', () => {
  const actor = { role: 'none', clusterRoles: { c1: 'viewer' } } as const
  expect([canSee(actor, 'c1'), canSee(actor, 'c2'), canSee(actor, null), canSee(actor, 'constructor')]).toEqual([
    true,
    false,
    false,
    false,
  ])
})

function tableOf(db: object, { model }: Pick<Walked, 'model'>): Reads {
  // By its name: the test walks every table that there is.
  return (db as Record<string, Reads>)[`${model[0]?.toLowerCase()}${model.slice(1)}`] as Reads
}

function placesOf({ place }: Walked, row: Record<string, unknown>): { main: string | null; other: string | null } {
  const of = (column: string | undefined) => (column === undefined ? null : ((row[column] as string | null) ?? null))
  return { main: of(place.main), other: of(place.other) }
}

/** Of both clusters, of one with the other beside it, of none: as far as the table can hold it. */
function rowsOf(table: Walked): Record<string, unknown>[] {
  const { model, place } = table
  const beside = (other: string | null) =>
    place.other === undefined || (other === null && !place.otherOrNone) ? {} : { [place.other]: other }
  const isOwnId = place.main === 'id'
  const rows = [
    { [place.main]: 'c1', ...beside(place.otherOrNone ? null : 'c3') },
    { [place.main]: 'c2', ...beside(place.otherOrNone ? null : 'c3') },
    ...(place.orNone ? [{ [place.main]: null, ...beside(null) }] : []),
    ...(place.other
      ? [
          { [place.main]: 'c1', [place.other]: 'c2' },
          { [place.main]: 'c2', [place.other]: 'c1' },
        ]
      : []),
  ]
  return rows.map((row, index) => ({
    ...fill(model, `${model}-${index}`),
    ...(isOwnId ? { name: row[place.main] } : {}),
    ...row,
  }))
}

/** What a row of that table must have, by the schema. */
function fill(model: string, id: string): Record<string, unknown> {
  const body = new RegExp(`^model ${model} \\{\\n([^]*?)\\n\\}`, 'm').exec(SCHEMA)?.[1] ?? ''
  const values: Record<string, unknown> = {
    String: id,
    Int: 1,
    BigInt: 1n,
    Boolean: true,
    DateTime: new Date(0),
    Json: {},
    Bytes: new Uint8Array(1),
  }
  const row: Record<string, unknown> = {}
  for (const line of body.split('\n')) {
    const [, name = '', type = ''] = /^ {2}(\w+) +(\w+)(?!\?|\[)\b(?![?[])/.exec(line) ?? []
    if (name === '' || !(type in values) || /@default|@updatedAt/.test(line)) continue
    row[name] = name === 'id' && type === 'Int' ? undefined : values[type]
  }
  return row
}

test('what one copy of this file has narrowed, another one looks past: bundles hold one each', async () => {
  const { db } = services.contextOf({ kind: 'user', id: 'ann', name: 'Ann', role: 'none', clusterRoles: {} })
  vi.resetModules()
  const copy = await import('./seen-by.ts')
  expect(copy.lookPast).not.toBe(lookPast)
  expect(await db.cluster.count()).toBe(0)
  expect(await copy.lookPast(() => db.cluster.count())).toBeGreaterThan(0)
})
