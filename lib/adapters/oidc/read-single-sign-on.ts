import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { z } from 'zod'
import { OidcError } from './errors.ts'
import type { SingleSignOnSettings } from './single-sign-on.ts'

/** What the environment gives; it stands above the file. */
export interface SingleSignOnEnv {
  readonly issuer: string | null
  readonly clientId: string | null
  readonly clientSecret: string | null
  readonly clientSecretFile: string | null
}

const email = z.string().trim().toLowerCase().pipe(z.email())
const role = z.enum(['none', 'viewer', 'operator', 'admin'])
const byGroup = z.record(z.string().min(1), role)

const sectionSchema = z.strictObject({
  issuer: z.string().optional(),
  clientId: z.string().min(1).optional(),
  clientSecret: z.string().min(1).optional(),
  clientSecretFile: z.string().min(1).optional(),
  scopes: z.array(z.string().regex(/^\S+$/)).default(['openid', 'profile', 'email']),
  groupsClaim: z.string().min(1).default('groups'),
  roles: byGroup.default({}),
  clusterRoles: z.record(z.string().min(1), byGroup).default({}),
  allowedDomains: z.array(z.string().trim().toLowerCase().min(1)).default([]),
  assumeEmailVerified: z.boolean().default(false),
  label: z.string().trim().min(1).max(60).default('Single sign-on'),
  createPeople: z.boolean().default(true),
  linkByEmail: z.boolean().default(false),
  passwordSignIn: z.union([z.literal('everyone'), z.array(email).min(1)]).default('everyone'),
  sessionHours: z.number().min(0.25).max(720).default(12),
  signOutAtProvider: z.boolean().default(false),
})

const fileSchema = z.looseObject({ singleSignOn: z.unknown().optional() })

const LOOPBACK = new Set(['127.0.0.1', 'localhost', '[::1]'])

/** Null: there is no single sign-on here. Throws SINGLE_SIGN_ON_INVALID, naming the place and never a secret. */
export function readSingleSignOn(configFile: string, env: SingleSignOnEnv): SingleSignOnSettings | null {
  const section = readSection(configFile)
  if (section === undefined && env.issuer === null) return null
  const parsed = sectionSchema.safeParse(section ?? {})
  if (!parsed.success) {
    const issue = parsed.error.issues[0]
    const place = ['singleSignOn', ...(issue?.path ?? [])].join('.')
    throw invalid(`${configFile}: ${place}: ${issue?.message ?? 'not understood'}`)
  }
  const { issuer, clientId, clientSecret, clientSecretFile, sessionHours, scopes, ...rest } = parsed.data
  const secretFile = env.clientSecretFile ?? (clientSecretFile && resolve(dirname(configFile), clientSecretFile))
  const settings = {
    ...rest,
    issuer: toIssuer(env.issuer ?? issuer),
    clientId: env.clientId ?? clientId ?? '',
    clientSecret: env.clientSecret ?? clientSecret ?? (secretFile ? readSecret(secretFile) : null),
    scopes: scopes.includes('openid') ? scopes : ['openid', ...scopes],
    sessionMs: sessionHours * 3600_000,
  }
  if (settings.clientId === '') throw invalid('no client id is given')
  const isAnyoneMapped = [rest.roles, ...Object.values(rest.clusterRoles)].some((map) => Object.keys(map).length > 0)
  if (!isAnyoneMapped) throw invalid(`${configFile}: singleSignOn.roles maps no group, so that nobody could sign in`)
  return settings
}

function readSection(file: string): unknown {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined
    throw invalid(`${file} cannot be read`, cause)
  }
  try {
    return fileSchema.parse(JSON.parse(text)).singleSignOn
  } catch {
    // Not the cause: a parser's message quotes the text, which may hold the secret.
    throw invalid(`${file} is not a JSON object`)
  }
}

/** Plain http only to this host: whoever sits between could be anybody's provider. */
function toIssuer(text: string | undefined): string {
  if (!text || !URL.canParse(text)) throw invalid('the issuer is not an address')
  const { protocol, hostname, search, hash } = new URL(text)
  if (search !== '' || hash !== '') throw invalid('the issuer has a query or a fragment')
  if (protocol === 'https:' || (protocol === 'http:' && LOOPBACK.has(hostname))) return text
  throw invalid('the issuer is not an https address')
}

function readSecret(file: string): string {
  try {
    const secret = readFileSync(file, 'utf8').trim()
    if (secret !== '') return secret
  } catch (cause) {
    throw invalid(`the client secret file ${file} cannot be read`, cause)
  }
  throw invalid(`the client secret file ${file} is empty`)
}

function invalid(fault: string, cause?: unknown): OidcError {
  return new OidcError('SINGLE_SIGN_ON_INVALID', `Single sign-on is not configured soundly: ${fault}`, {
    remedy: 'correct it, or leave it out, and start again; the README shows its form',
    cause,
  })
}
