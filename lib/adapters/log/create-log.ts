import { pino, stdSerializers } from 'pino'

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent'

/** Last line of defence: nothing is meant to log these, and where something does, the value is gone. */
const SECRET_KEYS = [
  'password',
  'secret',
  'authSecret',
  'auth',
  'token',
  'cookie',
  'authorization',
  'secretKey',
  'data',
]
const REDACTED = SECRET_KEYS.flatMap((key) => [key, `*.${key}`, `*.*.${key}`])

export interface LogOptions {
  readonly level: LogLevel
  /** `web`, `worker`, `cli`. */
  readonly role?: string
  /** Where lines go; standard error by default, so that what a command prints stays clean. */
  readonly destination?: { write(line: string): void }
}

/** JSON Lines. `error` and `err` fields are written with their stack and causes. */
export function createLog(options: LogOptions) {
  return pino(
    {
      level: options.level,
      base: { pid: process.pid, ...(options.role === undefined ? {} : { role: options.role }) },
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: serializeError, error: serializeError },
      redact: { paths: REDACTED, censor: '[secret]' },
    },
    options.destination ?? pino.destination({ dest: 2, sync: true }),
  )
}

function serializeError(value: unknown): unknown {
  return value instanceof Error ? stdSerializers.errWithCause(value) : value
}
