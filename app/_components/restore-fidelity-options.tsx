'use client'

import { Choice } from '@/app/_ui/choice.tsx'
import { CheckboxField, TextField } from '@/app/_ui/field.tsx'
import { formatCount } from '@/app/_ui/format-number.ts'
import { COUNTER_OPERATIONS_MAX, type CounterMode } from '@/lib/domain/restore/fidelity.ts'

export interface FidelityChoice {
  readonly counters: CounterMode
  /** As typed; empty: the default. */
  readonly cap: string
  readonly quotas: boolean
}

export const PLAIN_FIDELITY: FidelityChoice = { counters: 'leave', cap: '', quotas: false }

export const COUNTER_WORDS: Record<CounterMode, { label: string; hint: string }> = {
  leave: {
    label: 'Leave sequence counters',
    hint: 'New sequential znodes go on from the number that the cluster has. The plan names every parent where names may repeat.',
  },
  burn: {
    label: 'Advance sequence counters',
    hint: 'Children are made and removed at once until the next number is the one of the source. It cannot be undone, and watchers of children are woken.',
  },
}

/** What may be typed as a cap; null where it can be used. */
export function findCapFault(choice: FidelityChoice): string | null {
  if (choice.counters === 'leave' || choice.cap.trim() === '') return null
  return /^\d{1,8}$/.test(choice.cap.trim()) && Number(choice.cap) <= 10_000_000
    ? null
    : 'Give a whole number up to 10,000,000'
}

export function toOptionsInput({ counters, cap, quotas }: FidelityChoice) {
  const countersCap = counters === 'burn' && cap.trim() !== '' ? { countersCap: Number(cap) } : {}
  return { counters, quotas, ...countersCap }
}

/** What of the source is carried beside data, ACLs and kinds. */
export function RestoreFidelityOptions({
  choice,
  onChoice,
}: {
  choice: FidelityChoice
  onChoice: (choice: FidelityChoice) => void
}) {
  return (
    <>
      <Choice
        label="Numbers of sequential znodes"
        name="counters"
        value={choice.counters}
        onChange={(counters) => onChoice({ ...choice, counters })}
        options={[
          { value: 'leave', ...COUNTER_WORDS.leave },
          { value: 'burn', ...COUNTER_WORDS.burn },
        ]}
      />
      {choice.counters === 'burn' && (
        <TextField
          label="Creates and deletes that this may cost"
          inputMode="numeric"
          value={choice.cap}
          placeholder={formatCount(COUNTER_OPERATIONS_MAX)}
          error={findCapFault(choice) ?? undefined}
          hint="A parent that needs more than is left of them is listed: only a physical restore brings its counter back."
          onChange={(event) => onChoice({ ...choice, cap: event.target.value })}
        />
      )}
      <CheckboxField
        label="Restore quotas too"
        hint="Limits that the source has in /zookeeper/quota for what is restored. Servers count usage themselves."
        checked={choice.quotas}
        onChange={(event) => onChoice({ ...choice, quotas: event.target.checked })}
      />
    </>
  )
}
