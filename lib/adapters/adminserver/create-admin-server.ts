import type { IncomingMessage } from 'node:http'
import { parseHex64 } from '../../base/hex64.ts'
import type { AdminOptions, AdminServerPort, AdminTarget } from './admin-server.ts'
import { AdminServerError } from './errors.ts'
import { type AdminObject, parseAdminJson } from './internal/parse-admin-json.ts'
import { commandUrl, readText, sendRequest, silence, toAdminError } from './internal/send-request.ts'

const COMMAND_TIMEOUT_MS = 5_000
/** The server writes the whole file before it sends the first byte. */
const SNAPSHOT_TIMEOUT_MS = 10 * 60_000
const SILENCE_MS = 60_000
const ANSWER_BYTES_MAX = 64 << 20

export function createAdminServer(): AdminServerPort {
  return { ask, takeSnapshot, restore }
}

async function ask(target: AdminTarget, command: string, options: AdminOptions = {}): Promise<AdminObject> {
  const what = nameOf(target, command)
  const timeoutMs = options.timeoutMs ?? COMMAND_TIMEOUT_MS
  const response = await sendRequest({ target, command, method: 'GET', timeoutMs, signal: options.signal })
  return readAnswer(response, { command, what, timeoutMs })
}

async function takeSnapshot(target: AdminTarget, options: AdminOptions = {}) {
  const command = 'snapshot'
  const what = nameOf(target, command)
  const response = await sendRequest({
    target,
    command,
    query: 'streaming=true',
    method: 'GET',
    timeoutMs: options.timeoutMs ?? SNAPSHOT_TIMEOUT_MS,
    signal: options.signal,
  })
  const zxid = parseHex64(header(response, 'last_zxid'))
  const bytes = Number(header(response, 'snapshot_size'))
  const isFile = header(response, 'content-type').startsWith('application/octet-stream')
  if (response.statusCode !== 200 || !isFile) {
    // A server before 3.9 says here that it does not know the command.
    await readAnswer(response, { command, what, timeoutMs: COMMAND_TIMEOUT_MS })
  }
  if (!isFile || zxid === null || !Number.isSafeInteger(bytes) || bytes < 0) {
    response.destroy()
    throw new AdminServerError('ADMIN_MALFORMED', `${what} did not send a snapshot with its zxid and size`, {
      remedy: 'check that no proxy changes its answers',
    })
  }
  return { lastZxid: zxid, bytes, body: readBody(response, { what, bytes, signal: options.signal }) }
}

async function* readBody(
  response: IncomingMessage,
  { what, bytes, signal }: { what: string; bytes: number; signal?: AbortSignal },
): AsyncGenerator<Uint8Array> {
  let received = 0
  const onAbort = () => response.destroy()
  signal?.addEventListener('abort', onAbort, { once: true })
  response.setTimeout(SILENCE_MS, () => response.destroy(silence(what, SILENCE_MS)))
  try {
    for await (const chunk of response) {
      received += chunk.length
      yield chunk
    }
  } catch (error) {
    // A body without length that breaks off shows as ECONNRESET: to people it is a file that was cut short.
    const failure = toAdminError(error, what)
    throw failure instanceof AdminServerError && failure.code === 'ADMIN_UNREACHABLE'
      ? incomplete(what, received, bytes, error)
      : failure
  } finally {
    signal?.removeEventListener('abort', onAbort)
    response.destroy()
  }
  if (received !== bytes) throw incomplete(what, received, bytes)
}

function incomplete(what: string, received: number, bytes: number, cause?: unknown): AdminServerError {
  return new AdminServerError('ADMIN_INCOMPLETE', `${what} sent ${received} of ${bytes} bytes`, {
    unaffected: 'nothing was changed on the server',
    remedy: 'try again',
    details: { received, expected: bytes },
    cause,
  })
}

