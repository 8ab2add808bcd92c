import type { Finding } from './views.ts'

type Text = string | null

export function blocker(code: string, message: string, remedy: string, server: Text = null): Finding {
  return { code, level: 'blocker', server, message, remedy, phrase: null }
}

export function warning(code: string, message: string, remedy: Text, server: Text = null): Finding {
  return { code, level: 'warning', server, message, remedy, phrase: null }
}

export function ok(code: string, message: string, server: Text = null): Finding {
  return { code, level: 'ok', server, message, remedy: null, phrase: null }
}
