import { type AlertMessage, headlineOf } from '../../domain/alerts/message.ts'

const SUBJECT_CHARACTERS_MAX = 200

/** Whatever could end a header line or turn what is read around is a space. */
export function subjectOf(message: AlertMessage): string {
  const words = `[Arkeeper] ${message.alert.severity}: ${headlineOf(message)}`
  return words
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ')
    .slice(0, SUBJECT_CHARACTERS_MAX)
    .toWellFormed()
}

export function plainOf(message: AlertMessage): string {
  const { alert } = message
  return [
    headlineOf(message),
    '',
    alert.text,
    '',
    ...factsOf(message).map((fact) => fact.join(': ')),
    '',
    alert.link,
    '',
  ]
    .join('\n')
    .toWellFormed()
}

/** No image and nothing fetched: a mail that says something about who reads it would be one too many. */
export function htmlOf(message: AlertMessage): string {
  const { alert } = message
  const rows = factsOf(message).map(
    ([name, value]) => `<tr><th align="left">${escapeHtml(name)}</th><td>${escapeHtml(value)}</td></tr>`,
  )
  return [
    '<!doctype html><html><body style="font-family:sans-serif">',
    `<h2 style="font-size:16px">${escapeHtml(headlineOf(message))}</h2>`,
    `<p>${escapeHtml(alert.text)}</p>`,
    `<table cellpadding="4">${rows.join('')}</table>`,
    `<p><a href="${escapeHtml(alert.link)}">Open in Arkeeper</a></p>`,
    '</body></html>',
  ]
    .join('\n')
    .toWellFormed()
}

function factsOf({ alert }: AlertMessage): [string, string][] {
  return [
    ['Severity', alert.severity],
    ...(alert.cluster ? [['Cluster', alert.cluster.name] as [string, string]] : []),
    ...(alert.firedAt ? [['Fired at', alert.firedAt] as [string, string]] : []),
    ...(alert.resolvedAt ? [['Over at', alert.resolvedAt] as [string, string]] : []),
  ]
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (mark) => ENTITIES[mark] ?? '')
}
