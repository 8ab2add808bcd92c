import type { FollowState, FollowView } from '@/lib/services/follow/views.ts'

type Tone = 'good' | 'warn' | 'bad' | 'neutral'

/** Each state of a live stream, as people read it. */
export const FOLLOW_WORDS: Readonly<Record<FollowState, { readonly text: string; readonly tone: Tone }>> = {
  off: { text: 'off', tone: 'neutral' },
  waiting: { text: 'waits for a worker', tone: 'warn' },
  connecting: { text: 'looking for the leader', tone: 'warn' },
  'catching-up': { text: 'catching up', tone: 'warn' },
  following: { text: 'following', tone: 'good' },
  behind: { text: 'behind', tone: 'warn' },
  lost: { text: 'lost, tried again', tone: 'bad' },
  held: { text: 'held: cannot write', tone: 'bad' },
  refused: { text: 'stopped: needs a person', tone: 'bad' },
}

/** What somebody does about a state, or may leave. */
export const FOLLOW_NEXT: Readonly<Partial<Record<FollowState, string>>> = {
  waiting: 'A worker takes it up within seconds. Where none does, none runs: start one (npm start -- worker).',
  connecting: 'It begins as soon as one of the quorum ports lets it in.',
  'catching-up': 'What was missed is being received.',
  behind: 'Look at the disk and the load of the worker’s host. Nothing is lost while the leader remembers it.',
  lost: 'It is tried again by itself. What the leader remembers until then is not lost.',
  held: 'It goes on by itself once the log can be written.',
  refused: 'It does not mend by itself: the settings say what stands in the way.',
}

/** What lag and rate say is of now; in any other state it is of the time before. */
export function isHeard(state: FollowState): boolean {
  return state === 'catching-up' || state === 'following' || state === 'behind'
}

export const TONE_CLASS: Readonly<Record<Tone, string>> = {
  good: '',
  warn: 'text-changed',
  bad: 'text-removed',
  neutral: 'text-muted',
}

export function describeLag(lagMs: number): string {
  if (lagMs < 1000) return 'less than a second behind'
  const seconds = Math.round(lagMs / 1000)
  return `${seconds} ${seconds === 1 ? 'second' : 'seconds'} behind`
}

export function describeRate(rate: number): string {
  return `${rate < 10 ? rate.toFixed(1) : Math.round(rate)} transactions/s`
}

export const DIGEST_WORDS: Readonly<Record<FollowView['digest']['state'], string>> = {
  unknown: 'not compared yet',
  equal: 'equal',
  parted: 'parted: the server is corrupted',
  none: 'the servers send none (before 3.6, or switched off): what is kept is not proved by them',
}
