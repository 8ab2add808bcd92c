import { expect, test } from 'vitest'
import { ALERT_SUBJECTS, type AlertSubject } from '@/lib/services/alerts/views.ts'
import { alertPlace } from './alert-place.ts'

const cluster = { id: 'c1', name: 'orders' }
const placeOf = (about: AlertSubject, rule = '') => alertPlace({ rule, about, aboutId: 'b1', cluster })

test.each([
  ['cluster-settings', 'logs-damaged', '/clusters/c1/settings#log'],
  ['cluster-settings', 'certificate-expiring', '/clusters/c1/settings#tls'],
  ['cluster-follow', 'follow-down', '/clusters/c1/settings#follow'],
  ['drift', 'drift', '/clusters/c1/settings#drift'],
  ['live', 'watched-path', '/clusters/c1/live'],
  ['backup', 'drill-failed', '/backups/b1'],
] as const)('an alert about %s by the rule %s is settled at %s', (about, rule, href) => {
  expect(placeOf(about, rule)).toBe(href)
})

test('only what is about no cluster leads away from it', () => {
  const away = ALERT_SUBJECTS.filter((about) => !placeOf(about).startsWith('/clusters/c1/'))
  expect(away).toEqual(['backup', 'audit', 'account', 'channels'])
})
