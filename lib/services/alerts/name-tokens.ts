import type { ServiceContext } from '../context.ts'
import { roleAt } from '../policy.ts'

/** As alerts are stored and sent: a channel, and a page that everybody sees, is no place for the name of somebody's token. */
export const UNNAMED_TOKEN = 'An API token'

interface Told {
  readonly rule: string
  readonly aboutId: string | null
  readonly text: string
}

/** What is said of tokens that end soon: by name to their owners and to administrators, and to everybody else that they are another person's. */
export async function nameTokens(
  { db, actor }: Pick<ServiceContext, 'db' | 'actor'>,
  alerts: readonly Told[],
): Promise<<Row extends Told>(alert: Row) => Row> {
  const ids = alerts.flatMap((alert) => (isOfToken(alert) && alert.aboutId !== null ? alert.aboutId : []))
  const own = roleAt(actor, null) === 'admin' ? {} : { userId: actor.id ?? '' }
  const tokens =
    ids.length === 0
      ? []
      : await db.apiToken.findMany({ where: { id: { in: ids }, ...own }, select: { id: true, name: true } })
  const names = new Map(tokens.map(({ id, name }) => [id, name]))
  return (alert) => (isOfToken(alert) ? { ...alert, text: sayOf(alert, names.get(alert.aboutId ?? '')) } : alert)
}

const isOfToken = ({ rule }: Told) => rule === 'token-expiring'

/** A text that was stored with a name in it, by a former version, is shown to nobody: the token of it is not known. */
function sayOf({ text }: Told, name: string | undefined): string {
  const rest = text.startsWith(`${UNNAMED_TOKEN},`)
    ? text.slice(UNNAMED_TOKEN.length)
    : ', which was in use, ended or was to end soon'
  return name === undefined ? `An API token of another person${rest}` : `The API token ${name}${rest}`
}
