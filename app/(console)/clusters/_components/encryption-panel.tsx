'use client'

import { useRouter } from 'next/navigation'
import { ErrorNotice } from '@/app/_components/error-notice.tsx'
import { GuardedButton } from '@/app/_components/guarded-button.tsx'
import { useAction } from '@/app/_components/use-action.ts'
import { plural } from '@/app/_ui/format-number.ts'
import { Notice } from '@/app/_ui/notice.tsx'
import type { EncryptionMode, EncryptionView } from '@/lib/services/encryption/views.ts'
import { setEncryptionAction } from '../actions.ts'
import { KeyNeeds } from './key-needs.tsx'
import { KeyUnlocks } from './key-unlocks.tsx'
import { RecipientForm } from './recipient-form.tsx'
import { RecipientList } from './recipient-list.tsx'

const MODES: Record<EncryptionMode, string> = {
  default: 'as is set for all clusters',
  own: 'to the keys of this cluster',
  off: 'off, whatever is set for all clusters',
}

/** Who can read the backups of a cluster, and whether anybody needs a key to. */
export function EncryptionPanel({ clusterId, encryption }: { clusterId: string; encryption: EncryptionView }) {
  const router = useRouter()
  const refresh = () => router.refresh()
  const { mode, effective, own, forAll } = encryption
  return (
    <div className="flex flex-col gap-4 text-sm">
      <p className="text-muted">
        With public keys of age, all that a new backup holds is encrypted before it reaches the store. Taking backups
        needs no private key; reading one does. Whoever loses every private key loses the backups.
      </p>
      <Notice
        tone={effective.length > 0 ? 'good' : 'info'}
        title={
          effective.length > 0
            ? `New backups are encrypted to ${plural(effective.length, 'key')}`
            : 'New backups are not encrypted'
        }
      >
        Chosen: {MODES[mode]}.
      </Notice>
      {encryption.isUnproved && (
        <Notice tone="warn" title="Nobody has shown yet that the private key is there">
          A backup that is encrypted to a key that nobody has is no backup. Prove one of the keys below.
        </Notice>
      )}
      {encryption.machine.fault !== null && (
        <Notice tone="warn" title="The private keys that this server was given cannot be used">
          {encryption.machine.fault}
        </Notice>
      )}
      <RecipientList
        clusterId={clusterId}
        label="Keys of this cluster"
        recipients={own}
        empty="None yet."
        onDone={refresh}
      />
      <RecipientList
        clusterId={clusterId}
        label="Keys for all clusters that choose nothing of their own"
        recipients={forAll}
        empty="None yet."
        onDone={refresh}
      />
      <RecipientForm clusterId={clusterId} onAdded={refresh} />
      <ModeButtons clusterId={clusterId} encryption={encryption} onDone={refresh} />
      <KeyUnlocks clusterId={clusterId} encryption={encryption} onDone={refresh} />
      <KeyNeeds clusterId={clusterId} encryption={encryption} onDone={refresh} />
    </div>
  )
}

function ModeButtons({
  clusterId,
  encryption,
  onDone,
}: {
  clusterId: string
  encryption: EncryptionView
  onDone: () => void
}) {
  const set = useAction(setEncryptionAction, onDone)
  const { mode, own, forAll, effective } = encryption
  const isForAllOn = mode === 'default' && effective.length > 0
  return (
    <div className="flex flex-col gap-2">
      {set.error && <ErrorNotice error={set.error} />}
      <div className="flex flex-wrap justify-end gap-2">
        {mode !== 'off' && effective.length > 0 && (
          <GuardedButton
            action="encryption.set"
            pending={set.pending}
            onClick={() => set.run({ clusterId, mode: 'off' })}
          >
            Stop encrypting backups of this cluster
          </GuardedButton>
        )}
        {mode !== 'default' && (
          <GuardedButton
            action="encryption.set"
            pending={set.pending}
            onClick={() => set.run({ clusterId, mode: 'default' })}
          >
            Do as is set for all clusters
          </GuardedButton>
        )}
        {forAll.length > 0 && (
          <GuardedButton
            action="encryption.set-default"
            pending={set.pending}
            onClick={() => set.run({ mode: isForAllOn ? 'off' : 'own' })}
          >
            {isForAllOn ? 'Stop encrypting to the keys for all clusters' : 'Encrypt all clusters that choose nothing'}
          </GuardedButton>
        )}
        {mode !== 'own' && (
          <GuardedButton
            action="encryption.set"
            tone="primary"
            pending={set.pending}
            disabledReason={own.length === 0 && 'Add a key of this cluster first'}
            onClick={() => set.run({ clusterId, mode: 'own' })}
          >
            Encrypt to the keys of this cluster
          </GuardedButton>
        )}
      </div>
    </div>
  )
}
