/** The query of a page or route handler as Next.js gives it, read the same way everywhere. */
export type SearchParams = Readonly<Record<string, string | string[] | undefined>>

export function readText(params: SearchParams | URLSearchParams, key: string): string {
  if (params instanceof URLSearchParams) return params.get(key) ?? ''
  const value = params[key]
  return (Array.isArray(value) ? value[0] : value) ?? ''
}

export function readList(params: SearchParams | URLSearchParams, key: string): string[] {
  if (params instanceof URLSearchParams) return params.getAll(key)
  const value = params[key]
  return value === undefined ? [] : Array.isArray(value) ? value : [value]
}

export function readNumber(params: SearchParams | URLSearchParams, key: string): number | undefined {
  const text = readText(params, key)
  if (!/^\d{1,15}$/.test(text)) return undefined
  return Number(text)
}

/** The one value among those allowed, or undefined. */
export function readOneOf<T extends string>(
  params: SearchParams | URLSearchParams,
  key: string,
  allowed: readonly T[],
): T | undefined {
  const text = readText(params, key)
  return allowed.find((value) => value === text)
}

export function readSomeOf<T extends string>(
  params: SearchParams | URLSearchParams,
  key: string,
  allowed: readonly T[],
): T[] {
  const texts = readList(params, key)
  return allowed.filter((value) => texts.includes(value))
}
