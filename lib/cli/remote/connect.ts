import { readFile } from 'node:fs/promises'
import { badUsage, CommandError } from '../errors.ts'
import { ApiClient } from './client.ts'

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/

export interface ConnectOptions {
  readonly server: string | undefined
  readonly tokenFile: string | undefined
  readonly insecureHttp: boolean
  readonly env: Readonly<Record<string, string | undefined>>
  readonly signal: AbortSignal
}

/** The token comes from the environment or a file: as an argument everybody on the host could read it. */
export async function connect(options: ConnectOptions): Promise<ApiClient> {
  const server = toServer(options.server ?? options.env.ARKEEPER_SERVER, options.insecureHttp)
  return new ApiClient({ server, token: await readToken(options), signal: options.signal })
}

export function toServer(text: string | undefined, insecureHttp: boolean): string {
  if (!text) throw badUsage('no server is named: --server URL or ARKEEPER_SERVER')
  if (!URL.canParse(text)) throw badUsage(`--server ${text} is no address`)
  const url = new URL(text)
  if (url.protocol !== 'https:' && url.protocol !== 'http:')
    throw badUsage(`--server ${text} is neither http nor https`)
  if (url.username !== '' || url.password !== '')
    throw badUsage('--server takes no password: the token is what lets in')
  if (url.protocol === 'http:' && !LOOPBACK.test(url.hostname) && !insecureHttp) {
    throw new CommandError('BAD_USAGE', `${url.origin} is not encrypted: whoever listens would have the token`, {
      unaffected: 'nothing was sent',
      remedy: 'use https, or say --insecure-http',
    })
  }
  return (url.origin + url.pathname).replace(/\/+$/, '')
}

async function readToken({ tokenFile, env }: ConnectOptions): Promise<string> {
  const file = tokenFile ?? (env.ARKEEPER_TOKEN ? undefined : env.ARKEEPER_TOKEN_FILE)
  const token = file === undefined ? env.ARKEEPER_TOKEN?.trim() : await readTokenFile(file)
  if (!token) throw badUsage('no token is given: ARKEEPER_TOKEN, --token-file FILE or ARKEEPER_TOKEN_FILE')
  if (/^ark_\w+$/.test(token)) return token
  throw badUsage('the token is not one of Arkeeper: it begins with ark_')
}

async function readTokenFile(file: string): Promise<string> {
  try {
    return (await readFile(file, 'utf8')).trim()
  } catch (cause) {
    throw new CommandError('BAD_INPUT', `The token file ${file} cannot be read`, { cause })
  }
}
