import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { findCycles, readSourceFiles, type SourceFile, type SourceImport } from './testing/import-graph.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const files = readSourceFiles(ROOT, ['lib', 'app'])
const isTest = (path: string) => /\.test\.tsx?$/.test(path)
const shipped = files.filter((file) => !isTest(file.path) && !file.path.startsWith('lib/testing/'))

/**
 * Which rooms a room may import, besides itself. `types:` in front: only what the compiler erases; the value comes through the context.
 * A room is the longest prefix that is listed here.
 */
const ROOMS: Readonly<Record<string, readonly string[]>> = {
  'lib/base': [],
  'lib/domain/value': ['lib/base', 'lib/domain/znode', 'lib/domain/diff'],
  'lib/domain/znode': ['lib/base'],
  'lib/domain/snapshot': ['lib/base', 'lib/domain/znode'],
  'lib/domain/diff': ['lib/base', 'lib/domain/znode'],
  'lib/domain/restore': ['lib/base', 'lib/domain/znode', 'lib/domain/diff'],
  'lib/domain/txnlog': ['lib/base', 'lib/domain/znode', 'lib/domain/snapshot'],
  'lib/domain/retention': ['lib/base'],
  'lib/domain/alerts': ['lib/base'],
  'lib/domain/guards': ['lib/base', 'lib/domain/znode', 'lib/domain/diff', 'lib/domain/snapshot', 'lib/domain/restore'],
  'lib/domain/imports': ['lib/base', 'lib/domain/znode'],
  'lib/domain/health': ['lib/base'],
  'lib/adapters/adminserver': ['lib/base', 'lib/domain'],
  'lib/adapters/age': ['lib/base', 'lib/domain'],
  // The files of archives are encrypted below all that reads or writes them.
  'lib/adapters/archive': ['lib/base', 'lib/domain', 'lib/adapters/age'],
  'lib/adapters/database': ['lib/base', 'lib/domain'],
  'lib/adapters/members': ['lib/base', 'lib/domain'],
  'lib/adapters/oidc': ['lib/base', 'lib/domain'],
  'lib/adapters/log': ['lib/base', 'lib/domain'],
  // Notices leave by the same guarded way as the audit.
  'lib/adapters/notify': ['lib/base', 'lib/domain', 'lib/adapters/log'],
  'lib/adapters/s3': ['lib/base', 'lib/domain', 'lib/adapters/log'],
  'lib/adapters/scratch': ['lib/base', 'lib/domain'],
  'lib/adapters/secrets': ['lib/base', 'lib/domain'],
  // Files of jobs, in the database where hosts share nothing else.
  'lib/adapters/workfiles': ['lib/base', 'types:lib/adapters/database'],
  'lib/adapters/zookeeper': ['lib/base', 'lib/domain'],
  'lib/jobs': ['lib/base', 'types:lib/adapters/database'],
  'lib/services': ['lib/base', 'lib/domain', 'lib/jobs', 'types:lib/adapters'],
  'lib/runtime': ['lib/base', 'lib/domain', 'lib/jobs', 'lib/services', 'lib/adapters'],
  'lib/worker': ['lib/base', 'lib/jobs', 'lib/services', 'lib/runtime', 'types:lib/adapters', 'types:lib/domain'],
  // The command line has no database and no people, so it makes its own context.
  'lib/cli': ['lib/base', 'lib/domain', 'lib/services', 'lib/runtime', 'lib/adapters'],
  'app/_ui': [],
  'app/_nav': ['lib/base', 'lib/domain'],
  'app/_components': ['app/_ui', 'app/_nav', 'lib/base', 'lib/domain', 'lib/services'],
  'app/_server': ['app/_nav', 'lib/base', 'lib/domain', 'lib/services', 'lib/runtime'],
  app: ['app', 'lib/base', 'lib/domain', 'lib/services'],
}

/** Pure files that may be used from wherever their room may be named: what it throws, what it parses, what a form shares with it. */
const OPEN_FILES = /^lib\/adapters\/[a-z0-9]+\/errors\.ts$|^lib\/adapters\/zookeeper\/connect-string\.ts$/
const OPEN_TO_ALL = /^package\.json$|^lib\/services\/[a-z]+\/schemas\.ts$/

/** `from → to` that stand for a while against the table. This list may only shrink. */
const ALLOWED: readonly string[] = [
  'app/(auth)/sign-in/loaders.ts → lib/runtime/runtime.ts',
  'app/api/auth/[...all]/route.ts → lib/runtime/runtime.ts',
]

const PAGE_FILES = ['page.tsx', 'loading.tsx', 'error.tsx', 'layout.tsx', 'not-found.tsx', 'loaders.ts', 'actions.ts']
const ENVIRONMENT_ROOMS = ['lib/runtime/', 'lib/testing/', 'lib/cli/']
const isIn = (path: string, room: string) => path === room || path.startsWith(`${room}/`)

function roomOf(path: string): string | undefined {
  return Object.keys(ROOMS)
    .filter((room) => isIn(path, room))
    .sort((a, b) => b.length - a.length)[0]
}

