import { CancelledError } from '../../../base/errors.ts'
import { formatServer, parseConnectString, type ServerAddress } from '../connect-string.ts'
import type { ReportOptions, ReportTarget, ServerReport, ServerReports } from '../server-reports.ts'
import { askHealth } from './ask-health.ts'
import { askFourLetterWord, explainRefusedStatus } from './four-letter-word.ts'
import { parseAddresses, parseEphemerals, parseWatchedPaths, parseWatches } from './report-words.ts'
import { createWireTls, type WireTls } from './tls.ts'

const TIMEOUT_MS = 3_000
const BYTES_MAX = 8 << 20

type Told<T> =
  | { readonly kind: 'told'; readonly value: T; readonly cut: boolean }
  | { readonly kind: 'not-allowed'; readonly word: string }
  | { readonly kind: 'too-many'; readonly total: number }
  | { readonly kind: 'failed'; readonly message: string }

export function createServerReports(): ServerReports {
  return {
    watches: (target, options) =>
      askAll(target, async (server, tls) => {
        const total = await ask(server, tls, 'wchs', options, parseWatchedPaths)
        if (total.kind !== 'told') return total
        if (total.value === null) return { kind: 'failed', message: 'the answer to wchs is not understood' }
        if (total.value > options.pathsMax) return { kind: 'too-many', total: total.value }
        return ask(server, tls, 'wchp', options, parseWatches)
      }),
    ephemerals: (target, options = {}) =>
      askAll(target, (server, tls) => ask(server, tls, 'dump', options, parseEphemerals)),
    addresses: (target, options = {}) =>
      askAll(target, (server, tls) => ask(server, tls, 'cons', options, parseAddresses)),
    health: (target, options = {}) => askEach(target, (server, tls) => askHealth(server, tls, options)),
    configurations: (target, options = {}) =>
      askAll(target, (server, tls) => ask(server, tls, 'conf', options, (text) => text)),
  }
}

function askAll<T>(
  target: ReportTarget,
  ask: (server: ServerAddress, tls: WireTls | null) => Promise<Told<T>>,
): Promise<ServerReport<T>[]> {
  return askEach<Told<T>>(target, ask)
}

function askEach<Answer extends object>(
  target: ReportTarget,
  ask: (server: ServerAddress, tls: WireTls | null) => Promise<Answer>,
): Promise<({ readonly server: string } & Answer)[]> {
  const { servers } = parseConnectString(target.connectString)
  const tls = target.tls ? createWireTls(target.tls) : null
  return Promise.all(servers.map(async (server) => ({ server: formatServer(server), ...(await ask(server, tls)) })))
}

async function ask<T>(
  server: ServerAddress,
  tls: WireTls | null,
  word: string,
  options: ReportOptions,
  parse: (text: string) => T,
): Promise<Told<T>> {
  const bytesMax = options.bytesMax ?? BYTES_MAX
  try {
    const limit = { timeoutMs: options.timeoutMs ?? TIMEOUT_MS, bytesMax, signal: options.signal, tls }
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
