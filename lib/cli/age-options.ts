import { readFile } from 'node:fs/promises'
import { type AgeKeys, keysOf } from '../adapters/age/age-keys.ts'
import { readConfigIdentities } from '../adapters/age/config-identities.ts'
import { readIdentityFile } from '../adapters/age/identities.ts'
import { parseRecipients, parseRecipientsFile } from '../adapters/age/recipients.ts'
import type { ArchivePort } from '../adapters/archive/store.ts'
import { type CommandInput, list, text } from './command.ts'
import { badUsage } from './errors.ts'

/** Private keys of each --identity FILE; when there is none, of ARKEEPER_AGE_IDENTITY_FILE and of what ARKEEPER_CONFIG names. */
export async function readIdentityOptions(
  input: Pick<CommandInput, 'values'>,
  given: { readonly identityFile: string | undefined; readonly configFile: string | undefined },
): Promise<AgeKeys | undefined> {
  const named = list(input, 'identity')
  const { identityFile, configFile } = given
  const files = named.length > 0 ? named : identityFile ? [identityFile] : []
  const configured = named.length === 0 && configFile ? await readConfigIdentities(configFile) : []
  const identities = [...(await Promise.all(files.map(readIdentityFile))).flat(), ...configured]
  if (identities.length === 0) return undefined
  return keysOf({ list: async () => identities })
}

/** For commands that write an archive. */
export const RECIPIENT_OPTIONS = { recipient: 'list', 'recipients-file': 'string' } as const

/** The store that the command writes into: encrypted where --recipient or --recipients-file says for whom. */
export async function archivesFor({ context, values }: CommandInput): Promise<ArchivePort> {
  const file = text({ values }, 'recipients-file')
  const named = list({ values }, 'recipient')
  const fromFile = file === undefined ? [] : parseRecipientsFile(await readText(file))
  if (file !== undefined && fromFile.length === 0) throw badUsage(`--recipients-file ${file} names no public key`)
  const recipients = parseRecipients([...named, ...fromFile])
  return recipients.length === 0 ? context.archives : context.archives.withRecipients(recipients)
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw badUsage(`--recipients-file ${file} cannot be read: ${why}`)
  }
}
