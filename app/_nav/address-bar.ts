import { fromBrowserPath, toBrowserPath } from './base-path.ts'

/** What the address bar shows, without loading a page. */
export function showAddress(path: string, how: 'pushState' | 'replaceState' = 'replaceState'): void {
  window.history[how](null, '', toBrowserPath(path))
}

/** Loads the page anew from the server: after a session has begun or ended. */
export function goTo(path: string): void {
  window.location.assign(toBrowserPath(path))
}

/** Path and query of the page that is open. */
export function currentAddress(): string {
  return fromBrowserPath(window.location.pathname) + window.location.search
}
