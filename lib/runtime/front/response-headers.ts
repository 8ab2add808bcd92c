import { PROBES } from './probes.ts'

/** What a page may load and run: what this server has sent, and of scripts only those that carry the nonce of this one answer. */
export function pagePolicy(nonce: string): string {
  return [
    "default-src 'self'",
    `script-src 'self' 'nonce-${nonce}' 'strict-dynamic'`,
    `style-src 'self' 'nonce-${nonce}'`,
    // Places of rows and widths of bars are style attributes; no selector and no url() of an attacker's can be one.
    "style-src-attr 'unsafe-inline'",
    "img-src 'self' data:",
    "font-src 'self'",
    "connect-src 'self'",
    "worker-src 'none'",
    "object-src 'none'",
    "frame-src 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join('; ')
}

/** Answers that are no pages: whatever a browser makes of them, they run nothing. */
const DATA_POLICY = "sandbox; default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

const EVERYWHERE: Readonly<Record<string, string>> = {
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  // The path of a page names clusters and znodes: nobody else's business. Not no-referrer, which would take away the Origin of a form.
  'referrer-policy': 'same-origin',
  'permissions-policy': [
    'accelerometer',
    'camera',
    'display-capture',
    'geolocation',
    'gyroscope',
    'hid',
    'magnetometer',
    'microphone',
    'midi',
    'payment',
    'publickey-credentials-get',
    'screen-wake-lock',
    'serial',
    'usb',
    'xr-spatial-tracking',
  ]
    .map((feature) => `${feature}=()`)
    .join(', '),
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
}

const YEAR_SECONDS = 365 * 24 * 3600

/** `path` without the base path. They win over whatever the answer itself says. */
export function responseHeaders(answer: { path: string; nonce: string; https: boolean }): Record<string, string> {
  return {
    ...EVERYWHERE,
    'content-security-policy': isData(answer.path) ? DATA_POLICY : pagePolicy(answer.nonce),
    ...(answer.https && { 'strict-transport-security': `max-age=${YEAR_SECONDS}` }),
  }
}

/** What a cache must never keep unless the answer says more: everything but the files that the build has named by their content. */
export function mayBeKept(path: string): boolean {
  return path.startsWith('/_next/static/') || /^\/(docs\/)?[\w.-]+\.(svg|png|ico)$/.test(path)
}

function isData(path: string): boolean {
  return path.startsWith('/api/') || PROBES.includes(path)
}
