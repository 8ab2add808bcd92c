import * as oidc from 'openid-client'
import type { Clock } from '../../base/clock.ts'
import { OidcError } from './errors.ts'
import type { IdentityProvider, ProviderIdentity, SignInChecks, SingleSignOnSettings } from './single-sign-on.ts'

const TIMEOUT_SECONDS = 10
/** Endpoints and keys of a provider move seldom; unknown keys are asked for at once in any case. */
const DISCOVERY_HOLDS_MS = 3600_000
const GROUPS_MAX = 1000

/**
 * One OpenID Connect provider, asked by the authorization code flow with PKCE. openid-client checks state, nonce, issuer, audience and
 * times; the signature of the ID token is checked as well, though it comes over a connection of our own.
 */
export function createIdentityProvider(settings: SingleSignOnSettings, clock: Clock): IdentityProvider {
  let known: { readonly at: number; readonly config: Promise<oidc.Configuration> } | null = null

  const discover = (): Promise<oidc.Configuration> => {
    const now = clock.now()
    if (known && known.at + DISCOVERY_HOLDS_MS > now) return known.config
    const asked = { at: now, config: readDiscovery(settings) }
    known = asked
    asked.config.catch(() => {
      if (known === asked) known = null
    })
    return asked.config
  }

  return {
    begin: (redirectUri) =>
      translated(async () => {
        const config = await discover()
        const checks: SignInChecks = {
          state: oidc.randomState(),
          nonce: oidc.randomNonce(),
          codeVerifier: oidc.randomPKCECodeVerifier(),
        }
        const url = oidc.buildAuthorizationUrl(config, {
          redirect_uri: redirectUri,
          response_type: 'code',
          scope: settings.scopes.join(' '),
          state: checks.state,
          nonce: checks.nonce,
          code_challenge: await oidc.calculatePKCECodeChallenge(checks.codeVerifier),
          code_challenge_method: 'S256',
        })
        return { url: url.href, checks }
      }),
    finish: (redirectUri, search, checks) =>
      translated(async () => {
        const config = await discover()
        const url = new URL(redirectUri)
        url.search = search
        const tokens = await oidc.authorizationCodeGrant(config, url, {
          pkceCodeVerifier: checks.codeVerifier,
          expectedState: checks.state,
          expectedNonce: checks.nonce,
          idTokenExpected: true,
        })
        const claims = tokens.claims()
        if (!claims) throw new OidcError('PROVIDER_ANSWER_INVALID', 'The answer of the provider has no ID token')
        return toIdentity(settings, await withUserInfo(config, settings, tokens.access_token, claims))
      }),
    endSessionUrl: (returnTo) =>
      translated(async () => {
        const config = await discover()
        if (!config.serverMetadata().end_session_endpoint) return null
        return oidc.buildEndSessionUrl(config, { post_logout_redirect_uri: returnTo }).href
      }),
  }
}

async function readDiscovery({ issuer, clientId, clientSecret }: SingleSignOnSettings): Promise<oidc.Configuration> {
  const isPlain = new URL(issuer).protocol === 'http:'
  const config = await oidc.discovery(new URL(issuer), clientId, undefined, toAuthentication(clientSecret), {
    timeout: TIMEOUT_SECONDS,
    execute: isPlain ? [oidc.allowInsecureRequests] : [],
  })
  oidc.enableNonRepudiationChecks(config)
  return config
}

/** The way that the provider says it takes; without a word of it, what the standard has as default. */
function toAuthentication(secret: string | null): oidc.ClientAuth {
  if (secret === null) return oidc.None()
  const [basic, post] = [oidc.ClientSecretBasic(secret), oidc.ClientSecretPost(secret)]
  return (server, ...request) => {
    const taken = server.token_endpoint_auth_methods_supported ?? ['client_secret_basic']
    return (taken.includes('client_secret_basic') ? basic : post)(server, ...request)
  }
}

type Claims = Readonly<Record<string, unknown>> & { readonly iss: string; readonly sub: string }

/** Many providers put groups or the address into the answer of their userinfo endpoint only. What is signed stands above it. */
async function withUserInfo(
  config: oidc.Configuration,
  settings: SingleSignOnSettings,
  accessToken: string,
  claims: Claims,
): Promise<Claims> {
  const isEnough = readClaim(claims, settings.groupsClaim) !== undefined && claims.email !== undefined
  if (isEnough || !config.serverMetadata().userinfo_endpoint) return claims
  return { ...(await oidc.fetchUserInfo(config, accessToken, claims.sub)), ...claims }
}

function toIdentity(settings: SingleSignOnSettings, claims: Claims): ProviderIdentity {
  const text = (name: string) => {
    const value = claims[name]
    return typeof value === 'string' && value.trim() !== '' ? value.trim().slice(0, 320) : null
  }
  const verified = claims.email_verified
  return {
    issuer: claims.iss,
    subject: claims.sub,
    email: text('email')?.toLowerCase() ?? null,
    isEmailVerified:
      verified === true || verified === 'true' || (verified === undefined && settings.assumeEmailVerified),
    name: text('name') ?? text('preferred_username'),
    groups: toGroups(readClaim(claims, settings.groupsClaim)),
  }
}

/** The claim of that very name (some are addresses, with dots in them), else the way into it. */
function readClaim(claims: Claims, name: string): unknown {
  if (Object.hasOwn(claims, name)) return claims[name]
  return name.split('.').reduce<unknown>((value, key) => {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined
    return Reflect.get(value, key)
  }, claims)
}

function toGroups(value: unknown): string[] {
  const all: unknown[] = Array.isArray(value) ? value : [value]
  return all.filter((group) => typeof group === 'string').slice(0, GROUPS_MAX)
}

const NOT_FOUND_THERE = { unaffected: 'nobody was signed in' }

async function translated<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask()
  } catch (cause) {
    if (cause instanceof OidcError) throw cause
    throw toOidcError(cause)
  }
}

function toOidcError(cause: unknown): OidcError {
  if (cause instanceof oidc.AuthorizationResponseError) {
    const isDenied = cause.error === 'access_denied' || cause.error === 'login_required'
    const text = `The provider answered with ${cause.error}`
    return new OidcError(isDenied ? 'PROVIDER_DENIED' : 'PROVIDER_FAILED', text, { ...NOT_FOUND_THERE, cause })
  }
  if (cause instanceof oidc.ResponseBodyError) {
    const text = `The provider refused the code: ${cause.error}`
    return new OidcError('PROVIDER_ANSWER_INVALID', text, { ...NOT_FOUND_THERE, cause })
  }
  if (isUnreachable(cause)) {
    return new OidcError('PROVIDER_UNREACHABLE', 'The provider does not answer', { ...NOT_FOUND_THERE, cause })
  }
  const why = cause instanceof Error ? cause.message : 'not understood'
  return new OidcError('PROVIDER_ANSWER_INVALID', `The answer of the provider is not valid: ${why}`, {
    ...NOT_FOUND_THERE,
    cause,
  })
}

function isUnreachable(cause: unknown): boolean {
  if (!(cause instanceof Error)) return false
  if ('code' in cause && (cause.code === 'OAUTH_TIMEOUT' || cause.code === 'OAUTH_ABORT')) return true
  return cause instanceof TypeError && cause.message === 'fetch failed'
}
