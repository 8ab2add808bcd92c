/** What begins a formula, the full-width forms too. */
const FORMULA = /^[\s\0]*[=+\-@＝＋－＠]|^[\t\r\n]/
/** A spreadsheet that takes another separator than the comma, as its country has it, sees a cell begin here, quotes or not. */
const INNER_FORMULA = /([;|\t\r\n]["'\s]*)(?=[=+\-@＝＋－＠])/g

/** RFC 4180. A cell that a spreadsheet would take for a formula (OWASP, CSV injection) gets an apostrophe in front. */
export function toCsvCell(text: string): string {
  const harmless = `${FORMULA.test(text) ? "'" : ''}${text}`.replace(INNER_FORMULA, "$1'")
  return /[",;\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless
}

export function toCsvLine(cells: readonly string[]): string {
  return `${cells.map(toCsvCell).join(',')}\r\n`
}
