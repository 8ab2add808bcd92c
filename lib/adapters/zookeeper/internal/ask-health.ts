import { CancelledError, isArkeeperError } from '../../../base/errors.ts'
import { parseMntr, parseSrvr } from '../../../domain/health/parse-words.ts'
import type { ServerAddress } from '../connect-string.ts'
import type { HealthWords, ReportOptions } from '../server-reports.ts'
import { askFourLetterWord } from './four-letter-word.ts'
import type { WireTls } from './tls.ts'

const TIMEOUT_MS = 3_000

type Answer =
  | ({ readonly kind: 'told' } & HealthWords)
  | { readonly kind: 'failed'; readonly code: string; readonly message: string }

/** One word after the other, so that a server never has more than one connection of ours; a server that fails the first is left alone. */
export async function askHealth(server: ServerAddress, tls: WireTls | null, options: ReportOptions): Promise<Answer> {
  const limit = { timeoutMs: options.timeoutMs ?? TIMEOUT_MS, signal: options.signal, tls }
  try {
    const mntr = await askFourLetterWord(server, 'mntr', limit)
    const early = toFailure(mntr)
    if (early) return early
    const mntrAllowed = !isRefused(mntr)
    const srvr = await askFourLetterWord(server, 'srvr', limit)
    const late = toFailure(srvr)
    if (late) return late
    const told = { ...parseSrvr(srvr), ...(mntrAllowed ? parseMntr(mntr) : {}) }
    if (Object.keys(told).length > 0) return { kind: 'told', told, mntrAllowed }
    return isRefused(srvr)
      ? {
          kind: 'failed',
          code: 'NOT_ALLOWED',
          message: 'it answers neither mntr nor srvr: its 4lw.commands.whitelist leaves both out',
        }
      : { kind: 'failed', code: 'NOT_SERVING', message: 'its answer to srvr is not understood' }
  } catch (error) {
    if (error instanceof CancelledError) throw error
    return {
      kind: 'failed',
      code: isArkeeperError(error) ? error.code : 'CONNECT_TIMEOUT',
      message: error instanceof Error ? error.message : String(error),
    }
  }
}

const isRefused = (text: string) => text.length < 200 && text.includes('is not executed because')

function toFailure(text: string): Answer | null {
  if (text.trim() === '') {
    return { kind: 'failed', code: 'NOT_SERVING', message: 'it closed the connection without an answer' }
  }
  return text.length < 200 && text.includes('not currently serving requests')
    ? { kind: 'failed', code: 'NOT_SERVING', message: 'it runs but does not serve requests: it has no quorum' }
    : null
}
