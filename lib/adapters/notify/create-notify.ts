import { withDeadline } from '../../base/deadline.ts'
import { formatErrorLine, isArkeeperError } from '../../base/errors.ts'
import type { AlertMessage } from '../../domain/alerts/message.ts'
import { describeOutbound, postJson, resolveAddress } from '../log/outbound.ts'
import { SIGNATURE_HEADER, signBody } from '../log/sign-body.ts'
import { NotifyError } from './errors.ts'
import { formatSlack } from './format-slack.ts'
import type { NotifyAnswer, NotifyPort, NotifyTarget } from './notify.ts'
import { sendMail } from './send-mail.ts'

const TIMEOUT_MS = 10_000

export function createNotify(options: { readonly timeoutMs?: number } = {}): NotifyPort {
  const timeoutMs = options.timeoutMs ?? TIMEOUT_MS
  return {
    send: async (target, message, signal) => {
      const limit = AbortSignal.any([AbortSignal.timeout(timeoutMs), ...(signal ? [signal] : [])])
      try {
        const sending =
          target.kind === 'email'
            ? sendMail(target, message, { signal: limit, timeoutMs })
            : post(target, message, limit)
        // Looking up a name listens to no signal.
        return await withDeadline(sending, { what: placeOf(target), timeoutMs: 2 * timeoutMs, signal })
      } catch (error) {
        if (error instanceof NotifyError) throw error
        const late = limit.aborted && signal?.aborted !== true
        const why = late
          ? `no answer within ${timeoutMs / 1000} seconds`
          : isArkeeperError(error)
            ? formatErrorLine(error)
            : describeOutbound(error)
        throw new NotifyError('NOTIFY_FAILED', `${placeOf(target)}: ${why}`, { cause: error })
      }
    },
  }
}

async function post(
  target: Extract<NotifyTarget, { url: string }>,
  message: AlertMessage,
  signal: AbortSignal,
): Promise<NotifyAnswer> {
  const url = new URL(target.url)
  const address = await resolveAddress(url.hostname, target.allowLocal)
  const body = JSON.stringify(target.kind === 'slack' ? formatSlack(message) : message)
  const isSigned = target.kind === 'webhook' && target.signingSecret !== null
  const headers = {
    'idempotency-key': message.id,
    ...(isSigned ? { [SIGNATURE_HEADER]: signBody(target.signingSecret ?? '', body, Date.now()) } : {}),
  }
  const answer = await postJson(url, address, { ca: target.ca, headers, body, signal })
  const said = answer.text.trim()
  const text = `${answer.status}${said === '' ? '' : ` ${said}`}`
  if (answer.status >= 200 && answer.status < 300) return { text }
  throw new NotifyError('NOTIFY_FAILED', `${placeOf(target)} answered ${text}`)
}

/** Never the whole address of a webhook, which is a secret itself. */
function placeOf(target: NotifyTarget): string {
  return target.kind === 'email' ? `${target.host}:${target.port}` : new URL(target.url).host
}
