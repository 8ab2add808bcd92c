import { SelectField } from '@/app/_ui/field.tsx'
import type { BackupPlace } from '@/lib/services/backups/views.ts'

/** From which of its stores a backup is read; nothing where there is no choice. Empty: the first, or a copy where that cannot be had. */
export function StoreSelect({
  places,
  value,
  onChange,
}: {
  places: readonly BackupPlace[]
  value: string
  onChange: (storeId: string) => void
}) {
  const readable = places.filter(({ state }) => state === 'there' || state === 'damaged')
  if (places.length < 2 || readable.length === 0) return null
  return (
    <SelectField
      label="Read the backup from"
      value={value}
      onChange={(event) => onChange(event.target.value)}
      hint="What was read is told afterwards."
    >
      <option value="">where it was put first, or a copy if that cannot be had</option>
      {readable.map((each) => (
        <option key={each.storeId} value={each.storeId}>
          {each.store}
          {each.state === 'damaged' ? ' (found damaged)' : ''}
        </option>
      ))}
    </SelectField>
  )
}
