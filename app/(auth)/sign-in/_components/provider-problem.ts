import type { ErrorView } from '@/lib/services/error-view.ts'

const unaffected = 'nobody was signed in, and nothing was changed'
const ask = 'ask whoever administers Arkeeper or the provider'

/** What the address of this page may say went wrong on the way through single sign-on; its text is never taken from there. */
const PROBLEMS: Readonly<Record<string, Omit<ErrorView, 'code' | 'unaffected'>>> = {
  'provider-unreachable': {
    message: 'The provider of single sign-on does not answer',
    remedy: 'try again in a moment; the log of the web process says what was asked',
  },
  'provider-failed': {
    message: 'The provider of single sign-on says that it cannot sign anybody in now',
    remedy: 'try again; the log of the web process has its words',
  },
  'answer-invalid': {
    message: 'What came back from single sign-on was not the answer of the provider to this sign-in',
    remedy: 'try again; when it comes back, let an administrator look in the log of the web process',
  },
  'wrong-state': {
    message: 'This browser had not begun this sign-in, or more than ten minutes ago, or has begun another since',
    remedy: 'begin again with the button below, and keep cookies allowed',
  },
  denied: {
    message: 'The sign-in was refused or broken off at the provider',
    remedy: 'try again, or choose another account there',
  },
  'no-group': {
    message: 'You are known to the provider, but none of your groups has a role in Arkeeper',
    remedy: `${ask} for a group that has one`,
  },
  'no-email': {
    message: 'The provider does not say your e-mail address',
    remedy: `${ask}: the scope email, and an address in your account`,
  },
  'email-not-verified': {
    message: 'The provider does not say that your e-mail address was verified',
    remedy: `verify it there, or ${ask}`,
  },
  'domain-not-allowed': {
    message: 'Your e-mail address is of a domain that may not sign in here',
    remedy: 'choose another account at the provider',
  },
  'email-taken': {
    message: 'There is an account with your e-mail address that does not belong to you at the provider',
    remedy: 'sign in with its password, or ask an administrator to allow linking',
  },
  'not-invited': {
    message: 'Single sign-on makes no new accounts here, and there is none for you',
    remedy: 'ask an administrator for an invitation',
  },
  deactivated: { message: 'This account is deactivated', remedy: 'ask an administrator' },
}

export function toProblemView(code: string | undefined): ErrorView | null {
  if (code === undefined || !Object.hasOwn(PROBLEMS, code)) return null
  const text = PROBLEMS[code]
  return text ? { code, unaffected, ...text } : null
}
