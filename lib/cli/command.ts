import { parseArgs } from 'node:util'
import type { AgeKeys } from '../adapters/age/age-keys.ts'
import type { ClusterTarget } from '../adapters/zookeeper/connection.ts'
import { parsePath } from '../domain/znode/path.ts'
import type { EngineContext } from '../services/context.ts'
import type { ClusterAccess } from '../services/engine/open-source.ts'
import { badUsage, CommandError } from './errors.ts'
import type { Terminal } from './terminal.ts'

/** 0 done, equal, healthy · 1 differences, unhealthy, conflicts left · 2 bad usage or input · 130 interrupted. */
export type ExitStatus = 0 | 1 | 2 | 130

export interface CommandInput {
  readonly values: Readonly<Record<string, string | boolean | readonly (string | boolean)[] | undefined>>
  readonly positionals: readonly string[]
  readonly context: EngineContext
  readonly terminal: Terminal
  /** For every cluster of the command line. */
  readonly access: ClusterAccess
  /** Of --identity or ARKEEPER_AGE_IDENTITY_FILE; absent: no private key was given. */
  readonly keys?: AgeKeys
}

type OptionType = 'string' | 'boolean' | 'list'

export interface Command {
  /** After `arkeeper`. */
  readonly usage: string
  readonly summary: string
  readonly options: Readonly<Record<string, OptionType>>
  readonly positionals: { readonly min: number; readonly max: number }
  run(input: CommandInput): Promise<ExitStatus>
}

/** Of every command. */
const COMMON: Readonly<Record<string, OptionType>> = {
  json: 'boolean',
  help: 'boolean',
  quiet: 'boolean',
  auth: 'list',
  tls: 'boolean',
  'tls-any-name': 'boolean',
  'tls-ca': 'string',
  'tls-cert': 'string',
  'tls-key': 'string',
  identity: 'list',
}

export function parseCommandLine(
  command: Pick<Command, 'options' | 'positionals' | 'usage'>,
  args: readonly string[],
): Pick<CommandInput, 'values' | 'positionals'> {
  const options = Object.fromEntries(
    Object.entries({ ...COMMON, ...command.options }).map(([name, type]) => [
      name,
      type === 'list' ? ({ type: 'string', multiple: true } as const) : ({ type, multiple: false } as const),
    ]),
  )
  let parsed: Pick<CommandInput, 'values' | 'positionals'>
  const given = new Set<string>()
  try {
    const { tokens, ...rest } = parseArgs({
      args: [...args],
      options,
      strict: true,
      allowPositionals: true,
      tokens: true,
    })
    parsed = rest
    for (const token of tokens) {
      if (token.kind !== 'option') continue
      // The last of two would win in silence, and the answer be about another path or mode than the reader thinks.
      if (given.has(token.name) && options[token.name]?.multiple !== true) {
        throw badUsage(`--${token.name} is given more than once`)
      }
      given.add(token.name)
    }
  } catch (error) {
    if (error instanceof CommandError) throw error
    // Node's own words name the option; they are several sentences, of which the first is enough.
    throw badUsage(error instanceof Error ? (error.message.split(/\.\s|\n/)[0] ?? error.message) : String(error))
  }
  if (parsed.values.help === true) return parsed
  const { min, max } = command.positionals
  const count = parsed.positionals.length
  if (count < min) throw badUsage(`an argument is missing: arkeeper ${command.usage}`)
  if (count > max) throw badUsage(`"${parsed.positionals[max]}" is one argument too many: arkeeper ${command.usage}`)
  return parsed
}

/** `scheme:id` of each --auth, or of ARKEEPER_AUTH when there is none; for digest the id is user:password. */
export function parseAuth(given: readonly string[], fromEnvironment: string | undefined): ClusterTarget['auth'] {
  const texts = given.length > 0 ? given : fromEnvironment ? [fromEnvironment] : []
  return texts.map((text) => {
    const colon = text.indexOf(':')
    if (colon <= 0 || colon === text.length - 1)
      throw badUsage('--auth is not scheme:id, for example digest:user:password')
    return { scheme: text.slice(0, colon), id: text.slice(colon + 1) }
  })
}

export function flag(input: Pick<CommandInput, 'values'>, name: string): boolean {
  return input.values[name] === true
}

export function text(input: Pick<CommandInput, 'values'>, name: string): string | undefined {
  const value = input.values[name]
  return typeof value === 'string' ? value : undefined
}

export function requiredText(input: Pick<CommandInput, 'values'>, name: string): string {
  const value = text(input, name)
  if (value === undefined || value === '') throw badUsage(`--${name} is missing`)
  return value
}

export function list(input: Pick<CommandInput, 'values'>, name: string): readonly string[] {
  const value = input.values[name]
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : []
}

export function pathOption(input: Pick<CommandInput, 'values'>, name: string): string | undefined {
  const value = text(input, name)
  return value === undefined ? undefined : parsePath(value)
}

export function choice<T extends string>(
  input: Pick<CommandInput, 'values'>,
  name: string,
  choices: readonly T[],
  otherwise: T,
): T {
  const value = text(input, name)
  if (value === undefined) return otherwise
  const found = choices.find((known) => known === value)
  if (!found) throw badUsage(`--${name} ${value} is none of ${choices.join(', ')}`)
  return found
}

/** The positional at `at`, which parseCommandLine has made sure of. */
export function argument(input: Pick<CommandInput, 'positionals'>, at: number): string {
  const value = input.positionals[at]
  if (value === undefined) throw badUsage('an argument is missing')
  return value
}
