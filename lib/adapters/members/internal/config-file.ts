import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import { MembersError } from '../errors.ts'

const BYTES_MAX = 1 << 20

/** The sections of the file; each is looked into by whoever it is for. */
export const configFileSchema = z.strictObject({
  members: z.unknown().optional(),
  guards: z.unknown().optional(),
  /** Read by the room of single sign-on. */
  singleSignOn: z.unknown().optional(),
  /** Read by the scratch servers' own room. */
  drill: z.unknown().optional(),
})

/** Null when there is no such file. Throws CONFIG_UNREADABLE and, for one that is too large, CONFIG_INVALID. */
export async function readConfig(file: string): Promise<string | null> {
  try {
    const bytes = await readFile(file)
    if (bytes.length > BYTES_MAX) throw invalidConfig(file, `it has more than ${BYTES_MAX} bytes`)
    return bytes.toString('utf8')
  } catch (cause) {
    if (cause instanceof MembersError) throw cause
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return null
    throw new MembersError('CONFIG_UNREADABLE', `The configuration file ${file} cannot be read`, {
      remedy: 'let the user that Arkeeper runs as read it',
      cause,
    })
  }
}

/** Throws CONFIG_INVALID, naming the place. */
export function parseConfig<T>(schema: z.ZodType<T>, text: string, file: string): T {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (cause) {
    throw invalidConfig(file, 'it is not JSON', cause)
  }
  const parsed = schema.safeParse(json)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  throw invalidConfig(file, `${issue?.path.join('.') || 'the file'}: ${issue?.message ?? 'not understood'}`)
}

export function invalidConfig(file: string, fault: string, cause?: unknown): MembersError {
  return new MembersError('CONFIG_INVALID', `The configuration file ${file} cannot be understood: ${fault}`, {
    unaffected: 'nothing was read from any member and nothing changed',
    remedy: 'correct it; the README shows its form',
    cause,
  })
}
