'use client'

import { useRouter } from 'next/navigation'
import { useState } from 'react'
import { FormError } from '@/app/_components/form-error.tsx'
import { GuardedButton } from '@/app/_components/guarded-button.tsx'
import { useAction } from '@/app/_components/use-action.ts'
import { Badge, type BadgeTone } from '@/app/_ui/badge.tsx'
import { Card, Facts } from '@/app/_ui/card.tsx'
import { Dialog } from '@/app/_ui/dialog.tsx'
import { formatCount } from '@/app/_ui/format-number.ts'
import { RelativeTime } from '@/app/_ui/relative-time.tsx'
import { formatBytes } from '@/lib/base/format-bytes.ts'
import type { StoreTestView, StoreView } from '@/lib/services/stores/views.ts'
import { removeStoreAction, testStoreAction } from '../actions.ts'
import { RescanButton } from './rescan-button.tsx'
import { StoreForm } from './store-form.tsx'

export function StoreCard({ store }: { store: StoreView }) {
  const router = useRouter()
  const [isChanging, setChanging] = useState(false)
  const refresh = () => router.refresh()
  const test = useAction(testStoreAction, refresh)
  const remove = useAction(removeStoreAction, refresh)
  const { counted, rescan } = store
  return (
    <Card title={store.name}>
      <div className="flex flex-col gap-3">
        <FormError error={test.error ?? remove.error} fields={[]} />
        <Facts
          className="sm:grid-cols-2"
          items={[
            ['Kind', store.kind === 's3' ? 'S3-compatible bucket' : 'folder of the server'],
            [
              'Where',
              <code key="where" className="break-all font-mono text-xs">
                {store.where}
              </code>,
            ],
            [
              'In the catalog',
              `${formatCount(store.backups)} backups, ${formatCount(store.copies)} copies, ${formatBytes(store.catalogBytes)}`,
            ],
            ['Used by', store.clusters.length === 0 ? 'no cluster' : store.clusters.join(', ')],
            [
              'At the last rescan',
              counted === null ? (
                'never rescanned'
              ) : (
                <span key="counted">
                  {formatCount(counted.archives)} archives, {formatBytes(counted.bytes)} (
                  <RelativeTime at={counted.at} />
                  {rescan && `: ${rescan.added} added, ${rescan.missing} missing, ${rescan.damaged.length} damaged`})
                </span>
              ),
            ],
            ['Not found there', store.missing === 0 ? 'none' : `${formatCount(store.missing)} backups or copies`],
            ...(store.note === '' ? [] : [['Note', store.note] as [string, string]]),
          ]}
        />
        {rescan && rescan.damaged.length > 0 && (
          <ul className="text-removed text-sm">
            {rescan.damaged.map(({ dir, message }) => (
              <li key={dir} className="break-all">
                {dir}: {message}
              </li>
            ))}
          </ul>
        )}
        {rescan?.fault && (
          <p className="break-all text-removed text-sm">
            The last rescan (<RelativeTime at={rescan.at} />) came to no end: {rescan.fault}
          </p>
        )}
        {store.test && <TestReport test={store.test} />}
        <div className="flex flex-wrap gap-2">
          <GuardedButton
            action="store.test"
            size="small"
            pending={test.pending}
            aria-label={`Test ${store.name}`}
            onClick={() => test.run({ storeId: store.id })}
          >
            Test
          </GuardedButton>
          <RescanButton storeId={store.id} name={store.name} />
          {!store.isBuiltIn && (
            <>
              <GuardedButton
                action="store.change"
                size="small"
                tone="quiet"
                aria-label={`Change ${store.name}`}
                onClick={() => setChanging(true)}
              >
                Change…
              </GuardedButton>
              <GuardedButton
                action="store.remove"
                size="small"
                tone="quiet"
                pending={remove.pending}
                aria-label={`Remove ${store.name}`}
                disabledReason={
                  store.backups + store.copies > 0
                    ? `${store.backups + store.copies} backups and copies are in it`
                    : store.clusters.length > 0 && `Clusters use it: ${store.clusters.join(', ')}`
                }
                onClick={() => remove.run({ storeId: store.id })}
              >
                Remove
              </GuardedButton>
            </>
          )}
        </div>
      </div>
      {isChanging && (
        <Dialog open onOpenChange={setChanging} wide title={`Change ${store.name}`} description={store.where}>
          <StoreForm
            store={store}
            kind={store.kind}
            onDone={() => {
              setChanging(false)
              refresh()
            }}
          />
        </Dialog>
      )}
    </Card>
  )
}

const TONES: Record<StoreTestView['steps'][number]['outcome'], BadgeTone> = {
  ok: 'good',
  advice: 'neutral',
  failed: 'bad',
}

function TestReport({ test }: { test: StoreTestView }) {
  return (
    <div className="text-sm">
      <p className="font-medium">
        {test.ok ? 'The test went well' : 'The test failed'} <RelativeTime at={test.at} />
      </p>
      <ul className="mt-1 flex flex-col gap-1">
        {test.steps.map(({ name, outcome, message, remedy }) => (
          <li key={name} className="break-words">
            <Badge tone={TONES[outcome]}>{outcome}</Badge> {name.replaceAll('-', ' ')}: {message}
            {remedy && <span className="text-muted"> — {remedy}</span>}
          </li>
        ))}
      </ul>
    </div>
  )
}
