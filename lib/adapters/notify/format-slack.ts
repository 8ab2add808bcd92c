import { type AlertMessage, headlineOf } from '../../domain/alerts/message.ts'

const COLOURS = { critical: '#c0362c', warning: '#b7791f', info: '#3569b8' } as const
const RESOLVED_COLOUR = '#2f855a'
/** Slack takes 3000 of a section. */
const TEXT_CHARACTERS_MAX = 2_500

/** Slack shows the blocks; what knows no blocks shows `text` and the attachment's own text. */
export function formatSlack(message: AlertMessage): Record<string, unknown> {
  const { alert, event } = message
  const headline = escapeSlack(headlineOf(message))
  const text = escapeSlack(alert.text.slice(0, TEXT_CHARACTERS_MAX))
  const facts = escapeSlack(
    [alert.severity, alert.firedAt && `since ${alert.firedAt}`, alert.resolvedAt && `over at ${alert.resolvedAt}`]
      .filter(Boolean)
      .join(', '),
  )
  const link = `<${encodeURI(decodeURI(alert.link)).replace(/[<>|]/g, '')}|Open in Arkeeper>`
  return {
    text: headline,
    attachments: [
      {
        color: event === 'resolved' ? RESOLVED_COLOUR : COLOURS[alert.severity],
        fallback: `${headline}: ${text}`,
        blocks: [
          section(`*${headline}*\n${text}`),
          { type: 'context', elements: [{ type: 'mrkdwn', text: `${facts} · ${link}` }] },
        ],
      },
    ],
  }
}

const section = (text: string) => ({ type: 'section', text: { type: 'mrkdwn', text } })

const JOINER = '\u2060'

/** Names are not ours: they mention nobody, link nowhere and change no style, neither in Slack nor where Markdown is read. */
export function escapeSlack(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replace(/[*_~`@[\]()!#|]/g, (mark) => `${mark}${JOINER}`)
    .replace(/:\/\//g, `:${JOINER}//`)
}
