import { readFile } from 'node:fs/promises'
import type { TlsSettings } from '../adapters/zookeeper/connection.ts'
import { type CommandInput, flag, text } from './command.ts'
import { badUsage } from './errors.ts'

/**
 * --tls, or any option that only makes sense with it: every zk:// of the command line is then reached over TLS. Null: plain.
 * Whether they fit together is for the adapter to say.
 */
export async function readTlsOptions(input: Pick<CommandInput, 'values' | 'terminal'>): Promise<TlsSettings | null> {
  const [ca, cert, key] = await Promise.all(['tls-ca', 'tls-cert', 'tls-key'].map((name) => readPem(input, name)))
  const anyName = flag(input, 'tls-any-name')
  if (!flag(input, 'tls') && !anyName && !ca && !cert && !key) return null
  if (Boolean(cert) !== Boolean(key)) throw badUsage('--tls-cert and --tls-key are needed together')
  if (anyName) {
    input.terminal.complain(
      "WARNING: --tls-any-name: the names in the servers' certificates are not checked; whoever has any certificate of a trusted authority passes for a server",
    )
  }
  return { ca: ca ?? null, cert: cert ?? null, key: key ?? null, checkName: !anyName }
}

async function readPem(input: Pick<CommandInput, 'values'>, name: string): Promise<string | null> {
  const file = text(input, name)
  if (file === undefined) return null
  try {
    const pem = await readFile(file, 'utf8')
    if (pem.includes('-----BEGIN ')) return pem
  } catch (error) {
    throw badUsage(`--${name} ${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`)
  }
  throw badUsage(`--${name} ${file} is not a file in PEM form`)
}
