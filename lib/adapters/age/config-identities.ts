import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { z } from 'zod'
import { AgeError } from './errors.ts'
import { type AgeIdentity, parseIdentities, readIdentityFile } from './identities.ts'

/** Other parts of the file are other adapters'. */
const configSchema = z.object({
  encryption: z
    .strictObject({
      /** Seen from where the configuration file is. */
      identityFiles: z.array(z.string().trim().min(1)).max(100).default([]),
      identities: z.array(z.string().trim().min(1).max(10_000)).max(100).default([]),
    })
    .optional(),
})

/** Private keys of the section `encryption` of a configuration file, which need not exist. Throws IDENTITY_INVALID, and quotes nothing of it. */
export async function readConfigIdentities(file: string): Promise<AgeIdentity[]> {
  const section = await readSection(file)
  if (section === undefined) return []
  const { identityFiles, identities } = section
  const named = identityFiles.map((name) => readIdentityFile(resolve(dirname(file), name)))
  const written = identities.map((text, at) =>
    parseIdentities(text).catch((error: unknown) => {
      if (!(error instanceof AgeError)) throw error
      // Without a cause: it would be told by the line of a file that has other lines.
      throw invalid(`encryption.identities[${at}] of ${file} is not a private key of age`)
    }),
  )
  return (await Promise.all([...named, ...written])).flat()
}

async function readSection(file: string): Promise<z.output<typeof configSchema>['encryption']> {
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined
    throw invalid(`The configuration file ${file} cannot be read`, cause)
  }
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    // Not the cause: a parser's message quotes the text, which may hold the key.
    throw invalid(`${file} is not JSON`)
  }
  const parsed = configSchema.safeParse(json)
  if (parsed.success) return parsed.data.encryption
  throw invalid(`${file}: ${parsed.error.issues[0]?.path.join('.') || 'it'} is not as it should be`)
}

function invalid(message: string, cause?: unknown): AgeError {
  return new AgeError('IDENTITY_INVALID', message, {
    cause,
    unaffected: 'nothing was read',
    remedy:
      'correct the section encryption, as the README shows it: identityFiles or identities, as age-keygen writes them',
  })
}
