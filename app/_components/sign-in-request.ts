import { paths } from '@/app/_nav/paths.ts'
import type { ErrorView } from '@/lib/services/error-view.ts'

/** Signs in with e-mail and password; null when done, else what to show. */
export async function signIn(credentials: { email: string; password: string }): Promise<ErrorView | null> {
  let response: Response
  try {
    response = await fetch(paths.api.auth('sign-in/email'), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(credentials),
      signal: AbortSignal.timeout(20_000),
    })
  } catch {
    return { code: 'UNREACHABLE', message: 'Arkeeper does not answer', remedy: 'check that it runs, then try again' }
  }
  if (response.ok) return null
  if (response.status === 429) return tooManyAttempts(await bodyOf(response))
  if (response.status === 401) {
    const { code } = await bodyOf(response)
    if (code === 'ACCOUNT_DEACTIVATED') {
      return { code, message: 'This account is deactivated', remedy: 'ask an administrator' }
    }
    if (code === 'PASSWORD_SIGN_IN_CLOSED') {
      return {
        code,
        message: 'Passwords are for named accounts only here, and this is none of them',
        remedy: 'sign in through single sign-on',
      }
    }
  }
  if (response.status === 401 || response.status === 400) {
    return {
      code: 'WRONG_CREDENTIALS',
      message: 'The e-mail or the password is wrong',
      remedy: 'check both and try again',
    }
  }
  if (response.status === 403) {
    return {
      code: 'WRONG_ORIGIN',
      message: 'This address is not one that Arkeeper may be used from',
      remedy: 'open it at the address that it printed at its start, or set ARKEEPER_PUBLIC_URL to this one',
    }
  }
  return {
    code: 'SIGN_IN_FAILED',
    message: `Signing in failed with status ${response.status}`,
    remedy: 'look in the log of the web process',
  }
}

/** The same words whether or not there is such an account, and whether or not the password was right: it was not looked at. */
function tooManyAttempts({ who, retryAfterSeconds }: Readonly<Record<string, unknown>>): ErrorView {
  const wait = typeof retryAfterSeconds === 'number' ? `wait ${waitText(retryAfterSeconds)}` : 'wait a minute'
  if (who === 'account') {
    return {
      code: 'TOO_MANY_ATTEMPTS',
      message:
        'There were too many failed attempts to sign in to this account, so no password is looked at for a while',
      unaffected: 'who is signed in already stays so',
      remedy: `${wait}, then try again; an administrator can open it before`,
    }
  }
  return {
    code: 'TOO_MANY_ATTEMPTS',
    message: 'There were too many failed attempts from this address',
    unaffected: 'who is signed in already stays so',
    remedy: `${wait}, then try again`,
  }
}

function waitText(seconds: number): string {
  return seconds < 90 ? `${seconds} seconds` : `${Math.ceil(seconds / 60)} minutes`
}

async function bodyOf(response: Response): Promise<Readonly<Record<string, unknown>>> {
  const body: unknown = await response.json().catch(() => null)
  return typeof body === 'object' && body !== null ? { ...body } : {}
}
