'use client'

import { useState } from 'react'
import { CheckboxField, SelectField } from '@/app/_ui/field.tsx'
import { Notice } from '@/app/_ui/notice.tsx'
import { describeExpiry, expiresSoon } from '@/lib/base/certificate-expiry.ts'
import type { CertificateView, ClusterTlsView } from '@/lib/services/clusters/views.ts'
import { PemField } from './pem-field.tsx'

/** Fields of TLS that show their own error. */
export const TLS_FIELDS = ['tls', 'tls.ca', 'tls.cert', 'tls.key']

type TlsInput = { kind: 'off' } | { kind: 'on'; ca: string; cert: string; key: string; checkName: boolean }

/** How the servers are spoken to. Certificates are public and shown; the key goes in and never comes back. */
export function TlsFields(props: {
  stored: ClusterTlsView | null
  /** When the page was made: expiries are told from then, on the server and in the browser alike. */
  nowMs: number
  errors: Readonly<Record<string, string>>
}) {
  const { stored, nowMs, errors } = props
  const [kind, setKind] = useState<TlsInput['kind']>(stored ? 'on' : 'off')
  const [checkName, setCheckName] = useState(stored?.checkName ?? true)
  return (
    <fieldset id="tls" tabIndex={-1} className="flex min-w-0 scroll-mt-28 flex-col gap-4 lg:scroll-mt-18">
      <legend className="sr-only">TLS</legend>
      <SelectField
        label="TLS"
        name="tls"
        value={kind}
        onChange={(event) => setKind(event.target.value === 'on' ? 'on' : 'off')}
        hint={
          kind === 'on'
            ? 'All servers of the connect string are spoken to over TLS 1.2 or 1.3; give their secureClientPort.'
            : 'Values and passwords go over the network as they are.'
        }
        error={errors.tls}
      >
        <option value="off">Off: plain connections</option>
        <option value="on">On: secureClientPort</option>
      </SelectField>
      {kind === 'on' && (
        <>
          {stored && stored.certificates.length > 0 && (
            <ul aria-label="Stored certificates" className="flex flex-col gap-1 text-sm">
              {stored.certificates.map((certificate) => (
                <Certificate key={`${certificate.of} ${certificate.subject}`} nowMs={nowMs} {...certificate} />
              ))}
            </ul>
          )}
          <PemField
            label="Authorities to trust (PEM)"
            name="tlsCa"
            value={stored?.ca ?? ''}
            hint="Of those who signed the servers’ certificates. Empty: the well-known authorities."
            error={errors['tls.ca']}
          />
          <div className="grid gap-4 sm:grid-cols-2">
            <PemField
              label="Client certificate (PEM)"
              name="tlsCert"
              value={stored?.cert ?? ''}
              hint="Servers with ssl.clientAuth=need ask for it; ACLs of the scheme x509 name its subject."
              error={errors['tls.cert']}
            />
            <PemField
              label="Private key of the client certificate (PEM)"
              name="tlsKey"
              value=""
              hint={
                stored && stored.cert !== ''
                  ? 'A key is stored; leave this empty to keep it.'
                  : 'Without a pass phrase. It is stored encrypted and never shown.'
              }
              error={errors['tls.key']}
            />
          </div>
          <CheckboxField
            label="The certificates must name the servers’ addresses"
            name="tlsCheckName"
            checked={checkName}
            onChange={(event) => setCheckName(event.target.checked)}
            hint="The authority that signed them is checked in any case."
          />
          {!checkName && (
            <Notice tone="bad" title="Whoever has any certificate of these authorities passes for a server.">
              It would get what is sent to the cluster: credentials and values. Rather have certificates made that name
              the addresses of the connect string; switch this off only for authorities that sign nothing but ZooKeeper
              servers.
            </Notice>
          )}
        </>
      )}
    </fieldset>
  )
}

export function readTls(data: FormData): TlsInput {
  const text = (name: string) => String(data.get(name) ?? '')
  if (text('tls') !== 'on') return { kind: 'off' }
  return {
    kind: 'on',
    ca: text('tlsCa'),
    cert: text('tlsCert'),
    key: text('tlsKey'),
    checkName: data.get('tlsCheckName') !== null,
  }
}

const WHOSE = { authority: 'Authority', client: 'Client certificate', server: 'Server' } as const

function Certificate({ of, subject, issuer, validTo, nowMs }: CertificateView & { nowMs: number }) {
  const until = Date.parse(validTo)
  return (
    <li className="break-words">
      {WHOSE[of]} <span className="font-mono text-xs">{subject}</span>
      {issuer !== subject && (
        <>
          {' '}
          by <span className="font-mono text-xs">{issuer}</span>
        </>
      )}
      :{' '}
      <span title={validTo} className={expiresSoon(until, nowMs) ? 'font-medium text-removed' : 'text-muted'}>
        {describeExpiry(until, nowMs)}
      </span>
    </li>
  )
}
