'use client'

import { useRouter } from 'next/navigation'
import { useState } from 'react'
import { Choice } from '@/app/_ui/choice.tsx'
import { StoreForm } from './store-form.tsx'

const KINDS = [
  { value: 's3', label: 'S3-compatible bucket', hint: 'Amazon S3, Google Cloud Storage, MinIO, Ceph and the like.' },
  { value: 'folder', label: 'Folder', hint: 'Of the server; every host must see the same one.' },
] as const

export function AddStore() {
  const router = useRouter()
  const [kind, setKind] = useState<'s3' | 'folder'>('s3')
  const [added, setAdded] = useState(0)
  return (
    <div className="flex flex-col gap-3">
      <Choice label="Kind of store" name="kind" columns options={KINDS} value={kind} onChange={setKind} />
      <StoreForm
        key={`${kind} ${added}`}
        kind={kind}
        onDone={() => {
          setAdded(added + 1)
          router.refresh()
        }}
      />
    </div>
  )
}
