import { CancelledError } from '../../../base/errors.ts'
import { formatServer, parseConnectString, type ServerAddress } from '../connect-string.ts'
import type { ReportOptions, ServerReport, ServerReports } from '../server-reports.ts'
import { askFourLetterWord, explainRefusedStatus } from './four-letter-word.ts'
import { parseAddresses, parseEphemerals, parseWatchedPaths, parseWatches } from './report-words.ts'

const TIMEOUT_MS = 3_000
const BYTES_MAX = 8 << 20

type Told<T> =
  | { readonly kind: 'told'; readonly value: T; readonly cut: boolean }
  | { readonly kind: 'not-allowed'; readonly word: string }
  | { readonly kind: 'too-many'; readonly total: number }
  | { readonly kind: 'failed'; readonly message: string }

export function createServerReports(): ServerReports {
  return {
    watches: (connectString, options) =>
      askAll(connectString, async (server) => {
        const total = await ask(server, 'wchs', options, parseWatchedPaths)
        if (total.kind !== 'told') return total
        if (total.value === null) return { kind: 'failed', message: 'the answer to wchs is not understood' }
        if (total.value > options.pathsMax) return { kind: 'too-many', total: total.value }
        return ask(server, 'wchp', options, parseWatches)
      }),
    ephemerals: (connectString, options = {}) =>
      askAll(connectString, (server) => ask(server, 'dump', options, parseEphemerals)),
    addresses: (connectString, options = {}) =>
      askAll(connectString, (server) => ask(server, 'cons', options, parseAddresses)),
  }
}

function askAll<T>(
  connectString: string,
  ask: (server: ServerAddress) => Promise<Told<T>>,
): Promise<ServerReport<T>[]> {
  const { servers } = parseConnectString(connectString)
  return Promise.all(servers.map(async (server) => ({ server: formatServer(server), ...(await ask(server)) })))
}

async function ask<T>(
  server: ServerAddress,
  word: string,
  options: ReportOptions,
  parse: (text: string) => T,
): Promise<Told<T>> {
  const bytesMax = options.bytesMax ?? BYTES_MAX
  try {
    const limit = { timeoutMs: options.timeoutMs ?? TIMEOUT_MS, bytesMax, signal: options.signal }
    const text = await askFourLetterWord(server, word, limit)
    // Refusals are one short line; a path that holds these words must not pass for one.
    if (text.length < 200 && text.startsWith(`${word} is not executed because`)) return { kind: 'not-allowed', word }
    if (text.trim() === '' && word !== 'wchp') return { kind: 'failed', message: `it gave no answer to ${word}` }
    if (text.includes('not currently serving requests') && text.length < 200) {
      return { kind: 'failed', message: explainRefusedStatus(text) }
    }
    // Every list ends with a line feed: one that does not broke off on the way.
    const cut = Buffer.byteLength(text) > bytesMax || !text.endsWith('\n')
    return { kind: 'told', value: parse(cut ? text.slice(0, text.lastIndexOf('\n') + 1) : text), cut }
  } catch (error) {
    if (error instanceof CancelledError) throw error
    return { kind: 'failed', message: error instanceof Error ? error.message : String(error) }
  }
}
