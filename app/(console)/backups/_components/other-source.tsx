import { Notice } from '@/app/_ui/notice.tsx'
import type { BackupView } from '@/lib/services/backups/views.ts'

/** The source that comes first in the chain did not serve: the backup is good, and what it came from is not what was wanted. */
export function OtherSource({ faults }: { faults: BackupView['sourceFaults'] }) {
  if (faults.length === 0) return null
  return (
    <Notice tone="warn" title="Taken from another source than the first of its chain">
      {faults.map(({ source, message }) => (
        <p key={source}>
          {SOURCES[source]} could not serve: {message}
        </p>
      ))}
    </Notice>
  )
}

const SOURCES = { files: 'Data directories', observer: 'Quorum port', admin: 'AdminServer', client: 'Client port' }
