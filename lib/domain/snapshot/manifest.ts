import { z } from 'zod'

const hex64 = z.string().regex(/^0x[0-9a-f]{1,16}$/)
const count = z.number().int().nonnegative()

/** How sure the archive is to be one state. design.md: stated, never assumed. */
export const consistencySchema = z.object({
  class: z.enum(['exact', 'fuzzy']),
  /** Kind of proof of `exact`; absent for `fuzzy`. */
  proof: z.enum(['digest', 'replay', 'quiet', 'converged']).optional(),
  from: hex64,
  to: hex64,
  /** Paths that moved inside the window. Re-read where `movedReread` says so. */
  moved: z.array(z.string()),
  movedReread: z.boolean().optional(),
  /** False where the source had no way to see what moved (a server before 3.6): then `moved` is not the whole list. */
  movedKnown: z.boolean().optional(),
})
export type Consistency = z.infer<typeof consistencySchema>

export const fidelitySchema = z.object({
  persistent: count,
  ephemeral: count,
  container: count,
  ttl: count,
  unknownKind: count,
  /** Paths that could not be read; any entry makes the backup partial. */
  unreadable: z.array(z.string()),
  /** Paths whose ACL the server showed with hidden digests; any entry makes the backup partial. */
  maskedAcl: z.array(z.string()).default([]),
  /** Only where there are more than the 10,000 that `maskedAcl` lists. */
  maskedAclTotal: count.optional(),
  /** How many znodes have a sequence counter above 0, which each create below them raises; stored in the snapshot too (cversion). */
  sequenceCounters: count.default(0),
  /**
   * Parents that have sequential children or had children that are gone, with the number that the next sequential child gets; in path
   * order. Absent in archives that were written before it was listed. Ancestors of the scope are left out.
   */
  sequenceParents: z.array(z.object({ path: z.string(), next: z.number().int() })).optional(),
  /** Only where there are more than the 10,000 that `sequenceParents` lists. */
  sequenceParentsTotal: count.optional(),
  /**
   * Sessions that own ephemerals and were not alive in the source. Absent where the source does not say which sessions were: a walk over
   * the client port, and archives of before it was listed.
   */
  deadOwners: z.array(hex64).optional(),
})
export type Fidelity = z.infer<typeof fidelitySchema>

/** Lists are cut at a hundred; totals are not. */
export const importSchema = z.object({
  /** One of IMPORT_FORMS. */
  form: z.string(),
  /** What the file was called. */
  file: z.string(),
  /** False: znodes without an owner may be of any kind. */
  kindsKnown: z.boolean(),
  /** Znodes whose ACL, or whose ACL and data, the file does not say: the snapshot has an empty list, and null, for them. */
  unknownAcls: count,
  unknownContents: count,
  /** Parents that are not in the file: of their contents nothing is known either. */
  impliedParents: count,
  impliedListed: z.array(z.string()),
  /** Files that stand for no znode. */
  skipped: z.object({ total: count, listed: z.array(z.object({ name: z.string(), why: z.string() })) }),
  warnings: z.array(z.string()),
})
export type ImportFacts = z.infer<typeof importSchema>

/** A file beside the manifest: whoever may write into a store must not make us read, or hand out, what lies elsewhere. */
const fileName = z.string().regex(/^[A-Za-z0-9_][A-Za-z0-9._-]{0,199}$/, 'not the name of a file beside the manifest')

const sha256 = z.string().regex(/^[0-9a-f]{64}$/)

/** Only of an archive whose files are encrypted; `schema` is 2 then. */
export const encryptionSchema = z.object({
  format: z.literal('age'),
  /** Public keys: whoever has one of the private ones reads the archive. */
  recipients: z.array(z.string()).min(1),
  /** The whole manifest of the archive as it is decrypted. Lists of paths are in there only; here they are empty. */
  manifest: fileName,
  /** How much of each list is in there. */
  hidden: z.object({
    moved: count,
    unreadable: count,
    maskedAcl: count,
    sequenceParents: count,
    /** Paths of a scope of the kind `touched`. */
    scope: count.default(0),
  }),
})
export type Encryption = z.infer<typeof encryptionSchema>

/**
 * manifest.json of an archive, written last. `schema` is raised only by adding; readers refuse a higher major number.
 * 1 is a plain archive, 2 an encrypted one, which readers of before know nothing of.
 * Numbers beyond 2^53 are hex strings. Times are milliseconds since 1970 (UTC).
 */
const manifestFields = z.object({
  schema: z.union([z.literal(1), z.literal(2)]),
  arkeeper: z.string(),
  id: z.string(),
  cluster: z.object({ name: z.string(), connectString: z.string().nullable(), chroot: z.string() }),
  source: z.enum(['client', 'files', 'admin', 'observer', 'import']),
  zookeeperVersion: z.string().nullable(),
  status: z.enum(['complete', 'partial']),
  /** Subtrees asked for; ["/"] is the whole tree. Ancestors of a subtree are in the snapshot, so that a stock server loads it. */
  scope: z.object({ paths: z.array(z.string()), kind: z.enum(['subtrees', 'touched']) }),
  zxid: hex64,
  consistency: consistencySchema,
  fidelity: fidelitySchema,
  /** Records in the snapshot file, /zookeeper and scaffolding ancestors included: equals what `inspect` counts. */
  znodes: count,
  dataBytes: count,
  /** Our own digest of the tree as written (digest version 2). */
  digest: z.object({ version: z.literal(2), zxid: hex64, computed: hex64 }).nullable(),
  takenAtMs: count,
  durationMs: count,
  /** Every file but the manifest itself, as it lies there; `plain` is its content, where that is encrypted. */
  files: z.array(
    z.object({
      name: fileName,
      bytes: count,
      sha256,
      plain: z.object({ bytes: count, sha256 }).optional(),
    }),
  ),
  encryption: encryptionSchema.optional(),
  note: z.string().optional(),
  /** Only of the source `import`: where the tree came from, and what that could not say. */
  import: importSchema.optional(),
})
/** Files of an archive are encrypted all or none, and its schema says which. */
function fitsSchema({ schema, encryption, files }: z.infer<typeof manifestFields>): boolean {
  const isEncrypted = schema === 2
  return (
    isEncrypted === (encryption !== undefined) &&
    files.every(({ name, plain }) => name.endsWith('.age') === isEncrypted && (plain !== undefined) === isEncrypted)
  )
}

export const manifestSchema = manifestFields.refine(fitsSchema, 'files and schema do not fit each other')
export type Manifest = z.infer<typeof manifestSchema>

/** False where a znode without an owner may be a container, or have a time to live. */
export function areKindsKnown({ source, import: facts }: Pick<Manifest, 'source' | 'import'>): boolean {
  return source === 'import' ? facts?.kindsKnown === true : source !== 'client'
}

/** True where the tree came from a file that does not say all that belongs to a znode; see Znode.unknown. */
export function hasGaps({ source, import: facts }: Pick<Manifest, 'source' | 'import'>): boolean {
  return source === 'import' && facts?.form !== 'snapshot' && facts?.form !== 'data-directory'
}
