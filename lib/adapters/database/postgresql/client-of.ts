import pg from 'pg'
import { describeOpenFailure } from './failures.ts'
import type { PostgresqlSettings } from './settings.ts'

/** One connection, without limits of time and not open yet. The driver reads the files of TLS here already. */
export function clientOf(settings: PostgresqlSettings): pg.Client {
  try {
    return new pg.Client(settings.withoutLimits)
  } catch (cause) {
    throw describeOpenFailure(cause, settings)
  }
}
