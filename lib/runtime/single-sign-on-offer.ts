import type { SingleSignOnSettings } from '../adapters/oidc/single-sign-on.ts'
import { END_PATH, START_PATH } from './single-sign-on.ts'

export interface SingleSignOnOffer {
  readonly label: string
  /** At the public address, which is the one that the provider sends back to: the browser's cookie must be of that host. */
  readonly startUrl: string
  /** Where signing out goes on; null: it ends here. */
  readonly endUrl: string | null
  /** Only named accounts may still use a password. */
  readonly isPasswordTheException: boolean
}

export function offerSingleSignOn(settings: SingleSignOnSettings, root: string): SingleSignOnOffer {
  const { label, signOutAtProvider, passwordSignIn } = settings
  return {
    label,
    startUrl: `${root}/api/auth${START_PATH}`,
    endUrl: signOutAtProvider ? `${root}/api/auth${END_PATH}` : null,
    isPasswordTheException: passwordSignIn !== 'everyone',
  }
}
