/** Put in by the build (next.config.ts): it cannot change afterwards. Tests have none. */
declare const ARKEEPER_BASE_PATH: string | undefined

/** Under which all of it is served behind a proxy: empty, or like `/arkeeper`. Links and redirects of Next.js add it by themselves. */
export const BASE_PATH = typeof ARKEEPER_BASE_PATH === 'string' ? ARKEEPER_BASE_PATH : ''

/** An address of ours as the browser has to be given it where Next.js does not see to it: fetch, downloads, the address bar. */
export function toBrowserPath(path: string, basePath = BASE_PATH): string {
  return path === '/' && basePath !== '' ? basePath : basePath + path
}

/** The other way round: what the address bar shows, as `paths` has it. */
export function fromBrowserPath(path: string, basePath = BASE_PATH): string {
  return path.startsWith(`${basePath}/`) ? path.slice(basePath.length) : path === basePath ? '/' : path
}

type Urls = Readonly<Record<string, (...args: never[]) => string>>

/** Route handlers are never the target of a link of Next.js, so their addresses are the browser's from the start. */
export function belowBasePath<T extends Urls>(urls: T, basePath = BASE_PATH): T {
  const below = Object.entries(urls).map(([name, build]) => [
    name,
    (...args: never[]) => toBrowserPath(build(...args), basePath),
  ])
  // Each function takes what it took and gives a text, as before.
  return Object.fromEntries(below) as T
}
