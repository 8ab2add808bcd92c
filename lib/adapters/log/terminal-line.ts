const LEVELS: Readonly<Record<string, string>> = { debug: 'debug', info: 'info ', warn: 'WARN ', error: 'ERROR' }
/** Known to whoever sits there. */
const LEFT_OUT = new Set(['level', 'time', 'msg', 'component', 'host', 'pid', 'err', 'error'])

/** A JSON line as a person reads it: time, level, what happened, then the rest as key=value, and an error below it. */
export function toTerminalLine(line: string): string {
  const fields = parse(line)
  if (fields === null) return line
  const { time, level, component, msg } = fields
  const rest = Object.entries(fields).flatMap(([name, value]) =>
    LEFT_OUT.has(name) ? [] : [`${name}=${toText(value)}`],
  )
  const head = [String(time).slice(11, 19), LEVELS[String(level)] ?? level, component, msg, ...rest]
  const failure = fields.err ?? fields.error
  return `${head.filter((part) => part !== undefined && part !== '').join(' ')}\n${failure === undefined ? '' : `  ${toFailure(failure)}\n`}`
}

function parse(line: string): Record<string, unknown> | null {
  try {
    const parsed: unknown = JSON.parse(line)
    return typeof parsed === 'object' && parsed !== null ? { ...parsed } : null
  } catch (_notJson) {
    return null
  }
}

function toText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

function toFailure(failure: unknown): string {
  const stack = typeof failure === 'object' && failure !== null && 'stack' in failure ? failure.stack : null
  return (typeof stack === 'string' ? stack : toText(failure)).replaceAll('\n', '\n  ')
}