function isAllowed(room: string, { to, typeOnly }: SourceImport & { to: string }): boolean {
  if (isIn(to, room) || (OPEN_TO_ALL.test(to) && !room.startsWith('lib/domain') && room !== 'lib/base')) return true
  return (ROOMS[room] ?? []).some((entry) => {
    const target = entry.replace(/^types:/, '')
    return isIn(to, target) && (!entry.startsWith('types:') || typeOnly || OPEN_FILES.test(to))
  })
}

function ownImports(file: SourceFile): (SourceImport & { to: string })[] {
  return file.imports.flatMap((one) => (one.to === null ? [] : [{ ...one, to: one.to }]))
}

const importsOfPackages = (file: SourceFile) =>
  file.imports.filter((one) => one.to === null).map((one) => one.specifier)
const isClient = (file: SourceFile) => /^\s*['"]use client['"]/.test(file.code)

describe('rooms', () => {
  it('reads the tree: a test that sees no files proves nothing', () => {
    expect(shipped.map((file) => file.path)).toContain('lib/base/errors.ts')
    expect(files.flatMap(ownImports).length).toBeGreaterThan(50)
  })

  it('every file of lib lies in a room that says what it may import', () => {
    const homeless = shipped.filter((file) => file.path.startsWith('lib/') && roomOf(file.path) === undefined)
    expect(homeless.map((file) => file.path)).toEqual([])
  })

  it('a room imports only from the rooms below it', () => {
    const wrong = shipped.flatMap((file) => {
      const room = roomOf(file.path) ?? ''
      return ownImports(file)
        .filter((one) => !isAllowed(room, one))
        .map((one) => `${file.path} → ${one.to}`)
    })
    expect(wrong.filter((arrow) => !ALLOWED.includes(arrow))).toEqual([])
    expect(ALLOWED.filter((arrow) => !wrong.includes(arrow))).toEqual([])
  })

  it('imports that bind code make no circle', () => {
    const edges = shipped.map((file): [string, string[]] => [
      file.path,
      ownImports(file)
        .filter((one) => !one.typeOnly)
        .map((one) => one.to),
    ])
    expect(findCycles(new Map(edges)).map((cycle) => cycle.join(' → '))).toEqual([])
  })

  it('nothing in lib knows the web framework', () => {
    const wrong = files
      .filter((file) => file.path.startsWith('lib/'))
      .flatMap((file) =>
        importsOfPackages(file)
          .filter((name) => /^(next|react|react-dom|server-only|client-only)(\/|$)/.test(name))
          .map((name) => `${file.path} → ${name}`),
      )
    expect(wrong).toEqual([])
  })

  it('the domain does no input or output', () => {
    const wrong = shipped
      .filter((file) => file.path.startsWith('lib/domain/'))
      .flatMap((file) => {
        const pure = [
          'node:crypto',
          'zod',
          'croner',
          'cronstrue',
          ...(file.path.startsWith('lib/domain/snapshot/') ? ['node:zlib'] : []),
        ]
        return importsOfPackages(file)
          .filter((name) => !pure.includes(name))
          .map((name) => `${file.path} → ${name}`)
      })
    expect(wrong).toEqual([])
  })

  it('the environment is read where the context is made, and nowhere else', () => {
    const readers = files.filter(
      (file) =>
        /\bprocess\s*(\.\s*env\b|\[\s*['"]env)/.test(file.code) &&
        !isTest(file.path) &&
        !ENVIRONMENT_ROOMS.some((room) => file.path.startsWith(room)),
    )
    expect(readers.map((file) => file.path)).toEqual([])
  })

  it('the database is written only by services and jobs, inside the gate', () => {
    const wrong = shipped.filter(
      (file) =>
        /\.\$(transaction|executeRaw|executeRawUnsafe)\b/.test(file.code) && !MAY_OPEN_TRANSACTIONS.test(file.path),
    )
    expect(wrong.map((file) => file.path)).toEqual([])
  })

  it('what is written outside of the gate is the state of work that is on record already', () => {
    const writers = shipped.filter(
      ({ path, code }) =>
        /^(app|lib\/(services|worker|runtime|cli))\//.test(path) &&
        /\bdb\s*\.\w+\s*\.(create|createMany|update|updateMany|upsert|delete|deleteMany)\b/.test(code),
    )
    expect(writers.map((file) => file.path).sort()).toEqual([...KEEPS_STATE].sort())
  })
})

/** Progress, leases, outcomes and last uses: each follows from something that has an entry. A change that somebody wants never goes here. */
const KEEPS_STATE: readonly string[] = [
  'lib/runtime/same-keys.ts',
  'lib/services/alerts/look-at-certificates.ts',
  'lib/services/alerts/run-due-alerts.ts',
  'lib/services/alerts/run-due-deliveries.ts',
  'lib/services/alerts/run-due-drift.ts',
  'lib/services/api/answer-once.ts',
  'lib/services/audit/forward-audit.ts',
  'lib/services/audit/run-audit-watch.ts',
  'lib/services/diffs/run-diff.ts',
  'lib/services/drills/run-due-drills.ts',
  'lib/services/edits/edit-record.ts',
  'lib/services/follow/follow-report.ts',
  'lib/services/follow/follow-runs.ts',
  'lib/services/follow/record-gap.ts',
  'lib/services/follow/same-ensemble.ts',
  'lib/services/health/run-due-health.ts',
  'lib/services/keep-rules/run-due-keep-rules.ts',
  'lib/services/live/record-hits.ts',
  'lib/services/live/run-due-live-drift.ts',
  'lib/services/logs/base-places.ts',
  'lib/services/logs/place-pieces.ts',
  'lib/services/logs/prune-bases.ts',
  'lib/services/logs/reread-base.ts',
  'lib/services/logs/reread-piece.ts',
  'lib/services/logs/run-due-log-mirrors.ts',
  'lib/services/logs/run-due-logs.ts',
  'lib/services/mend-due-rows.ts',
  'lib/services/migrations/run-due-migrations.ts',
  'lib/services/physical/work-on-physical.ts',
  'lib/services/rereads/run-due-rereads.ts',
  'lib/services/restores/run-restore.ts',
  'lib/services/schedules/mend-schedules.ts',
  'lib/services/schedules/run-due-schedules.ts',
  'lib/services/searches/run-search.ts',
  'lib/services/stores/copy-backup.ts',
  'lib/services/stores/run-due-stores.ts',
  'lib/services/stores/upload-book.ts',
  'lib/services/tokens/find-token-actor.ts',
  'lib/worker/queue.ts',
]

/** The queue joins operations of lib/jobs; the gate is the one way of a service to change anything. */
const MAY_OPEN_TRANSACTIONS =
  /^lib\/(adapters\/(database|workfiles)|jobs)\/|^lib\/worker\/queue\.ts$|^lib\/services\/(gate|audit\/write-audit)\.ts$/

describe('the dashboard', () => {
  it('a page folder holds only the files that a page is made of', () => {
    const unknown = files.flatMap(({ path }) => {
      const segments = path.split('/')
      if (segments[0] !== 'app' || segments[1] !== '(console)' || isTest(path)) return []
      return segments.includes('_components') || PAGE_FILES.includes(segments.at(-1) ?? '') ? [] : [path]
    })
    expect(unknown).toEqual([])
  })

  it('every door is on the map of roles, which a spec walks with every lesser role', () => {
    const map = readFileSync(join(ROOT, 'e2e/support/role-map.ts'), 'utf8')
    const actions = files
      .filter(isServerAction)
      .flatMap(({ code }) => [...code.matchAll(/export (?:const|async function) (\w+)/g)].map(([, name]) => `${name}`))
    expect(actions.length).toBeGreaterThan(40)
    expect(actions.filter((name) => !new RegExp(`\\b${name}\\b`).test(map))).toEqual([])
    const changing = files.flatMap(({ path, code }) =>
      path.startsWith('app/api/') && !/^app\/api\/(auth|v1)\//.test(path) && path.endsWith('/route.ts')
        ? [...code.matchAll(/export (?:async )?(?:const|function) (POST|PUT|PATCH|DELETE)\b/g)].map(
            ([, method]) => `method: '${method}', pattern: '${path.slice('app'.length, -'/route.ts'.length)}'`,
          )
        : [],
    )
    expect(changing.length).toBeGreaterThan(2)
    expect(changing.filter((door) => !map.includes(door))).toEqual([])
  })

  it('what runs in the browser pulls in no server code, however far away', () => {
    const byPath = new Map(shipped.map((file) => [file.path, file]))
    const queue = shipped.filter(isClient)
    const seen = new Set(queue)
    const wrong: string[] = []
    for (const file of queue) {
      wrong.push(
        ...importsOfPackages(file)
          .filter(isForServer)
          .map((name) => `${file.path} → ${name}`),
      )
      for (const { to, typeOnly } of ownImports(file)) {
        if (typeOnly) continue
        if (!isForBrowser(to)) wrong.push(`${file.path} → ${to}`)
        const next = byPath.get(to)
        if (!next || seen.has(next) || isServerAction(next)) continue
        seen.add(next)
        queue.push(next)
      }
    }
    expect(wrong).toEqual([])
    expect(seen.size).toBeGreaterThan(0)
  })
})

/** Called over the network: importing one binds no code of the server. */
function isServerAction(file: SourceFile): boolean {
  return /^\s*['"]use server['"]/.test(file.code)
}

const isForServer = (name: string) => /^(node:|server-only$|better-sqlite3|node-zookeeper-client|pino$)/.test(name)

function isForBrowser(path: string): boolean {
  if (/^lib\/(base|domain)\//.test(path) || path.endsWith('.css')) return true
  if (path.startsWith('lib/services/')) return /\/(schemas|tree-ref|policy)\.ts$/.test(path)
  return path.startsWith('app/') && !path.startsWith('app/_server/') && !/\/(loaders|route)\.ts$/.test(path)
}
