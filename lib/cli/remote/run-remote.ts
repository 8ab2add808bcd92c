import { type ExitStatus, flag, list, parseCommandLine, text } from '../command.ts'
import { badUsage } from '../errors.ts'
import type { Terminal } from '../terminal.ts'
import { connect } from './connect.ts'
import { audit, backups, cancel, clusters, jobs, status } from './listings.ts'
import type { RemoteCommand } from './remote-command.ts'
import { confirm, restore, undo } from './restores.ts'
import { backup, diff, drill, verify } from './work.ts'

const COMMANDS: Readonly<Record<string, RemoteCommand>> = {
  ...{ clusters, status, backups, backup, verify, drill, diff, restore, confirm, undo, jobs, cancel, audit },
}
const COMMON = { 'token-file': 'string', 'insecure-http': 'boolean' } as const

export const REMOTE_USAGE = 'arkeeper --server URL COMMAND … [--token-file FILE] [--insecure-http]'

/** The words after `--server`, of which the first is the address unless ARKEEPER_SERVER has it. */
export async function runRemote(
  words: readonly string[],
  { env, signal, terminal }: { env: NodeJS.ProcessEnv; signal: AbortSignal; terminal: Terminal },
): Promise<ExitStatus> {
  const isAddress = words[0]?.includes('://') === true
  const [name, ...args] = isAddress ? words.slice(1) : words
  if (name === undefined || name === 'help' || name === '--help') {
    await terminal.print(describeRemote())
    return name === undefined ? 2 : 0
  }
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined
  if (!command) throw badUsage(`"${name}" is not a command for a server`)
  const parsed = parseCommandLine({ ...command, options: { ...command.options, ...COMMON } }, args)
  if (parsed.values.help === true) {
    await terminal.print(`usage: arkeeper --server URL ${command.usage}\n${command.summary}\n`)
    return 0
  }
  if (list(parsed, 'auth').length > 0) throw badUsage('--auth is for clusters: a server is reached by a token')
  const client = await connect({
    server: isAddress ? words[0] : undefined,
    tokenFile: text(parsed, 'token-file'),
    insecureHttp: flag(parsed, 'insecure-http'),
    env,
    signal,
  })
  return command.run({ ...parsed, client, terminal, signal })
}

export function describeRemote(): string {
  return [
    `usage: ${REMOTE_USAGE}\n\n`,
    ...Object.values(COMMANDS).map(({ usage, summary }) => `  ${usage}\n      ${summary}\n`),
    '\nURL may be left out where ARKEEPER_SERVER is set. The token comes from ARKEEPER_TOKEN, --token-file or ARKEEPER_TOKEN_FILE.\n',
  ].join('')
}
