import { Ban, CircleCheck, CircleX, Clock3, LoaderCircle } from 'lucide-react'
import { paths } from '@/app/_nav/paths.ts'
import { Badge, type BadgeTone } from '@/app/_ui/badge.tsx'
import type { JobKind, JobState, JobView } from '@/lib/services/jobs/views.ts'
import { parseTreeRef, treeAddressOf } from '@/lib/services/tree/tree-ref.ts'

const STATES: Record<JobState, { tone: BadgeTone; text: string }> = {
  queued: { tone: 'neutral', text: 'waiting' },
  running: { tone: 'accent', text: 'running' },
  succeeded: { tone: 'good', text: 'done' },
  failed: { tone: 'bad', text: 'failed' },
  cancelled: { tone: 'neutral', text: 'cancelled' },
}
const ICONS: Record<JobState, typeof Clock3> = {
  queued: Clock3,
  running: LoaderCircle,
  succeeded: CircleCheck,
  failed: CircleX,
  cancelled: Ban,
}

export function JobStateBadge({ state, cancelRequested = false }: { state: JobState; cancelRequested?: boolean }) {
  const Icon = ICONS[state]
  return (
    <Badge tone={STATES[state].tone} icon={<Icon aria-hidden className={state === 'running' ? 'animate-spin' : ''} />}>
      {state === 'running' && cancelRequested ? 'stopping' : STATES[state].text}
    </Badge>
  )
}

const SUBJECTS: Record<JobKind, (subjectId: string) => { href: string; text: string }> = {
  backup: (id) => ({ href: paths.backup(id), text: 'Open backup' }),
  import: (id) => ({ href: paths.backup(id), text: 'Open backup' }),
  verify: (id) => ({ href: paths.backup(id), text: 'Open backup' }),
  copy: (id) => ({ href: paths.backup(id), text: 'Open backup' }),
  rescan: () => ({ href: paths.stores(), text: 'Open stores' }),
  drill: (id) => ({ href: paths.backup(id), text: 'Open backup' }),
  'remove-backups': (id) => ({ href: paths.backup(id), text: 'Open backup' }),
  reencrypt: (id) => ({ href: paths.clusterSettings(id, 'encryption'), text: 'Open settings' }),
  diff: (id) => ({ href: paths.diff(id), text: 'Open diff' }),
  search: (id) => ({ href: paths.search(id), text: 'Open search' }),
  'prepare-moment': (id) => ({ href: momentHref(id), text: 'Open the moment' }),
  'plan-restore': (id) => ({ href: paths.restore(id), text: 'Open restore' }),
  'run-restore': (id) => ({ href: paths.restore(id), text: 'Open restore' }),
  'migrate-proof': (id) => ({ href: paths.migration(id), text: 'Open migration' }),
  'physical-restore': (id) => ({ href: paths.physical(id), text: 'Open restore' }),
}

/** The subject is a TreeRef text. */
function momentHref(subjectId: string): string {
  const ref = parseTreeRef(subjectId)
  return ref ? paths.tree(treeAddressOf(ref)) : paths.overview()
}

/** Where a job's subject is shown; null while there is nothing to show (a backup that is not there yet). */
export function jobSubject(job: JobView): { href: string; text: string } | null {
  if (job.subjectId === null) return null
  if ((job.kind === 'backup' || job.kind === 'import') && job.state !== 'succeeded') return null
  return SUBJECTS[job.kind](job.subjectId)
}
