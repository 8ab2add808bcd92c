import { z } from 'zod'
import { parseHex } from '../../domain/value/hex.ts'
import { findPathFault } from '../../domain/znode/path.ts'
import { PATH_PATTERN_MAX } from '../../domain/znode/path-pattern.ts'

const VALUE_CHARACTERS_MAX = 4000

const bytes = z.number().int().min(0, 'A size is 0 or more').max(2_147_483_647).nullable().default(null)

export const startSearchSchema = z
  .object({
    /** TreeRef text: which tree. */
    tree: z.string().max(200),
    /** Search at and below it. */
    path: z
      .string()
      .trim()
      .default('/')
      .refine((path) => findPathFault(path) === null, { error: 'This is not a path; give one such as /app/config' }),
    /** Text anywhere in the path, or a glob with `*` and `**`. Empty: every path. */
    pathPattern: z.string().trim().max(PATH_PATTERN_MAX).default(''),
    valueForm: z.enum(['none', 'text', 'hex']).default('none'),
    /** Text, or hex digits. White space counts in a text. */
    value: z.string().max(VALUE_CHARACTERS_MAX).default(''),
    matchCase: z.boolean().default(false),
    kind: z.enum(['any', 'ephemeral', 'lasting']).default('any'),
    minBytes: bytes,
    maxBytes: bytes,
  })
  .superRefine((input, refinement) => {
    const fault = (path: string, message: string) => refinement.addIssue({ code: 'custom', path: [path], message })
    if (input.valueForm === 'none') {
      const isNarrowed = input.kind !== 'any' || input.minBytes !== null || input.maxBytes !== null
      if (input.pathPattern === '' && !isNarrowed) fault('pathPattern', 'Enter what to look for')
    } else if (input.value === '') fault('value', 'Enter what to look for')
    else if (input.valueForm === 'hex') {
      const parsed = parseHex(input.value)
      if (parsed.kind === 'fault') fault('value', parsed.message)
      else if (parsed.bytes.length === 0) fault('value', 'Enter at least one byte')
    }
    if (input.minBytes !== null && input.maxBytes !== null && input.minBytes > input.maxBytes) {
      fault('maxBytes', 'The largest size is below the smallest')
    }
  })

export type StartSearchInput = z.input<typeof startSearchSchema>
export type SearchQuery = Omit<z.output<typeof startSearchSchema>, 'tree'>

/** Hits that one page shows. */
export const HITS_PER_PAGE = 100