async function restore(
  target: AdminTarget,
  snapshot: { readonly bytes: number; readonly body: AsyncIterable<Uint8Array> },
  options: AdminOptions = {},
): Promise<{ readonly lastZxid: bigint }> {
  const command = 'restore'
  const what = nameOf(target, command)
  const timeoutMs = options.timeoutMs ?? SNAPSHOT_TIMEOUT_MS
  const response = await sendRequest({
    target,
    command,
    method: 'POST',
    body: { bytes: snapshot.bytes, chunks: snapshot.body },
    timeoutMs,
    signal: options.signal,
  })
  const { last_zxid: zxid } = await readAnswer(response, { command, what, timeoutMs })
  if (typeof zxid !== 'number' && typeof zxid !== 'bigint') {
    throw new AdminServerError('ADMIN_MALFORMED', `${what} did not say which zxid it restored`, {
      remedy: 'compare the server with the backup before anything else',
    })
  }
  return { lastZxid: BigInt(zxid) }
}

/** HTTP 200 says nothing yet: the answer's own `error` does. */
async function readAnswer(
  response: IncomingMessage,
  { command, what, timeoutMs }: { command: string; what: string; timeoutMs: number },
): Promise<AdminObject> {
  const text = await readText(response, { what, bytesMax: ANSWER_BYTES_MAX, timeoutMs })
  if (response.statusCode !== 200) throw refusal(response, command, what, text)
  const answer = parseAdminJson(text, what)
  if (answer.error === null || answer.error === undefined) return answer
  const said = String(answer.error)
  if (said.startsWith('Unknown command')) {
    throw new AdminServerError('ADMIN_UNSUPPORTED', `${what} does not know the command ${command}`, {
      remedy: command === 'snapshot' || command === 'restore' ? 'it needs ZooKeeper 3.9 or newer' : undefined,
    })
  }
  throw new AdminServerError('ADMIN_REFUSED', `${what} refused ${command}: ${said}`)
}

function refusal(response: IncomingMessage, command: string, what: string, text: string): AdminServerError {
  const status = response.statusCode ?? 0
  const details = { status }
  switch (status) {
    case 401:
    case 403: {
      const remedy = 'give credentials that have all five permissions on the ACL of /'
      return new AdminServerError('ADMIN_DENIED', `${what} does not let us ${command} (${said(text, status)})`, {
        remedy,
        details,
      })
    }
    case 429: {
      const remedy = 'wait and try again; admin.rateLimiterIntervalInMS sets how long (five minutes by default)'
      return new AdminServerError('ADMIN_RATE_LIMITED', `${what} was asked too often for ${command}`, {
        remedy,
        details,
      })
    }
    case 503:
      return new AdminServerError('ADMIN_DISABLED', `${what} has ${command} switched off`, {
        remedy: `set admin.${command}.enabled=true in its configuration`,
        details,
      })
    case 500: {
      const remedy =
        command === 'snapshot'
          ? 'check that serializeLastProcessedZxid.enabled is not false, and the log of the server'
          : 'the server kept its data; look into its log, and send an uncompressed snapshot that verify finds sound'
      return new AdminServerError('ADMIN_REFUSED', `${what} failed at ${command} (HTTP 500)`, { remedy, details })
    }
    default:
      return new AdminServerError('ADMIN_REFUSED', `${what} answered ${command} with HTTP ${status}`, {
        remedy: 'check that the address is that of the AdminServer',
        details,
      })
  }
}

/** The refusal in the server's own words where it has any. */
function said(text: string, status: number): string {
  try {
    const { error } = parseAdminJson(text, '')
    return typeof error === 'string' && error !== '' ? error : `HTTP ${status}`
  } catch (notJson) {
    if (notJson instanceof AdminServerError) return `HTTP ${status}`
    throw notJson
  }
}

function nameOf(target: AdminTarget, command: string): string {
  return `The AdminServer at ${commandUrl(target.url, command).host}`
}

function header(response: IncomingMessage, name: string): string {
  const value = response.headers[name]
  return typeof value === 'string' ? value : ''
}
