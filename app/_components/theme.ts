export type Theme = 'system' | 'light' | 'dark'

/** Kept in a cookie, so that the first byte of a page has the right colours and no script is needed for it. */
export const THEME_COOKIE = 'arkeeper-theme'

export function readTheme(value: string | undefined): Theme {
  return value === 'light' || value === 'dark' ? value : 'system'
}
