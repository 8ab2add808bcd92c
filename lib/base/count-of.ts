/** `1 znode`, `2 znodes`: a count with its noun, for messages and terminals. */
export function countOf(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`
}
