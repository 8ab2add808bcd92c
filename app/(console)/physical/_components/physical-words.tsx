import { Badge, type BadgeTone } from '@/app/_ui/badge.tsx'
import type { FindingLevel, MemberStand, PhysicalState, PhysicalWay } from '@/lib/services/physical/views.ts'

export const WAY_WORDS: Record<PhysicalWay, string> = {
  worker: 'by Arkeeper',
  runbook: 'by hand, along a runbook',
  admin: 'through the AdminServers',
}

const STATES: Record<PhysicalState, { tone: BadgeTone; text: string }> = {
  checking: { tone: 'accent', text: 'checking' },
  checked: { tone: 'warn', text: 'checked, nothing done yet' },
  'check-failed': { tone: 'bad', text: 'could not be checked' },
  queued: { tone: 'neutral', text: 'waiting' },
  running: { tone: 'accent', text: 'running' },
  succeeded: { tone: 'good', text: 'done and verified' },
  incomplete: { tone: 'bad', text: 'something differs' },
  failed: { tone: 'bad', text: 'failed' },
  cancelled: { tone: 'neutral', text: 'cancelled' },
  undoing: { tone: 'accent', text: 'going back' },
  undone: { tone: 'neutral', text: 'old files are back' },
  'undo-failed': { tone: 'bad', text: 'going back failed' },
}

export function PhysicalStateBadge({ state }: { state: PhysicalState }) {
  return <Badge tone={STATES[state].tone}>{STATES[state].text}</Badge>
}

export const LEVELS: Record<FindingLevel, { tone: BadgeTone; text: string }> = {
  blocker: { tone: 'bad', text: 'in the way' },
  warning: { tone: 'warn', text: 'look at this' },
  ok: { tone: 'good', text: 'fine' },
}

export const STAND_WORDS: Record<MemberStand, string> = {
  untouched: 'has its own files; none was moved',
  moving: 'some of its old files are moved aside, none is lost; nothing is placed',
  aside: 'its old files are aside; nothing is placed yet',
  placed: 'has the files of the backup',
  'going-back': 'on its way back to its old files',
  back: 'has its old files again',
}
