import { z } from 'zod'
import { findPatternFault } from '../diff/path-pattern.ts'
import { findPathFault } from '../znode/path.ts'
import bundled from './applications.json' with { type: 'json' }

/** What a znode is to its application. `config` is what people decide, all else is what the application writes for itself. */
export type GuardedKind = 'runtime' | 'config' | 'counter' | 'lock' | 'election'
/** `danger` must be ticked off before a plan is confirmed; `note` is only worth knowing. */
export type GuardSeverity = 'danger' | 'warning' | 'note'
/** What a write does to a znode. A changed ACL alone is none of them. */
export type GuardedAct = 'create' | 'change' | 'delete'

export interface GuardedNode {
  /** In the language of ignore rules (diff/path-pattern.ts), relative to the root of the application: `/brokers/ids/*`. */
  readonly pattern: string
  readonly what: GuardedKind
  readonly severity: GuardSeverity
  /** Absent: every act. */
  readonly on?: readonly GuardedAct[]
  /** One or two sentences for people: what a write does, and what to do instead. */
  readonly advice: string
}

/** One place of an application in a tree. An application with places of several shapes has several entries. */
export interface GuardedApplication {
  readonly application: string
  /** It is there where all paths of one of these lists exist below the same root. The root may be anywhere in the tree. */
  readonly signatures: readonly (readonly string[])[]
  /** Where its layout is written down: project and file, or the address of a document. */
  readonly source: string
  /** The first that fits a path speaks for it. */
  readonly nodes: readonly GuardedNode[]
}

const APPLICATIONS_MAX = 200
const NODES_MAX = 200

const signaturePath = z.string().superRefine((path, issues) => {
  const fault = path === '/' ? 'the root says nothing about who lives there' : findPathFault(path)
  if (fault !== null) issues.addIssue({ code: 'custom', message: fault })
})

const nodeSchema = z.strictObject({
  pattern: z.string().superRefine((pattern, issues) => {
    const fault = findPatternFault(pattern) ?? findAnchorFault(pattern)
    if (fault !== null) issues.addIssue({ code: 'custom', message: fault })
  }),
  what: z.enum(['runtime', 'config', 'counter', 'lock', 'election']),
  severity: z.enum(['danger', 'warning', 'note']).default('warning'),
  on: z
    .array(z.enum(['create', 'change', 'delete']))
    .min(1)
    .optional(),
  advice: z.string().trim().min(1).max(600),
})

const applicationSchema = z.strictObject({
  application: z.string().trim().min(1).max(60),
  signatures: z.array(z.array(signaturePath).min(1).max(10)).min(1).max(10),
  source: z.string().trim().min(1).max(300).default('the configuration file'),
  nodes: z.array(nodeSchema).min(1).max(NODES_MAX),
})

/** The form of a file of applications, for the bundled one and for those of users. */
export const applicationsSchema: z.ZodType<GuardedApplication[]> = z.array(applicationSchema).max(APPLICATIONS_MAX)

/**
 * The applications that the JSON names, or the reason why it cannot be understood: one clause that names the entry,
 * `application 2 (Kafka), nodes.0.pattern: the pattern does not start with /`.
 */
export function parseApplications(
  json: unknown,
): { readonly ok: true; readonly applications: GuardedApplication[] } | { readonly ok: false; readonly fault: string } {
  const parsed = applicationsSchema.safeParse(json)
  if (parsed.success) return { ok: true, applications: parsed.data }
  const issue = parsed.error.issues[0]
  const message = issue?.message ?? 'not understood'
  const [index, ...rest] = issue?.path ?? []
  if (typeof index !== 'number') return { ok: false, fault: message }
  const name = nameOf(json, index)
  const place = rest.length > 0 ? `, ${rest.join('.')}` : ''
  return { ok: false, fault: `application ${index + 1}${name === null ? '' : ` (${name})`}${place}: ${message}` }
}

/** Those that come with Arkeeper. */
export const KNOWN_APPLICATIONS: readonly GuardedApplication[] = applicationsSchema.parse(bundled)

/** Where the application's root ends and its own names begin must be clear: a name as text, after single names at most. */
function findAnchorFault(pattern: string): string | null {
  for (const name of pattern.slice(1).split('/')) {
    if (name === '**') break
    if (name !== '' && !name.includes('*') && !name.includes('\\')) return null
  }
  return 'the pattern has no name without * before the first **'
}

function nameOf(json: unknown, index: number): string | null {
  const entry: unknown = Array.isArray(json) ? json[index] : null
  if (typeof entry !== 'object' || entry === null || !('application' in entry)) return null
  return typeof entry.application === 'string' ? entry.application : null
}
