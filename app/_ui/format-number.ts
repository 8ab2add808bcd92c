/** `12,345`: the same on the server and in every browser. */
export function formatCount(value: number): string {
  return value.toLocaleString('en-US')
}

/** `1 znode`, `214 znodes`. */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`
}
