import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { SMTPServer, type SMTPServerOptions } from 'smtp-server'
import { afterEach, describe, expect, test } from 'vitest'
import type { AlertMessage } from '../../domain/alerts/message.ts'
import { createTestAuthority } from '../../testing/certificates.ts'
import { createNotify } from './create-notify.ts'
import { subjectOf } from './format-mail.ts'
import { escapeSlack, formatSlack } from './format-slack.ts'
import type { NotifyTarget } from './notify.ts'

const cleanups: (() => void)[] = []
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup()
})

const notify = createNotify()

function message(more: Partial<AlertMessage['alert']> = {}, event: AlertMessage['event'] = 'firing'): AlertMessage {
  return {
    version: 1,
    id: '5e0f8a52-0000-4000-8000-000000000001',
    event,
    at: '2026-01-02T03:04:05.000Z',
    alert: {
      id: 'a1',
      rule: 'cluster-down',
      severity: 'critical',
      title: 'Cluster down',
      text: 'orders cannot be connected to',
      cluster: { id: 'c1', name: 'orders' },
      firedAt: '2026-01-02T03:00:00.000Z',
      resolvedAt: null,
      link: 'https://arkeeper.test/alerts?alert=a1',
      ...more,
    },
  }
}

async function startHttp(status = 200, answer = 'ok', headers: Record<string, string> = {}) {
  const received: { headers: IncomingHttpHeaders; body: string }[] = []
  const server = createServer(async (request, response) => {
    received.push({ headers: request.headers, body: await text(request) })
    response.writeHead(status, headers).end(answer)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  cleanups.push(() => {
    server.close()
    server.closeAllConnections()
  })
  return { received, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook/planted-token` }
}

const webhook = (url: string, signingSecret: string | null = null): NotifyTarget => ({
  kind: 'webhook',
  url,
  signingSecret,
  ca: null,
  allowLocal: false,
})

describe('a webhook', () => {
  test('gets the message as JSON, signed, with a key that a repetition has too', async () => {
    const { received, url } = await startHttp(202, 'queued')
    expect(await notify.send(webhook(url, 'planted-secret'), message())).toEqual({ text: '202 queued' })
    await notify.send(webhook(url), message())
    const [first, second] = received
    expect(JSON.parse(first?.body ?? '')).toEqual(message())
    expect(first?.headers['idempotency-key']).toBe(message().id)
    expect(second?.headers['idempotency-key']).toBe(message().id)
    const [, time, signature] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(first?.headers['x-arkeeper-signature'])) ?? []
    expect(createHmac('sha256', 'planted-secret').update(`${time}.${first?.body}`).digest('hex')).toBe(signature)
    expect(second?.headers).not.toHaveProperty('x-arkeeper-signature')
  })

  test('that refuses is told with what it said, and without its address', async () => {
    const { url } = await startHttp(403, 'invalid_token')
    const refused = notify.send(webhook(url), message())
    await expect(refused).rejects.toMatchObject({
      code: 'NOTIFY_FAILED',
      message: expect.stringMatching(/answered 403 invalid_token$/),
    })
    await expect(refused).rejects.not.toMatchObject({ message: expect.stringContaining('planted') })
  })

  test('is not followed elsewhere, not waited for without end, and not looked for where clouds keep credentials', async () => {
    const { received, url } = await startHttp(302, '', { location: '/elsewhere' })
    await expect(notify.send(webhook(url), message())).rejects.toMatchObject({
      message: expect.stringContaining('302'),
    })
    expect(received).toHaveLength(1)
    const silent = createServer(() => undefined).listen(0, '127.0.0.1')
    await once(silent, 'listening')
    cleanups.push(() => {
      silent.close()
      silent.closeAllConnections()
    })
    const slow = `http://127.0.0.1:${(silent.address() as AddressInfo).port}/`
    const impatient = createNotify({ timeoutMs: 50 })
    await expect(impatient.send(webhook(slow), message())).rejects.toMatchObject({
      message: expect.stringContaining('no answer within'),
    })
    await expect(notify.send(webhook('http://169.254.169.254/'), message())).rejects.toMatchObject({
      message: expect.stringContaining('FORWARD_REFUSED'),
    })
  })

  test('that answers without end has answered', async () => {
    const server = createServer((_request, response) => {
      response.writeHead(200)
      response.write('x'.repeat(5000))
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    cleanups.push(() => {
      server.close()
      server.closeAllConnections()
    })
    const { text: said } = await notify.send(
      webhook(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`),
      message(),
    )
    expect(said.length).toBeLessThan(2100)
  })
})

describe('Slack and its like', () => {
  test('get a text, a colour and blocks', async () => {
    const { received, url } = await startHttp()
    await notify.send({ kind: 'slack', url, ca: null, allowLocal: false }, message({}, 'resolved'))
    const body = JSON.parse(received[0]?.body ?? '')
    expect(body.text).toContain('Resolved: Cluster down')
    expect(body.attachments[0]).toMatchObject({ color: '#2f855a', blocks: [{ type: 'section' }, { type: 'context' }] })
    expect(JSON.stringify(body)).toContain('<https://arkeeper.test/alerts?alert=a1|Open in Arkeeper>')
  })

  test('are made to mention nobody and to link nowhere by a name', () => {
    const name = '<!channel> @here *b* [x](https://evil.example) <https://evil.example|y> &amp;'
    const shown = JSON.stringify(formatSlack(message({ cluster: { id: 'c', name }, text: name })))
    expect(shown).not.toMatch(/<!|@here|\]\(|https:\/\/evil|&amp;amp;amp/)
    expect(escapeSlack('a & b < c')).toBe('a &amp; b &lt; c')
  })
})

interface Mail {
  readonly from: string
  readonly to: readonly string[]
  readonly user: string | undefined
  readonly secure: boolean
  readonly source: string
}

const authority = createTestAuthority('CN=Mail test')
const identity = authority.issue('CN=mail', { names: ['localhost', '127.0.0.1'] })

async function startMail(options: Partial<SMTPServerOptions> = {}) {
  const mails: Mail[] = []
  const server = new SMTPServer({
    key: identity.key,
    cert: identity.cert,
    authOptional: true,
    disableReverseLookup: true,
    onAuth: (auth, _session, done) =>
      auth.password === 'planted-password' ? done(null, { user: auth.username }) : done(new Error('no such account')),
    onData: (stream, session, done) => {
      text(stream).then((source) => {
        const { mailFrom, rcptTo } = session.envelope
        mails.push({
          from: mailFrom === false ? '' : mailFrom.address,
          to: rcptTo.map(({ address }) => address),
          user: session.user,
          secure: session.secure,
          source,
        })
        done(null, 'queued as 42')
      }, done)
    },
    ...options,
  })
  server.on('error', () => undefined)
  const listening = server.listen(0, '127.0.0.1')
  await once(listening, 'listening')
  cleanups.push(() => server.close(() => undefined))
  return { mails, port: (listening.address() as AddressInfo).port }
}

const mailTo = (port: number, more: Partial<Extract<NotifyTarget, { kind: 'email' }>> = {}): NotifyTarget => ({
  kind: 'email',
  host: '127.0.0.1',
  port,
  security: 'starttls',
  user: null,
  password: null,
  from: 'arkeeper@example.org',
  to: ['ops@example.org', 'night@example.org'],
  ca: authority.cert,
  allowLocal: false,
  ...more,
})

const unfold = (source: string) => source.replace(/\r\n[ \t]/g, ' ')

describe('mail', () => {
  test('goes over STARTTLS with a password, to all of the list, as text and as HTML', async () => {
    const { mails, port } = await startMail()
    const target = mailTo(port, { user: 'ark', password: 'planted-password' })
    const { text: said } = await notify.send(target, message())
    expect(said).toMatch(/^250 .*queued as 42/)
    const [mail] = mails
    expect(mail).toMatchObject({
      from: 'arkeeper@example.org',
      to: ['ops@example.org', 'night@example.org'],
      user: 'ark',
      secure: true,
    })
    const source = unfold(mail?.source ?? '')
    expect(source).toMatch(/^Subject: \[Arkeeper\] critical: Cluster down \(orders\)\r$/m)
    expect(source).toMatch(/^Message-ID: <5e0f8a52-0000-4000-8000-000000000001@arkeeper\.invalid>\r$/im)
    expect(source).toMatch(/^Auto-Submitted: auto-generated\r$/m)
    expect(source).toContain('text/plain')
    expect(source).toContain('text/html')
    expect(source).toContain('orders cannot be connected to')
    expect(source).not.toMatch(/<img|src=/)
  })

  test('goes over TLS from the first byte, and over nothing less than what was asked for', async () => {
    const { mails, port } = await startMail({ secure: true })
    await notify.send(mailTo(port, { host: 'localhost', security: 'tls' }), message())
    expect(mails).toMatchObject([{ secure: true }])
    const plain = await startMail({ disabledCommands: ['STARTTLS'] })
    await expect(notify.send(mailTo(plain.port), message())).rejects.toMatchObject({ code: 'NOTIFY_FAILED' })
    expect(plain.mails).toEqual([])
    const open = { security: 'none', user: 'ark', password: 'planted-password' } as const
    await expect(notify.send(mailTo(plain.port, open), message())).rejects.toMatchObject({ code: 'NOTIFY_REFUSED' })
    await notify.send(mailTo(plain.port, { security: 'none' }), message())
    expect(plain.mails).toMatchObject([{ secure: false, user: undefined }])
  })

  test('is not given to a server that nobody vouches for, nor with a wrong password', async () => {
    const { mails, port } = await startMail()
    await expect(notify.send(mailTo(port, { ca: null }), message())).rejects.toMatchObject({ code: 'NOTIFY_FAILED' })
    const refused = notify.send(mailTo(port, { user: 'ark', password: 'planted-wrong' }), message())
    await expect(refused).rejects.toMatchObject({ message: expect.stringContaining('no such account') })
    await expect(refused).rejects.not.toMatchObject({ message: expect.stringContaining('planted') })
    expect(mails).toEqual([])
  })

  test('to a server that refuses or says nothing fails, in time', async () => {
    const full = await startMail({ onRcptTo: (_address, _session, done) => done(new Error('mailbox full')) })
    await expect(notify.send(mailTo(full.port), message())).rejects.toMatchObject({
      message: expect.stringContaining('mailbox full'),
    })
    const held: (() => void)[] = []
    const slow = await startMail({ onConnect: (_session, done) => void held.push(done) })
    const impatient = createNotify({ timeoutMs: 60 })
    await expect(impatient.send(mailTo(slow.port), message())).rejects.toMatchObject({ code: 'NOTIFY_FAILED' })
    for (const done of held) done()
  })

  test('has no header that a name has made, and no receiver but those of the list', async () => {
    const { mails, port } = await startMail()
    const name = 'orders\r\nBcc: thief@evil.example\r\n\r\n<script>alert(1)</script>\u2028X-Evil: 1'
    await notify.send(mailTo(port), message({ cluster: { id: 'c', name }, text: name, title: `Down ${name}` }))
    const [mail] = mails
    expect(mail?.to).toEqual(['ops@example.org', 'night@example.org'])
    const headers = unfold((mail?.source ?? '').split('\r\n\r\n')[0] ?? '')
    expect(headers).not.toMatch(/^(bcc|x-evil):/im)
    const html = mail?.source.split('Content-Type: text/html')[1]
    expect(html).toContain('&lt;script&gt;')
    expect(html).not.toContain('<script>')
    expect(subjectOf(message({ title: name }))).not.toMatch(/[\r\n\u2028]/)
  })

  test('to an address that hides another goes to no other', async () => {
    const { mails, port } = await startMail()
    const hostile = [
      'ops@example.org, thief@evil.example',
      'ops@example.org\r\nRCPT TO:<thief@evil.example>',
      '<thief@evil.example> ops',
    ]
    for (const to of hostile) await notify.send(mailTo(port, { to: [to] }), message()).catch(() => undefined)
    expect(mails.flatMap((mail) => mail.to).filter((to) => to === 'thief@evil.example')).toEqual([])
  })
})
