import type { BackupView } from '@/lib/services/backups/views.ts'

/** Who can read a backup, by public key. */
export function Recipients({ backup }: { backup: Pick<BackupView, 'recipients'> }) {
  if (backup.recipients === null) return 'nobody: it is plain'
  return (
    <ul>
      {backup.recipients.map((recipient) => (
        <li key={recipient} className="break-all font-mono text-xs">
          {recipient}
        </li>
      ))}
    </ul>
  )
}
