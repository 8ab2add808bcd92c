export const say = (line) => process.stdout.write(`${line}\n`)
export const warn = (line) => process.stderr.write(`arkeeper: ${line}\n`)

export function formatSeconds(ms) {
  return ms < 60_000
    ? `${(ms / 1000).toFixed(1)} s`
    : `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1000)} s`
}

export function lastLines(text, count) {
  return text.trimEnd().split('\n').slice(-count).join('\n')
}
