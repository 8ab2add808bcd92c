import { hostname } from 'node:os'
import { pino } from 'pino'
import { currentLogFields } from '../../base/log-fields.ts'
import { censorFields, censorText } from './censor.ts'
import { toTerminalLine } from './terminal-line.ts'

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent'

export interface LogOptions {
  readonly level: LogLevel
  /** Which part of the product writes. */
  readonly component?: 'web' | 'worker'
  /** Where lines go; standard error by default, so that what a command prints stays clean. */
  readonly destination?: { write(line: string): void }
}

/**
 * JSON Lines; on a terminal, lines for people. Each has the fields of the work that it was written in (log-fields.ts). `error` and `err` are
 * written with their stack and causes. Secrets are censored by the names of fields and by their looks: nothing is meant to log them.
 */
export function createLog(options: LogOptions) {
  return pino(
    {
      level: options.level,
      base: {
        ...(options.component === undefined ? {} : { component: options.component }),
        host: hostname(),
        pid: process.pid,
      },
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      mixin: () => currentLogFields(),
      formatters: {
        level: (label) => ({ level: label }),
        log: (fields) => censorFields(fields) as Record<string, unknown>,
      },
      // They are plain by then; pino's own would take them for errors once more.
      serializers: { err: asItIs, error: asItIs },
      hooks: { streamWrite: censorText },
    },
    options.destination ?? toStandardError(),
  )
}

const asItIs = (value: unknown) => value

function toStandardError(): { write(line: string): void } {
  const destination = pino.destination({ dest: 2, sync: true })
  return process.stderr.isTTY ? { write: (line) => void destination.write(toTerminalLine(line)) } : destination
}
