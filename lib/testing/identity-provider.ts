import { createSign, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import Provider, { type Claims, type Context } from 'oidc-provider'

export const CLIENT_ID = 'arkeeper-test'
export const CLIENT_SECRET = 'planted-client-secret-of-a-test'

/** What the provider does with the next request, other than let `person` in. */
export interface ProviderMood {
  /** Who signs in, by subject; null says no. */
  person: string | null
  /** Another ID token in place of the one that was made, as claims, or as a whole token. */
  forge: ((claims: Claims, sign: (claims: Claims, key?: 'own' | 'foreign' | 'none') => string) => string) | null
}

export interface TestProvider extends AsyncDisposable {
  readonly issuer: string
  readonly mood: ProviderMood
  /** Claims by subject; change them as a directory changes. */
  readonly people: Map<string, Claims>
  close(): Promise<void>
}

/** A certified OpenID Connect provider on this host, whose people need no password. Its userinfo endpoint has the claims, not the ID token. */
export async function startTestProvider(redirectUris: readonly string[]): Promise<TestProvider> {
  const own = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const foreign = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const people = new Map<string, Claims>()
  const mood: ProviderMood = { person: null, forge: null }

  let handle: (request: IncomingMessage, response: ServerResponse) => void = () => undefined
  const server = createServer((request, response) => handle(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`

  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: CLIENT_ID,
        client_secret: CLIENT_SECRET,
        redirect_uris: redirectUris,
        post_logout_redirect_uris: redirectUris.map((uri) => new URL('/sign-in', uri).href),
      },
    ],
    jwks: { keys: [{ ...own.privateKey.export({ format: 'jwk' }), kid: 'own', use: 'sig', alg: 'RS256' }] },
    cookies: { keys: ['a key of a test'] },
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'], groups: ['groups'] },
    scopes: ['openid', 'email', 'profile', 'groups'],
    features: { devInteractions: { enabled: false } },
    pkce: { required: () => true },
    ttl: { AccessToken: 600, AuthorizationCode: 60, Grant: 600, IdToken: 600, Interaction: 600, Session: 600 },
    interactions: { url: (_context: unknown, { uid }: { uid: string }) => `/interaction/${uid}` },
    findAccount: (_context: unknown, accountId: string) => {
      const claims = people.get(accountId)
      return claims && { accountId, claims: () => ({ sub: accountId, ...claims }) }
    },
    loadExistingGrant: async ({ oidc }: Context) => {
      const grant = new oidc.provider.Grant({ accountId: oidc.session.accountId, clientId: oidc.client.clientId })
      grant.addOIDCScope('openid email profile groups')
      await grant.save()
      return grant
    },
  })
  const callback = provider.callback()
  const sign = (claims: Claims, key: 'own' | 'foreign' | 'none' = 'own') =>
    signToken(claims, key === 'none' ? null : key === 'own' ? own.privateKey : foreign.privateKey)

  handle = (request, response) => {
    if (request.url?.startsWith('/interaction/')) {
      const { person } = mood
      const result = person === null ? { error: 'access_denied' } : { login: { accountId: person } }
      provider.interactionFinished(request, response, result).catch((error) => response.destroy(error))
      return
    }
    const { forge } = mood
    if (forge !== null && request.url === '/token') replaceIdToken(response, (claims) => forge(claims, sign))
    callback(request, response)
  }

  const close = async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
  return { issuer, mood, people, close, [Symbol.asyncDispose]: close }
}

function signToken(claims: Claims, key: KeyObject | null): string {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const header = key === null ? { alg: 'none' } : { alg: 'RS256', kid: 'own' }
  const text = `${part(header)}.${part(claims)}`
  return `${text}.${key === null ? '' : createSign('RSA-SHA256').update(text).sign(key, 'base64url')}`
}

function replaceIdToken(response: ServerResponse, forge: (claims: Claims) => string): void {
  const send = response.end.bind(response) as (text: string) => ServerResponse
  response.end = ((chunk: unknown) => {
    const body = JSON.parse(String(chunk))
    const [, payload] = String(body.id_token).split('.')
    body.id_token = forge(JSON.parse(Buffer.from(payload ?? '', 'base64url').toString()))
    const text = JSON.stringify(body)
    response.setHeader('content-length', Buffer.byteLength(text))
    return send(text)
  }) as typeof response.end
}
