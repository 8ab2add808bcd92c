import { createTransport } from 'nodemailer'
import type { AlertMessage } from '../../domain/alerts/message.ts'
import { resolveAddress, serverNameOf } from '../log/outbound.ts'
import { NotifyError } from './errors.ts'
import { htmlOf, plainOf, subjectOf } from './format-mail.ts'
import type { NotifyAnswer, NotifyTarget } from './notify.ts'

/** One mail to all of the list. Without the security that was asked for nothing is sent: no falling back to clear text. */
export async function sendMail(
  target: Extract<NotifyTarget, { kind: 'email' }>,
  message: AlertMessage,
  { signal, timeoutMs }: { readonly signal: AbortSignal; readonly timeoutMs: number },
): Promise<NotifyAnswer> {
  const { user, password, security } = target
  if (user !== null && security === 'none') {
    throw new NotifyError('NOTIFY_REFUSED', 'A password is not sent in the clear', {
      remedy: 'use STARTTLS or TLS, or a server that asks for no password',
    })
  }
  const address = await resolveAddress(target.host, target.allowLocal)
  const transport = createTransport({
    host: address,
    port: target.port,
    secure: security === 'tls',
    requireTLS: security === 'starttls',
    ignoreTLS: security === 'none',
    auth: user === null ? undefined : { user, pass: password ?? '' },
    tls: { ca: target.ca ?? undefined, servername: serverNameOf(target.host) },
    connectionTimeout: timeoutMs,
    greetingTimeout: timeoutMs,
    socketTimeout: timeoutMs,
    disableFileAccess: true,
    disableUrlAccess: true,
  })
  const stopped = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
  stopped.catch(() => undefined)
  try {
    signal.throwIfAborted()
    // As objects and lists: nothing in them is parsed, so that no comma or bracket makes another address of one.
    const sending = transport.sendMail({
      from: { name: 'Arkeeper', address: target.from },
      to: target.to.map((each) => ({ name: '', address: each })),
      subject: subjectOf(message),
      text: plainOf(message),
      html: htmlOf(message),
      // The same in a repetition: mail servers and readers know it for the same mail.
      messageId: `<${message.id.replace(/[^\w.-]/g, '')}@arkeeper.invalid>`,
      date: new Date(message.at),
      headers: { 'auto-submitted': 'auto-generated', 'x-arkeeper-event': message.event },
    })
    sending.catch(() => undefined)
    const sent = await Promise.race([sending, stopped])
    return { text: `${sent.response}${sent.rejected.length > 0 ? ` (refused for ${sent.rejected.join(', ')})` : ''}` }
  } finally {
    transport.close()
  }
}
